//! The daemon's end of the socket. Each client has a task; the daemon itself is asked by message,
//! so that no client can keep it from its rounds.

use super::{MAX_REQUEST, Reply, Request, StatusReport};
use crate::cluster::ClusterEvent;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, broadcast, mpsc, oneshot};
use tokio::task::JoinHandle;

/// Clients at a time.
const MAX_CLIENTS: usize = 32;

/// A client that sends no request for so long is let go.
const IDLE_TIME: Duration = Duration::from_secs(60);

/// A client that does not read for so long is let go.
const WRITE_TIME: Duration = Duration::from_secs(5);

/// The daemon answers within this time, or is too busy.
const ANSWER_TIME: Duration = Duration::from_secs(10);

/// Why there is no socket.
#[derive(Debug, Error)]
pub(crate) enum SocketError {
    #[error("a daemon is already running at {}; stop it, or give this one another `socket` and `state_dir`", .0.display())]
    AlreadyRunning(PathBuf),
    #[error("cannot create the socket {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// A question to the daemon, with where to send the answer.
#[derive(Debug)]
pub(crate) enum Call {
    Status(oneshot::Sender<StatusReport>),
    Command(Request, oneshot::Sender<Result<String, String>>),
}

/// Creates the socket, for its owner only; replaces one that nobody serves any more.
pub(crate) async fn bind(path: &Path) -> Result<UnixListener, SocketError> {
    let fail = |source| SocketError::Io { path: path.to_owned(), source };
    if let Some(folder) = path.parent()
        && !folder.as_os_str().is_empty()
    {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(fail)?;
    }
    match UnixStream::connect(path).await {
        Ok(_) => return Err(SocketError::AlreadyRunning(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            use std::os::unix::fs::FileTypeExt;
            let kind = std::fs::symlink_metadata(path).map_err(fail)?.file_type();
            if !kind.is_socket() {
                let what = io::Error::other("a file that is no socket is in its place");
                return Err(fail(what));
            }
            std::fs::remove_file(path).map_err(fail)?;
        }
        Err(error) => return Err(fail(error)),
    }
    let listener = UnixListener::bind(path).map_err(fail)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(fail)?;
    Ok(listener)
}

/// A socket that is served until this is dropped.
pub(crate) struct Serving {
    path: PathBuf,
    task: JoinHandle<()>,
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
        // If it is gone already, so much the better.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Serves the socket.
pub(crate) fn serve(
    path: &Path,
    listener: UnixListener,
    calls: mpsc::Sender<Call>,
    events: broadcast::Sender<Arc<ClusterEvent>>,
) -> Serving {
    let task = tokio::spawn(async move {
        let room = Arc::new(Semaphore::new(MAX_CLIENTS));
        let mut clients = tokio::task::JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                Some(_) = clients.join_next() => continue,
            };
            let Ok((stream, _)) = accepted else {
                // Out of file descriptors, most likely: others must get some back first.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let (read, write) = stream.into_split();
            let permit = room.clone().try_acquire_owned();
            let client = Client { write, calls: calls.clone(), events: events.clone() };
            clients.spawn(async move {
                match permit {
                    Ok(_permit) => client.serve(read).await,
                    Err(_) => client.turn_away().await,
                }
            });
        }
    });
    Serving { path: path.to_owned(), task }
}

struct Client {
    write: OwnedWriteHalf,
    calls: mpsc::Sender<Call>,
    events: broadcast::Sender<Arc<ClusterEvent>>,
}

impl Client {
    async fn turn_away(mut self) {
        let error = format!("more than {MAX_CLIENTS} clients; close some");
        // The client may be gone already.
        let _ = self.reply(&Reply::Refused { error }).await;
    }

    /// Answers requests until the client closes, is silent for long or does not read.
    async fn serve(mut self, read: OwnedReadHalf) {
        let mut read = BufReader::new(read);
        while let Some(line) = next_line(&mut read).await {
            let request = line.and_then(|line| {
                serde_json::from_str(&line).map_err(|error| format!("no request: {error}"))
            });
            let reply = match request {
                Ok(Request::Watch) => {
                    // Ends when the client closes, without which nobody would notice.
                    let mut rest = [0; 1];
                    tokio::select! {
                        _ = read.read(&mut rest) => {}
                        _ = self.watch() => {}
                    }
                    return;
                }
                Ok(request) => self.ask(request).await,
                Err(error) => Reply::Refused { error },
            };
            if self.reply(&reply).await.is_err() {
                return;
            }
        }
    }

    async fn ask(&self, request: Request) -> Reply {
        let busy = || Reply::Refused { error: "the daemon is ending or too busy".to_owned() };
        if request == Request::Status {
            let (answer, report) = oneshot::channel();
            return match self.call(Call::Status(answer), report).await {
                Some(report) => Reply::Status(Box::new(report)),
                None => busy(),
            };
        }
        let (answer, outcome) = oneshot::channel();
        match self.call(Call::Command(request, answer), outcome).await {
            Some(Ok(message)) => Reply::Done { message },
            Some(Err(error)) => Reply::Refused { error },
            None => busy(),
        }
    }

    async fn call<T>(&self, call: Call, answer: oneshot::Receiver<T>) -> Option<T> {
        let ask = async {
            self.calls.send(call).await.ok()?;
            answer.await.ok()
        };
        tokio::time::timeout(ANSWER_TIME, ask).await.ok().flatten()
    }

    /// Sends changes until the client is too slow.
    async fn watch(&mut self) -> io::Result<()> {
        let mut events = self.events.subscribe();
        self.reply(&Reply::Watching).await?;
        loop {
            match events.recv().await {
                Ok(event) => {
                    self.reply(&Reply::Change { change: ClusterEvent::clone(&event) }).await?;
                }
                Err(broadcast::error::RecvError::Lagged(count)) => {
                    return self.reply(&Reply::Missed { count }).await;
                }
                Err(broadcast::error::RecvError::Closed) => return Ok(()),
            }
        }
    }

    async fn reply(&mut self, reply: &Reply) -> io::Result<()> {
        let mut line = serde_json::to_vec(reply).map_err(io::Error::other)?;
        line.push(b'\n');
        match tokio::time::timeout(WRITE_TIME, self.write.write_all(&line)).await {
            Ok(written) => written,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

/// The next line of at most [`MAX_REQUEST`] bytes, or what is wrong with it; `None` at the end.
async fn next_line(read: &mut BufReader<OwnedReadHalf>) -> Option<Result<String, String>> {
    let mut line = Vec::new();
    let limit = u64::try_from(MAX_REQUEST).unwrap_or(u64::MAX).saturating_add(1);
    let mut limited = read.take(limit);
    let got = tokio::time::timeout(IDLE_TIME, limited.read_until(b'\n', &mut line)).await;
    let (Ok(Ok(1..)), Some(b'\n')) = (got, line.last()) else {
        // The end, silence, or a line that is cut off; after an overlong one nothing fits together.
        return (line.len() > MAX_REQUEST)
            .then(|| Err(format!("a request of more than {MAX_REQUEST} bytes")));
    };
    Some(String::from_utf8(line).map_err(|_| "a request that is not UTF-8".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::{AdminError, Client};

    fn event(number: u64) -> Arc<ClusterEvent> {
        Arc::new(ClusterEvent::NodeSilent { node: "n".repeat(100), at_us: number })
    }

    /// A watcher that does not read gets what it could have read, then a note, then the end; who
    /// tells the changes never waits for it.
    #[tokio::test]
    async fn a_slow_watcher_is_let_go_with_a_note() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sock");
        let listener = bind(&path).await.unwrap();
        let (calls, _waiting) = mpsc::channel(1);
        let (events, _) = broadcast::channel(64);
        let _serving = serve(&path, listener, calls, events.clone());
        let mut watch = Client::connect(&path).await.unwrap().watch().await.unwrap();
        for number in 0..100 {
            // With pauses nothing is lost.
            events.send(event(number)).unwrap();
            assert_eq!(watch.next().await.unwrap(), *event(number));
        }
        for number in 100..10_000 {
            events.send(event(number)).unwrap();
        }
        let mut read = 0;
        let missed = loop {
            match watch.next().await {
                Ok(_) => read += 1,
                Err(AdminError::Missed(count)) => break count,
                Err(other) => panic!("{other}"),
            }
        };
        assert!(read < 1_000 && missed > 8_000, "read {read}, missed {missed}");
        assert!(matches!(watch.next().await, Err(AdminError::Closed)));
    }

    #[tokio::test]
    async fn a_file_that_is_no_socket_is_not_removed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("precious");
        std::fs::write(&path, "data").unwrap();
        let error = bind(&path).await.unwrap_err().to_string();
        assert!(error.contains("no socket"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "data");
    }
}
