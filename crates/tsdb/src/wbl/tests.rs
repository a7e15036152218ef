//! A head with its files on a simulated file system, which is stopped and brought back.

use std::path::Path;
use std::sync::Arc;

use promd_clock::SimClock;
use promd_fs::{Fs, SimFs};
use promd_model::{Columns, Histogram, Interval, Labels, LabelsRef, Matcher};
use promd_storage::{Appender, Batch, Decoder, Position, Reader, Select, Series};
use promd_wal::record::{Record, RecordType, Version};
use promd_wal::{Event, LogKind, LogReader, Options, ReadOptions};

use super::{Wbl, replay};
use crate::TsdbError;
use crate::chunks_head::HeadChunks;
use crate::head::{Commit, CommitLog, Head, HeadOptions, MappedChunk};

const WBL: &str = "/data/wbl";
const HOUR: i64 = 3_600_000;

/// The other log, of which nothing is needed here.
struct Nowhere;

impl CommitLog for Nowhere {
    fn log(&self, _: &Commit<'_>) -> Result<Position, TsdbError> {
        Ok(Position(1))
    }
}

struct Opened {
    head: Head,
    chunks: Arc<HeadChunks>,
}

fn name(n: u64) -> Labels {
    Labels::from_pairs([("n", n.to_string())]).unwrap()
}

/// A head with three series, and what the files have of late samples.
fn open(fs: &Arc<dyn Fs>) -> Opened {
    let (chunks, recovered) = HeadChunks::open(Arc::clone(fs), Path::new("/data/chunks_head")).unwrap();
    let chunks = Arc::new(chunks);
    let options = HeadOptions { late_window: 5 * HOUR, late_capacity: 4, ..HeadOptions::default() };
    let head = Head::new(options, Arc::clone(&chunks) as _, Arc::new(Nowhere));
    for (reference, found) in recovered.chunks {
        for chunk in found.iter().filter(|chunk| chunk.out_of_order) {
            let chunk = MappedChunk { at: chunk.place.into(), interval: Interval::new(chunk.min, chunk.max) };
            head.replay_late_mapped(reference, chunk);
        }
    }
    for n in 1..=3 {
        let labels = name(n);
        let labels: LabelsRef<'_> = labels.view();
        head.replay_series(n, labels);
    }
    let report = replay(fs, Path::new(WBL), &head, &mut |_| {}).unwrap();
    assert!(report.damage.is_empty() && report.samples.unknown == 0, "{report:?}");
    head.finish_replay();
    let clock = Arc::new(SimClock::default());
    let wbl = Wbl::open(Arc::clone(fs), clock, Path::new(WBL), Options::default(), Version::V1).unwrap();
    assert_eq!(wbl.wal().dir(), Path::new(WBL));
    head.set_late_log(Some(Arc::new(wbl)));
    Opened { head, chunks }
}

/// One commit of floats, and a histogram for the third series.
fn commit(head: &Head, samples: &[(u64, i64)]) {
    let (mut batch, mut verdicts) = (Batch::new(), Vec::new());
    let mut appender = Box::new(head.appender());
    for (series, t) in samples {
        let reference = appender.series(name(*series).view()).unwrap();
        if *series == 3 {
            batch.histogram(reference, *t, &Histogram { count: 1, zero_count: 1, ..Histogram::default() }).unwrap();
        } else {
            batch.float(reference, *t, 1.0);
        }
    }
    appender.append(&batch, &mut verdicts);
    appender.commit().unwrap();
    assert!(verdicts.iter().all(|verdict| verdict.is_accepted()), "{verdicts:?}");
}

/// The times of the samples of a series, and in how many chunks they are.
fn times(head: &Head, n: u64) -> (Vec<i64>, usize) {
    let reader = head.reader(Interval::ALL);
    let matchers = [Matcher::equal("n", &n.to_string())];
    let mut set = reader.select(&Select::new(&matchers, Interval::ALL)).unwrap();
    let (mut series, mut columns) = (Series::default(), Columns::new());
    if set.next(&mut series).unwrap() {
        Decoder::new().decode(&series, Interval::ALL, &mut columns).unwrap();
    }
    assert!(set.warnings().is_empty());
    (columns.times().to_vec(), series.chunks.len())
}

/// Nine late samples of the first series, three of the second, five of the third; the newest of the head is at ten hours.
fn fill(head: &Head) {
    commit(head, &[(1, 10 * HOUR), (2, 10 * HOUR), (3, 10 * HOUR)]);
    for n in 0..9 {
        let mut samples = vec![(1, 9 * HOUR - n)];
        if n < 3 {
            samples.push((2, 8 * HOUR + n));
        }
        if n < 5 {
            samples.push((3, 9 * HOUR - n));
        }
        commit(head, &samples);
    }
}

fn expected(n: u64) -> Vec<i64> {
    match n {
        1 => (0..9).rev().map(|n| 9 * HOUR - n).collect(),
        2 => (0..3).map(|n| 8 * HOUR + n).collect(),
        _ => (0..5).rev().map(|n| 9 * HOUR - n).collect(),
    }
}

#[test]
fn late_samples_come_back_once_whether_their_chunks_do_or_not() {
    for flushed in [true, false] {
        let fs: Arc<dyn Fs> = Arc::new(SimFs::new(1));
        let Opened { head, chunks } = open(&fs);
        fill(&head);
        if flushed {
            chunks.flush().unwrap();
        }
        drop((head, chunks));
        // Twice: the second time there are chunks, too, that the first replay has written and that no marker names.
        for _ in 0..2 {
            let Opened { head, chunks } = open(&fs);
            for n in 1..=3 {
                assert_eq!(times(&head, n).0, expected(n), "series {n}, chunks flushed: {flushed}");
            }
            if flushed {
                // Two chunks, which the markers name, and one open sample.
                assert_eq!(times(&head, 1).1, 3);
            }
            assert_eq!(head.late_interval(), Some(Interval::new(8 * HOUR, 9 * HOUR)));
            chunks.flush().unwrap();
        }
    }
}

#[test]
fn records_stand_behind_their_markers() {
    let fs: Arc<dyn Fs> = Arc::new(SimFs::new(1));
    let Opened { head, .. } = open(&fs);
    fill(&head);
    let mut log = LogReader::open(Arc::clone(&fs), Path::new(WBL), LogKind::Wbl, ReadOptions::default()).unwrap();
    let (mut types, mut markers) = (Vec::new(), Vec::new());
    while let Some(event) = log.next().unwrap() {
        let Event::Record(record) = event else { panic!("{event:?}") };
        types.push(RecordType::of(record.bytes).unwrap());
        if let Record::MmapMarkers(entries) = Record::parse(record.bytes).unwrap() {
            markers.extend(entries.map(|entry| entry.map(|marker| (marker.series, marker.chunk == 0)).unwrap()));
        }
    }
    use RecordType::{Histograms, MmapMarkers, Samples};
    assert_eq!(types[..5], [MmapMarkers, Samples, Histograms, Samples, Histograms]);
    // At the first sample of each series, then at every fifth: the first at its fifth and ninth, the third at its fifth.
    markers.sort_unstable();
    assert_eq!(markers, [(1, false), (1, false), (1, true), (2, true), (3, false), (3, true)]);
}

#[test]
fn what_is_in_blocks_is_dropped_from_the_log() {
    let fs: Arc<dyn Fs> = Arc::new(SimFs::new(1));
    let Opened { head, chunks } = open(&fs);
    fill(&head);
    let late = head.late_blocks().unwrap().unwrap();
    commit(&head, &[(1, 9 * HOUR + 5)]);
    head.try_truncate_late(&late).unwrap().unwrap();
    commit(&head, &[(1, 9 * HOUR + 6)]);
    assert_eq!(times(&head, 1).0, [9 * HOUR + 5, 9 * HOUR + 6, 10 * HOUR]);
    // The chunks were not written, and go with the process: nothing is left but what was logged since.
    drop((head, chunks));
    let Opened { head, .. } = open(&fs);
    assert_eq!(times(&head, 1).0, [9 * HOUR + 5, 9 * HOUR + 6]);
    assert!(times(&head, 2).0.is_empty());
}

#[test]
fn chunks_of_late_samples_hold_their_files() {
    let fs: Arc<dyn Fs> = Arc::new(SimFs::new(1));
    let Opened { head, chunks } = open(&fs);
    fill(&head);
    // A truncation begins another file for what comes next; that of the late chunks must stay, though all its times are old.
    for _ in 0..2 {
        chunks.truncate_but(20 * HOUR, head.oldest_late_chunk()).unwrap();
        for n in 0..4 {
            commit(&head, &[(2, 7 * HOUR - n)]);
        }
        chunks.flush().unwrap();
    }
    let mut all = expected(1);
    all.push(10 * HOUR);
    assert_eq!(times(&head, 1).0, all);
}
