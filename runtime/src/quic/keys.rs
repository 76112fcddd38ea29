//! What the links of a node are made with, until a reload brings another one.

use super::failure::Failure;
use super::{QuicError, settings};
use crate::refusals::Refusal;
use crate::tls::{self, Credentials};
use quinn::{ClientConfig, Connection, ServerConfig};
use rustls::pki_types::UnixTime;
use rustls::server::danger::ClientCertVerifier;
use rustls::{CertificateError, Error};
use std::sync::Arc;
use std::time::Duration;

/// Configurations and the check of peers that follow from a node's credentials.
pub(super) struct Keys {
    pub(super) server: ServerConfig,
    pub(super) client: ClientConfig,
    verifier: Arc<dyn ClientCertVerifier>,
}

impl Keys {
    pub(super) fn new(credentials: &Credentials, period: Duration) -> Result<Self, QuicError> {
        Ok(Self {
            server: settings::server(credentials, period).map_err(QuicError::Configuration)?,
            client: settings::client(credentials, period).map_err(QuicError::Configuration)?,
            verifier: credentials
                .peer_verifier()
                .map_err(|error| QuicError::Configuration(error.to_string()))?,
        })
    }

    /// Whether the peer of a connection would still be let in. A certificate that has ended since
    /// the handshake does not end the link: it counts again at the next handshake.
    pub(super) fn vouch_for(&self, connection: &Connection) -> Result<(), Failure> {
        let foreign =
            |reason: &str| Err(Failure::Refused(Refusal::ForeignCertificate, reason.to_owned()));
        let Some(leaf) = tls::peer_certificate(connection) else {
            return foreign("it sent no certificate");
        };
        match self.verifier.verify_client_cert(&leaf, &[], UnixTime::now()) {
            Ok(_) => Ok(()),
            Err(Error::InvalidCertificate(error)) => match error {
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. } => Ok(()),
                CertificateError::Revoked => {
                    let reason = "its certificate was revoked".to_owned();
                    Err(Failure::Refused(Refusal::RevokedCertificate, reason))
                }
                _ => foreign("its certificate is not of this cluster's authority any more"),
            },
            Err(error) => foreign(&error.to_string()),
        }
    }
}
