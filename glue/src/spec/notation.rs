//! How specifications are written in files, and what is wrong with them when they are not.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

use super::{Check, MAX_ID_BYTES, Probe, RestartBudget, StopAction, StopSignal, StopStep};
use crate::gauge::Thresholds;
use crate::text::{parse_duration, split_words};

/// A command: a list of words, or one text that is split as a shell splits it.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a command: a text or a list of texts")]
enum RawCommand {
    Words(Vec<String>),
    Line(String),
}

impl RawCommand {
    fn words(self) -> Result<Vec<String>, String> {
        let words = match self {
            Self::Words(words) => words,
            Self::Line(line) => split_words(&line)?,
        };
        if words.first().is_none_or(String::is_empty) {
            return Err("the command is empty; name the program to run".to_owned());
        }
        Ok(words)
    }
}

pub(super) fn argv<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    RawCommand::deserialize(deserializer)?.words().map_err(de::Error::custom)
}

pub(super) fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_duration(&text).map_err(de::Error::custom)
}

fn optional_duration<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    duration(deserializer).map(Some)
}

pub(super) fn ready_probe<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Probe>, D::Error> {
    RawProbe::deserialize(deserializer)?.probe(1).map(Some).map_err(de::Error::custom)
}

pub(super) fn alive_probe<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Probe>, D::Error> {
    RawProbe::deserialize(deserializer)?.probe(2).map(Some).map_err(de::Error::custom)
}

/// A probe as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProbe {
    exec: Option<RawCommand>,
    tcp: Option<String>,
    http: Option<String>,
    query: Option<String>,
    send: Option<String>,
    expect: Option<String>,
    #[serde(default, deserialize_with = "optional_duration")]
    interval: Option<Duration>,
    #[serde(default, deserialize_with = "optional_duration")]
    timeout: Option<Duration>,
    fail: Option<u32>,
    pass: Option<u32>,
    #[serde(default, deserialize_with = "optional_duration")]
    start_grace: Option<Duration>,
}

impl RawProbe {
    fn probe(self, default_pass: u32) -> Result<Probe, String> {
        let (fail, pass) = (self.fail.unwrap_or(3), self.pass.unwrap_or(default_pass));
        if fail == 0 || pass == 0 {
            return Err("`fail` and `pass` count results in a row; use 1 or more".to_owned());
        }
        let interval = self.interval.unwrap_or(Duration::from_secs(1));
        let timeout = self.timeout.unwrap_or(Duration::from_millis(500));
        if interval < Duration::from_millis(10) || timeout < Duration::from_millis(1) {
            return Err("a probe needs an `interval` of at least 10ms and a `timeout` of at \
                        least 1ms"
                .to_owned());
        }
        let start_grace = self.start_grace.unwrap_or_default();
        let check = check(self.exec, self.tcp, self.http, self.query, self.send, self.expect)?;
        Ok(Probe { check, interval, timeout, thresholds: Thresholds { fail, pass }, start_grace })
    }
}

fn check(
    exec: Option<RawCommand>,
    tcp: Option<String>,
    http: Option<String>,
    query: Option<String>,
    send: Option<String>,
    expect: Option<String>,
) -> Result<Check, String> {
    if query.is_none() && (send.is_some() || expect.is_some()) {
        return Err("`send` and `expect` belong to a `query` probe".to_owned());
    }
    match (exec, tcp, http, query) {
        (Some(command), None, None, None) => Ok(Check::Exec(command.words()?)),
        (None, Some(address), None, None) => Ok(Check::Tcp(checked_address(address)?)),
        (None, None, Some(url), None) => http_check(&url),
        (None, None, None, Some(address)) => Ok(Check::Query {
            address: checked_address(address)?,
            send: one_line(send.unwrap_or_else(|| "health".to_owned()))?,
            expect: one_line(expect.unwrap_or_else(|| "ok".to_owned()))?,
        }),
        _ => Err("a probe needs exactly one of `exec`, `tcp`, `http` and `query`".to_owned()),
    }
}

fn one_line(text: String) -> Result<String, String> {
    if text.len() > MAX_ID_BYTES || text.contains(['\n', '\r']) {
        return Err(format!("`send` and `expect` are one line of at most {MAX_ID_BYTES} bytes"));
    }
    Ok(text)
}

fn checked_address(address: String) -> Result<String, String> {
    let port = address.rsplit_once(':').filter(|(host, _)| !host.is_empty());
    match port.map(|(_, port)| port.parse::<u16>()) {
        Some(Ok(port)) if port != 0 => Ok(address),
        _ => Err(format!("`{address}` is not an address; write `host:port`")),
    }
}

fn http_check(url: &str) -> Result<Check, String> {
    let Some(rest) = url.strip_prefix("http://") else {
        return Err(format!("`{url}` must begin with `http://`; for others use an `exec` probe"));
    };
    let (host, path) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, "/"),
    };
    if url.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(format!("`{url}` contains a blank; write it as %20"));
    }
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'));
    let address = if has_port { host.to_owned() } else { format!("{host}:80") };
    Ok(Check::Http { address: checked_address(address)?, path: path.to_owned() })
}

/// A stop step as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStep {
    signal: Option<StopSignal>,
    exec: Option<RawCommand>,
    #[serde(default, deserialize_with = "optional_duration")]
    timeout: Option<Duration>,
}

impl TryFrom<RawStep> for StopStep {
    type Error = String;

    fn try_from(raw: RawStep) -> Result<Self, String> {
        let action = match (raw.signal, raw.exec) {
            (Some(signal), None) => StopAction::Signal(signal),
            (None, Some(command)) => StopAction::Exec(command.words()?),
            _ => return Err("a stop step needs exactly one of `signal` and `exec`".to_owned()),
        };
        Ok(Self { action, timeout: raw.timeout.unwrap_or(Duration::from_secs(5)) })
    }
}

/// A restart budget as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBudget {
    max: Option<u32>,
    #[serde(default, deserialize_with = "optional_duration")]
    per: Option<Duration>,
    backoff: Option<String>,
}

impl TryFrom<RawBudget> for RestartBudget {
    type Error = String;

    fn try_from(raw: RawBudget) -> Result<Self, String> {
        let mut budget = Self::default();
        budget.max = raw.max.unwrap_or(budget.max);
        budget.per = raw.per.unwrap_or(budget.per);
        if budget.max > 1000 {
            return Err("`max` is at most 1000".to_owned());
        }
        if let Some(range) = raw.backoff {
            let Some((from, to)) = range.split_once("..") else {
                return Err(format!("`{range}` is not a range; write `200ms..30s`"));
            };
            (budget.backoff_min, budget.backoff_max) = (parse_duration(from)?, parse_duration(to)?);
            if budget.backoff_min > budget.backoff_max {
                return Err(format!("`{range}` ends before it begins"));
            }
        }
        Ok(budget)
    }
}
