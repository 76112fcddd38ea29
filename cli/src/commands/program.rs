//! Commands about a program alone: `check`, `eval` and `disasm`.

use crate::args::{CheckArgs, DisasmArgs, EvalArgs};
use crate::output::{self, Failure, Outcome};
use fieldrun_device::host::Reading;
use fieldrun_device::{
    Clock, Device, DeviceConfig, Input, Limits, Micros, NodeId, Output, SensorFrame, json,
};
use fieldrun_lang::ModuleSource;
use fieldrun_stdlib::{Library, LoadError, Loaded, load_file, load_text};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Loads a program and prints what is worth saying about it.
pub(crate) fn load(path: &Path, folders: &[PathBuf]) -> Result<Loaded, Failure> {
    if let Some(missing) = folders.iter().find(|folder| !folder.is_dir()) {
        let missing = missing.display();
        return Err(Failure::usage(format!("--path {missing}: there is no such folder")));
    }
    let loaded = load_argument(path, folders).map_err(|error| match error {
        LoadError::Program(diagnostics) => Failure::usage(output::rendered(&diagnostics.0)),
        other => Failure::usage(other),
    })?;
    output::findings(&loaded.findings);
    Ok(loaded)
}

/// A program argument is a file, else a module such as `a:b`, else the text of a program.
fn load_argument(path: &Path, folders: &[PathBuf]) -> Result<Loaded, LoadError> {
    let text = path.to_string_lossy();
    let is_file = path.exists() || path.extension().is_some_and(|e| e == "pt");
    if is_file {
        return load_file(path, folders);
    }
    let library = Library { folders: folders.to_vec(), program_folder: None };
    match library.module(&text) {
        Some(source) => load_text(&source.name, &source.text, folders),
        // A word alone is rather a file name with a typing error than a program.
        None if text.chars().all(|c| c.is_alphanumeric() || "_-./:".contains(c)) => {
            load_file(path, folders)
        }
        None => load_text("argument", &text, folders),
    }
}

/// `fieldrun check PROGRAM.pt`.
pub(crate) fn check(args: &CheckArgs) -> Outcome {
    let loaded = load(&args.program, &args.path)?;
    if let Some(first) = loaded.findings.first() {
        output::say(&output::more_about(first));
    }
    Ok(ExitCode::SUCCESS)
}

/// `fieldrun disasm PROGRAM.pt`.
pub(crate) fn disasm(args: &DisasmArgs) -> Outcome {
    let loaded = load(&args.program, &args.path)?;
    let listing = fieldrun_lang::disassemble(&loaded.program);
    if !args.json {
        output::text(&listing.to_string())?;
        return Ok(ExitCode::SUCCESS);
    }
    let instruction = |instruction: &fieldrun_lang::Instruction| {
        let place = instruction.place.as_ref().map(fieldrun_lang::Span::place);
        serde_json::json!({ "text": instruction.text, "place": place })
    };
    let instructions: Vec<_> = listing.instructions.iter().map(instruction).collect();
    let object = serde_json::json!({
        "program": listing.program,
        "registers": listing.registers,
        "constants": listing.constants,
        "regions": listing.regions,
        "exports": listing.exports,
        "states": listing.states,
        "walked": listing.walked,
        "instructions": instructions,
    });
    output::line(&object.to_string())?;
    Ok(ExitCode::SUCCESS)
}

/// `fieldrun eval PROGRAM.pt --rounds N`: a lone device, a round each second of its logical clock.
pub(crate) fn eval(args: &EvalArgs) -> Outcome {
    let loaded = load(&args.program, &args.path)?;
    let env = args.env.iter().map(|text| variable(text)).collect::<Result<_, _>>()?;
    let sensors = SensorFrame { env, position: Some(vec![0.0, 0.0]) };
    let id = NodeId::Int(0);
    let config = DeviceConfig {
        clock: Clock::Logical,
        seed: args.seed,
        limits: Limits::deep(),
        ..DeviceConfig::new(id.clone(), loaded.program)
    };
    let mut device = Device::new(config);
    for round in 1..=args.rounds {
        let now = Micros(round * Micros::SECOND.0);
        device.handle(Input::Tick { now, sensors: &sensors }).map_err(Failure::failed)?;
        while let Some(output) = device.poll() {
            let report = match output {
                Output::Round(report) => report,
                Output::Actuate(action) => {
                    output::say(&format!("round {round}: the program asks for {}", action.name));
                    continue;
                }
                Output::Broadcast(_) | Output::WakeAt(_) => continue,
            };
            let value = report
                .result
                .map_err(|trap| Failure::usage(output::rendered(&[trap.diagnostic().clone()])))?;
            if args.json {
                let value = json::to_json(&value, &id);
                output::line(&serde_json::json!({ "round": round, "value": value }).to_string())?;
            } else {
                output::line(&format!("{round}\t{value}"))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// `key=JSON`.
pub(crate) fn variable(text: &str) -> Result<(String, Reading), Failure> {
    let bad = |why: String| {
        Failure::usage(format!(
            "--env {text}: {why}\n  write it like --env 'source=true', --env 'id=\"a\"' or --env 'xs=[1,2]'"
        ))
    };
    let (key, value) = text.split_once('=').ok_or_else(|| bad("there is no `=`".to_owned()))?;
    let parsed = serde_json::from_str(value)
        .map_err(|error| bad(format!("`{value}` is not JSON: {error}")))?;
    let reading = json::from_json(&parsed).map_err(bad)?;
    Ok((key.to_owned(), reading))
}
