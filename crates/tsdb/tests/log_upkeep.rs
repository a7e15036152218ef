//! The log while the database is open: its second copy of series, damage that a checkpoint meets, segments that others have still to read.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[path = "../../block/tests/answer/mod.rs"]
mod answer;
mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use answer::Answer;
use promd_fs::{EntryKind, Fs, OpenMode, SimFs};
use promd_model::Labels;
use promd_storage::Batch;
use promd_tsdb::{Db, Options, Retention};
use promd_wal::{Compression, Cursors, Position, SegmentFile, SeriesCopy, list_checkpoints, list_segments};
use support::{clock, everything};

const DATA: &str = "/data";
/// So many that a commit takes two kilobytes of the log.
const SERIES: u32 = 200;

fn options() -> Options {
    let mut options = Options::default();
    options.min_block_duration = 1_000;
    options.samples_per_chunk = 8;
    options.log = promd_wal::Options::default().segment_size(32 << 10).compression(Compression::None);
    options
}

fn open(fs: &SimFs, options: Options) -> Db {
    Db::open(Arc::new(fs.clone()), clock(), DATA, options).unwrap()
}

/// Appends a sample to each series at each of these times, one commit for each time.
fn append(db: &Db, times: impl Iterator<Item = i64>, model: &mut Answer) {
    for t in times {
        let (mut appender, mut batch, mut verdicts) = (db.appender(), Batch::new(), Vec::new());
        for number in 0..SERIES {
            let labels = Labels::from_pairs([("__name__", "up"), ("n", &number.to_string())]).unwrap();
            let value = (t % 17) as f64;
            batch.float(appender.series(labels.view()).unwrap(), t, value);
            model.entry(labels).or_default().insert(t, answer::number(value));
        }
        appender.append(&batch, &mut verdicts);
        assert!(verdicts.iter().all(|verdict| verdict.is_accepted()), "{t}: {verdicts:?}");
        appender.commit().unwrap();
    }
}

fn segments(fs: &SimFs) -> Vec<SegmentFile> {
    list_segments(fs, "/data/wal".as_ref()).unwrap()
}

fn copied(fs: &SimFs) -> BTreeSet<u64> {
    let (shared, mut found): (Arc<dyn Fs>, _) = (Arc::new(fs.clone()), BTreeSet::new());
    let each = |series: promd_wal::record::SeriesEntry<'_>| {
        found.insert(series.series);
    };
    SeriesCopy::lookup(&shared, "/data/promd/series".as_ref(), each).unwrap();
    found
}

/// A directory of Prometheus has no second copy. One is made, and a damaged series record costs nothing from then on.
#[test]
fn a_directory_without_a_second_copy_gets_one() {
    let (fs, mut model) = (SimFs::new(1), Answer::new());
    let db = open(&fs, options());
    append(&db, (0..20).map(|n| n * 10), &mut model);
    db.close().unwrap();
    drop(db);
    let all = copied(&fs);
    assert_eq!(all.len(), SERIES as usize);

    // Without, and with a part of it: Prometheus has gone on with the directory in between.
    fs.remove_dir_all("/data/promd/series".as_ref()).unwrap();
    for _ in 0..2 {
        let db = open(&fs, options());
        assert_eq!(everything(&db), (model.clone(), Vec::new()));
        db.close().unwrap();
        drop(db);
        assert_eq!(copied(&fs), all);
    }
    // In the series record, which comes first.
    fs.flip_bit("/data/wal/00000000".as_ref(), 100, 3).unwrap();
    let db = open(&fs, options());
    assert_eq!(db.damage().log.series_restored, u64::from(SERIES));
    let (got, _) = everything(&db);
    assert_eq!(got, model);
}

/// The head has what a damaged record says, and the next start would not: what is found is put aside, and remembered.
#[test]
fn damage_that_a_checkpoint_meets_is_put_aside_and_told() {
    for is_killed in [false, true] {
        let (fs, mut model) = (SimFs::new(1), Answer::new());
        let db = open(&fs, options());
        append(&db, (0..161).map(|n| n * 10), &mut model);
        // The last segment that becomes a checkpoint: two thirds of all but the newest.
        let numbers: Vec<u64> = segments(&fs).iter().map(|segment| segment.number).collect();
        let last = (numbers.len() as u64 - 2) * 2 / 3;
        assert!(last > 1, "{numbers:?}");
        let path = format!("/data/wal/{last:08}");
        // Only what is at rest can be damaged.
        fs.open(path.as_ref(), OpenMode::Write).unwrap().sync_data().unwrap();
        fs.flip_bit(path.as_ref(), 20_000, 1).unwrap();
        db.tick().unwrap();
        assert_eq!(list_checkpoints(&fs, "/data/wal".as_ref()).unwrap(), [last]);
        let aside = format!("/data/promd/aside/wal-{last:08}");
        assert!(fs.exists(aside.as_ref()).unwrap(), "the original is kept");
        assert_eq!(db.damage().log.damage.len(), 1, "{:?}", db.damage());
        assert_eq!(everything(&db), (model.clone(), Vec::new()), "nothing is missing as long as it is open");
        if is_killed {
            drop(db);
            let db = open(&fs.crash_process(), options());
            let (got, warnings) = everything(&db);
            let count = |answer: &Answer| answer.values().map(std::collections::BTreeMap::len).sum::<usize>();
            let lost = count(&model) - count(&got);
            assert!(lost <= SERIES as usize, "one record of one commit, and {lost} samples are lost");
            assert!(!warnings.is_empty() && !db.damage().holes.is_empty());
            continue;
        }
        // The head becomes a block, which has all of it and no hole.
        append(&db, (161..400).map(|n| n * 10), &mut model);
        db.tick().unwrap();
        db.close().unwrap();
        drop(db);
        let db = open(&fs, options());
        assert_eq!(everything(&db), (model, Vec::new()));
        assert_eq!(db.damage().holes, []);
    }
}

#[test]
fn segments_are_held_for_cursors_as_far_as_the_bytes_reach() {
    let mut kept = Vec::new();
    for bytes in [0, 70 << 10, 1 << 30] {
        let (fs, mut model, mut settings) = (SimFs::new(1), Answer::new(), options());
        settings.cursor_bytes = bytes;
        let db = open(&fs, settings.clone());
        append(&db, (0..161).map(|n| n * 10), &mut model);
        let cursors = Cursors::open(Arc::new(fs.clone()), "/data/promd/cursors".as_ref());
        cursors.store("far away", Position::new(1, 0)).unwrap();
        db.tick().unwrap();
        let checkpoint = *list_checkpoints(&fs, "/data/wal".as_ref()).unwrap().last().unwrap();
        let held: Vec<_> = segments(&fs).into_iter().filter(|segment| segment.number <= checkpoint).collect();
        assert!(held.iter().map(|segment| segment.size).sum::<u64>() <= bytes);
        kept.push(held.iter().map(|segment| segment.number).collect::<Vec<_>>());
        // What is held is not replayed: it would bring back what has gone into blocks.
        for _ in 0..2 {
            assert_eq!(everything(&db), (model.clone(), Vec::new()));
            append(&db, (161..162).map(|n| n * 10), &mut model);
        }
        drop(db);
        let db = open(&fs, settings.clone());
        assert_eq!(everything(&db), (model.clone(), Vec::new()));
        // The next checkpoint counts from the last one, not from what is held.
        append(&db, (162..500).map(|n| n * 10), &mut model);
        db.tick().unwrap();
        assert!(*list_checkpoints(&fs, "/data/wal".as_ref()).unwrap().last().unwrap() > checkpoint);
        cursors.remove("far away").unwrap();
        append(&db, (500..800).map(|n| n * 10), &mut model);
        db.tick().unwrap();
        let checkpoint = *list_checkpoints(&fs, "/data/wal".as_ref()).unwrap().last().unwrap();
        assert!(segments(&fs).iter().all(|segment| segment.number > checkpoint), "nobody needs them");
        assert_eq!(everything(&db).0, model);
    }
    let [none, some, all] = &kept[..] else { panic!("{kept:?}") };
    assert_eq!(none, &[0; 0]);
    assert!(some.len() == 2 && all.ends_with(some), "{kept:?}");
    assert_eq!((all.first(), all.len() > 2), (Some(&1), true), "{kept:?}");
}

/// The bytes of all files of a folder.
fn bytes(fs: &SimFs, folder: &Path) -> u64 {
    let of = |entry: &promd_fs::Entry| match entry.kind {
        EntryKind::Directory => bytes(fs, &folder.join(&entry.name)),
        _ => entry.size,
    };
    fs.read_dir(folder).unwrap().iter().map(of).sum()
}

/// What is held counts: the oldest blocks go for it.
#[test]
fn what_is_held_for_cursors_counts_in_retention_by_size() {
    let fs = SimFs::new(1);
    let db = open(&fs, options());
    let cursors = Cursors::open(Arc::new(fs.clone()), "/data/promd/cursors".as_ref());
    cursors.store("far away", Position::new(0, 0)).unwrap();
    append(&db, (0..800).map(|n| n * 10), &mut Answer::new());
    db.tick().unwrap();
    db.tick().unwrap();
    let all = db.blocks();
    assert!(all.len() > 1);
    db.close().unwrap();
    drop(db);
    let checkpoint = *list_checkpoints(&fs, "/data/wal".as_ref()).unwrap().last().unwrap();
    let held: u64 = segments(&fs).iter().filter(|one| one.number <= checkpoint).map(|one| one.size).sum();
    let blocks = all.iter().map(|meta| meta.id.to_string());
    let counted = blocks.chain(["wal", "chunks_head"].map(str::to_owned));
    let total: u64 = counted.map(|name| bytes(&fs, &Path::new(DATA).join(name))).sum();

    let mut retention = Retention { size: Some(total), ..Retention::default() };
    let mut settings = options();
    settings.retention = retention;
    let db = open(&fs, settings);
    assert_eq!(db.blocks().len(), all.len(), "there is room for all");
    retention.size = Some(total - held / 2);
    db.set_retention(retention);
    db.reload().unwrap();
    assert!(db.blocks().len() < all.len(), "{held} of {total} bytes are held");
}
