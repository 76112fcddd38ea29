//! Processes of services: making them, finding them again, waiting for them, signalling them.
//!
//! A service is a process group of its own, so that a signal reaches everything that it has
//! started. What leaves the group (a daemon that forks twice and makes its own session) is still
//! known by a mark in its environment. No process is tied to this daemon: its output goes to a
//! file, and nothing kills it when the daemon ends.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::process::{Child, Command};

use crate::spec::{ServiceSpec, StopSignal};

/// The environment entry that marks all processes of one run of one service.
const MARK: &str = "FIELDRUN_SERVICE_RUN";

/// How often to look whether a process has ended of which the system gives no handle (Linux before
/// 5.3, or a filter of system calls).
const LOOK_FOR_END: Duration = Duration::from_millis(20);

/// A process that cannot be confused with a later one of the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProcessId {
    pub(crate) pid: i32,
    /// When it began, in clock ticks since boot, as `/proc/PID/stat` has it.
    pub(crate) start: u64,
}

/// What `/proc/PID/stat` says of a process, as far as it is needed here.
struct Stat {
    zombie: bool,
    group: i32,
    start: u64,
}

fn stat(pid: i32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the name in parentheses and may itself contain anything.
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    Some(Stat {
        zombie: matches!(*fields.first()?, "Z" | "X"),
        group: fields.get(2)?.parse().ok()?,
        start: fields.get(19)?.parse().ok()?,
    })
}

impl ProcessId {
    /// The identity of a process that exists now.
    pub(crate) fn of(pid: i32) -> Option<Self> {
        stat(pid).map(|stat| Self { pid, start: stat.start })
    }

    /// Whether this very process still exists and has not ended.
    pub(crate) fn lives(self) -> bool {
        stat(self.pid).is_some_and(|stat| !stat.zombie && stat.start == self.start)
    }
}

/// The name of this boot of the host; process numbers mean nothing beyond it.
pub(crate) fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned())
}

/// Starts the service in a process group of its own, its output appended to `log`.
///
/// # Errors
/// Says which program could not be started and why.
pub(crate) fn spawn(spec: &ServiceSpec, mark: &str, log: &Path) -> Result<Child, String> {
    let Some((program, args)) = spec.exec.split_first() else {
        return Err("there is no start command".to_owned());
    };
    let output = OpenOptions::new().create(true).append(true).open(log);
    let output = output.map_err(|e| format!("cannot write {}: {e}", log.display()))?;
    let errors = output.try_clone().map_err(|e| format!("cannot write {}: {e}", log.display()))?;
    let mut command = Command::new(program);
    command.args(args).envs(&spec.env).env(MARK, mark);
    command.stdin(Stdio::null()).stdout(output).stderr(errors);
    command.process_group(0);
    if let Some(cwd) = &spec.cwd {
        command.current_dir(cwd);
    }
    command.spawn().map_err(|error| match missing(spec) {
        Some(problem) => problem,
        None => format!("cannot start `{program}`: {error}"),
    })
}

/// What is missing for a start of the service, if anything: its program or its folder.
pub(crate) fn missing(spec: &ServiceSpec) -> Option<String> {
    if let Some(cwd) = spec.cwd.as_ref().filter(|cwd| !cwd.is_dir()) {
        return Some(format!("the working directory {} does not exist", cwd.display()));
    }
    let program = spec.exec.first()?;
    let path = spec.env.get("PATH").cloned().or_else(|| std::env::var("PATH").ok());
    match find_program(program, path.as_deref().unwrap_or_default()) {
        Some(_) => None,
        None if program.contains('/') => {
            Some(format!("`{program}` does not exist or is not executable; check `exec`"))
        }
        None => Some(format!(
            "the program `{program}` is not found in PATH; install it or write its full path \
             in `exec`"
        )),
    }
}

fn find_program(program: &str, path: &str) -> Option<PathBuf> {
    let executable = |file: &PathBuf| {
        let access = rustix::fs::access(file, rustix::fs::Access::EXEC_OK);
        file.is_file() && access.is_ok()
    };
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(executable);
    }
    std::env::split_paths(path).map(|folder| folder.join(program)).find(executable)
}

/// The processes of one run of a service that have not ended.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Members {
    /// In the process group of the service.
    pub(crate) group: Vec<i32>,
    /// Outside of it, known by the mark.
    pub(crate) strays: Vec<i32>,
}

impl Members {
    pub(crate) fn is_empty(&self) -> bool {
        self.group.is_empty() && self.strays.is_empty()
    }
}

/// Finds the processes of the run with this mark and, once known, this main process.
pub(crate) fn members(mark: &str, main: Option<ProcessId>) -> Members {
    let mut members = Members::default();
    let entry = format!("{MARK}={mark}");
    // If the number of the main process was given to another one, the group is not ours.
    let ours = main.filter(|main| stat(main.pid).is_none_or(|stat| stat.start == main.start));
    let Ok(processes) = fs::read_dir("/proc") else { return members };
    for name in processes.flatten().map(|process| process.file_name()) {
        let Some(pid) = name.to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        let Some(stat) = stat(pid).filter(|stat| !stat.zombie) else { continue };
        if ours.is_some_and(|main| stat.group == main.pid) {
            members.group.push(pid);
        } else if carries(pid, &entry) {
            members.strays.push(pid);
        }
    }
    members
}

/// The main process of the run with this mark: the first of its group. Needed when a daemon died
/// after it had started the service and before it had written down the number.
pub(crate) fn main_of(mark: &str) -> Option<ProcessId> {
    let leads = |pid: &i32| stat(*pid).is_some_and(|stat| stat.group == *pid);
    members(mark, None).strays.into_iter().find(leads).and_then(ProcessId::of)
}

/// The mark of a living process whose mark begins so. Needed when the record of a service is lost:
/// a second copy of what still runs must not be started.
pub(crate) fn living_mark(prefix: &str) -> Option<String> {
    let entry = format!("{MARK}={prefix}");
    let processes = fs::read_dir("/proc").ok()?;
    let environments = processes.flatten().filter(|process| {
        let pid = process.file_name().to_str().and_then(|name| name.parse::<i32>().ok());
        pid.and_then(stat).is_some_and(|stat| !stat.zombie)
    });
    environments.filter_map(|process| fs::read(process.path().join("environ")).ok()).find_map(
        |environment| {
            let mut entries = environment.split(|byte| *byte == 0);
            let found = entries.find(|candidate| candidate.starts_with(entry.as_bytes()))?;
            let mark = found.get(MARK.len() + 1..)?;
            String::from_utf8(mark.to_vec()).ok()
        },
    )
}

fn carries(pid: i32, entry: &str) -> bool {
    // Unreadable: another user's, so not one of ours.
    let Ok(environment) = fs::read(format!("/proc/{pid}/environ")) else { return false };
    environment.split(|byte| *byte == 0).any(|candidate| candidate == entry.as_bytes())
}

/// Sends a signal to all processes of a run; returns what is left to be signalled.
pub(crate) fn signal(mark: &str, main: Option<ProcessId>, signal: StopSignal) -> Members {
    let members = members(mark, main);
    let signal = system_signal(signal);
    let group = main.filter(|_| !members.group.is_empty());
    if let Some(group) = group.and_then(|main| Pid::from_raw(main.pid)) {
        // ESRCH: they ended meanwhile.
        let _ = kill_process_group(group, signal);
        // A stopped process would sleep through everything but KILL (fault 3).
        let _ = kill_process_group(group, Signal::CONT);
    }
    for pid in &members.strays {
        signal_stray(*pid, mark, signal);
    }
    members
}

/// Through a handle, so that the number cannot pass to another process in between.
fn signal_stray(pid: i32, mark: &str, signal: Signal) {
    let Some(raw) = Pid::from_raw(pid) else { return };
    let Ok(handle) = pidfd_open(raw, PidfdFlags::empty()) else { return };
    if carries(pid, &format!("{MARK}={mark}")) {
        let _ = pidfd_send_signal(&handle, signal);
        let _ = pidfd_send_signal(&handle, Signal::CONT);
    }
}

fn system_signal(signal: StopSignal) -> Signal {
    match signal {
        StopSignal::Hup => Signal::HUP,
        StopSignal::Int => Signal::INT,
        StopSignal::Quit => Signal::QUIT,
        StopSignal::Term => Signal::TERM,
        StopSignal::Usr1 => Signal::USR1,
        StopSignal::Usr2 => Signal::USR2,
        StopSignal::Kill => Signal::KILL,
    }
}

/// The main process of a service, with the means to notice its end at once.
#[derive(Debug)]
pub(crate) enum Main {
    /// Started by this daemon.
    Own(ProcessId, Child),
    /// Started by an earlier daemon; without a handle where the system has none to give.
    Adopted(ProcessId, Option<AsyncFd<OwnedFd>>),
}

impl Main {
    /// The process that was just started.
    pub(crate) fn own(child: Child) -> Option<Self> {
        let pid = i32::try_from(child.id()?).ok()?;
        // A child that is not waited for keeps its entry, so this is there.
        ProcessId::of(pid).map(|id| Self::Own(id, child))
    }

    /// A process that an earlier daemon had started, if it still lives.
    pub(crate) fn adopt(id: ProcessId) -> Option<Self> {
        let handle = handle_of(id).ok();
        // The handle is for whoever has the number now; this says that it is still the one.
        id.lives().then_some(Self::Adopted(id, handle))
    }

    pub(crate) fn id(&self) -> ProcessId {
        match self {
            Self::Own(id, _) | Self::Adopted(id, _) => *id,
        }
    }

    /// Waits for its end and says how it ended. May be cancelled and called again.
    pub(crate) async fn ended(&mut self) -> String {
        match self {
            Self::Own(_, child) => match child.wait().await {
                Ok(status) => how_it_ended(status),
                Err(error) => format!("has ended, in an unknown way: {error}"),
            },
            Self::Adopted(id, handle) => {
                match handle {
                    // An error means that the handle is of no use; the process counts as ended.
                    Some(handle) => drop(handle.readable().await),
                    None => {
                        while id.lives() {
                            tokio::time::sleep(LOOK_FOR_END).await;
                        }
                    }
                }
                "has ended; how is unknown, since an earlier daemon had started it".to_owned()
            }
        }
    }
}

/// A handle that becomes readable when the process ends.
fn handle_of(id: ProcessId) -> io::Result<AsyncFd<OwnedFd>> {
    let pid = Pid::from_raw(id.pid).ok_or(io::ErrorKind::NotFound)?;
    let handle = pidfd_open(pid, PidfdFlags::empty())?;
    #[expect(
        deprecated,
        reason = "its replacement is an unsafe function that asks the caller for an open \
                  descriptor that stays the same; an OwnedFd is one"
    )]
    AsyncFd::with_interest(handle, Interest::READABLE)
}

fn how_it_ended(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with code {code}"),
        (None, Some(signal)) => format!("killed by signal {signal}"),
        (None, None) => "has ended".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_number_and_beginning() {
        let me = ProcessId::of(i32::try_from(std::process::id()).unwrap()).unwrap();
        assert!(me.lives());
        assert!(!ProcessId { start: me.start + 1, ..me }.lives());
        assert!(ProcessId::of(0).is_none());
    }

    #[test]
    fn programs_are_found_as_a_shell_finds_them() {
        let path = "/nowhere:/bin:/usr/bin";
        assert!(find_program("sh", path).is_some());
        assert!(find_program("/bin/sh", "").is_some());
        assert!(find_program("sh", "/nowhere").is_none());
        assert!(find_program("/etc/passwd", path).is_none(), "not executable");
        assert!(find_program("/bin", path).is_none(), "a folder");
        let spec = ServiceSpec::new("a", &["no-such-program-anywhere"]);
        assert!(missing(&spec).unwrap().contains("not found in PATH"));
    }

    #[test]
    fn the_boot_has_a_name() {
        assert_eq!(boot_id().len(), 36);
    }
}
