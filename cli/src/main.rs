//! The binary `fieldrun`.

fn main() {}
