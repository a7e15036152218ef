//! `cargo xtask codegen`: makes what generators make and is committed.
//!
//! The generators are dev-dependencies of the crates that need them, and run as tests, so that this crate stays light.

use anyhow::Result;

use crate::run::{cargo, succeed};

/// Packages with a test `generated` that writes when it is told to.
const PACKAGES: [&str; 1] = ["promd-promql-parser"];

pub(crate) fn run() -> Result<()> {
    for package in PACKAGES {
        succeed(
            cargo(&["test", "--quiet", "--package", package, "--test", "generated"]).env("PROMD_CODEGEN", "write"),
        )?;
    }
    Ok(())
}
