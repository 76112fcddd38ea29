//! Who a node is: cluster, node name and the services that it may speak for, as its certificate
//! says.
//!
//! A certificate carries its identity in URIs among the subject's alternative names:
//!
//! * `fieldrun://CLUSTER/node/NODE`, exactly one, makes it a node certificate;
//! * `fieldrun://CLUSTER/service/SERVICE`, one for each service whose status it may publish;
//! * `fieldrun://CLUSTER/ca` marks the cluster's authority.

use rustls::pki_types::CertificateDer;
use serde::Serialize;
use thiserror::Error;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// Longest name of a node, a cluster or a service, in bytes.
pub const MAX_NAME: usize = 63;

/// Most services that one certificate may name.
pub const MAX_SERVICES: usize = 256;

const SCHEME: &str = "fieldrun://";

/// What a node's certificate says about its holder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// The cluster whose authority signed it.
    pub cluster: String,
    /// The name of the node; unique in the cluster.
    pub node: String,
    /// Services that the node may publish, ascending.
    pub services: Vec<String>,
}

impl Identity {
    /// Whether this node may publish values of the device `id`: itself, or one of its services.
    pub fn may_publish(&self, id: &str) -> bool {
        self.node == id || self.services.iter().any(|service| service == id)
    }

    /// The names that a certificate of this identity carries.
    pub(crate) fn uris(&self) -> impl Iterator<Item = String> + '_ {
        let cluster = &self.cluster;
        let node = std::iter::once(format!("{SCHEME}{cluster}/node/{}", self.node));
        node.chain(
            self.services.iter().map(move |id| format!("{SCHEME}{cluster}/service/{}", escape(id))),
        )
    }
}

/// The name that marks a cluster's authority.
pub(crate) fn authority_uri(cluster: &str) -> String {
    format!("{SCHEME}{cluster}/ca")
}

/// Why a certificate names no node of a cluster.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdentityError {
    /// The bytes are no X.509 certificate.
    #[error("not an X.509 certificate: {0}")]
    Encoding(String),
    /// No URI of ours, or not exactly one node.
    #[error("no fieldrun node certificate: {0}; make one with `fieldrun ca issue`")]
    Names(&'static str),
    /// A name in it breaks the rules for names.
    #[error("{0}")]
    Name(#[from] NameError),
}

/// Why a text is no name.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{kind} name `{name}` {problem}")]
pub struct NameError {
    kind: &'static str,
    name: String,
    problem: &'static str,
}

/// Checks the name of a node or cluster: a DNS label's characters, since TLS names servers so.
///
/// # Errors
/// Says which rule the name breaks.
pub fn check_name(kind: &'static str, name: &str) -> Result<(), NameError> {
    let fits =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    let problem = if name.is_empty() {
        "is empty"
    } else if name.len() > MAX_NAME {
        "is longer than 63 bytes"
    } else if !name.chars().all(fits) {
        "may hold only lower-case letters, digits, `-`, `_` and `.`"
    } else if name
        .split('.')
        .any(|part| part.is_empty() || part.starts_with('-') || part.ends_with('-'))
    {
        "has a part that is empty or begins or ends with `-`"
    } else if name
        .split('.')
        .next_back()
        .is_some_and(|part| part.bytes().all(|b| b.is_ascii_digit()))
    {
        "ends in a number, which TLS would take for an address"
    } else {
        return Ok(());
    };
    Err(NameError { kind, name: name.chars().take(MAX_NAME).collect(), problem })
}

/// Checks the name of a service: any text without control characters.
///
/// # Errors
/// Says which rule the name breaks.
pub fn check_service(name: &str) -> Result<(), NameError> {
    let problem = if name.is_empty() {
        "is empty"
    } else if name.len() > MAX_NAME {
        "is longer than 63 bytes"
    } else if name.chars().any(char::is_control) {
        "holds a control character"
    } else if name.trim() != name {
        "begins or ends with a space"
    } else {
        return Ok(());
    };
    Err(NameError { kind: "service", name: name.chars().take(MAX_NAME).collect(), problem })
}

/// What the names of a certificate say: an authority, a node, or nothing of ours.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) authority_of: Option<String>,
    cluster: Option<String>,
    nodes: Vec<String>,
    services: Vec<String>,
}

impl Names {
    /// Collects our URIs from a parsed certificate.
    pub(crate) fn of(certificate: &X509Certificate<'_>) -> Result<Self, IdentityError> {
        let mut names = Self::default();
        let subject = certificate
            .subject_alternative_name()
            .map_err(|error| IdentityError::Encoding(error.to_string()))?;
        let Some(subject) = subject else { return Ok(names) };
        for name in &subject.value.general_names {
            if let GeneralName::URI(uri) = name {
                names.add(uri)?;
            }
        }
        names.services.sort();
        names.services.dedup();
        Ok(names)
    }

    fn add(&mut self, uri: &str) -> Result<(), IdentityError> {
        let Some(rest) = uri.strip_prefix(SCHEME) else { return Ok(()) };
        let mut parts = rest.splitn(3, '/');
        let (cluster, kind, name) = (parts.next(), parts.next(), parts.next());
        let Some(cluster) = cluster else { return Ok(()) };
        check_name("cluster", cluster)?;
        if self.cluster.as_deref().is_some_and(|other| other != cluster) {
            return Err(IdentityError::Names("it names two clusters"));
        }
        self.cluster = Some(cluster.to_owned());
        match (kind, name) {
            (Some("ca"), None) => self.authority_of = Some(cluster.to_owned()),
            (Some("node"), Some(node)) => {
                check_name("node", node)?;
                self.nodes.push(node.to_owned());
            }
            (Some("service"), Some(service)) => {
                let service =
                    unescape(service).ok_or(IdentityError::Names("a service name is garbled"))?;
                check_service(&service)?;
                self.services.push(service);
            }
            _ => return Err(IdentityError::Names("it holds a fieldrun URI of unknown form")),
        }
        if self.services.len() > MAX_SERVICES {
            return Err(IdentityError::Names("it names more than 256 services"));
        }
        Ok(())
    }

    /// The identity of a node, if the names make one.
    pub(crate) fn into_identity(self) -> Result<Identity, IdentityError> {
        let mut nodes = self.nodes.into_iter();
        match (self.cluster, nodes.next(), nodes.next()) {
            (Some(cluster), Some(node), None) => {
                Ok(Identity { cluster, node, services: self.services })
            }
            (_, Some(_), Some(_)) => Err(IdentityError::Names("it names two nodes")),
            _ if self.authority_of.is_some() => {
                Err(IdentityError::Names("it is the certificate of a cluster authority"))
            }
            _ => Err(IdentityError::Names("it names no node")),
        }
    }
}

/// Reads the identity from a certificate. Whether anybody vouches for it is not asked here.
///
/// # Errors
/// When the bytes are no certificate, or its names are not those of exactly one node.
pub fn of_certificate(certificate: &CertificateDer<'_>) -> Result<Identity, IdentityError> {
    let (_, parsed) = X509Certificate::from_der(certificate)
        .map_err(|error| IdentityError::Encoding(error.to_string()))?;
    Names::of(&parsed)?.into_identity()
}

/// Percent-encodes what a URI path may not hold; certificates hold ASCII only.
fn escape(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The inverse of [`escape`]; `None` when an escape is incomplete or the result is not UTF-8.
fn unescape(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            let (high, low) = (digit(bytes.next()?)?, digit(bytes.next()?)?);
            out.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_nodes_follow_dns() {
        for good in ["n1", "db-2", "n1.acme", "a", "node_1"] {
            assert_eq!(check_name("node", good), Ok(()), "{good}");
        }
        for bad in ["", "N1", "-a", "a-", "a..b", "a b", "ä", "1.2.3.4", &"x".repeat(64)] {
            assert!(check_name("node", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_node_may_publish_itself_and_its_services_only() {
        let identity =
            Identity { cluster: "acme".into(), node: "n1".into(), services: vec!["db".into()] };
        assert!(identity.may_publish("n1") && identity.may_publish("db"));
        assert!(!identity.may_publish("n2") && !identity.may_publish("d"));
    }

    proptest::proptest! {
        #[test]
        fn escaping_is_undone_by_unescaping(name in "\\PC{0,20}") {
            let escaped = escape(&name);
            proptest::prop_assert!(escaped.is_ascii() && !escaped.contains('/'));
            proptest::prop_assert_eq!(unescape(&escaped), Some(name));
        }

        #[test]
        fn unescaping_is_total(text in "\\PC{0,20}") {
            let _ = unescape(&text);
        }
    }
}
