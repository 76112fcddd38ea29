//! The query-response service as a program of its own; see `qr-service --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    fieldrun_examples::qr::main(std::env::args().skip(1))
}
