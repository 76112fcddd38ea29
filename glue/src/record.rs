//! What is written down of a service, so that the next daemon finds it again (requirement A.2,
//! "boot": adopted, never doubled, never restarted).

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::durable::{self, Loaded};
use crate::machine::{Found, Memory};
use crate::process::{self, ProcessId};
use crate::spec::{ServiceSpec, StopSignal};
use crate::status::{Desired, Fault, Status, micros};

/// The format of the file; another one is not read.
const FORMAT: u32 = 1;

/// How the names of state files end.
const STATE_SUFFIX: &str = ".service.json";

/// The content of a state file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    format: u32,
    /// Process numbers and times mean something only within this boot.
    boot: String,
    /// The mark of the last run; written before its process is made.
    pub(crate) mark: Option<String>,
    pub(crate) process: Option<ProcessId>,
    status: Status,
    fault: Fault,
    desired: Desired,
    latched: bool,
    failures_us: Vec<u64>,
    starts: u64,
    start_duration_us: Option<u64>,
    last_error: Option<String>,
}

impl Record {
    pub(crate) fn new(
        boot: &str,
        mark: Option<String>,
        process: Option<ProcessId>,
        (status, fault): (Status, Fault),
        memory: Memory,
    ) -> Self {
        Self {
            format: FORMAT,
            boot: boot.to_owned(),
            mark,
            process,
            status,
            fault,
            desired: memory.desired,
            latched: memory.latched,
            failures_us: memory.failures.iter().copied().map(micros).collect(),
            starts: memory.starts,
            start_duration_us: memory.start_duration.map(micros),
            last_error: memory.last_error,
        }
    }
}

/// Where the files of a service are.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    pub(crate) state: PathBuf,
    pub(crate) log: PathBuf,
}

impl Files {
    pub(crate) fn of(id: &str, folder: &Path) -> Self {
        Self {
            state: folder.join(format!("{id}{STATE_SUFFIX}")),
            log: folder.join(format!("{id}.log")),
        }
    }
}

/// What a new daemon starts from.
#[derive(Debug, Default)]
pub(crate) struct Past {
    pub(crate) memory: Memory,
    pub(crate) mark: Option<String>,
    pub(crate) process: Option<ProcessId>,
    pub(crate) found: Option<Found>,
}

/// Reads what an earlier daemon wrote and looks what is left of it.
///
/// # Errors
/// When the file exists and cannot be read; a damaged one is put aside with a warning.
pub(crate) fn past(spec: &ServiceSpec, file: &Path, boot: &str) -> std::io::Result<Past> {
    let fresh = Past {
        memory: Memory {
            desired: if spec.autostart { Desired::Up } else { Desired::Down },
            ..Memory::default()
        },
        ..Past::default()
    };
    match durable::load::<Record>(file)? {
        Loaded::Missing => Ok(without_record(fresh, spec, file)),
        Loaded::Quarantined(aside) => {
            tracing::warn!(service = %spec.id, aside = %aside.display(),
                "the state file was damaged and is put aside");
            Ok(without_record(fresh, spec, file))
        }
        Loaded::Value(record) if record.format != FORMAT => {
            tracing::warn!(service = %spec.id, "the state file has an unknown format; ignored");
            Ok(without_record(fresh, spec, file))
        }
        Loaded::Value(record) => Ok(remembered(record, boot)),
    }
}

/// Nothing is written of a service; its process may live on all the same.
fn without_record(fresh: Past, spec: &ServiceSpec, file: &Path) -> Past {
    let Some(mark) = process::living_mark(&mark_prefix(&spec.id, file)) else { return fresh };
    let main = process::main_of(&mark);
    tracing::warn!(service = %spec.id, mark, "a process of it was found without a record");
    let found = match main {
        Some(_) => Found::Process(Status::Run),
        None => Found::Leftovers,
    };
    Past { mark: Some(mark), process: main, found: Some(found), ..fresh }
}

/// How the marks of a service's processes begin: its id and where its state is, so that services of
/// the same name under other daemons of the host are others.
pub(crate) fn mark_prefix(id: &str, file: &Path) -> String {
    let folder = file.parent().and_then(|folder| folder.canonicalize().ok()).unwrap_or_default();
    let place =
        folder.as_os_str().as_encoded_bytes().iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
    format!("{id}:{place:016x}:")
}

fn remembered(record: Record, boot: &str) -> Past {
    let same_boot = record.boot == boot;
    let memory = Memory {
        desired: record.desired,
        latched: record.latched,
        failures: if same_boot {
            record.failures_us.into_iter().map(Duration::from_micros).collect()
        } else {
            Vec::new()
        },
        starts: record.starts,
        start_duration: record.start_duration_us.map(Duration::from_micros),
        last_error: record.last_error,
    };
    let Some(mark) = record.mark.filter(|_| same_boot) else {
        return Past { memory, ..Past::default() };
    };
    let main = record.process.or_else(|| process::main_of(&mark));
    let found = match main {
        Some(main) if main.lives() => Some(Found::Process(record.status)),
        _ if !process::members(&mark, main).is_empty() => Some(Found::Leftovers),
        _ if record.status == Status::Hung => Some(Found::Hung(record.fault)),
        _ => None,
    };
    Past { memory, mark: Some(mark), process: main, found }
}

pub(crate) fn is_state_file(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|n| n.ends_with(STATE_SUFFIX))
}

/// Kills all processes of the service of a state file; says how many there were.
pub(crate) fn kill(file: &Path, boot: &str) -> std::io::Result<usize> {
    let Loaded::Value(record) = durable::load::<Record>(file)? else { return Ok(0) };
    let Some(mark) = record.mark.filter(|_| record.boot == boot) else { return Ok(0) };
    let killed = process::signal(&mark, record.process, StopSignal::Kill);
    Ok(killed.group.len() + killed.strays.len())
}

/// Writes records in the background: the newest wins, and a slow disk delays no supervision.
#[derive(Debug)]
pub(crate) struct Keeper {
    latest: watch::Sender<(u64, Option<Record>)>,
    written: watch::Receiver<u64>,
}

impl Keeper {
    /// Also returns the work itself, to be run as a task.
    pub(crate) fn new(file: PathBuf) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (latest, queue) = watch::channel((0, None));
        let (done, written) = watch::channel(0);
        (Self { latest, written }, write_all(file, queue, done))
    }

    /// Hands over what is to be written.
    pub(crate) fn keep(&self, record: Record) {
        self.latest.send_if_modified(|(number, latest)| {
            let changed = latest.as_ref() != Some(&record);
            if changed {
                *number += 1;
                *latest = Some(record);
            }
            changed
        });
    }

    /// Waits until the last record is written, or could not be.
    pub(crate) async fn flush(&self) {
        let number = self.latest.borrow().0;
        // An error means that the task has ended with the daemon.
        let _ = self.written.clone().wait_for(|written| *written >= number).await;
    }
}

async fn write_all(
    file: PathBuf,
    mut queue: watch::Receiver<(u64, Option<Record>)>,
    done: watch::Sender<u64>,
) {
    let mut warned = false;
    while queue.changed().await.is_ok() {
        let (number, record) = queue.borrow_and_update().clone();
        let target = file.clone();
        let work = tokio::task::spawn_blocking(move || durable::save(&target, &record));
        match work.await {
            Ok(Ok(())) => warned = false,
            Ok(Err(error)) if !warned => {
                warned = true;
                tracing::warn!(path = %file.display(), %error,
                    "cannot write the state of a service; it goes on, but a new daemon will not \
                     know it: make room on the disk");
            }
            Ok(Err(_)) | Err(_) => {}
        }
        done.send_replace(number);
    }
}
