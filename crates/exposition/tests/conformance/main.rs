//! Bodies that a real Prometheus has scraped, against what it stored.
//!
//! A stand-in ([`scraper`]) does with the parser's entries what a scrape does at its simplest: it adds the labels of the
//! target, keeps the first of equal series, judges names and times. What needs more of a scraper is left out by a rule
//! ([`data::Case::waits_for`]) and listed by name.

mod data;
mod differences;
mod scraper;

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::Path;

use data::{Case, Expect};
use differences::Difference;

/// How a case ended.
enum Verdict {
    Passed,
    /// Passed, with a difference between Prometheus 3.5.3 (which was asked) and 3.14 (which counts).
    Excused(Difference),
    Waits(&'static str),
    Failed(Vec<String>),
}

fn judge(case: &Case, expect: &Expect) -> Verdict {
    if let Some(part) = case.waits_for() {
        return Verdict::Waits(part);
    }
    let scraped = scraper::scrape(case, false);
    let problems = expect.compare(&scraped);
    if problems.is_empty() {
        return Verdict::Passed;
    }
    if case.option("convert_classic_histograms_to_nhcb")
        && expect.compare(&scraper::scrape(case, true)).iter().all(|problem| is_about_created_series(problem))
    {
        return Verdict::Excused(Difference::CreatedSeries);
    }
    match Difference::between(expect, &scraped) {
        Some(difference) => Verdict::Excused(difference),
        None => Verdict::Failed(problems),
    }
}

/// Whether a problem is that a `_created` series is not there, or the count of samples that follows from it.
fn is_about_created_series(problem: &str) -> bool {
    problem.starts_with("samples: ") || problem.starts_with("series: missing ") && problem.contains("_created\", ")
}

/// Writes a line past the capture of the test harness: the counts are part of what continuous integration shows.
fn say(line: &str) {
    // Nothing depends on it.
    let _ = writeln!(io::stderr(), "{line}");
}

/// Judges all cases of a folder and prints the counts.
fn run(folder: &Path) {
    let (mut passed, mut failed) = (0, Vec::new());
    let mut later: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for (case, expect) in data::load(folder) {
        match judge(&case, &expect) {
            Verdict::Passed => passed += 1,
            Verdict::Excused(difference) => {
                passed += 1;
                say(&format!("{}: differs from 3.5.3: {}", case.name, difference.upstream()));
            }
            Verdict::Waits(part) => later.entry(part).or_default().push(case.name),
            Verdict::Failed(problems) => failed.push(format!("{}:\n  {}", case.name, problems.join("\n  "))),
        }
    }
    for (part, names) in &later {
        say(&format!("for later ({part}): {}", names.join(" ")));
    }
    let listed: usize = later.values().map(Vec::len).sum();
    say(&format!("exposition: {passed} passed, {} failed, {listed} listed for later", failed.len()));
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(passed > 0, "no case was run");
}

#[test]
fn bodies_are_read_as_the_real_prometheus_reads_them() {
    if let Some(folder) = promd_testkit::conformance("exposition") {
        run(&folder);
    }
}

#[test]
fn our_own_bodies_are_read_as_the_real_prometheus_reads_them() {
    run(&promd_testkit::testdata("exposition"));
}
