//! Certificates of nodes: new ones, and renewed ones.

use super::authority::{self, Authority, Member};
use super::issued::{self, Issued};
use super::show::{fingerprint, garbled, read_certificate, unix_seconds};
use super::{CaError, Files, Subject, Validity, common_name, describe, none_exists, serial};
use crate::files::{self, FileError};
use crate::identity::{self, Identity};
use rcgen::{
    CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, PKCS_ED25519,
    PublicKeyData, SanType, SubjectPublicKeyInfo,
};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use x509_parser::prelude::{FromDer, X509Certificate};

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
    let (authority, _lock) = authority::open(ca_dir, now)?;
    let cluster = authority.cluster.clone();
    let who = Identity { cluster, node: node.to_owned(), services: services.to_vec() };
    let files = Files {
        certificate: out_dir.join(format!("{node}.pem")),
        key: out_dir.join(format!("{node}.key")),
    };
    none_exists([&files.certificate, &files.key])?;
    let key = KeyPair::generate_for(&PKCS_ED25519)?;
    let pem = sign(ca_dir, authority.signer(now)?, &who, &key, validity)?;
    std::fs::create_dir_all(out_dir)
        .map_err(|error| FileError::new("create folder", out_dir, error))?;
    files::create_new(&files.key, key.serialize_pem().as_bytes(), 0o600)?;
    files::create_new(&files.certificate, pem.as_bytes(), 0o644)?;
    Ok(files)
}

/// What a renewal left behind.
#[derive(Clone, Debug, Serialize)]
pub struct Renewal {
    /// The node.
    pub node: String,
    /// The new certificate.
    pub certificate: PathBuf,
    /// The new key, if one was made.
    pub key: Option<PathBuf>,
    /// Where the former files lie now.
    pub kept: Vec<PathBuf>,
}

/// Renews the certificate in `file` with the same names: for the same key, or with `new_key` for a
/// new one. The new files take the place of the old, which are kept as `*.old`; with `out` they
/// are written there and the old stay.
///
/// # Errors
/// When there is no usable authority, it did not sign the certificate or has revoked it, or a key
/// would be overwritten.
pub fn renew(
    ca_dir: &Path,
    file: &Path,
    out: Option<&Path>,
    new_key: bool,
    validity: Validity,
    now: SystemTime,
) -> Result<Renewal, CaError> {
    let (authority, _lock) = authority::open(ca_dir, now)?;
    let (who, public) = renewable(ca_dir, &authority, file, now)?;
    let folder = out.or_else(|| file.parent()).unwrap_or_else(|| Path::new("")).to_owned();
    let certificate = match out {
        Some(folder) => folder.join(format!("{}.pem", who.node)),
        None => file.to_owned(),
    };
    let key_file = certificate.with_extension("key");
    let fresh = new_key.then(|| KeyPair::generate_for(&PKCS_ED25519)).transpose()?;
    let mut kept = Vec::new();
    let old_key = key_file.with_added_extension("old");
    match out {
        Some(_) if new_key => none_exists([&certificate, &key_file])?,
        Some(_) => none_exists([&certificate])?,
        // What was a key may be needed to read old recordings of traffic, or to find a mistake.
        None if new_key => none_exists([&old_key])?,
        None => {}
    }
    let signer = authority.signer(now)?;
    let pem = match &fresh {
        Some(key) => sign(ca_dir, signer, &who, key, validity)?,
        None => sign(ca_dir, signer, &who, &public, validity)?,
    };
    std::fs::create_dir_all(if folder.as_os_str().is_empty() { Path::new(".") } else { &folder })
        .map_err(|error| FileError::new("create folder", &folder, error))?;
    if out.is_none() {
        let old = certificate.with_added_extension("old");
        let former = files::read_limited(&certificate, super::MAX_PEM)?;
        files::replace(&old, &former, 0o644)?;
        kept.push(old);
    }
    if let Some(key) = &fresh {
        if out.is_none() && key_file.exists() {
            std::fs::rename(&key_file, &old_key)
                .map_err(|error| FileError::new("move aside", &key_file, error))?;
            kept.push(old_key);
        }
        files::create_new(&key_file, key.serialize_pem().as_bytes(), 0o600)?;
    }
    files::replace(&certificate, pem.as_bytes(), 0o644)?;
    let key = fresh.map(|_| key_file);
    Ok(Renewal { node: who.node, certificate, key, kept })
}

/// Whom a certificate names and its public key, if this authority signed it and still stands to it.
fn renewable(
    ca_dir: &Path,
    authority: &Authority,
    file: &Path,
    now: SystemTime,
) -> Result<(Identity, SubjectPublicKeyInfo), CaError> {
    let refuse = |cause: &str| CaError::NotRenewable { path: file.to_owned(), cause: cause.into() };
    let der = read_certificate(file)?;
    let info = describe(&der, now).map_err(|cause| garbled(file, "fieldrun certificate", cause))?;
    let Subject::Node(who) = info.subject else {
        return Err(refuse("it is an authority's; `fieldrun ca rotate` makes another one"));
    };
    let (_, parsed) =
        X509Certificate::from_der(&der).map_err(|error| garbled(file, "certificate", error))?;
    let ours = authority.members.iter().any(|member| signed(&parsed, member));
    if !ours || who.cluster != authority.cluster {
        return Err(refuse(
            "another authority signed it; issue a new one with `fieldrun ca issue`",
        ));
    }
    let revoked = |one: &Issued| one.serial == info.serial && one.revoked_seconds.is_some();
    if issued::load(ca_dir)?.iter().any(revoked) {
        return Err(refuse("it was revoked; issue a new one with `fieldrun ca issue`"));
    }
    Ok((who, SubjectPublicKeyInfo::from_der(parsed.public_key().raw)?))
}

/// Whether a member of the authority signed a certificate.
pub(super) fn signed(certificate: &X509Certificate<'_>, member: &Member) -> bool {
    let key = ring::signature::UnparsedPublicKey::new(
        &ring::signature::ED25519,
        member.issuer.key().public_key_raw(),
    );
    key.verify(certificate.tbs_certificate.as_ref(), &certificate.signature_value.data).is_ok()
}

/// Signs a certificate and writes it down in the list; returns it in PEM form.
fn sign(
    ca_dir: &Path,
    by: &Member,
    who: &Identity,
    key: &impl PublicKeyData,
    validity: Validity,
) -> Result<String, CaError> {
    let mut params = CertificateParams::new(vec![who.node.clone()])?;
    for uri in who.uris() {
        params.subject_alt_names.push(SanType::URI(uri.as_str().try_into()?));
    }
    params.distinguished_name = common_name(&who.node);
    params.serial_number = Some(serial()?);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    validity.apply(&mut params);
    let certificate = params.signed_by(key, &by.issuer)?;
    let path = ca_dir.join(issued::FILE);
    let info = describe(certificate.der(), SystemTime::UNIX_EPOCH)
        .map_err(|cause| garbled(&path, "list of certificates", cause))?;
    let mut all = issued::load(ca_dir)?;
    // What is written down and never handed out harms nobody; the reverse could not be revoked.
    all.extend(Issued::of(&info, &fingerprint(&by.der)));
    issued::store(ca_dir, &all)?;
    Ok(certificate.pem())
}

/// Certificates in use that were not signed by the newest authority, and have no successor that was.
pub(super) fn left_behind(authority: &Authority, all: &[Issued], now: SystemTime) -> Vec<String> {
    let now = unix_seconds(now);
    let newest = authority.members.last().map(|member| member.info.fingerprint.as_str());
    let moved = |one: &Issued| Some(one.authority.as_str()) == newest && one.counts(now);
    let behind = all.iter().filter(|one| one.counts(now) && !moved(one));
    let mut nodes: Vec<String> = behind
        .filter(|one| !all.iter().any(|other| other.node == one.node && moved(other)))
        .map(|one| one.node.clone())
        .collect();
    nodes.sort();
    nodes.dedup();
    nodes
}
