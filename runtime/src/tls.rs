//! TLS 1.3 with certificates on both sides, on ring; nothing else is offered or accepted.
//!
//! The certificate chain, its dates and its purpose are checked by WebPKI against the cluster's
//! authority. After that the name is checked: a peer is known by the node name in its certificate.

use crate::ca::{self, CaError, CertificateInfo, Subject};
use crate::files;
use crate::identity::{self, Identity, IdentityError};
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};
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
    #[error("{} is valid from {from} to {until} only; issue a new one with `fieldrun ca issue`", path.display())]
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

/// A node's certificate, key and authority, checked against each other.
#[derive(Debug)]
pub struct Credentials {
    who: Identity,
    certificate: CertificateInfo,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
}

impl Credentials {
    /// Loads and checks the three PEM files as of `now`.
    ///
    /// # Errors
    /// When a file is missing or garbled, the certificate is not valid now, was issued by another
    /// authority, or does not belong to the key.
    pub fn load(
        ca_path: &Path,
        cert_path: &Path,
        key_path: &Path,
        now: SystemTime,
    ) -> Result<Self, TlsError> {
        let authority = ca::show(ca_path, now)?;
        if !matches!(authority.subject, Subject::Authority { .. }) {
            let cause = "it is a node's certificate";
            return Err(ca::garbled(ca_path, "cluster authority", cause).into());
        }
        valid_now(ca_path, &authority)?;
        let mut roots = RootCertStore::empty();
        roots
            .add(ca::read_certificate(ca_path)?)
            .map_err(|error| ca::garbled(ca_path, "usable authority", error))?;

        let certificate = ca::show(cert_path, now)?;
        let Subject::Node(who) = &certificate.subject else {
            let cause = "it is a cluster authority";
            return Err(ca::garbled(cert_path, "node certificate", cause).into());
        };
        let who = who.clone();
        valid_now(cert_path, &certificate)?;
        let pem = files::read_limited(key_path, ca::MAX_PEM).map_err(CaError::from)?;
        let key = PrivateKeyDer::from_pem_slice(&pem)
            .map_err(|error| ca::garbled(key_path, "private key in PEM form", error))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let chain = vec![ca::read_certificate(cert_path)?];
        let credentials = Self { who, certificate, chain, key, roots: Arc::new(roots), provider };
        credentials.check(ca_path, cert_path, key_path, now)?;
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

    /// Does to ourselves what peers will do to us, so that a mistake shows at the start.
    fn check(&self, ca: &Path, cert: &Path, key: &Path, now: SystemTime) -> Result<(), TlsError> {
        let unusable = |cause: String| TlsError::Unusable {
            certificate: cert.to_owned(),
            key: key.to_owned(),
            cause,
        };
        let foreign =
            |cause: String| TlsError::Foreign { path: cert.to_owned(), ca: ca.to_owned(), cause };
        let verifier = self.server_verifier().map_err(|error| unusable(in_words(&error)))?;
        let name = ServerName::try_from(self.who.node.clone())
            .map_err(|error| unusable(error.to_string()))?;
        let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let leaf = self.chain.first().ok_or_else(|| unusable("no certificate".to_owned()))?;
        verifier
            .verify_server_cert(leaf, &[], &name, &[], UnixTime::since_unix_epoch(since))
            .map_err(|error| foreign(in_words(&error)))?;
        self.server().map_err(|error| unusable(in_words(&error)))?;
        Ok(())
    }

    fn server_verifier(&self) -> Result<NodeVerifier, rustls::Error> {
        let webpki =
            WebPkiServerVerifier::builder_with_provider(self.roots.clone(), self.provider.clone())
                .build()
                .map_err(|error| rustls::Error::General(error.to_string()))?;
        Ok(NodeVerifier(webpki))
    }

    /// TLS of the accepting side: a client without a certificate of this cluster is refused.
    pub(crate) fn server(&self) -> Result<QuicServerConfig, rustls::Error> {
        let verifier =
            WebPkiClientVerifier::builder_with_provider(self.roots.clone(), self.provider.clone())
                .build()
                .map_err(|error| rustls::Error::General(error.to_string()))?;
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

/// Who is at the other end of a connection whose handshake succeeded.
pub(crate) fn peer_identity(connection: &quinn::Connection) -> Result<Identity, IdentityError> {
    let chain = connection
        .peer_identity()
        .and_then(|any| any.downcast::<Vec<CertificateDer<'static>>>().ok());
    match chain.as_deref().and_then(|chain| chain.first()) {
        Some(leaf) => identity::of_certificate(leaf),
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
        let load = |cert: &Path, key: &Path| Credentials::load(&ca, cert, key, now);

        assert_eq!(load(&n1.certificate, &n1.key).unwrap().who().node, "n1");
        assert_eq!(load(&odd.certificate, &odd.key).unwrap().who().node, "rack_1.n-2");
        let error = load(&n1.certificate, &n2.key).unwrap_err();
        assert!(matches!(error, TlsError::Unusable { .. }), "{error}");
        let error = load(&alien.certificate, &alien.key).unwrap_err();
        assert!(matches!(error, TlsError::Foreign { .. }), "{error}");
        let error = load(&old.certificate, &old.key).unwrap_err();
        assert!(error.to_string().contains("fieldrun ca issue"), "{error}");
        let error = load(&ca, &n1.key).unwrap_err();
        assert!(error.to_string().contains("it is a cluster authority"), "{error}");
        let error = load(&n1.certificate, &n1.certificate).unwrap_err();
        assert!(error.to_string().contains("no private key"), "{error}");
        let error = load(&dir.path().join("none.pem"), &n1.key).unwrap_err();
        assert!(error.to_string().contains("none.pem"), "{error}");
    }
}
