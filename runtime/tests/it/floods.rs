//! Too much of everything: handshakes, frames, streams without end, recorded packets.

use crate::fixture::{Cluster, Node, anywhere, named, unnamed};
use crate::hostile::{connect, raw_config, unharmed, with_witness};
use bytes::Bytes;
use fieldrun_runtime::ca::Validity;
use fieldrun_runtime::quic::{DownReason, LinkEvent};
use fieldrun_runtime::refusals::Refusal;
use quinn::crypto::rustls::QuicClientConfig;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};
use tokio::net::UdpSocket;

/// A thousand strangers from one address, all at once: a member from the same address gets in all the
/// same, and whoever is linked notices nothing.
#[tokio::test]
async fn a_thousand_connection_attempts_keep_nobody_out() {
    let cluster = Cluster::new("acme");
    let (mut a, witness) = with_witness(&cluster).await;
    let before = a.transport.status().links[0].since;
    let endpoint = quinn::Endpoint::client(anywhere()).unwrap();
    let attempts: Vec<_> =
        (0..1_000).map(|_| connect(&endpoint, raw_config(None), a.addr())).collect();
    let strangers = tokio::spawn(async move {
        let mut refused = 0;
        for attempt in attempts {
            // Taken or not, the connection does not last.
            let lasted = match attempt.await {
                Ok(connection) => {
                    let end = connection.closed();
                    tokio::time::timeout(Duration::from_secs(5), end).await.is_err()
                }
                Err(_) => false,
            };
            refused += usize::from(!lasted);
        }
        refused
    });
    let joining = Instant::now();
    let mut late = cluster.start("late", anywhere(), &[unnamed(a.addr())]);
    late.up("a").await;
    assert!(joining.elapsed() < Duration::from_secs(8), "{:?}", joining.elapsed());
    unharmed(&mut a, &witness).await;
    assert_eq!(strangers.await.unwrap(), 1_000, "a stranger was let in");
    assert_eq!(a.linked(), ["late", "witness"]);
    assert_eq!(a.transport.status().links[1].since, before, "the link went down");
    assert!(a.refused(Refusal::TooManyHandshakes) > 0, "no attempt was turned away early");
}

/// Senders that begin handshakes and never answer: what they hold is bounded, and members get in.
#[tokio::test]
async fn handshakes_that_are_never_finished_do_not_add_up() {
    let cluster = Cluster::new("acme");
    let (mut a, witness) = with_witness(&cluster).await;
    let hole = UdpSocket::bind(anywhere()).await.unwrap();
    let (from, target) = (hole.local_addr().unwrap(), a.addr());
    // Passes packets on and swallows every answer.
    tokio::spawn(async move {
        let mut buffer = vec![0; 2_000];
        while let Ok((len, sender)) = hole.recv_from(&mut buffer).await {
            if sender != target {
                let _ = hole.send_to(&buffer[..len], target).await;
            }
        }
    });
    let endpoint = quinn::Endpoint::client(anywhere()).unwrap();
    let _half: Vec<_> = (0..300).map(|_| connect(&endpoint, raw_config(None), from)).collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut late = cluster.start("late", anywhere(), &[named("a", a.addr())]);
    late.up("a").await;
    unharmed(&mut a, &witness).await;
}

#[tokio::test]
async fn a_flood_of_frames_is_cut_to_the_rate_and_ends_in_quarantine() {
    let cluster = Cluster::new("acme");
    let (mut a, witness) = with_witness(&cluster).await;
    cluster.credentials("bad", &[]);
    let endpoint = quinn::Endpoint::client(anywhere()).unwrap();
    let bad = connect(&endpoint, raw_config(Some((&cluster, "bad"))), a.addr()).await.unwrap();
    a.up("bad").await;
    // Tiny ones: some hundred in a packet.
    for i in 0..200_000u32 {
        if bad.send_datagram(Bytes::from_static(b"x")).is_err() {
            break;
        }
        if i % 2_000 == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    assert_eq!(a.down("bad").await, DownReason::Quarantined);
    // Sixteen strikes of five hundred.
    assert!(a.refused(Refusal::TooFast) >= 8_000, "{}", a.refused(Refusal::TooFast));
    assert_eq!(a.linked(), ["witness"]);
    unharmed(&mut a, &witness).await;
}

#[tokio::test]
async fn streams_without_end_are_given_up_and_held_against_the_peer() {
    let cluster = Cluster::new("acme");
    let (mut a, witness) = with_witness(&cluster).await;
    cluster.credentials("slow", &[]);
    let endpoint = quinn::Endpoint::client(anywhere()).unwrap();
    let slow = connect(&endpoint, raw_config(Some((&cluster, "slow"))), a.addr()).await.unwrap();
    a.up("slow").await;
    let mut streams = Vec::new();
    for _ in 0..4 {
        let mut stream = slow.open_uni().await.unwrap();
        stream.write_all(b"1").await.unwrap();
        streams.push(stream);
    }
    let fifth = tokio::time::timeout(Duration::from_millis(200), slow.open_uni()).await;
    assert!(fifth.is_err(), "a fifth stream was allowed");
    let both_ways = tokio::time::timeout(Duration::from_millis(200), slow.open_bi()).await;
    assert!(both_ways.is_err(), "a stream both ways was allowed");
    unharmed(&mut a, &witness).await;
    // A byte now and then does not help.
    a.until("gives them up", |a| a.refused(Refusal::Garbage) >= 4).await;
}

/// Everything that was once said on a link, said again: by the same address, by another one, and to a
/// node that was restarted.
#[tokio::test]
async fn recorded_packets_are_worth_nothing() {
    let cluster = Cluster::new("acme");
    let who = cluster.credentials("a", &[]);
    let mut a = cluster.start_with(&who, anywhere(), &[]);
    let (tape, relay, socket) = recorder(a.addr()).await;
    let mut b = cluster.start("b", anywhere(), &[unnamed(relay)]);
    b.up("a").await;
    a.up("b").await;
    for i in 0..20u8 {
        b.transport.send("a", 0, vec![i; 50].into()).unwrap();
        assert_eq!(a.frame().await.1, vec![i; 50]);
    }
    let since = a.transport.status().links[0].since;
    let thief = UdpSocket::bind(anywhere()).await.unwrap();
    let recorded = tape.lock().unwrap().clone();
    assert!(recorded.len() > 20);
    for _ in 0..3 {
        for packet in &recorded {
            socket.send_to(packet, a.addr()).await.unwrap();
            thief.send_to(packet, a.addr()).await.unwrap();
        }
    }
    // Whatever arrived before this one has arrived.
    b.transport.send("a", 0, Bytes::from_static(b"end")).unwrap();
    assert_eq!(a.frame().await.1, b"end", "a recorded frame was taken again");
    assert_eq!(a.linked(), ["b"]);
    assert_eq!(a.transport.status().links[0].since, since);

    let place = a.addr();
    drop((a, b));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut a = cluster.start_with(&who, place, &[]);
    for packet in &recorded {
        thief.send_to(packet, place).await.unwrap();
    }
    let quiet = tokio::time::timeout(Duration::from_millis(500), a.events.next()).await;
    assert!(quiet.is_err(), "a recording made a link: {quiet:?}");
}

type Tape = Arc<Mutex<Vec<Vec<u8>>>>;

/// A relay to `target` that keeps a copy of what goes there.
async fn recorder(target: SocketAddr) -> (Tape, SocketAddr, Arc<UdpSocket>) {
    let socket = Arc::new(UdpSocket::bind(anywhere()).await.unwrap());
    let (tape, addr) = (Tape::default(), socket.local_addr().unwrap());
    let (recording, relay) = (tape.clone(), socket.clone());
    tokio::spawn(async move {
        let (mut client, mut buffer) = (None, vec![0; 65_536]);
        while let Ok((len, from)) = relay.recv_from(&mut buffer).await {
            if from == target {
                if let Some(client) = client {
                    let _ = relay.send_to(&buffer[..len], client).await;
                }
            } else {
                client = Some(from);
                recording.lock().unwrap().push(buffer[..len].to_vec());
                let _ = relay.send_to(&buffer[..len], target).await;
            }
        }
    });
    (tape, addr, socket)
}

/// Data before the handshake could be replayed; nobody is given the means to send any.
#[tokio::test]
async fn nothing_can_be_said_before_the_handshake() {
    let cluster = Cluster::new("acme");
    let mut a = cluster.start("a", anywhere(), &[]);
    cluster.credentials("eager", &[]);
    let mut tls = raw_config(Some((&cluster, "eager")));
    tls.enable_early_data = true;
    let config = quinn::ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()));
    let endpoint = quinn::Endpoint::client(anywhere()).unwrap();
    for _ in 0..3 {
        let connecting = endpoint.connect_with(config.clone(), a.addr(), "a").unwrap();
        let connection = match connecting.into_0rtt() {
            Ok(_) => panic!("data before the handshake was possible"),
            Err(connecting) => connecting.await.unwrap(),
        };
        a.up("eager").await;
        // Long enough for a ticket to arrive, if there were any.
        tokio::time::sleep(Duration::from_millis(50)).await;
        connection.close(0u32.into(), b"");
        a.down("eager").await;
    }
}

/// A certificate of ours with a key that is not its own: what a thief of the certificate alone has.
#[tokio::test]
async fn a_certificate_without_its_key_is_worth_nothing() {
    let cluster = Cluster::new("acme");
    let (mut a, witness) = with_witness(&cluster).await;
    cluster.credentials("victim", &[]);
    cluster.credentials("thief", &[]);
    let mut tls = raw_config(None);
    let cert = CertificateDer::from_pem_file(cluster.file("victim", "pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(cluster.file("thief", "key")).unwrap();
    let key = rustls::crypto::ring::sign::any_supported_type(&key).unwrap();
    tls.client_auth_cert_resolver = Arc::new(Stolen(Arc::new(CertifiedKey::new(vec![cert], key))));
    refused(&a, tls).await;
    assert_eq!(a.linked(), ["witness"]);
    unharmed(&mut a, &witness).await;
}

#[derive(Debug)]
struct Stolen(Arc<CertifiedKey>);

impl ResolvesClientCert for Stolen {
    fn resolve(&self, _: &[&[u8]], _: &[rustls::SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// A client with this configuration does not get a connection that lasts.
async fn refused(a: &Node, tls: rustls::ClientConfig) {
    let endpoint = quinn::Endpoint::client(anywhere()).unwrap();
    if let Ok(connection) = connect(&endpoint, tls, a.addr()).await {
        let end = tokio::time::timeout(Duration::from_secs(5), connection.closed()).await;
        assert!(matches!(end, Ok(quinn::ConnectionError::ConnectionClosed(_))), "{end:?}");
    }
}

/// Our names in a certificate that its holder signed for itself.
#[tokio::test]
async fn a_certificate_that_signs_itself_is_refused() {
    let cluster = Cluster::new("acme");
    let (mut a, witness) = with_witness(&cluster).await;
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["evil".to_owned()]).unwrap();
    let uri = "fieldrun://acme/node/evil".try_into().unwrap();
    params.subject_alt_names.push(rcgen::SanType::URI(uri));
    let cert = params.self_signed(&key).unwrap().der().clone();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let key = rustls::crypto::ring::sign::any_supported_type(&key).unwrap();
    let mut tls = raw_config(None);
    tls.client_auth_cert_resolver = Arc::new(Stolen(Arc::new(CertifiedKey::new(vec![cert], key))));
    refused(&a, tls).await;
    a.until("counts it", |a| a.refused(Refusal::ForeignCertificate) > 0).await;
    unharmed(&mut a, &witness).await;
}

#[tokio::test]
async fn a_certificate_of_tomorrow_is_refused_today() {
    let cluster = Cluster::new("acme");
    let (mut a, witness) = with_witness(&cluster).await;
    let tomorrow = SystemTime::now() + Duration::from_secs(86_400);
    cluster.issue("early", &[], Validity { from: tomorrow, lifetime: Duration::from_secs(7_200) });
    // The node's own clock is a day ahead.
    let early = cluster.load("early", tomorrow + Duration::from_secs(60));
    let early = cluster.start_with(&early, anywhere(), &[named("a", a.addr())]);
    a.until("refuses it", |a| a.refused(Refusal::ExpiredCertificate) > 0).await;
    early
        .until("hears why", |n| n.transport.status().peers[0].state.contains("not valid there now"))
        .await;
    assert_eq!(a.linked(), ["witness"]);
    unharmed(&mut a, &witness).await;
    while let Ok(Some(event)) =
        tokio::time::timeout(Duration::from_millis(50), a.events.next()).await
    {
        assert!(!matches!(event, LinkEvent::Up { .. }), "{event:?}");
    }
}
