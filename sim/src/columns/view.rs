//! A device's neighbours, read from the columns.

use super::store::Store;
use fieldrun_device::{Layout, NeighborSource, NodeId, Value};
use std::sync::Arc;

/// The neighbours of one device that have sent something, ascending.
pub(super) struct View<'a> {
    pub(super) store: &'a Store,
    pub(super) ids: &'a [NodeId],
    /// The neighbours, and how far away each is.
    pub(super) devices: &'a [u32],
    pub(super) lengths: &'a [f64],
    /// When each device of the population sent last.
    pub(super) sent_at: &'a [f64],
    pub(super) now: f64,
}

impl View<'_> {
    fn device(&self, lane: usize) -> u32 {
        self.devices.get(lane).copied().unwrap_or_default()
    }

    #[expect(clippy::indexing_slicing, reason = "neighbours are devices of this population")]
    fn gather(&self, column: &[f64], out: &mut [f64]) {
        for (out, device) in out.iter_mut().zip(self.devices) {
            *out = column[*device as usize];
        }
    }
}

impl NeighborSource for View<'_> {
    fn len(&self) -> usize {
        self.devices.len()
    }

    #[expect(clippy::indexing_slicing, reason = "lanes are below `len`")]
    fn id(&self, lane: usize) -> &NodeId {
        &self.ids[self.devices[lane] as usize]
    }

    fn lag(&self, lane: usize) -> f64 {
        self.sent_at.get(self.device(lane) as usize).map_or(0.0, |sent| self.now - sent)
    }

    fn delay(&self, _lane: usize) -> f64 {
        1.0
    }

    fn cell(&self, lane: usize, path: u64) -> Option<Value> {
        self.store.cell(self.device(lane), path)
    }

    fn follows(&self, layout: &Arc<Layout>) -> bool {
        self.store.follows(self.devices, layout)
    }

    fn ran(&self, lane: usize, region: u32) -> bool {
        self.store.ran(self.device(lane), region)
    }

    fn value(&self, lane: usize, carried: u32) -> Value {
        self.store.value(self.device(lane), carried)
    }

    fn element(&self, lane: usize, carried: u32, element: usize, len: usize) -> Option<Value> {
        self.store.element(self.device(lane), carried, element, len)
    }

    fn distances(&self, _carried: u32, _own: &[f64], out: &mut [f64]) -> bool {
        out.copy_from_slice(self.lengths);
        true
    }

    fn numbers(&self, carried: u32, out: &mut [f64]) -> bool {
        self.store.numbers(carried).map(|column| self.gather(column, out)).is_some()
    }

    fn element_numbers(&self, carried: u32, element: usize, len: usize, out: &mut [f64]) -> bool {
        let column = self.store.element_numbers(carried, element, len);
        column.map(|column| self.gather(column, out)).is_some()
    }
}
