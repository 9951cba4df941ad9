//! Desktop.
fn main() {}
