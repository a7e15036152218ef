//! Histograms of which only count and sum are wanted, as for `histogram_count` (`promql/histogram_stats_iterator.go`).
//!
//! Without buckets a counter reset cannot be seen later on, so it is looked for here, from sample to sample.

use promd_model::{CounterResetHint, FloatHistogram};

/// Says of `current` whether its counter was reset since `previous`, if it does not say so itself.
pub(super) fn find_reset(current: &mut FloatHistogram, previous: Option<&FloatHistogram>) {
    let Some(previous) = previous.filter(|_| current.counter_reset_hint == CounterResetHint::Unknown) else { return };
    let reset = current.detect_reset(previous);
    current.counter_reset_hint = if reset { CounterResetHint::Reset } else { CounterResetHint::NotReset };
}

/// Leaves schema, count, sum and hint.
pub(super) fn strip(histogram: &mut FloatHistogram) {
    histogram.zero_threshold = 0.0;
    histogram.zero_count = 0.0;
    histogram.positive_spans.clear();
    histogram.negative_spans.clear();
    histogram.positive_buckets.clear();
    histogram.negative_buckets.clear();
    histogram.custom_values.clear();
}
