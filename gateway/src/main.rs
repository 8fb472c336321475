//! nsk
fn main() {}
