//! Neighbours, alignment and state, device by device.

use super::*;
use fieldrun_lang::Value;
use proptest::prelude::*;

/// Devices that all hear each other, fired in order; the texts of the last round's values.
fn fully_linked(text: &str, ids: &[i64], rounds: usize) -> Vec<String> {
    let program = program(text);
    let mut devices: Vec<Lone> = ids.iter().map(|id| Lone::new(*id)).collect();
    let mut last: Vec<Option<Exports>> = vec![None; ids.len()];
    let mut values = vec![String::new(); ids.len()];
    for _ in 0..rounds {
        for i in 0..devices.len() {
            let mut heard: Vec<(NodeId, Exports)> = (0..ids.len())
                .filter(|j| *j != i)
                .filter_map(|j| Some((NodeId::Int(ids[j]), last[j].clone()?)))
                .collect();
            heard.sort_by(|a, b| a.0.cmp(&b.0));
            let output = devices[i].round(&program, &heard).unwrap_or_else(|trap| panic!("{trap}"));
            values[i] = output.value.to_string();
            last[i] = Some(output.exports);
        }
    }
    values
}

#[test]
fn a_field_is_restricted_to_the_branch_by_ids_not_by_count() {
    // [D2]: devices 1 and 3 take one branch, 2 and 4 the other. Both branches have one other
    // member, so a comparison of sizes alone would let 1 see 2.
    let text = "let f = nbr(self.getDeviceUID().getId())
                if (self.getDeviceUID().getId() % 2 == 1) { sumHood(f) } else { 0 - sumHood(f) }";
    assert_eq!(fully_linked(text, &[1, 2, 3, 4], 2), ["3.0", "-4.0", "1.0", "-2.0"]);
}

#[test]
fn different_functions_do_not_align() {
    let text = "let one = { sumHood(nbr(1)) }; let two = { sumHood(nbr(2)) }
                let f = mux (self.getDeviceUID().getId() < 3) { one } else { two }
                f()";
    assert_eq!(fully_linked(text, &[1, 2, 3], 2), ["1.0", "1.0", "0.0"]);
}

#[test]
fn state_is_forgotten_where_a_branch_is_not_taken() {
    let program = program("if (env.get(\"on\")) { rep (n <- 0) { n + 1 } } else { 0 - 1 }");
    let mut device = Lone::new(0);
    let mut seen = Vec::new();
    for on in [true, true, false, true] {
        device.environment.insert(Arc::from("on"), Value::Bool(on));
        seen.push(device.round(&program, &[]).expect("runs").value.to_string());
    }
    assert_eq!(seen, ["1.0", "2.0", "-1.0", "1.0"]);
}

#[test]
fn a_failed_round_keeps_the_state_of_the_one_before() {
    let program = program(
        "rep (n <- 0) { let m = n + 1; if (env.get(\"bad\")) { 1 - \"x\".length() % m - true } else { m } }",
    );
    let mut device = Lone::new(0);
    let mut seen = Vec::new();
    for bad in [false, false, true, false] {
        device.environment.insert(Arc::from("bad"), Value::Bool(bad));
        let result = device.round(&program, &[]);
        seen.push(result.map_or_else(|_| "trap".to_owned(), |output| output.value.to_string()));
    }
    assert_eq!(seen, ["1.0", "2.0", "trap", "3.0"]);
}

#[test]
fn a_received_function_reads_the_variables_of_the_device_that_runs_it() {
    // Functions travel as code: the sender's `mine` must not.
    let text = "let mine = self.getDeviceUID().getId()
                let f = { mine * 10 }
                share (g <- f) { localHood(g) }.apply() + sumHood(nbr(f).apply())";
    assert_eq!(fully_linked(text, &[1, 2], 2), ["20.0", "40.0"]);
}

#[test]
fn a_share_of_a_field_sends_each_neighbour_its_own_value() {
    // Each device sends to every neighbour ten times its own id plus the neighbour's.
    let text = "let me = self.getDeviceUID().getId()
                localHood(nbr(0)) + sumHood(share (x, nx <- nbr(0)) { 10 * me + nbr(me) } yield { nx })";
    // Device 1 receives 21 and 31, device 2 receives 12 and 32, device 3 receives 13 and 23.
    assert_eq!(fully_linked(text, &[1, 2, 3], 4), ["52.0", "44.0", "36.0"]);
}

#[test]
fn reading_a_field_in_a_reducer_names_the_cause() {
    let program = program("let f = nbr(1) hood({ a, b -> a + b + sumHood(f) }, 0, f)");
    let mut others: Vec<(NodeId, Exports)> = Vec::new();
    for id in 1..4 {
        let output = Lone::new(id).round(&program, &[]).expect("a lone device reduces nothing");
        others.push((NodeId::Int(id), output.exports));
    }
    let message = Lone::new(9).round(&program, &others).expect_err("three elements").to_string();
    assert!(message.contains("build a field twice with the same code path"), "{message}");
    assert!(message.contains("nor read a field"), "{message}");
}

proptest! {
    /// Renaming devices permutes the result: nothing depends on the ids but their order, and these
    /// programs do not look at that.
    #[test]
    fn renaming_devices_permutes_the_results(order in Just(vec![1i64, 2, 3, 4, 5]).prop_shuffle()) {
        let text = "let me = env.get(\"role\")
                    [sumHood(nbr(me)), minHood PlusSelf(nbr(me)), share (n <- 0) { 1 + maxHood PlusSelf(n) }]";
        let run = |ids: &[i64]| -> Vec<String> {
            let program = program(text);
            let mut devices: Vec<Lone> = ids.iter().map(|id| Lone::new(*id)).collect();
            for (role, device) in devices.iter_mut().enumerate() {
                device.environment.insert(Arc::from("role"), Value::Number(role as f64));
            }
            let mut last: Vec<Option<Exports>> = vec![None; ids.len()];
            let mut values = vec![String::new(); ids.len()];
            for _ in 0..3 {
                for i in 0..devices.len() {
                    let mut heard: Vec<(NodeId, Exports)> = (0..ids.len()).filter(|j| *j != i)
                        .filter_map(|j| Some((NodeId::Int(ids[j]), last[j].clone()?))).collect();
                    heard.sort_by(|a, b| a.0.cmp(&b.0));
                    let output = devices[i].round(&program, &heard).expect("runs");
                    values[i] = output.value.to_string();
                    last[i] = Some(output.exports);
                }
            }
            values
        };
        // Roles stay in place while the names move: sums of small integers are exact in any order.
        prop_assert_eq!(run(&order), run(&[1, 2, 3, 4, 5]));
    }
}
