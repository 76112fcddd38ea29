//! The list of all certificates that an authority has issued.

use super::show::{ends_soon, unix_seconds};
use super::{CaError, CertificateInfo, Subject, garbled};
use crate::files;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;
use std::time::SystemTime;

/// The file in the authority's folder, one JSON object a line.
pub(super) const FILE: &str = "issued.jsonl";

/// Largest list that is read, in bytes: some ten thousand certificates.
const MAX_LIST: u64 = 16 << 20;

/// A certificate that was issued.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issued {
    /// The node that it names.
    pub node: String,
    /// The services that it names.
    pub services: Vec<String>,
    /// Its number, hexadecimal.
    pub serial: String,
    /// Valid from, in seconds since 1970.
    pub valid_from_seconds: i64,
    /// Valid until, in seconds since 1970.
    pub valid_until_seconds: i64,
    /// SHA-256 of the certificate, hexadecimal.
    pub fingerprint: String,
    /// SHA-256 of the authority's certificate that signed it, hexadecimal.
    pub authority: String,
    /// When it was revoked, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_seconds: Option<i64>,
    /// Why it was revoked, in the operator's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Issued {
    /// Notes a certificate that `authority` (a fingerprint) signed; `None` for one of no node.
    pub(super) fn of(info: &CertificateInfo, authority: &str) -> Option<Self> {
        let Subject::Node(who) = &info.subject else { return None };
        Some(Self {
            node: who.node.clone(),
            services: who.services.clone(),
            serial: info.serial.clone(),
            valid_from_seconds: info.valid_from_seconds,
            valid_until_seconds: info.valid_until_seconds,
            fingerprint: info.fingerprint.clone(),
            authority: authority.to_owned(),
            revoked_seconds: None,
            reason: None,
        })
    }

    /// Whether nodes would take it at `now` (seconds since 1970).
    pub(super) fn counts(&self, now: i64) -> bool {
        self.revoked_seconds.is_none() && now <= self.valid_until_seconds
    }
}

/// How a certificate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// In use, with time left.
    Valid,
    /// Less than a third of its time is left, and the node has no newer one: renew it.
    EndsSoon,
    /// The node has a newer one; this one still counts until its end, or until it is revoked.
    Renewed,
    /// Over, and the node has no newer one.
    Expired,
    /// On the list of those that nodes refuse.
    Revoked,
    /// Signed by the authority that a rotation replaces: renew it before the rotation is finished.
    OldAuthority,
}

/// A certificate with how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listing {
    /// The certificate.
    #[serde(flatten)]
    pub issued: Issued,
    /// How it stands.
    pub standing: Standing,
    /// The whole days that are left of it; negative when it is over.
    pub days_left: i64,
}

/// All certificates that the authority in `dir` has issued, in the order of their issue.
///
/// # Errors
/// When there is no authority, or a file of the folder is garbled.
pub fn list(dir: &Path, now: SystemTime) -> Result<Vec<Listing>, CaError> {
    let authority = super::authority::Authority::load(dir, now)?;
    let newest = authority.members.last().map(|member| member.info.fingerprint.clone());
    let all = load(dir)?;
    let seconds = unix_seconds(now);
    let listings = all.iter().enumerate().map(|(at, one)| {
        let later = all.get(at + 1..).unwrap_or_default();
        let newer = later.iter().any(|other| other.node == one.node && other.counts(seconds));
        let ends = ends_soon((one.valid_from_seconds, one.valid_until_seconds), seconds);
        let standing = match one {
            _ if one.revoked_seconds.is_some() => Standing::Revoked,
            _ if newer => Standing::Renewed,
            _ if !one.counts(seconds) => Standing::Expired,
            _ if Some(&one.authority) != newest.as_ref() => Standing::OldAuthority,
            _ if ends.is_some() => Standing::EndsSoon,
            _ => Standing::Valid,
        };
        let days_left = one.valid_until_seconds.saturating_sub(seconds).div_euclid(86_400);
        Listing { issued: one.clone(), standing, days_left }
    });
    Ok(listings.collect())
}

/// Reads the list; an authority that has issued nothing has none.
pub(super) fn load(dir: &Path) -> Result<Vec<Issued>, CaError> {
    let path = dir.join(FILE);
    let bytes = match files::read_limited(&path, MAX_LIST) {
        Ok(bytes) => bytes,
        Err(error) if error.source.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let text = String::from_utf8(bytes)
        .map_err(|_| garbled(&path, "list of certificates", "it is not UTF-8 text"))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty());
    let read = lines.map(|(at, line)| {
        serde_json::from_str(line).map_err(|error| {
            garbled(&path, "list of certificates", format!("line {}: {error}", at + 1))
        })
    });
    read.collect()
}

/// Replaces the list as a whole.
pub(super) fn store(dir: &Path, all: &[Issued]) -> Result<(), CaError> {
    let path = dir.join(FILE);
    let mut text = String::new();
    for one in all {
        let line = serde_json::to_string(one)
            .map_err(|error| garbled(&path, "list of certificates", error))?;
        text.push_str(&line);
        text.push('\n');
    }
    Ok(files::replace(&path, text.as_bytes(), 0o644)?)
}
