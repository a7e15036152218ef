//! The commands beside the real promtool, on data that the real Prometheus wrote.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use promd_tool::{Context, Tool};
use tempfile::TempDir;

fn ours(arguments: &[&str]) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = Tool::run(arguments, &mut Context::new(&mut out, &mut err));
    (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

fn theirs(promtool: &Path, arguments: &[&str]) -> (bool, String, String) {
    let output = Command::new(promtool).args(arguments).output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// A copy to work on: promtool leaves files behind.
fn copy(from: &Path) -> TempDir {
    fn walk(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let target = to.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                walk(&entry.path(), &target);
            } else {
                fs::copy(entry.path(), target).unwrap();
            }
        }
    }
    let to = tempfile::tempdir().unwrap();
    walk(from, to.path());
    to
}

fn tools() -> Option<(PathBuf, PathBuf)> {
    Some((promd_testkit::peer("promtool")?, promd_testkit::conformance("tsdb")?))
}

#[test]
fn list_and_analyze_print_the_same() {
    let Some((promtool, root)) = tools() else { return };
    let mut compared = 0;
    for fixture in ["blocks_float", "blocks_float_v253", "blocks_hist", "blocks_tombstones", "blocks_promtool"] {
        let data = copy(&root.join(fixture).join("data"));
        let path = data.path().to_str().unwrap();
        for arguments in [
            vec!["tsdb", "list", path],
            vec!["tsdb", "list", "-r", path],
            vec!["tsdb", "analyze", path],
            vec!["tsdb", "analyze", "--limit=1000", "--extended", path],
            vec!["tsdb", "analyze", "--limit=1000", "--match={__name__=~\".*_total\"}", path],
        ] {
            let (success, expected, errors) = theirs(&promtool, &arguments);
            assert!(success, "{errors}");
            let (code, got, errors) = ours(&arguments);
            assert_eq!((code, errors.as_str()), (0, ""), "{fixture}: {arguments:?}");
            // Lines of equal rank have no order with promtool, and where a list is cut, it shows any of them: then only
            // the head of the output is compared.
            let most = if arguments == ["tsdb", "analyze", path] { 6 } else { usize::MAX };
            let lines = |text: &str| {
                let mut lines: Vec<_> = text.lines().take(most).map(str::to_owned).collect();
                if arguments.contains(&"analyze") {
                    lines.sort();
                }
                lines
            };
            assert_eq!(lines(&got), lines(&expected), "{fixture}: {arguments:?}");
            compared += 1;
        }
    }
    println!("{compared} outputs are equal");
    assert_eq!(compared, 25);
}

#[test]
fn dumps_print_the_same() {
    let Some((promtool, root)) = tools() else { return };
    let mut lines_compared = 0;
    for fixture in [
        "blocks_float",
        "blocks_float_v253",
        "blocks_tombstones",
        "blocks_promtool",
        "wal_snappy",
        "wal_zstd",
        "wal_none",
        "checkpoint",
        "inj_wal",
    ] {
        let data = copy(&root.join(fixture).join("data"));
        // promtool wants this folder, even if it is empty.
        fs::create_dir_all(data.path().join("wal")).unwrap();
        let path = data.path().to_str().unwrap();
        for arguments in [
            vec!["tsdb", "dump", path],
            vec!["tsdb", "dump", "--match={__name__=~\".*_total\"}", "--match={job=\"api\"}", path],
            vec!["tsdb", "dump-openmetrics", path],
        ] {
            let (success, expected, errors) = theirs(&promtool, &arguments);
            assert!(success, "{errors}");
            let (code, got, errors) = ours(&arguments);
            assert_eq!((code, errors.as_str()), (0, ""), "{fixture}: {arguments:?}");
            // promtool 3.5.3 loses the first samples of histogram series, and of the head those in chunks that were cut
            // while the log was replayed; it prints nothing that is not there. Floats are whole.
            // A head that is alone is dumped in the order in which its series were made; ours is always that of labels.
            let floats = |text: &str| -> Vec<String> {
                let mut lines: Vec<_> =
                    text.lines().filter(|line| !line.contains("{count:")).map(str::to_owned).collect();
                // Stable: the samples of a series stay in their order.
                lines.sort_by_key(|line| line.rsplit_once('}').map(|(series, _)| series.to_owned()));
                lines
            };
            let (got_floats, expected_floats) = (floats(&got), floats(&expected));
            assert_eq!(got_floats.len(), expected_floats.len(), "{fixture}: {arguments:?}");
            for (got, expected) in got_floats.iter().zip(&expected_floats) {
                assert_eq!(got, expected, "{fixture}: {arguments:?}");
            }
            lines_compared += got_floats.len();
            let all: std::collections::HashSet<&str> = got.lines().collect();
            for line in expected.lines() {
                assert!(all.contains(line), "{fixture}: {arguments:?}: promtool has {line}");
            }
        }
    }
    println!("{lines_compared} lines are equal");
    assert!(lines_compared > 10_000);
}

/// Both make blocks of the same file; promtool dumps both.
#[test]
fn blocks_from_openmetrics_hold_the_same() {
    let Some(promtool) = promd_testkit::peer("promtool") else { return };
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("input.om");
    let mut text = String::from("# TYPE requests counter\n");
    for step in 0..2_000 {
        let t = 1_736_035_200.0 + f64::from(step) * 15.5;
        text += &format!(
            "requests_total{{code=\"200\"}} {} {t:.3}\nrequests_total{{code=\"500\"}} {}.25 {t:.3}\n",
            step * 3,
            step / 7
        );
    }
    text +=
        "# TYPE seconds histogram\nseconds_bucket{le=\"1\"} 3 1736035200\nseconds_bucket{le=\"+Inf\"} 4 1736035200\n";
    text += "seconds_count 4 1736035200\nseconds_sum 2.5 1736035200\n# TYPE far gauge\nfar{x=\"é\"} NaN 1736135200\nfar{x=\"y\"} +Inf 1736135200\n# EOF\n";
    fs::write(&input, text).unwrap();
    let input = input.to_str().unwrap();
    for options in [vec![], vec!["--label=cluster=eu", "--label=code=all"], vec!["--max-block-duration=24h", "-r"]] {
        let (mine, real) = (dir.path().join("mine"), dir.path().join("real"));
        let (mine, real) = (mine.to_str().unwrap(), real.to_str().unwrap());
        let run = |to| [vec!["tsdb", "create-blocks-from", "openmetrics"], options.clone(), vec![input, to]].concat();
        let (success, expected, errors) = theirs(&promtool, &run(real));
        // With both codes as one series, samples are out of order: then both fail, in the same words.
        let (code, got, got_errors) = ours(&run(mine));
        assert_eq!(code == 0, success, "{options:?}: {got_errors} {errors}");
        if success {
            // But for the names of the blocks, their sizes, and the number of chunks: promtool's head foresees where a
            // chunk will end, and ends it earlier or later so that chunks share a block evenly.
            let columns = |text: &str| -> Vec<Vec<String>> {
                text.lines()
                    .map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
                    .map(|row| [&row[1..row.len() - 3], &row[row.len() - 2..row.len() - 1]].concat())
                    .collect()
            };
            assert_eq!(columns(&got), columns(&expected), "{options:?}");
            for dir in [mine, real] {
                fs::create_dir_all(Path::new(dir).join("wal")).unwrap();
            }
            let dumps = [mine, real].map(|dir| theirs(&promtool, &["tsdb", "dump", dir]).1);
            assert!(dumps[0].lines().count() > 2_000);
            assert_eq!(dumps[0], dumps[1], "{options:?}");
        } else {
            assert_eq!(got_errors.trim_end().rsplit(": ").next(), errors.trim_end().rsplit(": ").next(), "{options:?}");
        }
        for dir in [mine, real] {
            let _ = fs::remove_dir_all(dir);
        }
    }
}
