//! Checkpoints: a run as bytes, to go on with later.
//!
//! A checkpoint holds all that changes in a run: every device with what it keeps and has heard, its
//! random streams, messages on their way, positions, faults that last. What does not change comes from
//! the scenario and the program, of which it holds names and hashes: it goes on with these alone.
//!
//! * [`Checkpoint`] is the file: a line that says what it is, a line of JSON that says of what, the
//!   state, and a checksum of everything before it;
//! * `state` is what is saved of the engine, room by room.

pub(crate) mod plain;
mod state;

pub(crate) use state::{Frames, State, frame, unfit};

use crate::SimError;
use crate::scenario::Scenario;
use crate::simulation::Simulation;
use crate::whole::write_whole;
use fieldrun_device::{Micros, Program};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The first line of the file, up to its version.
const MAGIC: &str = "fieldrun checkpoint ";
/// The version of the format.
const VERSION: u32 = 1;
/// The longest second line that is read.
const MAX_HEADER: usize = 1 << 20;
/// The largest checkpoint that is read: about a kilobyte for each of a million devices and more.
const MAX_BYTES: u64 = 16 << 30;

/// A run as it was at some time.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// What it is of.
    pub header: Header,
    state: Vec<u8>,
}

/// What a checkpoint is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version of fieldrun that wrote it.
    pub version: String,
    /// The scenario, or the program that ran in the default network, as it was named.
    pub source: PathBuf,
    /// Folders with modules of the program.
    pub path: Vec<PathBuf>,
    /// The seed.
    pub seed: u64,
    /// Simulated time in microseconds.
    pub time: u64,
    /// The number of devices.
    pub devices: usize,
    /// A hash of the text of the scenario.
    pub scenario: u64,
    /// A hash of the program and its modules.
    pub program: u64,
    /// Bytes of the state.
    bytes: u64,
}

impl Checkpoint {
    /// The state of a run now. `source` is what was run, for whoever goes on with it.
    ///
    /// # Errors
    /// A device keeps a value that has no form in bytes; says which.
    pub fn of(simulation: &Simulation, source: &Path) -> Result<Self, SimError> {
        let scenario = simulation.scenario();
        let state = State::of(&simulation.engine)?;
        let state = rmp_serde::to_vec(&state).map_err(|error| SimError::Unsaved {
            what: "the network".into(),
            why: error.to_string(),
        })?;
        let header = Header {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            source: source.to_owned(),
            path: scenario.path.clone(),
            seed: scenario.seed,
            time: simulation.time().0,
            devices: simulation.world().len(),
            scenario: scenario.digest,
            program: simulation.engine.network.program().fingerprint(),
            bytes: state.len() as u64,
        };
        Ok(Self { header, state })
    }

    /// The run, to go on with. Scenario and program must be those of then; other ends, records and
    /// pictures than those of then may be asked for.
    ///
    /// # Errors
    /// They are not, or the checkpoint is damaged.
    pub fn resume(
        &self,
        scenario: &Scenario,
        program: &Arc<Program>,
    ) -> Result<Simulation, SimError> {
        let differs = |what: &'static str| SimError::CheckpointOfOther { what };
        if scenario.seed != self.header.seed {
            return Err(differs("seed"));
        }
        if scenario.digest != self.header.scenario {
            return Err(differs("scenario"));
        }
        if program.fingerprint() != self.header.program {
            return Err(differs("program"));
        }
        let state: State = rmp_serde::from_slice(&self.state)
            .map_err(|error| SimError::CheckpointState { why: error.to_string() })?;
        let mut simulation = Simulation::new(scenario, program)?;
        state.put_into(&mut simulation.engine)?;
        Ok(simulation)
    }

    /// The time of it.
    pub fn time(&self) -> Micros {
        Micros(self.header.time)
    }

    /// Writes the file, whole or not at all: what stands there under this name stays until the new one
    /// is complete.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, file: &Path) -> Result<(), SimError> {
        write_whole(file, &self.to_bytes()).map_err(|error| SimError::file("write", file, error))
    }

    fn to_bytes(&self) -> Vec<u8> {
        let header = serde_json::to_string(&self.header).unwrap_or_default();
        let mut bytes = format!("{MAGIC}{VERSION}\n{header}\n").into_bytes();
        bytes.extend_from_slice(&self.state);
        let sum = checksum(&bytes);
        bytes.extend_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// Reads a file that [`Checkpoint::write`] wrote.
    ///
    /// # Errors
    /// It cannot be read, is no checkpoint, is of another version, or is damaged.
    pub fn read(file: &Path) -> Result<Self, SimError> {
        let failed = |error| SimError::file("read", file, error);
        let size = std::fs::metadata(file).map_err(failed)?.len();
        if size > MAX_BYTES {
            let why = format!("it has {size} bytes, and at most {MAX_BYTES} are read");
            return Err(SimError::NoCheckpoint { path: file.to_owned(), why });
        }
        let bytes = std::fs::read(file).map_err(failed)?;
        Self::from_bytes(&bytes)
            .map_err(|why| SimError::NoCheckpoint { path: file.to_owned(), why })
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let other = || "it is something else (`fieldrun sim --checkpoint` writes them)".to_owned();
        let rest = bytes.strip_prefix(MAGIC.as_bytes()).ok_or_else(other)?;
        let (version, rest) = line(rest, 16).ok_or_else(other)?;
        if version != VERSION.to_string() {
            return Err(format!(
                "it has format {version}, and this fieldrun reads format {VERSION} (go on with the \
                 fieldrun that wrote it)"
            ));
        }
        let damaged = || "it is damaged or incomplete (go on from an older one)".to_owned();
        let (content, sum) = bytes.split_last_chunk::<8>().ok_or_else(damaged)?;
        if checksum(content).to_le_bytes() != *sum {
            return Err(damaged());
        }
        let (header, rest) = line(rest, MAX_HEADER).ok_or_else(damaged)?;
        let header: Header = serde_json::from_str(header).map_err(|_| damaged())?;
        let state = rest.get(..rest.len().saturating_sub(8)).unwrap_or(&[]);
        if state.len() as u64 != header.bytes {
            return Err(damaged());
        }
        Ok(Self { header, state: state.to_vec() })
    }
}

/// A line of at most so many bytes, and what follows it.
fn line(bytes: &[u8], most: usize) -> Option<(&str, &[u8])> {
    let end = bytes.iter().take(most).position(|byte| *byte == b'\n')?;
    let (line, rest) = bytes.split_at_checked(end)?;
    Some((std::str::from_utf8(line).ok()?, rest.get(1..)?))
}

/// FNV-1a: finds what disks and people do to files, not what an enemy does.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint() -> Checkpoint {
        let header = Header {
            version: "1".to_owned(),
            source: PathBuf::from("a.toml"),
            path: Vec::new(),
            seed: 1,
            time: 2,
            devices: 3,
            scenario: 4,
            program: 5,
            bytes: 6,
        };
        Checkpoint { header, state: b"a\nstate".get(..6).unwrap_or(&[]).to_vec() }
    }

    #[test]
    fn any_byte_that_changed_and_any_that_is_missing_is_noticed() {
        let good = checkpoint();
        let bytes = good.to_bytes();
        let read = Checkpoint::from_bytes(&bytes).expect("it is good");
        assert_eq!((read.header, read.state), (good.header, good.state));
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 0x11;
            assert!(Checkpoint::from_bytes(&bad).is_err(), "byte {at}");
            assert!(Checkpoint::from_bytes(&bytes[..at]).is_err(), "only {at} bytes");
        }
    }

    #[test]
    fn what_is_no_checkpoint_is_called_so() {
        let error = |bytes: &[u8]| Checkpoint::from_bytes(bytes).expect_err("not good");
        assert!(error(b"program = 'p.pt'\n").contains("something else"));
        let newer = error(b"fieldrun checkpoint 2\n{}\n");
        assert!(newer.contains("it has format 2, and this fieldrun reads format 1"), "{newer}");
        assert!(error(b"fieldrun checkpoint 1\n{}\n12345678").contains("damaged"));
    }
}
