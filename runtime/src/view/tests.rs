use super::*;
use crate::cluster::{Change, NodeStatus, ProgramStatus};
use crate::quic::TransportStatus;
use crate::standing::Standing;
use fieldrun_glue::{Policy, ServiceEvent};

fn service(id: &str, status: Status, dependencies: &[&str]) -> ServiceSnapshot {
    ServiceSnapshot {
        id: id.to_owned(),
        status,
        ready: status == Status::Run,
        desired: Desired::Up,
        fault: if status == Status::Hung { Fault::Faulty } else { Fault::None },
        repair: Repair::None,
        policy: Policy::Restart,
        pid: None,
        since_us: 0,
        age_ms: 12_000,
        restarts: 0,
        start_duration_ms: None,
        last_error: (status == Status::Hung).then(|| "probe: no answer".to_owned()),
        dependencies: dependencies.iter().map(|id| (*id).to_owned()).collect(),
    }
}

fn report(services: Vec<ServiceSnapshot>) -> StatusReport {
    let nodes = services.into_iter().enumerate().map(|(i, service)| Known {
        age_ms: 0,
        freshness: Freshness::Fresh,
        status: NodeStatus {
            node: format!("n{i}"),
            program: ProgramStatus { name: "restart.pt".into(), fingerprint: "9c1e77".into() },
            period_ms: 200,
            incarnation: 1,
            links: vec!["n0".into(), "n9".into()],
            devices: vec![DeviceStatus {
                id: service.id.clone(),
                rounds: 7,
                traps: 0,
                value: "run".into(),
                hears: 3,
                neighbors: vec![
                    Neighbor { id: "x".into(), age_ms: 3, other_program: false, service: None },
                    Neighbor {
                        id: "y".into(),
                        age_ms: 3,
                        other_program: true,
                        service: Some(Standing::from(&service)),
                    },
                ],
            }],
            services: vec![service],
            ..NodeStatus::default()
        },
    });
    StatusReport {
        authority_ends_in_days: None,
        internal_errors: BTreeMap::new(),
        failing: Vec::new(),
        node: "n0".to_owned(),
        cluster: "acme".to_owned(),
        at_us: 0,
        wall_ms: 0,
        certificate_ends_in_days: None,
        nodes: nodes.collect(),
        transport: TransportStatus::default(),
    }
}

#[test]
fn a_cascade_reads_from_its_root_outward() {
    let report = report(vec![
        service("backup", Status::Run, &[]),
        service("db", Status::Hung, &[]),
        service("portal", Status::Stop, &["firewall"]),
        service("b2b", Status::Stop, &["db"]),
        service("firewall", Status::Stop, &["b2b"]),
        service("logistics", Status::Stop, &["backup", "db"]),
    ]);
    let expected = "\
CLUSTER acme  6 nodes (6 fresh)  program restart.pt@9c1e

SERVICE    NODE  STATUS  FOR  DEPS  NOTE
db         n1    hung    12s  -     probe: no answer; <- ROOT CAUSE
b2b        n3    stop    12s  0/1   blocked by db
logistics  n5    stop    12s  1/2   blocked by db
firewall   n4    stop    12s  0/1   blocked by b2b <- db
portal     n2    stop    12s  0/1   blocked by firewall <- b2b <- db
backup     n0    run     12s  -
";
    let text = table(&report);
    assert!(text.starts_with(expected), "{text}");
    let nodes = "\
\nNODE  HEARD  START  EVERY  REFUSED  LINKS
n0    0ms    1      200ms  -        n0 n9
";
    assert!(text.contains(nodes), "{text}");
    let devices = "\
\nDEVICE     NODE  ROUNDS  FAILED  VALUE  HEARS
backup     n0    7       -       run    x y(other program, run) and 1 more
";
    assert!(text.contains(devices), "{text}");
}

#[test]
fn unknown_dependencies_cycles_and_silence_are_shown_without_end() {
    let mut report = report(vec![
        service("a", Status::Stop, &["b"]),
        service("b", Status::Stop, &["a"]),
        service("c", Status::Stop, &["nowhere"]),
        service("d", Status::Run, &[]),
    ]);
    report.nodes[3].freshness = Freshness::Silent;
    report.nodes[3].age_ms = 700_000;
    let text = table(&report);
    assert!(text.contains("blocked by b <- a"), "{text}");
    assert!(text.contains("blocked by nowhere"), "{text}");
    assert!(text.contains("dependency cycle a -> b -> a"), "{text}");
    assert!(text.contains("which no known node manages"), "{text}");
    assert!(text.contains("run?"), "{text}");
    assert!(text.contains("node n3 is silent for 11m"), "{text}");
}

#[test]
fn a_service_of_two_nodes_is_shown_twice_and_counts_for_nobody() {
    let services = [
        service("db", Status::Run, &[]),
        service("db", Status::Run, &[]),
        service("web", Status::Stop, &["db"]),
    ];
    let text = table(&report(services.into()));
    assert!(text.contains("db       n0    run     12s  -     claimed by two nodes"), "{text}");
    assert!(text.contains("db       n1    run     12s  -     claimed by two nodes"), "{text}");
    assert!(text.contains("web      n2    stop    12s  0/1   blocked by db"), "{text}");
}

#[test]
fn a_change_is_one_line() {
    let event = ServiceEvent {
        service: "db".into(),
        seq: 1,
        at_us: 5,
        from: Status::Run,
        to: Status::Hung,
        ready: false,
        desired: Desired::Up,
        fault: Fault::Faulty,
        repair: Repair::None,
        pid: Some(7),
        cause: "probe failed".into(),
    };
    let change = Change { wall_ms: 951_782_400_042, event };
    let line = event_line(&ClusterEvent::Service { node: "n1".into(), incarnation: 1, change });
    assert_eq!(line, "00:00:00.042  db               n1       run -> hung            probe failed");
}

#[test]
fn spans_have_one_unit() {
    let spans = [850, 12_000, 200_000, 20_000_000, 800_000_000].map(span);
    assert_eq!(spans, ["850ms", "12s", "3m", "5h", "9d"]);
}
