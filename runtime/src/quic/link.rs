//! One link: how it begins, and what goes over it.
//!
//! After the handshake the accepting end sends a welcome on its first stream. A dialler counts the
//! link as made only then: in TLS 1.3 the client finishes before the server has seen its
//! certificate, and the server may keep another link instead.

use super::events::DownReason;
use super::failure::{Failure, code, down_reason};
use super::hub::{Dialler, Hub};
use super::outbox::Outbox;
use super::rates::Meter;
use super::settings::{HANDSHAKE_TIME, MAX_FRAME, OVER_PER_STRIKE};
use crate::clock::now_micros;
use crate::identity::Identity;
use crate::refusals::Refusal;
use crate::{tasks, tls};
use quinn::{Connection, ReadToEndError, RecvStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;

/// The first thing that the accepting end says.
const WELCOME: &[u8] = b"fieldrun/2 welcome";

/// Bytes that a stream is taken to have cost which did not come to its end: as many as may wait.
const CUT_OFF: usize = 64 * 1024;

/// Takes a connection whose handshake succeeded on the accepting side.
pub(super) fn accepted(
    hub: &Arc<Hub>,
    connection: Connection,
    frame_time: Duration,
) -> Result<Identity, (Option<Identity>, Failure)> {
    let who = identify(&connection).map_err(|failure| (None, failure))?;
    let known = who.clone();
    start(hub, connection, who, Dialler::Them, frame_time)
        .map_err(|failure| (Some(known.clone()), failure))?;
    Ok(known)
}

/// Takes a connection that we opened: waits for the welcome first.
pub(super) async fn dialled(
    hub: &Arc<Hub>,
    connection: Connection,
    frame_time: Duration,
) -> Result<Identity, (Option<Identity>, Failure)> {
    let who = identify(&connection).map_err(|failure| (None, failure))?;
    let known = who.clone();
    let fail = |failure| (Some(known.clone()), failure);
    hub.check_peer(&known).map_err(|failure| {
        connection.close(code::IDENTITY, b"wrong node");
        fail(failure)
    })?;
    match tokio::time::timeout(HANDSHAKE_TIME, welcome(&connection)).await {
        Ok(Ok(())) => {}
        Ok(Err(failure)) => return Err(fail(failure)),
        Err(_) => {
            connection.close(code::IDENTITY, b"no welcome");
            return Err(fail(Failure::Unreachable("it did not welcome this node".to_owned())));
        }
    }
    start(hub, connection, who, Dialler::Us, frame_time).map_err(fail)?;
    Ok(known)
}

fn identify(connection: &Connection) -> Result<Identity, Failure> {
    tls::peer_identity(connection).map_err(|error| {
        connection.close(code::IDENTITY, b"no node certificate");
        Failure::Refused(Refusal::ForeignCertificate, error.to_string())
    })
}

async fn welcome(connection: &Connection) -> Result<(), Failure> {
    let mut stream =
        connection.accept_uni().await.map_err(|error| Failure::of_handshake(&error))?;
    match stream.read_to_end(WELCOME.len()).await {
        Ok(bytes) if bytes == WELCOME => Ok(()),
        Ok(_) | Err(ReadToEndError::TooLong) => {
            connection.close(code::IDENTITY, b"no welcome");
            Err(Failure::Refused(Refusal::Handshake, "it did not begin with a welcome".to_owned()))
        }
        Err(ReadToEndError::Read(quinn::ReadError::ConnectionLost(error))) => {
            Err(Failure::of_handshake(&error))
        }
        Err(error) => Err(Failure::Unreachable(error.to_string())),
    }
}

/// Registers the link and lets it run.
fn start(
    hub: &Arc<Hub>,
    connection: Connection,
    who: Identity,
    dialler: Dialler,
    frame_time: Duration,
) -> Result<(), Failure> {
    let link = hub.link(&connection, who, dialler);
    let (peer, outbox) = link.inspect_err(|_| {
        // Harmless when it is closed already with a better reason.
        connection.close(code::IDENTITY, b"refused");
    })?;
    let addr = connection.remote_address();
    tracing::info!(peer = &*peer, %addr, dialled = dialler == Dialler::Us, "link up");
    let hub = hub.clone();
    tokio::spawn(async move {
        let run = run(&hub, &peer, &connection, &outbox, dialler, frame_time);
        let reason = tasks::contained("a link to", &peer.clone(), run).await.unwrap_or_else(|| {
            connection.close(code::INTERNAL, b"internal error");
            DownReason::Failed("an internal error of this node".to_owned())
        });
        hub.unlink(&peer, &connection, reason);
    });
    Ok(())
}

/// Carries frames both ways until the connection ends.
async fn run(
    hub: &Arc<Hub>,
    peer: &Arc<str>,
    connection: &Connection,
    outbox: &Outbox,
    dialler: Dialler,
    frame_time: Duration,
) -> DownReason {
    if dialler == Dialler::Them
        && let Err(error) = send_welcome(connection).await
    {
        return DownReason::Failed(format!("cannot welcome it: {error}"));
    }
    let meter = Metered::default();
    tokio::select! {
        error = connection.closed() => down_reason(&error),
        () = outbox.run(connection) => lost(connection),
        () = receive_datagrams(hub, peer, connection, &meter) => lost(connection),
        () = receive_streams(hub, peer, connection, frame_time, &meter) => lost(connection),
    }
}

fn lost(connection: &Connection) -> DownReason {
    connection
        .close_reason()
        .map_or_else(|| DownReason::Failed("lost".to_owned()), |error| down_reason(&error))
}

async fn send_welcome(connection: &Connection) -> Result<(), quinn::WriteError> {
    let mut stream = connection.open_uni().await?;
    stream.write_all(WELCOME).await?;
    // Fails only on a stream that is over already.
    let _ = stream.finish();
    Ok(())
}

/// What a peer has sent of late; its streams are read at the same time as its datagrams.
type Metered = Arc<Mutex<Meter>>;

fn metered(meter: &Metered) -> MutexGuard<'_, Meter> {
    meter.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn receive_datagrams(hub: &Hub, peer: &Arc<str>, connection: &Connection, meter: &Metered) {
    while let Ok(bytes) = connection.read_datagram().await {
        tasks::trip("a link to", peer);
        let (fits, over) = {
            let mut meter = metered(meter);
            (meter.datagram(now_micros(), bytes.len()), meter.over())
        };
        if fits {
            hub.frame(peer, bytes);
            continue;
        }
        let reason = "it sends more frames or bytes than a peer may; what is beyond is dropped";
        if over.is_multiple_of(OVER_PER_STRIKE) {
            hub.strike(peer, Refusal::TooFast, reason);
        } else {
            hub.refuse(peer, Refusal::TooFast, reason);
        }
    }
}

/// Reads streams at once, as many as the transport allows the peer to open. A peer beyond its rate
/// is made to wait: flow control holds it back, and what it supersedes meanwhile is never sent.
async fn receive_streams(
    hub: &Arc<Hub>,
    peer: &Arc<str>,
    connection: &Connection,
    frame_time: Duration,
    meter: &Metered,
) {
    let mut readers = JoinSet::new();
    loop {
        tokio::select! {
            stream = connection.accept_uni() => match stream {
                Ok(stream) => {
                    let (hub, peer, meter) = (hub.clone(), peer.clone(), meter.clone());
                    readers.spawn(receive_stream(hub, peer, stream, frame_time, meter));
                }
                Err(_) => return,
            },
            Some(_) = readers.join_next() => {}
        }
    }
}

async fn receive_stream(
    hub: Arc<Hub>,
    peer: Arc<str>,
    mut stream: RecvStream,
    frame_time: Duration,
    meter: Metered,
) {
    let wait = metered(&meter).wait(now_micros());
    if !wait.is_zero() {
        let reason = "it sends more bytes than a peer may; its streams are read slowly";
        hub.refuse(&peer, Refusal::TooFast, reason);
        tokio::time::sleep(wait).await;
    }
    let read = tokio::time::timeout(frame_time, stream.read_to_end(MAX_FRAME)).await;
    // A stream that was superseded, or went on without end, has cost some of its bytes too.
    let cost = read.as_ref().map_or(MAX_FRAME, |read| read.as_ref().map_or(CUT_OFF, Vec::len));
    metered(&meter).stream(now_micros(), u64::try_from(cost).unwrap_or(u64::MAX));
    match read {
        Ok(Ok(bytes)) => hub.frame(&peer, bytes.into()),
        Ok(Err(ReadToEndError::TooLong)) => {
            let reason = format!("a frame of more than {MAX_FRAME} bytes");
            hub.strike(&peer, Refusal::Oversized, &reason);
        }
        // Reset because it is superseded, or the link is lost: nothing to say.
        Ok(Err(ReadToEndError::Read(_))) => {}
        Err(_) => {
            hub.strike(&peer, Refusal::Garbage, "a stream was not finished in time");
        }
    }
}
