//! The thread that owns the run: it answers questions and lets the run go on in between.

use fieldrun_sim::live::Session;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};

/// The most questions that wait.
const MAX_WAITING: usize = 64;
/// How long the run may go on before questions are answered again.
const SLICE: Duration = Duration::from_millis(15);
/// The least time between two pictures of the run.
const FRAME: Duration = Duration::from_millis(33);
/// How long questions are waited for while the run goes on, and while it stands still.
const PAUSE: Duration = Duration::from_millis(2);
const IDLE: Duration = Duration::from_millis(100);
/// After that long without anybody who looks, no pictures are made.
const UNWATCHED: Duration = Duration::from_secs(2);

/// Something that is asked of the run, or done to it.
type Question = Box<dyn FnOnce(&mut Session) + Send>;

/// One moment as bytes, and its number.
pub(super) type Frame = Arc<(u64, Vec<u8>)>;

/// How others reach the run.
pub(super) struct Handle {
    questions: SyncSender<Question>,
    frames: watch::Receiver<Frame>,
    watched: watch::Sender<Instant>,
}

/// The run is gone, or has more to do than it can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Busy;

impl Handle {
    /// Asks the run something; it answers as soon as it can.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Session) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let (answer, answered) = oneshot::channel();
        let question: Question = Box::new(move |session| {
            // Whoever asked may have gone away.
            let _ = answer.send(question(session));
        });
        match self.questions.try_send(question) {
            Ok(()) => answered.await.map_err(|_| Busy),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(Busy),
        }
    }

    /// The first picture with another number than this, or the newest one after a while.
    pub(super) async fn frame_after(&self, number: u64, patience: Duration) -> Frame {
        self.watched.send_replace(Instant::now());
        let mut frames = self.frames.clone();
        let newer = frames.wait_for(|frame| frame.0 != number);
        // Without one in time, or with a run that is gone, the newest there is.
        drop(tokio::time::timeout(patience, newer).await);
        self.watched.send_replace(Instant::now());
        self.frames.borrow().clone()
    }
}

/// Starts the thread.
pub(super) fn start(session: Session) -> io::Result<Handle> {
    let (questions, asked) = sync_channel(MAX_WAITING);
    let first = Arc::new((1, session.frame(1)));
    let (shown, frames) = watch::channel(first);
    let (watched, watching) = watch::channel(Instant::now());
    let worker = Worker { session, asked, shown, watching, number: 1, failed: false };
    let thread = std::thread::Builder::new().stack_size(fieldrun_device::ROUND_STACK);
    thread.name("run".to_owned()).spawn(move || worker.work())?;
    Ok(Handle { questions, frames, watched })
}

struct Worker {
    session: Session,
    asked: Receiver<Question>,
    shown: watch::Sender<Frame>,
    watching: watch::Receiver<Instant>,
    number: u64,
    /// Whether the run cannot go on.
    failed: bool,
}

impl Worker {
    /// Until nobody is left who could ask.
    fn work(mut self) {
        let (mut last, mut drawn) = (Instant::now(), Instant::now());
        let mut changed = false;
        loop {
            let watched = self.is_watched();
            // A run that nobody looks at stands still.
            let runs = watched && self.session.is_busy() && !self.failed;
            let wait = match (runs, watched && changed) {
                (true, _) => PAUSE,
                (false, true) => FRAME.saturating_sub(drawn.elapsed()).max(PAUSE),
                (false, false) => IDLE,
            };
            match self.asked.recv_timeout(wait) {
                Ok(question) => {
                    question(&mut self.session);
                    (self.failed, changed) = (false, true);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let passed = last.elapsed();
            last = Instant::now();
            let slice = last + SLICE;
            if runs {
                match self.session.advance(passed, &mut || Instant::now() < slice) {
                    Ok(advanced) => changed |= advanced,
                    Err(error) => {
                        crate::output::say(&format!("error: {error}"));
                        (self.failed, changed) = (true, true);
                    }
                }
            }
            if changed && watched && drawn.elapsed() >= FRAME {
                self.number += 1;
                let frame = (self.number, self.session.frame(self.number));
                self.shown.send_replace(Arc::new(frame));
                (drawn, changed) = (Instant::now(), false);
            }
        }
    }

    fn is_watched(&self) -> bool {
        self.watching.borrow().elapsed() < UNWATCHED
    }
}
