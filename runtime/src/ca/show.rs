//! What a certificate says.

use super::{CaError, MAX_PEM};
use crate::clock::utc;
use crate::files;
use crate::identity::{Identity, IdentityError, Names};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Serialize;
use std::fmt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Certificates that one file may hold: an authority, and another while it is being rotated.
const MAX_BUNDLE: usize = 4;

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CertificateInfo {
    /// Whose certificate it is.
    #[serde(flatten)]
    pub subject: Subject,
    /// Its number, hexadecimal; no other certificate of the authority has it.
    pub serial: String,
    /// Valid from, in UTC.
    pub valid_from: String,
    /// Valid until, in UTC.
    pub valid_until: String,
    /// Valid from, in seconds since 1970.
    pub valid_from_seconds: i64,
    /// Valid until, in seconds since 1970.
    pub valid_until_seconds: i64,
    /// Whether it is valid at the time of the question.
    pub valid_now: bool,
    /// The whole days that are left of it at that time; negative when it is over.
    pub days_left: i64,
    /// SHA-256 of the certificate, hexadecimal.
    pub fingerprint: String,
}

/// Whose certificate it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Subject {
    /// A cluster's authority.
    Authority {
        /// The cluster.
        cluster: String,
    },
    /// A node.
    Node(Identity),
}

impl CertificateInfo {
    /// The days that are left of it at `now` (seconds since 1970), if that is less than a third of
    /// its whole time: then it is time to renew it.
    pub fn ends_soon(&self, now: i64) -> Option<i64> {
        ends_soon((self.valid_from_seconds, self.valid_until_seconds), now)
    }
}

/// The days that are left of a validity, if that is less than a third of the whole.
pub(super) fn ends_soon((from, until): (i64, i64), now: i64) -> Option<i64> {
    let left = until.saturating_sub(now);
    (left < until.saturating_sub(from) / 3).then_some(left.div_euclid(86_400))
}

impl fmt::Display for CertificateInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.subject {
            Subject::Authority { cluster } => writeln!(f, "authority    of cluster {cluster}")?,
            Subject::Node(who) => {
                writeln!(f, "node         {} of cluster {}", who.node, who.cluster)?;
                let none = who.services.is_empty();
                let services = if none { "none".to_owned() } else { who.services.join(", ") };
                writeln!(f, "publishes    {}, services: {services}", who.node)?;
            }
        }
        let remark = match self.valid_now {
            true => format!("  ({} days left)", self.days_left),
            false => "  (not valid now)".to_owned(),
        };
        writeln!(f, "valid        {} to {}{remark}", self.valid_from, self.valid_until)?;
        writeln!(f, "serial       {}", self.serial)?;
        write!(f, "fingerprint  {}", self.fingerprint)
    }
}

/// Reads what a PEM file's first certificate says, as of `now`.
///
/// # Errors
/// When the file cannot be read or holds no certificate of ours.
pub fn show(path: &Path, now: SystemTime) -> Result<CertificateInfo, CaError> {
    let der = read_certificate(path)?;
    describe(&der, now).map_err(|cause| garbled(path, "fieldrun certificate", cause))
}

/// Reads what all certificates of a PEM file say, as of `now`.
///
/// # Errors
/// When the file cannot be read, or holds none or another than ours.
pub fn show_all(path: &Path, now: SystemTime) -> Result<Vec<CertificateInfo>, CaError> {
    let described = certificates(path)?.into_iter().map(|der| describe(&der, now));
    described.collect::<Result<_, _>>().map_err(|why| garbled(path, "fieldrun certificate", why))
}

/// What a certificate says, as of `now`.
pub(crate) fn describe(
    der: &CertificateDer<'_>,
    now: SystemTime,
) -> Result<CertificateInfo, IdentityError> {
    let (_, parsed) = X509Certificate::from_der(der)
        .map_err(|error| IdentityError::Encoding(error.to_string()))?;
    let names = Names::of(&parsed)?;
    let subject = match &names.authority_of {
        Some(cluster) if parsed.is_ca() => Subject::Authority { cluster: cluster.clone() },
        _ => Subject::Node(names.into_identity()?),
    };
    let (from, until) =
        (parsed.validity().not_before.timestamp(), parsed.validity().not_after.timestamp());
    let now = unix_seconds(now);
    Ok(CertificateInfo {
        subject,
        serial: hex_serial(parsed.raw_serial()),
        valid_from: utc(from),
        valid_until: utc(until),
        valid_from_seconds: from,
        valid_until_seconds: until,
        valid_now: (from..=until).contains(&now),
        days_left: until.saturating_sub(now).div_euclid(86_400),
        fingerprint: fingerprint(der),
    })
}

/// A serial number as text; the byte that only says "positive" is left out.
pub(super) fn hex_serial(bytes: &[u8]) -> String {
    match bytes {
        [0, rest @ ..] if !rest.is_empty() => files::hex(rest),
        all => files::hex(all),
    }
}

/// SHA-256 of a certificate, hexadecimal.
pub(super) fn fingerprint(der: &[u8]) -> String {
    files::hex(ring::digest::digest(&ring::digest::SHA256, der).as_ref())
}

/// Seconds since 1970.
pub(crate) fn unix_seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Reads the first certificate of a PEM file.
pub(crate) fn read_certificate(path: &Path) -> Result<CertificateDer<'static>, CaError> {
    let bytes = files::read_limited(path, MAX_PEM)?;
    CertificateDer::from_pem_slice(&bytes)
        .map_err(|error| garbled(path, "certificate in PEM form", error))
}

/// Reads all certificates of a PEM file; there is at least one.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, CaError> {
    let bytes = files::read_limited(path, MAX_PEM)?;
    let fail = |cause: String| garbled(path, "certificate in PEM form", cause);
    let all: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<_, _>>()
        .map_err(|error| fail(error.to_string()))?;
    match all.len() {
        0 => Err(fail("no items found".to_owned())),
        1..=MAX_BUNDLE => Ok(all),
        many => Err(fail(format!("it holds {many} certificates; at most {MAX_BUNDLE}"))),
    }
}

pub(crate) fn garbled(path: &Path, expected: &'static str, cause: impl fmt::Display) -> CaError {
    CaError::Garbled { path: path.to_owned(), expected, cause: cause.to_string() }
}
