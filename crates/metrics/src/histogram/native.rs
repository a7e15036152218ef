//! The state of a histogram with native buckets.

use std::time::{Duration, SystemTime};

use super::exemplars::NativeExemplars;
use super::exponential::{self, COARSEST};
use super::settings::NativeSettings;
use crate::exemplar::Exemplar;
use crate::value::{Count, NativeBuckets, NativeCounts, NativeValue, Span};

#[derive(Debug)]
pub(super) struct Native {
    settings: NativeSettings,
    counts: Counts,
    exemplars: NativeExemplars,
    /// When it was last empty; unknown until it is first collected, if it was made without a time.
    last_reset: Option<SystemTime>,
    /// The time of the last collection: what the present is for observations, which bring no time of their own.
    now: Option<SystemTime>,
    /// The number of buckets was limited at the cost of resolution, so a reset is due once `min_reset` has passed.
    reset_due: bool,
    /// Where readers find the buckets.
    shown: [ShownBuckets; 2],
}

/// What a reset sets back.
#[derive(Debug)]
struct Counts {
    schema: i32,
    zero_threshold: f64,
    zero_count: u64,
    positive: Buckets,
    negative: Buckets,
    count: u64,
    sum: f64,
    /// Of classic buckets, not cumulative, without `+Inf`.
    classic: Vec<u64>,
}

/// Index and count, by index. A sorted vector: there are seldom more than some hundred, and they are looked up far
/// more often than made.
#[derive(Debug, Default)]
struct Buckets(Vec<(i32, u64)>);

#[derive(Debug, Default)]
struct ShownBuckets {
    spans: Vec<Span>,
    deltas: Vec<i64>,
}

impl Native {
    pub(super) fn new(settings: &NativeSettings, classic: usize, created: Option<SystemTime>) -> Native {
        Native {
            settings: settings.clone(),
            counts: Counts::new(settings, classic),
            exemplars: NativeExemplars::new(settings.max_exemplars, settings.exemplar_ttl),
            last_reset: created,
            now: created,
            reset_due: false,
            shown: Default::default(),
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.counts.count
    }

    pub(super) fn sum(&self) -> f64 {
        self.counts.sum
    }

    pub(super) fn created(&self) -> Option<SystemTime> {
        self.last_reset
    }

    pub(super) fn classic(&self) -> &[u64] {
        &self.counts.classic
    }

    /// Counts `value`, whose classic bucket is `classic`.
    pub(super) fn observe(&mut self, value: f64, classic: usize) {
        self.counts.observe(value, classic);
        if self.settings.max_buckets > 0 && self.counts.buckets() > self.settings.max_buckets {
            self.limit(value, classic);
        }
    }

    pub(super) fn keep(&mut self, exemplar: &Exemplar) {
        if !exemplar.value().is_nan() {
            self.exemplars.add(exemplar);
        }
    }

    /// Time has passed, as a reader says after it was handed the counts.
    pub(super) fn elapse(&mut self, now: SystemTime) {
        self.now = Some(now);
        if self.last_reset.is_none() {
            self.last_reset = Some(now);
        }
        if self.reset_due && self.since_reset() >= self.settings.min_reset {
            self.reset();
        }
    }

    /// How long it has counted. A clock that was set back does not hurt: nothing is reset until it has caught up.
    fn since_reset(&self) -> Duration {
        match (self.now, self.last_reset) {
            (Some(now), Some(reset)) => now.duration_since(reset).unwrap_or_default(),
            _ => Duration::ZERO,
        }
    }

    fn reset(&mut self) {
        self.counts = Counts::new(&self.settings, self.counts.classic.len());
        self.last_reset = self.now;
        self.reset_due = false;
    }

    /// There is a bucket too many: see [`NativeSettings`]. One step is enough for one observation, and if it is not, the
    /// next observation takes another.
    #[cold]
    fn limit(&mut self, value: f64, classic: usize) {
        let min_reset = self.settings.min_reset;
        if !min_reset.is_zero() && !self.reset_due && self.since_reset() >= min_reset {
            self.reset();
            // The observation that brought it about is not lost.
            self.counts.observe(value, classic);
            return;
        }
        self.reset_due = !min_reset.is_zero();
        if !self.counts.widen_zero_bucket(self.settings.max_zero_threshold) {
            self.counts.halve_resolution();
        }
    }

    /// The native buckets for a reader.
    pub(super) fn show(&mut self) -> NativeValue<'_> {
        let Native { counts, exemplars, shown: [positive, negative], .. } = self;
        counts.positive.show(positive);
        counts.negative.show(negative);
        NativeValue {
            schema: counts.schema,
            zero_threshold: counts.zero_threshold,
            zero_count: Count::Integer(counts.zero_count),
            positive: positive.view(),
            negative: negative.view(),
            exemplars: exemplars.as_slice(),
        }
    }
}

impl Counts {
    fn new(settings: &NativeSettings, classic: usize) -> Counts {
        Counts {
            schema: exponential::schema_for(settings.bucket_factor),
            zero_threshold: settings.zero_threshold,
            zero_count: 0,
            positive: Buckets::default(),
            negative: Buckets::default(),
            count: 0,
            sum: 0.0,
            classic: vec![0; classic],
        }
    }

    fn observe(&mut self, value: f64, classic: usize) {
        self.count += 1;
        self.sum += value;
        if let Some(count) = self.classic.get_mut(classic) {
            *count += 1;
        }
        if value > self.zero_threshold {
            self.positive.add(exponential::bucket(value, self.schema), 1);
        } else if value < -self.zero_threshold {
            self.negative.add(exponential::bucket(value, self.schema), 1);
        } else if !value.is_nan() {
            self.zero_count += 1;
        }
    }

    fn buckets(&self) -> usize {
        self.positive.0.len() + self.negative.0.len()
    }

    /// Widens the zero bucket to the buckets next to it, one of each sign if they are as far away.
    fn widen_zero_bucket(&mut self, max_zero_threshold: f64) -> bool {
        if self.zero_threshold >= max_zero_threshold {
            return false;
        }
        let Some(nearest) = [&self.positive, &self.negative].into_iter().filter_map(Buckets::first).min() else {
            return false;
        };
        let threshold = exponential::upper_bound(nearest, self.schema);
        if threshold > max_zero_threshold {
            return false;
        }
        self.zero_threshold = threshold;
        self.zero_count += self.positive.remove(nearest) + self.negative.remove(nearest);
        true
    }

    fn halve_resolution(&mut self) {
        if self.schema > COARSEST {
            self.schema -= 1;
            self.positive.halve_resolution();
            self.negative.halve_resolution();
        }
    }
}

impl Buckets {
    fn add(&mut self, bucket: i32, count: u64) {
        match self.0.binary_search_by_key(&bucket, |(at, _)| *at) {
            Ok(found) => {
                if let Some((_, sum)) = self.0.get_mut(found) {
                    *sum += count;
                }
            }
            Err(place) => self.0.insert(place, (bucket, count)),
        }
    }

    fn first(&self) -> Option<i32> {
        self.0.first().map(|(bucket, _)| *bucket)
    }

    /// Takes a bucket out and returns what it held.
    fn remove(&mut self, bucket: i32) -> u64 {
        match self.0.binary_search_by_key(&bucket, |(at, _)| *at) {
            Ok(found) => self.0.remove(found).1,
            Err(_) => 0,
        }
    }

    fn halve_resolution(&mut self) {
        for (bucket, _) in &mut self.0 {
            *bucket = exponential::coarser(*bucket);
        }
        self.0.dedup_by(|(bucket, count), (kept, sum)| {
            let same = bucket == kept;
            *sum += if same { *count } else { 0 };
            same
        });
    }

    /// As spans and deltas. A gap of at most two buckets is filled, since a span costs more than two empty buckets.
    fn show(&self, shown: &mut ShownBuckets) {
        shown.spans.clear();
        shown.deltas.clear();
        let (mut next, mut before) = (0, 0);
        for (bucket, count) in &self.0 {
            // A count of 2^63 takes centuries.
            let count = i64::try_from(*count).unwrap_or(i64::MAX);
            let gap = bucket - next;
            match shown.spans.last_mut() {
                Some(span) if gap <= 2 => {
                    for _ in 0..gap {
                        shown.deltas.push(-before);
                        before = 0;
                        span.length += 1;
                    }
                    span.length += 1;
                }
                _ => shown.spans.push(Span { offset: gap, length: 1 }),
            }
            shown.deltas.push(count - before);
            (next, before) = (bucket + 1, count);
        }
    }
}

impl ShownBuckets {
    fn view(&self) -> NativeBuckets<'_> {
        NativeBuckets { spans: &self.spans, counts: NativeCounts::Deltas(&self.deltas) }
    }
}
