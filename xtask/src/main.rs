//! Every chore of the workspace, as `cargo xtask NAME`.
fn main() {}
