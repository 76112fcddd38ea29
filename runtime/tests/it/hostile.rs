//! Strangers, impostors and peers that misbehave: refused, counted, and the others unharmed.

use crate::fixture::{Cluster, Node, anywhere, named, unnamed};
use bytes::Bytes;
use fieldrun_runtime::ca::Validity;
use fieldrun_runtime::quic::DownReason;
use fieldrun_runtime::refusals::Refusal;
use quinn::crypto::rustls::QuicClientConfig;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// A node that others must not be able to harm, and a witness that it still works.
pub(crate) async fn with_witness(cluster: &Cluster) -> (Node, Node) {
    let mut a = cluster.start("a", anywhere(), &[]);
    let mut witness = cluster.start("witness", anywhere(), &[named("a", a.addr())]);
    witness.up("a").await;
    a.up("witness").await;
    (a, witness)
}

pub(crate) async fn unharmed(a: &mut Node, witness: &Node) {
    witness.transport.send("a", 0, Bytes::from_static(b"still here")).unwrap();
    while a.frame().await != ("witness".to_owned(), b"still here".to_vec()) {}
}

#[tokio::test]
async fn a_foreign_authority_is_refused_at_both_ends() {
    let (ours, theirs) = (Cluster::new("acme"), Cluster::new("acme"));
    let (mut a, witness) = with_witness(&ours).await;
    let alien = theirs.start("alien", anywhere(), &[unnamed(a.addr())]);
    alien.until("says why", |n| n.transport.status().peers[0].state.contains("authority")).await;
    assert!(alien.refused(Refusal::ForeignCertificate) > 0);
    let suitor = ours.start("suitor", anywhere(), &[unnamed(alien.addr())]);
    suitor.until("says why", |n| n.refused(Refusal::ForeignCertificate) > 0).await;
    assert_eq!(a.linked(), ["witness"]);
    unharmed(&mut a, &witness).await;
}

#[tokio::test]
async fn an_expired_certificate_is_refused_and_counted() {
    let cluster = Cluster::new("acme");
    let (mut a, witness) = with_witness(&cluster).await;
    let past = SystemTime::now() - Duration::from_secs(7200);
    cluster.issue("old", &[], Validity { from: past, lifetime: Duration::from_secs(3600) });
    // The node loads its certificate under a clock that is an hour and a half behind.
    let old = cluster.load("old", past + Duration::from_secs(1800));
    let old = cluster.start_with(&old, anywhere(), &[named("a", a.addr())]);
    a.until("refuses it", |a| a.refused(Refusal::ExpiredCertificate) > 0).await;
    old.until("hears why", |n| n.transport.status().peers[0].state.contains("not valid there now"))
        .await;
    assert_eq!(a.linked(), ["witness"]);
    unharmed(&mut a, &witness).await;
}

#[tokio::test]
async fn another_node_than_configured_is_refused() {
    let cluster = Cluster::new("acme");
    let a = cluster.start("a", anywhere(), &[]);
    let b = cluster.start("b", anywhere(), &[named("c", a.addr())]);
    b.until("counts it", |b| b.refused(Refusal::WrongNode) > 0).await;
    let state = b.transport.status().peers[0].state.clone();
    assert!(state.contains("refused by us") && state.contains("configuration"), "{state}");
    assert!(a.linked().is_empty() && b.linked().is_empty());
}

#[tokio::test]
async fn a_node_of_our_own_name_is_refused() {
    let cluster = Cluster::new("acme");
    let a = cluster.start("a", anywhere(), &[]);
    let twin = cluster.start("a", anywhere(), &[unnamed(a.addr())]);
    twin.until("counts it", |n| n.refused(Refusal::WrongNode) > 0).await;
    assert!(a.linked().is_empty());
}

#[tokio::test]
async fn garbage_on_the_socket_changes_nothing() {
    let cluster = Cluster::new("acme");
    let (mut a, witness) = with_witness(&cluster).await;
    let socket = std::net::UdpSocket::bind(anywhere()).unwrap();
    for i in 0..5_000u32 {
        let len = 1 + (i as usize * 37) % 1_300;
        let bytes: Vec<u8> = (0..len).map(|k| (i as usize * 31 + k * 17) as u8).collect();
        socket.send_to(&bytes, a.addr()).unwrap();
        if i % 64 == 0 {
            tokio::task::yield_now().await;
        }
    }
    unharmed(&mut a, &witness).await;
    assert_eq!(a.linked(), ["witness"]);
}

/// A QUIC client that speaks the protocol's TLS, with a certificate or without, and nothing else.
fn raw_client(to: SocketAddr, identity: Option<(&Cluster, &str)>) -> quinn::Connecting {
    connect(&quinn::Endpoint::client(anywhere()).unwrap(), raw_config(identity), to)
}

/// The TLS of such a client.
pub(crate) fn raw_config(identity: Option<(&Cluster, &str)>) -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(TrustAnybody(provider)));
    let mut tls = match identity {
        Some((cluster, node)) => {
            let cert = CertificateDer::from_pem_file(cluster.file(node, "pem")).unwrap();
            let key = PrivateKeyDer::from_pem_file(cluster.file(node, "key")).unwrap();
            builder.with_client_auth_cert(vec![cert], key).unwrap()
        }
        None => builder.with_no_client_auth(),
    };
    tls.alpn_protocols = vec![b"fieldrun/2".to_vec()];
    tls
}

/// One attempt of a raw client.
pub(crate) fn connect(
    endpoint: &quinn::Endpoint,
    tls: rustls::ClientConfig,
    to: SocketAddr,
) -> quinn::Connecting {
    let config = quinn::ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()));
    endpoint.connect_with(config, to, "a").unwrap()
}

/// The reckless half of a hostile client.
#[derive(Debug)]
struct TrustAnybody(Arc<rustls::crypto::CryptoProvider>);

impl ServerCertVerifier for TrustAnybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.2".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[tokio::test]
async fn a_client_without_certificate_is_refused() {
    let cluster = Cluster::new("acme");
    let (mut a, witness) = with_witness(&cluster).await;
    // In TLS 1.3 the client may believe in the connection until the server has looked.
    if let Ok(connection) = raw_client(a.addr(), None).await {
        let end = tokio::time::timeout(Duration::from_secs(5), connection.closed()).await.unwrap();
        assert!(matches!(end, quinn::ConnectionError::ConnectionClosed(_)), "{end}");
    }
    a.until("counts it", |a| a.refused(Refusal::ForeignCertificate) > 0).await;
    let peers = a.transport.status().refusals;
    assert!(peers["address 127.0.0.1"].last.contains("sent no certificate"), "{peers:?}");
    assert_eq!(a.linked(), ["witness"]);
    unharmed(&mut a, &witness).await;
}

#[tokio::test]
async fn ten_megabytes_are_refused_and_the_link_survives_until_it_is_too_often() {
    let cluster = Cluster::new("acme");
    let (mut a, witness) = with_witness(&cluster).await;
    cluster.credentials("bad", &[]);
    let bad = raw_client(a.addr(), Some((&cluster, "bad"))).await.unwrap();
    a.up("bad").await;
    let flood = |bad: quinn::Connection| async move {
        let mut stream = bad.open_uni().await?;
        // Ends with an error when the other side stops reading.
        let refused = stream.write_all(&vec![0; 10_000_000]).await.is_err();
        Ok::<bool, quinn::ConnectionError>(refused)
    };
    assert!(flood(bad.clone()).await.unwrap(), "10 MB were taken");
    assert_eq!(a.refused(Refusal::Oversized), 1);
    bad.send_datagram(Bytes::from_static(b"sorry")).unwrap();
    assert_eq!(a.frame().await, ("bad".to_owned(), b"sorry".to_vec()), "one is forgiven");

    while flood(bad.clone()).await.is_ok() {}
    assert_eq!(a.down("bad").await, DownReason::Quarantined);
    let again = raw_client(a.addr(), Some((&cluster, "bad"))).await.unwrap();
    let end = again.closed().await;
    assert!(end.to_string().contains("quarantine"), "{end}");
    assert!(a.refused(Refusal::Quarantined) > 0);
    unharmed(&mut a, &witness).await;

    // The quarantine of this test lasts a second.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let _forgiven = raw_client(a.addr(), Some((&cluster, "bad"))).await.unwrap();
    a.up("bad").await;
}

#[tokio::test]
async fn garbage_frames_lead_to_quarantine() {
    let cluster = Cluster::new("acme");
    let (mut a, witness) = with_witness(&cluster).await;
    let mut bad = cluster.start("bad", anywhere(), &[named("a", a.addr())]);
    bad.up("a").await;
    a.up("bad").await;
    for i in 0..16 {
        bad.transport.send("a", i, Bytes::from_static(b"\xff\xff")).unwrap();
        let (peer, _) = a.frame().await;
        a.transport.bad_frame(&peer, Refusal::Garbage, "unknown version 255");
    }
    assert_eq!(a.down("bad").await, DownReason::Quarantined);
    assert_eq!(a.refused(Refusal::Garbage), 16);
    bad.until("hears why", |n| n.transport.status().peers[0].state.contains("quarantine")).await;
    unharmed(&mut a, &witness).await;
    // Taken back in after the quarantine.
    a.up("bad").await;
}

#[tokio::test]
async fn a_crowd_of_strangers_does_not_keep_a_member_out() {
    let cluster = Cluster::new("acme");
    let (mut a, witness) = with_witness(&cluster).await;
    let strangers: Vec<_> = (0..200).map(|_| raw_client(a.addr(), None)).collect();
    let mut late = cluster.start("late", anywhere(), &[unnamed(a.addr())]);
    late.up("a").await;
    unharmed(&mut a, &witness).await;
    drop(strangers);
    a.until("counts them", |a| a.refused(Refusal::ForeignCertificate) > 0).await;
}
