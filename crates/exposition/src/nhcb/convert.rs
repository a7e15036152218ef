//! Classic buckets to a native histogram with custom buckets (`util/convertnhcb/convertnhcb.go`).

use promd_model::{CUSTOM_BUCKETS_SCHEMA, CounterResetHint, FloatHistogram, Histogram, Span, float};
use thiserror::Error;

/// Collects the series of one classic histogram, in any order.
///
/// The first thing that is wrong is kept and is the outcome of the conversion.
#[derive(Debug, Default)]
pub(crate) struct Converter {
    buckets: Vec<Bucket>,
    /// Whether the bounds of the buckets ascend.
    unsorted: bool,
    count: Option<f64>,
    sum: f64,
    error: Option<ConvertError>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    upper_bound: f64,
    /// Cumulative.
    count: f64,
}

/// Which of two histograms, one of whole numbers and one of floats, counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Integer,
    Float,
}

/// Why classic series are no histogram. It prints what Prometheus prints.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub(crate) enum ConvertError {
    #[error("bucket count must be non-negative: le={}, count={}", float::g(*.0), float::g(*.1))]
    NegativeBucket(f64, f64),
    #[error("bucket boundary must not be NaN")]
    NaNBound,
    #[error("count must be non-negative: count={}", float::g(*.0))]
    NegativeCount(f64),
    #[error("count is not cumulative: {} < {}", float::g(*.0), float::g(*.1))]
    NotCumulative(f64, f64),
    #[error("count mismatch: count={} != le={} count={}", float::g(*.0), float::g(*.1), float::g(*.2))]
    CountMismatch(f64, f64, f64),
    /// As the one before, for a count in whole numbers, all of whose digits are printed.
    #[error("count mismatch: count={} != le={} count={}", .0, float::g(*.1), float::g(*.2))]
    WholeCountMismatch(u64, f64, f64),
}

impl Converter {
    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.buckets.clear();
        (self.unsorted, self.count, self.sum, self.error) = (false, None, 0.0, None);
    }

    /// The number of observations.
    pub(crate) fn set_count(&mut self, count: f64) {
        if count < 0.0 {
            self.fail(ConvertError::NegativeCount(count));
        }
        self.count = Some(count);
    }

    /// The sum of the observations.
    pub(crate) fn set_sum(&mut self, sum: f64) {
        self.sum = sum;
    }

    /// A bucket and its cumulative count. Of buckets with the same bound the first counts.
    pub(crate) fn add_bucket(&mut self, upper_bound: f64, count: f64) {
        if upper_bound.is_nan() {
            return self.fail(ConvertError::NaNBound);
        }
        if count < 0.0 {
            return self.fail(ConvertError::NegativeBucket(upper_bound, count));
        }
        match self.buckets.last() {
            Some(last) if upper_bound == last.upper_bound && !self.unsorted => return,
            Some(last) if upper_bound < last.upper_bound => self.unsorted = true,
            // Told at once, so that of several mistakes the first is the outcome.
            Some(last) if !self.unsorted && count < last.count => {
                return self.fail(ConvertError::NotCumulative(count, last.count));
            }
            _ => {}
        }
        self.buckets.push(Bucket { upper_bound, count });
    }

    fn fail(&mut self, error: ConvertError) {
        self.error.get_or_insert(error);
    }

    /// Sorts the buckets. Sorting once at the end, and not inserting each in its place, keeps the work for buckets in
    /// reverse order from growing with the square of their number.
    fn sort(&mut self) {
        if !std::mem::take(&mut self.unsorted) {
            return;
        }
        // Stable, so that the first of equal ones stays the first; no bound is NaN.
        self.buckets.sort_by(|a, b| a.upper_bound.partial_cmp(&b.upper_bound).unwrap_or(std::cmp::Ordering::Equal));
        self.buckets.dedup_by(|later, first| later.upper_bound == first.upper_bound);
        let fall = self.buckets.windows(2).find_map(|pair| match pair {
            [lower, upper] if upper.count < lower.count => Some(ConvertError::NotCumulative(upper.count, lower.count)),
            _ => None,
        });
        if let Some(error) = fall {
            self.fail(error);
        }
    }

    /// Writes what was collected to `integer` if all counts are whole numbers, and to `float` otherwise; both
    /// may hold anything before and the other one does so after. What was collected is not to be used again.
    ///
    /// Without a count it is that of the last bucket; without a bucket `+Inf` one is added that has the count.
    pub(crate) fn convert(
        &mut self,
        integer: &mut Histogram,
        float: &mut FloatHistogram,
    ) -> Result<Form, ConvertError> {
        self.sort();
        if let Some(error) = self.error {
            return Err(error);
        }
        let last = self.buckets.last().copied();
        let count = self.count.or(last.map(|last| last.count)).unwrap_or(0.0);
        let last = match last {
            Some(last) if last.upper_bound == f64::INFINITY => last,
            _ => {
                let infinite = Bucket { upper_bound: f64::INFINITY, count };
                self.buckets.push(infinite);
                infinite
            }
        };
        let whole = self.buckets.iter().all(|bucket| whole_i64(bucket.count).is_some());
        if let (true, Some(whole_count)) = (whole, whole_u64(count)) {
            self.write_integer(whole_count, integer);
            if whole_u64(last.count) != Some(whole_count) {
                return Err(ConvertError::WholeCountMismatch(whole_count, last.upper_bound, last.count));
            }
            // As Prometheus does: gaps of two empty buckets cost less than another span.
            integer.compact(2);
            return Ok(Form::Integer);
        }
        self.write_float(count, float);
        if count != last.count {
            return Err(ConvertError::CountMismatch(count, last.upper_bound, last.count));
        }
        float.compact(0);
        Ok(Form::Float)
    }

    fn write_integer(&self, count: u64, to: &mut Histogram) {
        to.counter_reset_hint = CounterResetHint::Unknown;
        (to.schema, to.zero_threshold, to.zero_count) = (CUSTOM_BUCKETS_SCHEMA, 0.0, 0);
        (to.count, to.sum) = (count, self.sum);
        to.negative_spans.clear();
        to.negative_buckets.clear();
        self.write_layout(&mut to.positive_spans, &mut to.custom_values);
        let (mut cumulative, mut own) = (0i64, 0i64);
        to.positive_buckets.clear();
        to.positive_buckets.extend(self.buckets.iter().map(|bucket| {
            let next = whole_i64(bucket.count).unwrap_or(cumulative);
            let (before, now) = (own, next.wrapping_sub(cumulative));
            (cumulative, own) = (next, now);
            now.wrapping_sub(before)
        }));
    }

    fn write_float(&self, count: f64, to: &mut FloatHistogram) {
        to.counter_reset_hint = CounterResetHint::Unknown;
        (to.schema, to.zero_threshold, to.zero_count) = (CUSTOM_BUCKETS_SCHEMA, 0.0, 0.0);
        (to.count, to.sum) = (count, self.sum);
        to.negative_spans.clear();
        to.negative_buckets.clear();
        self.write_layout(&mut to.positive_spans, &mut to.custom_values);
        let mut cumulative = 0.0;
        to.positive_buckets.clear();
        to.positive_buckets
            .extend(self.buckets.iter().map(|bucket| bucket.count - std::mem::replace(&mut cumulative, bucket.count)));
    }

    fn write_layout(&self, spans: &mut Vec<Span>, bounds: &mut Vec<f64>) {
        spans.clear();
        spans.push(Span::new(0, u32::try_from(self.buckets.len()).unwrap_or(u32::MAX)));
        bounds.clear();
        bounds.extend(self.buckets.iter().map(|bucket| bucket.upper_bound).filter(|bound| *bound != f64::INFINITY));
    }
}

/// `count` as a whole number, if it is one.
#[expect(clippy::cast_possible_truncation, reason = "what is cut off is seen by comparing")]
fn whole_i64(count: f64) -> Option<i64> {
    let whole = count as i64;
    // The cast saturates, and the largest whole number is rounded up to a float that is none.
    (whole as f64 == count && whole != i64::MAX).then_some(whole)
}

/// `count` as a whole number, if it is one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "what is lost is seen by comparing")]
fn whole_u64(count: f64) -> Option<u64> {
    let whole = count as u64;
    (whole as f64 == count && whole != u64::MAX).then_some(whole)
}
