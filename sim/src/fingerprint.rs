//! A digest of all that a run gives, to hold two runs to the same bits.

use crate::SimError;
use crate::summary::Summary;
use crate::world::{Flow, Moment, Observer};
use fieldrun_device::Value;
use rustc_hash::FxHasher;
use std::fmt;
use std::hash::Hasher;

/// Takes in every event of a run: which device, when, and the bits of its value.
#[derive(Default)]
pub struct Fingerprint {
    hasher: FxHasher,
    text: String,
}

impl Fingerprint {
    /// The digest of the events so far, and of what the run amounted to.
    pub fn digest(&self, summary: &Summary) -> u64 {
        let mut hasher = self.hasher.clone();
        hasher.write(format!("{summary:?}").as_bytes());
        hasher.finish()
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({:016x})", self.hasher.finish())
    }
}

impl Observer for Fingerprint {
    fn event(&mut self, moment: &Moment<'_>) -> Result<Flow, SimError> {
        self.hasher.write_u64(moment.at.0);
        self.hasher.write_usize(moment.device);
        match moment.world.value(moment.device) {
            None => self.hasher.write_u8(0),
            Some(Value::Number(x)) => self.hasher.write_u64(x.to_bits()),
            Some(value) => {
                use fmt::Write as _;
                self.text.clear();
                // Writing to a String cannot fail.
                let _ = write!(self.text, "{value:?}");
                self.hasher.write(self.text.as_bytes());
            }
        }
        Ok(Flow::Continue)
    }

    fn finish(&mut self, moment: &Moment<'_>) -> Result<(), SimError> {
        self.hasher.write_u64(moment.at.0);
        Ok(())
    }
}
