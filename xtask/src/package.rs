//! `cargo xtask package [CRATE]...`: packs crates as for a registry.
//!
//! Cargo looks for the dependencies of what it packs in the registry, unless they are packed in the same call. As long as none of our
//! crates is published, one that stands on others can only be packed together with them: this adds them.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use serde_json::Value;

use crate::run::{cargo, packages, root, succeed};

pub(crate) fn run(names: &[String]) -> Result<()> {
    let packages = packages(&root().join("Cargo.toml"))?;
    let publishable: Vec<&Value> = packages.iter().filter(|package| package["publish"].is_null()).collect();
    let mut chosen: BTreeSet<&str> = BTreeSet::new();
    for name in names {
        let Some(package) = publishable.iter().find(|package| package["name"] == **name) else {
            bail!("there is no crate `{name}` to pack");
        };
        chosen.extend(package["name"].as_str());
    }
    if names.is_empty() {
        chosen.extend(publishable.iter().filter_map(|package| package["name"].as_str()));
    }
    // Until nothing is missing: dependencies of dependencies too.
    loop {
        let known = chosen.len();
        for package in &publishable {
            if package["name"].as_str().is_some_and(|name| chosen.contains(name)) {
                chosen.extend(dependencies(package));
            }
        }
        if chosen.len() == known {
            break;
        }
    }
    let mut command = cargo(&["package", "--no-verify", "--allow-dirty", "--quiet"]);
    for name in &chosen {
        command.args(["--package", name]);
    }
    succeed(&mut command)?;
    println!("packed: {}", chosen.into_iter().collect::<Vec<_>>().join(" "));
    Ok(())
}

/// Our own crates that `package` needs when it is built.
fn dependencies(package: &Value) -> impl Iterator<Item = &str> {
    let all = package["dependencies"].as_array().into_iter().flatten();
    let ours = all.filter(|dependency| dependency["kind"] != "dev" && !dependency["path"].is_null());
    ours.filter_map(|dependency| dependency["name"].as_str())
}
