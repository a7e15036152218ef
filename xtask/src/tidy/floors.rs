//! Arrows between crates point downwards, or along an edge that the picture allows.
//!
//! The picture is the block that begins with `floor 8` in ARCHITECTURE.md: the rule is read from the page that explains
//! it, so the two cannot drift apart. A line is `floor N   name   name → dependency, dependency   name`; names are
//! separated by two or more spaces. Dev-dependencies are exempt.

use std::collections::{HashMap, HashSet};
use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Findings;
use crate::run::root;

/// Exists for tests: it lies on no floor, and no crate may depend on it but for its tests.
const OFF_THE_PICTURE: &[&str] = &["testkit"];

#[derive(Debug, Default, PartialEq, Eq)]
struct Picture {
    floors: HashMap<String, u32>,
    edges: HashSet<(String, String)>,
}

/// Checks the crates among `packages`, and returns how many there are.
pub(super) fn check(packages: &[Value], findings: &mut Findings) -> Result<usize> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).context("ARCHITECTURE.md cannot be read")?;
    let picture = parse(&text)?;
    let mut count = 0;
    for package in packages {
        let Some(folder) = package["name"].as_str().and_then(folder_of) else { continue };
        if OFF_THE_PICTURE.contains(&folder) || folder == "benches" {
            continue;
        }
        count += 1;
        if !picture.floors.contains_key(folder) {
            findings.add(format!("crates/{folder} stands on no floor in ARCHITECTURE.md"));
        }
        if !text.contains(&format!("`{folder}`")) {
            findings.add(format!("ARCHITECTURE.md does not describe `{folder}`"));
        }
        for dependency in dependencies(package) {
            if let Some(complaint) = picture.complaint(folder, dependency) {
                findings.add(complaint);
            }
        }
    }
    Ok(count)
}

fn folder_of(package: &str) -> Option<&str> {
    if package == "promd" { Some(package) } else { package.strip_prefix("promd-") }
}

/// Our own crates that `package` needs when it is built, not only tested.
fn dependencies(package: &Value) -> impl Iterator<Item = &str> {
    let all = package["dependencies"].as_array().into_iter().flatten();
    let normal = all.filter(|dependency| dependency["kind"] != "dev");
    normal.filter_map(|dependency| dependency["name"].as_str().and_then(folder_of))
}

impl Picture {
    fn complaint(&self, from: &str, to: &str) -> Option<String> {
        if self.edges.contains(&(from.to_owned(), to.to_owned())) {
            return None;
        }
        let (upper, lower) = (self.floors.get(from)?, self.floors.get(to));
        match lower {
            Some(lower) if lower < upper => None,
            Some(lower) => Some(format!(
                "crates/{from} (floor {upper}) may not depend on crates/{to} (floor {lower}): arrows point down"
            )),
            None => Some(format!("crates/{from} may depend on crates/{to} in its tests only")),
        }
    }
}

fn parse(text: &str) -> Result<Picture> {
    let mut picture = Picture::default();
    for line in text.lines().map(str::trim) {
        let Some(rest) = line.strip_prefix("floor ") else { continue };
        let (number, names) = rest.split_once(' ').unwrap_or((rest, ""));
        let floor: u32 = number.parse().with_context(|| format!("no number of a floor in `{line}`"))?;
        for entry in names.split("  ").map(str::trim).filter(|entry| !entry.is_empty()) {
            let (name, edges) = entry.split_once('→').unwrap_or((entry, ""));
            let name = name.trim().split(' ').next().unwrap_or_default().to_owned();
            let targets = edges.split(',').map(str::trim).filter(|target| !target.is_empty());
            picture.edges.extend(targets.map(|target| (name.clone(), target.to_owned())));
            if picture.floors.insert(name.clone(), floor).is_some() {
                bail!("ARCHITECTURE.md puts `{name}` on two floors");
            }
        }
    }
    if picture.floors.is_empty() {
        bail!("ARCHITECTURE.md draws no floors");
    }
    Ok(picture)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PICTURE: &str = "floor 2   c → d   d\nfloor 1   b\nfloor 0   a";

    fn complaint(from: &str, to: &str) -> Option<String> {
        parse(PICTURE).unwrap().complaint(from, to)
    }

    #[test]
    fn downwards_and_along_an_edge_is_allowed() {
        assert_eq!(complaint("c", "a"), None);
        assert_eq!(complaint("c", "d"), None);
    }

    #[test]
    fn upwards_and_sideways_is_not() {
        assert!(complaint("a", "b").unwrap().contains("arrows point down"));
        assert!(complaint("d", "c").unwrap().contains("arrows point down"));
    }

    #[test]
    fn what_is_not_in_the_picture_is_for_tests() {
        assert!(complaint("a", "testkit").unwrap().contains("in its tests only"));
    }

    #[test]
    fn a_crate_stands_on_one_floor() {
        assert!(parse("floor 1   a\nfloor 0   a").is_err());
        assert!(parse("no picture at all").is_err());
    }
}
