//! Samples in and out of the buffers.

use std::ops::Range;

use super::{Snapshot, Stored, StoredBuckets, StoredCounts, StoredHistogram, StoredNative, StoredSample};
use crate::collect::Sink;
use crate::desc::Desc;
use crate::value::{
    CounterValue, HistogramValue, NativeBuckets, NativeCounts, NativeValue, Sample, SummaryValue, Value,
};

/// Appends and returns where.
fn append<T: Clone>(all: &mut Vec<T>, more: &[T]) -> Range<usize> {
    let start = all.len();
    all.extend_from_slice(more);
    start..all.len()
}

fn append_str(all: &mut String, more: &str) -> Range<usize> {
    let start = all.len();
    all.push_str(more);
    start..all.len()
}

/// What was appended before. It is there: a range is used only with the buffer that it was made from, until that is cleared
/// together with all ranges.
fn slice<'a, T>(all: &'a [T], range: &Range<usize>) -> &'a [T] {
    all.get(range.clone()).unwrap_or_default()
}

impl Sink for Snapshot {
    fn family(&mut self, desc: &Desc) {
        self.families.push(desc.clone());
    }

    fn sample(&mut self, sample: &Sample<'_>) {
        let Some(family) = self.families.len().checked_sub(1) else {
            return self.problems.sample_without_family();
        };
        if self.families.get(family).is_none_or(|desc| desc.metric_type() != sample.value.metric_type()) {
            return self.problems.wrong_type(&self.families, sample.value.metric_type());
        }
        let start = self.labels.len();
        for (name, value) in sample.labels {
            let name = append_str(&mut self.text, name);
            let value = append_str(&mut self.text, value);
            self.labels.push((name, value));
        }
        let labels = start..self.labels.len();
        let value = match &sample.value {
            Value::Counter(CounterValue { value, created, exemplar }) => {
                Stored::Counter { value: *value, created: *created, exemplar: exemplar.cloned() }
            }
            Value::Gauge(value) => Stored::Gauge(*value),
            Value::Untyped(value) => Stored::Untyped(*value),
            Value::Histogram(histogram) => self.store_histogram(histogram),
            Value::Summary(SummaryValue { count, sum, created, quantiles }) => Stored::Summary {
                count: *count,
                sum: *sum,
                created: *created,
                quantiles: append(&mut self.quantiles, quantiles),
            },
        };
        self.samples.push(StoredSample { family, rank: 0, labels, timestamp_ms: sample.timestamp_ms, value });
    }
}

impl Snapshot {
    fn store_histogram(&mut self, histogram: &HistogramValue<'_>) -> Stored {
        let native = histogram.native.map(|native| StoredNative {
            schema: native.schema,
            zero_threshold: native.zero_threshold,
            zero_count: native.zero_count,
            positive: self.store_native(&native.positive),
            negative: self.store_native(&native.negative),
            exemplars: append(&mut self.exemplars, native.exemplars),
        });
        self.histograms.push(StoredHistogram {
            count: histogram.count,
            sum: histogram.sum,
            created: histogram.created,
            buckets: append(&mut self.buckets, histogram.buckets),
            infinity_exemplar: histogram.infinity_exemplar.cloned(),
            native,
        });
        Stored::Histogram(self.histograms.len() - 1)
    }

    fn store_native(&mut self, buckets: &NativeBuckets<'_>) -> StoredBuckets {
        StoredBuckets {
            spans: append(&mut self.spans, buckets.spans),
            counts: match buckets.counts {
                NativeCounts::Deltas(deltas) => StoredCounts::Deltas(append(&mut self.deltas, deltas)),
                NativeCounts::Absolute(counts) => StoredCounts::Absolute(append(&mut self.absolutes, counts)),
            },
        }
    }

    /// The labels of a sample, sorted by name.
    pub(super) fn labels<'a>(&'a self, sample: &StoredSample) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let text = |range: &Range<usize>| self.text.get(range.clone()).unwrap_or_default();
        slice(&self.labels, &sample.labels).iter().map(move |(name, value)| (text(name), text(value)))
    }

    pub(super) fn value<'a>(&'a self, stored: &'a Stored) -> Option<Value<'a>> {
        Some(match stored {
            Stored::Counter { value, created, exemplar } => {
                Value::Counter(CounterValue { value: *value, created: *created, exemplar: exemplar.as_ref() })
            }
            Stored::Gauge(value) => Value::Gauge(*value),
            Stored::Untyped(value) => Value::Untyped(*value),
            Stored::Histogram(at) => {
                let StoredHistogram { count, sum, created, buckets, infinity_exemplar, native } =
                    self.histograms.get(*at)?;
                Value::Histogram(HistogramValue {
                    count: *count,
                    sum: *sum,
                    created: *created,
                    buckets: slice(&self.buckets, buckets),
                    infinity_exemplar: infinity_exemplar.as_ref(),
                    native: native.as_ref().map(|native| NativeValue {
                        schema: native.schema,
                        zero_threshold: native.zero_threshold,
                        zero_count: native.zero_count,
                        positive: self.native(&native.positive),
                        negative: self.native(&native.negative),
                        exemplars: slice(&self.exemplars, &native.exemplars),
                    }),
                })
            }
            Stored::Summary { count, sum, created, quantiles } => Value::Summary(SummaryValue {
                count: *count,
                sum: *sum,
                created: *created,
                quantiles: slice(&self.quantiles, quantiles),
            }),
        })
    }

    fn native(&self, stored: &StoredBuckets) -> NativeBuckets<'_> {
        NativeBuckets {
            spans: slice(&self.spans, &stored.spans),
            counts: match &stored.counts {
                StoredCounts::Deltas(range) => NativeCounts::Deltas(slice(&self.deltas, range)),
                StoredCounts::Absolute(range) => NativeCounts::Absolute(slice(&self.absolutes, range)),
            },
        }
    }
}
