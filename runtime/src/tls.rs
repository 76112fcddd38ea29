//! TLS 1.3 with certificates on both sides, on ring; nothing else is offered or accepted.
//!
//! The certificate chain, its dates and its purpose are checked by WebPKI against the cluster's
//! authority, and its number against the authority's list of revoked ones. After that the name is
//! checked: a peer is known by the node name in its certificate.

use crate::ca::{self, CaError, CertificateInfo, Lists, Subject};
use crate::files;
use crate::identity::{self, Identity, IdentityError};
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use thiserror::Error;

/// The name of the protocol between nodes; another protocol has another name.
pub const ALPN: &[u8] = b"fieldrun/2";

/// The server name sent when the peer's node name is not known before the handshake.
pub(crate) const UNKNOWN_NODE: &str = "unknown.fieldrun.invalid";

/// Why a node has no usable credentials.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file is missing or not what it should be.
    #[error(transparent)]
    File(#[from] CaError),
    /// The certificate is not valid at this time.
    #[error("{} is valid from {from} to {until} only; renew it with `fieldrun ca renew`, or set the clock", path.display())]
    NotValid {
        /// The certificate's file.
        path: PathBuf,
        /// First moment of its validity, in UTC.
        from: String,
        /// Last moment of its validity, in UTC.
        until: String,
    },
    /// The certificate was signed by another authority, or not for a node.
    #[error("{} was not issued by the authority in {}: {cause}; issue it with that authority's folder", path.display(), ca.display())]
    Foreign {
        /// The certificate's file.
        path: PathBuf,
        /// The authority's file.
        ca: PathBuf,
        /// What the check said.
        cause: String,
    },
    /// The authority has taken the certificate back.
    #[error("{} was revoked by the authority; issue a new one with `fieldrun ca issue`", .0.display())]
    Revoked(PathBuf),
    /// The key does not belong to the certificate, or TLS refuses either.
    #[error("{} and {} do not make an identity: {cause}", certificate.display(), key.display())]
    Unusable {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What TLS said.
        cause: String,
    },
}

/// Where the TLS files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsPaths {
    /// The certificate of the cluster's authority; of two while it is being rotated.
    pub ca: PathBuf,
    /// The node's certificate.
    pub cert: PathBuf,
    /// The node's private key.
    pub key: PathBuf,
    /// The authority's lists of revoked certificates, if there is such a file.
    pub revoked: Option<PathBuf>,
}

/// A node's certificate, key and authority, checked against each other.
pub struct Credentials {
    who: Identity,
    certificate: CertificateInfo,
    authorities: Vec<CertificateInfo>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    roots: Arc<RootCertStore>,
    lists: Lists,
    provider: Arc<CryptoProvider>,
}

/// Says whose they are; the key is nobody's business.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Credentials");
        shown.field("who", &self.who).field("serial", &self.certificate.serial);
        shown.finish_non_exhaustive()
    }
}

impl Credentials {
    /// Loads and checks the PEM files as of `now`.
    ///
    /// # Errors
    /// When a file is missing or garbled, the certificate is not valid now, was revoked or issued by
    /// another authority, or does not belong to the key.
    pub fn load(paths: &TlsPaths, now: SystemTime) -> Result<Self, TlsError> {
        let (authorities, roots, ders) = authorities(&paths.ca, now)?;
        let lists = match &paths.revoked {
            Some(path) => Lists::load(path, &ders)?,
            None => Lists::default(),
        };
        let certificate = ca::show(&paths.cert, now)?;
        let Subject::Node(who) = &certificate.subject else {
            let cause = "it is a cluster authority";
            return Err(ca::garbled(&paths.cert, "node certificate", cause).into());
        };
        let who = who.clone();
        valid_now(&paths.cert, &certificate)?;
        let pem = files::read_limited(&paths.key, ca::MAX_PEM).map_err(CaError::from)?;
        let key = PrivateKeyDer::from_pem_slice(&pem)
            .map_err(|error| ca::garbled(&paths.key, "private key in PEM form", error))?;
        let credentials = Self {
            who,
            certificate,
            authorities,
            chain: vec![ca::read_certificate(&paths.cert)?],
            key,
            roots: Arc::new(roots),
            lists,
            provider: Arc::new(rustls::crypto::ring::default_provider()),
        };
        credentials.check(paths, now)?;
        Ok(credentials)
    }

    /// Who this node is.
    pub fn who(&self) -> &Identity {
        &self.who
    }

    /// What this node's certificate says.
    pub fn certificate(&self) -> &CertificateInfo {
        &self.certificate
    }

    /// What the certificates of the authorities say that this node trusts.
    pub fn authorities(&self) -> &[CertificateInfo] {
        &self.authorities
    }

    /// The number of the newest revocation list, and how many certificates are on the lists;
    /// `None` without a list.
    pub fn revocations(&self) -> Option<(u64, usize)> {
        (!self.lists.genuine.is_empty()).then_some((self.lists.number, self.lists.revoked))
    }

    /// Does to ourselves what peers will do to us, so that a mistake shows at the start.
    fn check(&self, paths: &TlsPaths, now: SystemTime) -> Result<(), TlsError> {
        let unusable = |cause: String| TlsError::Unusable {
            certificate: paths.cert.clone(),
            key: paths.key.clone(),
            cause,
        };
        let foreign = |error: &rustls::Error| match error {
            rustls::Error::InvalidCertificate(CertificateError::Revoked) => {
                TlsError::Revoked(paths.cert.clone())
            }
            other => TlsError::Foreign {
                path: paths.cert.clone(),
                ca: paths.ca.clone(),
                cause: in_words(other),
            },
        };
        let verifier = self.server_verifier().map_err(|error| unusable(in_words(&error)))?;
        let name = ServerName::try_from(self.who.node.clone())
            .map_err(|error| unusable(error.to_string()))?;
        let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let leaf = self.chain.first().ok_or_else(|| unusable("no certificate".to_owned()))?;
        verifier
            .verify_server_cert(leaf, &[], &name, &[], UnixTime::since_unix_epoch(since))
            .map_err(|error| foreign(&error))?;
        self.server().map_err(|error| unusable(in_words(&error)))?;
        Ok(())
    }

    fn server_verifier(&self) -> Result<NodeVerifier, rustls::Error> {
        let webpki =
            WebPkiServerVerifier::builder_with_provider(self.roots.clone(), self.provider.clone())
                .with_crls(self.lists.genuine.iter().cloned())
                .only_check_end_entity_revocation()
                // Of two authorities one may have revoked nothing yet and have no list.
                .allow_unknown_revocation_status()
                .build()
                .map_err(|error| rustls::Error::General(error.to_string()))?;
        Ok(NodeVerifier(webpki))
    }

    /// What decides whether a peer's certificate counts.
    pub(crate) fn peer_verifier(&self) -> Result<Arc<dyn ClientCertVerifier>, rustls::Error> {
        WebPkiClientVerifier::builder_with_provider(self.roots.clone(), self.provider.clone())
            .with_crls(self.lists.genuine.iter().cloned())
            .only_check_end_entity_revocation()
            .allow_unknown_revocation_status()
            .build()
            .map_err(|error| rustls::Error::General(error.to_string()))
    }

    /// TLS of the accepting side: a client without a certificate of this cluster is refused.
    pub(crate) fn server(&self) -> Result<QuicServerConfig, rustls::Error> {
        let verifier = self.peer_verifier()?;
        let mut config = rustls::ServerConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(verifier)
            .with_single_cert(self.chain.clone(), self.key.clone_key())?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        // No resumption: what is not resumed cannot be replayed, and handshakes are rare.
        config.send_tls13_tickets = 0;
        config.max_early_data_size = 0;
        QuicServerConfig::try_from(config)
            .map_err(|error| rustls::Error::General(error.to_string()))
    }

    /// TLS of the dialling side.
    pub(crate) fn client(&self) -> Result<QuicClientConfig, rustls::Error> {
        let mut config = rustls::ClientConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(self.server_verifier()?))
            .with_client_auth_cert(self.chain.clone(), self.key.clone_key())?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.resumption = rustls::client::Resumption::disabled();
        config.enable_early_data = false;
        QuicClientConfig::try_from(config)
            .map_err(|error| rustls::Error::General(error.to_string()))
    }
}

/// The authorities of a file: what they say, and as roots of trust. One that is over does not count,
/// unless it is the only one, which is an error.
fn authorities(
    path: &Path,
    now: SystemTime,
) -> Result<(Vec<CertificateInfo>, RootCertStore, Vec<CertificateDer<'static>>), TlsError> {
    let ders = ca::certificates(path)?;
    let mut roots = RootCertStore::empty();
    let mut infos = Vec::new();
    let mut over = None;
    for der in &ders {
        let info = ca::describe(der, now)
            .map_err(|cause| ca::garbled(path, "fieldrun certificate", cause))?;
        if !matches!(info.subject, Subject::Authority { .. }) {
            let cause = "it is a node's certificate";
            return Err(ca::garbled(path, "cluster authority", cause).into());
        }
        if let Err(error) = valid_now(path, &info) {
            over = Some(error);
            continue;
        }
        roots.add(der.clone()).map_err(|error| ca::garbled(path, "usable authority", error))?;
        infos.push(info);
    }
    match over {
        Some(error) if infos.is_empty() => Err(error),
        _ => Ok((infos, roots, ders)),
    }
}

fn valid_now(path: &Path, info: &CertificateInfo) -> Result<(), TlsError> {
    if info.valid_now {
        return Ok(());
    }
    let (from, until) = (info.valid_from.clone(), info.valid_until.clone());
    Err(TlsError::NotValid { path: path.to_owned(), from, until })
}

/// WebPKI's check, with one addition: a peer whose node name is not known beforehand is checked
/// under the name that it claims itself, and that name is what it is known by from then on.
#[derive(Debug)]
struct NodeVerifier(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for NodeVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let claimed;
        let name = if server_name.to_str() == UNKNOWN_NODE {
            let who = identity::of_certificate(end_entity)
                .map_err(|_| CertificateError::ApplicationVerificationFailure)?;
            claimed = ServerName::try_from(who.node).map_err(|_| CertificateError::BadEncoding)?;
            &claimed
        } else {
            server_name
        };
        self.0.verify_server_cert(end_entity, intermediates, name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// The certificate at the other end of a connection whose handshake succeeded.
pub(crate) fn peer_certificate(connection: &quinn::Connection) -> Option<CertificateDer<'static>> {
    let chain = connection.peer_identity()?.downcast::<Vec<CertificateDer<'static>>>().ok()?;
    chain.into_iter().next()
}

/// Who is at the other end of a connection whose handshake succeeded.
pub(crate) fn peer_identity(connection: &quinn::Connection) -> Result<Identity, IdentityError> {
    match peer_certificate(connection) {
        Some(leaf) => identity::of_certificate(&leaf),
        None => Err(IdentityError::Names("the peer sent no certificate")),
    }
}

/// What TLS says, in words for operators.
fn in_words(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "another authority signed it".to_owned()
        }
        rustls::Error::InconsistentKeys(_) => "the key belongs to another certificate".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ca::Validity;
    use std::time::Duration;

    #[test]
    fn credentials_that_peers_would_refuse_are_refused_at_the_start() {
        let dir = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let year = Validity::days(now, 365);
        let (ours, theirs) = (dir.path().join("ours"), dir.path().join("theirs"));
        ca::init(&ours, "acme", year).unwrap();
        ca::init(&theirs, "acme", year).unwrap();
        let n1 = ca::issue(&ours, &ours, "n1", &[], year, now).unwrap();
        let n2 = ca::issue(&ours, &ours, "n2", &[], year, now).unwrap();
        let alien = ca::issue(&theirs, &theirs, "n1", &[], year, now).unwrap();
        let past =
            Validity { from: now - Duration::from_secs(7200), lifetime: Duration::from_secs(60) };
        let old = ca::issue(&ours, &ours, "old", &[], past, now).unwrap();
        let odd = ca::issue(&ours, &ours, "rack_1.n-2", &[], year, now).unwrap();
        let ca = ours.join("ca.pem");
        let load = |cert: &Path, key: &Path| {
            let (ca, cert, key) = (ca.clone(), cert.to_owned(), key.to_owned());
            Credentials::load(&TlsPaths { ca, cert, key, revoked: None }, now)
        };

        assert_eq!(load(&n1.certificate, &n1.key).unwrap().who().node, "n1");
        assert_eq!(load(&odd.certificate, &odd.key).unwrap().who().node, "rack_1.n-2");
        let error = load(&n1.certificate, &n2.key).unwrap_err();
        assert!(matches!(error, TlsError::Unusable { .. }), "{error}");
        let error = load(&alien.certificate, &alien.key).unwrap_err();
        assert!(matches!(error, TlsError::Foreign { .. }), "{error}");
        let error = load(&old.certificate, &old.key).unwrap_err();
        assert!(error.to_string().contains("fieldrun ca renew"), "{error}");
        let error = load(&ca, &n1.key).unwrap_err();
        assert!(error.to_string().contains("it is a cluster authority"), "{error}");
        let error = load(&n1.certificate, &n1.certificate).unwrap_err();
        assert!(error.to_string().contains("no private key"), "{error}");
        let error = load(&dir.path().join("none.pem"), &n1.key).unwrap_err();
        assert!(error.to_string().contains("none.pem"), "{error}");
    }
}
