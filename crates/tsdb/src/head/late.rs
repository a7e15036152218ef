//! What a series has of samples that came out of order, within the window that is allowed for them (`tsdb/ooo_head.go`).
//!
//! A few samples lie open, sorted by time; when there are as many as a chunk may have they are written to the chunk store, by kind and layout
//! of histogram in several chunks if need be, and stay there until a block has them. A series without such samples has nothing here, and
//! pays nothing.

use std::sync::Arc;

use bytes::Bytes;
use promd_chunk::{Encoded, Encoder, Encoding};
use promd_model::{Columns, FloatHistogram, Histogram, Interval};

use super::contract::ChunkStore;
use super::mapped::Place;
use super::slot::New;

/// A sample that came late.
#[derive(Debug, Clone)]
pub(super) struct LateSample {
    pub(super) t: i64,
    pub(super) value: LateValue,
}

/// What it says. Cloning it copies no histogram.
#[derive(Debug, Clone)]
pub(super) enum LateValue {
    Float(f64),
    Histogram(Arc<Histogram>),
    FloatHistogram(Arc<FloatHistogram>),
}

const _: () = assert!(size_of::<LateSample>() == 24);

impl From<New<'_>> for LateValue {
    fn from(new: New<'_>) -> Self {
        match new {
            New::Float(v) => Self::Float(v),
            New::Histogram(histogram) => Self::Histogram(Arc::new(histogram.clone())),
            New::FloatHistogram(histogram) => Self::FloatHistogram(Arc::new(histogram.clone())),
        }
    }
}

/// A chunk of late samples that is full.
#[derive(Debug, Clone)]
pub(super) struct LateChunk {
    /// Ascending in the order in which chunks were filled, over all series.
    pub(super) number: u64,
    pub(super) interval: Interval,
    pub(super) place: Place,
}

/// The late samples of one series.
#[derive(Debug, Default)]
pub(super) struct Late {
    /// Ascending by time, each time once.
    pub(super) open: Vec<LateSample>,
    /// In the order in which they were filled.
    pub(super) full: Vec<LateChunk>,
}

/// Puts a sample where it belongs. Says whether it did: of several at one time the first stays.
pub(super) fn insert(open: &mut Vec<LateSample>, sample: LateSample) -> bool {
    // Late samples mostly ascend among themselves.
    if open.last().is_none_or(|last| last.t < sample.t) {
        open.push(sample);
        return true;
    }
    match open.binary_search_by_key(&sample.t, |other| other.t) {
        Ok(_) => false,
        Err(at) => {
            open.insert(at, sample);
            true
        }
    }
}

/// The time that two stretches take, with what lies between them.
pub(super) fn hull(a: Interval, b: Interval) -> Interval {
    Interval::new(a.min.min(b.min), a.max.max(b.max))
}

/// The chunks that samples make.
pub(super) fn encode(samples: &[LateSample], emit: impl FnMut(Encoded<'_>)) {
    let mut columns = Columns::new();
    for LateSample { t, value } in samples {
        let pushed = match value {
            LateValue::Float(v) => {
                columns.push_float(*t, *v);
                Ok(())
            }
            LateValue::Histogram(histogram) => columns.push_histogram(*t, histogram),
            LateValue::FloatHistogram(histogram) => columns.push_float_histogram(*t, histogram),
        };
        debug_assert!(pushed.is_ok(), "columns hold no malformed histograms");
    }
    let encoded = Encoder::like(Encoding::Xor).encode(&columns, emit);
    debug_assert!(encoded.is_ok(), "columns hold no malformed histograms");
}

/// Writes samples of the series `reference` to the chunk store; what it does not take is kept here.
pub(super) fn write_away(
    samples: &[LateSample],
    reference: u64,
    store: &dyn ChunkStore,
    mut number: impl FnMut() -> u64,
) -> Vec<LateChunk> {
    let mut chunks = Vec::new();
    encode(samples, |Encoded { encoding, min, max, bytes }| {
        let place = match store.write(reference, min, max, encoding, true, bytes) {
            Ok(at) => Place::Stored(at),
            Err(_) => Place::Kept(encoding, Bytes::copy_from_slice(bytes)),
        };
        chunks.push(LateChunk { number: number(), interval: Interval::new(min, max), place });
    });
    chunks
}

impl LateChunk {
    /// Where it is in the chunk store.
    pub(super) const fn stored_at(&self) -> Option<u64> {
        if let Place::Stored(at) = self.place { Some(at) } else { None }
    }
}

impl Late {
    /// From the first sample to the last.
    pub(super) fn interval(&self) -> Option<Interval> {
        let open = self.open.first().zip(self.open.last()).map(|(first, last)| Interval::new(first.t, last.t));
        let full = self.full.iter().map(|chunk| chunk.interval);
        open.into_iter().chain(full).reduce(hull)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty() && self.full.is_empty()
    }

    /// The memory that it takes, this value included.
    pub(super) fn heap_bytes(&self) -> usize {
        let open: usize = self.open.iter().map(|sample| sample.value.heap_bytes()).sum();
        let kept = |chunk: &LateChunk| if let Place::Kept(_, bytes) = &chunk.place { bytes.len() } else { 0 };
        let full: usize = self.full.iter().map(kept).sum();
        let lists = self.open.capacity() * size_of::<LateSample>() + self.full.capacity() * size_of::<LateChunk>();
        size_of::<Self>() + lists + open + full
    }
}

impl LateValue {
    fn heap_bytes(&self) -> usize {
        match self {
            Self::Float(_) => 0,
            Self::Histogram(histogram) => {
                let spans = histogram.positive_spans.len() + histogram.negative_spans.len();
                let buckets = histogram.positive_buckets.len() + histogram.negative_buckets.len();
                size_of::<Histogram>() + spans * 8 + buckets * 8
            }
            Self::FloatHistogram(histogram) => {
                let spans = histogram.positive_spans.len() + histogram.negative_spans.len();
                let buckets = histogram.positive_buckets.len() + histogram.negative_buckets.len();
                size_of::<FloatHistogram>() + spans * 8 + buckets * 8
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_kept_in_order_and_the_first_of_a_time_stays() {
        let mut open = Vec::new();
        // time, value, whether it is taken
        for (t, v, taken) in
            [(5, 1.0, true), (9, 2.0, true), (5, 3.0, false), (1, 4.0, true), (7, 5.0, true), (9, 0.0, false)]
        {
            assert_eq!(insert(&mut open, LateSample { t, value: LateValue::Float(v) }), taken, "{t}");
        }
        let got: Vec<_> = open.iter().map(|sample| (sample.t, matches!(sample.value, LateValue::Float(_)))).collect();
        assert_eq!(got, [(1, true), (5, true), (7, true), (9, true)]);
        assert!(matches!(open[1].value, LateValue::Float(v) if v == 1.0));
    }

    #[test]
    fn where_kinds_change_chunks_end() {
        let float = |t| LateSample { t, value: LateValue::Float(1.0) };
        let histogram = |t| LateSample { t, value: LateValue::Histogram(Arc::new(Histogram::default())) };
        let mut chunks = Vec::new();
        encode(&[float(1), float(2), histogram(3), histogram(4), float(5)], |chunk| {
            chunks.push((chunk.encoding, chunk.min, chunk.max));
        });
        let (xor, of_histograms) = (Encoding::Xor, Encoding::Histogram);
        assert_eq!(chunks, [(xor, 1, 2), (of_histograms, 3, 4), (xor, 5, 5)]);
        encode(&[], |_| panic!("nothing makes no chunk"));
    }
}
