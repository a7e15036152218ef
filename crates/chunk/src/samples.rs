//! Samples one by one, for those who do not count nanoseconds.

use promd_model::{Columns, FloatHistogram, Histogram, Run};

/// A sample of a chunk, or of any [`Columns`].
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The time in milliseconds.
    pub t: i64,
    /// The time from which a counter counts; 0 is an unknown one.
    pub start: i64,
    /// What was measured.
    pub value: SampleValue,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub enum SampleValue {
    /// A float.
    Float(f64),
    /// A histogram of whole numbers.
    Histogram(Histogram),
    /// A histogram of floats.
    FloatHistogram(FloatHistogram),
}

/// The samples of columns one by one: a convenience that allocates for each histogram.
///
/// ```
/// use promd_chunk::{Chunk, Encoding, SampleValue, XorAppender};
///
/// let mut open = XorAppender::new();
/// open.append(1_000, 1.5)?;
/// open.append(2_000, 2.5)?;
/// let samples: Vec<_> = Chunk::new(Encoding::Xor, open.bytes()).samples()?.map(|sample| (sample.t, sample.value)).collect();
/// assert_eq!(samples, [(1_000, SampleValue::Float(1.5)), (2_000, SampleValue::Float(2.5))]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Samples {
    columns: Columns,
    row: usize,
}

impl From<Columns> for Samples {
    fn from(columns: Columns) -> Self {
        Self { columns, row: 0 }
    }
}

impl Iterator for Samples {
    type Item = Sample;

    fn next(&mut self) -> Option<Sample> {
        let run = self.columns.runs_of(self.row..self.row + 1).next()?;
        self.row += 1;
        let first = |starts: Option<&[i64]>| starts.and_then(<[i64]>::first).copied().unwrap_or(0);
        let t = run.times().first().copied()?;
        Some(match run {
            Run::Floats(run) => {
                Sample { t, start: first(run.start), value: SampleValue::Float(run.v.first().copied()?) }
            }
            Run::Histograms(run) => {
                Sample { t, start: first(run.start), value: SampleValue::Histogram(run.histogram(0)) }
            }
            Run::FloatHistograms(run) => {
                Sample { t, start: first(run.start), value: SampleValue::FloatHistogram(run.float_histogram(0)) }
            }
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.columns.len() - self.row;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Samples {}
