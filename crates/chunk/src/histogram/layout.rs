//! The layout: what all samples of a chunk have in common.
//!
//! ```text
//! zero threshold | varbit schema | spans above zero | spans below zero | bounds, if the schema is that of custom buckets
//! ```
//!
//! A threshold that is a power of two from 2^-243 to 2^10 takes a byte, as nearly all do. A bound that is a whole number of
//! thousandths below 33 554 is written as that number.

use promd_model::{CUSTOM_BUCKETS_SCHEMA, HistogramLayout, Span};

use crate::ChunkError;
use crate::bits::{BitReader, BitWriter};
use crate::varbit;

/// A byte that says that the threshold follows in full.
const IN_FULL: u8 = 255;

/// What the byte of a threshold of 2^0 is.
const BYTE_OF_ONE: i32 = 244;

/// Thousandths above this are written in full: the largest number that a varbit of 25 bits holds, less one for the
/// offset (`tsdb/chunkenc/histogram_meta.go`).
const MOST_THOUSANDTHS: f64 = 33_554_430.0;

#[derive(Debug, Clone, Default)]
pub(super) struct Layout {
    pub(super) schema: i32,
    pub(super) zero_threshold: f64,
    pub(super) positive: Vec<Span>,
    pub(super) negative: Vec<Span>,
    pub(super) bounds: Vec<f64>,
}

impl Layout {
    pub(super) fn put(&self, writer: &mut BitWriter) {
        put_threshold(writer, self.zero_threshold);
        varbit::put_int(writer, i64::from(self.schema));
        put_spans(writer, &self.positive);
        put_spans(writer, &self.negative);
        if self.schema == CUSTOM_BUCKETS_SCHEMA {
            varbit::put_uint(writer, self.bounds.len() as u64);
            for bound in &self.bounds {
                put_bound(writer, *bound);
            }
        }
    }

    pub(super) fn read(reader: &mut BitReader<'_>) -> Result<Self, ChunkError> {
        let zero_threshold = threshold(reader)?;
        let schema = varbit::int(reader)?;
        let schema = i32::try_from(schema).map_err(|_| reader.invalid("histogram schema", schema.cast_unsigned()))?;
        let positive = spans(reader)?;
        let negative = spans(reader)?;
        let bounds = if schema == CUSTOM_BUCKETS_SCHEMA { bounds(reader)? } else { Vec::new() };
        Ok(Self { schema, zero_threshold, positive, negative, bounds })
    }

    pub(super) fn borrow(&self) -> HistogramLayout<'_> {
        HistogramLayout {
            schema: self.schema,
            zero_threshold: self.zero_threshold,
            positive_spans: &self.positive,
            negative_spans: &self.negative,
            custom_values: &self.bounds,
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        (self.positive.capacity() + self.negative.capacity()) * size_of::<Span>() + self.bounds.capacity() * 8
    }
}

fn put_threshold(writer: &mut BitWriter, threshold: f64) {
    match power_of_two(threshold) {
        _ if threshold == 0.0 => writer.put(0, 8),
        Some(exponent) if (-243..=10).contains(&exponent) => {
            writer.put(u64::from((exponent + BYTE_OF_ONE).unsigned_abs()), 8);
        }
        _ => {
            writer.put(u64::from(IN_FULL), 8);
            writer.put(threshold.to_bits(), 64);
        }
    }
}

/// The exponent of a normal float that is an exact, positive power of two.
fn power_of_two(float: f64) -> Option<i32> {
    let bits = float.to_bits();
    let (sign_and_exponent, fraction) = (bits >> 52, bits & ((1 << 52) - 1));
    let exponent = i32::try_from(sign_and_exponent).ok()?;
    (fraction == 0 && (1..2047).contains(&exponent)).then_some(exponent - 1023)
}

fn threshold(reader: &mut BitReader<'_>) -> Result<f64, ChunkError> {
    Ok(match reader.byte()? {
        0 => 0.0,
        IN_FULL => f64::from_bits(reader.bits_u64(64)?),
        byte => 2f64.powi(i32::from(byte) - BYTE_OF_ONE),
    })
}

fn put_spans(writer: &mut BitWriter, spans: &[Span]) {
    varbit::put_uint(writer, spans.len() as u64);
    for span in spans {
        varbit::put_uint(writer, u64::from(span.length));
        varbit::put_int(writer, i64::from(span.offset));
    }
}

fn spans(reader: &mut BitReader<'_>) -> Result<Vec<Span>, ChunkError> {
    // A span takes two bits at the least.
    let count = counted(reader, 2, "number of spans")?;
    let mut spans = Vec::with_capacity(count);
    for _ in 0..count {
        let length = varbit::uint(reader)?;
        let length = u32::try_from(length).map_err(|_| reader.invalid("length of a span", length))?;
        let offset = varbit::int(reader)?;
        let offset = i32::try_from(offset).map_err(|_| reader.invalid("offset of a span", offset.cast_unsigned()))?;
        spans.push(Span { offset, length });
    }
    Ok(spans)
}

fn put_bound(writer: &mut BitWriter, bound: f64) {
    let thousandths = bound * 1000.0;
    let rounded = thousandths.round();
    if (0.0..=MOST_THOUSANDTHS).contains(&thousandths) && rounded / 1000.0 == bound {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number in the range above"
        )]
        varbit::put_uint(writer, rounded as u64 + 1);
    } else {
        writer.put(0, 1);
        writer.put(bound.to_bits(), 64);
    }
}

fn bounds(reader: &mut BitReader<'_>) -> Result<Vec<f64>, ChunkError> {
    let count = counted(reader, 5, "number of bounds")?;
    let mut bounds = Vec::with_capacity(count);
    for _ in 0..count {
        bounds.push(match varbit::uint(reader)? {
            0 => f64::from_bits(reader.bits_u64(64)?),
            thousandths => (thousandths - 1) as f64 / 1000.0,
        });
    }
    Ok(bounds)
}

/// A number of things that take at least `bits` each, all of which must still fit into the chunk.
fn counted(reader: &mut BitReader<'_>, bits: usize, what: &'static str) -> Result<usize, ChunkError> {
    let count = varbit::uint(reader)?;
    match usize::try_from(count) {
        Ok(count) if count <= reader.remaining() / bits => Ok(count),
        _ => Err(reader.invalid(what, count)),
    }
}
