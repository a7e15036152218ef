//! Each crate has what a library needs to stand alone.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::Findings;

/// Crates that may hold `unsafe`, each in one module with a reason. All others forbid it.
const MAY_BE_UNSAFE: &[&str] = &["promd-fs", "promd-testkit"];

pub(super) fn check(packages: &[Value], findings: &mut Findings) {
    for package in packages {
        let (Some(name), Some(manifest)) = (package["name"].as_str(), package["manifest_path"].as_str()) else {
            continue;
        };
        let Some(folder) = Path::new(manifest).parent().filter(|folder| folder.parent().is_some_and(is_crates)) else {
            continue;
        };
        let read = |file: &str| fs::read_to_string(folder.join(file)).unwrap_or_default();

        let readme = read("README.md");
        if !readme.starts_with(&format!("# {name}\n")) {
            findings.add(format!("{name}: README.md must begin with `# {name}`"));
        }
        // A program is called, a library is used.
        let is_program = !folder.join("src/lib.rs").exists();
        let example = if is_program { "```sh" } else { "```rust" };
        if !readme.contains(example) && (is_program || !readme.contains("```\n")) {
            findings.add(format!("{name}: README.md shows no runnable example"));
        }
        if !read("CHANGELOG.md").contains("## Unreleased") {
            findings.add(format!("{name}: CHANGELOG.md needs a section `## Unreleased`"));
        }
        let root = if is_program { "src/main.rs" } else { "src/lib.rs" };
        let library = read(root);
        if !MAY_BE_UNSAFE.contains(&name) && !library.contains("#![forbid(unsafe_code)]") {
            findings.add(format!("{name}: {root} must say #![forbid(unsafe_code)]"));
        }
        if library.lines().count() > 150 {
            findings.add(format!("{name}: {root} holds the essay and the re-exports, in less than 150 lines"));
        }
        if !read("Cargo.toml").contains("[lints]\nworkspace = true") {
            findings.add(format!("{name}: Cargo.toml must take the lints of the workspace"));
        }
        if package["description"].as_str().is_none_or(str::is_empty) {
            findings.add(format!("{name}: Cargo.toml has no description"));
        }
    }
}

fn is_crates(folder: &Path) -> bool {
    folder.ends_with("crates")
}
