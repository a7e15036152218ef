//! A chunk as a reader sees it: an encoding and its bytes.

use std::ops::RangeInclusive;

use promd_model::Columns;

use crate::ChunkError;
use crate::histogram::{ResetHeader, decode_float_histograms, decode_histograms};
use crate::samples::Samples;
use crate::statistics::{Statistics, Tally};
use crate::xor::XorDecoder;
use crate::xor2::Xor2Decoder;

/// How the bytes of a chunk are to be read: the byte that stands before them in every file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// Floats.
    Xor,
    /// Integer histograms.
    Histogram,
    /// Float histograms.
    FloatHistogram,
    /// Floats with start timestamps.
    Xor2,
    /// Integer histograms with start timestamps.
    HistogramWithStarts,
    /// Float histograms with start timestamps.
    FloatHistogramWithStarts,
}

impl Encoding {
    /// The byte that stands for it in a file.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Xor => 1,
            Self::Histogram => 2,
            Self::FloatHistogram => 3,
            Self::Xor2 => 4,
            Self::HistogramWithStarts => 5,
            Self::FloatHistogramWithStarts => 6,
        }
    }

    /// Whether the samples are floats, not histograms.
    #[must_use]
    pub const fn is_float(self) -> bool {
        matches!(self, Self::Xor | Self::Xor2)
    }

    /// Whether Prometheus 3.5 can read it.
    #[must_use]
    pub const fn is_classic(self) -> bool {
        matches!(self, Self::Xor | Self::Histogram | Self::FloatHistogram)
    }
}

impl TryFrom<u8> for Encoding {
    type Error = ChunkError;

    fn try_from(byte: u8) -> Result<Self, ChunkError> {
        Ok(match byte {
            1 => Self::Xor,
            2 => Self::Histogram,
            3 => Self::FloatHistogram,
            4 => Self::Xor2,
            5 => Self::HistogramWithStarts,
            6 => Self::FloatHistogramWithStarts,
            other => return Err(ChunkError::UnknownEncoding(other)),
        })
    }
}

/// A chunk, borrowed from wherever its bytes are.
///
/// ```
/// use promd_chunk::{Chunk, Encoding, XorAppender};
/// use promd_model::Columns;
///
/// let mut open = XorAppender::new();
/// for minute in 0..60 {
///     open.append(minute * 60_000, f64::from(minute as i32)).unwrap();
/// }
/// let chunk = Chunk::new(Encoding::Xor, open.bytes());
/// let mut columns = Columns::new();
/// chunk.decode_into(&mut columns)?;
/// assert_eq!(columns.as_floats().unwrap().v[59], 59.0);
///
/// // From the middle: a quarter of an hour, both ends included.
/// columns.clear();
/// chunk.decode_range(30 * 60_000..=44 * 60_000, &mut columns)?;
/// assert_eq!(columns.len(), 15);
/// # Ok::<(), promd_chunk::ChunkError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Chunk<'a> {
    encoding: Encoding,
    bytes: &'a [u8],
}

impl<'a> Chunk<'a> {
    /// A chunk of these bytes, which are looked at when it is decoded.
    #[must_use]
    pub const fn new(encoding: Encoding, bytes: &'a [u8]) -> Self {
        Self { encoding, bytes }
    }

    /// How the bytes are to be read.
    #[must_use]
    pub const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The data, without the encoding byte.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// How many samples the header claims; the data may hold fewer if it is damaged.
    ///
    /// # Errors
    ///
    /// If there is no header.
    pub fn claimed_samples(&self) -> Result<u16, ChunkError> {
        let Some([high, low]) = self.bytes.first_chunk() else {
            return Err(ChunkError::Truncated { bit: 0, bits: self.bytes.len() * 8 });
        };
        let count = u16::from_be_bytes([*high, *low]);
        let flagged = matches!(self.encoding, Encoding::HistogramWithStarts | Encoding::FloatHistogramWithStarts);
        Ok(if flagged { count & 0x3fff } else { count })
    }

    /// What a chunk of histograms says of the boundary to the chunk before it; nothing for floats.
    #[must_use]
    pub fn reset_header(&self) -> ResetHeader {
        let flags = match self.encoding {
            Encoding::Xor | Encoding::Xor2 => None,
            Encoding::Histogram | Encoding::FloatHistogram => self.bytes.get(2),
            Encoding::HistogramWithStarts | Encoding::FloatHistogramWithStarts => self.bytes.first(),
        };
        flags.map_or(ResetHeader::Unknown, |byte| ResetHeader::from_bits(*byte))
    }

    /// Appends all samples to `columns`.
    ///
    /// # Errors
    ///
    /// If the bytes are not a sound chunk. The samples before the damage have been appended then.
    pub fn decode_into(&self, columns: &mut Columns) -> Result<(), ChunkError> {
        match self.encoding {
            Encoding::Xor => {
                let mut decoder = XorDecoder::new(self.bytes)?;
                let mut floats = columns.floats_mut(0);
                let mut decoded = 0;
                let most = decoder.most();
                let (times, values) = floats.rows_mut(most);
                let mut rows = times.iter_mut().zip(values);
                let outcome = decoder.for_each(|t, v| {
                    if let Some((time, value)) = rows.next() {
                        (*time, *value) = (t, v);
                        decoded += 1;
                    }
                });
                floats.truncate(decoded);
                outcome
            }
            Encoding::Xor2 => {
                let mut decoder = Xor2Decoder::new(self.bytes)?;
                let mut floats = columns.floats_mut(decoder.most());
                while let Some((t, v, start)) = decoder.next()? {
                    // Columns have no starts before the first sample that has one.
                    if start == 0 { floats.push(t, v) } else { floats.push_with_start(t, v, start) }
                }
                Ok(())
            }
            Encoding::Histogram => decode_histograms(self.bytes, false, columns),
            Encoding::HistogramWithStarts => decode_histograms(self.bytes, true, columns),
            Encoding::FloatHistogram => decode_float_histograms(self.bytes, false, columns),
            Encoding::FloatHistogramWithStarts => decode_float_histograms(self.bytes, true, columns),
        }
    }

    /// All samples, one by one. [`decode_into`](Self::decode_into) is many times faster.
    ///
    /// # Errors
    ///
    /// If the bytes are not a sound chunk.
    pub fn samples(&self) -> Result<Samples, ChunkError> {
        let mut columns = Columns::new();
        self.decode_into(&mut columns)?;
        Ok(Samples::from(columns))
    }

    /// Appends the samples of a time range, both ends included. Those before it are decoded and passed over, those behind it
    /// are not looked at.
    ///
    /// # Errors
    ///
    /// If the bytes up to the end of the range are not a sound chunk.
    pub fn decode_range(&self, times: RangeInclusive<i64>, columns: &mut Columns) -> Result<(), ChunkError> {
        match self.encoding {
            Encoding::Xor => {
                let mut decoder = XorDecoder::new(self.bytes)?;
                let mut floats = columns.floats_mut(0);
                decoder.for_each_until(*times.end(), |t, v| {
                    if t >= *times.start() {
                        floats.push(t, v);
                    }
                })
            }
            Encoding::Xor2 => {
                let mut decoder = Xor2Decoder::new(self.bytes)?;
                while let Some((t, v, start)) = decoder.next()? {
                    if t > *times.end() {
                        break;
                    }
                    if t >= *times.start() {
                        columns.push_float_with_start(t, v, start);
                    }
                }
                Ok(())
            }
            _ => {
                let mut all = Columns::new();
                let outcome = self.decode_into(&mut all);
                for run in all.runs_between(times) {
                    columns.push_run(&run);
                }
                outcome
            }
        }
    }

    /// Appends all samples of a chunk of floats to `columns` and says what they are like, in one pass.
    ///
    /// # Errors
    ///
    /// As for [`decode_into`](Self::decode_into). Histograms have no such statistics:
    /// [`ChunkError::UnknownEncoding`].
    pub fn decode_with_statistics(&self, columns: &mut Columns) -> Result<Statistics, ChunkError> {
        let mut tally = Tally::default();
        match self.encoding {
            Encoding::Xor => {
                let mut decoder = XorDecoder::new(self.bytes)?;
                let mut floats = columns.floats_mut(decoder.most());
                decoder.for_each(|t, v| {
                    floats.push(t, v);
                    tally.add(t, v);
                })?;
            }
            Encoding::Xor2 => {
                let mut decoder = Xor2Decoder::new(self.bytes)?;
                let mut floats = columns.floats_mut(decoder.most());
                while let Some((t, v, start)) = decoder.next()? {
                    floats.push_with_start(t, v, start);
                    tally.add(t, v);
                }
            }
            other => return Err(ChunkError::UnknownEncoding(other.byte())),
        }
        Ok(tally.finish())
    }
}
