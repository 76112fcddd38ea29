//! Lock-step programs, which have to agree with a plain loop in every single round.

use super::{Played, assert_same, played};
use fieldrun_sim::Shown;

/// The snapshots of the rounds, without the one of the end, which repeats the last.
fn rounds(run: &Played) -> Vec<&super::Snapshot> {
    let (_, rounds) = run.snapshots.split_last().expect("a run has an end");
    rounds.iter().collect()
}

#[test]
fn balance_is_diffusion_and_loses_no_job() {
    let run = played("balance");
    let mut jobs = run.readings("jobs", f64::NAN);
    let (plane, total) = (run.plane(run.end()), jobs.iter().sum::<f64>());
    let rounds = rounds(&run);
    assert_eq!(rounds.len(), 400);
    // In the first round nobody has heard of anybody; each further one is a step.
    for (round, snapshot) in rounds.iter().enumerate() {
        let values = snapshot.numbers();
        for (device, value) in values.iter().enumerate() {
            let expected = jobs[device];
            // Rounding adds up differently, by less than 1e-12 a round.
            assert!((value - expected).abs() < 1e-9, "round {round}, {device}: {value}");
        }
        assert!((values.iter().sum::<f64>() - total).abs() < 1e-6, "round {round} lost jobs");
        let given = |d: usize| -> f64 {
            (0..plane.len())
                .filter(|o| plane.linked(d, *o))
                .map(|o| (jobs[o] - jobs[d]) / 10.0)
                .sum()
        };
        jobs = (0..jobs.len()).map(|device| jobs[device] + given(device)).collect();
    }
    let mean = total / plane.len() as f64;
    let end = run.end().numbers();
    assert!(end.iter().all(|jobs| (jobs - mean).abs() < 0.01), "all have {mean}");
}

#[test]
fn life_is_conways_game_in_every_generation() {
    const WIDTH: usize = 22;
    let run = played("life");
    let mut alive = vec![false; run.env("alive").len()];
    for cell in run.flagged("alive") {
        alive[cell] = true;
    }
    let height = alive.len() / WIDTH;
    let rounds = rounds(&run);
    assert_eq!(rounds.len(), 41);
    for (generation, snapshot) in rounds.iter().enumerate() {
        let expected: Vec<Shown> = alive.iter().map(|alive| Shown::Truth(*alive)).collect();
        assert_same(&snapshot.values, &expected, &format!("in generation {generation}"));
        let living_near = |cell: usize| {
            let (x, y) = (cell % WIDTH, cell / WIDTH);
            let columns = x.saturating_sub(1)..=(x + 1).min(WIDTH - 1);
            let near = columns.flat_map(|nx| {
                (y.saturating_sub(1)..=(y + 1).min(height - 1)).map(move |ny| ny * WIDTH + nx)
            });
            near.filter(|other| *other != cell && alive[*other]).count()
        };
        let next = |cell: usize| matches!((alive[cell], living_near(cell)), (_, 3) | (true, 2));
        alive = (0..alive.len()).map(next).collect();
    }
    assert!(alive.contains(&true), "the board is not dead, which any program could show");
}
