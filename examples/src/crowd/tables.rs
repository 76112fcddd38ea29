//! The tables of a run: one row a second, and one row for each device and second.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::report::Row;
use super::{CrowdError, Said, Truth};

/// The table of seconds.
const SERIES: &str = "series.csv";
/// The table of devices.
const DEVICES: &str = "devices.csv";

/// Both tables while they are written.
pub(crate) struct Tables {
    series: Table,
    devices: Table,
}

impl Tables {
    pub(crate) fn new(folder: &Path) -> Result<Self, CrowdError> {
        Ok(Self {
            series: Table::new(
                folder.join(SERIES),
                "t,said_none,said_crowded,said_dangerous,said_warned,\
                 true_none,true_crowded,true_dangerous,true_warned,\
                 hit_crowded,hit_dangerous,hit_warned",
            )?,
            devices: Table::new(
                folder.join(DEVICES),
                "t,id,mobile,x,y,said_crowded,said_dangerous,said_warned,\
                 true_crowded,true_dangerous,true_warned",
            )?,
        })
    }

    /// A second as a whole.
    pub(crate) fn row(&mut self, row: &Row) -> Result<(), CrowdError> {
        let (said, is, hits) = (row.said, row.truth, row.hits);
        self.series.line(format_args!(
            "{},{},{},{},{},{},{},{},{},{},{},{}",
            row.t,
            said.none,
            said.crowded,
            said.dangerous,
            said.warned,
            is.none,
            is.crowded,
            is.dangerous,
            is.warned,
            hits.crowded,
            hits.dangerous,
            hits.warned,
        ))
    }

    /// All devices in a second.
    pub(crate) fn devices(&mut self, second: &Second<'_>) -> Result<(), CrowdError> {
        let Second { t, ids, mobile, places, said, truth } = second;
        let marks = |marks: &[bool], device: usize| u8::from(marks.get(device) == Some(&true));
        for (device, (((id, mobile), [x, y]), said)) in
            ids.iter().zip(*mobile).zip(*places).zip(*said).enumerate()
        {
            self.devices.line(format_args!(
                "{t},{id},{},{x},{y},{},{},{},{},{},{}",
                u8::from(*mobile),
                u8::from(said.crowded),
                u8::from(said.dangerous),
                u8::from(said.warned),
                marks(&truth.crowded, device),
                marks(&truth.dangerous, device),
                marks(&truth.warned, device),
            ))?;
        }
        Ok(())
    }

    /// Ends both; gives where they are.
    pub(crate) fn finish(self) -> Result<Vec<PathBuf>, CrowdError> {
        Ok(vec![self.series.finish()?, self.devices.finish()?])
    }
}

/// All devices in a second, in the order of the scenario.
pub(crate) struct Second<'a> {
    pub(crate) t: u64,
    pub(crate) ids: &'a [String],
    pub(crate) mobile: &'a [bool],
    pub(crate) places: &'a [[f64; 2]],
    pub(crate) said: &'a [Said],
    pub(crate) truth: &'a Truth,
}

struct Table {
    path: PathBuf,
    out: BufWriter<File>,
}

impl Table {
    fn new(path: PathBuf, header: &str) -> Result<Self, CrowdError> {
        let file = File::create(&path)
            .map_err(|source| CrowdError::File { path: path.clone(), source })?;
        let mut table = Self { path, out: BufWriter::new(file) };
        table.line(format_args!("{header}"))?;
        Ok(table)
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) -> Result<(), CrowdError> {
        let written = self.out.write_fmt(line).and_then(|()| self.out.write_all(b"\n"));
        written.map_err(|source| self.failed(source))
    }

    fn finish(mut self) -> Result<PathBuf, CrowdError> {
        self.out.flush().map_err(|source| self.failed(source))?;
        Ok(self.path)
    }

    fn failed(&self, source: io::Error) -> CrowdError {
        CrowdError::File { path: self.path.clone(), source }
    }
}
