//! Every number of the transport, with its reason; nothing is left to defaults that may change.

use super::rates::Rate;
use crate::files::ResetKey;
use crate::tls::Credentials;
use quinn::{
    ClientConfig, ConnectionId, ConnectionIdGenerator, EndpointConfig, IdleTimeout, ServerConfig,
    TransportConfig, VarInt,
};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

/// Largest frame on a stream, in bytes. (A datagram is limited by the path, below 64 KiB.)
pub const MAX_FRAME: usize = 1 << 20;

/// Most links of a node.
pub(super) const MAX_LINKS: usize = 256;

/// Handshakes in progress, above which a stranger must first show that its address is real.
pub(super) const RETRY_ABOVE: usize = 16;

/// Handshakes in progress, above which a stranger is turned away.
pub(super) const MAX_HANDSHAKES: usize = 64;

/// Handshakes that one address may begin: enough for every node of a host or behind one router to
/// come back at once, and a small part of what a core can verify.
pub(super) const HANDSHAKE_RATE: Rate = Rate { per_second: 32, burst: 64 };

/// Addresses whose handshakes are counted.
pub(super) const ADDRESSES: usize = 1024;

/// Frames of a peer: the most that 64 devices with a round every 20 ms send, and a quarter more.
pub(super) const FRAME_RATE: Rate = Rate { per_second: 4_000, burst: 8_000 };

/// Bytes of a peer's frames, and how many may come at once.
pub(super) const BYTE_RATE: Rate = Rate { per_second: 32 << 20, burst: 32 << 20 };

/// So many frames beyond the rate are one strike; see [`super::hub`].
pub(super) const OVER_PER_STRIKE: u64 = 500;

/// A handshake and the welcome after it take no longer.
pub(super) const HANDSHAKE_TIME: Duration = Duration::from_secs(3);

/// Must survive the loss of a packet or two within the shortest idle time (3 s), which either end
/// of a link may have set: the effective one is the smaller of both.
const KEEP_ALIVE: Duration = Duration::from_secs(1);

/// Guess of the round trip before it is known. quinn's 333 ms would make the first repetition to a
/// peer that is just starting wait a second.
const INITIAL_ROUND_TRIP: Duration = Duration::from_millis(100);

/// Bytes of a handshake that may wait for others to arrive, before it is known who sends them: a
/// certificate with the longest names of 256 services, which is also the most that TLS takes.
const HANDSHAKE_BUFFER: usize = 64 * 1024;

const MAX_STREAMS: u32 = 4;
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 256 * 1024;

/// A few datagrams for each device of a node; quinn drops the oldest beyond that, and older than
/// the newest is stale.
const DATAGRAM_SEND_BUFFER: usize = 32 * 1024;
const DATAGRAM_RECEIVE_BUFFER: usize = 256 * 1024;

const MAX_INCOMING: usize = 256;
const INCOMING_BUFFER: u64 = 64 * 1024;
const INCOMING_BUFFER_TOTAL: u64 = 1 << 20;

/// Silence after which a link counts as gone, for rounds of this period.
pub(super) fn idle_time(period: Duration) -> Duration {
    let longest = Duration::from_secs(24 * 3600);
    period.saturating_mul(10).clamp(Duration::from_secs(3), longest)
}

fn transport(period: Duration) -> Result<Arc<TransportConfig>, quinn::VarIntBoundsExceeded> {
    let mut config = TransportConfig::default();
    config
        .max_idle_timeout(Some(IdleTimeout::try_from(idle_time(period))?))
        .keep_alive_interval(Some(KEEP_ALIVE))
        .initial_rtt(INITIAL_ROUND_TRIP)
        .crypto_buffer_size(HANDSHAKE_BUFFER)
        .max_concurrent_uni_streams(VarInt::from_u32(MAX_STREAMS))
        .max_concurrent_bidi_streams(VarInt::from_u32(0))
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW))
        .receive_window(VarInt::from_u32(CONNECTION_WINDOW))
        .send_window(u64::from(CONNECTION_WINDOW) * 8)
        .datagram_send_buffer_size(DATAGRAM_SEND_BUFFER)
        .datagram_receive_buffer_size(Some(DATAGRAM_RECEIVE_BUFFER));
    Ok(Arc::new(config))
}

/// Configuration of the accepting side.
pub(super) fn server(credentials: &Credentials, period: Duration) -> Result<ServerConfig, String> {
    let crypto = credentials.server().map_err(|error| error.to_string())?;
    let mut config = ServerConfig::with_crypto(Arc::new(crypto));
    config
        .transport_config(transport(period).map_err(|error| error.to_string())?)
        .max_incoming(MAX_INCOMING)
        .incoming_buffer_size(INCOMING_BUFFER)
        .incoming_buffer_size_total(INCOMING_BUFFER_TOTAL);
    Ok(config)
}

/// Configuration of the dialling side.
pub(super) fn client(credentials: &Credentials, period: Duration) -> Result<ClientConfig, String> {
    let crypto = credentials.client().map_err(|error| error.to_string())?;
    let mut config = ClientConfig::new(Arc::new(crypto));
    config.transport_config(transport(period).map_err(|error| error.to_string())?);
    Ok(config)
}

/// Configuration of the socket: with a reset key that outlives the process.
pub(super) fn endpoint(reset_key: &ResetKey) -> EndpointConfig {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, reset_key.bytes());
    let mut config = EndpointConfig::new(Arc::new(key));
    config.cid_generator(|| Box::new(ConnectionIds::default()));
    config
}

/// Unpredictable connection ids that bear no mark of the process.
///
/// quinn's own generator marks its ids with a key of the process and silently drops packets with
/// another mark; then the packets of a peer that has not noticed our restart would never be
/// answered with a reset.
#[derive(Default)]
struct ConnectionIds {
    key: RandomState,
    count: u64,
}

impl ConnectionIdGenerator for ConnectionIds {
    fn generate_cid(&mut self) -> ConnectionId {
        self.count = self.count.wrapping_add(1);
        ConnectionId::new(&self.key.hash_one(self.count).to_le_bytes())
    }

    fn cid_len(&self) -> usize {
        size_of::<u64>()
    }

    fn cid_lifetime(&self) -> Option<Duration> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keep_alive_beats_every_idle_time() {
        for period in [1, 200, 1_000, 60_000, u64::MAX / 1_000_000] {
            let period = Duration::from_millis(period);
            assert!(KEEP_ALIVE * 3 <= idle_time(period), "{period:?}");
            assert!(transport(period).is_ok(), "{period:?}");
        }
        assert_eq!(idle_time(Duration::from_secs(1)), Duration::from_secs(10));
    }
}
