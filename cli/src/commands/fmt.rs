//! `fieldrun fmt`.

use crate::args::FmtArgs;
use crate::output::{self, Failure, Outcome, exit};
use fieldrun_lang::Source;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Longest text that is read, in bytes; the parser takes less and says so.
const MAX_BYTES: u64 = 16 << 20;
/// Deepest folder that is searched below a given one.
const MAX_DEPTH: usize = 32;
/// Lines around a change that `--check` shows.
const CONTEXT: usize = 2;

/// A text that is laid out otherwise than it should be.
struct Change {
    name: String,
    old: String,
    new: String,
}

/// Every text is laid out before the first is written: one that cannot be read changes none.
pub(crate) fn fmt(args: &FmtArgs) -> Outcome {
    if args.files.iter().any(|path| path.as_os_str() == "-") {
        return standard_input(args);
    }
    let mut files = Vec::new();
    for path in &args.files {
        collect(path, MAX_DEPTH, &mut files).map_err(|e| unreadable(path, &e))?;
    }
    let mut changes = Vec::new();
    let mut failures = Vec::new();
    for path in files {
        let laid_out = File::open(&path)
            .and_then(read)
            .map_err(|error| unreadable(&path, &error))
            .and_then(|text| lay_out(&path.display().to_string(), text));
        match laid_out {
            Ok(change) => changes.extend(change.map(|change| (path, change))),
            Err(failure) => failures.push(failure.text),
        }
    }
    if !failures.is_empty() {
        return Err(Failure::usage(failures.join("\n\n")));
    }
    for (path, change) in &changes {
        if args.check {
            show(change)?;
        } else {
            replace(path, &change.new).map_err(|error| {
                Failure::failed(format!("cannot write {}: {error}", path.display()))
            })?;
            output::say(&format!("formatted {}", change.name));
        }
    }
    Ok(verdict(args, changes.len()))
}

fn standard_input(args: &FmtArgs) -> Outcome {
    if args.files.len() > 1 {
        let text = "`-` reads one program from standard input; give either `-` or files";
        return Err(Failure::usage(text));
    }
    let text = read(io::stdin().lock()).map_err(|error| unreadable(Path::new("-"), &error))?;
    let change = lay_out("standard input", text.clone())?;
    match &change {
        Some(change) if args.check => show(change)?,
        Some(change) => output::text(&change.new)?,
        None if args.check => {}
        None => output::text(&text)?,
    }
    Ok(verdict(args, change.iter().len()))
}

fn verdict(args: &FmtArgs, changes: usize) -> ExitCode {
    if args.check && changes > 0 { ExitCode::from(exit::FAILED) } else { ExitCode::SUCCESS }
}

/// The files that an argument means: itself, or the programs below a folder, in the order of names.
fn collect(path: &Path, depth: usize, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !fs::metadata(path)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut entries = fs::read_dir(path)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let path = entry.path();
        // A link could lead around in circles.
        if entry.file_type()?.is_dir() {
            if depth > 0 {
                collect(&path, depth - 1, files)?;
            }
        } else if path.extension().is_some_and(|e| e == "pt") {
            files.push(path);
        }
    }
    Ok(())
}

fn read(from: impl Read) -> io::Result<String> {
    let mut text = String::new();
    from.take(MAX_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("cannot read {}: {error}", path.display()))
}

/// What changes, if anything does.
fn lay_out(name: &str, old: String) -> Result<Option<Change>, Failure> {
    let source = Source::new(name, old);
    let new = fieldrun_lang::format(&source)
        .map_err(|errors| Failure::usage(errors.render(output::colour())))?;
    let changed = new != source.text;
    Ok(changed.then(|| Change { name: name.to_owned(), old: source.text.clone(), new }))
}

/// The lines that would change.
fn show(change: &Change) -> Result<(), Failure> {
    let lines = similar::TextDiff::from_lines(&change.old, &change.new);
    let mut diff = lines.unified_diff();
    let diff = diff.context_radius(CONTEXT).header(&change.name, "formatted");
    output::text(&diff.to_string())
}

/// Puts a new text in the place of the old one as a whole: written aside, then renamed.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    // A link stays one; what it points at is replaced.
    let path = fs::canonicalize(path)?;
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut aside = tempfile::NamedTempFile::new_in(folder)?;
    aside.write_all(text.as_bytes())?;
    aside.as_file().set_permissions(fs::metadata(&path)?.permissions())?;
    aside.as_file().sync_all()?;
    aside.persist(&path)?;
    Ok(())
}
