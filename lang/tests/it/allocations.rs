//! A steady round over an inbox takes nothing from the heap.

use super::program;
use fieldrun_lang::{
    Environment, Exports, Limits, Machine, Memory, Neighbor, NodeId, Program, Setting,
};

/// Twelve devices in a row that all hear each other, and what each of them said last.
struct Row {
    ids: Vec<NodeId>,
    memories: Vec<Memory>,
    said: Vec<Exports>,
    machine: Machine,
}

impl Row {
    fn settled(program: &Program) -> Self {
        let ids: Vec<NodeId> = (0..12).map(NodeId::Int).collect();
        let memories = ids.iter().map(|_| Memory::new(Environment::new(), 1)).collect();
        let mut row = Self { ids, memories, said: Vec::new(), machine: Machine::new() };
        for round in 0..30 {
            for device in 0..row.ids.len() {
                let heard = row.heard(device);
                row.round(program, device, round, &heard);
            }
            row.said = row.memories.iter().map(|memory| memory.exports().clone()).collect();
        }
        row
    }

    fn heard(&self, device: usize) -> Vec<(NodeId, Exports)> {
        let all = self.ids.iter().cloned().zip(self.said.iter().cloned());
        all.filter(|(id, _)| *id != self.ids[device]).collect()
    }

    fn round(&mut self, program: &Program, device: usize, round: u32, heard: &[(NodeId, Exports)]) {
        self.measured(program, device, round, &near(heard));
    }

    fn measured(
        &mut self,
        program: &Program,
        device: usize,
        round: u32,
        neighbors: &Vec<Neighbor<'_>>,
    ) -> u64 {
        let place = [device as f64 * 0.5, 0.0];
        let setting = Setting {
            id: &self.ids[device],
            now: f64::from(round),
            delta: 1.0,
            position: Some(&place),
            limits: Limits::default(),
        };
        let (machine, memory) = (&mut self.machine, &mut self.memories[device]);
        let counted = allocation_counter::measure(|| {
            machine.round(program, &setting, neighbors, memory).expect("a good round");
        });
        counted.count_total
    }
}

fn near(heard: &[(NodeId, Exports)]) -> Vec<Neighbor<'_>> {
    let neighbor = |(id, exports)| Neighbor { id, exports, lag: 1.0, delay: 1.0 };
    heard.iter().map(|(id, exports)| neighbor((id, exports))).collect()
}

#[test]
fn a_steady_round_over_an_inbox_allocates_nothing() {
    for (name, text) in [
        ("w1", include_str!("../../../examples/workloads/w1.pt")),
        ("w2", include_str!("../../../examples/workloads/w2.pt")),
        ("w3", include_str!("../../../examples/workloads/w3.pt")),
        ("w4", include_str!("../../../examples/workloads/w4.pt")),
        ("w5", include_str!("../../../examples/workloads/w5.pt")),
    ] {
        let program = program(text);
        let mut row = Row::settled(&program);
        for device in [0, 5, 6] {
            let heard = row.heard(device);
            let neighbors = near(&heard);
            // The first rounds of this device after those of others fill the machine's buffers.
            let counts: Vec<u64> =
                (30..36).map(|round| row.measured(&program, device, round, &neighbors)).collect();
            assert_eq!(counts[3..], [0, 0, 0], "{name}, device {device}: {counts:?}");
        }
        assert_eq!(row.machine.counts().1, 0, "{name} is compiled");
    }
}
