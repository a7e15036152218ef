//! Source files are short, and leave nothing for later.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Findings;
use crate::run::root;

/// A longer file holds a second idea, or says in its first lines why it is long: `// Long: <reason>`.
const LONGEST: usize = 700;

const ROOTS: &[&str] = &["crates", "xtask", "benches", "fuzz"];

/// Checks every source file, and returns how many there are.
pub(super) fn check(findings: &mut Findings) -> Result<usize> {
    let mut sources = Vec::new();
    for folder in ROOTS {
        collect(&root().join(folder), &mut sources)?;
    }
    sources.sort();
    for path in &sources {
        let text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let shown = path.strip_prefix(root()).unwrap_or(path).display().to_string();
        check_text(&shown, &text, findings);
    }
    Ok(sources.len())
}

fn check_text(path: &str, text: &str, findings: &mut Findings) {
    let lines = text.lines().count();
    if lines > LONGEST && !text.lines().take(12).any(|line| line.contains("Long: ")) {
        findings.add(format!("{path}: {lines} lines; split it, or say on top why not (`// Long: <reason>`)"));
    }
    // The stage `interop` of CI demands the programs, and runs the files of that name.
    if path.contains("/tests/") && text.contains("testkit::peer(") && !path.contains("/tests/interop") {
        findings.add(format!("{path}: tests against real programs belong into a file called interop_*.rs"));
    }
    for (number, line) in text.lines().enumerate() {
        for mark in left_behind() {
            if line.contains(&mark) {
                findings.add(format!("{path}:{}: `{mark}` is left behind", number + 1));
            }
        }
    }
}

/// Put together here, so that this file does not complain about itself.
fn left_behind() -> [String; 4] {
    [("#[", "ignore"), ("TO", "DO"), ("FIX", "ME"), ("X", "XX:")].map(|(left, right)| format!("{left}{right}"))
}

fn collect(folder: &Path, sources: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("{} cannot be listed", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() && !path.ends_with("target") && !path.ends_with("corpus") {
            collect(&path, sources)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> usize {
        let mut findings = Findings::default();
        check_text("a.rs", text, &mut findings);
        findings.0.len()
    }

    #[test]
    fn a_long_file_needs_a_reason() {
        let long = "x\n".repeat(LONGEST + 1);
        assert_eq!(findings(&long), 1);
        assert_eq!(findings(&format!("// Long: a generated table\n{long}")), 0);
        assert_eq!(findings(&"x\n".repeat(LONGEST)), 0);
    }

    #[test]
    fn real_programs_are_met_where_ci_demands_them() {
        let check = |path: &str| {
            let mut findings = Findings::default();
            check_text(path, "let Some(program) = promd_testkit::peer(\"promtool\") else { return };", &mut findings);
            findings.0.len()
        };
        assert_eq!((check("crates/a/tests/lock.rs"), check("crates/a/tests/interop_lock.rs")), (1, 0));
    }

    #[test]
    fn nothing_is_left_for_later() {
        for mark in left_behind() {
            assert_eq!(findings(&format!("// {mark} soon")), 1, "{mark}");
        }
    }
}
