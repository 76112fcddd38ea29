//! The authority's folder: the certificates that nodes trust, and the keys that sign.

use super::show::{certificates, describe, garbled, unix_seconds};
use super::{CaError, CertificateInfo, MAX_PEM, Subject};
use crate::files::{self, FileError};
use rcgen::{Issuer, KeyPair};
use rustls::pki_types::CertificateDer;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use x509_parser::prelude::{FromDer, X509Certificate};

/// One certificate of the folder with the key that belongs to it.
pub(super) struct Member {
    pub(super) info: CertificateInfo,
    pub(super) der: CertificateDer<'static>,
    pub(super) issuer: Issuer<'static, KeyPair>,
}

/// What a folder holds: one authority, or two while it is being rotated, the newer one last.
pub(super) struct Authority {
    pub(super) cluster: String,
    pub(super) path: PathBuf,
    pub(super) members: Vec<Member>,
}

/// Loads a folder to change it: nobody else on this host does so at the same time.
pub(super) fn open(dir: &Path, now: SystemTime) -> Result<(Authority, File), CaError> {
    if !dir.join("ca.pem").exists() {
        return Err(CaError::NoAuthority(dir.to_owned()));
    }
    let lock = lock(dir)?;
    Ok((Authority::load(dir, now)?, lock))
}

/// Keeps others of this host from the folder while it is being changed.
pub(super) fn lock(dir: &Path) -> Result<File, CaError> {
    let path = dir.join(".lock");
    let fail = |error| FileError::new("lock", &path, error);
    let file = File::create(&path).map_err(fail)?;
    file.lock().map_err(fail)?;
    Ok(file)
}

impl Authority {
    /// Loads a folder.
    pub(super) fn load(dir: &Path, now: SystemTime) -> Result<Self, CaError> {
        let path = dir.join("ca.pem");
        if !path.exists() {
            return Err(CaError::NoAuthority(dir.to_owned()));
        }
        let mut described = Vec::new();
        let mut cluster = None;
        for der in certificates(&path)? {
            let info = describe(&der, now)
                .map_err(|cause| garbled(&path, "fieldrun certificate", cause))?;
            let Subject::Authority { cluster: named } = &info.subject else {
                return Err(garbled(&path, "cluster authority", "it is a node's certificate"));
            };
            if cluster.get_or_insert_with(|| named.clone()) != named {
                return Err(garbled(&path, "cluster authority", "it names two clusters"));
            }
            described.push((der, info));
        }
        let mut keys = keys(dir)?;
        let mut members = Vec::new();
        for (der, info) in described {
            let key = take_key(&der, &mut keys, &path)?;
            let issuer = Issuer::from_ca_cert_der(&der, key)
                .map_err(|error| garbled(&path, "authority's certificate", error))?;
            members.push(Member { info, der, issuer });
        }
        if let Some((path, _)) = keys.pop() {
            let cause = if dir.join("next.key").exists() {
                "the end of a rotation was interrupted; move it away, then `next.key` to `ca.key`"
            } else {
                "it belongs to another certificate"
            };
            return Err(garbled(&path, "key of this authority", cause));
        }
        let cluster = cluster.ok_or_else(|| CaError::NoAuthority(dir.to_owned()))?;
        Ok(Self { cluster, path, members })
    }

    /// What signs new certificates: the newest authority, if it is not over.
    pub(super) fn signer(&self, now: SystemTime) -> Result<&Member, CaError> {
        let Some(newest) = self.members.last() else {
            return Err(CaError::NoAuthority(self.path.clone()));
        };
        if unix_seconds(now) > newest.info.valid_until_seconds {
            let until = newest.info.valid_until.clone();
            return Err(CaError::Expired { path: self.path.clone(), until });
        }
        Ok(newest)
    }
}

/// All keys of a folder with where they lie: `ca.key`, and `next.key` during a rotation.
fn keys(dir: &Path) -> Result<Vec<(PathBuf, KeyPair)>, CaError> {
    let paths = [dir.join("ca.key"), dir.join("next.key")];
    let mut keys = Vec::new();
    for path in paths.into_iter().enumerate().filter(|(i, path)| *i == 0 || path.exists()) {
        let path = path.1;
        let text = files::read_limited(&path, MAX_PEM)?;
        let key = KeyPair::from_pem(&String::from_utf8_lossy(&text))
            .map_err(|error| garbled(&path, "private key in PEM form", error))?;
        keys.push((path, key));
    }
    Ok(keys)
}

/// The key that belongs to a certificate.
fn take_key(
    der: &CertificateDer<'_>,
    keys: &mut Vec<(PathBuf, KeyPair)>,
    path: &Path,
) -> Result<KeyPair, CaError> {
    let (_, parsed) =
        X509Certificate::from_der(der).map_err(|error| garbled(path, "certificate", error))?;
    let public = &parsed.public_key().subject_public_key.data;
    match keys.iter().position(|(_, key)| key.public_key_raw() == public.as_ref()) {
        Some(at) => Ok(keys.swap_remove(at).1),
        None => {
            let path = keys.first().map_or(path, |(path, _)| path);
            let cause = "it belongs to another certificate";
            Err(garbled(path, "key of this authority", cause))
        }
    }
}
