//! Where devices stand and who is linked to whom, in the order in which they are stored.

use crate::SimError;
use crate::neighbors::{MAX_LINKS, Neighbors, Point, distance};
use fieldrun_device::NodeId;

/// A still network. Devices that are near each other are stored near each other (along a Z-order curve),
/// so that a device mostly finds its neighbours in what the processor has at hand. Their *place* in
/// this order is not their number.
#[derive(Debug)]
pub(super) struct Ground {
    /// The number of the device at each place.
    pub(super) numbers: Vec<u32>,
    /// The place of each device.
    pub(super) places: Vec<u32>,
    /// By place, as all that follows.
    pub(super) ids: Vec<NodeId>,
    pub(super) points: Vec<Point>,
    pub(super) dimension: usize,
    /// Where the links of each begin, and where those of the last one end.
    pub(super) starts: Vec<u32>,
    /// The places of neighbours, in ascending id.
    pub(super) others: Vec<u32>,
    pub(super) lengths: Vec<f64>,
    /// 0, 1, 2, …: the places themselves, as a list.
    pub(super) all: Vec<u32>,
}

impl Ground {
    pub(super) fn new(
        ids: &[NodeId],
        points: &[Point],
        dimension: usize,
        neighbors: &Neighbors,
    ) -> Result<Self, SimError> {
        if neighbors.ends() > MAX_LINKS {
            return Err(SimError::TooManyLinks { limit: MAX_LINKS });
        }
        let numbers = along_curve(points);
        let mut places = vec![0; points.len()];
        for (place, number) in (0..).zip(&numbers) {
            if let Some(slot) = places.get_mut(*number as usize) {
                *slot = place;
            }
        }
        let point = |number: u32| points.get(number as usize).copied().unwrap_or_default();
        let id = |number: &u32| ids.get(*number as usize).cloned().unwrap_or(NodeId::Int(-1));
        let ascending = ids.is_sorted();
        let (mut starts, mut others, mut lengths) = (vec![0], Vec::new(), Vec::new());
        others.reserve(neighbors.ends());
        lengths.reserve(neighbors.ends());
        let mut near = Vec::new();
        for number in &numbers {
            near.clear();
            near.extend_from_slice(neighbors.of(*number as usize));
            if !ascending {
                near.sort_by_key(|number| ids.get(*number as usize));
            }
            for other in &near {
                others.push(places.get(*other as usize).copied().unwrap_or_default());
                lengths.push(distance(point(*other), point(*number)));
            }
            starts.push(others.len() as u32);
        }
        Ok(Self {
            places,
            ids: numbers.iter().map(id).collect(),
            points: numbers.iter().map(|number| point(*number)).collect(),
            dimension,
            starts,
            others,
            lengths,
            all: (0..points.len() as u32).collect(),
            numbers,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Bytes of the links and their lengths, and of where devices stand.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.starts)
            + size_of_val(&*self.others)
            + size_of_val(&*self.lengths)
            + size_of_val(&*self.points)
    }

    /// The place of a device.
    pub(super) fn place(&self, number: usize) -> usize {
        self.places.get(number).map_or(0, |place| *place as usize)
    }

    /// The number of the device at a place.
    pub(super) fn number(&self, place: usize) -> usize {
        self.numbers.get(place).map_or(0, |number| *number as usize)
    }

    /// Where the links of the device at a place stand.
    fn range(&self, place: usize) -> std::ops::Range<usize> {
        let at = |place: usize| self.starts.get(place).map_or(0, |start| *start as usize);
        at(place)..at(place + 1)
    }

    pub(super) fn near(&self, place: usize) -> (&[u32], &[f64]) {
        let range = self.range(place);
        let others = self.others.get(range.clone()).unwrap_or_default();
        (others, self.lengths.get(range).unwrap_or_default())
    }
}

/// The numbers of the devices along a Z-order curve through the box around them.
fn along_curve(points: &[Point]) -> Vec<u32> {
    let (mut least, mut most) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
    for [x, y, _] in points {
        least = [least[0].min(*x), least[1].min(*y)];
        most = [most[0].max(*x), most[1].max(*y)];
    }
    let extent = (most[0] - least[0]).max(most[1] - least[1]);
    // A point outside of all bounds goes to a border: the order is only for speed.
    let step = |x: f64, least: f64| ((x - least) / extent * 65_535.0) as u16;
    let key = |[x, y, _]: &Point| spread(step(*x, least[0])) | spread(step(*y, least[1])) << 1;
    let mut keyed: Vec<(u32, u32)> =
        points.iter().zip(0..).map(|(point, number)| (key(point), number)).collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, number)| number).collect()
}

/// The bits of a number with a gap after each.
fn spread(x: u16) -> u32 {
    let x = u32::from(x);
    let x = (x | x << 8) & 0x00ff_00ff;
    let x = (x | x << 4) & 0x0f0f_0f0f;
    let x = (x | x << 2) & 0x3333_3333;
    (x | x << 1) & 0x5555_5555
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_visits_quarter_after_quarter() {
        let points: Vec<Point> =
            (0..16).map(|i| [f64::from(i % 4), f64::from(i / 4), 0.0]).collect();
        let order = along_curve(&points);
        assert_eq!(order, [0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15]);
    }

    #[test]
    fn links_are_those_of_the_network_in_ascending_id() {
        let points: Vec<Point> =
            (0..40).map(|i| [f64::from(i * 7 % 40), f64::from(i * 13 % 11), 0.0]).collect();
        // Descending ids: the order of neighbours is not that of numbers.
        let ids: Vec<NodeId> = (0..40).map(|i| NodeId::Int(100 - i)).collect();
        let neighbors = Neighbors::within(&points, 6.0).expect("few links");
        let ground = Ground::new(&ids, &points, 2, &neighbors).expect("few links");
        for number in 0..40 {
            let (others, lengths) = ground.near(ground.place(number));
            let found: Vec<usize> =
                others.iter().map(|place| ground.number(*place as usize)).collect();
            let mut expected: Vec<usize> =
                neighbors.of(number).iter().map(|other| *other as usize).collect();
            expected.sort_by_key(|other| &ids[*other]);
            assert_eq!(found, expected);
            for (other, length) in found.iter().zip(lengths) {
                assert_eq!(*length, distance(points[*other], points[number]));
            }
        }
    }
}
