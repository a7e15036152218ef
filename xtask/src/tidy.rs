//! `cargo xtask tidy`: what can be checked of the house rules by looking.
//!
//! Every finding is printed, not only the first, and each says what to do.

mod crates;
mod files;
mod floors;
mod fuzzing;

use anyhow::{Result, bail};

use crate::run::{packages, root};

/// Complaints, in the order in which they were found.
#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn add(&mut self, finding: impl Into<String>) {
        self.0.push(finding.into());
    }
}

pub(crate) fn run() -> Result<()> {
    let mut findings = Findings::default();
    let packages = packages(&root().join("Cargo.toml"))?;
    let floors = floors::check(&packages, &mut findings)?;
    crates::check(&packages, &mut findings);
    let sources = files::check(&mut findings)?;
    let targets = fuzzing::check(&mut findings)?;
    for finding in &findings.0 {
        println!("{finding}");
    }
    if findings.0.is_empty() {
        println!("tidy: {floors} crates on their floors, {sources} source files, {targets} fuzz targets");
        return Ok(());
    }
    bail!("{} findings", findings.0.len())
}
