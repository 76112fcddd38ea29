//! Whether a demonstration went as it must, and its figures. Pure: a story in, a verdict out.

use std::collections::BTreeSet;

use fieldrun_glue::Status;
use serde::Serialize;

use super::story::Story;
use crate::enterprise::Enterprise;

/// What a dependent waits for before it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// All that it needs runs and is ready.
    AfterRun,
    /// All that it needs has at least begun to start, or is being restarted. The program of SAC
    /// 2015 tolerates this: a service that is starting or stopping does not count as down.
    AfterStarting,
    /// Something it needs had not even begun to start.
    None,
}

/// How services reacted along one dependency, in microseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hop {
    /// The dependent.
    pub service: String,
    /// The last of its dependencies to be there again.
    pub after: String,
    /// From then until the dependent began to start.
    pub reaction_us: u64,
    /// How much longer its start took than the service itself needs.
    pub readiness_us: u64,
}

/// The figures of a demonstration, in microseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    /// From the fault until the service counted as hung.
    pub detect_us: Option<u64>,
    /// From then until the last dependent had stopped.
    pub stop_us: Option<u64>,
    /// From the end of the fault until all ran again.
    pub recover_us: Option<u64>,
    /// Each dependency along which services returned.
    pub hops: Vec<Hop>,
}

impl Figures {
    /// Mean and maximum over the hops of what a hop takes beyond the service's own start.
    pub fn hop_overhead_us(&self) -> Option<(u64, u64)> {
        let each = || self.hops.iter().map(|hop| hop.reaction_us + hop.readiness_us);
        Some((each().sum::<u64>() / each().count().max(1) as u64, each().max()?))
    }
}

/// What came of a demonstration.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// Everything that was not as it must be; empty when all is well.
    pub problems: Vec<String>,
    /// What dependents were seen to wait for.
    pub rule: Rule,
    /// What they had to wait for.
    pub demanded: Rule,
    /// The services that stopped, in the order in which they left `run`.
    pub stopped: Vec<String>,
    /// The services that nothing happened to.
    pub untouched: Vec<String>,
    /// The services that started again, in this order.
    pub started: Vec<String>,
    /// The figures.
    pub figures: Figures,
}

/// Judges a story. `demanded` is what dependents have to wait for; by itself it is
/// [`Rule::AfterRun`] when the program restarted the hung service, and [`Rule::AfterStarting`] when
/// it left that to a human, as the program of SAC 2015 does.
pub fn judge(enterprise: &Enterprise, story: &Story, demanded: Option<Rule>) -> Verdict {
    let demanded = demanded.unwrap_or(match story.marks.operator_us {
        None => Rule::AfterRun,
        Some(_) => Rule::AfterStarting,
    });
    let steps = enterprise.dependents(&story.root);
    let affected: BTreeSet<&str> = steps.iter().flatten().map(String::as_str).collect();
    let mut problems = Vec::new();
    root_hung(story, &mut problems);
    let stopped = exactly_these_stopped(enterprise, story, &affected, &mut problems);
    outward(enterprise, story, &affected, &mut problems);
    let started = all_returned(story, &affected, &mut problems);
    let first = observed_rule(enterprise, story, 0, &mut problems, demanded);
    let again = observed_rule(enterprise, story, story.marks.fault_us, &mut problems, demanded);
    let untouched = enterprise
        .services
        .iter()
        .map(|member| member.id.clone())
        .filter(|id| story.of(id, story.marks.fault_us, u64::MAX).next().is_none())
        .collect();
    Verdict {
        problems,
        rule: first.max(again),
        demanded,
        stopped,
        untouched,
        started,
        figures: figures(enterprise, story, &affected, first.max(again)),
    }
}

fn root_hung(story: &Story, problems: &mut Vec<String>) {
    if story.first(&story.root, Status::Hung, story.marks.fault_us).is_none() {
        problems.push(format!("{} was never found hung", story.root));
    }
}

/// When a service left `run` because of the fault.
fn left(story: &Story, service: &str) -> Option<u64> {
    let mut changes = story.of(service, story.marks.fault_us, u64::MAX);
    changes.find(|change| change.from == Status::Run).map(|change| change.at_us)
}

/// All dependents and nobody else, and each came to `stop` before the fault ended.
fn exactly_these_stopped(
    enterprise: &Enterprise,
    story: &Story,
    affected: &BTreeSet<&str>,
    problems: &mut Vec<String>,
) -> Vec<String> {
    let mut stopped = Vec::new();
    for member in enterprise.services.iter().filter(|member| member.id != story.root) {
        let id = member.id.as_str();
        let marks = &story.marks;
        match (affected.contains(id), left(story, id)) {
            (true, Some(at)) => {
                stopped.push((at, id.to_owned()));
                let reached = story.of(id, marks.fault_us, marks.restore_us).last();
                if reached.is_none_or(|change| change.to != Status::Stop) {
                    let now = reached.map_or("run", |change| change.to.as_str());
                    problems.push(format!("{id} was `{now}`, not `stop`, when the fault ended"));
                }
            }
            (true, None) => problems.push(format!("{id} did not stop")),
            (false, _) => {
                if let Some(change) = story.of(id, marks.fault_us, u64::MAX).next() {
                    let (from, to) = (change.from, change.to);
                    problems.push(format!(
                        "{id} does not depend on {}, and yet went from {from} to {to}: {}",
                        story.root, change.cause
                    ));
                }
            }
        }
    }
    stopped.sort();
    stopped.into_iter().map(|(_, id)| id).collect()
}

/// Each left `run` only after something that it depends on had.
fn outward(
    enterprise: &Enterprise,
    story: &Story,
    affected: &BTreeSet<&str>,
    problems: &mut Vec<String>,
) {
    for member in enterprise.services.iter().filter(|m| affected.contains(m.id.as_str())) {
        let Some(at) = left(story, &member.id) else { continue };
        let earliest = member.dependencies.iter().filter_map(|on| left(story, on)).min();
        if earliest.is_none_or(|earliest| at < earliest) {
            problems.push(format!("{} stopped before anything that it depends on", member.id));
        }
    }
}

/// The hung service and all dependents run at the end, and each started only once.
fn all_returned(
    story: &Story,
    affected: &BTreeSet<&str>,
    problems: &mut Vec<String>,
) -> Vec<String> {
    let mut started = Vec::new();
    for id in affected.iter().copied().chain([story.root.as_str()]) {
        let last = story.of(id, story.marks.fault_us, u64::MAX).last();
        if last.is_some_and(|change| change.to != Status::Run) {
            let status = last.map_or("?", |change| change.to.as_str());
            problems.push(format!("{id} is `{status}` at the end"));
        }
        let starts = story.of(id, story.marks.fault_us, u64::MAX);
        let starts: Vec<u64> =
            starts.filter(|c| c.to == Status::Starting).map(|change| change.at_us).collect();
        if starts.len() > 1 {
            problems.push(format!("{id} was started {} times", starts.len()));
        }
        started.extend(starts.first().map(|at| (*at, id.to_owned())));
    }
    started.sort();
    started.into_iter().map(|(_, id)| id).collect()
}

/// What dependents waited for in their first start after `from_us`; names those that waited for
/// less than they had to.
fn observed_rule(
    enterprise: &Enterprise,
    story: &Story,
    from_us: u64,
    problems: &mut Vec<String>,
    demanded: Rule,
) -> Rule {
    let mut observed = Rule::AfterRun;
    for member in &enterprise.services {
        let Some(at) = story.first(&member.id, Status::Starting, from_us) else { continue };
        for on in &member.dependencies {
            let status = status_at(story, on, at);
            let rule = match status {
                Status::Run => Rule::AfterRun,
                Status::Starting => Rule::AfterStarting,
                Status::Stopping if restarts(story, on, at) => Rule::AfterStarting,
                Status::Stop | Status::Stopping | Status::Hung => Rule::None,
            };
            if rule > demanded {
                problems.push(format!("{} began to start while {on} was {status}", member.id));
            }
            observed = observed.max(rule);
        }
    }
    observed
}

/// The status of a service at a time; at the very same microsecond the later status counts.
fn status_at(story: &Story, service: &str, at_us: u64) -> Status {
    let last = story.of(service, 0, at_us.saturating_add(1)).last();
    last.map_or(Status::Stop, |change| change.to)
}

/// Whether the next thing that happens to a service is a start.
fn restarts(story: &Story, service: &str, at_us: u64) -> bool {
    let next = story.of(service, at_us.saturating_add(1), u64::MAX).next();
    next.is_some_and(|change| change.to == Status::Starting)
}

fn figures(
    enterprise: &Enterprise,
    story: &Story,
    affected: &BTreeSet<&str>,
    rule: Rule,
) -> Figures {
    let marks = &story.marks;
    let hung = story.first(&story.root, Status::Hung, marks.fault_us);
    let stops = || affected.iter().map(|id| story.first(id, Status::Stop, marks.fault_us));
    let returns = || {
        let all = affected.iter().copied().chain([story.root.as_str()]);
        all.map(|id| story.first(id, Status::Run, marks.restore_us))
    };
    let last = |times: &mut dyn Iterator<Item = Option<u64>>| {
        times.collect::<Option<Vec<u64>>>().and_then(|times| times.into_iter().max())
    };
    Figures {
        detect_us: hung.map(|at| at.saturating_sub(marks.fault_us)),
        stop_us: last(&mut stops()).zip(hung).map(|(end, begin)| end.saturating_sub(begin)),
        recover_us: last(&mut returns()).map(|at| at.saturating_sub(marks.restore_us)),
        hops: hops(enterprise, story, affected, rule),
    }
}

fn hops(enterprise: &Enterprise, story: &Story, affected: &BTreeSet<&str>, rule: Rule) -> Vec<Hop> {
    // What they waited for is what the reaction is measured from.
    let awaited = if rule == Rule::AfterRun { Status::Run } else { Status::Starting };
    let marks = &story.marks;
    let mut hops = Vec::new();
    for member in enterprise.services.iter().filter(|m| affected.contains(m.id.as_str())) {
        let begun = story.first(&member.id, Status::Starting, marks.fault_us);
        let ran = begun.and_then(|at| story.first(&member.id, Status::Run, at));
        let there =
            |on: &String| story.first(on, awaited, left(story, on)?).map(|at| (at, on.clone()));
        let after = member.dependencies.iter().filter_map(there).max();
        if let (Some(begun), Some(ran), Some((at, after))) = (begun, ran, after) {
            let own = u64::try_from(member.start.as_micros()).unwrap_or(u64::MAX);
            hops.push(Hop {
                service: member.id.clone(),
                after,
                reaction_us: begun.saturating_sub(at),
                readiness_us: ran.saturating_sub(begun).saturating_sub(own),
            });
        }
    }
    hops
}

#[cfg(test)]
mod tests;
