//! The real Prometheus goes on with a log that was shortened here, and a log that it shortened is read here.
#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read fails the test")]

#[path = "reading/mod.rs"]
mod reading;

use std::path::Path;
use std::sync::Arc;

use promd_fs::{Fs, RealFs};
use promd_wal::{CheckpointOptions, LogKind, checkpoint, list_segments, remove_checkpoints, segment_name};
use reading::peer::ask;
use reading::replay::{normalise, replay};
use reading::{copy, read_real};

/// Makes a checkpoint of the segments up to `last`, and removes them.
fn shorten(dir: &Path, last: u64, mint: i64) {
    let fs: Arc<dyn Fs> = Arc::new(RealFs::new());
    let stats = checkpoint(&fs, dir, last, |_| true, mint, &CheckpointOptions::default()).unwrap();
    assert!(stats.damage.is_empty());
    for number in 0..=last {
        std::fs::remove_file(dir.join(segment_name(number))).ok();
    }
    remove_checkpoints(&*fs, dir, last).unwrap();
    assert_eq!(list_segments(&*fs, dir).unwrap()[0].number, last + 1);
}

#[test]
fn prometheus_answers_from_a_checkpoint_made_here() {
    let (Some(prometheus), Some(root)) = (promd_testkit::peer("prometheus"), promd_testkit::conformance("tsdb")) else {
        return;
    };
    let (all, _) = read_real(&root.join("inj_wal/data/wal"), LogKind::Wal);
    let all = normalise(replay(&all));
    // The scrapes of the four segments follow each other: one time divides those of the first two.
    let mint = 1_736_035_500_000;
    for mints in [&[i64::MIN][..], &[mint], &[i64::MIN, mint]] {
        let home = tempfile::tempdir().unwrap();
        let data = home.path().join("data");
        copy(&root.join("inj_wal/data"), &data);
        for (last, mint) in (0..).zip(mints) {
            shorten(&data.join("wal"), last, *mint);
        }
        let mut expected = all.clone();
        for samples in expected.values_mut() {
            samples.retain(|time, _| *time >= mints[mints.len() - 1]);
        }
        expected.retain(|_, samples| !samples.is_empty());
        assert!(expected.len() > 50);
        let answer = normalise(ask(&prometheus, home.path(), "global: {}\n"));
        assert_eq!(answer, expected, "mint {mints:?}");
    }
}
