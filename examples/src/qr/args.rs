//! The command line of the service.

use std::path::PathBuf;
use std::time::Duration;

use fieldrun_glue::parse_duration;

use super::QrError;

/// How to call the service.
pub const USAGE: &str = "\
usage: qr-service --listen HOST:PORT --id NAME [options]
  --start-delay TIME      do not listen before (default 0s)
  --query HOST:PORT       a service that this one depends on; may be repeated
  --query-interval TIME   how often to query them unasked (default 1s)
  --query-timeout TIME    how long to wait for their answers (default 500ms)
  --give-up N             hang after N failed queries in a row; 0 is never (default 0)
  --fault-file PATH       while this file says `hang` the service hangs and a new one does not
                          start; `crash` makes it exit with code 1; `slow MILLIS` slows it down
  --while PID             exit when this process is gone
times are written as 200ms, 5s, 2m";

/// More dependencies than this are refused.
const MAX_PEERS: usize = 256;

/// What the service was asked to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Args {
    /// Where to listen.
    pub listen: String,
    /// What to call itself in answers.
    pub id: String,
    /// How long to wait before listening.
    pub start_delay: Duration,
    /// The services it depends on.
    pub peers: Vec<String>,
    /// How often to query them unasked.
    pub query_interval: Duration,
    /// How long to wait for their answers.
    pub query_timeout: Duration,
    /// After how many failures in a row to hang; 0 is never.
    pub give_up: u32,
    /// A file through which faults are commanded.
    pub fault_file: Option<PathBuf>,
    /// The process without which this service makes no sense.
    pub lifeline: Option<u32>,
}

impl Args {
    /// Reads a command line; `None` when it asks for help.
    ///
    /// # Errors
    /// Says which word is wrong, and shows the usage.
    pub fn parse(words: impl IntoIterator<Item = String>) -> Result<Option<Self>, QrError> {
        let mut words = words.into_iter();
        let (mut listen, mut id) = (None, None);
        let mut args = Self {
            listen: String::new(),
            id: String::new(),
            start_delay: Duration::ZERO,
            peers: Vec::new(),
            query_interval: Duration::from_secs(1),
            query_timeout: Duration::from_millis(500),
            give_up: 0,
            fault_file: None,
            lifeline: None,
        };
        while let Some(option) = words.next() {
            if option == "--help" || option == "-h" {
                return Ok(None);
            }
            let Some(value) = words.next() else {
                return Err(QrError::Usage(format!("`{option}` needs a value")));
            };
            let wrong = |problem| QrError::Usage(format!("`{option}`: {problem}"));
            let time = |value: &str| parse_duration(value).map_err(wrong);
            match option.as_str() {
                "--listen" => listen = Some(value),
                "--id" => id = Some(value),
                "--start-delay" => args.start_delay = time(&value)?,
                "--query" => args.peers.push(value),
                "--query-interval" => args.query_interval = time(&value)?,
                "--query-timeout" => args.query_timeout = time(&value)?,
                "--give-up" => args.give_up = number(&value).map_err(wrong)?,
                "--while" => args.lifeline = Some(number(&value).map_err(wrong)?),
                "--fault-file" => args.fault_file = Some(PathBuf::from(value)),
                _ => return Err(QrError::Usage(format!("there is no option `{option}`"))),
            }
        }
        args.listen = listen.ok_or_else(|| QrError::Usage("`--listen` is missing".to_owned()))?;
        args.id = id.ok_or_else(|| QrError::Usage("`--id` is missing".to_owned()))?;
        args.checked().map(Some)
    }

    fn checked(self) -> Result<Self, QrError> {
        let problem = if self.id.is_empty() || self.id.len() > 128 || self.id.contains('\n') {
            "`--id` is one line of 1 to 128 bytes"
        } else if self.peers.len() > MAX_PEERS {
            "there are more than 256 `--query` options"
        } else if self.query_interval < Duration::from_millis(10) {
            "`--query-interval` is at least 10ms"
        } else {
            return Ok(self);
        };
        Err(QrError::Usage(problem.to_owned()))
    }
}

fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Option<Args>, QrError> {
        Args::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn a_full_line() {
        let line = "--listen 127.0.0.1:1 --id a --start-delay 3s --query b:2 --query c:3 \
                    --query-interval 50ms --query-timeout 20ms --give-up 4 --fault-file f";
        let args = parse(line).unwrap().unwrap();
        assert_eq!(args.peers, ["b:2", "c:3"]);
        assert_eq!((args.start_delay, args.give_up), (Duration::from_secs(3), 4));
        assert!(parse("--help").unwrap().is_none());
    }

    #[test]
    fn each_mistake_is_named_with_the_usage() {
        for (line, expected) in [
            ("", "`--listen` is missing"),
            ("--listen a:1", "`--id` is missing"),
            ("--listen", "needs a value"),
            ("--listen a:1 --id x --frobnicate 1", "no option `--frobnicate`"),
            ("--listen a:1 --id x --give-up many", "not a number"),
            ("--listen a:1 --id x --start-delay 3", "no unit"),
            ("--listen a:1 --id x --query-interval 0s", "at least 10ms"),
        ] {
            let message = parse(line).unwrap_err().to_string();
            assert!(message.contains(expected), "{line}: {message}");
            assert!(message.contains("usage: qr-service"), "{line}");
        }
    }
}
