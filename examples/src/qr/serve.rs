//! The service at work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::peer::{MAX_LINE, query_all};
use super::{Args, QrError};

/// More connections wait until one of these is closed.
const MAX_CONNECTIONS: usize = 64;
/// A connection on which nothing is asked for so long is closed.
const IDLE: Duration = Duration::from_secs(30);
/// How often the fault file is read.
const LOOK: Duration = Duration::from_millis(20);
/// How often the lifeline is looked at.
const LIFELINE: Duration = Duration::from_millis(200);
/// The longest delay of an answer.
const MAX_SLOW_MILLIS: u64 = 60_000;

/// What all tasks of the service share.
struct State {
    args: Args,
    /// Never unset: only a new process answers again.
    hung: AtomicBool,
    /// Milliseconds by which every answer is delayed.
    slow: AtomicU64,
    crash: Notify,
}

impl State {
    fn hang(&self, why: &str) {
        if !self.hung.swap(true, Ordering::AcqRel) {
            #[expect(clippy::print_stderr, reason = "the log of the service")]
            {
                eprintln!("{} hangs: {why}", self.args.id);
            }
        }
    }

    fn hangs(&self) -> bool {
        self.hung.load(Ordering::Acquire)
    }
}

/// What the fault file asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    Hang,
    Crash,
    Slow(u64),
}

fn fault(args: &Args) -> Fault {
    let text = args.fault_file.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
    let mut words = text.as_deref().unwrap_or_default().split_whitespace();
    match (words.next(), words.next()) {
        (Some("hang"), _) => Fault::Hang,
        (Some("crash"), _) => Fault::Crash,
        (Some("slow"), Some(millis)) => match millis.parse::<u64>() {
            Ok(millis) => Fault::Slow(millis.min(MAX_SLOW_MILLIS)),
            Err(_) => Fault::None,
        },
        _ => Fault::None,
    }
}

/// Serves until it is told to crash or its lifeline is cut.
pub(crate) async fn serve(args: Args) -> Result<(), QrError> {
    let Some(pid) = args.lifeline else { return work(args).await };
    tokio::select! {
        result = work(args) => result,
        () = gone(pid) => Err(QrError::Abandoned(pid)),
    }
}

/// Waits until a process is gone.
async fn gone(pid: u32) {
    while std::fs::exists(format!("/proc/{pid}")).unwrap_or(true) {
        sleep(LIFELINE).await;
    }
}

async fn work(args: Args) -> Result<(), QrError> {
    while fault(&args) == Fault::Hang {
        sleep(LOOK).await;
    }
    sleep(args.start_delay).await;
    let listener = TcpListener::bind(&args.listen)
        .await
        .map_err(|source| QrError::Listen { address: args.listen.clone(), source })?;
    let state = Arc::new(State {
        args,
        hung: AtomicBool::new(false),
        slow: AtomicU64::new(0),
        crash: Notify::new(),
    });
    let accept = tokio::spawn(accept(listener, state.clone()));
    let originate = tokio::spawn(originate(state.clone()));
    let watch = tokio::spawn(watch_fault_file(state.clone()));
    state.crash.notified().await;
    for task in [accept, originate, watch] {
        task.abort();
    }
    Err(QrError::Crashed)
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        // Never closed, so that this cannot fail.
        let Ok(place) = places.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let state = state.clone();
                tokio::spawn(async move {
                    // A peer that breaks off harms nobody.
                    let _ = converse(stream, &state).await;
                    drop(place);
                });
            }
            // Out of descriptors, for example: wait until connections have ended.
            Err(_) => sleep(LOOK).await,
        }
    }
}

/// Answers line after line until the peer closes, is idle or says something too long.
async fn converse(stream: TcpStream, state: &State) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    loop {
        let mut line = Vec::new();
        let mut limited = (&mut reader).take(MAX_LINE);
        match timeout(IDLE, limited.read_until(b'\n', &mut line)).await {
            Ok(read) => read?,
            Err(_) => return Ok(()),
        };
        if !line.ends_with(b"\n") {
            return Ok(());
        }
        let answer = match state.hangs() {
            true => None,
            false => answer(String::from_utf8_lossy(&line).trim(), state).await,
        };
        let Some(answer) = answer else { return silence(&mut reader).await };
        sleep(Duration::from_millis(state.slow.load(Ordering::Acquire))).await;
        writer.write_all(format!("{answer}\n").as_bytes()).await?;
    }
}

/// Says nothing until the peer goes away.
async fn silence(reader: &mut (impl AsyncRead + Unpin)) -> std::io::Result<()> {
    tokio::io::copy(reader, &mut tokio::io::sink()).await.map(drop)
}

/// The answer to a line; none when the service has begun to hang meanwhile.
async fn answer(line: &str, state: &State) -> Option<String> {
    let id = &state.args.id;
    let (word, number) = match line.split_once(' ') {
        Some((word, rest)) => (word, rest.trim().parse::<u64>().ok()),
        None => (line, None),
    };
    Some(match (word, number) {
        ("health", _) => format!("ok {id}"),
        ("query", budget) => {
            let budget = budget.map_or(state.args.query_timeout, Duration::from_millis);
            let result = query_all(&state.args.peers, budget.min(state.args.query_timeout)).await;
            if state.hangs() {
                return None;
            }
            result.map_or_else(|why| format!("error {id}: {why}"), |()| format!("answer {id}"))
        }
        ("hang", _) => {
            state.hang("told to");
            format!("ok {id}")
        }
        ("crash", _) => {
            state.crash.notify_one();
            return None;
        }
        ("slow", Some(millis)) => {
            state.slow.store(millis.min(MAX_SLOW_MILLIS), Ordering::Release);
            format!("ok {id}")
        }
        _ => format!("error {id}: say `health`, `query BUDGET`, `hang`, `crash` or `slow MILLIS`"),
    })
}

/// The queries that the service makes by itself; too many failures in a row and it hangs.
async fn originate(state: Arc<State>) {
    let mut ticks = interval(state.args.query_interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failures = 0;
    while !state.args.peers.is_empty() {
        ticks.tick().await;
        if state.hangs() {
            return;
        }
        match query_all(&state.args.peers, state.args.query_timeout).await {
            Ok(()) => failures = 0,
            Err(why) => {
                failures += 1;
                if failures == state.args.give_up {
                    state.hang(&format!("{failures} queries in a row failed, the last: {why}"));
                }
            }
        }
    }
}

async fn watch_fault_file(state: Arc<State>) {
    let mut slowed = false;
    while state.args.fault_file.is_some() {
        match fault(&state.args) {
            Fault::Hang => state.hang("the fault file says so"),
            Fault::Crash => state.crash.notify_one(),
            Fault::Slow(millis) => {
                slowed = true;
                state.slow.store(millis, Ordering::Release);
            }
            Fault::None => {
                if std::mem::take(&mut slowed) {
                    state.slow.store(0, Ordering::Release);
                }
            }
        }
        sleep(LOOK).await;
    }
}
