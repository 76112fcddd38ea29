//! `[schedule]` and `stop`: when devices fire, and until when.

use super::super::problem::Problems;
use super::super::read::{self, Section};
use super::super::{Schedule, Stop};
use fieldrun_device::Micros;

pub(super) fn read_stop(mut section: Section<'_>, problems: &mut Problems) -> Stop {
    let stop = Stop {
        events: section.read("events", problems, |item| read::whole(item, 1)),
        rounds: section.read("rounds", problems, |item| read::whole(item, 1)),
        time: section.read("time", problems, read::positive_duration),
    };
    section.finish(problems);
    stop
}

pub(super) fn read_schedule(mut section: Section<'_>, problems: &mut Problems) -> Schedule {
    #[derive(Clone, Copy)]
    enum Kind {
        RoundRobin,
        LockStep,
        Periodic,
    }
    let words = [
        ("round-robin", Kind::RoundRobin),
        ("lock-step", Kind::LockStep),
        ("periodic", Kind::Periodic),
    ];
    let kind = section.read("kind", problems, |item| read::word(item, &words));
    let period =
        section.read("period", problems, read::positive_duration).unwrap_or(Micros::SECOND);
    let schedule = match kind.unwrap_or(Kind::Periodic) {
        Kind::RoundRobin => Schedule::RoundRobin { period },
        Kind::LockStep => Schedule::LockStep { period },
        Kind::Periodic => {
            let jitter = |item| read::number_in(item, 0.0, 0.99);
            let jitter = section.read("jitter", problems, jitter).unwrap_or(0.1);
            let drift = |item| read::number_in(item, 0.0, 0.99);
            let drift = section.read("drift", problems, drift).unwrap_or(0.0);
            Schedule::Periodic { period, jitter, drift }
        }
    };
    if !matches!(schedule, Schedule::Periodic { .. }) {
        section.refuse("jitter", "only periodic devices have it", problems);
        section.refuse("drift", "only periodic devices have it", problems);
    }
    section.finish(problems);
    schedule
}
