//! Loading programs with the library and with folders of modules.

use fieldrun_lang::{Diagnostic, Diagnostics, LoadOptions, ModuleSource, Program, Source, load};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Functions that hosts carry out for programs, with the published spellings (P11): managed
/// services start and stop, `announce` tells people.
pub const HOST_FUNCTIONS: [&str; 7] = [
    "startService",
    "stopService",
    "restartService",
    "startProcess",
    "stopProcess",
    "restartProcess",
    "announce",
];

/// Deepest folder below a module folder that is searched for suggestions.
const MAX_FOLDER_DEPTH: usize = 6;
/// Most files that are listed for suggestions.
const MAX_LISTED: usize = 2_000;

/// Modules from folders, then from the embedded library, then from the folder of the program.
///
/// A module `a:b:c` is the file `a/b/c.pt` under one of the folders; folders win over the embedded
/// library, earlier ones over later ones.
#[derive(Clone, Debug, Default)]
pub struct Library {
    /// Searched before the embedded library.
    pub folders: Vec<PathBuf>,
    /// Searched last: where the program itself stands.
    pub program_folder: Option<PathBuf>,
}

impl Library {
    fn file(folder: &Path, name: &str) -> Option<Arc<Source>> {
        let parts: Vec<&str> = name.split(':').collect();
        // A name comes from a program, which must not reach outside of the folder.
        if parts.iter().any(|part| part.is_empty() || part.contains(['/', '\\', '.'])) {
            return None;
        }
        let mut path = folder.join(parts.join("/"));
        path.set_extension("pt");
        let text = std::fs::read_to_string(&path).ok()?;
        Some(Source::new(path.display().to_string(), text))
    }
}

impl ModuleSource for Library {
    fn module(&self, name: &str) -> Option<Arc<Source>> {
        let from_folders = self.folders.iter().find_map(|folder| Self::file(folder, name));
        let embedded = || {
            let text = crate::module(name)?;
            Some(Source::new(format!("{}.pt", name.replace(':', "/")), text))
        };
        let beside = || Self::file(self.program_folder.as_deref()?, name);
        from_folders.or_else(embedded).or_else(beside)
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = crate::modules().map(|(name, _)| name.to_owned()).collect();
        // The classic names are the last resort of the 2015 dialect.
        names.sort_by_key(|name| name.starts_with("fieldrun:classic"));
        for folder in &self.folders {
            list(folder, "", MAX_FOLDER_DEPTH, &mut names);
        }
        names
    }
}

/// Adds the modules below a folder, in the order of their names.
fn list(folder: &Path, prefix: &str, depth: usize, names: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut entries: Vec<PathBuf> = entries.filter_map(|e| e.ok().map(|e| e.path())).collect();
    entries.sort();
    for path in entries {
        if names.len() >= MAX_LISTED {
            return;
        }
        let Some(stem) = path.file_stem().and_then(|s| s.to_str()) else { continue };
        let name = if prefix.is_empty() { stem.to_owned() } else { format!("{prefix}:{stem}") };
        if path.extension().is_some_and(|e| e == "pt") {
            names.push(name);
        } else if depth > 0 && path.is_dir() {
            list(&path, &name, depth - 1, names);
        }
    }
}

/// A program that loaded, and what is worth saying about it.
#[derive(Debug)]
pub struct Loaded {
    /// Ready to run.
    pub program: Arc<Program>,
    /// Warnings and notices.
    pub findings: Vec<Diagnostic>,
    /// The modules that are not of the embedded library, by name, with their texts.
    pub modules: BTreeMap<String, String>,
}

/// Why a program did not load.
#[derive(Debug)]
pub enum LoadError {
    /// The file cannot be read.
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The text has errors.
    Program(Diagnostics),
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File { path, error } => {
                let remedy = match error.kind() {
                    ErrorKind::IsADirectory => "\n  name a file in it, such as program.pt",
                    ErrorKind::InvalidData => "\n  save it as UTF-8 text",
                    ErrorKind::NotFound => "\n  is the name right, and the folder?",
                    _ => "",
                };
                write!(f, "cannot read the program {}: {error}{remedy}", path.display())
            }
            Self::Program(diagnostics) => diagnostics.fmt(f),
        }
    }
}

impl std::error::Error for LoadError {}

/// Loads a program from a file; modules come from `folders`, the embedded library, and the folder
/// of the file.
///
/// # Errors
/// The file cannot be read, or the program has errors.
pub fn load_file(path: &Path, folders: &[PathBuf]) -> Result<Loaded, LoadError> {
    let text = read(path).map_err(|error| LoadError::File { path: path.to_owned(), error })?;
    load_edited(path, &text, folders)
}

/// Loads a program as [`load_file`] does, but with this text instead of the one in the file.
///
/// # Errors
/// The program has errors.
pub fn load_edited(path: &Path, text: &str, folders: &[PathBuf]) -> Result<Loaded, LoadError> {
    let program_folder = path.parent().map(Path::to_owned);
    let library = Library { folders: folders.to_vec(), program_folder };
    load_with(&path.display().to_string(), text, library)
}

/// The text of a file; says where it is no text.
fn read(path: &Path) -> std::io::Result<String> {
    String::from_utf8(std::fs::read(path)?).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let lines = error.as_bytes().iter().take(good).filter(|byte| **byte == b'\n').count();
        let message =
            format!("it is not UTF-8 text: see line {}, byte {good} of the file", lines + 1);
        std::io::Error::new(ErrorKind::InvalidData, message)
    })
}

/// Loads a program from a text.
///
/// # Errors
/// The program has errors.
pub fn load_text(name: &str, text: &str, folders: &[PathBuf]) -> Result<Loaded, LoadError> {
    load_with(name, text, Library { folders: folders.to_vec(), program_folder: None })
}

fn load_with(name: &str, text: &str, library: Library) -> Result<Loaded, LoadError> {
    let library = Arc::new(Noting { library, taken: Mutex::default() });
    let options = LoadOptions {
        modules: library.clone(),
        host_functions: HOST_FUNCTIONS.iter().map(|name| (*name).to_owned()).collect(),
        dialect: false,
    };
    let program = load(&Source::new(name, text), &options).map_err(LoadError::Program)?;
    let findings = program.findings.clone();
    let modules = library.taken.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(Loaded { program: Arc::new(program), findings, modules })
}

/// Notes which modules came from folders.
struct Noting {
    library: Library,
    taken: Mutex<BTreeMap<String, String>>,
}

impl ModuleSource for Noting {
    fn module(&self, name: &str) -> Option<Arc<Source>> {
        let source = self.library.module(name)?;
        if crate::module(name) != Some(source.text.as_str()) {
            let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            taken.insert(name.to_owned(), source.text.clone());
        }
        Some(source)
    }

    fn names(&self) -> Vec<String> {
        self.library.names()
    }
}
