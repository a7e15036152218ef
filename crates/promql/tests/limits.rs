//! What ends a query: somebody who does not want to know any more, the time, the number of samples.
#![expect(clippy::unwrap_used, reason = "what cannot be stored or asked fails the test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use promd_clock::{Clock, Monotonic, SimClock, Sleep, WallTime};
use promd_model::{Interval, Labels};
use promd_promql::{Cancel, Engine, EngineOptions, Executor, Query, QueryError, ScopedThreads};
use promd_storage::{
    Appender, LabelQuery, Listed, MemStorage, Reader, Select, Series, SeriesSet, Storage, StorageError,
};

const MINUTE: i64 = 60_000;

fn filled(series: usize, samples: i64) -> MemStorage {
    let storage = MemStorage::new();
    for number in 0..series {
        let labels = Labels::from_pairs([("__name__", "m".to_owned()), ("number", number.to_string())]).unwrap();
        storage.load(&labels, (0..samples).map(|at| (at * MINUTE, (at % 17) as f64 / 3.0))).unwrap();
    }
    storage
}

/// What a store does before it hands out a series.
type Delay<'d> = dyn Fn() + Send + Sync + 'd;

/// A store that never runs out of series, and takes its time for each.
struct Slow<'a> {
    inner: &'a MemStorage,
    delay: &'a Delay<'a>,
}

impl Storage for Slow<'_> {
    fn reader(&self, times: Interval) -> Result<Box<dyn Reader + '_>, StorageError> {
        Ok(Box::new(SlowReader { inner: self.inner.reader(times)?, delay: self.delay }))
    }

    fn appender(&self) -> Box<dyn Appender + '_> {
        self.inner.appender()
    }
}

struct SlowReader<'a> {
    inner: Box<dyn Reader + 'a>,
    delay: &'a Delay<'a>,
}

impl Reader for SlowReader<'_> {
    fn select(&self, select: &Select<'_>) -> Result<Box<dyn SeriesSet + '_>, StorageError> {
        let mut series = Series::default();
        self.inner.select(select)?.next(&mut series)?;
        Ok(Box::new(Endless { series, delay: self.delay, number: 0 }))
    }

    fn label_names(&self, query: &LabelQuery<'_>) -> Result<Listed, StorageError> {
        self.inner.label_names(query)
    }

    fn label_values(&self, name: &str, query: &LabelQuery<'_>) -> Result<Listed, StorageError> {
        self.inner.label_values(name, query)
    }
}

struct Endless<'a> {
    series: Series,
    delay: &'a Delay<'a>,
    number: usize,
}

impl SeriesSet for Endless<'_> {
    fn next(&mut self, series: &mut Series) -> Result<bool, StorageError> {
        (self.delay)();
        self.number += 1;
        *series = self.series.clone();
        series.labels = Labels::from_pairs([("__name__", "m".to_owned()), ("number", self.number.to_string())])
            .map_err(StorageError::store)?;
        Ok(true)
    }
}

/// Runs a query without an end, ends it while the store looks for the twentieth series, and says how many series the store was asked
/// for after that.
fn series_after_the_end(executor: Arc<dyn Executor>, query: Query) -> usize {
    const SEEN: usize = 20;
    let inner = filled(1, 2000);
    let seen = AtomicUsize::new(0);
    let cancel = Cancel::default();
    let delay = || {
        if seen.fetch_add(1, Ordering::Relaxed) + 1 == SEEN {
            cancel.cancel();
        }
    };
    let slow = Slow { inner: &inner, delay: &delay };
    let engine = Engine::default().with_executor(executor);
    let error = engine.run(&query.ended_by(cancel.clone()), &slow).unwrap_err();
    assert!(matches!(error, QueryError::Canceled("expression evaluation")), "{error}");
    seen.into_inner() - SEEN
}

/// A hundred milliseconds are what a store may take for a series: none is asked for behind the end.
#[test]
fn a_cancelled_query_asks_for_no_other_series() {
    for text in
        ["sum(rate(m[10m]))", "m", "m / m", "max_over_time(sum(m)[1h:1m])", "absent_over_time(m[1h])", "topk(1, m)"]
    {
        for helpers in [0, 2] {
            for query in [
                Query::range(text, 10 * MINUTE, 1900 * MINUTE, MINUTE),
                // Hundreds of series make a batch of these.
                Query::instant(text, 1000 * MINUTE),
            ] {
                assert_eq!(
                    series_after_the_end(Arc::new(ScopedThreads::new(helpers)), query),
                    0,
                    "{text}, {helpers} helpers"
                );
            }
        }
    }
}

/// A clock that ends a query when it is looked at for the fifth time.
#[derive(Debug, Default)]
struct Ending {
    inner: SimClock,
    looks: AtomicUsize,
    cancel: Cancel,
}

impl Clock for Ending {
    fn wall(&self) -> WallTime {
        self.inner.wall()
    }

    fn monotonic(&self) -> Monotonic {
        if self.looks.fetch_add(1, Ordering::Relaxed) == 5 {
            self.cancel.cancel();
        }
        self.inner.monotonic()
    }

    fn sleep_until(&self, deadline: Monotonic) -> Sleep {
        self.inner.sleep_until(deadline)
    }
}

/// One series can be the work of minutes: eleven thousand windows of a day each. The clock is looked at every sixteen of them.
#[test]
fn a_query_is_cancelled_within_a_series() {
    let inner = filled(1, 3000);
    let clock = Arc::new(Ending::default());
    let mut options = EngineOptions::default();
    options.timeout = Some(Duration::from_secs(100));
    let query = Query::range("deriv(m[1d])", 0, 2999 * MINUTE, MINUTE).ended_by(clock.cancel.clone());
    let engine = Engine::new(options).with_clock(Arc::clone(&clock) as _);
    let error = engine.run(&query, &inner).unwrap_err();
    assert!(matches!(error, QueryError::Canceled("expression evaluation")), "{error}");
    // Some 190 looks are in the whole query.
    let looks = clock.looks.load(Ordering::Relaxed);
    assert!(looks <= 7, "{looks} looks at the clock");
}

#[test]
fn a_query_that_takes_too_long_is_ended() {
    let inner = filled(1, 100);
    let clock = Arc::new(SimClock::new(WallTime::from_millis(0)));
    let advance = Arc::clone(&clock);
    let delay = move || advance.advance(Duration::from_millis(10));
    let slow = Slow { inner: &inner, delay: &delay };
    let mut options = EngineOptions::default();
    options.timeout = Some(Duration::from_secs(100));
    let engine = Engine::new(options).with_clock(clock);
    let error = engine.run(&Query::instant("sum(m)", 50 * MINUTE), &slow).unwrap_err();
    assert_eq!(error.to_string(), "query timed out in expression evaluation");
}

/// The least limit with which a query is answered is the peak that it reports.
#[track_caller]
fn check_peak(storage: &MemStorage, query: &Query, peak: usize) {
    let with = |limit| {
        let mut options = EngineOptions::default();
        options.max_samples = limit;
        Engine::new(options).run(query, storage)
    };
    assert_eq!(with(peak).unwrap().statistics.samples.peak, peak, "{}", query.expression.text());
    let error = with(peak - 1).unwrap_err().to_string();
    assert_eq!(error, "query processing would load too many samples into memory in query execution");
}

#[test]
fn samples_count_as_in_prometheus() {
    let storage = filled(10, 120);
    let instant = |text: &str| Query::instant(text, 100 * MINUTE);
    // By hand, after `rangeEval` of `promql/engine.go`: operands and result are held at once, of aggregations only the operand
    // and the result so far.
    check_peak(&storage, &instant("m"), 10);
    check_peak(&storage, &instant("m + m"), 30);
    check_peak(&storage, &Query::range("m", 0, 10 * MINUTE, MINUTE), 110);
}

#[test]
fn samples_are_counted_by_step() {
    let storage = filled(2, 120);
    let query = Query::range("sum_over_time(m[5m])", 10 * MINUTE, 12 * MINUTE, MINUTE).counted_per_step();
    let samples = Engine::default().run(&query, &storage).unwrap().statistics.samples;
    // Two series, five samples a window, one of them new at each step but the first.
    assert_eq!((samples.total_queryable, samples.read), (30, 14));
    let per_step = samples.per_step.unwrap();
    assert_eq!((per_step.start, per_step.step), (10 * MINUTE, MINUTE));
    assert_eq!((per_step.total_queryable, per_step.read), (vec![10, 10, 10], vec![10, 2, 2]));
}
