//! Samples become chunks again.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use promd_block::{Hole, Interval, SourceChunk};
use promd_chunk::{
    Encoding, Float, FloatHistogramAppender, HistogramAppender, HistogramAppenderOf, HistogramRefused, Integer, Kind,
    ResetHeader, Xor2Appender, XorAppender,
};
use promd_model::{Columns, CounterResetHint, FloatHistogram, FloatRun, Run};

use super::FloatEncoding;

/// How many samples a chunk gets when overlapping chunks are merged (`storage/series.go`).
const SPLIT: u32 = 120;

/// The most samples that any encoding can count.
const MOST: u32 = (1 << 14) - 1;

/// How samples are cut into chunks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// How many samples a chunk gets at most.
    split: u32,
    floats: FloatEncoding,
    /// Whether histograms are written with start timestamps; `None`: those that have one.
    starts: Option<bool>,
}

impl Rules {
    /// For the samples of several chunks.
    pub(super) fn merged(floats: FloatEncoding) -> Self {
        Self { split: SPLIT, floats, starts: None }
    }

    /// For some of the samples of one chunk, which stay one chunk of its encoding.
    pub(super) fn like(encoding: Encoding) -> Self {
        Self {
            split: if matches!(encoding, Encoding::HistogramWithStarts | Encoding::FloatHistogramWithStarts) {
                MOST
            } else {
                u32::from(u16::MAX)
            },
            floats: if encoding == Encoding::Xor2 { FloatEncoding::Xor2 } else { FloatEncoding::Xor },
            starts: Some(!encoding.is_classic()),
        }
    }
}

/// Writes rows of columns into chunks. Finished chunks go to the vector that each call names.
#[derive(Debug)]
pub(super) struct Encoder {
    rules: Rules,
    open: Open,
    samples: u32,
    min: i64,
    max: i64,
    /// A histogram whose memory is used again.
    scratch: FloatHistogram,
    /// Columns that nobody uses.
    spare: Vec<Columns>,
    finished: u64,
    /// Samples that could be decoded and make no sense all the same.
    refused: Vec<Hole>,
}

/// The chunk that is being written.
#[derive(Debug, Default)]
enum Open {
    #[default]
    None,
    Xor(XorAppender),
    Xor2(Xor2Appender),
    Histogram(Box<HistogramAppender>, bool),
    FloatHistogram(Box<FloatHistogramAppender>, bool),
}

/// A kind of histogram, as the chunk that is being written.
trait Opens: Kind {
    /// The chunk of this kind that is open, and whether it has start timestamps.
    fn opened(open: &mut Open) -> Option<(&mut HistogramAppenderOf<Self>, bool)>;

    /// This chunk, open.
    fn open(chunk: HistogramAppenderOf<Self>, with_starts: bool) -> Open;
}

impl Opens for Integer {
    fn opened(open: &mut Open) -> Option<(&mut HistogramAppender, bool)> {
        if let Open::Histogram(chunk, starts) = open { Some((chunk, *starts)) } else { None }
    }

    fn open(chunk: HistogramAppender, with_starts: bool) -> Open {
        Open::Histogram(Box::new(chunk), with_starts)
    }
}

impl Opens for Float {
    fn opened(open: &mut Open) -> Option<(&mut FloatHistogramAppender, bool)> {
        if let Open::FloatHistogram(chunk, starts) = open { Some((chunk, *starts)) } else { None }
    }

    fn open(chunk: FloatHistogramAppender, with_starts: bool) -> Open {
        Open::FloatHistogram(Box::new(chunk), with_starts)
    }
}

impl Default for Encoder {
    fn default() -> Self {
        Self {
            rules: Rules::merged(FloatEncoding::Xor),
            open: Open::None,
            samples: 0,
            min: 0,
            max: 0,
            scratch: FloatHistogram::default(),
            spare: Vec::new(),
            finished: 0,
            refused: Vec::new(),
        }
    }
}

impl Encoder {
    /// How many chunks have been finished.
    pub(super) fn chunks(&self) -> u64 {
        self.finished
    }

    /// Empty columns to decode into.
    pub(super) fn take_columns(&mut self) -> Columns {
        self.spare.pop().unwrap_or_default()
    }

    /// Takes columns that are not used any more.
    pub(super) fn give_back(&mut self, mut columns: Columns) {
        columns.clear();
        self.spare.push(columns);
    }

    /// Begins with the samples of another chunk, or of others.
    pub(super) fn begin(&mut self, rules: Rules) {
        debug_assert!(matches!(self.open, Open::None), "what was begun before has been finished");
        self.rules = rules;
    }

    /// Appends rows, which must be later than those before.
    pub(super) fn append(&mut self, columns: &Columns, rows: Range<usize>, into: &mut Vec<SourceChunk>) {
        // Overlapping chunks take turns with nearly every sample, so rows of floats must not have to look for their run.
        if let Some(floats) = columns.as_floats() {
            return self.floats(&floats, rows, into);
        }
        for run in columns.runs_of(rows) {
            match run {
                Run::Floats(run) => self.floats(&run, 0..run.len(), into),
                Run::Histograms(run) => {
                    for (row, &t) in run.t.iter().enumerate() {
                        let histogram = run.histogram(row);
                        let hint = histogram.counter_reset_hint;
                        self.histogram::<Integer>(t, start(run.start, row), hint, &histogram, into);
                    }
                }
                Run::FloatHistograms(run) => {
                    let mut histogram = std::mem::take(&mut self.scratch);
                    for (row, &t) in run.t.iter().enumerate() {
                        run.float_histogram_into(row, &mut histogram);
                        let hint = histogram.counter_reset_hint;
                        self.histogram::<Float>(t, start(run.start, row), hint, &histogram, into);
                    }
                    self.scratch = histogram;
                }
            }
        }
    }

    fn floats(&mut self, run: &FloatRun<'_>, rows: Range<usize>, into: &mut Vec<SourceChunk>) {
        for row in rows {
            self.float(run.t[row], run.v[row], start(run.start, row), into);
        }
    }

    #[inline]
    fn float(&mut self, t: i64, v: f64, start: i64, into: &mut Vec<SourceChunk>) {
        let goes_on = match &self.open {
            // An open chunk goes on in the encoding that it has, unless that cannot hold the start.
            Open::Xor(_) => start == 0 && self.samples < self.rules.split,
            Open::Xor2(_) => self.samples < self.rules.split,
            _ => false,
        };
        if !goes_on {
            self.end(into);
            self.open = if start != 0 || self.rules.floats == FloatEncoding::Xor2 {
                Open::Xor2(Xor2Appender::new())
            } else {
                Open::Xor(XorAppender::new())
            };
        }
        let appended = match &mut self.open {
            Open::Xor(chunk) => chunk.append(t, v),
            Open::Xor2(chunk) => chunk.append(t, v, start),
            _ => Ok(()),
        };
        debug_assert!(appended.is_ok(), "a chunk is ended before it is full");
        self.count(t);
    }

    fn histogram<K: Opens>(
        &mut self,
        t: i64,
        start: i64,
        hint: CounterResetHint,
        histogram: &K::Histogram,
        into: &mut Vec<SourceChunk>,
    ) {
        let with_starts = self.rules.starts.unwrap_or(start != 0);
        let mut header = ResetHeader::of_first(hint);
        if self.samples < self.rules.split
            && let Some((chunk, starts)) = K::opened(&mut self.open)
            && starts == with_starts
        {
            match chunk.append_with_start(t, start, histogram) {
                Ok(_) => return self.count(t),
                Err(HistogramRefused::NextChunk(next)) => header = next,
                Err(_) => {}
            }
        }
        self.end(into);
        let chunk = if with_starts {
            HistogramAppenderOf::<K>::start_with_starts(header, t, start, histogram)
        } else {
            HistogramAppenderOf::<K>::start(header, t, histogram)
        };
        match chunk {
            Ok(chunk) => {
                self.open = K::open(chunk, with_starts);
                self.count(t);
            }
            Err(error) => {
                self.refused.push(Hole { interval: Interval::new(t, t), cause: Arc::from(error.to_string()) });
            }
        }
    }

    fn count(&mut self, t: i64) {
        if self.samples == 0 {
            self.min = t;
        }
        self.max = t;
        self.samples += 1;
    }

    /// Ends the open chunk, and tells of samples that could not be written.
    pub(super) fn finish(&mut self, into: &mut Vec<SourceChunk>, holes: &mut Vec<Hole>) {
        self.end(into);
        holes.append(&mut self.refused);
    }

    /// Ends the open chunk, if there is one.
    fn end(&mut self, into: &mut Vec<SourceChunk>) {
        let (encoding, bytes) = match &self.open {
            Open::None => return,
            Open::Xor(chunk) => (Encoding::Xor, chunk.bytes()),
            Open::Xor2(chunk) => (Encoding::Xor2, chunk.bytes()),
            Open::Histogram(chunk, false) => (Encoding::Histogram, chunk.bytes()),
            Open::Histogram(chunk, true) => (Encoding::HistogramWithStarts, chunk.bytes()),
            Open::FloatHistogram(chunk, false) => (Encoding::FloatHistogram, chunk.bytes()),
            Open::FloatHistogram(chunk, true) => (Encoding::FloatHistogramWithStarts, chunk.bytes()),
        };
        into.push(SourceChunk { min: self.min, max: self.max, encoding, bytes: Bytes::copy_from_slice(bytes) });
        self.finished += 1;
        self.open = Open::None;
        self.samples = 0;
    }
}

fn start(starts: Option<&[i64]>, row: usize) -> i64 {
    starts.and_then(|starts| starts.get(row)).copied().unwrap_or(0)
}
