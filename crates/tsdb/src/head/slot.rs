//! What the head keeps of one series, beside its labels.

use promd_chunk::OpenXor;
use promd_model::{FloatHistogram, Histogram, is_stale, same_bits};
use promd_storage::Verdict;

use super::cells::NONE;
use super::metadata::Said;

/// A series: 64 bytes, a cache line.
#[derive(Debug)]
pub(super) struct Slot {
    /// The end of the open chunk of floats, whose bytes are the chain from `first` to `tail`.
    pub(super) open: OpenXor,
    /// What files call the series. 0: the slot is free.
    pub(super) reference: u64,
    pub(super) first: u32,
    pub(super) tail: u32,
    /// The chain of references to full chunks, the newest first.
    pub(super) mapped: u32,
    /// When the open chunk of floats ends, in milliseconds from the epoch of its stripe.
    pub(super) until: u32,
    /// How many samples wait for their commit. Such a series is not collected.
    pub(super) pending: u32,
    /// Whether the open chunk is one of histograms, which lies elsewhere.
    pub(super) histograms: bool,
    /// What it says of its metric.
    pub(super) metadata: Said,
}

const _: () = assert!(size_of::<Slot>() == 64);

impl Slot {
    pub(super) const fn new(reference: u64) -> Self {
        Self {
            open: OpenXor::new(),
            reference,
            first: NONE,
            tail: NONE,
            mapped: NONE,
            until: 0,
            pending: 0,
            histograms: false,
            metadata: Said::NOTHING,
        }
    }
}

/// A sample that is to be appended.
#[derive(Debug, Clone, Copy)]
pub(super) enum New<'a> {
    Float(f64),
    Histogram(&'a Histogram),
    FloatHistogram(&'a FloatHistogram),
}

/// The newest sample of a series.
#[derive(Debug, Clone, Copy)]
pub(super) enum Last<'a> {
    Nothing,
    Sample(i64, New<'a>),
    /// In a full chunk: what it says is not known without reading it.
    Written(i64),
}

/// What is to be done with a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judgement {
    Append,
    /// It is there already.
    Known,
    /// It goes to those that came out of order.
    Late,
    Refuse(Verdict),
}

/// How old a sample may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Horizon {
    /// What is older is not appended behind the newest sample of its series, even if the series has none.
    pub(super) valid_from: i64,
    /// What is older is not taken out of order; nothing is if there is no window for that.
    pub(super) late_from: Option<i64>,
    /// Whether nothing is taken out of order, whatever the window.
    pub(super) in_order_only: bool,
}

impl Horizon {
    /// Everything that is newer than the newest sample of its series.
    pub(super) const NONE: Self = Self { valid_from: i64::MIN, late_from: None, in_order_only: false };

    /// What becomes of a sample that cannot be appended.
    pub(super) fn late(&self, t: i64) -> Judgement {
        match self.late_from {
            Some(from) if t >= from && self.in_order_only => Judgement::Refuse(Verdict::OutOfOrder),
            Some(from) if t >= from => Judgement::Late,
            Some(_) => Judgement::Refuse(Verdict::TooOld),
            None if t < self.valid_from => Judgement::Refuse(Verdict::OutOfBounds),
            None => Judgement::Refuse(Verdict::OutOfOrder),
        }
    }
}

impl Last<'_> {
    /// By the rules of `memSeries.appendable` (`tsdb/head_append.go`).
    pub(super) fn judge(&self, t: i64, new: New<'_>, horizon: &Horizon) -> Judgement {
        match self {
            _ if t < horizon.valid_from => horizon.late(t),
            Self::Nothing => Judgement::Append,
            Self::Sample(last, _) | Self::Written(last) if t > *last => Judgement::Append,
            Self::Sample(last, known) if t == *last => {
                if known.is_same(new) {
                    Judgement::Known
                } else {
                    Judgement::Refuse(Verdict::Duplicate)
                }
            }
            _ => horizon.late(t),
        }
    }
}

impl New<'_> {
    pub(super) fn is_stale(self) -> bool {
        match self {
            Self::Float(v) => is_stale(v),
            Self::Histogram(histogram) => histogram.is_stale(),
            Self::FloatHistogram(histogram) => histogram.is_stale(),
        }
    }

    fn is_same(self, other: New<'_>) -> bool {
        match (self, other) {
            (Self::Float(a), New::Float(b)) => same_bits(a, b),
            (Self::Histogram(a), New::Histogram(b)) => a.same_data(b),
            (Self::FloatHistogram(a), New::FloatHistogram(b)) => a.same_data(b),
            _ => false,
        }
    }
}
