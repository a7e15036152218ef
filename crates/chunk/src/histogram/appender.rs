//! Appending to a chunk of histograms.

use promd_model::{CUSTOM_BUCKETS_SCHEMA, CounterResetHint, is_stale};
use thiserror::Error;

use super::decoder::Decoder;
use super::header::ResetHeader;
use super::kind::{Float, Integer, Kind, Xored, view};
use super::layout::Layout;
use super::spans::{Change, union, widen};
use super::view::{Side, View};
use crate::ChunkError;
use crate::bits::BitWriter;
use crate::start::Starts;
use crate::varbit;

/// An open chunk of integer histograms.
pub type HistogramAppender = HistogramAppenderOf<Integer>;

/// An open chunk of float histograms.
pub type FloatHistogramAppender = HistogramAppenderOf<Float>;

/// An open chunk of histograms: its bytes so far, and what the next sample is written relative to.
///
/// ```
/// use promd_chunk::{Appended, HistogramAppender, HistogramRefused, ResetHeader};
/// use promd_model::{Histogram, Span};
///
/// let mut sample = Histogram {
///     count: 3,
///     sum: 4.5,
///     positive_spans: vec![Span::new(0, 2)],
///     positive_buckets: vec![1, 1],
///     ..Histogram::default()
/// };
/// let mut chunk = HistogramAppender::start(ResetHeader::Unknown, 1_000, &sample)?;
/// assert_eq!(chunk.append(16_000, &sample), Ok(Appended::InPlace));
///
/// // Fewer observations than before: the counter was reset, and another chunk begins.
/// sample.count = 1;
/// sample.positive_buckets = vec![1, -1];
/// let refused = chunk.append(31_000, &sample);
/// assert_eq!(refused, Err(HistogramRefused::NextChunk(ResetHeader::Reset)));
/// let next = HistogramAppender::start(ResetHeader::Reset, 31_000, &sample)?;
/// assert_eq!(next.count(), 1);
/// # Ok::<(), HistogramRefused>(())
/// ```
#[derive(Debug, Clone)]
pub struct HistogramAppenderOf<K: Kind> {
    bits: BitWriter,
    header: ResetHeader,
    layout: Layout,
    t: i64,
    delta: i64,
    count: K::CountState,
    zero_count: K::CountState,
    sum: Xored,
    positive: Vec<K::BucketState>,
    negative: Vec<K::BucketState>,
    /// `None` in the encodings without start timestamps.
    starts: Option<Starts>,
    samples: u32,
}

/// What became of the chunk when a sample was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It grew at its end.
    InPlace,
    /// It was written again with more buckets.
    Rewritten,
}

/// Why a sample is not in the chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HistogramRefused {
    /// It does not go on from the sample before: it begins another chunk with this header.
    #[error("the histogram begins another chunk")]
    NextChunk(ResetHeader),
    /// The chunk holds as many samples as its format can count.
    #[error("the chunk is full: {0} samples")]
    Full(u16),
    /// Its spans do not claim the buckets that it has.
    #[error("the spans of the histogram do not match its buckets")]
    Malformed,
}

/// What must happen before a sample is appended.
enum Fit {
    /// The sample does not fit.
    Never(ResetHeader),
    /// How the buckets on either side differ.
    After { positive: Change, negative: Change },
}

impl<K: Kind> HistogramAppenderOf<K> {
    /// A chunk that begins with a sample.
    ///
    /// # Errors
    ///
    /// [`HistogramRefused::Malformed`].
    pub fn start(header: ResetHeader, t: i64, histogram: &K::Histogram) -> Result<Self, HistogramRefused> {
        Self::begin(header, None, t, 0, &checked(view(histogram))?)
    }

    /// A chunk of the encoding with start timestamps that begins with a sample.
    ///
    /// # Errors
    ///
    /// [`HistogramRefused::Malformed`].
    pub fn start_with_starts(
        header: ResetHeader,
        t: i64,
        start: i64,
        histogram: &K::Histogram,
    ) -> Result<Self, HistogramRefused> {
        Self::begin(header, Some(Starts::default()), t, start, &checked(view(histogram))?)
    }

    fn begin(
        header: ResetHeader,
        starts: Option<Starts>,
        t: i64,
        start: i64,
        sample: &View<'_, K>,
    ) -> Result<Self, HistogramRefused> {
        let stale = View::stale(sample.sum);
        let sample = if sample.is_stale() { &stale } else { sample };
        let layout = Layout {
            schema: sample.schema,
            zero_threshold: sample.zero_threshold,
            positive: sample.positive.spans.to_vec(),
            negative: sample.negative.spans.to_vec(),
            bounds: sample.bounds.to_vec(),
        };
        let mut bits = BitWriter::new();
        bits.put(0, 24);
        layout.put(&mut bits);
        varbit::put_int(&mut bits, t);
        let count = K::put_first_count(&mut bits, sample.count);
        let zero_count = K::put_first_count(&mut bits, sample.zero_count);
        let sum = Xored::put_first(&mut bits, sample.sum);
        let positive = sample.positive.buckets.iter().map(|bucket| K::put_first_bucket(&mut bits, *bucket)).collect();
        let negative = sample.negative.buckets.iter().map(|bucket| K::put_first_bucket(&mut bits, *bucket)).collect();
        let mut chunk =
            Self { bits, header, layout, t, delta: 0, count, zero_count, sum, positive, negative, starts, samples: 1 };
        if let Some(starts) = &mut chunk.starts {
            starts.put_first(&mut chunk.bits, t, start);
        }
        chunk.finish();
        Ok(chunk)
    }

    /// Goes on with a chunk that was read back.
    ///
    /// # Errors
    ///
    /// If `bytes` are not a sound chunk with at least one sample.
    pub fn resume(bytes: &[u8], with_starts: bool) -> Result<Self, ChunkError> {
        let mut decoder = Decoder::<K>::new(bytes, with_starts)?;
        if decoder.samples() == 0 {
            return Err(ChunkError::Invalid { what: "number of samples", bit: 0, value: 0 });
        }
        while decoder.advance()? {}
        let bits = BitWriter::resume(bytes, decoder.position())?;
        let samples = decoder.samples();
        let Decoder { header, layout, t, delta, count, zero_count, sum, positive, negative, starts, .. } = decoder;
        Ok(Self { bits, header, layout, t, delta, count, zero_count, sum, positive, negative, starts, samples })
    }

    /// Adds a sample whose start is not known.
    ///
    /// # Errors
    ///
    /// If the sample cannot be in this chunk; the chunk is as it was.
    pub fn append(&mut self, t: i64, histogram: &K::Histogram) -> Result<Appended, HistogramRefused> {
        self.append_with_start(t, 0, histogram)
    }

    /// Adds a sample that counts from `start` (0: not known). An encoding without starts forgets it.
    ///
    /// # Errors
    ///
    /// If the sample cannot be in this chunk; the chunk is as it was.
    pub fn append_with_start(
        &mut self,
        t: i64,
        start: i64,
        histogram: &K::Histogram,
    ) -> Result<Appended, HistogramRefused> {
        let sample = checked(view::<K>(histogram))?;
        if self.samples >= u32::from(self.most_samples()) {
            return Err(HistogramRefused::Full(self.most_samples()));
        }
        let (positive, negative) = match self.fit(&sample) {
            Fit::Never(header) => return Err(HistogramRefused::NextChunk(header)),
            Fit::After { positive, negative } => (positive, negative),
        };
        if !(positive.appeared || negative.appeared || positive.vanished || negative.vanished) {
            self.put(t, start, &sample);
            return Ok(Appended::InPlace);
        }

        let gauge = sample.hint == CounterResetHint::Gauge;
        let rewrite = positive.appeared || negative.appeared;
        let positive_spans = self.joined_spans(&self.layout.positive, sample.positive, positive, negative, gauge);
        let negative_spans = self.joined_spans(&self.layout.negative, sample.negative, negative, positive, gauge);
        let positive_buckets = widen(sample.positive, &positive_spans);
        let negative_buckets = widen(sample.negative, &negative_spans);
        if rewrite {
            *self = self.rewritten(&positive_spans, &negative_spans)?;
        }
        let sample = View {
            positive: Side { spans: &positive_spans, buckets: &positive_buckets },
            negative: Side { spans: &negative_spans, buckets: &negative_buckets },
            ..sample
        };
        self.put(t, start, &sample);
        Ok(if rewrite { Appended::Rewritten } else { Appended::InPlace })
    }

    /// The header of the chunk that follows this one, when it is ended for its size or time and goes on with this sample.
    pub fn header_of_next(&self, histogram: &K::Histogram) -> ResetHeader {
        let sample = view::<K>(histogram);
        match sample.hint {
            CounterResetHint::Gauge => ResetHeader::Gauge,
            CounterResetHint::Reset => ResetHeader::Reset,
            _ => match self.fit_counter(&sample) {
                Fit::Never(header) if K::TELLS_UNKNOWN || header == ResetHeader::Reset => header,
                _ => ResetHeader::NotReset,
            },
        }
    }

    fn fit(&self, sample: &View<'_, K>) -> Fit {
        if sample.hint == CounterResetHint::Gauge {
            return self.fit_gauge(sample);
        }
        match self.fit_counter(sample) {
            // A chunk of floats says "reset" or nothing.
            Fit::Never(header) if !K::TELLS_UNKNOWN && header != ResetHeader::Reset => Fit::Never(ResetHeader::Unknown),
            fit => fit,
        }
    }

    fn fit_counter(&self, sample: &View<'_, K>) -> Fit {
        let nothing = Fit::After { positive: Change::default(), negative: Change::default() };
        if self.header == ResetHeader::Gauge {
            return Fit::Never(ResetHeader::NotReset);
        }
        if sample.hint == CounterResetHint::Reset {
            return Fit::Never(ResetHeader::Reset);
        }
        if sample.is_stale() {
            return nothing;
        }
        if self.is_stale() {
            return Fit::Never(ResetHeader::Unknown);
        }
        if sample.count < K::count(&self.count) {
            return Fit::Never(ResetHeader::Reset);
        }
        if !self.same_resolution(sample) {
            return Fit::Never(ResetHeader::Unknown);
        }
        if !self.same_bounds(sample) || sample.zero_count < K::count(&self.zero_count) {
            return Fit::Never(ResetHeader::Reset);
        }
        let (positive, negative) = self.changes(sample);
        if positive.reset || negative.reset {
            return Fit::Never(ResetHeader::Reset);
        }
        Fit::After { positive, negative }
    }

    fn fit_gauge(&self, sample: &View<'_, K>) -> Fit {
        let never = Fit::Never(ResetHeader::Gauge);
        if self.header != ResetHeader::Gauge {
            return never;
        }
        if sample.is_stale() {
            return Fit::After { positive: Change::default(), negative: Change::default() };
        }
        if self.is_stale() || !self.same_resolution(sample) || !self.same_bounds(sample) {
            return never;
        }
        let (positive, negative) = self.changes(sample);
        Fit::After { positive, negative }
    }

    fn is_stale(&self) -> bool {
        is_stale(self.sum.value())
    }

    #[expect(clippy::float_cmp, reason = "another threshold, however near, is another layout")]
    fn same_resolution(&self, sample: &View<'_, K>) -> bool {
        sample.schema == self.layout.schema && sample.zero_threshold == self.layout.zero_threshold
    }

    fn same_bounds(&self, sample: &View<'_, K>) -> bool {
        self.layout.schema != CUSTOM_BUCKETS_SCHEMA || sample.bounds == self.layout.bounds
    }

    fn changes(&self, sample: &View<'_, K>) -> (Change, Change) {
        let positive = buckets::<K>(&self.positive);
        let negative = buckets::<K>(&self.negative);
        (
            Change::between(Side { spans: &self.layout.positive, buckets: &positive }, sample.positive),
            Change::between(Side { spans: &self.layout.negative, buckets: &negative }, sample.negative),
        )
    }

    /// The spans that hold the buckets of the chunk and of the sample on one side, cut as Prometheus cuts them:
    ///
    /// - nothing vanished on either side: those of the sample;
    /// - nothing appeared on either side, and it is a counter: those of the chunk;
    /// - otherwise joined anew, for a counter only where something vanished.
    fn joined_spans(
        &self,
        chunk: &[promd_model::Span],
        sample: Side<'_, K>,
        here: Change,
        there: Change,
        gauge: bool,
    ) -> Vec<promd_model::Span> {
        let appeared = here.appeared || there.appeared;
        let vanished = here.vanished || there.vanished;
        if !vanished {
            sample.spans.to_vec()
        } else if gauge || (appeared && here.vanished) {
            union(chunk, sample.spans)
        } else if appeared {
            sample.spans.to_vec()
        } else {
            chunk.to_vec()
        }
    }

    /// The chunk with wider spans.
    fn rewritten(
        &self,
        positive: &[promd_model::Span],
        negative: &[promd_model::Span],
    ) -> Result<Self, HistogramRefused> {
        // What was written here is sound.
        let damaged = |_| HistogramRefused::Malformed;
        let mut decoder = Decoder::<K>::new(self.bytes(), self.starts.is_some()).map_err(damaged)?;
        let mut chunk: Option<Self> = None;
        let (mut above, mut below) = (Vec::new(), Vec::new());
        while decoder.advance().map_err(damaged)? {
            let sample = decoder.view(&mut above, &mut below);
            let wide_positive = widen(sample.positive, positive);
            let wide_negative = widen(sample.negative, negative);
            let sample = View {
                positive: Side { spans: positive, buckets: &wide_positive },
                negative: Side { spans: negative, buckets: &wide_negative },
                ..sample
            };
            match &mut chunk {
                Some(chunk) => chunk.put(decoder.t, decoder.start(), &sample),
                None => {
                    let starts = self.starts.is_some().then(Starts::default);
                    chunk = Some(Self::begin(self.header, starts, decoder.t, decoder.start(), &sample)?);
                }
            }
        }
        chunk.ok_or(HistogramRefused::Malformed)
    }

    /// Writes a sample that fits.
    fn put(&mut self, t: i64, start: i64, sample: &View<'_, K>) {
        let stale = View::stale(sample.sum);
        let sample = if sample.is_stale() { &stale } else { sample };
        let (bits, before) = (&mut self.bits, self.t);
        let delta = t.wrapping_sub(before);
        varbit::put_int(bits, delta.wrapping_sub(self.delta));
        K::put_count(bits, &mut self.count, sample.count, sample.is_stale());
        K::put_count(bits, &mut self.zero_count, sample.zero_count, sample.is_stale());
        self.sum.put(bits, sample.sum);
        for (states, buckets) in
            [(&mut self.positive, sample.positive.buckets), (&mut self.negative, sample.negative.buckets)]
        {
            for (state, bucket) in states.iter_mut().zip(buckets) {
                K::put_bucket(bits, state, *bucket);
            }
        }
        if let Some(starts) = &mut self.starts {
            let index = u16::try_from(self.samples).unwrap_or(u16::MAX);
            starts.put(bits, index, before, start);
        }
        self.t = t;
        self.delta = delta;
        self.samples += 1;
        self.finish();
    }

    /// Makes the bytes a sound chunk.
    fn finish(&mut self) {
        self.bits.flush();
        let [high, low] = self.count().to_be_bytes();
        let flags = self.header.to_bits();
        self.bits.overwrite(match &self.starts {
            Some(starts) => [high | flags, low, starts.header()],
            None => [high, low, flags],
        });
    }

    fn most_samples(&self) -> u16 {
        if self.starts.is_some() { (1 << 14) - 1 } else { u16::MAX }
    }

    /// The chunk as it stands: sound at any time.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bits.bytes()
    }

    /// How many samples it holds.
    #[must_use]
    pub fn count(&self) -> u16 {
        u16::try_from(self.samples).unwrap_or(u16::MAX)
    }

    /// What it says of the boundary to the chunk before it.
    #[must_use]
    pub fn header(&self) -> ResetHeader {
        self.header
    }

    /// The time of the newest sample.
    #[must_use]
    pub fn last_t(&self) -> i64 {
        self.t
    }

    /// What the chunk takes from the allocator, beside this value itself.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let states = self.positive.capacity() + self.negative.capacity();
        self.bits.capacity() + self.layout.heap_bytes() + states * size_of::<K::BucketState>()
    }
}

fn buckets<K: Kind>(states: &[K::BucketState]) -> Vec<K::Bucket> {
    states.iter().map(K::bucket).collect()
}

fn checked<K: Kind>(sample: View<'_, K>) -> Result<View<'_, K>, HistogramRefused> {
    if sample.is_stale() || sample.is_sound() { Ok(sample) } else { Err(HistogramRefused::Malformed) }
}
