//! The examples for newcomers: each one runs in the simulator, by its own scenario, and its values are
//! held against a plain computation that sees the whole network.

mod pages;
mod plane;
mod regions;
mod time;
mod work;

use fieldrun_device::Micros;
use fieldrun_device::host::Reading;
use fieldrun_sim::record::{Snapshots, Wanted, When};
use fieldrun_sim::scenario::{Chosen, Given, Topology};
use fieldrun_sim::{Flow, Moment, Observer, Scenario, Shown, SimError, run};
use plane::Plane;
use std::path::{Path, PathBuf};

/// The folder of an example.
fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name)
}

fn scenario(name: &str) -> Scenario {
    let file = folder(name).join(format!("{name}.toml"));
    Scenario::load(&file).unwrap_or_else(|error| panic!("{error}"))
}

/// The network at one recorded moment.
struct Snapshot {
    /// Seconds.
    at: f64,
    /// Of each device.
    values: Vec<Shown>,
    places: Vec<[f64; 2]>,
}

impl Snapshot {
    /// The values, which are all numbers.
    fn numbers(&self) -> Vec<f64> {
        let number = |value: &Shown| match value {
            Shown::Number(number) => *number,
            other => panic!("{other:?} is no number"),
        };
        self.values.iter().map(number).collect()
    }

    /// The values, which are all tuples of numbers.
    fn tuples(&self) -> Vec<Vec<f64>> {
        let tuple = |value: &Shown| serde_json::from_str(&value.to_string());
        self.values.iter().map(|value| tuple(value).expect("a tuple of numbers")).collect()
    }

    fn texts(&self) -> Vec<String> {
        self.values.iter().map(ToString::to_string).collect()
    }
}

/// Compares the values of all devices and names those that differ.
fn assert_same<T: PartialEq + std::fmt::Debug>(values: &[T], expected: &[T], when: &str) {
    assert_eq!(values.len(), expected.len(), "devices {when}");
    let differ = |device: &usize| values[*device] != expected[*device];
    let wrong: Vec<String> = (0..values.len())
        .filter(differ)
        .map(|d| format!("{d}: {:?} instead of {:?}", values[d], expected[d]))
        .collect();
    let shown = wrong.iter().take(10).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} devices differ {when}, such as\n{shown}", wrong.len());
}

/// A run from begin to end.
struct Played {
    scenario: Scenario,
    snapshots: Vec<Snapshot>,
}

/// Runs an example as it stands.
fn played(name: &str) -> Played {
    play(scenario(name))
}

/// Runs a scenario whose program loads without remarks and never fails.
fn play(scenario: Scenario) -> Played {
    let mut film = Film::default();
    follow(&scenario, &mut film);
    Played { scenario, snapshots: film.0 }
}

fn follow(scenario: &Scenario, observer: &mut dyn Observer) {
    let loaded = scenario.load_program().unwrap_or_else(|error| panic!("{error}"));
    assert!(loaded.findings.is_empty(), "{:?}", loaded.findings);
    let summary =
        run(scenario, &loaded.program, observer).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(summary.counts.first_trap, None);
    assert_eq!(summary.counts.first_refusal, None);
}

/// The map of an example, at some time or at the end, as text.
fn map_of(name: &str, at: Option<Micros>) -> String {
    let scenario = scenario(name);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("map.svg");
    let when = at.map_or(When::End, |at| When::At(vec![at]));
    let wanted = vec![Wanted { when, file: file.clone() }];
    let mut maps = Snapshots::new(&scenario, wanted).expect("maps");
    follow(&scenario, &mut maps);
    std::fs::read_to_string(file).expect("the map is written")
}

#[derive(Default)]
struct Film(Vec<Snapshot>);

impl Film {
    fn shoot(&mut self, moment: &Moment<'_>) {
        let world = moment.world;
        let place = |device| [world.position(device)[0], world.position(device)[1]];
        self.0.push(Snapshot {
            at: moment.at.seconds(),
            values: (0..world.len()).map(|device| world.shown(device)).collect(),
            places: (0..world.len()).map(place).collect(),
        });
    }
}

impl Observer for Film {
    fn event(&mut self, moment: &Moment<'_>) -> Result<Flow, SimError> {
        if moment.recorded {
            self.shoot(moment);
        }
        Ok(Flow::Continue)
    }

    fn finish(&mut self, moment: &Moment<'_>) -> Result<(), SimError> {
        self.shoot(moment);
        Ok(())
    }
}

impl Played {
    /// The last snapshot of the first `seconds` seconds.
    fn at(&self, seconds: f64) -> &Snapshot {
        self.snapshots.iter().rfind(|snapshot| snapshot.at <= seconds).expect("a snapshot")
    }

    fn end(&self) -> &Snapshot {
        self.snapshots.last().expect("a run has an end")
    }

    /// The network as the oracle sees it.
    fn plane(&self, snapshot: &Snapshot) -> Plane {
        let Topology::Disc { radius: Some(radius) } = self.scenario.link.topology else {
            panic!("every example has a radius");
        };
        Plane::new(&snapshot.places, radius)
    }

    /// What every device reads as `env.get(name)`. Examples have groups only, so devices are
    /// numbered as their ids are.
    fn env(&self, name: &str) -> Vec<Option<Reading>> {
        assert!(self.scenario.nodes.is_empty(), "nodes are numbered otherwise");
        let find = |env: &[(String, Given)]| {
            let found = env.iter().find(|(known, _)| known == name)?;
            match &found.1 {
                Given::Value(reading) => Some(reading.clone()),
                Given::Computed(_) => panic!("examples give plain values"),
            }
        };
        let mut values: Vec<Option<Reading>> = Vec::new();
        for group in &self.scenario.groups {
            values.extend(std::iter::repeat_n(find(&group.env), group.count));
        }
        for set in self.scenario.sets.iter().filter(|set| find(&set.env).is_some()) {
            let Chosen::Ids(ids) = &set.of else { panic!("examples name devices") };
            for id in ids {
                let device: usize = id.to_string().parse().expect("a number");
                values[device] = find(&set.env);
            }
        }
        values
    }

    /// The devices where `env.get(name)` is true.
    fn flagged(&self, name: &str) -> Vec<usize> {
        let values = self.env(name);
        (0..values.len()).filter(|device| values[*device] == Some(Reading::Bool(true))).collect()
    }

    /// The numbers that devices read as `env.get(name, default)`.
    fn readings(&self, name: &str, default: f64) -> Vec<f64> {
        let number = |value: Option<Reading>| match value {
            Some(Reading::Number(number)) => number,
            None => default,
            Some(other) => panic!("{other:?} is no number"),
        };
        self.env(name).into_iter().map(number).collect()
    }
}
