//! `fieldrun verify`.

use super::{lib, program};
use crate::args::VerifyArgs;
use crate::output::{self, Failure, Outcome, exit};
use fieldrun_sim::SimError;
use fieldrun_sim::scenario::parse_time;
use fieldrun_sim::verify::{
    self as proof, Block, Failure as Fails, Plan, Promise, Report, Subject, Summed, WrongCase,
    blocks,
};
use fieldrun_stdlib::{LibraryFunction, find_functions, load_text};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Cases of a block when nobody says how many.
const CASES: u64 = 36;
/// A time as a budget stands for so many cases a second, whatever the machine: the count decides
/// what is found, never the clock.
const CASES_PER_SECOND: u64 = 50;

pub(crate) fn verify(args: &VerifyArgs) -> Outcome {
    if args.list {
        return list();
    }
    let subjects = subjects(args)?;
    let cases = cases(args, subjects.len() as u64)?;
    let mut failed = 0;
    let plan = Plan { seed: args.seed, cases, shrink: true };
    for some in subjects.chunks(threads()) {
        let reports = at_once(some, |subject| proof::verify(subject, plan, &mut |_| {}));
        for (subject, report) in some.iter().zip(reports) {
            let report = report.map_err(Failure::usage)?;
            failed += u64::from(report.failure.is_some());
            tell(args, subject, &report)?;
        }
    }
    if subjects.len() > 1 && !args.json {
        let passed = subjects.len() as u64 - failed;
        output::line(&format!("{passed} of {} passed", subjects.len()))?;
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(exit::FAILED) })
}

/// How many subjects are put to the test at once.
pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Something of each, in their order, all at the same time.
pub(crate) fn at_once<T: Send>(
    subjects: &[Subject],
    of: impl Fn(&Subject) -> Result<T, SimError> + Sync,
) -> Vec<Result<T, SimError>> {
    std::thread::scope(|scope| {
        let of = &of;
        let started: Vec<_> =
            subjects.iter().map(|subject| scope.spawn(move || of(subject))).collect();
        // A panic goes on here as it would have without threads.
        let over = |done: std::thread::ScopedJoinHandle<'_, _>| match done.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        started.into_iter().map(over).collect()
    })
}

fn list() -> Outcome {
    for block in blocks() {
        output::line(&format!("{:57} {}", block.name, block.call.replace('\n', "; ")))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn cases(args: &VerifyArgs, subjects: u64) -> Result<u64, Failure> {
    let Some(budget) = &args.budget else { return Ok(CASES) };
    if let Ok(cases) = budget.parse::<u64>() {
        return Ok(cases.max(1));
    }
    let time = parse_time(budget).map_err(|why| {
        Failure::usage(format!(
            "--budget {budget}: {why}; write a number of cases, such as 100, or a time, such as 30s"
        ))
    })?;
    Ok(((time.seconds() * CASES_PER_SECOND as f64) as u64 / subjects.max(1)).max(1))
}

fn subjects(args: &VerifyArgs) -> Result<Vec<Subject>, Failure> {
    let Some(name) = &args.subject else {
        return blocks().map(|block| of_block(block, &args.path)).collect();
    };
    let path = Path::new(name);
    if path.exists() || path.extension().is_some_and(|e| e == "pt") {
        let loaded = program::load(path, &args.path)?;
        let block = args.like.as_deref().map(block).transpose()?;
        return Ok(vec![Subject { name: name.clone(), program: loaded.program, block }]);
    }
    Ok(vec![of_block(block(name)?, &args.path)?])
}

pub(crate) fn block(name: &str) -> Result<&'static Block, Failure> {
    let functions = find_functions(name);
    match functions.as_slice() {
        [] => Err(lib::unknown("function", name)),
        [one] => proof::find(&one.full_name()).ok_or_else(|| {
            Failure::usage(format!(
                "{} has no plain algorithm to be held to\n  `fieldrun verify --list` lists the functions \
                 that have; a program that applies it can be verified by itself: fieldrun verify program.pt",
                one.full_name()
            ))
        }),
        several => Err(lib::ambiguous(name, several.iter().map(LibraryFunction::full_name))),
    }
}

pub(crate) fn of_block(block: &'static Block, folders: &[PathBuf]) -> Result<Subject, Failure> {
    let loaded = load_text("program.pt", &block.program(), folders).map_err(Failure::usage)?;
    Ok(Subject { name: block.name.to_owned(), program: loaded.program, block: Some(block) })
}

fn tell(args: &VerifyArgs, subject: &Subject, report: &Report) -> Result<(), Failure> {
    let scenario = match &report.failure {
        Some(Fails::Wrong(wrong)) => Some(Written::new(args, subject, wrong)?),
        _ => None,
    };
    if args.json {
        return output::line(&as_json(subject, report, scenario.as_ref()).to_string());
    }
    match (&report.failure, &scenario) {
        (None, _) => output::line(&format!("{:57} {}", subject.name, figures(subject, report))),
        (Some(Fails::Wrong(wrong)), Some(written)) => fails(subject, report, wrong, written),
        (Some(_), _) => output::line(&format!(
            "{:57} fails: it is documented to keep what faults leave, but recovered in all of {} cases",
            subject.name, report.struck
        )),
    }
}

fn figures(subject: &Subject, report: &Report) -> String {
    if subject.block.is_some_and(|block| block.promise == Promise::Remembers) {
        return format!(
            "passes: right from a fresh start; keeps what faults leave, as documented ({} of {} cases)",
            report.kept, report.struck
        );
    }
    let Summed { median, most, .. } = report.summed(None);
    format!(
        "passes {} cases; right {median} rounds after the last fault, {most} at most",
        report.cases
    )
}

fn fails(
    subject: &Subject,
    report: &Report,
    wrong: &WrongCase,
    written: &Written,
) -> Result<(), Failure> {
    output::line(&format!("{:57} FAILS in {}", subject.name, wrong.found.title()))?;
    if wrong.found != wrong.case {
        output::line(&format!("made smaller: {}", wrong.case.title()))?;
    }
    if wrong.wrong.is_empty() {
        output::line("  values never rest, though nothing befalls the network")?;
    }
    for wrong in &wrong.wrong {
        let (device, found) = (wrong.device, &wrong.found);
        output::line(&format!(
            "  device {device} ends at {found}; right would be {}",
            wrong.wanted
        ))?;
    }
    output::line(&format!("\n{}", written.text))?;
    output::say(&format!(
        "stopped after {} of its cases\nwrote {}; to see it: fieldrun sim {}",
        report.cases,
        written.file.display(),
        written.file.display()
    ));
    Ok(())
}

#[expect(clippy::indexing_slicing, reason = "a key that an object lacks is added to it")]
fn as_json(subject: &Subject, report: &Report, written: Option<&Written>) -> serde_json::Value {
    let all = report.summed(None);
    let mut object = json!({
        "subject": subject.name,
        "passes": report.failure.is_none(),
        "self_stabilising": subject.block.is_none_or(|block| block.promise == Promise::Heals),
        "cases": report.cases,
        "with_faults": report.struck,
        "kept_faults": report.kept,
        "rounds": { "median": all.median, "most": all.most, "most_per_hop": all.most_per_hop },
        "bytes_a_message": all.bytes,
        "steps_a_round": all.steps,
    });
    if let (Some(Fails::Wrong(wrong)), Some(written)) = (&report.failure, written) {
        let devices = wrong.wrong.iter().map(
            |wrong| json!({ "device": wrong.device, "found": wrong.found, "wanted": wrong.wanted }),
        );
        object["found"] = json!(wrong.found.title());
        object["smallest"] = json!(wrong.case.title());
        object["wrong"] = json!(devices.collect::<Vec<_>>());
        object["scenario"] = json!(written.text);
        object["file"] = json!(written.file);
    }
    object
}

/// The scenario file of a failing case, with the program beside it.
struct Written {
    file: PathBuf,
    text: String,
}

impl Written {
    fn new(args: &VerifyArgs, subject: &Subject, wrong: &WrongCase) -> Result<Self, Failure> {
        let stem = match subject.block.filter(|_| !subject.name.ends_with(".pt")) {
            Some(block) => block.name.replace([':', '.'], "-"),
            None => Path::new(&subject.name)
                .file_stem()
                .map_or_else(|| "program".to_owned(), |stem| stem.to_string_lossy().into_owned()),
        };
        let write = |file: &Path, text: &str| {
            std::fs::create_dir_all(&args.out).and_then(|()| std::fs::write(file, text)).map_err(
                |error| {
                    Failure::failed(format!(
                        "cannot write {}: {error}; choose another folder with --out",
                        file.display()
                    ))
                },
            )
        };
        let program = match subject.block.filter(|_| !subject.name.ends_with(".pt")) {
            Some(block) => {
                let name = format!("{stem}.pt");
                write(&args.out.join(&name), &block.program())?;
                name
            }
            None => absolute(Path::new(&subject.name))?,
        };
        let folders = args.path.iter().map(|folder| absolute(folder));
        let folders: Vec<String> = folders.collect::<Result<_, _>>()?;
        let text = wrong.scenario(&program, &folders, &[wrong.case.title()]);
        let file = args.out.join(format!("{stem}.toml"));
        write(&file, &text)?;
        Ok(Self { file, text })
    }
}

/// A path as it is found from everywhere.
fn absolute(path: &Path) -> Result<String, Failure> {
    let path = std::path::absolute(path).map_err(Failure::failed)?;
    Ok(path.to_string_lossy().into_owned())
}
