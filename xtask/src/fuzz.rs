//! `cargo xtask fuzz-smoke`: each fuzz target for a few seconds, on the stable compiler.
//!
//! `cargo fuzz` is not needed: coverage instrumentation is a handful of compiler flags, and libFuzzer is linked in by
//! `libfuzzer-sys`. The layout is that of `cargo fuzz` all the same, so `cargo fuzz run -s none TARGET` works too.
//! A target starts from its seeds and from every input that once failed; what it finds on the way stays in
//! `fuzz/corpus/`, which is not committed. An input that fails is left in `fuzz/artifacts/TARGET/`: once mended, it
//! moves to `fuzz/regressions/TARGET/` and is replayed by `cargo test` in `fuzz/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result, bail};

use crate::run::{cargo, packages, root, succeed};

const TRIPLE: &str = "x86_64-unknown-linux-gnu";

/// What `cargo fuzz` passes to the compiler, without a sanitizer.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cllvm-args=-simplifycfg-branch-fold-threshold=0";

pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let (seconds, names) = parse(arguments)?;
    let all = targets()?;
    if let Some(unknown) = names.iter().find(|name| !all.contains(name)) {
        bail!("there is no fuzz target `{unknown}`; there are: {}", all.join(" "));
    }
    let chosen = if names.is_empty() { all } else { names };

    println!("replaying the inputs that once failed");
    succeed(&mut cargo(&["test", "--quiet", "--manifest-path", "fuzz/Cargo.toml", "--tests"]))?;

    let fuzz = root().join("fuzz");
    let mut build = cargo(&["build", "--release", "--bins", "--manifest-path", "fuzz/Cargo.toml", "--target", TRIPLE]);
    let output = fuzz.join("target");
    succeed(build.env("RUSTFLAGS", FLAGS).env("CARGO_TARGET_DIR", &output))?;

    println!("{} targets, {seconds} s each, two at a time", chosen.len());
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    let binaries = output.join(TRIPLE).join("release");
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(target) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match smoke(&fuzz, &binaries, target, seconds) {
                        Ok(summary) => println!("{target:<28} {summary}"),
                        Err(error) => {
                            println!("{target:<28} FAILED: {error:#}");
                            failures.lock().expect("no holder panics").push(target.clone());
                        }
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().expect("no holder panics");
    println!("fuzz-smoke: {} passed, {} failed", chosen.len() - failures.len(), failures.len());
    if failures.is_empty() { Ok(()) } else { bail!("fuzz targets failed: {}", failures.join(" ")) }
}

fn parse(arguments: &[String]) -> Result<(u32, Vec<String>)> {
    let mut seconds = 10;
    let mut names = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "-s" {
            let value = rest.next().context("-s needs a number of seconds")?;
            seconds = value.parse().with_context(|| format!("`{value}` is no number of seconds"))?;
        } else {
            names.push(argument.clone());
        }
    }
    Ok((seconds, names))
}

/// The names of all fuzz targets, in the order of the alphabet.
pub(crate) fn targets() -> Result<Vec<String>> {
    let packages = packages(&root().join("fuzz/Cargo.toml"))?;
    let targets = packages.iter().filter_map(|package| package["targets"].as_array()).flatten();
    let binaries = targets.filter(|target| target["kind"][0] == "bin");
    let mut names: Vec<String> = binaries.filter_map(|target| target["name"].as_str().map(str::to_owned)).collect();
    names.sort();
    Ok(names)
}

/// Runs one target and returns the last words of libFuzzer.
fn smoke(fuzz: &Path, binaries: &Path, target: &str, seconds: u32) -> Result<String> {
    let corpus = fuzz.join("corpus").join(target);
    let artifacts = fuzz.join("artifacts").join(target);
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&artifacts)?;
    let more = ["seeds", "regressions"].map(|folder| fuzz.join(folder).join(target));
    let more: Vec<&PathBuf> = more.iter().filter(|folder| folder.is_dir()).collect();

    let mut command = Command::new(binaries.join(target));
    command
        .current_dir(fuzz)
        .arg(format!("-max_total_time={seconds}"))
        .args(["-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"])
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg(&corpus)
        .args(more);
    let output = command.output().with_context(|| format!("cannot start the target `{target}`"))?;
    let words = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let tail: Vec<&str> = words.lines().rev().take(40).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        bail!("{}\n{}", output.status, tail.join("\n"));
    }
    let statistic = |name: &str| {
        let line = words.lines().find(|line| line.starts_with(&format!("stat::{name}:")));
        line.and_then(|line| line.split_whitespace().last()).unwrap_or("?").to_owned()
    };
    Ok(format!("{} runs, peak {} MiB", statistic("number_of_executed_units"), statistic("peak_rss_mb")))
}
