//! The `doorward-admin` binary.

fn main() {}
