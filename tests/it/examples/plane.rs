//! Devices in the plane, as somebody sees them who looks at all of them from above.

/// Places, and the distance up to which devices hear each other.
pub(super) struct Plane {
    places: Vec<[f64; 2]>,
    radius: f64,
}

impl Plane {
    pub(super) fn new(places: &[[f64; 2]], radius: f64) -> Self {
        Self { places: places.to_vec(), radius }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The length of the straight line between two devices.
    pub(super) fn range(&self, a: usize, b: usize) -> f64 {
        let ([ax, ay], [bx, by]) = (self.places[a], self.places[b]);
        (ax - bx).hypot(ay - by)
    }

    pub(super) fn linked(&self, a: usize, b: usize) -> bool {
        a != b && self.range(a, b) <= self.radius
    }

    /// The length of the shortest way from the nearest of `sources`, over devices that `open` lets
    /// pass: Dijkstra's algorithm, by looking through all devices for the nearest one.
    pub(super) fn distances(&self, sources: &[usize], open: impl Fn(usize) -> bool) -> Vec<f64> {
        let mut best = vec![f64::INFINITY; self.len()];
        let mut todo: Vec<usize> = (0..self.len()).filter(|device| open(*device)).collect();
        for source in sources {
            best[*source] = 0.0;
        }
        while let Some(at) =
            (0..todo.len()).min_by(|a, b| best[todo[*a]].total_cmp(&best[todo[*b]]))
        {
            let near = todo.swap_remove(at);
            for far in todo.iter().filter(|far| self.linked(near, **far)) {
                best[*far] = best[*far].min(best[near] + self.range(near, *far));
            }
        }
        best
    }

    /// The devices that are connected with `device` over devices of `members`, with itself.
    pub(super) fn patch(&self, device: usize, members: &[usize]) -> Vec<usize> {
        let reached = self.distances(&[device], |other| members.contains(&other));
        members.iter().copied().filter(|other| reached[*other].is_finite()).collect()
    }

    /// The devices that are connected with `device`, with itself.
    pub(super) fn island(&self, device: usize) -> Vec<usize> {
        self.patch(device, &(0..self.len()).collect::<Vec<_>>())
    }
}

/// Whether two sums of lengths are the same but for rounding.
pub(super) fn close(a: f64, b: f64) -> bool {
    a == b || (a - b).abs() < 1e-9
}
