//! `fieldrun bench vm`: rounds of the machine beside loops written by hand.
//!
//! Two expressions that most programs contain, over the neighbours' numbers in columns: the
//! distance to a source, and the size of the subtree below the device. The loops by hand do the same work on
//! the same columns; the machine also reads its environment, keeps state and fills its exports.

use super::clock::nanoseconds;
use crate::args::BenchArgs;
use crate::output::{self, Failure, Outcome};
use fieldrun_lang::{
    Environment, Exports, Layout, Limits, Machine, Memory, Neighbor, NeighborSource, NodeId,
    Program, RoundInput, Setting, State, Value, run_round,
};
use fieldrun_stdlib::load_text;
use serde::Serialize;
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Arc;

/// The two expressions. Their inputs `d`, `c` and `parent` are what the round before kept and what
/// the environment says.
const PROGRAM: &str = "
let source = env.get(\"source\")
let d = share (d, theirs <- 3) { mux (source) { 0 } else { minHood(theirs + self.nbrRange()) } }
let c = share (c, theirs <- 0) { 1 + sumHood(mux (nbr(9) == 42) { theirs } else { 0 }) }
d + c
";

/// The same in a branch that some neighbours are not in.
const BRANCH: &str = "
let source = env.get(\"source\")
if (!source) {
  let d = share (d, theirs <- 3) { mux (source) { 0 } else { minHood(theirs + self.nbrRange()) } }
  let c = share (c, theirs <- 0) { 1 + sumHood(mux (nbr(9) == 42) { theirs } else { 0 }) }
  d + c
} else { 0 }
";

/// What the slots of the programs hold, in the order in which they meet them.
const DISTANCE: usize = 0;
const PLACE: usize = 1;
const COUNT: usize = 2;
const PARENT: usize = 3;

/// Neighbours' numbers as a simulator holds them: a column a slot.
struct Columns {
    ids: Vec<NodeId>,
    slots: [Vec<f64>; 4],
    /// Neighbours that are in the other branch.
    elsewhere: Vec<usize>,
}

impl Columns {
    fn new(neighbors: usize, elsewhere: &[usize]) -> Self {
        let lane = |f: fn(usize) -> f64| (0..neighbors).map(f).collect::<Vec<f64>>();
        Self {
            ids: (0..neighbors as i64).map(|i| NodeId::Int(7 * i + 3)).collect(),
            slots: [
                lane(|i| 5.0 + (i * 37 % 11) as f64),
                lane(|i| 0.5 + (i * 13 % 7) as f64 * 0.1),
                lane(|i| i as f64),
                lane(|i| if i % 4 == 0 { 42.0 } else { 1.0 }),
            ],
            elsewhere: elsewhere.to_vec(),
        }
    }

    fn slot(&self, carried: u32) -> &[f64] {
        self.slots.get(carried as usize).map_or(&[], Vec::as_slice)
    }

    fn counts(&self, lane: usize) -> bool {
        !self.elsewhere.contains(&lane)
    }
}

impl NeighborSource for Columns {
    fn len(&self) -> usize {
        self.ids.len()
    }

    #[expect(clippy::indexing_slicing, reason = "lanes are below `len`")]
    fn id(&self, lane: usize) -> &NodeId {
        &self.ids[lane]
    }

    fn lag(&self, _lane: usize) -> f64 {
        1.0
    }

    fn delay(&self, _lane: usize) -> f64 {
        1.0
    }

    fn cell(&self, _lane: usize, _path: u64) -> Option<Value> {
        None
    }

    fn follows(&self, _layout: &Arc<Layout>) -> bool {
        true
    }

    fn ran(&self, lane: usize, _region: u32) -> bool {
        self.counts(lane)
    }

    fn value(&self, lane: usize, carried: u32) -> Value {
        self.slot(carried).get(lane).map_or(Value::Null, |x| Value::Number(*x))
    }

    fn numbers(&self, carried: u32, out: &mut [f64]) -> bool {
        out.copy_from_slice(self.slot(carried));
        true
    }

    fn distances(&self, _carried: u32, _own: &[f64], out: &mut [f64]) -> bool {
        out.copy_from_slice(self.slot(PLACE as u32));
        true
    }
}

/// The loops that a person would write for exactly these columns.
fn by_hand(columns: &Columns, source: bool) -> f64 {
    let [d, range, c, parent] = &columns.slots;
    let mut least = f64::INFINITY;
    let mut below = 1.0;
    if columns.elsewhere.is_empty() {
        for (d, range) in d.iter().zip(range) {
            let x = d + range;
            least = if x < least { x } else { least };
        }
        for (parent, c) in parent.iter().zip(c) {
            below += if *parent == 42.0 { *c } else { 0.0 };
        }
    } else {
        for (lane, (((d, range), c), parent)) in d.iter().zip(range).zip(c).zip(parent).enumerate()
        {
            if !columns.counts(lane) {
                continue;
            }
            let x = d + range;
            least = if x < least { x } else { least };
            below += if *parent == 42.0 { *c } else { 0.0 };
        }
    }
    (if source { 0.0 } else { least }) + below
}

#[derive(Serialize)]
struct Row {
    neighbors: usize,
    work: &'static str,
    nanoseconds: f64,
    /// How many times as long as by hand.
    ratio: f64,
}

/// One of the programs with everything that its rounds need.
struct Bench {
    program: Arc<Program>,
    environment: Environment,
    id: NodeId,
}

impl Bench {
    fn new(text: &str) -> Result<Self, Failure> {
        let loaded = load_text("bench", text, &[]).map_err(Failure::failed)?;
        let environment = Environment::from([(Arc::from("source"), Value::Bool(false))]);
        Ok(Self { program: loaded.program, environment, id: NodeId::Int(42) })
    }

    fn setting(&self) -> Setting<'_> {
        Setting {
            id: &self.id,
            now: 1.0,
            delta: 1.0,
            position: Some(&[0.0, 0.0]),
            limits: Limits::default(),
        }
    }

    /// Nanoseconds of a round in the machine.
    fn machine<S: NeighborSource>(&self, neighbors: &S, expected: f64) -> Result<f64, Failure> {
        let mut machine = Machine::new();
        let mut memory = Memory::new(self.environment.clone(), 1);
        let setting = self.setting();
        let mut round =
            || machine.round(&self.program, &setting, black_box(neighbors), &mut memory);
        same(round().map_err(Failure::failed)?.value, expected)?;
        let time = nanoseconds(&mut round);
        match machine.counts() {
            (_, 0) => Ok(time),
            (_, walked) => Err(Failure::failed(format!("{walked} rounds were not compiled"))),
        }
    }

    /// Nanoseconds of a round in the reference evaluator.
    fn walked(&self, neighbors: &dyn NeighborSource) -> f64 {
        let state = State::default();
        nanoseconds(|| {
            let setting = self.setting();
            let input = RoundInput {
                id: setting.id,
                now: setting.now,
                delta: setting.delta,
                position: setting.position,
                neighbors,
                state: &state,
                environment: &self.environment,
                random: 1,
                limits: setting.limits,
            };
            run_round(&self.program, &input).is_ok()
        })
    }

    /// What the neighbours would have sent, as an inbox holds it.
    fn messages(&self, columns: &Columns) -> Result<Vec<Exports>, Failure> {
        let layout = self.program.layout();
        let message = |lane: usize| {
            let at = |slot: usize| columns.slots.get(slot).and_then(|s| s.get(lane)).copied();
            let number = |slot| Value::Number(at(slot).unwrap_or_default());
            // Places on a line, at the distances of the columns.
            let place = Value::tuple(vec![number(PLACE), Value::Number(0.0)]);
            let values = vec![number(DISTANCE), place, number(COUNT), number(PARENT)];
            Exports::from_parts(layout, vec![1], values, Vec::new())
                .ok_or_else(|| Failure::failed("the program has another layout than expected"))
        };
        (0..columns.len()).map(message).collect()
    }
}

fn same(value: Value, expected: f64) -> Result<(), Failure> {
    match value {
        Value::Number(x) if (x - expected).abs() < 1e-9 => Ok(()),
        other => {
            Err(Failure::failed(format!("the machine gave {other}, by hand it is {expected}")))
        }
    }
}

fn rows_for(neighbors: usize) -> Result<Vec<Row>, Failure> {
    let columns = Columns::new(neighbors, &[]);
    let hand = nanoseconds(|| by_hand(black_box(&columns), black_box(false)));
    let bench = Bench::new(PROGRAM)?;
    let expected = by_hand(&columns, false);
    let messages = bench.messages(&columns)?;
    let inbox: Vec<Neighbor<'_>> = columns
        .ids
        .iter()
        .zip(&messages)
        .map(|(id, exports)| Neighbor { id, exports, lag: 1.0, delay: 1.0 })
        .collect();
    let holes = Columns::new(neighbors, &[2, 5]);
    let hand_holes = nanoseconds(|| by_hand(black_box(&holes), black_box(false)));
    let branch = Bench::new(BRANCH)?;
    let expected_holes = by_hand(&holes, false);
    let rows = [
        ("by hand", hand, hand),
        ("machine over columns", bench.machine(&columns, expected)?, hand),
        ("machine over an inbox", bench.machine(&inbox, expected)?, hand),
        ("reference evaluator over an inbox", bench.walked(&inbox), hand),
        ("by hand, two neighbours elsewhere", hand_holes, hand_holes),
        (
            "machine, two neighbours in another branch",
            branch.machine(&holes, expected_holes)?,
            hand_holes,
        ),
    ];
    let row = |(work, nanoseconds, hand): (&'static str, f64, f64)| Row {
        neighbors,
        work,
        nanoseconds,
        ratio: nanoseconds / hand,
    };
    Ok(rows.into_iter().map(row).collect())
}

pub(super) fn bench(args: &BenchArgs) -> Outcome {
    if !args.json {
        output::line(
            "neighbours  work                                          ns/round  times by hand",
        )?;
    }
    for neighbors in [10, 30, 50] {
        for row in rows_for(neighbors)? {
            if args.json {
                output::line(&serde_json::to_string(&row).map_err(Failure::failed)?)?;
            } else {
                let Row { neighbors, work, nanoseconds, ratio } = row;
                output::line(&format!(
                    "{neighbors:>10}  {work:<42}  {nanoseconds:>10.1}  {ratio:>13.1}"
                ))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}
