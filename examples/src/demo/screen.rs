//! What a watcher sees: a live table on a terminal, else a line for each change.

use std::io::Write;

use fieldrun_glue::Status;

use super::company::Company;
use super::record::{Recorder, micros_now};
use super::report::{Report, seconds};
use super::setup::Plan;
use super::story::Change;
use super::{DemoError, Options};

const RESET: &str = "\x1b[0m";
const BOLD: &str = "\x1b[1m";
/// From the cursor to the end of the screen.
const CLEAR: &str = "\x1b[J";

/// Writes to the watcher.
pub(crate) struct Screen<'a> {
    output: &'a mut dyn Write,
    live: bool,
    quiet: bool,
    rows: Vec<Row>,
    begun_us: u64,
    /// How many lines the table took last; they are written over.
    drawn: usize,
}

/// What does not change of a line of the table.
struct Row {
    service: String,
    node: String,
    needs: String,
}

impl<'a> Screen<'a> {
    pub(crate) fn new(plan: &Plan, options: &Options, output: &'a mut dyn Write) -> Self {
        let row = |(node, member): (&super::setup::Node, &crate::enterprise::Member)| Row {
            service: node.service.clone(),
            node: node.name.clone(),
            needs: member.dependencies.join(" "),
        };
        Self {
            output,
            live: options.terminal && !options.json,
            quiet: options.json,
            rows: plan.nodes.iter().zip(&plan.enterprise.services).map(row).collect(),
            begun_us: micros_now(),
            drawn: 0,
        }
    }

    /// Says what the demonstration does.
    pub(crate) fn say(&mut self, what: &str) -> Result<(), DemoError> {
        let time = seconds(micros_now().saturating_sub(self.begun_us));
        let line = match self.live {
            true => format!("{BOLD}{time:>8}  {what}{RESET}"),
            false => format!("{time:>8}  -- {what}"),
        };
        self.lines(&[line])
    }

    /// Shows a change.
    pub(crate) fn change(&mut self, change: &Change, recorder: &Recorder) -> Result<(), DemoError> {
        let time = seconds(change.at_us.saturating_sub(self.begun_us));
        let Change { service, from, to, cause, .. } = change;
        let to = self.coloured(*to, 8);
        self.lines(&[format!("{time:>8}  {service:<13} {from:>8} -> {to}  {cause}")])?;
        self.renew(recorder)
    }

    /// Draws the table again, on a terminal.
    pub(crate) fn renew(&mut self, recorder: &Recorder) -> Result<(), DemoError> {
        if !self.live {
            return Ok(());
        }
        let now = micros_now();
        let mut table = vec![
            String::new(),
            format!(
                "{BOLD}{:<13} {:<5} {:<9} {:>8}  NEEDS{RESET}",
                "SERVICE", "NODE", "STATUS", "FOR"
            ),
        ];
        for row in &self.rows {
            let Some(state) = recorder.services.get(&row.service) else { continue };
            let age = seconds(now.saturating_sub(state.since_us));
            let status = self.coloured(state.status, 9);
            let Row { service, node, needs } = row;
            let unready = state.status == Status::Run && !state.ready;
            let note = if unready { "  not ready" } else { "" };
            table.push(format!("{service:<13} {node:<5} {status} {age:>8}  {needs}{note}"));
        }
        self.erase()?;
        for line in &table {
            writeln!(self.output, "{line}").map_err(DemoError::Output)?;
        }
        self.drawn = table.len();
        self.output.flush().map_err(DemoError::Output)
    }

    /// Shows the result.
    pub(crate) fn report(&mut self, report: &Report) -> Result<(), DemoError> {
        self.erase()?;
        let text = if self.quiet { report.to_json() } else { report.to_text() };
        writeln!(self.output, "{text}").map_err(DemoError::Output)?;
        self.output.flush().map_err(DemoError::Output)
    }

    /// Says where everything is, for those who want to play with it.
    pub(crate) fn playground(&mut self, company: &Company) -> Result<(), DemoError> {
        let mut lines = vec![
            String::new(),
            "All of it runs on until Ctrl-C. To play with it:".to_owned(),
            format!("  files    {}", company.plan.folder.path().display()),
            format!("  program  {}", company.plan.program.display()),
        ];
        for (node, pid) in company.daemons() {
            let pid = pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string());
            lines.push(format!(
                "  {:<13} node {}  daemon {pid}  config {}  socket {}  fault file {}",
                node.service,
                node.name,
                node.config.display(),
                node.socket.display(),
                node.fault.display()
            ));
        }
        lines.extend([
            "  a fault     echo hang > FAULT-FILE      (also `crash`; `rm FAULT-FILE` ends it)"
                .to_owned(),
            "  a crash     kill -9 the process of a service, or of a daemon (it is started again)"
                .to_owned(),
            "  the status  fieldrun status --socket SOCKET".to_owned(),
        ]);
        self.lines(&lines)
    }

    /// Writes lines above the table.
    fn lines(&mut self, lines: &[String]) -> Result<(), DemoError> {
        if self.quiet {
            return Ok(());
        }
        self.erase()?;
        for line in lines {
            writeln!(self.output, "{line}").map_err(DemoError::Output)?;
        }
        self.output.flush().map_err(DemoError::Output)
    }

    fn erase(&mut self) -> Result<(), DemoError> {
        match std::mem::take(&mut self.drawn) {
            0 => Ok(()),
            drawn => write!(self.output, "\x1b[{drawn}A\r{CLEAR}").map_err(DemoError::Output),
        }
    }

    /// Red is hung, blue is stop, green is run, as in the picture of the published demonstration;
    /// amber is on the way.
    fn coloured(&self, status: Status, width: usize) -> String {
        if !self.live {
            return format!("{status:<width$}");
        }
        let colour = match status {
            Status::Hung => "\x1b[31m",
            Status::Stop => "\x1b[34m",
            Status::Run => "\x1b[32m",
            Status::Starting | Status::Stopping => "\x1b[33m",
        };
        format!("{colour}{status:<width$}{RESET}")
    }
}
