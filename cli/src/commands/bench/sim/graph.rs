//! The network as plain lists, for what is computed without any engine.

use fieldrun_sim::ColumnEngine;

/// Neighbours of each device in ascending order, and the lengths of the links to them.
pub(super) struct Graph {
    starts: Vec<usize>,
    others: Vec<u32>,
    lengths: Vec<f64>,
}

impl Graph {
    pub(super) fn of(engine: &ColumnEngine) -> Self {
        let mut graph = Self { starts: vec![0], others: Vec::new(), lengths: Vec::new() };
        for device in 0..engine.len() {
            graph.others.extend(engine.neighbors(device).map(|other| other as u32));
            graph.lengths.extend_from_slice(engine.lengths(device));
            graph.starts.push(graph.others.len());
        }
        graph
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    #[expect(clippy::indexing_slicing, reason = "devices of this graph only")]
    #[inline]
    pub(super) fn near(&self, device: usize) -> (&[u32], &[f64]) {
        let range = self.starts[device]..self.starts[device + 1];
        (&self.others[range.clone()], &self.lengths[range])
    }

    pub(super) fn links(&self, device: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let (others, lengths) = self.near(device);
        others.iter().zip(lengths).map(|(other, length)| (*other as usize, *length))
    }
}
