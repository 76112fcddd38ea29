//! Files that must survive a crash, and secrets that only their owner may read.
//!
//! A small state file is one line of text with a checksum in front:
//! `fieldrun-state CHECKSUM PAYLOAD`. It is replaced as a whole (write aside, sync, rename), so a
//! crash leaves the old or the new one. A file that does not check is moved aside to `*.corrupt`
//! and treated as absent.

use ring::rand::SecureRandom;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Largest state file that is read, in bytes.
const MAX_STATE: u64 = 4096;

/// A file operation that failed: which, where and why.
#[derive(Debug, Error)]
#[error("cannot {operation} {}: {source}", path.display())]
pub struct FileError {
    /// What was tried, as a verb.
    pub operation: &'static str,
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl FileError {
    pub(crate) fn new(operation: &'static str, path: &Path, source: io::Error) -> Self {
        Self { operation, path: path.to_owned(), source }
    }
}

/// Creates a file that must not exist yet.
///
/// # Errors
/// When it exists or cannot be written.
pub(crate) fn create_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    let fail = |error| FileError::new("create", path, error);
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(fail)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(fail)
}

/// Replaces a file as a whole (write aside, sync, rename): a crash leaves the old or the new one.
///
/// # Errors
/// When the folder is not writable or full; the old file is still there then.
pub(crate) fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    let fail = |error| FileError::new("write", path, error);
    let aside = path.with_added_extension("new");
    // What a crash left there; it may have another mode.
    let _ = fs::remove_file(&aside);
    let written = create_new(&aside, bytes, mode).map_err(|error| fail(error.source));
    let replaced = written.and_then(|()| fs::rename(&aside, path).map_err(fail));
    replaced.inspect_err(|_| {
        // On a full disk what was begun is in the way.
        let _ = fs::remove_file(&aside);
    })?;
    // The rename itself is durable only once the folder is.
    path.parent().map_or(Ok(()), |folder| {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(fail)
    })
}

/// Reads a file of at most `max` bytes.
///
/// # Errors
/// When it cannot be read or is larger.
pub(crate) fn read_limited(path: &Path, max: u64) -> Result<Vec<u8>, FileError> {
    let fail = |error| FileError::new("read", path, error);
    let file = File::open(path).map_err(fail)?;
    let mut bytes = Vec::new();
    file.take(max.saturating_add(1)).read_to_end(&mut bytes).map_err(fail)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > max {
        let text = format!("it is larger than {max} bytes");
        return Err(fail(io::Error::new(io::ErrorKind::FileTooLarge, text)));
    }
    Ok(bytes)
}

/// What was found in place of a state file.
#[derive(Debug, PartialEq, Eq)]
pub enum Stored {
    /// The payload that was written.
    Payload(String),
    /// No such file.
    Absent,
    /// The file did not check; it now lies at this path.
    Corrupt(PathBuf),
}

/// Reads a state file; one that does not check is moved aside.
///
/// # Errors
/// When the file exists and cannot be read, or cannot be moved aside.
pub fn load_state(path: &Path) -> Result<Stored, FileError> {
    let bytes = match read_limited(path, MAX_STATE) {
        Ok(bytes) => bytes,
        Err(error) if error.source.kind() == io::ErrorKind::NotFound => return Ok(Stored::Absent),
        Err(error) if error.source.kind() == io::ErrorKind::FileTooLarge => Vec::new(),
        Err(error) => return Err(error),
    };
    if let Some(payload) = check_state(&bytes) {
        return Ok(Stored::Payload(payload.to_owned()));
    }
    let aside = path.with_added_extension("corrupt");
    fs::rename(path, &aside).map_err(|error| FileError::new("move aside", path, error))?;
    Ok(Stored::Corrupt(aside))
}

/// Replaces a state file as a whole; only its owner may read it.
///
/// # Errors
/// When the folder is not writable or full.
pub fn store_state(path: &Path, payload: &str) -> Result<(), FileError> {
    let line = format!("fieldrun-state {} {payload}\n", checksum(payload));
    replace(path, line.as_bytes(), 0o600)
}

fn check_state(bytes: &[u8]) -> Option<&str> {
    let line = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
    let (sum, payload) = line.strip_prefix("fieldrun-state ")?.split_once(' ')?;
    (sum == checksum(payload)).then_some(payload)
}

fn checksum(payload: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, payload.as_bytes());
    hex(digest.as_ref().get(..8).unwrap_or_default())
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The inverse of [`hex`].
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    (0..text.len()).step_by(2).map(digits).collect()
}

/// The number of this start of the daemon: one more than the last, beginning with 1.
///
/// A peer prefers the higher incarnation, so a restarted daemon is never mistaken for its past.
///
/// # Errors
/// When the number cannot be made durable: a daemon that cannot say which start it is must not run.
pub fn next_incarnation(state_dir: &Path) -> Result<u64, FileError> {
    let path = state_dir.join("incarnation");
    let last = match load_state(&path)? {
        Stored::Payload(text) => text.parse().ok(),
        Stored::Absent => Some(0),
        Stored::Corrupt(aside) => {
            tracing::warn!(moved_to = %aside.display(), "the incarnation file was corrupt");
            None
        }
    };
    // Without a trustworthy number the wall clock is the best lower bound for "later than before".
    let next = last.map_or_else(|| crate::clock::wall_millis() / 1_000, |last: u64| last + 1);
    store_state(&path, &next.to_string())?;
    Ok(next)
}

/// Bytes of the key of stateless resets.
const RESET_KEY_BYTES: usize = 32;

/// The key of QUIC's stateless resets: who has it can end this node's links. Never shown in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct ResetKey([u8; RESET_KEY_BYTES]);

impl ResetKey {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for ResetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResetKey(secret)")
    }
}

/// The key of QUIC's stateless resets. It outlives the process, so that a peer which still talks to
/// the dead one is told so in a round trip by its successor.
///
/// # Errors
/// When the folder is not usable, or the system has no random numbers.
pub fn reset_key(state_dir: &Path) -> Result<ResetKey, FileError> {
    let path = state_dir.join("reset-key");
    match load_state(&path)? {
        Stored::Payload(text) => {
            if let Some(key) = parse_key(&text) {
                return Ok(key);
            }
        }
        Stored::Corrupt(aside) => {
            tracing::warn!(moved_to = %aside.display(), "the reset key file was corrupt");
        }
        Stored::Absent => {}
    }
    let mut key = [0; RESET_KEY_BYTES];
    ring::rand::SystemRandom::new().fill(&mut key).map_err(|_| {
        FileError::new("make a key for", &path, io::Error::other("no random numbers"))
    })?;
    store_state(&path, &hex(&key))?;
    Ok(ResetKey(key))
}

fn parse_key(text: &str) -> Option<ResetKey> {
    unhex(text)?.try_into().ok().map(ResetKey)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn incarnations_rise_over_restarts_and_survive_corruption() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(next_incarnation(dir.path()).unwrap(), 1);
        assert_eq!(next_incarnation(dir.path()).unwrap(), 2);
        let path = dir.path().join("incarnation");
        let text = fs::read_to_string(&path).unwrap().replace(" 2\n", " 3\n");
        fs::write(&path, text).unwrap();
        assert!(next_incarnation(dir.path()).unwrap() > 2, "a corrupt number never goes back");
        assert!(dir.path().join("incarnation.corrupt").exists());
    }

    #[test]
    fn the_reset_key_is_private_and_stays() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let first = reset_key(dir.path()).unwrap();
        assert_eq!(reset_key(dir.path()).unwrap(), first);
        assert_ne!(first.0, [0; RESET_KEY_BYTES]);
        assert_eq!(format!("{first:?}"), "ResetKey(secret)");
        let mode = fs::metadata(dir.path().join("reset-key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn an_unwritable_folder_refuses_the_start() {
        let error = next_incarnation(Path::new("/proc/none")).unwrap_err();
        assert!(error.to_string().contains("/proc/none/incarnation"), "{error}");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_in_a_state_file_are_survived(bytes in proptest::collection::vec(0u8.., 0..200)) {
            let _ = check_state(&bytes);
            let _ = parse_key(&String::from_utf8_lossy(&bytes));
        }
    }
}
