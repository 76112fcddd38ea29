//! The record of a demonstration: every daemon is asked for every change of its own service.

use std::collections::BTreeMap;
use std::time::Duration;

use fieldrun_glue::{ServiceEvent, Status, clock};
use fieldrun_runtime::admin::{AdminError, Client};
use fieldrun_runtime::cluster::ClusterEvent;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::setup::Node;
use super::story::Change;

/// How long to wait before asking a daemon again that was not there.
const AGAIN: Duration = Duration::from_millis(50);
/// How many news may wait to be recorded.
const MAX_WAITING: usize = 1024;

/// A change of a service, with what identifies it: the number of its daemon's start, and its own
/// number since then.
struct News {
    incarnation: u64,
    event: ServiceEvent,
}

/// What is known of a service.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Now {
    pub(crate) status: Status,
    pub(crate) ready: bool,
    pub(crate) since_us: u64,
    pid: Option<u32>,
    /// The last change that was taken in.
    seen: (u64, u64),
}

/// Collects the changes of all services.
pub(crate) struct Recorder {
    pub(crate) changes: Vec<Change>,
    pub(crate) services: BTreeMap<String, Now>,
    news: mpsc::Receiver<News>,
    _listeners: JoinSet<()>,
}

impl Recorder {
    /// Listens to all nodes.
    pub(crate) fn new(nodes: &[Node]) -> Self {
        let (sender, news) = mpsc::channel(MAX_WAITING);
        let mut listeners = JoinSet::new();
        let now = Now {
            status: Status::Stop,
            ready: false,
            since_us: micros_now(),
            pid: None,
            seen: (0, 0),
        };
        let mut services = BTreeMap::new();
        for node in nodes {
            services.insert(node.service.clone(), now);
            listeners.spawn(listen(node.clone(), sender.clone()));
        }
        Self { changes: Vec::new(), services, news, _listeners: listeners }
    }

    /// Waits for the next change of a status and records it.
    pub(crate) async fn next(&mut self) -> Change {
        loop {
            // The listeners live as long as this and hold senders.
            let Some(news) = self.news.recv().await else { return std::future::pending().await };
            if let Some(change) = self.take(news) {
                // Daemons are heard one after the other, but each stamps its own changes.
                let at = self.changes.partition_point(|other| other.at_us <= change.at_us);
                self.changes.insert(at, change.clone());
                return change;
            }
        }
    }

    fn take(&mut self, News { incarnation, event }: News) -> Option<Change> {
        let now = self.services.get_mut(&event.service)?;
        if (incarnation, event.seq) <= now.seen {
            return None;
        }
        now.seen = (incarnation, event.seq);
        now.ready = event.ready;
        // A new daemon adopts the process and finds it as it was: nothing has happened to the
        // service then.
        let same_process = event.pid.is_some() && event.pid == now.pid;
        let adopted = event.to == Status::Starting && same_process && now.status == Status::Run;
        now.pid = event.pid.or(now.pid);
        if adopted || event.to == now.status {
            return None;
        }
        let from = std::mem::replace(&mut now.status, event.to);
        now.since_us = event.at_us;
        let (service, to, cause) = (event.service, event.to, event.cause);
        Some(Change { service, at_us: event.at_us, from, to, cause })
    }
}

/// The time in microseconds, on the clock of the changes.
pub(crate) fn micros_now() -> u64 {
    u64::try_from(clock::now().as_micros()).unwrap_or(u64::MAX)
}

/// Tells every change of the node's own service, for ever.
async fn listen(node: Node, news: mpsc::Sender<News>) {
    loop {
        // An error means that the daemon is not there, not yet or not any more.
        let _ = follow(&node, &news).await;
        if news.is_closed() {
            return;
        }
        sleep(AGAIN).await;
    }
}

async fn follow(node: &Node, news: &mpsc::Sender<News>) -> Result<(), AdminError> {
    let mut watch = Client::connect(&node.socket).await?.watch().await?;
    // What was before; what happens meanwhile comes twice and is recognised.
    let report = Client::connect(&node.socket).await?.status().await?;
    let own = report.nodes.into_iter().map(|known| known.status);
    for status in own.filter(|status| status.node == node.name) {
        for change in status.recent {
            let told = News { incarnation: status.incarnation, event: change.event };
            if told.event.service == node.service && news.send(told).await.is_err() {
                return Ok(());
            }
        }
    }
    loop {
        let ClusterEvent::Service { node: from, incarnation, change } = watch.next().await? else {
            continue;
        };
        let own = from == node.name && change.event.service == node.service;
        if own && news.send(News { incarnation, event: change.event }).await.is_err() {
            return Ok(());
        }
    }
}
