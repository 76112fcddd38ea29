//! The report of a demonstration: timeline and figures, for people and for scripts.

use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use super::judge::{Rule, Verdict};
use super::story::{Change, Marks, Story};

/// What happened, and what it is worth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Order and sets were right.
    pub good: bool,
    /// The time between two rounds, in microseconds.
    pub period_us: u64,
    /// What the demonstration did.
    pub marks: Marks,
    /// What was found.
    pub verdict: Verdict,
    /// All changes of all services.
    pub timeline: Vec<Change>,
}

impl Report {
    pub(crate) fn new(story: Story, verdict: Verdict, period: Duration) -> Self {
        Self {
            good: verdict.problems.is_empty(),
            period_us: u64::try_from(period.as_micros()).unwrap_or(u64::MAX),
            marks: story.marks,
            verdict,
            timeline: story.changes,
        }
    }

    /// Whether order and sets were right.
    pub fn is_good(&self) -> bool {
        self.good
    }

    /// As JSON on one line.
    pub fn to_json(&self) -> String {
        // Texts and numbers only: nothing in it can fail to be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// As text; times are seconds since the fault.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text);
        text.truncate(text.trim_end().len());
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        let marks = &self.marks;
        writeln!(text, "\nTIMELINE, in seconds since the fault")?;
        let said = [
            (Some(marks.fault_us), "the database is made to hang"),
            (Some(marks.restore_us), "its fault is taken away"),
            (marks.operator_us, "it is restarted in the place of a human"),
        ];
        let said = said.into_iter().filter_map(|(at, what)| Some((at?, format!("-- {what}"))));
        let since = |change: &&Change| change.at_us >= marks.fault_us;
        let changes = self.timeline.iter().filter(since).map(|change| {
            let Change { service, from, to, .. } = change;
            (change.at_us, format!("{service:<13} {from:>8} -> {to}"))
        });
        let mut lines: Vec<(u64, String)> = said.chain(changes).collect();
        lines.sort_by_key(|(at, _)| *at);
        for (at, line) in lines {
            writeln!(text, "{:>8}  {line}", seconds(at.saturating_sub(marks.fault_us)))?;
        }
        self.write_figures(text)?;
        self.write_verdict(text)
    }

    fn write_figures(&self, text: &mut String) -> std::fmt::Result {
        let figures = &self.verdict.figures;
        let shown = |time: Option<u64>| time.map_or_else(|| "-".to_owned(), seconds);
        writeln!(text, "\nFIGURES, round period {}", seconds(self.period_us))?;
        writeln!(text, "{:>8}  to detect the hang", shown(figures.detect_us))?;
        writeln!(text, "{:>8}  to stop all that depend on it", shown(figures.stop_us))?;
        writeln!(text, "{:>8}  to recover after the fault was gone", shown(figures.recover_us))?;
        if let Some((mean, max)) = figures.hop_overhead_us() {
            let (mean, max) = (seconds(mean), seconds(max));
            writeln!(
                text,
                "{mean:>8}  a dependency hop beyond the services' own start times (at most {max})"
            )?;
        }
        for hop in &figures.hops {
            let (reaction, readiness) = (seconds(hop.reaction_us), seconds(hop.readiness_us));
            let (service, after) = (&hop.service, &hop.after);
            writeln!(
                text,
                "          {service:<13} began {reaction} after {after}; found ready {readiness} \
                 after its own start"
            )?;
        }
        Ok(())
    }

    fn write_verdict(&self, text: &mut String) -> std::fmt::Result {
        let Verdict { problems, rule, stopped, untouched, started, .. } = &self.verdict;
        writeln!(text, "\nstopped, in this order:  {}", stopped.join(", "))?;
        writeln!(text, "started, in this order:  {}", started.join(", "))?;
        writeln!(text, "never touched:           {}", untouched.join(", "))?;
        let waited = match rule {
            Rule::AfterRun => "after all that it needs ran and was ready",
            Rule::AfterStarting => "after all that it needs had begun to start",
            Rule::None => "before all that it needs had begun to start",
        };
        writeln!(text, "each started:            {waited}")?;
        if problems.is_empty() {
            return writeln!(text, "\nGOOD: exactly the right services, in the right order.");
        }
        writeln!(text, "\nNOT GOOD:")?;
        for problem in problems {
            writeln!(text, "  * {problem}")?;
        }
        Ok(())
    }
}

/// Seconds with milliseconds.
pub(crate) fn seconds(micros: u64) -> String {
    format!("{:.3}s", Duration::from_micros(micros).as_secs_f64())
}
