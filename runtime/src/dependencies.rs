//! What is wrong with the dependencies of a whole cluster: services that nobody manages, and
//! cycles across nodes, in which every service waits for another.
//!
//! Pure, and for people only: programs see dependencies by what their neighbours share.

use fieldrun_glue::ServiceSnapshot;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Something wrong with dependencies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Problem {
    /// A service depends on one that no known node manages.
    Unknown {
        /// The service.
        service: String,
        /// What it depends on.
        dependency: String,
    },
    /// Services that wait for each other; each depends on the next, the last on the first.
    Cycle(Vec<String>),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { service, dependency } => write!(
                f,
                "service `{service}` depends on `{dependency}`, which no known node manages; \
                 correct the name, or start its node"
            ),
            Self::Cycle(cycle) => {
                let first = cycle.first().map_or("", String::as_str);
                let all = cycle.join(" -> ");
                write!(f, "dependency cycle {all} -> {first}; none of these can start: remove one")
            }
        }
    }
}

/// All problems of the known services, ascending. A cycle begins with its lowest id.
pub fn problems<'s>(services: impl Iterator<Item = &'s ServiceSnapshot>) -> Vec<Problem> {
    let graph: BTreeMap<&str, &[String]> =
        services.map(|s| (s.id.as_str(), s.dependencies.as_slice())).collect();
    let mut found = BTreeSet::new();
    for (service, dependencies) in &graph {
        for dependency in dependencies.iter().filter(|id| !graph.contains_key(id.as_str())) {
            let (service, dependency) = ((*service).to_owned(), dependency.clone());
            found.insert(Problem::Unknown { service, dependency });
        }
    }
    found.extend(cycles(&graph).into_iter().map(Problem::Cycle));
    found.into_iter().collect()
}

/// One cycle through each service that is on one, without repetitions.
fn cycles(graph: &BTreeMap<&str, &[String]>) -> BTreeSet<Vec<String>> {
    let mut found = BTreeSet::new();
    let mut on_one: BTreeSet<&str> = BTreeSet::new();
    for start in graph.keys() {
        if on_one.contains(start) {
            continue;
        }
        if let Some(cycle) = shortest_way_back(graph, start) {
            on_one.extend(cycle.iter().copied());
            found.insert(from_lowest(&cycle));
        }
    }
    found
}

/// The shortest way from a service over its dependencies back to itself, by breadth-first search.
fn shortest_way_back<'g>(
    graph: &BTreeMap<&'g str, &'g [String]>,
    start: &'g str,
) -> Option<Vec<&'g str>> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut frontier = vec![start];
    while !frontier.is_empty() {
        let mut next = Vec::new();
        for service in frontier {
            for dependency in graph.get(service).copied().unwrap_or_default() {
                if dependency == start {
                    let mut way = vec![service];
                    while let Some(before) = way.last().and_then(|last| came_from.get(last)) {
                        way.push(before);
                    }
                    way.reverse();
                    return Some(way);
                }
                if !came_from.contains_key(dependency.as_str()) {
                    came_from.insert(dependency, service);
                    next.push(dependency.as_str());
                }
            }
        }
        frontier = next;
    }
    None
}

fn from_lowest(cycle: &[&str]) -> Vec<String> {
    let lowest = cycle.iter().enumerate().min_by_key(|(_, id)| **id).map_or(0, |(at, _)| at);
    let turned = cycle.iter().cycle().skip(lowest).take(cycle.len());
    turned.map(|id| (*id).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldrun_glue::{Desired, Fault, Policy, Repair, Status};

    fn service(id: &str, dependencies: &[&str]) -> ServiceSnapshot {
        ServiceSnapshot {
            id: id.to_owned(),
            status: Status::Stop,
            ready: false,
            desired: Desired::Up,
            fault: Fault::None,
            repair: Repair::None,
            policy: Policy::Restart,
            pid: None,
            since_us: 0,
            age_ms: 0,
            restarts: 0,
            start_duration_ms: None,
            last_error: None,
            dependencies: dependencies.iter().map(|id| (*id).to_owned()).collect(),
        }
    }

    fn found(services: &[ServiceSnapshot]) -> Vec<String> {
        problems(services.iter()).iter().map(Problem::to_string).collect()
    }

    #[test]
    fn a_sound_cluster_has_no_problems() {
        let sound = [service("a", &["b", "c"]), service("b", &["c"]), service("c", &[])];
        assert!(found(&sound).is_empty());
    }

    #[test]
    fn cycles_are_named_once_and_those_who_only_wait_for_one_are_not_in_it() {
        let services = [
            service("portal", &["z"]),
            service("z", &["y"]),
            service("y", &["x"]),
            service("x", &["z"]),
            service("own", &["own"]),
        ];
        let found = found(&services);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().any(|p| p.contains("cycle x -> z -> y -> x;")), "{found:?}");
        assert!(found.iter().any(|p| p.contains("cycle own -> own;")), "{found:?}");
    }

    #[test]
    fn unknown_dependencies_are_named() {
        let found = found(&[service("a", &["b", "bb"]), service("b", &[])]);
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("`a` depends on `bb`, which no known node manages"), "{found:?}");
    }

    proptest::proptest! {
        /// Every reported cycle is one, and there is one exactly when removing leaves gets stuck.
        #[test]
        fn cycles_are_real_and_none_is_missed(edges in proptest::collection::vec((0u8..8, 0u8..8), 0..20)) {
            let mut services: Vec<_> = (0..8).map(|i| service(&i.to_string(), &[])).collect();
            for (from, to) in edges {
                services[usize::from(from)].dependencies.push(to.to_string());
            }
            let found = problems(services.iter());
            for problem in &found {
                let Problem::Cycle(cycle) = problem else { panic!("{problem}") };
                for (i, id) in cycle.iter().enumerate() {
                    let next = &cycle[(i + 1) % cycle.len()];
                    let service = services.iter().find(|s| s.id == *id).unwrap();
                    proptest::prop_assert!(service.dependencies.contains(next), "{}", problem);
                }
            }
            let mut left = services.clone();
            loop {
                let ids: Vec<String> = left.iter().map(|s| s.id.clone()).collect();
                let before = left.len();
                left.retain(|s| s.dependencies.iter().any(|d| ids.contains(d)));
                if left.len() == before {
                    break;
                }
            }
            proptest::prop_assert_eq!(found.is_empty(), left.is_empty());
        }
    }
}
