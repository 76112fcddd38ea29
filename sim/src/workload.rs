//! Networks and schedules that any language can reproduce bit by bit, to compare systems by.
//!
//! Everything comes from the finaliser of splitmix64 (Steele, Lea, Flood: "Fast splittable
//! pseudorandom number generators", OOPSLA 2014), one division and no library of random numbers.

const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
const SEED: u64 = 20_240_607;
/// Neighbours of a device on average, borders included.
const DEGREE: f64 = 12.0;

/// Devices are linked when they are at most so far apart.
pub const RADIUS: f64 = 1.0;

fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number in [0, 1) from the upper 53 bits.
fn unit(x: u64) -> f64 {
    (x >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// The side of the square in which so many devices have twelve neighbours on average, rounded to six
/// decimals.
pub fn side(devices: usize) -> f64 {
    let others = devices.saturating_sub(1) as f64;
    let degree = |side: f64| {
        let (s2, s3) = (side * side, side * side * side);
        others * (std::f64::consts::PI / s2 - 8.0 / (3.0 * s3) + 1.0 / (2.0 * s3 * side))
    };
    let (mut low, mut high) = (2.0, 1e6);
    for _ in 0..200 {
        let middle = (low + high) / 2.0;
        if degree(middle) > DEGREE { low = middle } else { high = middle }
    }
    ((low + high) / 2.0 * 1e6 + 0.5).floor() / 1e6
}

/// Where the devices of a network of this size stand.
pub fn points(devices: usize) -> Vec<[f64; 2]> {
    let side = side(devices);
    let draw = |k: u64| side * unit(mix(SEED.wrapping_add(k.wrapping_mul(GAMMA))));
    (0..devices as u64).map(|i| [draw(2 * i + 1), draw(2 * i + 2)]).collect()
}

/// When a device fires: for the first time before time 1, then every 0.9 to 1.1.
#[derive(Clone, Debug)]
pub struct Firings {
    state: u64,
    next: f64,
}

impl Firings {
    /// Those of one device.
    pub fn of(device: u64) -> Self {
        let mut firings = Self { state: device, next: 0.0 };
        firings.next = firings.draw();
        firings
    }

    fn draw(&mut self) -> f64 {
        self.state = self.state.wrapping_add(GAMMA);
        unit(mix(self.state))
    }
}

/// The times, one after the other without end.
impl Iterator for Firings {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        let now = self.next;
        self.next = now + 0.9 + 0.2 * self.draw();
        Some(now)
    }
}

/// What is compared of a settled network: how many values are finite, their sum, and the greatest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Digest {
    /// How many values are finite.
    pub finite: usize,
    /// Their sum, in the order of the devices.
    pub sum: f64,
    /// The greatest of them.
    pub greatest: f64,
}

impl Digest {
    /// The digest of the devices' values.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut digest = Self { finite: 0, sum: 0.0, greatest: f64::NEG_INFINITY };
        for value in values.into_iter().filter(|value| value.is_finite()) {
            digest.finite += 1;
            digest.sum += value;
            digest.greatest = digest.greatest.max(value);
        }
        digest
    }
}
