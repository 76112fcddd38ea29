//! `fieldrun trace`.

use super::{program, sim};
use crate::args::TraceArgs;
use crate::output::{Failure, Outcome};
use fieldrun_device::trace::{
    Absentee, CallSite, Own, Parting, Row, Shown, Site, SiteReport, Standing, Way, Why,
};
use fieldrun_device::{Layout, NodeId, ROUND_STACK};
use fieldrun_sim::{Flow, Moment, Observer, SimError, Tracing};
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// Most lines that are suggested when the named one shares nothing.
const SUGGESTED: usize = 12;

/// Most calls that are shown as the way to a place.
const CALLS: usize = 3;

/// Rounds of chosen devices, each with what it saw at a call site.
pub(crate) fn trace(args: &TraceArgs) -> Outcome {
    let scenario = sim::load_scenario(&args.scenario, args.seed, &args.path)?;
    let at = call_site(&args.at, &scenario.program)?;
    let pool = rayon::ThreadPoolBuilder::new().stack_size(ROUND_STACK);
    pool.build_global().map_err(Failure::usage)?;
    let loaded = program::load(&scenario.program, &scenario.path)?;
    let rounds = args.from..=args.from + args.rounds - 1;
    let devices = args.device.iter().map(|id| device(id)).collect();
    let tracing = Tracing { at, devices, rounds };
    let mut pages = Pages { json: args.json, shown: 0, sites: 0 };
    fieldrun_sim::trace(&scenario, &loaded.program, &tracing, &mut pages).map_err(|error| {
        match &error {
            SimError::Output { source, .. } if source.kind() == io::ErrorKind::BrokenPipe => {
                std::process::exit(0)
            }
            _ => Failure::usage(error),
        }
    })?;
    if pages.shown == 0 {
        let from = args.from;
        let text =
            format!("the run ends before round {from}: lower --from or run the scenario longer");
        return Err(Failure::usage(text));
    }
    if pages.sites == 0 {
        return Err(nothing_shared(&tracing.at, loaded.program.layout()));
    }
    Ok(ExitCode::SUCCESS)
}

/// `12` and `12:5` are lines of the program itself.
fn call_site(text: &str, program: &Path) -> Result<CallSite, Failure> {
    let own = text.chars().all(|c| c.is_ascii_digit() || c == ':');
    let whole = if own { format!("{}:{text}", program.display()) } else { text.to_owned() };
    whole.parse().map_err(|why| Failure::usage(format!("--at {text}: {why}")))
}

fn device(text: &str) -> NodeId {
    text.parse().map_or_else(|_| NodeId::Text(text.into()), NodeId::Int)
}

fn nothing_shared(at: &CallSite, layout: &Layout) -> Failure {
    let places = (0..layout.exports().len()).filter_map(|slot| layout.place(slot));
    let in_file = places.filter(|span| span.source.name.ends_with(&at.file));
    let lines: BTreeSet<usize> = in_file.map(fieldrun_lang::Span::line).collect();
    let lines: Vec<String> = lines.iter().take(SUGGESTED).map(usize::to_string).collect();
    let help = match lines.is_empty() {
        true => format!("no line of {} does; is that the name of a file of the program?", at.file),
        false => format!("lines of {} that do: {}", at.file, lines.join(", ")),
    };
    let line = at.line;
    Failure::usage(format!(
        "{}:{line}: in these rounds the line shares nothing with neighbours\n  {help}",
        at.file
    ))
}

/// Writes each round as a page.
struct Pages {
    json: bool,
    shown: usize,
    sites: usize,
}

impl Observer for Pages {
    fn event(&mut self, _: &Moment<'_>) -> Result<Flow, SimError> {
        Ok(Flow::Continue)
    }

    fn traced(&mut self, report: &SiteReport) -> Result<(), SimError> {
        let text = if self.json {
            // A report holds nothing that JSON lacks.
            serde_json::to_string(report).unwrap_or_default() + "\n"
        } else {
            page(report)
        };
        let gap = if self.shown > 0 && !self.json { "\n" } else { "" };
        self.shown += 1;
        self.sites += report.sites.len();
        let out = write!(io::stdout().lock(), "{gap}{text}");
        out.map_err(|source| SimError::Output { what: "trace", source })
    }
}

fn page(report: &SiteReport) -> String {
    let SiteReport { device, round, at, .. } = report;
    let mut lines = vec![format!("device {device}, round {round}, at {at:.1} s")];
    if report.sites.is_empty() {
        lines.push("  shares nothing here".to_owned());
    }
    let mut blocks: Vec<Vec<String>> =
        report.sites.iter().map(|site| block(report, site)).collect();
    // A function that is called in several places nobody came to says the same for each.
    blocks.dedup();
    lines.extend(blocks.into_iter().flatten());
    lines.extend(report.absent.iter().map(absent));
    if let Some(why) = &report.failed {
        lines.push(format!("  the round fails: {}", why.lines().next().unwrap_or_default()));
    }
    lines.join("\n") + "\n"
}

fn block(report: &SiteReport, site: &Site) -> Vec<String> {
    let mut lines = vec![format!("  {}  {}", site.place, site.text)];
    if !site.calls.is_empty() {
        lines.push(format!("  called at {}", calls(&site.calls)));
    }
    lines.extend(table(report, site));
    lines
}

/// The calls from the outside in; of a long way its ends.
fn calls(calls: &[String]) -> String {
    match calls {
        [first, .., last] if calls.len() > CALLS => {
            format!("{first} > … {} more … > {last}", calls.len() - 2)
        }
        _ => calls.join(" > "),
    }
}

/// Columns: device, age, round, value or why there is none.
fn table(report: &SiteReport, site: &Site) -> Vec<String> {
    let mut rows = vec![[
        format!("{} (own)", report.device),
        String::new(),
        format!("round {}", report.round),
        own(&site.own),
    ]];
    let nobody = |row: &Row| matches!(row.standing, Standing::Elsewhere(None));
    if matches!(site.own, Own::NotReached(_)) && site.neighbors.iter().all(nobody) {
        let device = &report.device;
        return vec![format!("    {device} (own)  {}; nor is a neighbour", own(&site.own))];
    }
    rows.extend(site.neighbors.iter().map(|row| {
        let age = format!("{:.1} s old", row.age);
        [name(&row.id), age, format!("round {}", row.round), standing(row)]
    }));
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let [first, second, third] = [width(0), width(1), width(2)];
    rows.iter()
        .map(|[device, age, round, value]| {
            format!("    {device:<first$}  {round:<third$}  {age:>second$}  {value}")
        })
        .collect()
}

fn name(id: &serde_json::Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

fn own(own: &Own) -> String {
    match own {
        Own::Shared(value) => value.text.clone(),
        Own::Present => "is here".to_owned(),
        Own::NotReached(Some(parting)) => format!("is not here: {parting}"),
        Own::NotReached(None) => "is not here".to_owned(),
    }
}

fn standing(row: &Row) -> String {
    let value = |value: &Option<Shown>| value.as_ref().map(|value| value.text.clone());
    match &row.standing {
        Standing::Aligned(shared) => value(shared).unwrap_or_else(|| "is here too".to_owned()),
        Standing::Apart(ways) => format!("not aligned, {}", apart(ways)),
        Standing::OtherKey(key) => format!("not aligned, it lacks the key {}", key.text),
        Standing::OtherProgram => {
            "not aligned, other program: it runs another text or version".to_owned()
        }
        Standing::Incomplete => {
            "not aligned, its message changes one that was lost; it is repeated soon".to_owned()
        }
        Standing::NotSent => "not aligned, it sent nothing here".to_owned(),
        Standing::Elsewhere(shared) => match value(shared) {
            Some(value) => format!("({value})"),
            None => "not here either".to_owned(),
        },
    }
}

fn apart(ways: &[Parting]) -> String {
    match ways {
        [only] => match &only.here {
            Way::Branch(outcome) => format!("other branch: {only}, {} there", !outcome),
            Way::Function(_) => format!("other function: {only}"),
            Way::Key(_) => format!("other key: it lacks the {only}"),
        },
        several => {
            let several: Vec<String> = several.iter().map(Parting::to_string).collect();
            format!("other way at one of: {}", several.join("; "))
        }
    }
}

fn absent(device: &Absentee) -> String {
    let why = match &device.why {
        Why::Expired { silent, period } => {
            format!("expired: silent for {silent:.1} s, with rounds {period:.1} s apart")
        }
        Why::Left => format!("left, or its link broke, {:.1} s ago", device.since),
        Why::Undecodable { error, count } => {
            format!("undecodable: {count} of its messages were refused; {error}")
        }
    };
    format!("  no neighbour: {}, {why}", name(&device.id))
}
