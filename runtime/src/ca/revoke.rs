//! Revocation lists: which certificates no longer count, signed by the authority.

use super::authority::{self, Authority, Member};
use super::issue::signed;
use super::issued::{self, Issued};
use super::show::{garbled, hex_serial, read_certificate, unix_seconds};
use super::{CaError, MAX_PEM, show};
use crate::clock::utc;
use crate::files;
use rcgen::{
    CertificateRevocationListParams, KeyIdMethod, RevocationReason, RevokedCertParams, SerialNumber,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use x509_parser::prelude::{CertificateRevocationList, FromDer, X509Certificate};

/// The file in the authority's folder.
pub(super) const FILE: &str = "revoked.pem";

/// Longest reason that is kept, in bytes.
const MAX_REASON: usize = 200;

/// What is to be revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Every certificate of a node.
    Node(String),
    /// The certificate with this number, hexadecimal.
    Serial(String),
    /// The certificate in this file, also one that was issued before lists were kept.
    File(PathBuf),
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(node) => write!(f, "node `{node}`"),
            Self::Serial(serial) => write!(f, "serial number {serial}"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// What a revocation came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Revocation {
    /// Nodes and serial numbers of the certificates that were revoked now.
    pub revoked: Vec<(String, String)>,
    /// The list for the nodes.
    pub list: PathBuf,
}

/// Revokes certificates and writes the list for the nodes anew.
///
/// # Errors
/// When there is no authority, or none of its certificates is meant.
pub fn revoke(
    dir: &Path,
    which: &Which,
    reason: Option<&str>,
    now: SystemTime,
) -> Result<Revocation, CaError> {
    let (authority, _lock) = authority::open(dir, now)?;
    let mut all = issued::load(dir)?;
    let wanted = wanted(&authority, which, &mut all, now)?;
    let seconds = unix_seconds(now);
    let mut revoked = Vec::new();
    for one in all.iter_mut().filter(|one| wanted(one) && one.revoked_seconds.is_none()) {
        one.revoked_seconds = Some(seconds);
        one.reason = reason.map(|reason| {
            reason.get(..reason.floor_char_boundary(MAX_REASON)).unwrap_or_default().to_owned()
        });
        revoked.push((one.node.clone(), one.serial.clone()));
    }
    if !all.iter().any(&wanted) {
        let list = dir.join(issued::FILE);
        return Err(CaError::NotIssued { what: which.to_string(), list });
    }
    // The list first: what it says twice does no harm, what it does not say would.
    let list = write(dir, &authority, &all, now)?;
    issued::store(dir, &all)?;
    Ok(Revocation { revoked, list })
}

/// Says of a certificate whether it is meant.
type Pick = Box<dyn Fn(&Issued) -> bool>;

/// Which certificates are meant. One that is in a file and not written down is written down now.
fn wanted(
    authority: &Authority,
    which: &Which,
    all: &mut Vec<Issued>,
    now: SystemTime,
) -> Result<Pick, CaError> {
    Ok(match which {
        Which::Node(node) => {
            let node = node.clone();
            Box::new(move |one| one.node == node)
        }
        Which::Serial(serial) => {
            let serial = serial.to_lowercase();
            Box::new(move |one| one.serial == serial)
        }
        Which::File(path) => {
            let info = show(path, now)?;
            let serial = info.serial.clone();
            if !all.iter().any(|one| one.serial == serial) {
                let der = read_certificate(path)?;
                let (_, parsed) = X509Certificate::from_der(&der)
                    .map_err(|error| garbled(path, "certificate", error))?;
                let by = authority.members.iter().find(|member| signed(&parsed, member));
                // One of another authority is not ours to revoke, and is not found then.
                all.extend(by.and_then(|by| Issued::of(&info, &by.info.fingerprint)));
            }
            Box::new(move |one| one.serial == serial)
        }
    })
}

/// Writes the lists of all members of the authority: what is revoked and not over anyway.
pub(super) fn write(
    dir: &Path,
    authority: &Authority,
    all: &[Issued],
    now: SystemTime,
) -> Result<PathBuf, CaError> {
    let path = dir.join(FILE);
    let before = match path.exists() {
        true => show_revoked(&path)?,
        false => Vec::new(),
    };
    // Numbers rise, also when the clock goes back.
    let last = before.iter().map(|list| list.number).max().unwrap_or(0);
    let number = u64::try_from(unix_seconds(now)).unwrap_or(0).max(last.saturating_add(1));
    let mut text = String::new();
    for member in &authority.members {
        text.push_str(&sign(member, all, number, now)?);
    }
    files::replace(&path, text.as_bytes(), 0o644)?;
    Ok(path)
}

fn sign(member: &Member, all: &[Issued], number: u64, now: SystemTime) -> Result<String, CaError> {
    let day = |seconds: i64| {
        let seconds = u64::try_from(seconds).unwrap_or(0);
        rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds)
    };
    let seconds = unix_seconds(now);
    let ours = |one: &&Issued| one.authority == member.info.fingerprint;
    let revoked = all.iter().filter(ours).filter(|one| seconds <= one.valid_until_seconds);
    let entries = revoked.filter_map(|one| {
        Some(RevokedCertParams {
            serial_number: SerialNumber::from_slice(&files::unhex(&one.serial)?),
            revocation_time: day(one.revoked_seconds?),
            reason_code: Some(RevocationReason::Unspecified),
            invalidity_date: None,
        })
    });
    let params = CertificateRevocationListParams {
        this_update: day(seconds),
        // Nodes do not ask for a newer list by date: a list that nobody renewed must not end them.
        next_update: day(member.info.valid_until_seconds.max(seconds + 1)),
        crl_number: SerialNumber::from(number),
        issuing_distribution_point: None,
        revoked_certs: entries.collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    Ok(params.signed_by(&member.issuer)?.pem()?)
}

/// What a revocation list says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RevocationList {
    /// The authority, by its name in certificates.
    pub authority: String,
    /// Rises with every list.
    pub number: u64,
    /// When it was made, in UTC.
    pub made: String,
    /// The numbers of the certificates that no longer count, hexadecimal.
    pub serials: Vec<String>,
}

impl fmt::Display for RevocationList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "revoked by   {}", self.authority)?;
        writeln!(f, "list         {} of {}", self.number, self.made)?;
        let serials = self.serials.join(", ");
        write!(f, "serials      {}", if serials.is_empty() { "none" } else { &serials })
    }
}

/// Reads what the revocation lists in a file say; nobody is asked whether they are genuine.
///
/// # Errors
/// When the file cannot be read or is not what it should be.
pub fn show_revoked(path: &Path) -> Result<Vec<RevocationList>, CaError> {
    let lists = read(path)?;
    lists.iter().map(|der| Ok(described(&parsed(path, der)?))).collect()
}

fn described(list: &CertificateRevocationList<'_>) -> RevocationList {
    let number = list.crl_number().and_then(|number| u64::try_from(number).ok());
    RevocationList {
        authority: list.issuer().to_string(),
        number: number.unwrap_or(0),
        made: utc(list.last_update().timestamp()),
        serials: list.iter_revoked_certificates().map(|r| hex_serial(r.raw_serial())).collect(),
    }
}

fn read(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, CaError> {
    let bytes = files::read_limited(path, MAX_PEM)?;
    let fail = |cause: String| garbled(path, "revocation list in PEM form", cause);
    let lists: Vec<CertificateRevocationListDer<'static>> =
        CertificateRevocationListDer::pem_slice_iter(&bytes)
            .collect::<Result<_, _>>()
            .map_err(|error| fail(error.to_string()))?;
    if lists.is_empty() { Err(fail("no items found".to_owned())) } else { Ok(lists) }
}

fn parsed<'d>(path: &Path, der: &'d [u8]) -> Result<CertificateRevocationList<'d>, CaError> {
    let (_, list) = CertificateRevocationList::from_der(der)
        .map_err(|error| garbled(path, "revocation list", error))?;
    Ok(list)
}

/// The lists of a node's authorities, checked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lists {
    /// Those that one of the node's authorities signed.
    pub(crate) genuine: Vec<CertificateRevocationListDer<'static>>,
    /// The highest number among them.
    pub(crate) number: u64,
    /// How many certificates they revoke.
    pub(crate) revoked: usize,
}

impl Lists {
    /// Reads a file and keeps the lists that one of the `roots` signed.
    pub(crate) fn load(path: &Path, roots: &[CertificateDer<'static>]) -> Result<Self, CaError> {
        let mut lists = Self::default();
        for der in read(path)? {
            let list = parsed(path, &der)?;
            if !roots.iter().any(|root| made_by(&list, root)) {
                continue;
            }
            let said = described(&list);
            lists.number = lists.number.max(said.number);
            lists.revoked += said.serials.len();
            lists.genuine.push(der);
        }
        if lists.genuine.is_empty() {
            let cause = "none of this cluster's authorities signed it; copy `revoked.pem` from the \
                         authority's folder";
            return Err(garbled(path, "revocation list of this cluster", cause));
        }
        Ok(lists)
    }
}

/// Whether an authority, known by its certificate, signed a list. Ours all have Ed25519 keys.
fn made_by(list: &CertificateRevocationList<'_>, root: &CertificateDer<'_>) -> bool {
    let Ok((_, root)) = X509Certificate::from_der(root) else { return false };
    if root.subject().as_raw() != list.issuer().as_raw() {
        return false;
    }
    let public = &root.public_key().subject_public_key.data;
    let key = ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, public);
    key.verify(list.tbs_cert_list.as_ref(), &list.signature_value.data).is_ok()
}
