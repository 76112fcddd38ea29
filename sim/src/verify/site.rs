//! A network as plain algorithms see it.

/// One device of a case.
#[derive(Clone, Debug, PartialEq)]
pub struct Spot {
    /// Its id, which it keeps when others are left out.
    pub id: i64,
    /// Where it stands.
    pub point: [f64; 2],
    /// `env.get("source")`.
    pub source: bool,
    /// `env.get("destination")`.
    pub destination: bool,
    /// `env.get("obstacle")`.
    pub obstacle: bool,
    /// `env.get("value")`, a whole number.
    pub value: f64,
    /// `env.get("strength")`, another for each device.
    pub strength: f64,
}

impl Spot {
    /// What it reads before a change that makes it this.
    pub(crate) fn before_a_change(&self) -> Self {
        Self {
            source: !self.source,
            destination: !self.destination,
            obstacle: !self.obstacle,
            value: 10.0 - self.value,
            ..self.clone()
        }
    }

    /// What it reads, as scenarios have it.
    pub(crate) fn env(&self) -> String {
        let Self { source, destination, obstacle, value, strength, .. } = self;
        format!(
            "{{ source = {source}, destination = {destination}, obstacle = {obstacle}, \
             value = {value:?}, strength = {strength:?} }}"
        )
    }
}

/// How long a link counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Metric<'a> {
    Range,
    Hops,
    /// What the device at its end says, whatever the link.
    Own(&'a [f64]),
}

/// Devices and links, without anything that happens to them. Devices are numbered by ascending id.
#[derive(Clone, Debug)]
pub struct Site {
    /// The devices, by ascending id.
    pub spots: Vec<Spot>,
    links: Vec<Vec<usize>>,
    /// Whether values were made arbitrary: what no source can mend is then open.
    pub corrupted: bool,
    /// Whether messages are late and lost.
    pub late: bool,
}

impl Site {
    /// Devices, linked in pairs of their numbers.
    pub fn new(spots: Vec<Spot>, pairs: &[(usize, usize)], corrupted: bool) -> Self {
        let mut links = vec![Vec::new(); spots.len()];
        for (a, b) in pairs.iter().flat_map(|(a, b)| [(*a, *b), (*b, *a)]) {
            if let Some(list) = links.get_mut(a) {
                list.push(b);
            }
        }
        for list in &mut links {
            list.sort_unstable();
            list.dedup();
        }
        Self { spots, links, corrupted, late: false }
    }

    /// How many devices there are.
    pub fn len(&self) -> usize {
        self.spots.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.spots.is_empty()
    }

    /// Something of every device.
    pub(crate) fn map<T>(&self, of: impl Fn(&Spot) -> T) -> Vec<T> {
        self.spots.iter().map(of).collect()
    }

    pub(crate) fn sources(&self) -> Vec<bool> {
        self.map(|spot| spot.source)
    }

    pub(crate) fn values(&self) -> Vec<f64> {
        self.map(|spot| spot.value)
    }

    pub(crate) fn neighbors(&self, device: usize) -> &[usize] {
        self.links.get(device).map_or(&[], Vec::as_slice)
    }

    #[expect(clippy::indexing_slicing, reason = "links join devices of this site")]
    pub(crate) fn length(&self, metric: Metric<'_>, a: usize, b: usize) -> f64 {
        let ([ax, ay], [bx, by]) = (self.spots[a].point, self.spots[b].point);
        match metric {
            Metric::Hops => 1.0,
            Metric::Own(lengths) => lengths[b],
            Metric::Range => crate::neighbors::distance([ax, ay, 0.0], [bx, by, 0.0]),
        }
    }

    /// The same devices without the links of some of them.
    pub(crate) fn without(&self, out: &[bool]) -> Self {
        let is_out = |device: usize| out.get(device).copied().unwrap_or(false);
        let mut site = self.clone();
        for (device, list) in site.links.iter_mut().enumerate() {
            list.retain(|other| !is_out(device) && !is_out(*other));
        }
        site
    }

    /// Dijkstra: the length of the shortest way from any of the sources, infinite without one.
    #[expect(clippy::indexing_slicing, reason = "all lists have one entry a device")]
    pub(crate) fn distances(&self, from: &[bool], metric: Metric<'_>) -> Vec<f64> {
        let start = |source: &bool| if *source { 0.0 } else { f64::INFINITY };
        let mut best: Vec<f64> = from.iter().map(start).collect();
        let mut open: Vec<usize> = (0..self.len()).collect();
        while let Some(at) =
            (0..open.len()).min_by(|a, b| best[open[*a]].total_cmp(&best[open[*b]]))
        {
            let device = open.swap_remove(at);
            for other in self.neighbors(device) {
                let through = best[device] + self.length(metric, device, *other);
                if through < best[*other] {
                    best[*other] = through;
                }
            }
        }
        best
    }

    /// The longest of all shortest ways between two devices that are joined.
    pub(crate) fn diameter(&self, metric: Metric<'_>) -> f64 {
        let reached = (0..self.len()).flat_map(|one| self.distances(&self.only(one), metric));
        reached.filter(|distance| distance.is_finite()).fold(0.0, f64::max)
    }

    /// The shortest link.
    pub(crate) fn shortest_link(&self, metric: Metric<'_>) -> f64 {
        let ends = (0..self.len()).flat_map(|a| self.neighbors(a).iter().map(move |b| (a, *b)));
        ends.map(|(a, b)| self.length(metric, a, b)).fold(f64::INFINITY, f64::min)
    }

    /// Whether each device is joined with one of these.
    pub(crate) fn joined(&self, with: &[bool]) -> Vec<bool> {
        self.distances(with, Metric::Hops).iter().map(|hops| hops.is_finite()).collect()
    }

    /// True for one device alone.
    pub(crate) fn only(&self, one: usize) -> Vec<bool> {
        (0..self.len()).map(|device| device == one).collect()
    }

    /// Devices by ascending number, such as a distance.
    #[expect(clippy::indexing_slicing, reason = "all lists have one entry a device")]
    pub(crate) fn ascending(&self, by: &[f64]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by(|a, b| by[*a].total_cmp(&by[*b]));
        order
    }
}
