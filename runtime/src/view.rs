//! Status and changes as text for people.

use crate::admin::StatusReport;
use crate::clock::utc;
use crate::cluster::{ClusterEvent, DeviceStatus, Freshness, Known, Neighbor};
use crate::dependencies;
use fieldrun_glue::{Desired, Fault, Repair, ServiceSnapshot, Status};
use std::collections::{BTreeMap, BTreeSet};

/// A value in a table is shown up to this length, in characters.
const MAX_VALUE: usize = 40;

/// A chain of causes is shown up to this length.
const MAX_CHAIN: usize = 8;

/// The cluster as tables: services, nodes and devices, then what needs attention.
///
/// Services that are not well come first, each behind what blocks it.
pub fn table(report: &StatusReport) -> String {
    let services = Services::of(report);
    let mut out = heading(report);
    let titles = ["SERVICE", "NODE", "STATUS", "FOR", "DEPS", "NOTE"];
    out.push_str(&columns(titles, services.rows()));
    let rows = report.nodes.iter().map(node_row).collect();
    out.push_str(&columns(["NODE", "HEARD", "START", "EVERY", "REFUSED", "LINKS"], rows));
    let devices = report.nodes.iter().flat_map(|node| {
        node.status.devices.iter().map(|device| device_row(&node.status.node, device))
    });
    let rows = devices.collect();
    out.push_str(&columns(["DEVICE", "NODE", "ROUNDS", "FAILED", "VALUE", "HEARS"], rows));
    let remarks = remarks(report);
    if !remarks.is_empty() {
        out.push('\n');
    }
    for line in remarks {
        out.push_str(&line);
        out.push('\n');
    }
    out
}

fn node_row(node: &Known) -> [String; 6] {
    let status = &node.status;
    let heard = span(node.age_ms);
    [
        status.node.clone(),
        if node.freshness == Freshness::Fresh { heard } else { format!("{heard}!") },
        status.incarnation.to_string(),
        span(status.period_ms),
        or_dash(status.refused),
        status.links.join(" "),
    ]
}

fn device_row(node: &str, device: &DeviceStatus) -> [String; 6] {
    let mut hears: Vec<String> = device.neighbors.iter().map(heard).collect();
    let shown = u64::try_from(hears.len()).unwrap_or(u64::MAX);
    if device.hears > shown {
        hears.push(format!("and {} more", device.hears - shown));
    }
    let mut value: String = device.value.chars().take(MAX_VALUE).collect();
    if value.len() < device.value.len() {
        value.push('…');
    }
    let rounds = device.rounds.to_string();
    let failed = or_dash(device.traps);
    [device.id.clone(), node.to_owned(), rounds, failed, value, hears.join(" ")]
}

/// A neighbour; one with another program is marked, since no values are shared with it, with what
/// it says of its service all the same.
fn heard(neighbor: &Neighbor) -> String {
    let id = &neighbor.id;
    match (neighbor.other_program, neighbor.service) {
        (false, _) => id.clone(),
        (true, None) => format!("{id}(other program)"),
        (true, Some(service)) => format!("{id}(other program, {})", service.status),
    }
}

fn or_dash(count: u64) -> String {
    if count == 0 { "-".to_owned() } else { count.to_string() }
}

fn heading(report: &StatusReport) -> String {
    let total = report.nodes.len();
    let fresh = report.nodes.iter().filter(|node| node.freshness == Freshness::Fresh).count();
    let mut programs: Vec<String> = report.nodes.iter().map(program).collect();
    programs.sort();
    programs.dedup();
    let cluster = &report.cluster;
    format!("CLUSTER {cluster}  {total} nodes ({fresh} fresh)  program {}\n", programs.join(", "))
}

fn program(node: &Known) -> String {
    let program = &node.status.program;
    let short: String = program.fingerprint.chars().take(4).collect();
    format!("{}@{short}", program.name)
}

/// Everything known of the services, and where.
struct Services<'r> {
    /// Every service of every node, ascending by id; two nodes may claim the same one.
    all: Vec<(&'r Known, &'r ServiceSnapshot)>,
    by_id: BTreeMap<&'r str, (&'r Known, &'r ServiceSnapshot)>,
    /// Claimed by two nodes: by what devices heard, or by what nodes say here.
    conflicts: BTreeSet<&'r str>,
}

impl<'r> Services<'r> {
    fn of(report: &'r StatusReport) -> Self {
        let mut all: Vec<_> = report
            .nodes
            .iter()
            .flat_map(|node| node.status.services.iter().map(move |service| (node, service)))
            .collect();
        all.sort_by_key(|(_, service)| &service.id);
        let heard = report.nodes.iter().flat_map(|node| &node.status.conflicts);
        let mut conflicts: BTreeSet<&str> = heard.map(String::as_str).collect();
        let twins = all.iter().zip(all.iter().skip(1)).filter(|(a, b)| a.1.id == b.1.id);
        conflicts.extend(twins.map(|(a, _)| a.1.id.as_str()));
        let by_id = all.iter().map(|(node, s)| (s.id.as_str(), (*node, *s))).collect();
        Self { all, by_id, conflicts }
    }

    /// Whether others can use it.
    fn runs(&self, id: &str) -> bool {
        !self.conflicts.contains(id)
            && self.by_id.get(id).is_some_and(|(node, service)| {
                service.status == Status::Run && service.ready && node.freshness == Freshness::Fresh
            })
    }

    /// The first dependency that does not run, if any.
    fn blocker(&self, service: &'r ServiceSnapshot) -> Option<&'r str> {
        service.dependencies.iter().map(String::as_str).find(|id| !self.runs(id))
    }

    /// From what blocks a service to the root of it.
    fn chain(&self, service: &'r ServiceSnapshot) -> Vec<&'r str> {
        let mut chain = Vec::new();
        let mut next = self.blocker(service);
        while let Some(id) = next {
            if chain.contains(&id) || chain.len() == MAX_CHAIN {
                break;
            }
            chain.push(id);
            next = self.by_id.get(id).and_then(|(_, service)| self.blocker(service));
        }
        chain
    }

    /// Whether another service waits for this one, which waits for none.
    fn is_root(&self, id: &str) -> bool {
        let own = self.by_id.get(id).is_some_and(|(node, service)| {
            node.freshness == Freshness::Fresh && self.blocker(service).is_none()
        });
        own && !self.runs(id)
            && self.by_id.values().any(|(_, other)| self.chain(other).last() == Some(&id))
    }

    /// A row for each: those that are not well first, roots, then what they block, outward.
    fn rows(&self) -> Vec<[String; 6]> {
        let mut all = self.all.clone();
        all.sort_by_key(|(_, service)| {
            let depth = self.chain(service).len();
            (self.runs(&service.id) && depth == 0, depth, &service.id)
        });
        all.into_iter().map(|(node, service)| self.row(node, service)).collect()
    }

    fn row(&self, node: &Known, service: &'r ServiceSnapshot) -> [String; 6] {
        let total = service.dependencies.len();
        let live = service.dependencies.iter().filter(|id| self.runs(id)).count();
        let stale = node.freshness == Freshness::Silent;
        [
            service.id.clone(),
            node.status.node.clone(),
            if stale { format!("{}?", service.status) } else { service.status.to_string() },
            span(service.age_ms.saturating_add(node.age_ms)),
            if total == 0 { "-".to_owned() } else { format!("{live}/{total}") },
            self.note(node, service),
        ]
    }

    fn note(&self, node: &Known, service: &'r ServiceSnapshot) -> String {
        let mut notes = Vec::new();
        if node.freshness == Freshness::Silent {
            notes.push(format!("node silent for {}", span(node.age_ms)));
        }
        if self.conflicts.contains(service.id.as_str()) {
            notes.push("claimed by two nodes".to_owned());
        }
        if service.desired == Desired::Down {
            notes.push("stopped by the operator".to_owned());
        }
        if service.repair == Repair::Unrecoverable {
            notes.push("unrecoverable: find the cause, then `fieldrun reset`".to_owned());
        }
        let chain = self.chain(service);
        if service.status != Status::Run && !chain.is_empty() {
            notes.push(format!("blocked by {}", chain.join(" <- ")));
        }
        let ill = service.fault != Fault::None || matches!(service.status, Status::Hung);
        if let (true, Some(error)) = (ill, &service.last_error) {
            notes.push(error.clone());
        }
        if service.status == Status::Run && !service.ready {
            notes.push("not ready".to_owned());
        }
        if self.is_root(&service.id) {
            notes.push("<- ROOT CAUSE".to_owned());
        }
        notes.join("; ")
    }
}

/// What an operator should look at besides services.
fn remarks(report: &StatusReport) -> Vec<String> {
    let mut lines = Vec::new();
    for node in report.nodes.iter().filter(|node| node.freshness == Freshness::Silent) {
        lines.push(format!("node {} is silent for {}", node.status.node, span(node.age_ms)));
    }
    for peer in report.transport.peers.iter().filter(|peer| peer.state != "linked") {
        let name = peer.node.as_deref().unwrap_or("?");
        lines.push(format!("peer {name} at {}: {}", peer.addr, peer.state));
    }
    for (peer, refusals) in &report.transport.refusals {
        let counts: Vec<String> =
            refusals.counts.iter().map(|(kind, n)| format!("{} x{n}", kind.name())).collect();
        lines.push(format!("refused from {peer}: {}; {}", counts.join(", "), refusals.last));
    }
    let services = report.nodes.iter().flat_map(|node| &node.status.services);
    lines.extend(dependencies::problems(services).iter().map(ToString::to_string));
    for node in &report.nodes {
        for device in node.status.devices.iter().filter(|device| device.traps > 0) {
            let (id, traps) = (&device.id, device.traps);
            lines.push(format!("device {id}: {traps} rounds failed; {}", device.value));
        }
    }
    if let Some(days) = report.certificate_ends_in_days {
        let node = &report.node;
        lines.push(format!("the certificate of {node} ends in {days} days; `fieldrun ca renew`"));
    }
    if let Some(days) = report.authority_ends_in_days {
        lines.push(format!("the cluster's authority ends in {days} days; `fieldrun ca rotate`"));
    }
    for (kind, count) in &report.internal_errors {
        lines.push(format!("{count} internal errors in {kind} were contained; see the log"));
    }
    lines
}

/// One change as a line: time, place, what, why.
pub fn event_line(event: &ClusterEvent) -> String {
    match event {
        ClusterEvent::Service { node, change, .. } => {
            let event = &change.event;
            let seconds = i64::try_from(change.wall_ms / 1_000).unwrap_or(i64::MAX);
            let time = utc(seconds);
            let time = time.get(11..19).unwrap_or_default();
            let what = if event.from == event.to {
                let not = if event.ready { "" } else { "not " };
                format!("{} ({not}ready)", event.to)
            } else {
                format!("{} -> {}", event.from, event.to)
            };
            let millis = change.wall_ms % 1_000;
            format!(
                "{time}.{millis:03}  {:<16} {node:<8} {what:<22} {}",
                event.service, event.cause
            )
        }
        ClusterEvent::NodeSeen { node, incarnation, .. } => {
            format!("node {node} is there (start {incarnation})")
        }
        ClusterEvent::NodeSilent { node, .. } => format!("node {node} is silent"),
        ClusterEvent::Conflict { id, nodes, .. } => {
            format!("device {id} is claimed by {}; neither counts", nodes.join(" and "))
        }
    }
}

/// A time span in its largest unit: `850ms`, `12s`, `3m`, `5h`, `9d`.
fn span(millis: u64) -> String {
    let seconds = millis / 1_000;
    match seconds {
        0 => format!("{millis}ms"),
        1..120 => format!("{seconds}s"),
        120..7_200 => format!("{}m", seconds / 60),
        7_200..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// A table behind an empty line: columns as wide as their widest cell, the last one as it is.
/// Nothing when there are no rows.
fn columns<const N: usize>(titles: [&str; N], rows: Vec<[String; N]>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut all = vec![titles.map(str::to_owned)];
    all.extend(rows);
    let width = |column: usize| {
        all.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..N).map(|column| width(column).unwrap_or(0)).collect();
    let mut out = "\n".to_owned();
    for row in &all {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&format!("{cell:<width$}  "));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests;
