//! The example company: which services there are, who needs whom, who talks to whom.

use std::collections::BTreeSet;
use std::time::Duration;

use fieldrun_glue::parse_duration;
use serde::{Deserialize, Deserializer, de};

/// The network as it is shipped.
const ENTERPRISE: &str = include_str!("../enterprise/enterprise.toml");

/// A network of services.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enterprise {
    /// The services, in the order of the file.
    #[serde(rename = "service")]
    pub services: Vec<Member>,
}

/// One service of the network.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Its name.
    pub id: String,
    /// The services without which it must not run.
    #[serde(default)]
    pub dependencies: Vec<String>,
    /// The services with which it only talks.
    #[serde(default)]
    pub links: Vec<String>,
    /// How long it takes to start.
    #[serde(deserialize_with = "duration")]
    pub start: Duration,
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_duration(&text).map_err(de::Error::custom)
}

impl Enterprise {
    /// The network that is shipped with fieldrun: the eight services of requirements P3 to P6.
    ///
    /// # Errors
    /// Never for a released fieldrun: a test reads the file.
    pub fn shipped() -> Result<Self, toml::de::Error> {
        toml::from_str(ENTERPRISE)
    }

    /// The service with this name.
    pub fn get(&self, id: &str) -> Option<&Member> {
        self.services.iter().find(|member| member.id == id)
    }

    /// Everybody with whom this service talks, in either direction, in the order of the file.
    pub fn neighbors<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a str> {
        let names = |from: &Member, to: &str| {
            from.dependencies.iter().chain(&from.links).any(|other| other == to)
        };
        self.services.iter().filter_map(move |other| {
            let linked = names(other, id) || self.get(id).is_some_and(|me| names(me, &other.id));
            linked.then_some(other.id.as_str())
        })
    }

    /// Everything that cannot run without this service, step by step outward: first those that
    /// depend on it, then those that depend on these. The service itself is not in it.
    pub fn dependents(&self, id: &str) -> Vec<BTreeSet<String>> {
        let mut reached = BTreeSet::from([id.to_owned()]);
        let mut steps = Vec::new();
        loop {
            let hit = |member: &&Member| {
                !reached.contains(&member.id)
                    && member.dependencies.iter().any(|on| reached.contains(on))
            };
            let step: BTreeSet<String> =
                self.services.iter().filter(hit).map(|member| member.id.clone()).collect();
            if step.is_empty() {
                return steps;
            }
            reached.extend(step.iter().cloned());
            steps.push(step);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_network_is_that_of_the_paper() {
        let enterprise = Enterprise::shipped().unwrap();
        assert_eq!(enterprise.services.len(), 8);
        for member in &enterprise.services {
            for other in member.dependencies.iter().chain(&member.links) {
                assert!(enterprise.get(other).is_some(), "{} names {other}", member.id);
            }
        }
        let neighbors = |id| enterprise.neighbors(id).collect::<Vec<_>>().join(" ");
        assert_eq!(neighbors("supplies-db"), "backup logistics b2b-catalog");
        assert_eq!(neighbors("financial-db"), "backup logistics");
        assert_eq!(neighbors("backup"), "supplies-db financial-db logistics");
        assert_eq!(neighbors("logistics"), "supplies-db financial-db backup");
        assert_eq!(neighbors("b2b-catalog"), "supplies-db firewall");
        assert_eq!(neighbors("firewall"), "b2b-catalog portal-a portal-b");
        assert_eq!(neighbors("portal-a"), "firewall");
        assert_eq!(neighbors("portal-b"), "firewall");
    }

    #[test]
    fn what_a_failure_reaches() {
        let enterprise = Enterprise::shipped().unwrap();
        let steps = enterprise.dependents("supplies-db");
        let words: Vec<Vec<&str>> =
            steps.iter().map(|step| step.iter().map(String::as_str).collect()).collect();
        let expected =
            [vec!["b2b-catalog", "logistics"], vec!["firewall"], vec!["portal-a", "portal-b"]];
        assert_eq!(words, expected);
        assert!(enterprise.dependents("backup").is_empty());
    }
}
