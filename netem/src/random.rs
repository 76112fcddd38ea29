//! Seeded random numbers: one independent, named stream for each device and purpose.
//!
//! A stream depends on the seed, the number of the device and the purpose alone. So a device draws the
//! same numbers whatever the others do, and a new purpose changes nothing that exists.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// The odd constant of SplitMix64: the golden ratio in 64 bits.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// A stream of random numbers (xoshiro256++).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream(Xoshiro256PlusPlus);

impl Stream {
    /// The stream of one device for one purpose.
    pub fn new(seed: u64, device: u64, purpose: impl Into<u64>) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(stream_seed(seed, device, purpose)))
    }

    /// Uniform in `[0, 1)`, a multiple of 2^-53.
    pub fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in `[low, high)`; `low` when both are equal.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Uniform among `0..count`; zero when `count` is zero.
    pub fn below(&mut self, count: usize) -> usize {
        // Up to 2^32 items the bias of this product is below 2^-20.
        ((self.unit() * count as f64) as usize).min(count.saturating_sub(1))
    }

    /// Uniform in the disc of radius 1 around the origin, by rejection: no trigonometry, so the
    /// same bits on every platform.
    pub fn disc(&mut self) -> [f64; 2] {
        loop {
            let (x, y) = (self.between(-1.0, 1.0), self.between(-1.0, 1.0));
            if x * x + y * y <= 1.0 {
                return [x, y];
            }
        }
    }

    /// A direction: uniform on the unit circle, or on the unit sphere when `solid`; also by rejection.
    pub fn direction(&mut self, solid: bool) -> [f64; 3] {
        loop {
            let (x, y) = (self.between(-1.0, 1.0), self.between(-1.0, 1.0));
            let z = if solid { self.between(-1.0, 1.0) } else { 0.0 };
            let square = x * x + y * y + z * z;
            if square > 1e-6 && square <= 1.0 {
                let length = square.sqrt();
                return [x / length, y / length, z / length];
            }
        }
    }

    /// Exponentially distributed with mean 1; never more than 37.
    pub fn exponential(&mut self) -> f64 {
        // The unit is below 1, so the logarithm is finite.
        -libm::log(1.0 - self.unit())
    }

    /// Two independent normal numbers of mean 0 and deviation 1 (Marsaglia's polar method).
    pub fn normal_pair(&mut self) -> [f64; 2] {
        loop {
            let [x, y] = self.disc();
            let square = x * x + y * y;
            if square > 0.0 {
                let scale = libm::sqrt(-2.0 * libm::log(square) / square);
                return [x * scale, y * scale];
            }
        }
    }
}

/// The seed of a stream; also handed to devices, which draw from a generator of their own.
pub fn stream_seed(seed: u64, device: u64, purpose: impl Into<u64>) -> u64 {
    let keyed = mix(seed.wrapping_add(GAMMA)).wrapping_add(device.wrapping_mul(GAMMA));
    mix(mix(keyed).wrapping_add(purpose.into().wrapping_mul(GAMMA)))
}

/// The finaliser of SplitMix64.
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The meaning of a seed is part of the product: these numbers never change.
    #[test]
    fn first_outputs_are_fixed() {
        // SplitMix64 started at 0, first output (Vigna's reference code).
        assert_eq!(mix(GAMMA), 0xe220_a839_7b1d_cdaf);
        let mut stream = Stream::new(1, 2, 2_u64);
        let drawn: Vec<f64> = (0..3).map(|_| stream.unit()).collect();
        assert_eq!(drawn, [0.9007635523737595, 0.37863775857584336, 0.3196984037956523]);
    }

    #[test]
    fn streams_differ_by_seed_device_and_purpose() {
        let first =
            |seed, device, purpose: u64| Stream::new(seed, device, purpose).unit().to_bits();
        let base = first(1, 1, 1_u64);
        assert_ne!(base, first(2, 1, 1_u64));
        assert_ne!(base, first(1, 2, 1_u64));
        assert_ne!(base, first(1, 1, 2_u64));
        assert_eq!(base, first(1, 1, 1_u64));
    }

    #[test]
    fn normal_numbers_have_mean_zero_and_deviation_one() {
        let mut stream = Stream::new(7, 0, 1_u64);
        let drawn: Vec<f64> = (0..20_000).flat_map(|_| stream.normal_pair()).collect();
        let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
        let variance = drawn.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / drawn.len() as f64;
        // Standard errors are 0.005 and 0.007: four of them.
        assert!(mean.abs() < 0.02, "mean {mean}");
        assert!((variance - 1.0).abs() < 0.03, "variance {variance}");
    }
}
