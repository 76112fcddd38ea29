//! Where text goes: results to standard output, everything else to standard error.

use fieldrun_lang::{Diagnostic, Severity};
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

/// Exit codes, as the manual page lists them.
pub(crate) mod exit {
    /// The operation failed.
    pub(crate) const FAILED: u8 = 1;
    /// The user's input is wrong: arguments, a program, a file.
    pub(crate) const USAGE: u8 = 2;
}

/// Why a command ends early; the text was not printed yet.
pub(crate) struct Failure {
    pub(crate) code: u8,
    pub(crate) text: String,
}

impl Failure {
    /// The user's input is wrong.
    pub(crate) fn usage(text: impl Display) -> Self {
        Self { code: exit::USAGE, text: text.to_string() }
    }

    /// The operation failed.
    pub(crate) fn failed(text: impl Display) -> Self {
        Self { code: exit::FAILED, text: text.to_string() }
    }

    pub(crate) fn report(&self) -> ExitCode {
        let already_rendered =
            ["error", "warning"].iter().any(|level| self.text.starts_with(level))
                || self.text.contains("\u{1b}[");
        say(&if already_rendered { self.text.clone() } else { format!("error: {}", self.text) });
        ExitCode::from(self.code)
    }
}

pub(crate) type Outcome = Result<ExitCode, Failure>;

/// A line of results. A reader that went away ends the program quietly, as `head` expects.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    writeln!(io::stdout().lock(), "{text}").map_err(broken)
}

/// Text without a line break of its own.
pub(crate) fn text(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(broken)
}

fn broken(error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        std::process::exit(0);
    }
    Failure::failed(format!("cannot write to standard output: {error}"))
}

/// A message for people.
pub(crate) fn say(text: &str) {
    // If standard error is gone there is nobody left to tell.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Whether messages may have colours.
pub(crate) fn colour() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Warnings and notices of a program.
pub(crate) fn findings(findings: &[Diagnostic]) {
    for finding in findings {
        say(&format!("{}\n", finding.render(colour())));
    }
}

/// Errors as they are shown, and once where more is said about the first.
pub(crate) fn rendered(diagnostics: &[Diagnostic]) -> String {
    let mut texts: Vec<String> = diagnostics.iter().map(|d| d.render(colour())).collect();
    let error = |d: &&Diagnostic| d.severity == Severity::Error;
    texts.extend(diagnostics.iter().find(error).map(more_about));
    texts.join("\n\n")
}

/// Where more is said about a finding.
pub(crate) fn more_about(diagnostic: &Diagnostic) -> String {
    format!("`fieldrun explain {}` says more", diagnostic.code)
}
