//! The scripts of Prometheus' own tests.
use std::fs;
use std::io::{self, Write};

use promd_promql::test::run;

/// How many evaluations of all scripts together pass at least.
const FLOOR: usize = 1432;

#[test]
fn scripts() {
    let Some(folder) = promd_testkit::conformance("promqltest") else { return };
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (mut passed, mut failed) = (0, 0);
    let mut text = String::new();
    for file in files {
        let report = run(file.file_name().unwrap().to_str().unwrap(), &fs::read_to_string(&file).unwrap());
        passed += report.passed;
        failed += report.failures.len();
        text += &format!("{report}\n");
    }
    text += &format!("total: {passed} passed, {failed} failed\n");
    // Past the harness, which swallows what a passing test prints through the macros.
    io::stderr().write_all(text.as_bytes()).unwrap();
    assert!(passed >= FLOOR, "{passed} evaluations pass, and there were {FLOOR}");
}
