//! The programs in `examples/workloads`, on networks whose results can be worked out on paper.

use crate::spec::{loaded, network};
use std::path::Path;

/// Rounds after which these networks have settled: more than twice their greatest hop count, for the
/// way of the distances out and of the counts back, and as many again for what is told.
const SETTLED: usize = 60;

/// The values of all devices once settled, as texts.
fn settled(name: &str, net: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/workloads").join(name);
    let text = std::fs::read_to_string(file).expect("the workload");
    let (program, findings) = loaded(&text, &[]).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(findings, Vec::<String>::new(), "{name} loads without remarks");
    let outcomes = network(net).run(&program, SETTLED);
    let last = |history: &Vec<Option<crate::network::Outcome>>| {
        let outcome = history.last().and_then(Option::as_ref).expect("the last round");
        outcome.value.as_ref().unwrap_or_else(|error| panic!("{name}: {error}")).to_string()
    };
    outcomes.iter().map(last).collect::<Vec<_>>().join(" ")
}

#[test]
fn hops_and_distances_count_from_device_0() {
    // Device 2 is one hop from device 0 over a link of length 2; nobody sees device 9.
    let line = "line 5\nnode 9 50 0\nradius 2";
    assert_eq!(settled("w0.pt", line), "0.0 0.0 0.0 0.0 0.0 0.0");
    assert_eq!(settled("w1.pt", line), "0.0 1.0 1.0 2.0 2.0 Infinity");
    assert_eq!(settled("w2.pt", line), "0.0 1.0 2.0 3.0 4.0 Infinity");
}

#[test]
fn everybody_is_counted_once_however_many_ways_lead_to_device_0() {
    // In the grid four devices have two neighbours that are equally near to device 0.
    assert_eq!(settled("w3.pt", "grid 3x3"), ["9.0"; 9].join(" "));
    // Device 9, without neighbours, counts itself.
    assert_eq!(settled("w3.pt", "line 5\nnode 9 50 0\nradius 2"), "5.0 5.0 5.0 5.0 5.0 1.0");
}

#[test]
fn leaders_reach_ten_hops_and_count_their_own_regions() {
    // Device 10 is ten hops from device 0 and still led by it; devices 11 and 12 are led by 11.
    let values = [["11.0"; 11].as_slice(), ["2.0"; 2].as_slice()].concat().join(" ");
    assert_eq!(settled("w4.pt", "line 13"), values);
}

#[test]
fn even_and_odd_ids_do_not_see_each_other_but_average_together() {
    // Over links of up to 2: even ids are 0, 2 and 4 from device 0; odd ids 0 and 1 hops from device
    // 1. So v is 0, 0, 2, 1, 4, and the means are 2/3, 3/4, 7/5, 7/4, 7/3.
    assert_eq!(
        settled("w5.pt", "line 5\nradius 2"),
        "0.6666666666666666 0.75 1.4 1.75 2.3333333333333335"
    );
    // Over links of 1 nobody has a neighbour of its kind: v is 0, 0, 1000, 1000, 1000.
    assert_eq!(settled("w5.pt", "line 5"), "0.0 333.3333333333333 666.6666666666666 1000.0 1000.0");
}
