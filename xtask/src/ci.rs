//! `cargo xtask ci`: the stages, one by one.
//!
//! Each stage has a budget of minutes, measured on two cores from a cold start and rounded up generously. Going over it
//! is shown in the table at the end and fails nothing, for machines differ; twice the budget fails, because then the
//! whole no longer fits into its hour and somebody has to look.

use std::time::Duration;

use anyhow::{Result, bail};

use crate::run::{Stopwatch, cargo, succeed};

struct Stage {
    name: &'static str,
    minutes: u32,
    run: fn() -> Result<()>,
}

const STAGES: &[Stage] = &[
    Stage { name: "fmt", minutes: 1, run: fmt },
    Stage { name: "clippy", minutes: 8, run: clippy },
    Stage { name: "tidy", minutes: 1, run: crate::tidy::run },
    Stage { name: "deny", minutes: 1, run: deny },
    Stage { name: "doc", minutes: 5, run: doc },
    Stage { name: "package", minutes: 2, run: package },
    Stage { name: "test", minutes: 20, run: test },
    Stage { name: "shuttle", minutes: 2, run: shuttle },
    Stage { name: "fuzz-smoke", minutes: 20, run: fuzz_smoke },
    Stage { name: "interop", minutes: 10, run: interop },
];

pub(crate) fn run(names: &[String]) -> Result<()> {
    for name in names {
        if !STAGES.iter().any(|stage| stage.name == name) {
            bail!("there is no stage `{name}`");
        }
    }
    let chosen: Vec<&Stage> =
        STAGES.iter().filter(|stage| names.is_empty() || names.iter().any(|name| name == stage.name)).collect();
    let mut table = Vec::new();
    for stage in chosen {
        println!("\n== {} (budget {} min)", stage.name, stage.minutes);
        let watch = Stopwatch::start();
        let outcome = (stage.run)();
        let took = watch.elapsed();
        let budget = Duration::from_secs(u64::from(stage.minutes) * 60);
        let verdict = match &outcome {
            Err(_) => "FAILED",
            Ok(()) if took > budget * 2 => "FAILED (twice its budget)",
            Ok(()) if took > budget => "ok, OVER BUDGET",
            Ok(()) => "ok",
        };
        table.push(format!(
            "{:<12} {:>6.1} of {:>2} min  {verdict}",
            stage.name,
            took.as_secs_f64() / 60.0,
            stage.minutes
        ));
        if verdict.starts_with("FAILED") {
            print_table(&table);
            match outcome {
                Err(error) => return Err(error.context(format!("stage {}", stage.name))),
                Ok(()) => bail!("stage {} took {} s", stage.name, took.as_secs()),
            }
        }
    }
    print_table(&table);
    Ok(())
}

fn print_table(rows: &[String]) {
    println!("\n== stages");
    for row in rows {
        println!("{row}");
    }
}

fn fmt() -> Result<()> {
    succeed(&mut cargo(&["fmt", "--all", "--check"]))?;
    succeed(&mut cargo(&["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]))
}

fn clippy() -> Result<()> {
    succeed(&mut cargo(&["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"]))?;
    // With all features its other unit tests are left out.
    succeed(&mut cargo(&["clippy", "--package", "promd-tsdb", "--lib", "--tests", "--", "-D", "warnings"]))
}

fn deny() -> Result<()> {
    succeed(&mut cargo(&["deny", "--all-features", "check", "--hide-inclusion-graph", "bans", "licenses", "sources"]))
}

fn doc() -> Result<()> {
    let mut command = cargo(&["doc", "--workspace", "--no-deps", "--all-features"]);
    succeed(command.env("RUSTDOCFLAGS", "-D warnings"))
}

fn package() -> Result<()> {
    crate::package::run(&[])
}

fn test() -> Result<()> {
    succeed(&mut cargo(&["test", "--workspace", "--no-fail-fast"]))
}

/// The unit tests that try interleavings: the locks of the head are those of a scheduler there.
fn shuttle() -> Result<()> {
    succeed(&mut cargo(&["test", "--package", "promd-tsdb", "--lib", "--features", "shuttle", "interleavings"]))
}

fn fuzz_smoke() -> Result<()> {
    crate::fuzz::run(&[])
}

/// The tests that need the real programs: those in files called `interop*.rs`.
fn interop() -> Result<()> {
    crate::peers::run(&[])?;
    let required = std::env::var("PROMD_REQUIRE").unwrap_or_default();
    let mut command = cargo(&["test", "--workspace", "--no-fail-fast", "--test", "interop*"]);
    succeed(command.env("PROMD_REQUIRE", format!("{required},peers")))
}
