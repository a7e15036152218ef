//! What may befall a data directory, done to one that this database wrote: blocks, log, checkpoint, head chunks and late samples.
//!
//! No value is ever wrong, no more is missing than the injury allows, nothing is missing without a word, and all of it holds again
//! after maintenance and another start. (The same injuries to directories of Prometheus are in `conformance`.)
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[path = "../../block/tests/answer/mod.rs"]
mod answer;
mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use answer::Answer;
use promd_fs::{Fs, OpenMode, SimFs};
use promd_model::{Interval, Labels, Matcher};
use promd_storage::Batch;
use promd_tsdb::{Db, Options};
use promd_wal::Compression;
use support::{clock, everything};

const DATA: &str = "/data";
const SERIES: usize = 40;
/// Samples of one series in the whole range, and in one chunk.
const SAMPLES: usize = 360;
const CHUNK: usize = 16;

fn options() -> Options {
    let mut options = Options::default();
    options.min_block_duration = 1_000;
    options.max_block_duration = Some(1_000);
    options.samples_per_chunk = 8;
    options.out_of_order_window = 800;
    options.log = promd_wal::Options::default().segment_size(32 << 10).compression(Compression::None);
    options
}

fn open(fs: &SimFs) -> Db {
    Db::open(Arc::new(fs.clone()), clock(), DATA, options()).unwrap()
}

fn append(db: &Db, t: i64, model: &mut Answer) {
    let (mut appender, mut batch, mut verdicts) = (db.appender(), Batch::new(), Vec::new());
    for number in 0..SERIES {
        let labels = Labels::from_pairs([("__name__", "up"), ("n", &number.to_string())]).unwrap();
        let value = ((t + number as i64) % 17) as f64;
        batch.float(appender.series(labels.view()).unwrap(), t, value);
        model.entry(labels).or_default().insert(t, answer::number(value));
    }
    appender.append(&batch, &mut verdicts);
    assert!(verdicts.iter().all(|verdict| verdict.is_accepted()), "{t}: {verdicts:?}");
    appender.commit().unwrap();
}

/// A directory with blocks, one of them deleted from, a checkpoint, a log, head chunks and late samples, left by a kill.
fn directory() -> (SimFs, Answer) {
    let (fs, mut model) = (SimFs::new(1), Answer::new());
    let db = open(&fs);
    (0..SAMPLES as i64).for_each(|n| append(&db, n * 10, &mut model));
    db.tick().unwrap();
    let times = Interval::new(100, 300);
    db.delete(times, &[Matcher::equal("n", "3")]).unwrap();
    let labels = Labels::from_pairs([("__name__", "up"), ("n", "3")]).unwrap();
    model.get_mut(&labels).unwrap().retain(|t, _| !times.contains(*t));
    // Late ones, between the others.
    (0..40).for_each(|n| append(&db, 3_005 + n * 10, &mut model));
    db.tick_log().unwrap();
    drop(db);
    (fs.crash_process(), model)
}

fn list(fs: &SimFs, dir: &str) -> Vec<PathBuf> {
    let dir = Path::new(DATA).join(dir);
    let mut all: Vec<_> = fs.read_dir(&dir).unwrap().iter().map(|entry| dir.join(&entry.name)).collect();
    all.sort();
    all
}

/// The oldest block, which is that with tombstones.
fn block(fs: &SimFs) -> PathBuf {
    let is_block = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().parse::<promd_block::BlockId>().is_ok();
    list(fs, "").into_iter().find(is_block).unwrap()
}

fn size(fs: &SimFs, path: &Path) -> u64 {
    fs.metadata(path).unwrap().size
}

/// Flips a bit at so many thousandths of a file.
fn flip(fs: &SimFs, path: &Path, thousandths: u64) {
    // Only what is at rest can be damaged.
    fs.open(path, OpenMode::Write).unwrap().sync_data().unwrap();
    fs.flip_bit(path, size(fs, path) * thousandths / 1_000, 2).unwrap();
}

/// Without what only this database writes beside a block: it would tell the truth, and Prometheus has none.
fn without_copies(fs: &SimFs) -> PathBuf {
    let block = block(fs);
    for entry in fs.read_dir(&block).unwrap() {
        if entry.name.to_str().unwrap().starts_with("promd-") {
            fs.remove_file(&block.join(&entry.name)).unwrap();
        }
    }
    block
}

fn rewrite(fs: &SimFs, path: &Path, change: impl FnOnce(String) -> String) {
    let text = String::from_utf8(fs.read_to_vec(path, 1 << 20).unwrap()).unwrap();
    let file = fs.open(path, OpenMode::Truncate).unwrap();
    file.write_all_at(change(text).as_bytes(), 0).unwrap();
}

/// Injures a directory, and checks what it answers from then on: no more than `most` samples may be missing. Returns how many are.
#[track_caller]
fn check(name: &str, most: usize, injure: impl Fn(&SimFs)) -> usize {
    let (fs, model) = directory();
    injure(&fs);
    let mut lost = 0;
    for when in ["first start", "after maintenance", "second start", "third start"] {
        let db = open(&fs);
        if when == "after maintenance" {
            // What is found by reading is repaired by the next round.
            everything(&db);
            db.tick().unwrap();
            db.tick().unwrap();
        }
        let (got, warnings) = everything(&db);
        for (labels, samples) in &got {
            for (t, value) in samples {
                let right = model.get(labels).and_then(|samples| samples.get(t));
                assert_eq!(right, Some(value), "{name}, {when}: {labels} at {t}");
            }
        }
        let count = |answer: &Answer| answer.values().map(BTreeMap::len).sum::<usize>();
        let missing = count(&model) - count(&got);
        assert!(missing <= most, "{name}, {when}: {missing} samples are missing, {warnings:?}");
        assert!(missing == 0 || !warnings.is_empty(), "{name}, {when}: {missing} samples are missing without a word");
        assert!(
            when == "first start" || missing <= lost,
            "{name}, {when}: {missing} are missing, and {lost} were before"
        );
        lost = missing;
        if when == "first start" {
            let told = !db.damage().is_empty();
            assert!(told || missing == 0, "{name}: {:?}", db.damage());
        }
        if when == "second start" {
            db.close().unwrap();
        }
    }
    lost
}

const OF_A_BLOCK: usize = 100 * SERIES;

#[test]
fn nothing_is_wrong_with_what_is_sound() {
    check("sound", 0, |_| {});
}

#[test]
fn row_a_a_byte_of_a_chunk() {
    let lost = check("chunk", CHUNK, |fs| flip(fs, &block(fs).join("chunks/000001"), 500));
    assert!(lost > 0, "the chunk is damaged");
}

#[test]
fn row_b_the_table_of_contents_of_an_index() {
    check("toc", 0, |fs| {
        let index = block(fs).join("index");
        fs.flip_bit(&index, size(fs, &index) - 20, 1).unwrap();
    });
}

#[test]
fn row_c_anywhere_in_an_index() {
    for thousandths in (0..20).map(|n| n * 50) {
        check(&format!("index at {thousandths}"), OF_A_BLOCK / SERIES, |fs| {
            flip(fs, &block(fs).join("index"), thousandths);
        });
    }
}

#[test]
fn row_d_meta_json() {
    let meta = |fs: &SimFs| without_copies(fs).join("meta.json");
    check("meta.json cut", 0, |fs| rewrite(fs, &meta(fs), |text| text[..text.len() / 2].to_owned()));
    check("meta.json with another time", 0, |fs| {
        rewrite(fs, &meta(fs), |text| text.replace("\"maxTime\": 1000", "\"maxTime\": 2000"));
    });
    check("meta.json with another time, and a copy of it", 0, |fs| {
        rewrite(fs, &block(fs).join("meta.json"), |text| text.replace("\"maxTime\": 1000", "\"maxTime\": 8000"));
    });
    check("no meta.json", 0, |fs| fs.remove_file(&meta(fs)).unwrap());
}

#[test]
fn row_e_a_chunk_segment() {
    let lost = check("segment", OF_A_BLOCK, |fs| fs.remove_file(&block(fs).join("chunks/000001")).unwrap());
    assert!(lost > 0, "the segment is gone");
    check("segment header", OF_A_BLOCK, |fs| flip(fs, &block(fs).join("chunks/000001"), 0));
}

#[test]
fn row_f_the_log() {
    for thousandths in (0..20).map(|n| n * 50) {
        check(&format!("log at {thousandths}"), SERIES, |fs| {
            let segments = list(fs, "wal");
            let segment =
                segments.iter().rfind(|path| size(fs, path) > 20_000 && !path.to_str().unwrap().contains("check"));
            flip(fs, segment.unwrap(), thousandths);
        });
    }
}

#[test]
fn row_i_what_others_left() {
    check("leftovers", 0, |fs| {
        for name in ["01JGSW5V00000000000000001A.tmp-for-creation", "01JGSW5V00000000000000001B.tmp-for-deletion"] {
            fs.create_dir(&Path::new(DATA).join(name)).unwrap();
        }
        let odd = Path::new(DATA).join("01JGSW5V00000000000000001C");
        fs.create_dir(&odd).unwrap();
        fs.write_atomically(&odd.join("meta.json"), b"{}").unwrap();
    });
}

/// What was deleted must not come back, so all of the block is left out.
#[test]
fn part_tombstones() {
    check("tombstones", OF_A_BLOCK, |fs| flip(fs, &without_copies(fs).join("tombstones"), 800));
}

#[test]
fn part_missing_segment_of_the_log() {
    check("gap", OF_A_BLOCK, |fs| {
        let segments = list(fs, "wal");
        let segments: Vec<_> = segments.iter().filter(|path| !path.to_str().unwrap().contains("check")).collect();
        fs.remove_file(segments[segments.len() / 2]).unwrap();
    });
}

#[test]
fn part_checkpoint() {
    for thousandths in [10, 300, 900] {
        check(&format!("checkpoint at {thousandths}"), SERIES, |fs| {
            let segments = list(fs, "wal");
            let checkpoint = segments.iter().find(|path| path.to_str().unwrap().contains("checkpoint")).unwrap();
            flip(fs, &checkpoint.join("00000000"), thousandths);
        });
    }
}

/// The log has what is in it, and no sample of the log is passed over for a chunk that is not there.
#[test]
fn part_head_chunks() {
    for offset in [20, 100, 500, 1_000] {
        check(&format!("head chunks at {offset}"), 0, |fs| {
            let newest = list(fs, "chunks_head").pop().unwrap();
            fs.open(&newest, OpenMode::Write).unwrap().sync_data().unwrap();
            fs.flip_bit(&newest, offset, 4).unwrap();
        });
    }
    check("no head chunks", 0, |fs| {
        list(fs, "chunks_head").iter().for_each(|path| fs.remove_file(path).unwrap());
    });
}

/// Late samples are in the log as well, where they are passed over: a record of theirs that is lost is lost.
#[test]
fn part_late_log() {
    for thousandths in [10, 300, 900] {
        check(&format!("late log at {thousandths}"), 2 * SERIES, |fs| {
            flip(fs, list(fs, "wbl").last().unwrap(), thousandths);
        });
    }
}

/// There is none of this database; what a Prometheus has left is not looked at.
#[test]
fn part_memory_snapshot() {
    check("memory snapshot", 0, |fs| {
        let snapshot = Path::new(DATA).join("chunk_snapshot.000003.0000001234");
        fs.create_dir(&snapshot).unwrap();
        fs.write_atomically(&snapshot.join("00000000"), &[7; 1000]).unwrap();
    });
}
