//! One authority after another, while the cluster runs.
//!
//! 1. [`rotate`] makes a new authority beside the old: `ca.pem` holds both, and nodes that have it
//!    accept certificates of either. From then on the new one signs.
//! 2. Every node gets a new certificate, in any order, while all others still accept the old ones.
//! 3. [`finish`] drops the old authority.

use super::authority::{self, Authority};
use super::issue::left_behind;
use super::{CaError, Files, Validity, issued, none_exists, revoke, self_signed};
use crate::files::{self, FileError};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Makes a new authority beside the one in `dir`. The new one signs from now on.
///
/// # Errors
/// When there is no authority, a rotation is under way, or the folder is not writable.
pub fn rotate(dir: &Path, validity: Validity, now: SystemTime) -> Result<Files, CaError> {
    let (old, _lock) = authority::open(dir, now)?;
    if old.members.len() > 1 {
        let text = "a rotation is under way; end it with `fieldrun ca rotate --finish`";
        return Err(CaError::Rotation(text.to_owned()));
    }
    let files = Files { certificate: dir.join("ca.pem"), key: dir.join("next.key") };
    none_exists([&files.key])?;
    let (pem, key) = self_signed(&old.cluster, validity)?;
    let mut bundle = files::read_limited(&files.certificate, super::MAX_PEM)?;
    if bundle.last() != Some(&b'\n') {
        bundle.push(b'\n');
    }
    bundle.extend(pem.as_bytes());
    files::create_new(&files.key, key.serialize_pem().as_bytes(), 0o600)?;
    if let Err(error) = files::replace(&files.certificate, &bundle, 0o644) {
        // A key without a certificate would be in the way of everything else.
        let _ = std::fs::remove_file(&files.key);
        return Err(error.into());
    }
    revoke::write(dir, &Authority::load(dir, now)?, &issued::load(dir)?, now)?;
    Ok(files)
}

/// What the end of a rotation left.
#[derive(Clone, Debug, Serialize)]
pub struct Rotation {
    /// The certificate of the one authority that is left.
    pub certificate: PathBuf,
    /// Where the key of the old one lies now.
    pub retired_key: PathBuf,
    /// Nodes whose certificate is of the old authority and ends with it.
    pub left_behind: Vec<String>,
}

/// Ends a rotation: only the new authority is left. Refused while nodes have no certificate of the
/// new one, unless `force`.
///
/// # Errors
/// When no rotation is under way, or nodes would be left behind.
pub fn finish(dir: &Path, force: bool, now: SystemTime) -> Result<Rotation, CaError> {
    let (both, _lock) = authority::open(dir, now)?;
    let [old, _] = both.members.as_slice() else {
        let text = "no rotation is under way; begin one with `fieldrun ca rotate`";
        return Err(CaError::Rotation(text.to_owned()));
    };
    let all = issued::load(dir)?;
    let behind = left_behind(&both, &all, now);
    if !behind.is_empty() && !force {
        let nodes = behind.join(", ");
        let text = format!(
            "nodes that have no certificate of the new authority yet: {nodes}; renew theirs with \
             `fieldrun ca renew`, or shut them out with `--force`"
        );
        return Err(CaError::Rotation(text));
    }
    let certificate = dir.join("ca.pem");
    let mark: String = old.info.fingerprint.chars().take(8).collect();
    let retired_key = dir.join(format!("retired-{mark}.key"));
    none_exists([&retired_key])?;
    let bundle = files::read_limited(&certificate, super::MAX_PEM)?;
    let bundle = String::from_utf8_lossy(&bundle);
    let newest = bundle.rfind("-----BEGIN CERTIFICATE-----").unwrap_or(0);
    let pem = bundle.get(newest..).unwrap_or_default();
    // The order makes an interruption harmless: keys are found by what they belong to, and a
    // certificate without a key says so.
    files::replace(&certificate, pem.as_bytes(), 0o644)?;
    let moved = |from: &Path, to: &Path| {
        std::fs::rename(from, to).map_err(|error| FileError::new("move", from, error))
    };
    moved(&dir.join("ca.key"), &retired_key)?;
    moved(&dir.join("next.key"), &dir.join("ca.key"))?;
    revoke::write(dir, &Authority::load(dir, now)?, &all, now)?;
    Ok(Rotation { certificate, retired_key, left_behind: behind })
}
