//! Every fuzz target is listed, starts from seeds, and is replayed by an ordinary test.

use std::fs;

use anyhow::Result;

use super::Findings;
use crate::run::root;

/// Checks the fuzz targets, and returns how many there are.
pub(super) fn check(findings: &mut Findings) -> Result<usize> {
    let fuzz = root().join("fuzz");
    let targets = crate::fuzz::targets()?;
    let replayed = fs::read_to_string(fuzz.join("tests/regressions.rs")).unwrap_or_default();
    for target in &targets {
        if !replayed.contains(&format!("    {target} => ")) {
            findings.add(format!("fuzz/tests/regressions.rs does not replay the target {target}"));
        }
        let seeds = fs::read_dir(fuzz.join("seeds").join(target)).map(Iterator::count).unwrap_or_default();
        if seeds == 0 {
            findings.add(format!("the fuzz target {target} has no seeds in fuzz/seeds/{target}"));
        }
    }
    for entry in fs::read_dir(fuzz.join("fuzz_targets"))? {
        let path = entry?.path();
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        if !targets.contains(&stem) {
            findings.add(format!("{} is not listed in fuzz/Cargo.toml", path.display()));
        }
    }
    Ok(targets.len())
}
