//! The scripts of `testdata/promql`.

use std::fs;

use promd_promql::test::{run, run_with};
use promd_promql::{Engine, EngineOptions};

#[test]
fn all_pass() {
    let (mut passed, mut failed) = (0, Vec::new());
    for entry in fs::read_dir(promd_testkit::testdata("promql")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "test") {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap();
        let script = fs::read_to_string(&path).unwrap();
        // The first line of a script may name features; then those alone are on.
        let features = script.lines().next().and_then(|line| line.strip_prefix("# features: "));
        let report = match features {
            None => run(name, &script),
            Some(features) => {
                let mut options = EngineOptions::default();
                features.split(',').for_each(|feature| assert!(options.enable(feature.trim()), "{feature}"));
                run_with(name, &script, &Engine::new(options))
            }
        };
        passed += report.passed;
        if !report.failures.is_empty() {
            failed.push(report.to_string());
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(passed >= 100, "{passed} evaluations");
}
