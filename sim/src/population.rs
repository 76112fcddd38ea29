//! From a scenario to its devices: ids, places, environments, movements.

use crate::SimError;
use crate::mobility::Walker;
use crate::neighbors::Point;
use crate::place;
use crate::scenario::{MAX_DEVICES, Mobility, Scenario};
use fieldrun_device::NodeId;
use fieldrun_device::host::Reading;
use std::collections::{BTreeMap, BTreeSet};

/// The distance of neighbouring devices of a group when nobody gives an area.
const DEFAULT_SPACING: f64 = 10.0;

/// One device before it runs.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) id: NodeId,
    pub(crate) point: Point,
    pub(crate) env: Vec<(String, Reading)>,
    pub(crate) walker: Option<Walker>,
}

/// All devices of a scenario, nodes first, then the groups, in the order of the file.
#[derive(Clone, Debug)]
pub(crate) struct Population {
    pub(crate) members: Vec<Member>,
    /// How many coordinates a position has: 2, or 3 when some node has 3.
    pub(crate) dimension: usize,
}

impl Population {
    pub(crate) fn new(scenario: &Scenario) -> Result<Self, SimError> {
        let grouped: usize = scenario.groups.iter().map(|group| group.count).sum();
        let count = scenario.nodes.len() + grouped;
        if count > MAX_DEVICES {
            return Err(SimError::TooManyDevices { count, limit: MAX_DEVICES });
        }
        let area = scenario.area.unwrap_or_else(|| default_area(scenario, grouped));
        let mut ids = FreeIds::new(scenario);
        let mut members = Vec::with_capacity(count);
        let mut join = |id: Option<NodeId>, point, env: &[_], mobility: Option<Mobility>| {
            let model = mobility.unwrap_or(scenario.mobility);
            let walker = Walker::new(model, area, scenario.seed, members.len() as u64);
            let id = id.unwrap_or_else(|| ids.next());
            members.push(Member { id, point, env: env.to_vec(), walker });
        };
        for node in &scenario.nodes {
            join(node.id.clone(), point_of(&node.position), &node.env, node.mobility);
        }
        let mut first = scenario.nodes.len();
        for group in &scenario.groups {
            let area = group.area.unwrap_or(area);
            for [x, y] in place::place(group.place, group.count, area, scenario.seed, first) {
                join(None, [x, y, 0.0], &group.env, group.mobility);
            }
            first += group.count;
        }
        let dimension = scenario.nodes.iter().map(|node| node.position.len()).max();
        let mut population = Self { members, dimension: dimension.unwrap_or(2).clamp(2, 3) };
        population.apply_sets(scenario)?;
        Ok(population)
    }

    fn apply_sets(&mut self, scenario: &Scenario) -> Result<(), SimError> {
        if scenario.sets.is_empty() {
            return Ok(());
        }
        let mut by_id: BTreeMap<NodeId, &mut Member> =
            self.members.iter_mut().map(|member| (member.id.clone(), member)).collect();
        for set in &scenario.sets {
            for id in &set.ids {
                let member = by_id
                    .get_mut(id)
                    .ok_or_else(|| SimError::UnknownDevice { id: id.to_string() })?;
                for (name, value) in &set.env {
                    member.env.retain(|(known, _)| known != name);
                    member.env.push((name.clone(), value.clone()));
                }
            }
        }
        Ok(())
    }
}

/// Whole numbers that no node claims, not even as a text; ascending from 0.
struct FreeIds {
    taken: BTreeSet<i64>,
    next: i64,
}

impl FreeIds {
    fn new(scenario: &Scenario) -> Self {
        let whole = |id: &NodeId| match id {
            NodeId::Int(id) => Some(*id),
            NodeId::Text(id) => id.parse().ok(),
        };
        let ids = scenario.nodes.iter().filter_map(|node| node.id.as_ref());
        Self { taken: ids.filter_map(whole).collect(), next: 0 }
    }

    fn next(&mut self) -> NodeId {
        while self.taken.contains(&self.next) {
            self.next += 1;
        }
        self.next += 1;
        NodeId::Int(self.next - 1)
    }
}

fn point_of(position: &[f64]) -> Point {
    let at = |axis: usize| position.get(axis).copied().unwrap_or(0.0);
    [at(0), at(1), at(2)]
}

/// For groups a square in which devices are about `DEFAULT_SPACING` apart, else the box around
/// the nodes.
fn default_area(scenario: &Scenario, grouped: usize) -> [f64; 4] {
    if grouped > 0 {
        let side = DEFAULT_SPACING * (grouped as f64).sqrt();
        return [0.0, 0.0, side, side];
    }
    let mut points = scenario.nodes.iter().map(|node| point_of(&node.position));
    let Some([x, y, _]) = points.next() else { return [0.0; 4] };
    points.fold([x, y, x, y], |[x0, y0, x1, y1], [x, y, _]| {
        [x0.min(x), y0.min(y), x1.max(x), y1.max(y)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn population(text: &str) -> Result<Population, SimError> {
        Population::new(&Scenario::parse(text, "test.toml").expect("a good scenario"))
    }

    #[test]
    fn groups_get_the_free_numbers() {
        let text = "
            program = 'p.pt'
            [[node]]
            id = 1
            [[node]]
            id = 'gate'
            [[node]]
            position = [1, 2]
            [[group]]
            count = 3
        ";
        let population = population(text).expect("good");
        let ids: Vec<String> = population.members.iter().map(|m| m.id.to_string()).collect();
        assert_eq!(ids, ["1", "gate", "0", "2", "3", "4"]);
        assert_eq!(population.dimension, 2);
    }

    #[test]
    fn sets_replace_and_add() {
        let text = "
            program = 'p.pt'
            [[group]]
            count = 2
            env = { a = 1, b = 2 }
            [[set]]
            ids = [1]
            env = { b = 'x', c = true }
        ";
        let members = population(text).expect("good").members;
        let pair = |name: &str, value| (name.to_owned(), value);
        let (one, two) = (Reading::Number(1.0), Reading::Number(2.0));
        assert_eq!(members[0].env, [pair("a", one.clone()), pair("b", two)]);
        let expected =
            [pair("a", one), pair("b", Reading::text("x")), pair("c", Reading::Bool(true))];
        assert_eq!(members[1].env, expected);
        let error = population(&text.replace("[1]", "[9]")).expect_err("no device 9");
        assert!(error.to_string().contains("device 9"), "{error}");
    }
}
