//! What the page asks for, and how it is answered.

use super::worker::Busy;
use super::{Live, page};
use fieldrun_device::host::Reading;
use fieldrun_device::{Micros, json};
use fieldrun_lang::{Diagnostic, Severity};
use fieldrun_sim::live::{Command, Key, Session, Text};
use fieldrun_sim::scenario::DeviceFault;
use fieldrun_sim::{Intervention, World};
use fieldrun_stdlib::{LoadError, Loaded, load_edited};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::time::Duration;

/// How long a request for the next picture waits for it.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest body of a request: a long program.
pub(super) const MAX_BODY: usize = 512 * 1024;

/// A request that was let in.
pub(super) struct Request<'a> {
    pub(super) post: bool,
    /// What follows the secret in the path.
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) body: Vec<u8>,
}

/// What the page gets.
pub(super) enum Answer {
    File(&'static str, &'static str),
    Bytes(Vec<u8>),
    Json(Json),
    /// The request is wrong, or cannot be done now; why.
    Wrong(String),
    Missing,
    Busy,
}

impl From<Busy> for Answer {
    fn from(_: Busy) -> Self {
        Self::Busy
    }
}

/// Something that is done to the network; devices are named by their places in it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Change {
    Set { device: usize, name: String, value: Json },
    Move { device: usize, to: Vec<f64> },
    Crash { device: usize },
    Revive { device: usize },
    Cut { a: usize, b: usize },
    Restore { a: usize, b: usize },
}

/// What a person wants, as the page writes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Wish {
    Play,
    Pause,
    /// None for as fast as it goes.
    Speed(Option<f64>),
    Event,
    Step,
    /// Seconds.
    Seek(f64),
    Peek(f64),
    Show(String),
    Restart {
        seed: Option<u64>,
    },
    Change(Change),
}

pub(super) async fn answer(live: &Live, request: Request<'_>) -> Answer {
    match ask(live, request).await {
        Ok(answer) | Err(answer) => answer,
    }
}

async fn ask(live: &Live, request: Request<'_>) -> Result<Answer, Answer> {
    let run = &live.worker;
    let query = request.query;
    match (request.post, request.path) {
        (false, "world") => Ok(Answer::Json(run.ask(|session| world(session)).await?)),
        (false, "frame") => {
            let after = number(query, "after")?.unwrap_or(0) as u64;
            Ok(Answer::Bytes(run.frame_after(after, PATIENCE).await.1.clone()))
        }
        (false, "links") => Ok(Answer::Bytes(run.ask(|session| session.links()).await?)),
        (false, "series") => Ok(Answer::Json(run.ask(|session| series(session)).await?)),
        (false, "device") => {
            let device = number(query, "number")?.ok_or(Answer::Missing)?;
            let line = number(query, "line")?;
            let inspected = run.ask(move |session| session.inspect(device, line)).await?;
            let inspected = inspected.ok_or(Answer::Missing)?;
            Ok(Answer::Json(serde_json::to_value(inspected).map_err(wrong)?))
        }
        (false, name) => {
            page::file(name).map(|(kind, text)| Answer::File(kind, text)).ok_or(Answer::Missing)
        }
        (true, "wish") => {
            let wish = serde_json::from_slice(&request.body).map_err(wrong)?;
            let done = run.ask(move |session| grant(session, wish)).await?;
            done.map(|()| Answer::Json(json!({}))).map_err(Answer::Wrong)
        }
        (true, path @ ("check" | "load")) => {
            let text = String::from_utf8(request.body).map_err(wrong)?;
            let load = path == "load";
            Ok(Answer::Json(run.ask(move |session| program(session, text, load)).await?))
        }
        (true, _) => Err(Answer::Missing),
    }
}

fn wrong(error: impl std::fmt::Display) -> Answer {
    Answer::Wrong(error.to_string())
}

/// A number of a query such as `after=3&line=1`.
fn number(query: &str, name: &str) -> Result<Option<usize>, Answer> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let text = pairs.filter(|(known, _)| *known == name).map(|(_, text)| text).next();
    text.map(|text| text.parse().map_err(|_| wrong(format!("{name} is no number: {text}"))))
        .transpose()
}

/// What stays the same until the run starts anew.
fn world(session: &Session) -> Json {
    let (scenario, world) = (session.scenario(), session.world());
    let ids: Vec<String> =
        (0..world.len()).filter_map(|device| world.id(device)).map(ToString::to_string).collect();
    let colors: Vec<Json> =
        scenario.map.colors.iter().map(|(text, color)| json!([text, color.to_string()])).collect();
    let Text { name, text } = session.text();
    json!({
        "title": scenario.map.title.as_ref().unwrap_or(&scenario.name),
        "unit": scenario.map.unit,
        "length": scenario.map.length,
        "colors": colors,
        "ids": ids,
        "obstacles": session.obstacles(),
        "seed": scenario.seed,
        "period": scenario.schedule.period().seconds(),
        "program": { "name": name, "text": text },
    })
}

fn series(session: &Session) -> Json {
    let series = session.series();
    json!({ "key": series.shown().to_string(), "samples": series.of(series.shown()) })
}

/// Carries out a wish.
fn grant(session: &mut Session, wish: Wish) -> Result<(), String> {
    let command = match wish {
        Wish::Play => Command::Play,
        Wish::Pause => Command::Pause,
        Wish::Speed(speed) => Command::Speed(speed.unwrap_or(f64::INFINITY)),
        Wish::Event => Command::StepEvent,
        Wish::Step => Command::StepPeriod,
        Wish::Seek(t) => Command::Seek(micros(t)?),
        Wish::Peek(t) => Command::Peek(micros(t)?),
        Wish::Show(key) => Command::Show(key.parse::<Key>()?),
        Wish::Restart { seed } => Command::Restart(seed),
        Wish::Change(change) => Command::Change(intervention(session.world(), change)?),
    };
    session.command(command).map_err(|error| error.to_string())
}

fn micros(seconds: f64) -> Result<Micros, String> {
    match (0.0..1e9).contains(&seconds) {
        true => Ok(Micros((seconds * 1e6).round() as u64)),
        false => Err(format!("{seconds} s is no time of a run")),
    }
}

fn intervention(world: &World, change: Change) -> Result<Intervention, String> {
    let id = |device: usize| {
        world.id(device).cloned().ok_or_else(|| format!("there is no device number {device}"))
    };
    Ok(match change {
        Change::Set { device, name, value } => {
            let value: Reading = json::from_json(&value)?;
            Intervention::Set { device: id(device)?, name, value }
        }
        Change::Move { device, to } => {
            if !(2..=3).contains(&to.len()) || to.iter().any(|x| !x.is_finite()) {
                return Err("a place has two or three finite coordinates".to_owned());
            }
            Intervention::Move { device: id(device)?, to }
        }
        Change::Crash { device } => {
            let fault = DeviceFault::Crash { keeps: false };
            Intervention::Fault { device: id(device)?, fault, lasting: None }
        }
        Change::Revive { device } => Intervention::Revive { device: id(device)? },
        Change::Cut { a, b } => Intervention::Cut { a: id(a)?, b: id(b)? },
        Change::Restore { a, b } => Intervention::Restore { a: id(a)?, b: id(b)? },
    })
}

/// What is to be said of a program; runs it from the start if that is wanted and it has no errors.
fn program(session: &mut Session, text: String, load: bool) -> Json {
    let scenario = session.scenario();
    let name = session.text().name.clone();
    let (loaded, findings) = match load_edited(&scenario.program, &text, &scenario.path) {
        Ok(Loaded { program, findings, .. }) => (Some(program), findings),
        Err(LoadError::Program(diagnostics)) => (None, diagnostics.0),
        Err(error) => return json!({ "loaded": false, "error": error.to_string() }),
    };
    let told: Vec<Json> = findings.iter().map(|finding| diagnostic(finding, &name)).collect();
    let good = loaded.is_some();
    if let Some(program) = loaded.filter(|_| load)
        && let Err(error) = session.command(Command::Load(program, Text { name, text }))
    {
        return json!({ "loaded": false, "error": error.to_string() });
    }
    json!({ "loaded": good && load, "good": good, "findings": told })
}

fn diagnostic(diagnostic: &Diagnostic, program: &str) -> Json {
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        _ => "warning",
    };
    let place = diagnostic.span.as_ref().filter(|span| span.source.name == program).map(|span| {
        let (line, column) = span.source.position(span.start);
        let (end_line, end_column) = span.source.position(span.end);
        json!({ "line": line, "column": column, "endLine": end_line, "endColumn": end_column })
    });
    json!({
        "code": diagnostic.code.to_string(),
        "severity": severity,
        "message": diagnostic.message,
        "text": diagnostic.render(false),
        "place": place,
    })
}
