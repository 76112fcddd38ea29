//! The box in which devices are placed and move.

/// A rectangle of the plane, or a box in space.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// The least coordinates; the third one is 0 in the plane.
    pub least: [f64; 3],
    /// The greatest coordinates; the third one is 0 in the plane.
    pub most: [f64; 3],
    /// How many coordinates positions in it have: 2 or 3.
    pub dimension: usize,
}

impl Area {
    /// A rectangle: least x, least y, greatest x, greatest y.
    pub fn flat([x0, y0, x1, y1]: [f64; 4]) -> Self {
        Self { least: [x0, y0, 0.0], most: [x1, y1, 0.0], dimension: 2 }
    }

    /// A box: the least coordinates, then the greatest.
    pub fn solid([x0, y0, z0, x1, y1, z1]: [f64; 6]) -> Self {
        Self { least: [x0, y0, z0], most: [x1, y1, z1], dimension: 3 }
    }

    /// Its outline seen from above: least x, least y, greatest x, greatest y.
    pub fn outline(&self) -> [f64; 4] {
        let ([x0, y0, _], [x1, y1, _]) = (self.least, self.most);
        [x0, y0, x1, y1]
    }

    /// How long it is along each axis.
    pub fn extent(&self) -> [f64; 3] {
        let ([x0, y0, z0], [x1, y1, z1]) = (self.least, self.most);
        [x1 - x0, y1 - y0, z1 - z0]
    }

    /// The length, area or volume, by the number of axes along which it is not flat.
    pub fn measure(&self) -> (f64, usize) {
        let long: Vec<f64> = self.extent().into_iter().filter(|length| *length > 0.0).collect();
        (long.iter().product(), long.len())
    }

    /// The middle.
    pub fn middle(&self) -> [f64; 3] {
        let ([x0, y0, z0], [x1, y1, z1]) = (self.least, self.most);
        [(x0 + x1) / 2.0, (y0 + y1) / 2.0, (z0 + z1) / 2.0]
    }

    /// The nearest place inside; a rectangle has no say in heights.
    pub fn clamp(&self, [x, y, z]: [f64; 3]) -> [f64; 3] {
        let ([x0, y0, z0], [x1, y1, z1]) = (self.least, self.most);
        let z = if self.dimension == 3 { z.max(z0).min(z1) } else { z };
        [x.max(x0).min(x1), y.max(y0).min(y1), z]
    }

    /// The least box around some places; nothing without any.
    pub fn around(places: impl IntoIterator<Item = [f64; 3]>, dimension: usize) -> Option<Self> {
        let mut places = places.into_iter();
        let first = places.next()?;
        let (least, most) = places.fold((first, first), |(least, most), [x, y, z]| {
            let ([x0, y0, z0], [x1, y1, z1]) = (least, most);
            ([x0.min(x), y0.min(y), z0.min(z)], [x1.max(x), y1.max(y), z1.max(z)])
        });
        Some(Self { least, most, dimension })
    }
}
