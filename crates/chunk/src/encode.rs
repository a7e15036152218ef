//! Columns into chunks.

use std::ops::Range;

use promd_model::{Columns, FloatHistogram, FloatRun, Histogram, Run};
use thiserror::Error;

use crate::histogram::{Float, HistogramAppenderOf, HistogramRefused, Integer, Kind, ResetHeader};
use crate::{Encoding, Xor2Appender, XorAppender};

/// How many samples Prometheus puts into a chunk that it writes anew from samples.
const SAMPLES: usize = 120;

/// The most samples that every encoding can count.
const MOST_IN_ANY: u16 = (1 << 14) - 1;

/// Cuts samples into chunks, as Prometheus does where it writes chunks anew: in its compactor, and where a query asks for
/// chunks of what was merged.
///
/// A chunk ends after 120 samples, where the kind of sample changes, before the first start timestamp that it has no room for,
/// and where a histogram says so: at a counter reset, or at a change of resolution.
///
/// ```
/// use promd_chunk::{Encoder, Encoding};
/// use promd_model::Columns;
///
/// let mut columns = Columns::new();
/// for minute in 0..150 {
///     columns.push_float(minute * 60_000, 1.0);
/// }
/// let mut chunks = Vec::new();
/// Encoder::new().encode(&columns, |chunk| chunks.push((chunk.encoding, chunk.min, chunk.max)))?;
/// assert_eq!(chunks, [(Encoding::Xor, 0, 119 * 60_000), (Encoding::Xor, 120 * 60_000, 149 * 60_000)]);
/// # Ok::<(), promd_chunk::EncodeError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Encoder {
    samples: usize,
    floats: Encoding,
    /// Whether histograms have start timestamps; `None`: those that have one.
    starts: Option<bool>,
}

/// The chunks that an [`Encoder`] makes of rows that come piece by piece, from columns that take turns.
///
/// ```
/// use promd_chunk::Encoder;
/// use promd_model::Columns;
///
/// let (mut even, mut odd) = (Columns::new(), Columns::new());
/// even.push_float(0, 0.5);
/// even.push_float(20, 0.5);
/// odd.push_float(10, 0.5);
/// let mut chunks = Vec::new();
/// let mut emit = |chunk: promd_chunk::Encoded<'_>| chunks.push((chunk.min, chunk.max));
/// let mut chunker = Encoder::new().chunker();
/// chunker.append(&even, 0..1, &mut emit)?;
/// chunker.append(&odd, 0..1, &mut emit)?;
/// chunker.append(&even, 1..2, &mut emit)?;
/// chunker.finish(&mut emit);
/// assert_eq!(chunks, [(0, 20)]);
/// # Ok::<(), promd_chunk::EncodeError>(())
/// ```
#[derive(Debug)]
pub struct Chunker {
    rules: Encoder,
    open: Option<Open>,
    /// A histogram whose memory is used again.
    scratch: FloatHistogram,
}

/// A chunk that is done.
#[derive(Debug, Clone, Copy)]
pub struct Encoded<'a> {
    /// How the bytes are to be read.
    pub encoding: Encoding,
    /// The time of the first sample.
    pub min: i64,
    /// The time of the last sample.
    pub max: i64,
    /// The data, without the encoding byte.
    pub bytes: &'a [u8],
}

/// Columns that are no chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A histogram's spans do not claim the buckets that it has.
    #[error("the spans of the histogram at {t} do not match its buckets")]
    Malformed {
        /// The time of the sample.
        t: i64,
    },
}

impl EncodeError {
    /// The time of the sample that cannot be written.
    #[must_use]
    pub const fn time(&self) -> i64 {
        let Self::Malformed { t } = self;
        *t
    }
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Encoder {
    /// An encoder that writes what every reader can read: XOR, unless there are start timestamps.
    #[must_use]
    pub const fn new() -> Self {
        Self { samples: SAMPLES, floats: Encoding::Xor, starts: None }
    }

    /// Writes all floats as XOR2, which Prometheus 3.5 cannot read.
    #[must_use]
    pub const fn with_xor2(mut self) -> Self {
        self.floats = Encoding::Xor2;
        self
    }

    /// Ends a chunk after another number of samples: at least 1, at most what every encoding can count.
    #[must_use]
    pub fn with_samples(mut self, samples: u16) -> Self {
        self.samples = usize::from(samples.clamp(1, MOST_IN_ANY));
        self
    }

    /// For some of the samples of a chunk, which stay one chunk of its encoding unless something in them forbids it.
    #[must_use]
    pub const fn like(encoding: Encoding) -> Self {
        let counted = match encoding {
            Encoding::HistogramWithStarts | Encoding::FloatHistogramWithStarts => MOST_IN_ANY as usize,
            _ => u16::MAX as usize,
        };
        let floats = if matches!(encoding, Encoding::Xor2) { Encoding::Xor2 } else { Encoding::Xor };
        Self { samples: counted, floats, starts: Some(!encoding.is_classic()) }
    }

    /// Hands the chunks of all samples to `emit`, in their order.
    ///
    /// # Errors
    ///
    /// If a histogram is malformed. The chunks up to it have been handed over.
    pub fn encode(&self, columns: &Columns, mut emit: impl FnMut(Encoded<'_>)) -> Result<(), EncodeError> {
        let mut chunker = self.chunker();
        let outcome = chunker.append(columns, 0..columns.len(), &mut emit);
        chunker.finish(emit);
        outcome
    }

    /// Begins to make chunks of rows.
    #[must_use]
    pub fn chunker(self) -> Chunker {
        Chunker { rules: self, open: None, scratch: FloatHistogram::default() }
    }
}

impl Chunker {
    /// Appends rows, which must be later than those before, and hands over the chunks that are done.
    ///
    /// # Errors
    ///
    /// If a histogram is malformed. The rows up to it have been appended; one may go on with the row behind it.
    pub fn append(
        &mut self,
        columns: &Columns,
        rows: Range<usize>,
        mut emit: impl FnMut(Encoded<'_>),
    ) -> Result<(), EncodeError> {
        // Where columns take turns with nearly every sample, rows of floats must not have to look for their run.
        if let Some(run) = columns.as_floats() {
            self.floats(&run, rows, &mut emit);
            return Ok(());
        }
        for run in columns.runs_of(rows) {
            match run {
                Run::Floats(run) => self.floats(&run, 0..run.len(), &mut emit),
                Run::Histograms(run) => {
                    for (row, t) in run.t.iter().enumerate() {
                        let at = Row { t: *t, start: start(run.start, row) };
                        self.histogram::<Integer>(&mut emit, at, &run.histogram(row))?;
                    }
                }
                Run::FloatHistograms(run) => {
                    let mut histogram = std::mem::take(&mut self.scratch);
                    for (row, t) in run.t.iter().enumerate() {
                        let at = Row { t: *t, start: start(run.start, row) };
                        run.float_histogram_into(row, &mut histogram);
                        self.histogram::<Float>(&mut emit, at, &histogram)?;
                    }
                    self.scratch = histogram;
                }
            }
        }
        Ok(())
    }

    /// Hands over the last chunk, if there is one. What is appended next begins another.
    pub fn finish(&mut self, mut emit: impl FnMut(Encoded<'_>)) {
        close(&mut self.open, &mut emit);
    }

    fn floats(&mut self, run: &FloatRun<'_>, rows: Range<usize>, emit: &mut impl FnMut(Encoded<'_>)) {
        let times = run.t.get(rows.clone()).unwrap_or_default();
        let values = run.v.get(rows.clone()).unwrap_or_default();
        for (row, (t, v)) in rows.zip(times.iter().zip(values)) {
            self.float(emit, Row { t: *t, start: start(run.start, row) }, *v);
        }
    }

    #[inline]
    fn float(&mut self, emit: &mut impl FnMut(Encoded<'_>), row: Row, v: f64) {
        let Self { rules, open, .. } = self;
        let room = open.as_mut().is_some_and(|open| open.samples < rules.samples && open.push_float(row, v));
        if room {
            return;
        }
        close(open, emit);
        let xor2 = row.start != 0 || rules.floats == Encoding::Xor2;
        let body = if xor2 { Body::Xor2(Xor2Appender::new()) } else { Body::Xor(XorAppender::new()) };
        let fresh = open.insert(Open { body, min: row.t, max: row.t, samples: 0 });
        // A fresh chunk has room.
        fresh.push_float(row, v);
    }

    fn histogram<K: OpenKind>(
        &mut self,
        emit: &mut impl FnMut(Encoded<'_>),
        row: Row,
        histogram: &K::Histogram,
    ) -> Result<(), EncodeError> {
        let Self { rules, open, .. } = self;
        let starts = rules.starts.unwrap_or(row.start != 0);
        let mut header = K::header_of_first(histogram);
        if let Some(chunk) = open.as_mut().filter(|open| open.samples < rules.samples)
            && let Some((appender, with_starts)) = K::appender(&mut chunk.body)
            && *with_starts == starts
        {
            match appender.append_with_start(row.t, row.start, histogram) {
                Ok(_) => {
                    chunk.max = row.t;
                    chunk.samples += 1;
                    return Ok(());
                }
                Err(HistogramRefused::NextChunk(next)) => header = next,
                Err(HistogramRefused::Full(_)) => {}
                Err(HistogramRefused::Malformed) => return Err(EncodeError::Malformed { t: row.t }),
            }
        }
        close(open, emit);
        let appender = if starts {
            HistogramAppenderOf::start_with_starts(header, row.t, row.start, histogram)
        } else {
            HistogramAppenderOf::start(header, row.t, histogram)
        };
        let appender = appender.map_err(|_| EncodeError::Malformed { t: row.t })?;
        *open = Some(Open { body: K::body(appender, starts), min: row.t, max: row.t, samples: 1 });
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Row {
    t: i64,
    start: i64,
}

fn start(starts: Option<&[i64]>, row: usize) -> i64 {
    starts.and_then(|starts| starts.get(row)).copied().unwrap_or(0)
}

/// The chunk that is being written.
#[derive(Debug)]
struct Open {
    body: Body,
    min: i64,
    max: i64,
    samples: usize,
}

#[derive(Debug)]
enum Body {
    Xor(XorAppender),
    Xor2(Xor2Appender),
    /// And whether it has room for start timestamps.
    Histogram(Box<HistogramAppenderOf<Integer>>, bool),
    FloatHistogram(Box<HistogramAppenderOf<Float>>, bool),
}

impl Open {
    /// Whether the sample is in the chunk now.
    fn push_float(&mut self, row: Row, v: f64) -> bool {
        let put = match &mut self.body {
            Body::Xor(appender) => row.start == 0 && appender.append(row.t, v).is_ok(),
            Body::Xor2(appender) => appender.append(row.t, v, row.start).is_ok(),
            Body::Histogram(..) | Body::FloatHistogram(..) => false,
        };
        if put {
            self.max = row.t;
            self.samples += 1;
        }
        put
    }
}

fn close(open: &mut Option<Open>, emit: &mut impl FnMut(Encoded<'_>)) {
    if let Some(Open { body, min, max, .. }) = open.take() {
        let (encoding, bytes) = match &body {
            Body::Xor(appender) => (Encoding::Xor, appender.bytes()),
            Body::Xor2(appender) => (Encoding::Xor2, appender.bytes()),
            Body::Histogram(appender, false) => (Encoding::Histogram, appender.bytes()),
            Body::Histogram(appender, true) => (Encoding::HistogramWithStarts, appender.bytes()),
            Body::FloatHistogram(appender, false) => (Encoding::FloatHistogram, appender.bytes()),
            Body::FloatHistogram(appender, true) => (Encoding::FloatHistogramWithStarts, appender.bytes()),
        };
        emit(Encoded { encoding, min, max, bytes });
    }
}

/// What the two kinds of histogram do not share here.
trait OpenKind: Kind {
    fn header_of_first(histogram: &Self::Histogram) -> ResetHeader;
    fn appender(body: &mut Body) -> Option<(&mut HistogramAppenderOf<Self>, &bool)>;
    fn body(appender: HistogramAppenderOf<Self>, starts: bool) -> Body;
}

impl OpenKind for Integer {
    fn header_of_first(histogram: &Histogram) -> ResetHeader {
        ResetHeader::of_first(histogram.counter_reset_hint)
    }

    fn appender(body: &mut Body) -> Option<(&mut HistogramAppenderOf<Self>, &bool)> {
        if let Body::Histogram(appender, starts) = body { Some((&mut **appender, starts)) } else { None }
    }

    fn body(appender: HistogramAppenderOf<Self>, starts: bool) -> Body {
        Body::Histogram(Box::new(appender), starts)
    }
}

impl OpenKind for Float {
    fn header_of_first(histogram: &FloatHistogram) -> ResetHeader {
        ResetHeader::of_first(histogram.counter_reset_hint)
    }

    fn appender(body: &mut Body) -> Option<(&mut HistogramAppenderOf<Self>, &bool)> {
        if let Body::FloatHistogram(appender, starts) = body { Some((&mut **appender, starts)) } else { None }
    }

    fn body(appender: HistogramAppenderOf<Self>, starts: bool) -> Body {
        Body::FloatHistogram(Box::new(appender), starts)
    }
}
