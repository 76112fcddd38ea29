//! The cluster's certificate authority: `fieldrun ca`.
//!
//! The authority is a folder:
//!
//! ```text
//! ca.pem        what nodes trust: one certificate, two while the authority is being rotated
//! ca.key        its key, for its owner only; `next.key` that of the new one during a rotation
//! revoked.pem   what nodes must not trust any more: one signed list for each authority
//! issued.jsonl  every certificate that was issued, one JSON object a line
//! ```
//!
//! Both it and the nodes have Ed25519 keys; key files are never overwritten.
//!
//! * `authority`: loading the folder, and what signs; `issue`: certificates of nodes;
//! * `issued`: the list of them; `revoke`: revocation lists; `rotate`: one authority after another;
//! * `show`: what a certificate says.

mod authority;
mod issue;
mod issued;
mod revoke;
mod rotate;
mod show;

pub use issue::{Renewal, issue, renew};
pub use issued::{Issued, Listing, Standing, list};
pub(crate) use revoke::Lists;
pub use revoke::{Revocation, RevocationList, Which, revoke, show_revoked};
pub use rotate::{Rotation, finish, rotate};
pub use show::{CertificateInfo, Subject, show, show_all};
pub(crate) use show::{certificates, describe, garbled, read_certificate, unix_seconds};

use crate::files::{self, FileError};
use crate::identity::{self, NameError};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ED25519, SanType, SerialNumber,
};
use ring::rand::SecureRandom;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use thiserror::Error;

/// Largest PEM file that is read, in bytes.
pub(crate) const MAX_PEM: u64 = 256 * 1024;

const DAY: Duration = Duration::from_secs(86_400);

/// Why the authority could not do what was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CaError {
    /// A file or folder is not usable.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file is there already and holds something that must not be lost.
    #[error("{} exists already; keep it, or move it away first", .0.display())]
    Exists(PathBuf),
    /// The folder holds no authority.
    #[error("no cluster authority in {}; make one with `fieldrun ca init`", .0.display())]
    NoAuthority(PathBuf),
    /// A file is not what it should be.
    #[error("{} is no {expected}: {cause}", path.display())]
    Garbled {
        /// The file.
        path: PathBuf,
        /// What was expected in it.
        expected: &'static str,
        /// What is wrong.
        cause: String,
    },
    /// The authority's certificate is past its end.
    #[error("the authority {} expired on {until}; make a new one with `fieldrun ca init` in another folder", path.display())]
    Expired {
        /// The certificate's file.
        path: PathBuf,
        /// When it ended, in UTC.
        until: String,
    },
    /// A name breaks the rules.
    #[error(transparent)]
    Name(#[from] NameError),
    /// More services than a certificate may name.
    #[error("{0} services for one certificate; at most 256 fit, use several nodes")]
    TooManyServices(usize),
    /// Nothing that was issued fits what was asked for.
    #[error("no certificate of {what} is written down in {}; `fieldrun ca list` shows all", list.display())]
    NotIssued {
        /// Which certificate was looked for.
        what: String,
        /// The list of those issued.
        list: PathBuf,
    },
    /// A certificate that this authority did not sign, or has revoked.
    #[error("{} cannot be renewed: {cause}", path.display())]
    NotRenewable {
        /// The certificate's file.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// A rotation is under way, or none is.
    #[error("{0}")]
    Rotation(String),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers for a serial number")]
    NoRandomNumbers,
    /// The cryptographic library refused.
    #[error("cannot make a certificate: {0}")]
    Crypto(#[from] rcgen::Error),
}

/// From when and how long a certificate holds.
#[derive(Clone, Copy, Debug)]
pub struct Validity {
    /// Not valid before this time.
    pub from: SystemTime,
    /// Valid for so long.
    pub lifetime: Duration,
}

impl Validity {
    /// Valid from an hour before `now`, since clocks of hosts differ, for `days` after it.
    pub fn days(now: SystemTime, days: u32) -> Self {
        const SKEW: Duration = Duration::from_secs(3600);
        Self { from: now.checked_sub(SKEW).unwrap_or(now), lifetime: DAY * days + SKEW }
    }

    fn apply(self, params: &mut CertificateParams) {
        let from = self.from.duration_since(UNIX_EPOCH).unwrap_or_default();
        // Whole seconds, and within the years that a certificate can state.
        let end = Duration::from_secs(250_000_000_000);
        let second = |time: Duration| Duration::from_secs(time.min(end).as_secs());
        params.not_before = rcgen::date_time_ymd(1970, 1, 1) + second(from);
        params.not_after =
            rcgen::date_time_ymd(1970, 1, 1) + second(from.saturating_add(self.lifetime));
    }
}

/// Where a certificate and its key were written.
#[derive(Clone, Debug, Serialize)]
pub struct Files {
    /// The certificate, for everybody.
    pub certificate: PathBuf,
    /// The private key, for its owner.
    pub key: PathBuf,
}

/// Makes the authority of `cluster` in `dir` (created if needed), with an empty list of revoked
/// certificates.
///
/// # Errors
/// When a file exists, the folder is not writable, or the name breaks the rules.
pub fn init(dir: &Path, cluster: &str, validity: Validity) -> Result<Files, CaError> {
    identity::check_name("cluster", cluster)?;
    let files = Files { certificate: dir.join("ca.pem"), key: dir.join("ca.key") };
    none_exists([&files.certificate, &files.key, &dir.join(revoke::FILE)])?;
    std::fs::create_dir_all(dir).map_err(|error| FileError::new("create folder", dir, error))?;
    let _lock = authority::lock(dir)?;
    let (pem, key) = self_signed(cluster, validity)?;
    files::create_new(&files.key, key.serialize_pem().as_bytes(), 0o600)?;
    files::create_new(&files.certificate, pem.as_bytes(), 0o644)?;
    let now = validity.from;
    revoke::write(dir, &authority::Authority::load(dir, now)?, &issued::load(dir)?, now)?;
    Ok(files)
}

/// A new authority's certificate in PEM form, and its key.
fn self_signed(cluster: &str, validity: Validity) -> Result<(String, KeyPair), CaError> {
    let key = KeyPair::generate_for(&PKCS_ED25519)?;
    let mut params = CertificateParams::default();
    // Two authorities of one cluster must differ in name: a revocation list is found by it.
    let digest = ring::digest::digest(&ring::digest::SHA256, key.public_key_raw());
    let mark = files::hex(digest.as_ref().get(..4).unwrap_or_default());
    params.distinguished_name = common_name(&format!("fieldrun CA of {cluster} {mark}"));
    params.serial_number = Some(serial()?);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.subject_alt_names =
        vec![SanType::URI(identity::authority_uri(cluster).as_str().try_into()?)];
    validity.apply(&mut params);
    Ok((params.self_signed(&key)?.pem(), key))
}

fn common_name(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

/// A serial number that no other certificate has: 126 random bits behind two that make it positive
/// and of full length.
fn serial() -> Result<SerialNumber, CaError> {
    let mut bytes = [0; 16];
    ring::rand::SystemRandom::new().fill(&mut bytes).map_err(|_| CaError::NoRandomNumbers)?;
    if let Some(first) = bytes.first_mut() {
        *first = *first & 0x7f | 0x40;
    }
    Ok(SerialNumber::from_slice(&bytes))
}

/// Refuses to go on if any of the files is there.
fn none_exists<'p>(paths: impl IntoIterator<Item = &'p PathBuf>) -> Result<(), CaError> {
    match paths.into_iter().find(|path| path.exists()) {
        Some(path) => Err(CaError::Exists(path.clone())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
