//! `fieldrun bench`: figures that stand beside a yardstick of the same run.

mod clock;
pub(crate) mod sim;
mod vm;
mod wire;

use crate::args::BenchCommand;
use crate::output::Outcome;

pub(crate) fn bench(command: BenchCommand) -> Outcome {
    match command {
        BenchCommand::Vm(args) => vm::bench(&args),
        BenchCommand::Sim(args) => sim::bench(&args),
        BenchCommand::Wire(args) => wire::bench(&args),
    }
}
