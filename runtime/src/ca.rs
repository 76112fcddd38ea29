//! The cluster's certificate authority: `fieldrun ca init`, `issue` and `show`.
//!
//! The authority is a folder with `ca.pem` and `ca.key`. Both it and the nodes have Ed25519 keys;
//! key files are readable by their owner only and are never overwritten.

use crate::clock::utc;
use crate::files::{self, FileError};
use crate::identity::{self, Identity, IdentityError, NameError, Names};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ED25519, SanType,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use thiserror::Error;
use x509_parser::prelude::{FromDer, X509Certificate};

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

/// Makes the authority of `cluster` in `dir` (created if needed): `ca.pem` and `ca.key`.
///
/// # Errors
/// When either file exists, the folder is not writable, or the name breaks the rules.
pub fn init(dir: &Path, cluster: &str, validity: Validity) -> Result<Files, CaError> {
    identity::check_name("cluster", cluster)?;
    let key = KeyPair::generate_for(&PKCS_ED25519)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name(&format!("fieldrun CA of {cluster}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.subject_alt_names =
        vec![SanType::URI(identity::authority_uri(cluster).as_str().try_into()?)];
    validity.apply(&mut params);
    let certificate = params.self_signed(&key)?;
    write_pair(dir, "ca", &certificate.pem(), &key)
}

/// Issues a certificate for `node`, which may publish `services`, signed by the authority in
/// `ca_dir`, as `NODE.pem` and `NODE.key` in `out_dir` (created if needed). Returns where they are.
///
/// `now` is the present time: an expired authority issues nothing.
///
/// # Errors
/// When there is no usable authority, a file exists already, or a name breaks the rules.
pub fn issue(
    ca_dir: &Path,
    out_dir: &Path,
    node: &str,
    services: &[String],
    validity: Validity,
    now: SystemTime,
) -> Result<Files, CaError> {
    identity::check_name("node", node)?;
    if services.len() > identity::MAX_SERVICES {
        return Err(CaError::TooManyServices(services.len()));
    }
    services.iter().try_for_each(|service| identity::check_service(service))?;
    let (cluster, issuer) = authority(ca_dir, now)?;
    let who = Identity { cluster, node: node.to_owned(), services: services.to_vec() };

    let key = KeyPair::generate_for(&PKCS_ED25519)?;
    let mut params = CertificateParams::new(vec![node.to_owned()])?;
    for uri in who.uris() {
        params.subject_alt_names.push(SanType::URI(uri.as_str().try_into()?));
    }
    params.distinguished_name = common_name(node);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    validity.apply(&mut params);
    let certificate = params.signed_by(&key, &issuer)?;
    write_pair(out_dir, node, &certificate.pem(), &key)
}

/// What a certificate file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CertificateInfo {
    /// Whose certificate it is.
    #[serde(flatten)]
    pub subject: Subject,
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
    /// its whole time: then it is time to issue a new one.
    pub fn ends_soon(&self, now: i64) -> Option<i64> {
        let whole = self.valid_until_seconds.saturating_sub(self.valid_from_seconds);
        let left = self.valid_until_seconds.saturating_sub(now);
        (left < whole / 3).then_some(left.div_euclid(86_400))
    }
}

impl fmt::Display for CertificateInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.subject {
            Subject::Authority { cluster } => writeln!(f, "authority    of cluster {cluster}")?,
            Subject::Node(who) => {
                writeln!(f, "node         {} of cluster {}", who.node, who.cluster)?;
                let none = who.services.is_empty();
                let services = if none { "none".to_owned() } else { who.services.join(", ") };
                writeln!(f, "services     {services}")?;
            }
        }
        let remark = if self.valid_now { "" } else { "  (not valid now)" };
        writeln!(f, "valid        {} to {}{remark}", self.valid_from, self.valid_until)?;
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
        valid_from: utc(from),
        valid_until: utc(until),
        valid_from_seconds: from,
        valid_until_seconds: until,
        valid_now: (from..=until).contains(&now),
        fingerprint: files::hex(ring::digest::digest(&ring::digest::SHA256, der).as_ref()),
    })
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

pub(crate) fn garbled(path: &Path, expected: &'static str, cause: impl fmt::Display) -> CaError {
    CaError::Garbled { path: path.to_owned(), expected, cause: cause.to_string() }
}

/// Loads the authority of a folder: the name of its cluster, and what signs.
fn authority(dir: &Path, now: SystemTime) -> Result<(String, Issuer<'static, KeyPair>), CaError> {
    let (cert_path, key_path) = (dir.join("ca.pem"), dir.join("ca.key"));
    if !cert_path.exists() {
        return Err(CaError::NoAuthority(dir.to_owned()));
    }
    let info = show(&cert_path, now)?;
    let Subject::Authority { cluster } = info.subject else {
        return Err(garbled(&cert_path, "cluster authority", "it is a node's certificate"));
    };
    if unix_seconds(now) > info.valid_until_seconds {
        return Err(CaError::Expired { path: cert_path, until: info.valid_until });
    }
    let text = files::read_limited(&key_path, MAX_PEM)?;
    let key = KeyPair::from_pem(&String::from_utf8_lossy(&text))
        .map_err(|error| garbled(&key_path, "private key in PEM form", error))?;
    let der = read_certificate(&cert_path)?;
    let (_, parsed) = X509Certificate::from_der(&der)
        .map_err(|error| garbled(&cert_path, "certificate", error))?;
    if parsed.public_key().subject_public_key.data.as_ref() != key.public_key_raw() {
        return Err(garbled(
            &key_path,
            "key of this authority",
            "it belongs to another certificate",
        ));
    }
    let issuer = Issuer::from_ca_cert_der(&der, key)
        .map_err(|error| garbled(&cert_path, "authority's certificate", error))?;
    Ok((cluster, issuer))
}

fn common_name(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

/// Writes `NAME.key`, then `NAME.pem`; neither may exist.
fn write_pair(dir: &Path, name: &str, pem: &str, key: &KeyPair) -> Result<Files, CaError> {
    let files = Files {
        certificate: dir.join(format!("{name}.pem")),
        key: dir.join(format!("{name}.key")),
    };
    for path in [&files.certificate, &files.key] {
        if path.exists() {
            return Err(CaError::Exists(path.clone()));
        }
    }
    std::fs::create_dir_all(dir).map_err(|error| FileError::new("create folder", dir, error))?;
    files::create_new(&files.key, key.serialize_pem().as_bytes(), 0o600)?;
    files::create_new(&files.certificate, pem.as_bytes(), 0o644)?;
    Ok(files)
}

#[cfg(test)]
mod tests;
