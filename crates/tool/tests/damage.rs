//! `verify` and `salvage` on damaged directories of the real Prometheus.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use promd_tool::{Context, Tool};
use tempfile::TempDir;

fn run(arguments: &[&str]) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = Tool::run(arguments, &mut Context::new(&mut out, &mut err));
    (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

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

#[test]
fn sound_directories_are_sound() {
    let Some(root) = promd_testkit::conformance("tsdb") else { return };
    for fixture in [
        "blocks_float",
        "blocks_float_v253",
        "blocks_hist",
        "blocks_tombstones",
        "wal_none",
        "wal_zstd",
        "checkpoint",
        "inj_head",
    ] {
        let path = root.join(fixture).join("data");
        let (code, out, err) = run(&["tsdb", "verify", path.to_str().unwrap()]);
        assert_eq!((code, err.as_str()), (0, ""), "{fixture}: {out}");
        assert!(out.ends_with("all sound\n"), "{fixture}: {out}");
    }
}

#[test]
fn damage_is_named_and_salvaged() {
    let Some(root) = promd_testkit::conformance("tsdb") else { return };
    for (fixture, named) in [
        ("bad_chunk", "chunks/000001: chunk at offset"),
        ("bad_index_series", "index: series entry"),
        ("bad_index_posting_label", "index: posting list"),
        ("bad_meta_truncated", "meta.json"),
        ("bad_segment_magic", "chunk segment"),
        ("bad_wal_f2_samples", "wal: segment"),
        ("bad_wal_middle", "wal: segment"),
        ("wal_gap", "wal: segment"),
    ] {
        let data = copy(&root.join(fixture).join("data"));
        let path = data.path().to_str().unwrap();
        let (code, out, _) = run(&["tsdb", "verify", path]);
        assert_eq!(code, 1, "{fixture}: {out}");
        assert!(out.contains(named), "{fixture}: {out}");

        let before = run(&["tsdb", "dump", path]).1;
        let (code, _, err) = run(&["tsdb", "salvage", "--dry-run", path]);
        assert_eq!(code, 0, "{fixture}: {err}");
        assert_eq!(run(&["tsdb", "verify", path]).1, out, "{fixture}: a dry run changes nothing");

        let (code, report, err) = run(&["tsdb", "salvage", path]);
        assert_eq!((code, err.as_str()), (0, ""), "{fixture}: {report}");
        let (code, out, _) = run(&["tsdb", "verify", path]);
        assert_eq!(code, 0, "{fixture}: after the salvage: {out}");
        assert_eq!(run(&["tsdb", "dump", path]).1, before, "{fixture}: what could be read before can be read still");
        // A gap is filled, and nothing needs to be kept.
        assert!(fixture == "wal_gap" || data.path().join("promd/aside").exists(), "{fixture}: the original is kept");
    }
}

/// What was deleted does not come back unless it is asked for.
#[test]
fn a_block_without_sound_tombstones_is_salvaged_on_request() {
    let Some(root) = promd_testkit::conformance("tsdb") else { return };
    let data = copy(&root.join("bad_tombstones").join("data"));
    let path = data.path().to_str().unwrap();
    let (code, _, err) = run(&["tsdb", "salvage", path]);
    assert_eq!(code, 1);
    assert!(err.contains("it is left as it is"), "{err}");
    let (code, _, err) = run(&["tsdb", "salvage", "--undelete", path]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(run(&["tsdb", "verify", path]).0, 0);
}

#[test]
fn nonsense_is_refused_with_words() {
    for (arguments, word) in [
        (vec!["tsdb", "lst"], "lst"),
        (vec!["tsdb", "dump", "--match={", "/tmp"], "parse error"),
        (vec!["tsdb", "list", "/no/such/place"], "/no/such/place"),
        (vec!["tsdb", "analyze", "/no/such/place"], "/no/such/place"),
        (vec!["tsdb", "create-blocks-from", "openmetrics", "/no/such/file"], "/no/such/file"),
    ] {
        let (code, out, err) = run(&arguments);
        assert_eq!((code, out.as_str()), (1, ""), "{arguments:?}");
        assert!(err.contains(word), "{arguments:?}: {err}");
    }
}

#[test]
fn scripts_of_promql_are_run() {
    let dir = tempfile::tempdir().unwrap();
    let (good, bad) = (dir.path().join("good.test"), dir.path().join("bad.test"));
    fs::write(&good, "load 1m\n  m 1 2 3\n\neval instant at 2m m\n  m 3\n").unwrap();
    fs::write(&bad, "load 1m\n  m 1 2 3\n\neval instant at 2m m\n  m 4\n").unwrap();
    let (code, out, err) = run(&["test", "promql", good.to_str().unwrap()]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.ends_with("good.test: 1 passed, 0 failed\ntotal: 1 passed, 0 failed\n"), "{out}");
    let (code, out, _) = run(&["test", "promql", good.to_str().unwrap(), bad.to_str().unwrap()]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("bad.test: 0 passed, 1 failed") && out.ends_with("total: 1 passed, 1 failed\n"), "{out}");
}
