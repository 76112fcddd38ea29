//! The daemon's end of the socket. Each client has a task; the daemon itself is asked by message,
//! so that no client can keep it from its rounds.

use super::access::Caller;
use super::{Access, MAX_REQUEST, Reply, Request, Role, StatusReport};
use crate::clock::now_micros;
use crate::cluster::ClusterEvent;
use crate::refusals::{Refusal, Refusals};
use crate::tasks;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use thiserror::Error;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, broadcast, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

/// Clients at a time: so many that may command, and as many that may only ask.
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

/// Creates the socket; replaces one that nobody serves any more. Unless it is `shared`, only its owner
/// can connect. Who else may do what is decided for each client.
pub(crate) async fn bind(path: &Path, shared: bool) -> Result<UnixListener, SocketError> {
    let fail = |source| SocketError::Io { path: path.to_owned(), source };
    if let Some(folder) = path.parent()
        && !folder.as_os_str().is_empty()
    {
        // Others find the way to a shared socket, but nothing else in the folder.
        let mode = if shared { 0o711 } else { 0o700 };
        std::fs::DirBuilder::new().recursive(true).mode(mode).create(folder).map_err(fail)?;
        if shared && std::fs::metadata(folder).map_err(fail)?.permissions().mode() & 0o011 == 0 {
            let folder = folder.display();
            tracing::warn!(
                %folder,
                "only the daemon's user can enter the socket's folder, so that [admin] lets nobody \
                 in; set `socket` to one elsewhere, such as in /run/fieldrun"
            );
        }
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
    set_shared(path, shared).map_err(fail)?;
    Ok(listener)
}

/// Lets others than the owner connect, or not.
pub(crate) fn set_shared(path: &Path, shared: bool) -> io::Result<()> {
    let mode = if shared { 0o666 } else { 0o600 };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
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

/// What all clients share.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) calls: mpsc::Sender<Call>,
    pub(crate) events: broadcast::Sender<Arc<ClusterEvent>>,
    pub(crate) access: watch::Receiver<Access>,
}

/// Serves the socket.
pub(crate) fn serve(path: &Path, listener: UnixListener, service: Service) -> Serving {
    let listener = Arc::new(listener);
    let place = path.display().to_string();
    let rooms = [(); 2].map(|()| Arc::new(Semaphore::new(MAX_CLIENTS)));
    let refusals = Arc::new(Mutex::new(Refusals::default()));
    let accept = move || {
        let doors = Doors {
            listener: listener.clone(),
            rooms: rooms.clone(),
            refusals: refusals.clone(),
            service: service.clone(),
        };
        doors.accept()
    };
    let task = tokio::spawn(tasks::keep("the socket", place, accept));
    Serving { path: path.to_owned(), task }
}

/// Where clients come in.
struct Doors {
    listener: Arc<UnixListener>,
    /// For clients that may only ask, and for those that may command: neither keeps the other out.
    rooms: [Arc<Semaphore>; 2],
    refusals: Arc<Mutex<Refusals>>,
    service: Service,
}

impl Doors {
    async fn accept(self) {
        let mut clients = tokio::task::JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                Some(_) = clients.join_next() => continue,
            };
            match accepted {
                Ok((stream, _)) => {
                    let client = self.let_in(stream);
                    clients.spawn(tasks::contained_by("a client of the socket", client));
                }
                // Out of file descriptors, most likely: others must get some back first.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }

    /// Finds out who a client is and what it may do.
    fn let_in(&self, stream: UnixStream) -> impl Future<Output = ()> + Send + use<> {
        // Who it is cannot be asked any more when it is gone.
        let caller =
            stream.peer_cred().map(|who| Caller { uid: who.uid(), gid: who.gid(), pid: who.pid() });
        let owner = rustix::process::geteuid().as_raw();
        let role = caller
            .as_ref()
            .ok()
            .and_then(|caller| self.service.access.borrow().role(owner, *caller));
        let room = self.rooms.get(usize::from(role == Some(Role::Operator))).cloned();
        let permit = room.and_then(|room| room.try_acquire_owned().ok());
        let (read, write) = stream.into_split();
        let refusals = self.refusals.clone();
        let service = self.service.clone();
        async move {
            match (caller, role, permit) {
                (Ok(caller), Some(role), Some(permit)) => {
                    let client = Client { write, caller, role, refusals, service };
                    client.serve(read).await;
                    drop(permit);
                }
                (Ok(caller), Some(role), None) => {
                    let client = Client { write, caller, role, refusals, service };
                    let error = format!("more than {MAX_CLIENTS} clients; close some");
                    client.turn_away(error).await;
                }
                (Ok(caller), None, _) => {
                    let client = Client { write, caller, role: Role::Reader, refusals, service };
                    let error = client.refused("connect");
                    client.turn_away(error).await;
                }
                (Err(_), ..) => {}
            }
        }
    }
}

struct Client {
    write: OwnedWriteHalf,
    caller: Caller,
    role: Role,
    refusals: Arc<Mutex<Refusals>>,
    service: Service,
}

impl Client {
    /// Takes note that a client may not do what it wants; returns what it is told.
    fn refused(&self, what: &str) -> String {
        let need = if what == "connect" { "readers` or `operators" } else { "operators" };
        let error = format!(
            "user {} may not {what}; add the user or one of its groups to `{need}` in [admin] of \
             node.toml, then `fieldrun reload` as the daemon's user",
            self.caller.uid
        );
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        let (who, reason) = (format!("uid {}", self.caller.uid), format!("may not {what}"));
        if let Some(line) = refusals.count(now_micros(), &who, Refusal::NoRole, &reason) {
            tracing::warn!(uid = self.caller.uid, pid = self.caller.pid, "{line}");
        }
        error
    }

    async fn turn_away(mut self, error: String) {
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
                Ok(request) if request.role() > self.role => {
                    Reply::Refused { error: self.refused(request.names().0) }
                }
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
        let log = request.clone();
        let reply = match self.call(Call::Command(request, answer), outcome).await {
            Some(Ok(message)) => Reply::Done { message },
            Some(Err(error)) => Reply::Refused { error },
            None => busy(),
        };
        self.audit(&log, &reply);
        reply
    }

    /// Writes down who commanded what, and what came of it.
    fn audit(&self, request: &Request, reply: &Reply) {
        let (command, service) = request.names();
        let Caller { uid, gid, pid } = self.caller;
        let (accepted, answer) = match reply {
            Reply::Done { message } => (true, message.as_str()),
            Reply::Refused { error } => (false, error.as_str()),
            _ => return,
        };
        tracing::info!(uid, gid, pid, command, service, accepted, answer, "operator command");
    }

    async fn call<T>(&self, call: Call, answer: oneshot::Receiver<T>) -> Option<T> {
        let ask = async {
            self.service.calls.send(call).await.ok()?;
            answer.await.ok()
        };
        tokio::time::timeout(ANSWER_TIME, ask).await.ok().flatten()
    }

    /// Sends changes until the client is too slow.
    async fn watch(&mut self) -> io::Result<()> {
        let mut events = self.service.events.subscribe();
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
        let listener = bind(&path, false).await.unwrap();
        let (calls, _waiting) = mpsc::channel(1);
        let (events, _) = broadcast::channel(64);
        let (_owner, access) = watch::channel(Access::default());
        let service = Service { calls, events: events.clone(), access };
        let _serving = serve(&path, listener, service);
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
        let error = bind(&path, false).await.unwrap_err().to_string();
        assert!(error.contains("no socket"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "data");
    }
}
