//! Names to what they mean: modules, imports, functions, variables.

mod check;
mod dialect;
mod expr;
mod modules;
mod names;
mod scope;

use crate::checks::{self, Allowances};
use crate::diag::{DiagCode, Diagnostic, Diagnostics, Severity};
use crate::program::{Program, Unit};
use crate::source::Source;
use modules::Loader;
use rustc_hash::FxHashMap;
use std::hash::Hasher;
use std::sync::Arc;

/// Where the texts of modules come from: the embedded library, folders, a test's own table.
pub trait ModuleSource {
    /// The text of a module such as `protelis:coord:spreading`, if there is one.
    fn module(&self, name: &str) -> Option<Arc<Source>>;

    /// The names of all modules, for suggestions and for the 2015 dialect, which finds library
    /// functions without an import: earlier modules win.
    fn names(&self) -> Vec<String>;
}

/// No modules at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoModules;

impl ModuleSource for NoModules {
    fn module(&self, _name: &str) -> Option<Arc<Source>> {
        None
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// How to load a program, and the texts that it evaluates while it runs.
#[derive(Clone)]
pub struct LoadOptions {
    /// Where modules come from.
    pub modules: Arc<dyn ModuleSource + Send + Sync>,
    /// Functions that the host carries out, such as `stopService`: callable by these names and as
    /// methods of `self`.
    pub host_functions: Arc<[String]>,
    /// Reads the 2015 dialect without being asked by the text.
    pub dialect: bool,
}

impl LoadOptions {
    pub(crate) fn is_host_function(&self, name: &str) -> bool {
        self.host_functions.iter().any(|known| known == name)
    }
}

impl std::fmt::Debug for LoadOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoadOptions")
            .field("host_functions", &self.host_functions)
            .finish_non_exhaustive()
    }
}

/// Warnings about lines that are read otherwise than they look: often the cause of an error.
const MISREADINGS: [DiagCode; 4] = [
    DiagCode::UnusedFunction,
    DiagCode::NoIndexing,
    DiagCode::ContinuedMinus,
    DiagCode::ContinuedCall,
];

/// Loads a program: reads the text and every module it needs, and resolves all names.
///
/// # Errors
/// All findings, if at least one is an error. Warnings of a good program are in
/// [`Program::findings`].
pub fn load(source: &Arc<Source>, options: &LoadOptions) -> Result<Program, Diagnostics> {
    let mut findings = Vec::new();
    let (unit, allowances) = load_unit(source, options, &mut findings);
    let mut diagnostics = Diagnostics(findings);
    if diagnostics.has_errors() {
        // What else is worth saying can wait until the program is whole.
        let explains = |d: &Diagnostic| MISREADINGS.contains(&d.code);
        diagnostics.0.retain(|d| d.severity == Severity::Error || explains(d));
        in_order(&mut diagnostics.0, source);
        return Err(diagnostics);
    }
    let warnings = checks::check(&unit, &options.host_functions, &diagnostics.0);
    diagnostics.0.extend(warnings);
    allowances.apply(&mut diagnostics.0);
    in_order(&mut diagnostics.0, source);
    Ok(Program::new(unit, options.clone(), diagnostics.0))
}

/// In the order of the text: the program first, then its modules by name.
fn in_order(findings: &mut [Diagnostic], program: &Arc<Source>) {
    findings.sort_by_cached_key(|finding| {
        let span = finding.span.as_ref()?;
        Some((!Arc::ptr_eq(&span.source, program), span.source.name.clone(), span.start))
    });
}

pub(crate) fn load_unit(
    source: &Arc<Source>,
    options: &LoadOptions,
    findings: &mut Vec<Diagnostic>,
) -> (Unit, Allowances) {
    let mut loader = Loader::new(options, findings);
    loader.load_main(source);
    let (functions, allowances) = loader.finish();
    let by_identity: FxHashMap<_, _> = functions
        .functions
        .iter()
        .zip(0..)
        .map(|(code, id)| (code.identity, crate::program::FunctionId(id)))
        .collect();
    (Unit { by_identity, ..functions }, allowances)
}

/// A 64-bit hash of texts that is the same on every platform and in every version.
pub(crate) fn stable_hash(parts: &[&str]) -> u64 {
    let mut hasher = crate::eval::StableHasher::default();
    for part in parts {
        hasher.write_u64(part.len() as u64);
        hasher.write(part.as_bytes());
    }
    hasher.finish()
}
