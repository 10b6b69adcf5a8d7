//! The `omniroute` binary.

fn main() {}
