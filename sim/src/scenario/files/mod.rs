//! Files that a scenario names: tables of devices and links, traces, pictures of obstacles.

mod bitmap;
mod gpx;
mod table;
mod traces;

use super::read::{Fault, fault};
use super::{Bitmap, Node, Trace};
use crate::checkpoint::checksum;
use fieldrun_device::{Micros, NodeId};
use std::cell::{Cell, RefCell};
use std::io::Read;
use std::path::{Path, PathBuf};

/// The largest file that is read: a table of a million devices has about a tenth of it.
const MAX_BYTES: u64 = 512 << 20;

/// The files beside a scenario.
pub(super) struct Files {
    folder: PathBuf,
    /// A hash of all that was read so far.
    digest: Cell<u64>,
    /// The names of what was read so far.
    names: RefCell<Vec<String>>,
}

/// Devices that were seen at times, by name.
pub(super) type Traces = Vec<(NodeId, Trace)>;

impl Files {
    /// Files whose names are relative to this folder.
    pub(super) fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), digest: Cell::new(0), names: RefCell::default() }
    }

    /// A hash of all that was read, in the order of reading.
    pub(super) fn digest(&self) -> u64 {
        self.digest.get()
    }

    /// The names of all that was read, in the order of reading.
    pub(super) fn into_names(self) -> Vec<String> {
        self.names.into_inner()
    }

    /// A file as the process sees it.
    pub(super) fn path(&self, name: &str) -> String {
        self.folder.join(name).to_string_lossy().into_owned()
    }

    /// Devices from a table with the columns `id`, `x`, `y`, `z` and what they read.
    pub(super) fn nodes(&self, name: &str, most: usize) -> Result<Vec<Node>, Fault> {
        table::nodes(name, &self.text(name)?, most)
    }

    /// Links from a list of pairs.
    pub(super) fn edges(&self, name: &str) -> Result<Vec<(NodeId, NodeId)>, Fault> {
        table::edges(name, &self.text(name)?)
    }

    /// Where devices were at what time, from a table or a GPX file.
    pub(super) fn traces(&self, name: &str, gap: Micros, most: usize) -> Result<Traces, Fault> {
        let text = self.text(name)?;
        let is_gpx = Path::new(name).extension().is_some_and(|e| e.eq_ignore_ascii_case("gpx"));
        let rows = match is_gpx {
            true => gpx::sightings(name, &text)?,
            false => traces::sightings(name, &text)?,
        };
        traces::by_device(name, rows, gap, most)
    }

    /// The dark pixels of a PNG picture that lies over an area.
    pub(super) fn bitmap(&self, name: &str, area: [f64; 4]) -> Result<Bitmap, Fault> {
        bitmap::read(name, &self.bytes(name)?, area)
    }

    fn text(&self, name: &str) -> Result<String, Fault> {
        String::from_utf8(self.bytes(name)?).map_err(|error| {
            let good = error.utf8_error().valid_up_to();
            let line =
                error.as_bytes().iter().take(good).filter(|byte| **byte == b'\n').count() + 1;
            fault(format!("{name}:{line}: not UTF-8"), "Save the file as UTF-8 text.")
        })
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>, Fault> {
        let path = self.folder.join(name);
        let unreadable = |error: std::io::Error| {
            fault(
                format!("cannot read {}: {error}", path.display()),
                "Names of files are relative to the scenario.",
            )
        };
        let file = std::fs::File::open(&path).map_err(unreadable)?;
        let mut bytes = Vec::new();
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > MAX_BYTES {
            let message = format!("{} has more than {} MiB", path.display(), MAX_BYTES >> 20);
            return Err(fault(message, "Leave out what the scenario does not need."));
        }
        self.digest.set(self.digest.get().rotate_left(1) ^ checksum(&bytes));
        self.names.borrow_mut().push(name.to_owned());
        Ok(bytes)
    }
}

/// A fault at a place of a file: line and column from 1.
fn at(name: &str, line: u64, column: usize, message: &str, help: &str) -> Fault {
    fault(format!("{name}:{line}:{column}: {message}"), help)
}
