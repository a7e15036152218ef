//! `cargo xtask bench`: runs the benches and prints what they are made for, ratios.
//!
//! Times differ from machine to machine and from hour to hour; a ratio taken within one run holds. In every criterion
//! group one function is called `reference` (a naive way to do the same work); each other function is shown as its
//! share of the reference's time. A figure below 1 is faster than the reference.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};

use crate::run::{cargo, succeed, target_dir};

/// Rougher, and a tenth of the time: enough for ratios.
const QUICK: [&str; 6] = ["--warm-up-time", "0.3", "--measurement-time", "0.7", "--sample-size", "20"];

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let mut criterion = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--save" => criterion.extend(["--save-baseline", rest.next().context("--save needs a name")?]),
            "--quick" => criterion.extend(QUICK),
            "--compare" => criterion.extend(["--baseline", rest.next().context("--compare needs a name")?]),
            filter => criterion.push(filter),
        }
    }
    let began = now();
    succeed(cargo(&["bench", "--package", "promd-benches", "--benches", "--"]).args(criterion))?;
    print_ratios(&target_dir().join("criterion"), began)
}

#[expect(clippy::disallowed_methods, reason = "compared with the times of files on the real file system")]
fn now() -> SystemTime {
    SystemTime::now()
}

/// Prints the ratios of all estimates below `folder` that were written since `began`.
fn print_ratios(folder: &Path, began: SystemTime) -> Result<()> {
    let mut groups: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
    collect(folder, began - Duration::from_secs(1), &mut groups)?;
    println!("\n{:<56} {:>12} {:>8}", "bench", "ns", "ratio");
    for (group, functions) in &groups {
        let reference = functions.get("reference");
        for (function, nanoseconds) in functions {
            let ratio = reference.map_or_else(|| "-".to_owned(), |base| format!("{:.2}", nanoseconds / base));
            println!("{:<56} {nanoseconds:>12.1} {ratio:>8}", format!("{group}/{function}"));
        }
    }
    Ok(())
}

/// Reads `<group>/<function>[/<parameter>]/new/{benchmark,estimates}.json`. A parameter makes a group of its own.
fn collect(folder: &Path, since: SystemTime, groups: &mut BTreeMap<String, BTreeMap<String, f64>>) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        let estimates = path.join("estimates.json");
        if !path.ends_with("new") || !estimates.is_file() {
            if path.is_dir() {
                collect(&path, since, groups)?;
            }
            continue;
        }
        if fs::metadata(&estimates)?.modified()? < since {
            continue;
        }
        let benchmark = read(&path.join("benchmark.json"))?;
        let text = |key: &str| benchmark[key].as_str().unwrap_or_default().to_owned();
        let group = format!("{} {}", text("group_id"), text("value_str")).trim_end().to_owned();
        let median = read(&estimates)?["median"]["point_estimate"].as_f64();
        let median = median.with_context(|| format!("{} has no median", estimates.display()))?;
        groups.entry(group).or_default().insert(text("function_id"), median);
    }
    Ok(())
}

fn read(path: &Path) -> Result<serde_json::Value> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(serde_json::from_slice(&bytes)?)
}
