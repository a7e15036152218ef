//! What an entry of a histogram record holds behind its stamp; the snapshot of a head has it too.
//!
//! ```text
//! integer  u8 reset hint | varint schema | f64 zero threshold | uvarint zero count | uvarint count | f64 sum
//!          | spans | spans | uvarint n | varint delta * n | uvarint n | varint delta * n  [ bounds ]
//! float    u8 reset hint | varint schema | f64 zero threshold | f64 zero count | f64 count | f64 sum
//!          | spans | spans | uvarint n | f64 bucket * n | uvarint n | f64 bucket * n  [ bounds ]
//! spans    uvarint n | ( varint offset | uvarint length ) * n          positive first, then negative
//! bounds   uvarint n | f64 bound * n                                   only of custom buckets (schema −53)
//! ```

use promd_codec::{DecodeError, DecodeErrorKind, Reader, Writer};
use promd_model::{CUSTOM_BUCKETS_SCHEMA, CounterResetHint, FloatHistogram, Histogram, HistogramError, Span};

use super::entry::Sealed;

/// A histogram of either kind, as it is written into a record.
pub trait HistogramBody: Default + Sealed {
    /// Whether the buckets have custom bounds.
    fn has_custom_bounds(&self) -> bool;

    /// Reads a histogram into the memory of this one. What fails leaves it half read.
    ///
    /// The histogram is as it was written: nothing has checked that it makes sense.
    fn read_body(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError>;

    /// Passes over a histogram that [`read_body`](Self::read_body) can read, and fails where that fails.
    fn skip_body(reader: &mut Reader<'_>) -> Result<(), DecodeError>;

    /// Writes the histogram.
    fn write_body(&self, writer: &mut Writer<'_>);

    /// Makes usable what was read: see [`Histogram::reduce_on_read`].
    fn make_usable(&mut self) -> Result<(), HistogramError>;
}

/// The two kinds differ in their numbers alone: counts, and the buckets with the fewest bytes that one takes.
macro_rules! body {
    ($histogram:ty, $read_count:path, $put_count:path, $min_bucket:literal, $read_bucket:path, $put_bucket:path) => {
        impl Sealed for $histogram {}

        impl HistogramBody for $histogram {
            fn has_custom_bounds(&self) -> bool {
                self.uses_custom_buckets()
            }

            fn read_body(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
                self.counter_reset_hint = read_hint(reader)?;
                self.schema = read_i32(reader)?;
                self.zero_threshold = reader.f64_be()?;
                self.zero_count = $read_count(reader)?;
                self.count = $read_count(reader)?;
                self.sum = reader.f64_be()?;
                read_list(&mut self.positive_spans, 2, reader, read_span)?;
                read_list(&mut self.negative_spans, 2, reader, read_span)?;
                read_list(&mut self.positive_buckets, $min_bucket, reader, $read_bucket)?;
                read_list(&mut self.negative_buckets, $min_bucket, reader, $read_bucket)?;
                self.custom_values.clear();
                if self.has_custom_bounds() {
                    read_list(&mut self.custom_values, 8, reader, Reader::f64_be)?;
                }
                Ok(())
            }

            fn skip_body(reader: &mut Reader<'_>) -> Result<(), DecodeError> {
                reader.skip(1)?;
                let schema = read_i32(reader)?;
                reader.skip(8)?;
                $read_count(reader)?;
                $read_count(reader)?;
                reader.skip(8)?;
                skip_list(2, reader, read_span)?;
                skip_list(2, reader, read_span)?;
                skip_list($min_bucket, reader, $read_bucket)?;
                skip_list($min_bucket, reader, $read_bucket)?;
                if schema == CUSTOM_BUCKETS_SCHEMA {
                    skip_list(8, reader, Reader::f64_be)?;
                }
                Ok(())
            }

            fn write_body(&self, writer: &mut Writer<'_>) {
                writer.put_u8(hint_byte(self.counter_reset_hint));
                writer.put_varint(self.schema.into());
                writer.put_f64_be(self.zero_threshold);
                $put_count(writer, self.zero_count);
                $put_count(writer, self.count);
                writer.put_f64_be(self.sum);
                write_list(&self.positive_spans, writer, put_span);
                write_list(&self.negative_spans, writer, put_span);
                write_list(&self.positive_buckets, writer, $put_bucket);
                write_list(&self.negative_buckets, writer, $put_bucket);
                if self.has_custom_bounds() {
                    write_list(&self.custom_values, writer, Writer::put_f64_be);
                }
            }

            fn make_usable(&mut self) -> Result<(), HistogramError> {
                self.reduce_on_read()
            }
        }
    };
}

body!(Histogram, Reader::uvarint, Writer::put_uvarint, 1, Reader::varint, Writer::put_varint);
body!(FloatHistogram, Reader::f64_be, Writer::put_f64_be, 8, Reader::f64_be, Writer::put_f64_be);

/// A byte that stands for no hint says nothing.
fn read_hint(reader: &mut Reader<'_>) -> Result<CounterResetHint, DecodeError> {
    Ok(match reader.u8()? {
        1 => CounterResetHint::Reset,
        2 => CounterResetHint::NotReset,
        3 => CounterResetHint::Gauge,
        _ => CounterResetHint::Unknown,
    })
}

const fn hint_byte(hint: CounterResetHint) -> u8 {
    match hint {
        CounterResetHint::Unknown => 0,
        CounterResetHint::Reset => 1,
        CounterResetHint::NotReset => 2,
        CounterResetHint::Gauge => 3,
    }
}

/// A signed varint that must fit into 32 bits.
fn read_i32(reader: &mut Reader<'_>) -> Result<i32, DecodeError> {
    let offset = reader.position();
    let value = reader.varint()?;
    i32::try_from(value)
        .map_err(|_| DecodeError::new(DecodeErrorKind::OutOfRange { value: value.cast_unsigned() }, offset))
}

/// A count and so many items of at least `min_size` bytes.
fn read_list<'a, T>(
    list: &mut Vec<T>,
    min_size: usize,
    reader: &mut Reader<'a>,
    read: impl Fn(&mut Reader<'a>) -> Result<T, DecodeError>,
) -> Result<(), DecodeError> {
    let count = reader.uvarint_count(min_size)?;
    list.clear();
    list.reserve(count);
    for _ in 0..count {
        list.push(read(reader)?);
    }
    Ok(())
}

fn write_list<'b, T: Copy>(list: &[T], writer: &mut Writer<'b>, write: impl Fn(&mut Writer<'b>, T)) {
    writer.put_uvarint(list.len() as u64);
    for item in list {
        write(writer, *item);
    }
}

/// Reads what [`read_list`] reads, and keeps nothing.
fn skip_list<'a, T>(
    min_size: usize,
    reader: &mut Reader<'a>,
    read: impl Fn(&mut Reader<'a>) -> Result<T, DecodeError>,
) -> Result<(), DecodeError> {
    let count = reader.uvarint_count(min_size)?;
    (0..count).try_for_each(|_| read(reader).map(|_| ()))
}

fn read_span(reader: &mut Reader<'_>) -> Result<Span, DecodeError> {
    Ok(Span::new(read_i32(reader)?, reader.uvarint_u32()?))
}

fn put_span(writer: &mut Writer<'_>, span: Span) {
    writer.put_varint(span.offset.into());
    writer.put_uvarint(span.length.into());
}
