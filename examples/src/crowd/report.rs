//! The report of a run: text for people, JSON for programs.

use std::fmt::{self, Write as _};
use std::path::PathBuf;

use fieldrun_sim::Summary;
use serde::Serialize;

use super::judge::{Figures, Said};
use super::oracle::Rules;

/// The seconds between two lines of the printed table.
const TABLE_STEP: u64 = 30;

/// How many devices say something, or of how many it is true.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// No crowd.
    pub none: usize,
    /// A crowd, but no dangerous one.
    pub crowded: usize,
    /// A dangerous crowd. Each device is one of these three.
    pub dangerous: usize,
    /// Warned of danger: in it or near to it.
    pub warned: usize,
}

impl Counts {
    pub(crate) fn add(&mut self, said: Said) {
        match said {
            Said { dangerous: true, .. } => self.dangerous += 1,
            Said { crowded: true, .. } => self.crowded += 1,
            _ => self.none += 1,
        }
        self.warned += usize::from(said.warned);
    }
}

/// How many devices say what is true.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Scores {
    /// That there was a crowd, dangerous or not.
    pub crowded: usize,
    /// That the crowd is dangerous.
    pub dangerous: usize,
    /// That their owner is warned.
    pub warned: usize,
}

/// One second of a run. Of devices that move; if none does, of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Simulated seconds.
    pub t: u64,
    /// What devices say.
    pub said: Counts,
    /// What is true.
    pub truth: Counts,
    /// How often both agree that something is so.
    pub hits: Scores,
}

/// What came of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The scenario.
    pub scenario: String,
    /// The program.
    pub program: String,
    /// The seed.
    pub seed: u64,
    /// How many seconds were looked at.
    pub seconds: u64,
    /// All devices.
    pub devices: usize,
    /// Those that are counted: all that move, or all if none does.
    pub counted: usize,
    /// What counts as a crowd.
    pub rules: Rules,
    /// How good it is what devices say of crowds, dangerous or not.
    pub crowded: Figures,
    /// Of danger.
    pub dangerous: Figures,
    /// Of warnings.
    pub warned: Figures,
    /// Every second.
    pub rows: Vec<Row>,
    /// What was written.
    pub files: Vec<PathBuf>,
    /// What the simulator says of the run.
    #[serde(skip)]
    pub summary: Summary,
}

impl Report {
    /// For people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        writeln!(
            out,
            "{} with {}, seed {}: {} devices, of which {} move and are counted, {} s",
            self.scenario, self.program, self.seed, self.devices, self.counted, self.seconds
        )?;
        writeln!(out, "\n       no crowd     crowded      dangerous    warned")?;
        writeln!(out, "   t   said  true   said  true   said  true   said  true")?;
        for row in &self.rows {
            let last = row.t == self.seconds;
            if row.t == 1 || row.t.is_multiple_of(TABLE_STEP) || last {
                write_row(out, row)?;
            }
        }
        writeln!(out, "\n           precision  recall  delay median   90 %   onsets  unnoticed")?;
        let lines =
            [("crowded", &self.crowded), ("dangerous", &self.dangerous), ("warned", &self.warned)];
        for (name, figures) in lines {
            writeln!(
                out,
                "{name:<10} {:>9}  {:>6}  {:>12}  {:>5}  {:>7}  {:>9}",
                percent(figures.precision),
                percent(figures.recall),
                seconds(figures.delay_median_s),
                seconds(figures.delay_90_s),
                figures.onsets,
                figures.unnoticed,
            )?;
        }
        if self.warned.precision.is_none() && self.warned.misses > 0 {
            writeln!(out, "\nNobody was ever warned, although there was danger.")?;
        }
        if self.summary.counts.traps > 0 {
            let counts = &self.summary.counts;
            writeln!(out, "\n{} of {} rounds failed", counts.traps, counts.events)?;
        }
        Ok(())
    }
}

fn write_row(out: &mut String, row: &Row) -> fmt::Result {
    let (said, is) = (&row.said, &row.truth);
    let pairs = [
        (said.none, is.none),
        (said.crowded, is.crowded),
        (said.dangerous, is.dangerous),
        (said.warned, is.warned),
    ];
    write!(out, "{:>4}", row.t)?;
    for (said, is_true) in pairs {
        write!(out, "  {said:>5} {is_true:>5}")?;
    }
    writeln!(out)
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", 100.0 * share))
}

fn seconds(time: Option<f64>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| format!("{time} s"))
}
