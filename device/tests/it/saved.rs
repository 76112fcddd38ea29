//! Devices that are saved and restored go on as if nothing had been.

use fieldrun_device::saved::{Pool, Shared, restore_values, save_values};
use fieldrun_device::wire::DecodeError;
use fieldrun_device::{
    Device, DeviceConfig, Input, Micros, NodeId, Output, Program, SensorFrame, Value,
};
use proptest::prelude::*;
use std::sync::Arc;

/// Everything that a device can keep: numbers, tuples, texts, functions, evaluated texts, ids, state
/// in branches that come and go, random draws; and so much that changes are sent.
const KEEPER: &str = r#"
    def twice(x) { x * 2 }
    let n = rep (n <- 0) { n + 1 }
    let f = rep (f <- { x -> x + 1 }) { mux (n % 2 == 0) { twice } else { f } }
    let long = rep (long <- []) {
        if (long.size() < 40) { long.append([n, "item " + n, self.getDeviceUID()]) } else { long }
    }
    let branch = if (n % 5 < 2) { rep (k <- self.nextRandomDouble()) { k + 1 } } else { -1 }
    env.put("seen", [n, branch])
    share (all <- [0]) { [n, f.apply(n), branch, eval("rep (z <- 1) { z + 2 }"), long, foldSum(nbr(n))] }
"#;

fn program() -> Arc<Program> {
    let text = KEEPER.replace("foldSum", "sumHood");
    fieldrun_stdlib::load_text("keeper.pt", &text, &[]).unwrap_or_else(|e| panic!("{e}")).program
}

fn config(id: i64, program: &Arc<Program>) -> DeviceConfig {
    DeviceConfig::new(NodeId::Int(id), program.clone())
}

/// Runs a round of each device, some messages of which are lost, and gives what all of them wanted.
fn round(devices: &mut [Device], number: u64, losses: u64) -> String {
    let mut log = String::new();
    for at in 0..devices.len() {
        let now = Micros(number * 1_000_000 + at as u64);
        let sensors = SensorFrame { env: Vec::new(), position: Some(vec![at as f64, 0.0]) };
        devices[at].handle(Input::Tick { now, sensors: &sensors }).expect("a tick");
        while let Some(output) = devices[at].poll() {
            log += &format!("{output:?}\n");
            let Output::Broadcast(bytes) = output else { continue };
            let from = devices[at].id().clone();
            for to in (0..devices.len()).filter(|to| *to != at) {
                if losses >> ((number + to as u64 + 3 * at as u64) % 64) & 1 == 1 {
                    continue;
                }
                let message = Input::Message { now, from: &from, bytes: &bytes };
                devices[to].handle(message).expect("a good frame");
                while devices[to].poll().is_some() {}
            }
        }
    }
    log
}

fn resumed(
    id: i64,
    program: &Arc<Program>,
    bytes: &[u8],
    shared: &Shared,
) -> Result<Device, DecodeError> {
    let mut device = Device::new(config(id, program));
    device.resume(bytes, shared)?;
    Ok(device)
}

fn save(devices: &[Device], program: &Program) -> (Vec<u8>, Vec<Vec<u8>>) {
    let mut pool = Pool::default();
    let saved = devices.iter().map(|device| device.save(&mut pool).expect("it can be saved"));
    let saved = saved.collect();
    (pool.save(program), saved)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn restored_devices_go_on_with_the_same_bits(before in 0_u64..25, losses: u64) {
        let program = program();
        let mut devices: Vec<Device> = (0..4).map(|id| Device::new(config(id, &program))).collect();
        for number in 1..=before {
            let log = round(&mut devices, number, losses);
            prop_assert!(!log.contains("Err("), "{}", log);
        }
        let (pool, saved) = save(&devices, &program);
        let shared = Shared::restore(&pool, &program).expect("the pool");
        let mut restored: Vec<Device> = (0..).zip(&saved)
            .map(|(id, bytes)| resumed(id, &program, bytes, &shared).expect("a device"))
            .collect();
        prop_assert_eq!(save(&restored, &program), (pool, saved));
        for number in before + 1..before + 12 {
            prop_assert_eq!(round(&mut restored, number, losses), round(&mut devices, number, losses));
        }
    }

    /// Nothing panics and nothing large is made, whatever the bytes say.
    #[test]
    fn damaged_bytes_are_refused(at: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
        let program = program();
        let mut devices: Vec<Device> = (0..3).map(|id| Device::new(config(id, &program))).collect();
        (1..8).for_each(|number| drop(round(&mut devices, number, 0)));
        let (pool, saved) = save(&devices, &program);
        let shared = Shared::restore(&pool, &program).expect("the pool");
        let mut bytes = saved[0].clone();
        let short = cut.index(bytes.len());
        prop_assert!(resumed(0, &program, &bytes[..short], &shared).is_err());
        let place = at.index(bytes.len());
        bytes[place] ^= byte;
        let _ = resumed(0, &program, &bytes, &shared);
        let mut pool = pool;
        let place = at.index(pool.len());
        pool[place] ^= byte;
        let _ = Shared::restore(&pool, &program);
    }
}

#[test]
fn a_restart_keeps_what_it_is_told_to_keep() {
    let text = "rep (n <- 0) { n + 1 }";
    let program = fieldrun_stdlib::load_text("n.pt", text, &[]).expect("it loads").program;
    let count = |keeps: bool| {
        let mut device = Device::new(config(0, &program));
        let mut last = String::new();
        for number in 1..=6 {
            last = round(std::slice::from_mut(&mut device), number, 0);
            if number == 4 {
                device.restart(keeps);
            }
        }
        last
    };
    assert!(count(true).contains("Ok(Number(6.0))"), "{}", count(true));
    assert!(count(false).contains("Ok(Number(2.0))"), "{}", count(false));
}

#[test]
fn values_are_saved_with_those_that_are_missing() {
    let values = vec![
        Some(Value::tuple(vec![1.5.into(), Value::text("a")])),
        None,
        Some(Value::Number(f64::NAN)),
        Some(Value::Option(None)),
    ];
    let bytes = save_values(&values).expect("they can be saved");
    assert_eq!(restore_values(&bytes).expect("they are good"), values);
    let mut deep = Value::Unit;
    (0..500).for_each(|_| deep = Value::tuple(vec![deep.clone()]));
    let refused = save_values(&[Some(deep)]).expect_err("nothing so deep is ever read");
    assert!(refused.to_string().contains("Tuple"), "{refused}");
}
