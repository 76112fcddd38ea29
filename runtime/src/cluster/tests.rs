use super::*;
use fieldrun_glue::{Desired, Fault, Repair, Status};

const SECOND: u64 = 1_000_000;

fn change(service: &str, seq: u64, to: Status) -> Change {
    let event = ServiceEvent {
        service: service.to_owned(),
        seq,
        at_us: seq,
        from: Status::Stop,
        to,
        ready: false,
        desired: Desired::Up,
        fault: Fault::None,
        repair: Repair::None,
        pid: None,
        cause: "test".to_owned(),
    };
    Change { wall_ms: 0, event }
}

fn status(node: &str, incarnation: u64, seq: u64, recent: Vec<Change>) -> NodeStatus {
    NodeStatus { node: node.to_owned(), incarnation, seq, recent, ..NodeStatus::default() }
}

fn told(status: NodeStatus) -> Vec<Told> {
    vec![Told { age_ms: 0, status }]
}

fn service_numbers(events: &[ClusterEvent]) -> Vec<u64> {
    let number = |event: &ClusterEvent| match event {
        ClusterEvent::Service { change, .. } => Some(change.event.seq),
        _ => None,
    };
    events.iter().filter_map(number).collect()
}

#[test]
fn every_change_is_told_once_whatever_the_order_and_repetition() {
    let mut table = Table::new("a");
    let first = status("b", 1, 1, vec![change("db", 1, Status::Starting)]);
    let changes = (1..=3).map(|seq| change("db", seq, Status::Run)).collect();
    let second = status("b", 1, 2, changes);
    let news = table.receive(Micros(0), told(first.clone()));
    assert_eq!(service_numbers(&news.events), [1]);
    assert!(news.forward.contains("b"));
    let news = table.receive(Micros(1), told(second.clone()));
    assert_eq!(service_numbers(&news.events), [2, 3], "changes that passed quickly are not lost");
    for again in [first, second.clone()] {
        assert_eq!(table.receive(Micros(2), told(again)), Received::default());
    }
    // The same changes in a newer version are no news, and no reason to forward at once.
    let refreshed = NodeStatus { seq: 3, ..second };
    assert_eq!(table.receive(Micros(3), told(refreshed)), Received::default());
    // A restarted daemon counts from the beginning.
    let restarted = status("b", 2, 1, vec![change("db", 1, Status::Run)]);
    let news = table.receive(Micros(4), told(restarted));
    assert_eq!(service_numbers(&news.events), [1]);
    assert!(matches!(&news.events[0], ClusterEvent::NodeSeen { incarnation: 2, .. }));
}

#[test]
fn ages_add_up_over_bearers_and_silence_is_noticed_once() {
    let (mut a, mut b) = (Table::new("a"), Table::new("b"));
    a.set_own(Micros(0), status("a", 1, 1, vec![]));
    // On b's host the clock shows something else altogether.
    let offset = 500 * SECOND;
    let passed = a.tell(Micros(3 * SECOND), None);
    b.receive(Micros(offset), passed);
    assert_eq!(b.known(Micros(offset + 2 * SECOND))[0].age_ms, 5_000);
    assert!(b.expire(Micros(offset + 6 * SECOND)).is_empty());
    let at_us = offset + 7 * SECOND;
    let silent = ClusterEvent::NodeSilent { node: "a".to_owned(), at_us };
    assert_eq!(b.expire(Micros(offset + 7 * SECOND)), [silent]);
    assert!(b.expire(Micros(offset + 8 * SECOND)).is_empty());
    assert_eq!(b.known(Micros(offset + 8 * SECOND))[0].freshness, Freshness::Silent);
    let back = b.receive(Micros(offset + 9 * SECOND), told(status("a", 1, 2, vec![])));
    assert!(matches!(back.events[0], ClusterEvent::NodeSeen { .. }));
    b.expire(Micros(offset + 2_000 * SECOND));
    assert!(b.known(Micros(offset + 2_000 * SECOND)).is_empty(), "forgotten at last");
}

#[test]
fn nobody_else_writes_our_entry_and_bounds_hold() {
    let mut table = Table::new("a");
    table.set_own(Micros(0), status("a", 1, 1, vec![]));
    table.receive(Micros(0), told(status("a", 99, 1, vec![])));
    assert_eq!(table.known(Micros(0))[0].status.incarnation, 1);
    let odd = NodeStatus { links: vec![String::new(); MAX_ITEMS + 1], ..status("b", 1, 1, vec![]) };
    assert_eq!(table.receive(Micros(0), told(odd)).refused, 1);
    for i in 0..2 * MAX_NODES {
        table.receive(Micros(0), told(status(&format!("n{i}x"), 1, 1, vec![])));
    }
    assert_eq!(table.known(Micros(0)).len(), MAX_NODES);
}

#[test]
fn beats_keep_ages_right_and_tell_who_is_behind() {
    let (second, mut a, mut b) = (Micros::SECOND, Table::new("a"), Table::new("b"));
    for (node, seq) in [("c", 4), ("d", 1)] {
        a.receive(second, told(status(node, 1, seq, Vec::new())));
    }
    b.receive(second, told(status("c", 1, 3, Vec::new())));
    b.receive(second, told(status("d", 1, 1, Vec::new())));
    let late = Micros(second.0 + SILENT_AFTER.0);
    assert_eq!((a.expire(late).len(), b.expire(late).len()), (2, 2), "all fell silent");
    // A sign of life of `d` reaches `b` in the version that `a` has too.
    let alive = Beat { node: "d".into(), incarnation: 1, seq: 1, age_ms: 500 };
    let seen = ClusterEvent::NodeSeen { node: "d".into(), incarnation: 1, at_us: late.0 };
    assert_eq!(b.hear(late, &[alive]).events, [seen]);
    let heard = a.hear(late, &b.beats(late));
    assert_eq!(heard.behind, BTreeSet::from(["c".to_owned()]), "`b` has an older version of it");
    assert_eq!(heard.events.len(), 1, "`d` is seen again");
    let age = |table: &Table, node: &str| {
        table.beats(late).into_iter().find(|beat| beat.node == node).map(|beat| beat.age_ms)
    };
    assert_eq!((age(&a, "c"), age(&a, "d")), (Some(10_000), Some(500)));
    // What was behind is told, and then nobody is.
    b.receive(late, a.tell(late, Some(&heard.behind)));
    assert!(a.hear(late, &b.beats(late)).behind.is_empty());
    assert!(b.hear(late, &a.beats(late)).behind.is_empty());
    assert_eq!(a.hear(late, &[]).behind.len(), 2, "who says nothing knows nothing");
}

#[test]
fn what_changes_in_every_round_is_no_new_content() {
    let device = |rounds, value: &str| DeviceStatus {
        id: "db".into(),
        rounds,
        traps: 0,
        value: value.into(),
        hears: 0,
        neighbors: Vec::new(),
    };
    let with =
        |seq, device| NodeStatus { devices: vec![device], ..status("a", 1, seq, Vec::new()) };
    assert_eq!(with(1, device(7, "up")).content(), with(2, device(8, "up")).content());
    assert_ne!(with(1, device(7, "up")).content(), with(1, device(7, "down")).content());
}
