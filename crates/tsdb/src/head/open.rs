//! Open chunks of histograms: appenders with buffers of their own, since they are few and large.

use promd_chunk::{Encoding, Float, HistogramAppenderOf, HistogramRefused, Integer, Kind, ResetHeader};
use promd_model::{CounterResetHint, FloatHistogram, Histogram};

use super::cut::{HISTOGRAM_BYTES, MIN_HISTOGRAMS, foresee, range_end};
use super::slot::{Last, New};

/// An open chunk of histograms.
#[derive(Debug)]
pub(super) enum OpenHistograms {
    Integer(OpenOf<Integer>),
    Float(OpenOf<Float>),
}

/// An open chunk of one kind of histograms.
#[derive(Debug)]
pub(super) struct OpenOf<K: HeadKind> {
    appender: HistogramAppenderOf<K>,
    last: K::Sample,
    min: i64,
    until: i64,
    /// Whether `until` has been foreseen from what the chunk holds.
    foreseen: bool,
}

/// What became of a sample.
pub(super) enum Pushed {
    Appended,
    /// It begins another chunk with this header.
    Next(ResetHeader),
    Malformed,
}

/// What the head needs to know of a kind of histogram.
pub(super) trait HeadKind: Kind {
    type Sample: Clone + std::fmt::Debug;

    fn append(appender: &mut HistogramAppenderOf<Self>, t: i64, sample: &Self::Sample) -> Result<(), HistogramRefused>;
    fn start(header: ResetHeader, t: i64, sample: &Self::Sample)
    -> Result<HistogramAppenderOf<Self>, HistogramRefused>;
    fn header_of_next(appender: &HistogramAppenderOf<Self>, sample: &Self::Sample) -> ResetHeader;
    fn hint(sample: &Self::Sample) -> CounterResetHint;
    fn new_of(sample: &Self::Sample) -> New<'_>;
    fn of(open: &mut OpenHistograms) -> Option<&mut OpenOf<Self>>;
    fn wrap(open: OpenOf<Self>) -> OpenHistograms;
}

macro_rules! head_kind {
    ($kind:ident, $sample:ident, $new:ident) => {
        impl HeadKind for $kind {
            type Sample = $sample;

            fn append(
                appender: &mut HistogramAppenderOf<Self>,
                t: i64,
                sample: &$sample,
            ) -> Result<(), HistogramRefused> {
                appender.append(t, sample).map(drop)
            }

            fn start(
                header: ResetHeader,
                t: i64,
                sample: &$sample,
            ) -> Result<HistogramAppenderOf<Self>, HistogramRefused> {
                HistogramAppenderOf::start(header, t, sample)
            }

            fn header_of_next(appender: &HistogramAppenderOf<Self>, sample: &$sample) -> ResetHeader {
                appender.header_of_next(sample)
            }

            fn hint(sample: &$sample) -> CounterResetHint {
                sample.counter_reset_hint
            }

            fn new_of(sample: &$sample) -> New<'_> {
                New::$new(sample)
            }

            fn of(open: &mut OpenHistograms) -> Option<&mut OpenOf<Self>> {
                if let OpenHistograms::$kind(open) = open { Some(open) } else { None }
            }

            fn wrap(open: OpenOf<Self>) -> OpenHistograms {
                OpenHistograms::$kind(open)
            }
        }
    };
}

head_kind!(Integer, Histogram, Histogram);
head_kind!(Float, FloatHistogram, FloatHistogram);

impl<K: HeadKind> OpenOf<K> {
    /// A chunk that begins with a sample; nothing if the sample is malformed.
    pub(super) fn start(header: Option<ResetHeader>, t: i64, sample: &K::Sample, range: i64) -> Option<Self> {
        let header = header.unwrap_or_else(|| ResetHeader::of_first(K::hint(sample)));
        let appender = K::start(header, t, sample).ok()?;
        Some(Self { appender, last: sample.clone(), min: t, until: range_end(t, range), foreseen: false })
    }

    /// Adds a sample, unless the chunk is to end before it: `histogramsAppendPreprocessor` of `tsdb/head_append.go`.
    pub(super) fn push(&mut self, t: i64, sample: &K::Sample, range: i64) -> Pushed {
        let (bytes, samples) = (self.appender.bytes().len(), self.appender.count());
        let latest = range_end(self.min, range);
        if !self.foreseen && bytes >= HISTOGRAM_BYTES / 4 {
            #[expect(clippy::cast_precision_loss, reason = "chunks are of a few kilobytes")]
            let ratio = HISTOGRAM_BYTES as f64 / bytes as f64;
            self.until = foresee(self.min, self.appender.last_t(), self.until, ratio);
            self.foreseen = true;
        }
        let full = t >= self.until || bytes >= 2 * HISTOGRAM_BYTES;
        if full && (samples >= MIN_HISTOGRAMS || t >= latest) {
            return Pushed::Next(K::header_of_next(&self.appender, sample));
        }
        match K::append(&mut self.appender, t, sample) {
            Ok(()) => {
                self.last.clone_from(sample);
                Pushed::Appended
            }
            Err(HistogramRefused::NextChunk(header)) => Pushed::Next(header),
            Err(HistogramRefused::Full(_)) => Pushed::Next(K::header_of_next(&self.appender, sample)),
            Err(_) => Pushed::Malformed,
        }
    }
}

impl OpenHistograms {
    pub(super) fn last(&self) -> Last<'_> {
        match self {
            Self::Integer(open) => Last::Sample(open.appender.last_t(), Integer::new_of(&open.last)),
            Self::Float(open) => Last::Sample(open.appender.last_t(), Float::new_of(&open.last)),
        }
    }

    /// The encoding, the first and the last time, and the bytes.
    pub(super) fn parts(&self) -> (Encoding, i64, i64, &[u8]) {
        match self {
            Self::Integer(open) => (Encoding::Histogram, open.min, open.appender.last_t(), open.appender.bytes()),
            Self::Float(open) => (Encoding::FloatHistogram, open.min, open.appender.last_t(), open.appender.bytes()),
        }
    }

    /// The memory beside this value, without that of the last sample.
    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Self::Integer(open) => open.appender.heap_bytes(),
            Self::Float(open) => open.appender.heap_bytes(),
        }
    }
}
