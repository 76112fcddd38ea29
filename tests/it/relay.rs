//! Daemons over a bad network: the faults of the simulator, between real sockets.

use fieldrun_netem::{Conditions, Delay, Loss, Micros, Relay, Reorder};
use fieldrun_runtime::admin::Client;
use fieldrun_runtime::ca::{self, Validity};
use fieldrun_runtime::config;
use fieldrun_runtime::node::{End, Node};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use tokio::net::UdpSocket;

/// Far longer than a neighbour is kept that is silent (5 s) and a new link takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Ends of the relay: who dials it, and the one that it stands for.
const DIALLER: u32 = 0;
const BEHIND: u32 = 1;

/// Every fault at once: of ten packets two are lost and one comes twice, and they overtake each other.
fn bad_network() -> Conditions {
    let delay = |from: u64, to: u64| Delay::Uniform(Micros(from * 1000), Micros(to * 1000));
    Conditions {
        loss: Loss::Uniform(0.2),
        delay: Some(delay(2, 30)),
        duplicate: 0.1,
        reorder: Some(Reorder { share: 0.1, by: delay(10, 60) }),
    }
}

/// A socket that hands packets on to `behind` and back, as a relay under its conditions does.
async fn stand_between(behind: SocketAddr, relay: Arc<Mutex<Relay<Vec<u8>>>>) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    let address = socket.local_addr().expect("an address");
    tokio::spawn(async move {
        let start = Instant::now();
        let now = || Micros(start.elapsed().as_micros() as u64);
        let mut dialler = None;
        let mut bytes = vec![0; 65_536];
        loop {
            let arrived = |now| relay.lock().unwrap_or_else(PoisonError::into_inner).arrived(now);
            while let Some((_, to, packet)) = arrived(now()) {
                let to = if to == BEHIND { Some(behind) } else { dialler };
                if let Some(to) = to {
                    // A node that has ended refuses what still comes.
                    let _sent = socket.send_to(&packet, to).await;
                }
            }
            // The relay may be changed at any time: it is looked at again before long.
            let wait = Duration::from_millis(2);
            let Ok(Ok((length, from))) =
                tokio::time::timeout(wait, socket.recv_from(&mut bytes)).await
            else {
                continue;
            };
            let (from, to) = match from == behind {
                true => (BEHIND, DIALLER),
                false => {
                    dialler = Some(from);
                    (DIALLER, BEHIND)
                }
            };
            let packet = bytes[..length].to_vec();
            relay.lock().unwrap_or_else(PoisonError::into_inner).send(now(), from, to, packet);
        }
    });
    address
}

async fn start(folder: &Path, id: &str, peers: &[SocketAddr], source: bool) -> Node {
    let program = "import protelis:coord:spreading\nhopDistanceTo(env.get(\"source\"))";
    let program = fieldrun_stdlib::load_text("p.pt", program, &[]);
    let program = program.unwrap_or_else(|error| panic!("{error}")).program;
    let peers: Vec<String> = peers.iter().map(SocketAddr::to_string).collect();
    let text = format!(
        "[rounds]\nevery = \"100ms\"\n[node]\nname = \"{id}\"\ncluster = \"acme\"\nlisten = \"127.0.0.1:0\"\n\
         peers = {peers:?}\ntls = {{ ca = \"ca.pem\", cert = \"{id}.pem\", key = \"{id}.key\", \
         revoked = \"revoked.pem\" }}\n[env]\nsource = {source}\n"
    );
    let config = config::parse(&folder.join(format!("{id}.toml")), &text);
    let node = Node::start(config.unwrap_or_else(|error| panic!("{error}")), program).await;
    node.unwrap_or_else(|error| panic!("{error}"))
}

/// Waits until the program of a node has a value.
async fn comes_to(node: &Node, value: &str, when: &str) {
    let end = Instant::now() + PATIENCE;
    loop {
        let mut client = Client::connect(node.socket()).await.expect("a socket");
        let report = client.status().await.expect("a report");
        let mut devices = report.nodes.into_iter().flat_map(|node| node.status.devices);
        let now = devices.find(|device| device.id == node.name()).expect("its device").value;
        if now == value {
            return;
        }
        assert!(Instant::now() < end, "{when}: {} has {now}, not {value}", node.name());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_get_through_a_bad_network_and_a_cut_in_one_direction_is_noticed_and_mended() {
    let folder = tempfile::tempdir().expect("a folder");
    let now = SystemTime::now();
    ca::init(folder.path(), "acme", Validity::days(now, 10)).expect("an authority");
    for id in ["a", "b"] {
        let issued = ca::issue(folder.path(), folder.path(), id, &[], Validity::days(now, 5), now);
        issued.unwrap_or_else(|error| panic!("{error}"));
    }
    let mut b = start(folder.path(), "b", &[], false).await;
    let relay = Arc::new(Mutex::new(Relay::new(bad_network(), 1)));
    let between = stand_between(b.addr(), relay.clone()).await;
    let mut a = start(folder.path(), "a", &[between], true).await;
    let change = |what: &dyn Fn(&mut Relay<Vec<u8>>)| {
        what(&mut relay.lock().unwrap_or_else(PoisonError::into_inner));
    };
    comes_to(&b, "1.0", "over a bad network").await;
    // b hears nothing of the source any more, though a still hears b.
    change(&|relay| relay.cut(DIALLER, BEHIND));
    comes_to(&b, "Infinity", "cut from a to b").await;
    change(&|relay| relay.mend(DIALLER, BEHIND));
    comes_to(&b, "1.0", "mended").await;
    let lost = relay.lock().unwrap_or_else(PoisonError::into_inner).lost();
    assert!(lost > 10, "the network was bad: {lost} packets were lost");
    for node in [&mut a, &mut b] {
        node.end(End::ServicesRunOn);
        tokio::time::timeout(PATIENCE, node.ended()).await.expect("the node ends");
    }
}
