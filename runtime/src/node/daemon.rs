//! The loop of a node: waits for what comes next and hands it to the core.

use super::core::Core;
use super::drain::Drains;
use super::reload::{Fresh, Reloads};
use super::{Certificates, End, operator, warn_before_expiry};
use crate::admin::{Access, Call, Request, Serving, StatusReport};
use crate::clock::{now_micros, wall_millis};
use crate::config::NodeConfig;
use crate::quic::{Farewell, LinkEvents};
use crate::tasks;
use fieldrun_device::Micros;
use fieldrun_glue::{ServiceEvent, Services};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinHandle;

/// Signs of life are given at least this often.
const TELL_EVERY: Micros = Micros(1_250_000);

/// They are given so much earlier with a round: then both travel in one packet, for which one
/// acknowledgement is due.
const WITH_ROUND: Micros = Micros(500_000);

/// Certificates that end soon are spoken of once in this time.
const WARN_EVERY: Micros = Micros(86_400_000_000);

/// All that a running node holds.
pub(super) struct Daemon {
    pub(super) core: Core,
    pub(super) links: LinkEvents,
    pub(super) services: Arc<Services>,
    pub(super) changes: broadcast::Receiver<ServiceEvent>,
    /// Ids of services whose snapshot changed.
    pub(super) stirred: mpsc::Receiver<String>,
    pub(super) calls: mpsc::Receiver<Call>,
    pub(super) end: watch::Receiver<Option<End>>,
    pub(super) ask_end: watch::Sender<Option<End>>,
    pub(super) certificates: Certificates,
    /// What holds now; a reload changes it.
    pub(super) config: NodeConfig,
    pub(super) access: watch::Sender<Access>,
    pub(super) reloads: Reloads,
    pub(super) reloaded: mpsc::Receiver<Fresh>,
    pub(super) drains: Drains,
    pub(super) _admin: Serving,
}

/// What woke the node.
enum Woken {
    Link(crate::quic::LinkEvent),
    Service(ServiceEvent),
    Stirred(String),
    Call(Call),
    Reloaded(Fresh),
    End(End),
    Stopped,
    Time,
    /// A source of events has ended; the others go on.
    Nothing,
}

impl Daemon {
    /// Runs until the node is ended.
    pub(super) async fn run(mut self) {
        let mut tell = now_micros();
        let mut warned = tell;
        let mut stopping: Option<JoinHandle<()>> = None;
        loop {
            let wake = self.core.next_due().unwrap_or(tell).min(tell);
            // A long round of our own is no pause: only the time spent waiting counts.
            let meant = wake.max(now_micros());
            let woken = self.next(wake, &mut stopping).await;
            let now = now_micros();
            self.core.check_pause(now, meant);
            match woken {
                Woken::End(End::ServicesRunOn) | Woken::Stopped => break,
                Woken::End(End::StopServices) => stopping = Some(self.stop_services()),
                other => self.step("taking what came", |daemon| daemon.take(now, other)),
            }
            if now.since(warned) >= WARN_EVERY {
                warned = now;
                warn_before_expiry(&self.certificates);
            }
            let any = std::cell::Cell::new(false);
            self.step("rounds", |daemon| any.set(daemon.core.run_due(now)));
            let early = if any.get() { WITH_ROUND } else { Micros(0) };
            self.step("planned stops", |daemon| daemon.drains.enforce(now, &daemon.services));
            self.core.leave_time_for_others(now, now_micros());
            if tell.since(early) <= now {
                tell = Micros(now.0.saturating_add(TELL_EVERY.0));
                self.step("signs of life", |daemon| daemon.core.tell_all(now));
            }
            self.step("telling", |daemon| daemon.core.tell_changes(now));
        }
        self.finish(stopping.is_some()).await;
    }

    /// A step of the loop. One that panics is left as it is: the next comes all the same.
    fn step(&mut self, what: &'static str, step: impl FnOnce(&mut Self)) {
        let node = self.config.name.clone();
        tasks::contain(what, &node, || {
            tasks::trip(what, &node);
            step(self);
        });
    }

    async fn next(&mut self, wake: Micros, stopping: &mut Option<JoinHandle<()>>) -> Woken {
        let wait = Duration::from_micros(wake.since(now_micros()).0);
        let ended = async {
            match stopping {
                // A panic in it is logged by tokio; the services are as they are then.
                Some(task) => drop(task.await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Some(event) = self.links.next() => Woken::Link(event),
            event = self.changes.recv() => match event {
                Ok(event) => Woken::Service(event),
                Err(broadcast::error::RecvError::Lagged(count)) => {
                    tracing::error!(count, "changes of services came faster than they were taken");
                    Woken::Nothing
                }
                Err(broadcast::error::RecvError::Closed) => Woken::End(End::ServicesRunOn),
            },
            Some(id) = self.stirred.recv() => Woken::Stirred(id),
            Some(call) = self.calls.recv() => Woken::Call(call),
            Some(fresh) = self.reloaded.recv() => Woken::Reloaded(fresh),
            changed = self.end.changed() => match (changed, *self.end.borrow()) {
                (Ok(()), Some(end)) => Woken::End(end),
                (Ok(()), None) => Woken::Nothing,
                // Nobody holds the node any more.
                (Err(_), _) => Woken::End(End::ServicesRunOn),
            },
            () = ended => Woken::Stopped,
            () = tokio::time::sleep(wait) => Woken::Time,
        }
    }

    fn take(&mut self, now: Micros, woken: Woken) {
        match woken {
            Woken::Link(event) => self.core.link(now, event),
            Woken::Service(event) => self.core.service_changed(now, wall_millis(), event),
            Woken::Stirred(id) => self.core.hasten(now, &id),
            Woken::Call(Call::Status(answer)) => {
                let report = self.report(now);
                // The client may be gone.
                let _ = answer.send(report);
            }
            Woken::Call(Call::Command(Request::Reload, answer)) => self.begin_reload(answer),
            Woken::Reloaded(fresh) => self.finish_reload(fresh),
            Woken::Call(Call::Command(request, answer)) => {
                let result = self.command(now, &request);
                let _ = answer.send(result);
            }
            Woken::End(_) | Woken::Stopped | Woken::Time | Woken::Nothing => {}
        }
    }

    fn command(&mut self, now: Micros, request: &Request) -> Result<String, String> {
        if let Request::Shutdown { stop_services } = request {
            let end = if *stop_services { End::StopServices } else { End::ServicesRunOn };
            self.ask_end.send_replace(Some(end));
            return Ok("the daemon ends".to_owned());
        }
        let elsewhere = self.core.table.whereabouts();
        operator::command(&self.services, request, &elsewhere, (&mut self.drains, now))
    }

    fn report(&mut self, now: Micros) -> StatusReport {
        let wall_ms = wall_millis();
        let wall_seconds = i64::try_from(wall_ms / 1_000).unwrap_or(i64::MAX);
        StatusReport {
            node: self.core.who.node.clone(),
            cluster: self.core.who.cluster.clone(),
            at_us: now.0,
            wall_ms,
            certificate_ends_in_days: self.certificates.node.ends_soon(wall_seconds),
            authority_ends_in_days: self.certificates.authority_ends_soon(wall_seconds),
            internal_errors: tasks::panics(),
            nodes: self.core.known(now),
            failing: self.core.failing(),
            transport: self.core.transport.status(),
        }
    }

    fn stop_services(&self) -> JoinHandle<()> {
        tracing::info!("stopping all services before the daemon ends");
        let services = self.services.clone();
        tokio::spawn(async move { services.shutdown().await })
    }

    /// Tells the neighbours the end of it.
    async fn finish(mut self, services_stopped: bool) {
        let now = now_micros();
        while let Ok(event) = self.changes.try_recv() {
            self.core.service_changed(now, wall_millis(), event);
        }
        let farewell = if services_stopped || self.services.handles().is_empty() {
            self.core.run_all(now);
            Farewell::ForGood
        } else {
            Farewell::ServicesRunOn
        };
        self.core.tell_all(now);
        // The last frames leave before the farewell does.
        tokio::time::sleep(Duration::from_millis(20)).await;
        self.core.transport.shut_down(farewell).await;
        let services_run_on = farewell == Farewell::ServicesRunOn;
        tracing::info!(services_run_on, "the daemon ends");
    }
}
