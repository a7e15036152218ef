//! Appenders, readers and collection at the same time.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicI64;

use super::*;

/// Every commit gives all series of its writer the same value at the same time: a reader must never see some of them behind others.
#[test]
fn readers_see_whole_commits_while_others_write_and_collect() {
    const COMMITS: i64 = 400;
    let (head, _) = head_with(HeadOptions { chunk_range: 100_000, samples_per_chunk: 16, ..HeadOptions::default() });
    let done = AtomicI64::new(0);
    std::thread::scope(|scope| {
        for writer in ["a", "b"] {
            let (head, done) = (&head, &done);
            scope.spawn(move || {
                // Also when the writer fails: the others would wait for ever.
                let _ended = Ended(done);
                for n in 1..=COMMITS {
                    while !commit(head, writer, n) {}
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(|| {
                while done.load(Ordering::Relaxed) < 2 {
                    let from = head.max_time().unwrap_or_default().saturating_sub(40_000);
                    let reader = head.reader(Interval::new(from, i64::MAX));
                    for writer in ["a", "b"] {
                        let matchers = [Matcher::equal("w", writer), Matcher::equal("g", "stays")];
                        let first = content(&reader, &matchers, Interval::new(from, i64::MAX));
                        let lasts: Vec<_> = first.values().map(|samples| samples.last().map(|(t, _)| *t)).collect();
                        assert!(lasts.windows(2).all(|pair| pair[0] == pair[1]), "{lasts:?}");
                        let again = content(&reader, &matchers, Interval::new(from, i64::MAX));
                        assert_eq!(first, again);
                    }
                }
            });
        }
        scope.spawn(|| {
            while done.load(Ordering::Relaxed) < 2 {
                head.truncate(head.max_time().unwrap_or_default().saturating_sub(60_000));
                std::thread::yield_now();
            }
        });
    });
    head.truncate(i64::MAX);
    assert_eq!(head.series_count(), 0);
}

/// Late samples go into blocks while others come and are read. Who takes the head first and then the blocks finds each committed
/// sample in one of them at least.
#[test]
fn late_samples_are_in_the_head_or_in_a_block() {
    const COMMITS: i64 = 600;
    let options =
        HeadOptions { chunk_range: 1_000_000, late_window: 500_000, late_capacity: 4, ..HeadOptions::default() };
    let (head, _) = head_with(options);
    let (done, committed, blocks) = (AtomicI64::new(0), AtomicI64::new(0), Mutex::new(BTreeSet::new()));
    let up = series(&head, &[("n", "up")]);
    append(&head, up, &[(1_000_000, 1.0)]);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let _ended = Ended(&done);
            for n in 1..=COMMITS {
                // In and out of order, back and forth within the window.
                let late = 600_000 + (n * 7_919) % 390_000;
                assert_eq!(append(&head, up, &[(late, 2.0)]), [Verdict::Accepted]);
                committed.store(n, Ordering::Release);
            }
        });
        scope.spawn(|| {
            while done.load(Ordering::Relaxed) == 0 {
                let Some(late) = head.late_blocks().unwrap() else { continue };
                for times in late.ranges() {
                    let block = times_in(&mut head.late_source(&late, *times));
                    blocks.lock().extend(block.into_values().flatten());
                }
                while head.try_truncate_late(&late).unwrap().is_none() {
                    std::thread::yield_now();
                }
            }
        });
        for _ in 0..2 {
            scope.spawn(|| {
                while done.load(Ordering::Relaxed) == 0 {
                    let until = committed.load(Ordering::Acquire);
                    let reader = head.reader(Interval::ALL);
                    let in_blocks = blocks.lock().clone();
                    let in_head = floats(&reader, Matcher::equal("n", "up"));
                    let in_head: BTreeSet<i64> = in_head.iter().map(|(t, _)| *t).collect();
                    for n in 1..=until {
                        let t = 600_000 + (n * 7_919) % 390_000;
                        assert!(in_head.contains(&t) || in_blocks.contains(&t), "{t}, of commit {n}, is nowhere");
                    }
                }
            });
        }
    });
    assert_eq!(head.late_counts().0, 600);
}

/// Says that a writer has ended, however it did.
struct Ended<'a>(&'a AtomicI64);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Commits one sample for each series of a writer. A series that has no samples yet may be collected between its making and its
/// first sample; a writer that is told so takes back what it appended, and begins again: `false`.
fn commit(head: &Head, writer: &str, n: i64) -> bool {
    let mut batch = Batch::new();
    let mut appender = Box::new(head.appender());
    for number in 0..20 {
        // Series that come and go beside those that stay.
        let generation = if number < 10 { "stays".to_owned() } else { (n / 50).to_string() };
        let labels = labels(&[("g", &generation), ("n", &number.to_string()), ("w", writer)]);
        let reference = appender.series(labels.view()).unwrap();
        batch.float(reference, n * 1000, f64::from(i32::try_from(n).unwrap()));
    }
    let mut verdicts = Vec::new();
    appender.append(&batch, &mut verdicts);
    if verdicts.contains(&Verdict::UnknownSeries) {
        return false;
    }
    // A writer that lags behind the other by the whole window has nothing to commit.
    if verdicts.contains(&Verdict::OutOfBounds) {
        return true;
    }
    assert!(verdicts.iter().all(|verdict| verdict.is_accepted()), "{verdicts:?}");
    appender.commit().unwrap();
    true
}
