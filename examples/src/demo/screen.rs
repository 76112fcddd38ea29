//! What a watcher sees: a live table on a terminal, else a line for each change.

use std::io::Write;
use std::time::Duration;

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
        let mut table = self.erasing();
        let (service, node, status, age) = ("SERVICE", "NODE", "STATUS", "FOR");
        let head = format!("{service:<13} {node:<5} {status:<9} {age:>7}  NEEDS");
        table.push_str(&format!("\n{BOLD}{head}{RESET}\n"));
        self.drawn = 2;
        for row in &self.rows {
            let Some(state) = recorder.services.get(&row.service) else { continue };
            let age = Duration::from_micros(now.saturating_sub(state.since_us)).as_secs_f64();
            let status = self.coloured(state.status, 9);
            let Row { service, node, needs } = row;
            let unready = state.status == Status::Run && !state.ready;
            let note = if unready { "  not ready" } else { "" };
            table.push_str(&format!(
                "{service:<13} {node:<5} {status} {age:>6.1}s  {needs}{note}\n"
            ));
            self.drawn += 1;
        }
        self.write(&table)
    }

    /// Shows the result.
    pub(crate) fn report(&mut self, report: &Report) -> Result<(), DemoError> {
        let text = if self.quiet { report.to_json() } else { report.to_text() };
        let erasing = self.erasing();
        self.write(&format!("{erasing}{text}\n"))
    }

    /// Says where everything is, for those who want to play with it.
    pub(crate) fn playground(&mut self, company: &Company) -> Result<(), DemoError> {
        let folder = company.plan.folder.path().display();
        let mut lines = vec![
            String::new(),
            "All of it runs on until Ctrl-C. To play with it:".to_owned(),
            String::new(),
            format!("  cd {folder}"),
            "  fieldrun status --socket n1/sock      # any node answers for all".to_owned(),
            "  fieldrun restart supplies-db --socket n1/sock".to_owned(),
            "  echo hang > n1/fault                  # or `crash`; `rm n1/fault` ends it"
                .to_owned(),
            "  less n1/daemon.log n1/state/services/supplies-db.log".to_owned(),
            "  kill -9 PID                           # of a daemon: it is started again".to_owned(),
            String::new(),
            format!("  program {}", company.plan.program.display()),
            format!("  {:<5} {:<13} {:>7}  CONFIGURATION", "NODE", "SERVICE", "DAEMON"),
        ];
        for (node, pid) in company.daemons() {
            let pid = pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string());
            let (name, service) = (&node.name, &node.service);
            lines.push(format!("  {name:<5} {service:<13} {pid:>7}  {name}/node.toml"));
        }
        lines.push(String::new());
        self.lines(&lines)
    }

    /// Writes lines above the table.
    fn lines(&mut self, lines: &[String]) -> Result<(), DemoError> {
        if self.quiet {
            return Ok(());
        }
        let mut text = self.erasing();
        for line in lines {
            text.push_str(line);
            text.push('\n');
        }
        self.write(&text)
    }

    /// What takes the table away, if there is one. Written together with what comes next, so that
    /// nothing flickers.
    fn erasing(&mut self) -> String {
        match std::mem::take(&mut self.drawn) {
            0 => String::new(),
            drawn => format!("\x1b[{drawn}A\r{CLEAR}"),
        }
    }

    fn write(&mut self, text: &str) -> Result<(), DemoError> {
        let written = self.output.write_all(text.as_bytes()).and_then(|()| self.output.flush());
        written.map_err(DemoError::Output)
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
