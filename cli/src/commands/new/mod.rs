//! `fieldrun new`.

use crate::args::NewArgs;
use crate::output::{self, Failure, Outcome};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

const PROGRAM: &str = include_str!("program.pt");
const SCENARIO: &str = include_str!("scenario.toml");
/// The name of the program in the text of the scenario.
const PLACEHOLDER: &str = "program.pt";

/// Writes a program and its scenario, which run as they are.
pub(crate) fn new(args: &NewArgs) -> Outcome {
    let folder = args.name.as_path();
    let name = folder.file_name().and_then(|name| name.to_str()).ok_or_else(|| {
        Failure::usage(format!(
            "{} has no name for the files; write a folder such as swarm",
            folder.display()
        ))
    })?;
    let program = folder.join(format!("{name}.pt"));
    let scenario = folder.join(format!("{name}.toml"));
    // Both or none.
    if let Some(taken) = [&program, &scenario].into_iter().find(|file| file.exists()) {
        return Err(Failure::usage(format!(
            "{} exists already; choose another name, or remove it",
            taken.display()
        )));
    }
    std::fs::create_dir_all(folder).map_err(|error| {
        Failure::usage(format!("cannot make the folder {}: {error}", folder.display()))
    })?;
    write(&program, PROGRAM)?;
    write(&scenario, &SCENARIO.replace(PLACEHOLDER, &format!("{name}.pt")))?;
    output::text(&format!(
        "wrote {} and {}; next:\n  fieldrun sim {}\n",
        program.display(),
        scenario.display(),
        scenario.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let opened = OpenOptions::new().write(true).create_new(true).open(file);
    opened.and_then(|mut opened| opened.write_all(text.as_bytes())).map_err(|error| {
        Failure::failed(format!(
            "cannot write {}: {error}; may the folder be written?",
            file.display()
        ))
    })
}
