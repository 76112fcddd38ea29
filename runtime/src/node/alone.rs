//! One device without a network, for trying out a program.

use crate::clock::now_micros;
use fieldrun_device::host::Reading;
use fieldrun_device::{
    Device, DeviceConfig, Input, Limits, Micros, NodeId, Output, Program, RoundReport, SensorFrame,
};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

/// Runs a program on one device, a round a second, until `on_round` breaks off. What the program
/// asks its host to do is logged; there is no service to do it to. Must be polled on a thread with
/// [`fieldrun_device::ROUND_STACK`].
pub async fn run_alone(
    program: Arc<Program>,
    env: Vec<(String, Reading)>,
    seed: u64,
    mut on_round: impl FnMut(&RoundReport) -> ControlFlow<()>,
) {
    let config = DeviceConfig {
        seed,
        limits: Limits::deep(),
        ..DeviceConfig::new(NodeId::text("alone"), program)
    };
    let mut device = Device::new(config);
    let sensors = SensorFrame { env, position: Some(vec![0.0, 0.0]) };
    loop {
        let now = now_micros();
        if let Err(error) = device.handle(Input::Tick { now, sensors: &sensors }) {
            tracing::error!(%error, "the device refused its round");
        }
        let mut next = Micros(now.0.saturating_add(Micros::SECOND.0));
        while let Some(output) = device.poll() {
            match output {
                Output::Round(report) => {
                    if on_round(&report).is_break() {
                        return;
                    }
                }
                Output::Actuate(action) => {
                    tracing::info!(action = action.name, args = ?action.args, "asked for");
                }
                Output::WakeAt(at) => next = at,
                Output::Broadcast(_) => {}
            }
        }
        tokio::time::sleep(Duration::from_micros(next.since(now_micros()).0)).await;
    }
}
