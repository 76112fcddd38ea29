//! Movement that was recorded.

use crate::neighbors::Point;
use crate::scenario::Trace;
use fieldrun_device::Micros;

impl Trace {
    /// Where the device is at a time.
    pub(crate) fn at(&self, now: Micros) -> Option<Point> {
        let next = self.places.partition_point(|(time, _)| *time <= now);
        let after = self.places.get(next);
        let Some((since, from)) = next.checked_sub(1).and_then(|last| self.places.get(last)) else {
            return after.map(|(_, to)| *to);
        };
        let Some((until, to)) = after.filter(|(until, _)| until.since(*since) <= self.gap) else {
            return Some(*from);
        };
        let part = now.since(*since).0 as f64 / until.since(*since).0 as f64;
        let ([x0, y0, z0], [x1, y1, z1]) = (*from, *to);
        Some([x0 + (x1 - x0) * part, y0 + (y1 - y0) * part, z0 + (z1 - z0) * part])
    }

    /// The times between two places that are too far apart to tell the way.
    pub(crate) fn gaps(&self) -> impl Iterator<Item = (Micros, Micros)> + '_ {
        let pairs = self.places.iter().zip(self.places.iter().skip(1));
        pairs
            .map(|((since, _), (until, _))| (*since, *until))
            .filter(|(since, until)| until.since(*since) > self.gap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_gaps_are_walked_and_large_ones_waited_for() {
        let at = |seconds: u64, x: f64| (Micros(seconds * 1_000_000), [x, 0.0, 0.0]);
        let trace = Trace {
            places: vec![at(10, 0.0), at(20, 10.0), at(100, 50.0), at(110, 60.0)],
            gap: Micros(10_000_000),
        };
        let x = |seconds: u64| trace.at(Micros(seconds * 1_000_000)).expect("a place")[0];
        assert_eq!([0, 10, 13, 20].map(x), [0.0, 0.0, 3.0, 10.0]);
        assert_eq!([21, 60, 99].map(x), [10.0; 3], "it waits");
        assert_eq!([100, 105, 110, 500].map(x), [50.0, 55.0, 60.0, 60.0]);
        let gaps: Vec<_> = trace.gaps().collect();
        assert_eq!(gaps, [(Micros(20_000_000), Micros(100_000_000))]);
        assert_eq!(Trace { places: Vec::new(), gap: Micros(0) }.at(Micros(0)), None);
    }
}
