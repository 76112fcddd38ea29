//! Manifests: what was run, so that it can be run again from the manifest alone; and
//! `fieldrun repeat`, which does so and compares.

use super::sim;
use crate::args::{self, RepeatArgs};
use crate::output::{self, Failure, Outcome};
use fieldrun_sim::{Scenario, Summary};
use fieldrun_stdlib::Loaded;
use ring::digest::{Context, SHA256, digest};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The largest manifest that is read.
const MAX_BYTES: u64 = 1 << 30;

/// What was run, by whom, and what came of it.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    /// The version that ran it.
    fieldrun: String,
    /// The arguments after the name of the binary.
    arguments: Vec<String>,
    scenario: Input,
    program: Input,
    /// The program with all its modules, as devices compare it.
    fingerprint: String,
    /// Folders of modules that the scenario names.
    folders: Vec<PathBuf>,
    /// Modules that are not of the embedded library.
    modules: BTreeMap<String, String>,
    /// What the scenario reads besides.
    files: BTreeMap<String, Bytes>,
    seed: u64,
    host: Host,
    started_unix_s: u64,
    wall_s: f64,
    simulated_s: f64,
    device_rounds: u64,
    failed_rounds: u64,
    outputs: Vec<Produced>,
}

/// A text that was read.
#[derive(Debug, Serialize, Deserialize)]
struct Input {
    file: PathBuf,
    sha256: String,
    text: String,
}

/// What was read as bytes: a text where it is one.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Bytes {
    Text(String),
    Hex(String),
}

#[derive(Debug, Serialize, Deserialize)]
struct Host {
    name: String,
    system: String,
    processors: usize,
}

#[derive(Debug, Serialize, Deserialize)]
struct Produced {
    file: PathBuf,
    bytes: u64,
    sha256: String,
}

/// A run that is over.
pub(super) struct Ran<'a> {
    /// The scenario's file, as it was named.
    pub(super) named: &'a Path,
    pub(super) scenario: &'a Scenario,
    pub(super) loaded: &'a Loaded,
    pub(super) summary: &'a Summary,
    pub(super) wall: Duration,
    pub(super) outputs: Vec<PathBuf>,
}

/// Writes the manifest of a run.
pub(super) fn write(file: &Path, ran: Ran<'_>) -> Result<(), Failure> {
    let Ran { named, scenario, loaded, summary, wall, outputs } = ran;
    let text = sim::scenario_text(named)?;
    let folder = named.parent().unwrap_or_else(|| Path::new(""));
    let mut files = BTreeMap::new();
    for name in &scenario.files {
        let bytes = String::from_utf8(read(&folder.join(name))?);
        let bytes = bytes.map_or_else(|error| Bytes::Hex(hex(error.as_bytes())), Bytes::Text);
        files.insert(name.clone(), bytes);
    }
    let program = String::from_utf8_lossy(&read(&scenario.program)?).into_owned();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let outputs = outputs.into_iter().map(|file| {
        let (bytes, sha256) = hash_of(&file)?;
        Ok(Produced { file, bytes, sha256 })
    });
    let manifest = Manifest {
        fieldrun: env!("CARGO_PKG_VERSION").to_owned(),
        arguments: std::env::args().skip(1).collect(),
        scenario: Input::new(named, text),
        program: Input::new(&scenario.program, program),
        fingerprint: format!("{:016x}", loaded.program.fingerprint()),
        folders: scenario.path.clone(),
        modules: loaded.modules.clone(),
        files,
        seed: scenario.seed,
        host: Host::here(),
        started_unix_s: now.saturating_sub(wall).as_secs(),
        wall_s: wall.as_secs_f64(),
        simulated_s: summary.simulated.seconds(),
        device_rounds: summary.counts.events,
        failed_rounds: summary.counts.traps,
        outputs: outputs.collect::<Result<_, Failure>>()?,
    };
    let text = format!("{:#}\n", serde_json::json!(manifest));
    super::sweep::write_whole(file, text.as_bytes())
}

impl Input {
    fn new(file: &Path, text: String) -> Self {
        Self { file: file.to_owned(), sha256: sha256(text.as_bytes()), text }
    }
}

impl Host {
    fn here() -> Self {
        let name = rustix::system::uname();
        let text = |text: &std::ffi::CStr| text.to_string_lossy().into_owned();
        Self {
            name: text(name.nodename()),
            system: [name.sysname(), name.release(), name.machine()].map(text).join(" "),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// Runs what a manifest describes, from it alone, and compares what comes out.
pub(crate) fn repeat(args: &RepeatArgs) -> Outcome {
    let manifest = Manifest::read(&args.manifest)?;
    let mut again = args::sim_of(&manifest.arguments).ok_or_else(|| {
        Failure::usage(format!(
            "{}: its arguments are not those of `fieldrun sim`",
            args.manifest.display()
        ))
    })?;
    let inputs = args.out.join("inputs");
    again.scenario = Some(absolute(&manifest.unpack(&inputs)?)?);
    again.path = vec![absolute(&inputs.join("modules"))?];
    let ours = env!("CARGO_PKG_VERSION");
    if manifest.fieldrun != ours {
        let theirs = &manifest.fieldrun;
        output::say(&format!("note: it was run by fieldrun {theirs}, this is {ours}"));
    }
    // Outputs stand where they stood, below this folder.
    std::env::set_current_dir(&args.out).map_err(|error| broken(&args.out, "use", &error))?;
    again.redirect(inside);
    for output in &manifest.outputs {
        let file = inside(&output.file);
        let folder = file.parent().filter(|folder| *folder != Path::new(""));
        if let Some(folder) = folder {
            std::fs::create_dir_all(folder).map_err(|error| broken(folder, "make", &error))?;
        }
    }
    sim::sim(&again)?;
    manifest.compare()
}

impl Manifest {
    fn read(file: &Path) -> Result<Self, Failure> {
        let size = std::fs::metadata(file).map_err(|error| broken(file, "read", &error))?.len();
        if size > MAX_BYTES {
            return Err(Failure::usage(format!(
                "{} has {size} bytes: no manifest",
                file.display()
            )));
        }
        serde_json::from_slice(&read(file)?).map_err(|error| {
            Failure::usage(format!(
                "{} is no manifest: {error}; name the manifest.json that `fieldrun sim` wrote",
                file.display()
            ))
        })
    }

    /// Writes all that was read into a folder; the scenario, or the program if there was none.
    fn unpack(&self, folder: &Path) -> Result<PathBuf, Failure> {
        let scenario = place(folder, &self.scenario.file);
        let program = place(folder, &self.program.file);
        put(&program, self.program.text.as_bytes())?;
        if self.scenario.file != self.program.file {
            put(&scenario, self.scenario.text.as_bytes())?;
        }
        let beside = self.scenario.file.parent().unwrap_or_else(|| Path::new(""));
        for (name, bytes) in &self.files {
            let file = place(folder, &beside.join(name));
            match bytes {
                Bytes::Text(text) => put(&file, text.as_bytes())?,
                Bytes::Hex(hex) => put(
                    &file,
                    &unhex(hex).ok_or_else(|| {
                        Failure::usage(format!("the manifest holds no bytes of {name}"))
                    })?,
                )?,
            }
        }
        for (name, text) in &self.modules {
            let file = folder.join("modules").join(inside(Path::new(&name.replace(':', "/"))));
            put(&file.with_extension("pt"), text.as_bytes())?;
        }
        // Modules are in one folder now, but those that the scenario names have to be there.
        let named = self.folders.iter().map(|named| place(folder, named));
        for made in named.chain([folder.join("modules")]) {
            std::fs::create_dir_all(made).map_err(|error| broken(folder, "use", &error))?;
        }
        Ok(scenario)
    }

    fn compare(&self) -> Outcome {
        let mut same = true;
        for output in &self.outputs {
            let equal = hash_of(&inside(&output.file)).is_ok_and(|(_, now)| now == output.sha256);
            let verdict = if equal { "the same bytes" } else { "DIFFERS" };
            output::say(&format!("{}: {verdict}", output.file.display()));
            same &= equal;
        }
        if !same {
            return Err(Failure::failed("the run did not give what the manifest says"));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Where a file stands below a folder, deep enough for paths that lead upwards.
fn place(folder: &Path, path: &Path) -> PathBuf {
    const DEPTH: usize = 16;
    let mut parts: Vec<&std::ffi::OsStr> = vec!["0".as_ref(); DEPTH];
    for part in path.components() {
        match part {
            Component::Normal(name) => parts.push(name),
            Component::ParentDir => drop(parts.pop()),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    folder.join(parts.iter().collect::<PathBuf>())
}

/// A path below the current folder, whatever it was.
fn inside(path: &Path) -> PathBuf {
    path.components().filter(|part| matches!(part, Component::Normal(_))).collect()
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| broken(path, "find", &error))
}

fn put(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let folder = file.parent().unwrap_or_else(|| Path::new(""));
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(file, bytes));
    written.map_err(|error| broken(file, "write", &error))
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|error| broken(file, "read", &error))
}

fn broken(path: &Path, action: &str, error: &std::io::Error) -> Failure {
    Failure::usage(format!("cannot {action} {}: {error}", path.display()))
}

/// The size and hash of a file of any size.
fn hash_of(file: &Path) -> Result<(u64, String), Failure> {
    let mut context = Context::new(&SHA256);
    let mut opened = File::open(file).map_err(|error| broken(file, "read", &error))?;
    let mut block = vec![0; 1 << 16];
    let mut size = 0;
    loop {
        let read = opened.read(&mut block).map_err(|error| broken(file, "read", &error))?;
        if read == 0 {
            return Ok((size, hex(context.finish().as_ref())));
        }
        context.update(block.get(..read).unwrap_or_default());
        size += read as u64;
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pair = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    (0..text.len()).step_by(2).map(pair).collect()
}
