//! Ctrl-C: the run ends, and what there is is written.

use crate::output;
use fieldrun_sim::{Flow, Moment, Observer, SimError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The exit code of a run that was interrupted, as shells say it.
pub(super) const INTERRUPTED: u8 = 130;

/// Whether somebody pressed Ctrl-C.
#[derive(Clone)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Waits for it from now on. Pressed twice, it ends the program at once.
    pub(super) fn watch() -> Self {
        let pressed = Arc::new(AtomicBool::new(false));
        let seen = pressed.clone();
        // Without such a thread Ctrl-C ends the program as it does any other.
        let _ = std::thread::Builder::new().name("interrupt".to_owned()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
            let Ok(runtime) = runtime else { return };
            runtime.block_on(async {
                while tokio::signal::ctrl_c().await.is_ok() {
                    if seen.swap(true, Ordering::Relaxed) {
                        std::process::exit(i32::from(INTERRUPTED));
                    }
                    output::say("\nstopping: writing what there is; press again to end at once");
                }
            });
        });
        Self(pressed)
    }

    /// Whether it was pressed.
    pub(super) fn was_pressed(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Observer for Interrupt {
    fn event(&mut self, _: &Moment<'_>) -> Result<Flow, SimError> {
        Ok(if self.was_pressed() { Flow::Stop } else { Flow::Continue })
    }
}
