//! What can be said of a set of services before anything is started.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::GlueError;
use crate::spec::{MAX_DEPENDENCIES, MAX_ID_BYTES, MAX_WORDS, ServiceSpec};

/// The most services of one node.
const MAX_SERVICES: usize = 1024;
/// The smallest log that is of any use.
const MIN_LOG: u64 = 1024;
/// The longest stop ladder.
const MAX_STEPS: usize = 16;

/// Checks each service and the set as a whole. Dependencies on services elsewhere are fine.
///
/// # Errors
/// The first problem.
pub fn validate(specs: &[ServiceSpec]) -> Result<(), GlueError> {
    let mut seen = BTreeSet::new();
    for (count, spec) in specs.iter().enumerate() {
        check_id(&spec.id)?;
        if !seen.insert(spec.id.as_str()) {
            return Err(GlueError::DuplicateId { id: spec.id.clone() });
        }
        if count >= MAX_SERVICES {
            let problem = format!("one node manages at most {MAX_SERVICES} services");
            return Err(GlueError::OutOfRange { id: spec.id.clone(), problem });
        }
        check_spec(spec)?;
    }
    match cycle(specs) {
        Some(cycle) => Err(GlueError::Cycle { cycle }),
        None => Ok(()),
    }
}

fn check_id(id: &str) -> Result<(), GlueError> {
    let allowed = |c: char| c.is_alphanumeric() || "-_.:@".contains(c);
    let problem = if id.is_empty() {
        "it is empty"
    } else if id.len() > MAX_ID_BYTES {
        "it is longer than 128 bytes"
    } else if id.starts_with(['-', '.']) {
        "it begins with a dash or a dot"
    } else if !id.chars().all(allowed) {
        "it has other characters"
    } else {
        return Ok(());
    };
    Err(GlueError::BadId { id: id.escape_debug().take(64).collect(), problem })
}

fn check_spec(spec: &ServiceSpec) -> Result<(), GlueError> {
    let id = || spec.id.clone();
    for dependency in &spec.dependencies {
        check_id(dependency)?;
        if *dependency == spec.id {
            return Err(GlueError::SelfDependency { id: id() });
        }
    }
    if spec.exec.first().is_none_or(String::is_empty) {
        return Err(GlueError::NoCommand { id: id() });
    }
    let limits = [
        (spec.dependencies.len() <= MAX_DEPENDENCIES, "has more than 1024 dependencies"),
        (spec.exec.len().max(spec.env.len()) <= MAX_WORDS, "`exec` or `env` has over 4096 entries"),
        ((1..=MAX_STEPS).contains(&spec.stop.len()), "`stop` needs 1 to 16 steps"),
        (spec.log_limit >= MIN_LOG, "`log_limit` is at least 1024 bytes"),
        (!spec.start_timeout.is_zero(), "`start_timeout` must be longer than nothing"),
    ];
    match limits.iter().find(|(kept, _)| !kept) {
        Some((_, problem)) => {
            Err(GlueError::OutOfRange { id: id(), problem: (*problem).to_owned() })
        }
        None => Ok(()),
    }
}

/// A cycle among the services of the set, if there is one; the first id is repeated at the end.
///
/// Takes away, again and again, what depends on nothing that is left; a cycle is what remains.
/// Without recursion, since the chain may be long.
fn cycle(specs: &[ServiceSpec]) -> Option<Vec<String>> {
    let mut left: BTreeMap<&str, &ServiceSpec> =
        specs.iter().map(|spec| (spec.id.as_str(), spec)).collect();
    loop {
        let free = |spec: &ServiceSpec| {
            !spec.dependencies.iter().any(|dependency| left.contains_key(dependency.as_str()))
        };
        let gone: Vec<&str> =
            left.iter().filter(|(_, spec)| free(spec)).map(|(id, _)| *id).collect();
        if gone.is_empty() {
            break;
        }
        for id in gone {
            left.remove(id);
        }
    }
    // Everything left depends on something left: following that must come back somewhere.
    let mut path: Vec<&str> = Vec::new();
    let mut at = *left.keys().next()?;
    while !path.contains(&at) {
        path.push(at);
        let spec = left.get(at)?;
        at = spec.dependencies.iter().find(|id| left.contains_key(id.as_str()))?;
    }
    let circle = path.iter().skip_while(|id| **id != at).chain([&at]);
    Some(circle.map(|id| (*id).to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(id: &str, dependencies: &[&str]) -> ServiceSpec {
        let dependencies = dependencies.iter().map(|id| (*id).to_owned()).collect();
        ServiceSpec { dependencies, ..ServiceSpec::new(id, &["true"]) }
    }

    fn complaint(specs: &[ServiceSpec]) -> String {
        validate(specs).expect_err("a complaint").to_string()
    }

    #[test]
    fn a_usable_set() {
        let set = [spec("a", &["b", "elsewhere"]), spec("b", &[]), spec("äöü-1.x:y@z", &["a"])];
        assert!(validate(&set).is_ok());
        assert!(validate(&[]).is_ok());
    }

    #[test]
    fn each_mistake_is_named() {
        let long = "x".repeat(129);
        for (specs, expected) in [
            (vec![spec("", &[])], "`` is not usable: it is empty"),
            (vec![spec("a b", &[])], "`a b` is not usable"),
            (vec![spec("../etc", &[])], "begins with a dash or a dot"),
            (vec![spec("a/b", &[])], "other characters"),
            (vec![spec(&long, &[])], "longer than 128 bytes"),
            (vec![spec("a", &["b\n"])], "other characters"),
            (vec![spec("a", &[]), spec("a", &[])], "`a` is given twice"),
            (vec![spec("a", &["a"])], "`a` depends on itself"),
            (vec![ServiceSpec::new("a", &[])], "no start command"),
            (vec![ServiceSpec { stop: vec![], ..spec("a", &[]) }], "1 to 16 steps"),
            (vec![ServiceSpec { log_limit: 3, ..spec("a", &[]) }], "at least 1024 bytes"),
        ] {
            let complaint = complaint(&specs);
            assert!(complaint.contains(expected), "{complaint} should contain {expected}");
        }
    }

    #[test]
    fn cycles_are_named() {
        let two = [spec("a", &["b"]), spec("b", &["a"])];
        assert!(complaint(&two).contains("dependency cycle a -> b -> a;"));
        let inner = [
            spec("out", &["a"]),
            spec("a", &["leaf", "b"]),
            spec("b", &["c"]),
            spec("c", &["a"]),
            spec("leaf", &[]),
        ];
        assert!(complaint(&inner).contains("cycle a -> b -> c -> a;"), "{}", complaint(&inner));
    }

    #[test]
    fn a_long_chain_is_no_cycle() {
        let ids: Vec<String> = (0..1000).map(|n| format!("s{n}")).collect();
        let chain: Vec<ServiceSpec> = ids
            .iter()
            .enumerate()
            .map(|(n, id)| match ids.get(n + 1) {
                Some(next) => spec(id, &[next]),
                None => spec(id, &[]),
            })
            .collect();
        assert!(validate(&chain).is_ok());
    }
}
