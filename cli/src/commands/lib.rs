//! `fieldrun lib`.

use crate::args::{LibCardArgs, LibCommand, LibListArgs, LibShowArgs};
use crate::output::{self, Failure, Outcome};
use fieldrun_sim::SimError;
use fieldrun_sim::verify::{self as proof, Block, Card, Moving, Plan, Report, Subject, blocks};
use fieldrun_stdlib as library;
use fieldrun_stdlib::LibraryFunction;
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

pub(crate) fn lib(command: &LibCommand) -> Outcome {
    match command {
        LibCommand::List(args) => list(args),
        LibCommand::Show(args) => show(args),
        LibCommand::Card(args) => card(args),
    }
}

fn list(args: &LibListArgs) -> Outcome {
    let Some(name) = &args.module else { return list_modules(args.json) };
    let modules = library::find_modules(name);
    if modules.is_empty() {
        return Err(unknown("module", name));
    }
    let functions: Vec<LibraryFunction> =
        modules.iter().flat_map(|module| library::functions(module)).collect();
    let width = functions.iter().map(|f| f.signature.chars().count()).max().unwrap_or(0).min(48);
    let mut module = "";
    for function in functions {
        if args.json {
            output::line(&as_json(&function, false).to_string())?;
            continue;
        }
        if function.module != module && modules.len() > 1 {
            output::line(function.module)?;
        }
        module = function.module;
        output::line(&format!("{:width$}  {}", function.signature, function.headline()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn list_modules(json: bool) -> Outcome {
    for (module, _) in library::modules() {
        let count = library::functions(module).len();
        let headline = library::headline(&library::module_documentation(module));
        output::line(&if json {
            json!({ "module": module, "functions": count, "headline": headline }).to_string()
        } else {
            format!("{module:47} {count:3}  {headline}")
        })?;
    }
    Ok(ExitCode::SUCCESS)
}

fn show(args: &LibShowArgs) -> Outcome {
    let functions = library::find_functions(&args.name);
    match functions.as_slice() {
        [] => show_module(args),
        [function] if args.json => {
            output::line(&as_json(function, true).to_string())?;
            Ok(ExitCode::SUCCESS)
        }
        [function] => {
            output::line(&format!("{}\n", function.full_name()))?;
            output::line(&format!("{}\n\n{}", function.documentation(), function.text))?;
            Ok(ExitCode::SUCCESS)
        }
        several => Err(ambiguous(&args.name, several.iter().map(LibraryFunction::full_name))),
    }
}

fn show_module(args: &LibShowArgs) -> Outcome {
    let modules = library::find_modules(&args.name);
    let [module] = modules.as_slice() else {
        return Err(match modules.is_empty() {
            true => unknown("function or module", &args.name),
            false => ambiguous(&args.name, modules.into_iter().map(str::to_owned)),
        });
    };
    let text = library::module(module).unwrap_or("");
    if args.json {
        let names: Vec<&str> = library::functions(module).iter().map(|f| f.name).collect();
        let documentation = library::module_documentation(module);
        let object = json!({
            "module": module, "documentation": documentation, "functions": names, "text": text
        });
        output::line(&object.to_string())?;
    } else {
        output::text(text)?;
    }
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::indexing_slicing, reason = "a key that an object lacks is added to it")]
fn as_json(function: &LibraryFunction, whole: bool) -> serde_json::Value {
    let mut object = json!({
        "module": function.module,
        "name": function.name,
        "signature": function.signature,
        "headline": function.headline(),
    });
    if whole {
        object["documentation"] = json!(function.documentation());
        object["text"] = json!(function.text);
    }
    object
}

/// A name that means nothing, with the nearest that means something.
pub(crate) fn unknown(what: &str, name: &str) -> Failure {
    let near =
        library::nearest(name).map_or_else(String::new, |near| format!("did you mean {near}? "));
    Failure::usage(format!(
        "the library has no {what} {name}\n  {near}`fieldrun lib list` lists the modules, and \
         `fieldrun lib list MODULE` what is in them"
    ))
}

pub(crate) fn ambiguous(name: &str, names: impl Iterator<Item = String>) -> Failure {
    let names: Vec<String> = names.collect();
    Failure::usage(format!("{name} may mean several; name one of\n  {}", names.join("\n  ")))
}

/// Cases behind a card: of each kind of fault three.
const CARD_CASES: u64 = 27;
/// Cases in which errors are measured while devices move.
const MOVING_CASES: u64 = 5;

fn card(args: &LibCardArgs) -> Outcome {
    let chosen: Vec<&'static Block> = match &args.name {
        Some(name) => vec![super::verify::block(name)?],
        None => blocks().collect(),
    };
    let subjects: Vec<Subject> =
        chosen.iter().map(|block| super::verify::of_block(block, &[])).collect::<Result<_, _>>()?;
    let mut reports = Vec::new();
    for some in subjects.chunks(super::verify::threads()) {
        for measured in super::verify::at_once(some, measured) {
            reports.push(measured.map_err(Failure::usage)?);
        }
    }
    for (block, (report, moving)) in chosen.iter().zip(&reports) {
        let functions = library::find_functions(block.name);
        let documentation = functions.first().map(LibraryFunction::documentation);
        let documentation = documentation.unwrap_or_default();
        let card = Card { block, documentation, report, moving: *moving };
        match &args.out {
            _ if args.json => output::line(&card.json().to_string())?,
            Some(out) => write(out, &format!("{}.md", block.page()), &card.page())?,
            None => output::text(&card.page())?,
        }
    }
    if let (Some(out), None, false) = (&args.out, &args.name, args.json) {
        let reports = reports.iter().map(|(report, _)| report);
        let rows: Vec<_> = chosen.iter().copied().zip(reports).collect();
        write(out, "README.md", &proof::index(&rows))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn measured(subject: &Subject) -> Result<(Report, Option<Moving>), SimError> {
    let report =
        proof::verify(subject, Plan { seed: 1, cases: CARD_CASES, shrink: false }, &mut |_| {})?;
    Ok((
        report,
        proof::while_moving(subject, Plan { seed: 1, cases: MOVING_CASES, shrink: false })?,
    ))
}

fn write(folder: &Path, name: &str, page: &str) -> Result<(), Failure> {
    let file = folder.join(name);
    std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&file, page)).map_err(|error| {
        Failure::failed(format!("cannot write {}: {error}; choose another folder", file.display()))
    })
}
