//! From a scenario to its devices: ids, places, environments, movements.

use crate::SimError;
use crate::neighbors::Point;
use crate::obstacles::Obstacles;
use crate::place::{self, Site};
use crate::scenario::{
    Area, Chosen, Env, Evaluator, Expression, Given, MAX_DEVICES, Mobility, Scenario, Set, Subject,
};
use fieldrun_device::host::Reading;
use fieldrun_device::{NodeId, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The distance of neighbouring devices of a group when nobody gives an area.
const DEFAULT_SPACING: f64 = 10.0;

/// One device before it runs.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) id: NodeId,
    pub(crate) point: Point,
    pub(crate) env: Vec<(String, Reading)>,
    pub(crate) mobility: Mobility,
}

/// All devices of a scenario, nodes first, then the groups, in the order of the file.
#[derive(Clone, Debug)]
pub(crate) struct Population {
    pub(crate) members: Vec<Member>,
    /// How many coordinates a position has: 2, or 3 when an area or some node has 3.
    pub(crate) dimension: usize,
    /// Where groups are placed and devices move.
    pub(crate) area: Area,
}

impl Population {
    pub(crate) fn new(scenario: &Scenario, obstacles: &Obstacles) -> Result<Self, SimError> {
        let grouped: usize = scenario.groups.iter().map(|group| group.count).sum();
        let count = scenario.nodes.len() + grouped;
        if count > MAX_DEVICES {
            return Err(SimError::TooManyDevices { count, limit: MAX_DEVICES });
        }
        let area = scenario.area.unwrap_or_else(|| default_area(scenario, grouped));
        let mut ids = FreeIds::new(scenario);
        let mut members: Vec<Member> = Vec::with_capacity(count);
        let mut computed = Computed::new(scenario.seed);
        let mut join = |id: Option<NodeId>, point, env: &Env, mobility: Option<&Mobility>| {
            let id = id.unwrap_or_else(|| ids.next());
            let subject = Subject { id: &id, index: members.len(), point };
            let env = computed.env(env, &subject)?;
            let mobility = mobility.unwrap_or(&scenario.mobility).clone();
            members.push(Member { id, point, env, mobility });
            Ok::<(), SimError>(())
        };
        for node in &scenario.nodes {
            join(node.id.clone(), point_of(&node.position), &node.env, node.mobility.as_ref())?;
        }
        let mut first = scenario.nodes.len();
        for group in &scenario.groups {
            let area = group.area.unwrap_or(area);
            let site = Site { area, obstacles, seed: scenario.seed, first };
            for point in place::place(group.place, group.count, &site)? {
                join(None, point, &group.env, group.mobility.as_ref())?;
            }
            first += group.count;
        }
        let mut population = Self { members, dimension: dimension(scenario), area };
        for (number, set) in scenario.sets.iter().enumerate() {
            population.apply(set, number, &mut computed)?;
        }
        Ok(population)
    }

    fn apply(&mut self, set: &Set, number: usize, computed: &mut Computed) -> Result<(), SimError> {
        for index in self.chosen(&set.of, number, computed)? {
            let Some(member) = self.members.get_mut(index) else { continue };
            let subject = Subject { id: &member.id, index, point: member.point };
            for (name, value) in computed.env(&set.env, &subject)? {
                member.env.retain(|(known, _)| *known != name);
                member.env.push((name, value));
            }
        }
        Ok(())
    }

    fn chosen(
        &self,
        of: &Chosen,
        number: usize,
        computed: &mut Computed,
    ) -> Result<Vec<usize>, SimError> {
        let members = self.members.iter().enumerate();
        match of {
            Chosen::Ids(ids) => {
                let by_id: BTreeMap<&NodeId, usize> =
                    members.map(|(index, member)| (&member.id, index)).collect();
                let find = |id: &NodeId| {
                    let found = by_id.get(id).copied();
                    found.ok_or_else(|| SimError::UnknownDevice { id: id.to_string() })
                };
                ids.iter().map(find).collect()
            }
            Chosen::Where(expression) => {
                let mut chosen = Vec::new();
                for (index, member) in members {
                    let subject = Subject { id: &member.id, index, point: member.point };
                    if computed.holds(expression, number, &subject)? {
                        chosen.push(index);
                    }
                }
                Ok(chosen)
            }
        }
    }
}

/// Values that expressions give.
struct Computed(Evaluator);

impl Computed {
    fn new(seed: u64) -> Self {
        Self(Evaluator::new(seed))
    }

    fn env(
        &mut self,
        env: &Env,
        subject: &Subject<'_>,
    ) -> Result<Vec<(String, Reading)>, SimError> {
        let mut read = |(name, given): &(String, Given)| {
            let reading = match given {
                Given::Value(reading) => reading.clone(),
                Given::Computed(expression) => {
                    let value = self.0.value(expression, name, subject);
                    let reading = value.and_then(|value| {
                        plain(&value)
                            .ok_or_else(|| format!("it gives {value}, which no device reads"))
                    });
                    reading.map_err(|reason| failed(expression, subject, reason))?
                }
            };
            Ok((name.clone(), reading))
        };
        env.iter().map(&mut read).collect()
    }

    fn holds(
        &mut self,
        expression: &Expression,
        number: usize,
        subject: &Subject<'_>,
    ) -> Result<bool, SimError> {
        let name = format!("where {number}");
        let holds = self.0.holds(expression, &name, subject);
        holds.map_err(|reason| failed(expression, subject, reason))
    }
}

fn failed(expression: &Expression, subject: &Subject<'_>, reason: String) -> SimError {
    let (expression, device) = (expression.text().to_owned(), subject.id.to_string());
    SimError::Expression { expression, device, point: subject.point, reason }
}

/// A value as devices read it.
fn plain(value: &Value) -> Option<Reading> {
    Some(match value {
        Value::Bool(truth) => Reading::Bool(*truth),
        Value::Number(number) => Reading::Number(*number),
        Value::Int(whole) => Reading::Number(*whole as f64),
        Value::Text(text) => Reading::Text(text.clone()),
        Value::Tuple(items) => Reading::List(items.iter().map(plain).collect::<Option<_>>()?),
        _ => return None,
    })
}

fn dimension(scenario: &Scenario) -> usize {
    let nodes = scenario.nodes.iter().map(|node| node.position.len());
    let areas = scenario.groups.iter().map(|group| group.area).chain([scenario.area]);
    let areas = areas.flatten().map(|area| area.dimension);
    nodes.chain(areas).max().unwrap_or(2).clamp(2, 3)
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
/// the nodes and wherever they will be seen.
fn default_area(scenario: &Scenario, grouped: usize) -> Area {
    if grouped > 0 {
        let side = DEFAULT_SPACING * (grouped as f64).sqrt();
        return Area::flat([0.0, 0.0, side, side]);
    }
    let seen = scenario.nodes.iter().filter_map(|node| match &node.mobility {
        Some(Mobility::Trace(trace)) => Some(trace.places.iter().map(|(_, place)| *place)),
        _ => None,
    });
    let places = scenario.nodes.iter().map(|node| point_of(&node.position)).chain(seen.flatten());
    Area::around(places, dimension(scenario)).unwrap_or_else(|| Area::flat([0.0; 4]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn population(text: &str) -> Result<Population, SimError> {
        let scenario = Scenario::parse(text, "test.toml").expect("a good scenario");
        Population::new(&scenario, &Obstacles::default())
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

    #[test]
    fn expressions_give_values_by_place_and_chance() {
        let text = "
            program = 'p.pt'
            area = [0, 0, 100, 100]
            [[group]]
            place = 'grid'
            count = 100
            env = { left = { expr = 'x < 50' }, heat = { expr = 'between(10, 20) + y' } }
            [[set]]
            where = 'x < 10 && y < 10'
            env = { source = true, name = { expr = '\"corner\" + id' } }
        ";
        let members = population(text).expect("good").members;
        let number = |member: &Member, name: &str| {
            member.env.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
        };
        for member in &members {
            let [x, y, _] = member.point;
            assert_eq!(number(member, "left"), Some(Reading::Bool(x < 50.0)));
            let Some(Reading::Number(heat)) = number(member, "heat") else { panic!("a number") };
            assert!((10.0..20.0).contains(&(heat - y)), "{heat} at {y}");
            assert_eq!(number(member, "source").is_some(), x < 10.0 && y < 10.0);
        }
        assert_eq!(members.iter().filter(|m| number(m, "source").is_some()).count(), 1);
        let wrong = text.replace("x < 50", "x.get(1)");
        let error = population(&wrong).expect_err("no tuple").to_string();
        assert!(error.contains("x.get(1)") && error.contains("device 0"), "{error}");
        let wrong = text.replace("where = 'x < 10 && y < 10'", "where = 'x + 1'");
        let error = population(&wrong).expect_err("no truth").to_string();
        assert!(error.contains("neither true nor false"), "{error}");
    }
}
