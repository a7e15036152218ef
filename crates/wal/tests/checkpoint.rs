//! What is in a checkpoint, and what is left if the power goes while it is made.
//!
//! Expected values: the rules of `tsdb/wlog/checkpoint.go`, applied here by hand to each record of a small log.
#![expect(clippy::unwrap_used, reason = "a file system in memory that fails is a failed test")]

#[path = "reading/mod.rs"]
mod reading;

use std::path::Path;
use std::sync::Arc;

use promd_fs::{Fs, SimFs};
use promd_model::{FloatHistogram, Histogram, Metadata, MetricType};
use promd_wal::record::{
    ExemplarsEncoder, HistogramsEncoder, MetadataEncoder, MetadataEntry, MmapMarker, MmapMarkersEncoder,
    SamplesEncoder, Stamp, Tombstone, TombstonesEncoder, Version,
};
use promd_wal::{
    CheckpointOptions, CheckpointStats, Counts, LogKind, RepairOptions, checkpoint, list_checkpoints, list_segments,
    remove_checkpoints, remove_leftovers, repair,
};
use reading::made::{crash_everywhere, samples, series, write_log};
use reading::{read, sync_all};

const WAL: &str = "/wal";

fn build(push: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut record = Vec::new();
    push(&mut record);
    record
}

fn metadata(series: u64, help: &str) -> Vec<u8> {
    let metadata = Metadata { metric_type: MetricType::Counter, unit: "s".into(), help: help.into() };
    build(|out| MetadataEncoder::new(out).push(&MetadataEntry::new(series, &metadata)))
}

fn tombstone(series: u64, min: i64, max: i64) -> Vec<u8> {
    build(|out| TombstonesEncoder::new(out).push(Tombstone { series, min, max }))
}

fn exemplar(series: u64, time: i64) -> Vec<u8> {
    let labels: [(&[u8], &[u8]); 1] = [(b"id", b"x")];
    build(|out| ExemplarsEncoder::new(out).push(Stamp::new(series, time), 1.0, labels))
}

fn histograms(times: &[i64]) -> Vec<u8> {
    let mut custom = Vec::new();
    let histogram = Histogram { count: 3, zero_count: 3, ..Histogram::default() };
    build(|out| {
        let mut encoder = HistogramsEncoder::new(Version::V1, out, &mut custom);
        times.iter().for_each(|&time| encoder.push(Stamp::new(1, time), &histogram));
    })
}

fn float_histograms(times: &[i64]) -> Vec<u8> {
    let mut custom = Vec::new();
    build(|out| {
        let mut encoder = HistogramsEncoder::new(Version::V2, out, &mut custom);
        times.iter().for_each(|&time| encoder.push(Stamp::new(1, time), &FloatHistogram::default()));
    })
}

fn samples_v2(times: &[i64]) -> Vec<u8> {
    build(|out| {
        let mut encoder = SamplesEncoder::with_version(Version::V2, out);
        times.iter().for_each(|&time| encoder.push(Stamp { start: time - 5, ..Stamp::new(1, time) }, 2.0));
    })
}

fn mmap_marker() -> Vec<u8> {
    build(|out| MmapMarkersEncoder::new(out).push(MmapMarker { series: 1, chunk: 8 }))
}

/// Makes a checkpoint that keeps series 1 and times from 100 on, and returns what is in it before the next segment.
fn check(segments: &[Vec<Vec<u8>>], expected: &[Vec<u8>]) -> CheckpointStats {
    let sim = SimFs::new(1);
    write_log(&sim, Path::new(WAL), segments);
    let last = segments.len() as u64 - 1;
    let stats = make(&(Arc::new(sim.clone()) as Arc<dyn Fs>), last).unwrap();
    let (found, damage) = read(Arc::new(sim.clone()), Path::new(WAL), LogKind::Wal);
    assert!(damage.is_empty(), "{damage:?}");
    assert_eq!(found.into_iter().map(|found| found.bytes).collect::<Vec<_>>(), expected);
    stats
}

fn make(fs: &Arc<dyn Fs>, last: u64) -> Result<CheckpointStats, promd_wal::CheckpointError> {
    checkpoint(fs, Path::new(WAL), last, |series| series == 1, 100, &CheckpointOptions::default())
}

/// From when on tombstones stay, and which of those that end at 9, 10, 99, 100 do. Samples go from 100 on in any case.
#[test]
fn tombstones_stay_from_an_earlier_time_if_that_is_asked_for() {
    let ends = [9, 10, 99, 100];
    for (from, kept) in [(i64::MIN, &ends[..]), (10, &ends[1..]), (100, &ends[3..]), (i64::MAX, &ends[3..])] {
        let sim = SimFs::new(1);
        let records = ends.iter().map(|end| tombstone(1, 0, *end)).chain([samples(1, 99, 1), samples(1, 100, 1)]);
        write_log(&sim, Path::new(WAL), &[records.collect()]);
        let fs: Arc<dyn Fs> = Arc::new(sim.clone());
        let options = CheckpointOptions::default().tombstones_from(from);
        checkpoint(&fs, Path::new(WAL), 0, |_| true, 100, &options).unwrap();
        let (found, _) = read(Arc::new(sim), Path::new(WAL), LogKind::Wal);
        let expected: Vec<_> = kept.iter().map(|end| tombstone(1, 0, *end)).chain([samples(1, 100, 1)]).collect();
        assert_eq!(found.into_iter().map(|found| found.bytes).collect::<Vec<_>>(), expected, "from {from}");
    }
}

#[test]
fn each_kind_of_record_is_filtered_by_its_rule() {
    let counts = |total, dropped| Counts { total, dropped };
    let stats = check(&[vec![series(1), series(2)]], &[series(1)]);
    assert_eq!(stats.series, counts(2, 1));
    // Samples go by their time, whosever they are.
    let stats = check(
        &[vec![samples(1, 90, 5), samples(1, 95, 10), samples(2, 100, 3)]],
        &[samples(1, 100, 5), samples(2, 100, 3)],
    );
    assert_eq!(stats.samples, counts(18, 10));
    check(&[vec![samples_v2(&[90, 110])]], &[samples_v2(&[110])]);
    check(&[vec![histograms(&[90, 100, 110]), histograms(&[99])]], &[histograms(&[100, 110])]);
    check(
        &[vec![float_histograms(&[90, 110]), float_histograms(&[120])]],
        &[float_histograms(&[110]), float_histograms(&[120])],
    );
    let stats = check(&[vec![exemplar(2, 99), exemplar(2, 100)]], &[exemplar(2, 100)]);
    assert_eq!(stats.exemplars, counts(2, 1));
    let kept = [tombstone(1, 0, 100), tombstone(1, i64::MIN, i64::MAX)];
    let stats = check(&[vec![kept[0].clone(), kept[1].clone(), tombstone(1, 0, 99), tombstone(2, 0, 200)]], &kept);
    assert_eq!(stats.tombstones, counts(4, 2));
    // Nobody knows how long they are of use.
    let stats = check(&[vec![mmap_marker(), b"\x63of tomorrow".to_vec()]], &[]);
    assert_eq!(stats.other, 2);
}

#[test]
fn the_newest_metadata_of_each_series_comes_last() {
    let stats = check(
        &[vec![metadata(1, "old"), metadata(2, "gone"), series(1)], vec![metadata(1, "new"), samples(1, 200, 1)]],
        &[series(1), samples(1, 200, 1), metadata(1, "new")],
    );
    assert_eq!(stats.metadata, Counts { total: 3, dropped: 2 });
}

#[test]
fn a_checkpoint_is_made_of_the_one_before_and_the_segments_since() {
    let sim = SimFs::new(1);
    let fs: Arc<dyn Fs> = Arc::new(sim.clone());
    write_log(
        &sim,
        Path::new(WAL),
        &[vec![series(1), samples(1, 100, 1)], vec![samples(1, 101, 1)], vec![samples(1, 102, 1)]],
    );
    make(&fs, 0).unwrap();
    // Segment 0 is gone; what was in it is in the checkpoint.
    sim.remove_file(Path::new("/wal/00000000")).unwrap();
    let stats = make(&fs, 1).unwrap();
    assert_eq!((stats.samples.total, stats.damage.len()), (2, 0));
    sim.remove_file(Path::new("/wal/00000001")).unwrap();
    remove_checkpoints(&sim, Path::new(WAL), 1).unwrap();
    assert_eq!(list_checkpoints(&sim, Path::new(WAL)).unwrap(), [1]);
    assert_eq!(make(&fs, 1).unwrap(), CheckpointStats::default(), "there is one");
    let found: Vec<_> = read(fs, Path::new(WAL), LogKind::Wal).0.into_iter().map(|found| found.bytes).collect();
    assert_eq!(found, [series(1), samples(1, 100, 1), samples(1, 101, 1), samples(1, 102, 1)]);
}

#[test]
fn damage_is_left_out_and_told() {
    let sim = SimFs::new(1);
    write_log(&sim, Path::new(WAL), &[vec![series(1), samples(1, 100, 9), samples(1, 200, 9)], vec![]]);
    sim.flip_bit(Path::new("/wal/00000000"), 60, 0).unwrap();
    let stats = make(&(Arc::new(sim.clone()) as Arc<dyn Fs>), 0).unwrap();
    assert_eq!(stats.damage.len(), 1);
    assert_eq!((stats.series.total, stats.samples.total), (1, 9));
}

#[test]
fn a_checkpoint_of_several_segments() {
    let sim = SimFs::new(1);
    let records: Vec<_> = (0..40).map(|n| samples(n, 100, 2000)).collect();
    write_log(&sim, Path::new(WAL), &[records.clone(), vec![]]);
    let options = CheckpointOptions::default().segment_size(64 << 10);
    let fs: Arc<dyn Fs> = Arc::new(sim.clone());
    checkpoint(&fs, Path::new(WAL), 0, |_| true, 0, &options).unwrap();
    let segments = list_segments(&sim, Path::new("/wal/checkpoint.00000000")).unwrap();
    assert!(segments.len() > 2 && segments.iter().all(|segment| segment.size <= 64 << 10), "{segments:?}");
    let found: Vec<_> = read(fs, Path::new(WAL), LogKind::Wal).0.into_iter().map(|found| found.bytes).collect();
    assert_eq!(found, records);
}

#[test]
fn a_power_loss_at_any_step_leaves_all_that_is_of_use() {
    let kept = [series(1), samples(1, 100, 5), samples(1, 200, 5), samples(1, 300, 5)];
    let build = || {
        let sim = SimFs::new(11);
        let segments =
            [vec![series(1), series(2), samples(1, 50, 5)], vec![samples(1, 100, 5)], vec![samples(1, 200, 5)]];
        write_log(&sim, Path::new(WAL), &segments);
        make(&(Arc::new(sim.clone()) as Arc<dyn Fs>), 0).unwrap();
        reading::put(&sim, Path::new("/wal/00000003"), &reading::made::segment(&[samples(1, 300, 5)]));
        sync_all(&sim, Path::new(WAL));
        sim
    };
    let act = |fs: &Arc<dyn Fs>| -> bool {
        let shorten = || -> Result<(), promd_wal::CheckpointError> {
            make(fs, 2)?;
            for number in
                list_segments(&**fs, Path::new(WAL))?.iter().map(|segment| segment.number).filter(|&number| number <= 2)
            {
                fs.remove_file(&Path::new(WAL).join(promd_wal::segment_name(number)))?;
                fs.sync_dir(Path::new(WAL))?;
            }
            Ok(remove_checkpoints(&**fs, Path::new(WAL), 2)?)
        };
        shorten().is_ok()
    };
    let outcomes = crash_everywhere(build, act, |sim, when| {
        remove_leftovers(sim, Path::new(WAL)).unwrap();
        let (found, damage) = read(Arc::new(sim.clone()), Path::new(WAL), LogKind::Wal);
        assert!(damage.is_empty(), "{damage:?} {when}");
        let of_use: Vec<_> =
            found.into_iter().map(|found| found.bytes).filter(|record| kept.contains(record)).collect();
        assert_eq!(of_use, kept, "{when}");
        // The numbers have no gap that Prometheus would stop at.
        let fs: Arc<dyn Fs> = Arc::new(sim.clone());
        let report = repair(&fs, Path::new(WAL), &RepairOptions::new(LogKind::Wal, "/aside")).unwrap();
        assert!(report.is_clean(), "{report:?} {when}");
    });
    assert!(outcomes > 50, "{outcomes}");
}
