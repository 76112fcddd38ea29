//! The UDP socket with the QUIC endpoint on it, which is made anew when it fails.

use super::keys::Keys;
use super::settings;
use crate::files::ResetKey;
use quinn::{Endpoint, Runtime};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, PoisonError, RwLock};

/// A bound address and what serves it now.
pub(super) struct Socket {
    /// Keeps the address while the endpoint on it is replaced.
    bound: UdpSocket,
    runtime: Arc<dyn Runtime>,
    reset_key: ResetKey,
    endpoint: RwLock<Endpoint>,
}

impl Socket {
    pub(super) fn open(
        listen: SocketAddr,
        reset_key: ResetKey,
        runtime: Arc<dyn Runtime>,
        keys: &Keys,
    ) -> io::Result<Self> {
        let bound = UdpSocket::bind(listen)?;
        let endpoint = endpoint(&bound, &reset_key, &runtime, keys)?;
        Ok(Self { bound, runtime, reset_key, endpoint: RwLock::new(endpoint) })
    }

    /// What serves the address now.
    pub(super) fn endpoint(&self) -> Endpoint {
        self.endpoint.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts a new endpoint in the place of one that failed.
    pub(super) fn reopen(&self, keys: &Keys) -> io::Result<()> {
        let new = endpoint(&self.bound, &self.reset_key, &self.runtime, keys)?;
        *self.endpoint.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }
}

fn endpoint(
    bound: &UdpSocket,
    reset_key: &ResetKey,
    runtime: &Arc<dyn Runtime>,
    keys: &Keys,
) -> io::Result<Endpoint> {
    let server = Some(keys.server.clone());
    Endpoint::new(settings::endpoint(reset_key), server, bound.try_clone()?, runtime.clone())
}
