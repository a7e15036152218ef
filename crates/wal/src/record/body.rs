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
use promd_model::{CounterResetHint, FloatHistogram, Histogram, HistogramError, Span};

use super::entry::Sealed;

/// A histogram of either kind, as it is written into a record.
pub trait HistogramBody: Default + Sealed {
    /// Whether the buckets have custom bounds.
    fn has_custom_bounds(&self) -> bool;

    /// Reads a histogram into the memory of this one. What fails leaves it half read.
    ///
    /// The histogram is as it was written: nothing has checked that it makes sense.
    fn read_body(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError>;

    /// Writes the histogram.
    fn write_body(&self, writer: &mut Writer<'_>);

    /// Makes usable what was read: see [`Histogram::reduce_on_read`].
    fn make_usable(&mut self) -> Result<(), HistogramError>;
}

impl Sealed for Histogram {}

impl HistogramBody for Histogram {
    fn has_custom_bounds(&self) -> bool {
        self.uses_custom_buckets()
    }

    fn read_body(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.counter_reset_hint = read_hint(reader)?;
        self.schema = read_i32(reader)?;
        self.zero_threshold = reader.f64_be()?;
        self.zero_count = reader.uvarint()?;
        self.count = reader.uvarint()?;
        self.sum = reader.f64_be()?;
        read_spans(&mut self.positive_spans, reader)?;
        read_spans(&mut self.negative_spans, reader)?;
        read_list(&mut self.positive_buckets, 1, reader, Reader::varint)?;
        read_list(&mut self.negative_buckets, 1, reader, Reader::varint)?;
        read_bounds(self.has_custom_bounds(), &mut self.custom_values, reader)
    }

    fn write_body(&self, writer: &mut Writer<'_>) {
        writer.put_u8(hint_byte(self.counter_reset_hint));
        writer.put_varint(self.schema.into());
        writer.put_f64_be(self.zero_threshold);
        writer.put_uvarint(self.zero_count);
        writer.put_uvarint(self.count);
        writer.put_f64_be(self.sum);
        write_spans(&self.positive_spans, writer);
        write_spans(&self.negative_spans, writer);
        write_list(&self.positive_buckets, writer, Writer::put_varint);
        write_list(&self.negative_buckets, writer, Writer::put_varint);
        write_bounds(self.has_custom_bounds(), &self.custom_values, writer);
    }

    fn make_usable(&mut self) -> Result<(), HistogramError> {
        self.reduce_on_read()
    }
}

impl Sealed for FloatHistogram {}

impl HistogramBody for FloatHistogram {
    fn has_custom_bounds(&self) -> bool {
        self.uses_custom_buckets()
    }

    fn read_body(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        self.counter_reset_hint = read_hint(reader)?;
        self.schema = read_i32(reader)?;
        self.zero_threshold = reader.f64_be()?;
        self.zero_count = reader.f64_be()?;
        self.count = reader.f64_be()?;
        self.sum = reader.f64_be()?;
        read_spans(&mut self.positive_spans, reader)?;
        read_spans(&mut self.negative_spans, reader)?;
        read_list(&mut self.positive_buckets, 8, reader, Reader::f64_be)?;
        read_list(&mut self.negative_buckets, 8, reader, Reader::f64_be)?;
        read_bounds(self.has_custom_bounds(), &mut self.custom_values, reader)
    }

    fn write_body(&self, writer: &mut Writer<'_>) {
        writer.put_u8(hint_byte(self.counter_reset_hint));
        writer.put_varint(self.schema.into());
        writer.put_f64_be(self.zero_threshold);
        writer.put_f64_be(self.zero_count);
        writer.put_f64_be(self.count);
        writer.put_f64_be(self.sum);
        write_spans(&self.positive_spans, writer);
        write_spans(&self.negative_spans, writer);
        write_list(&self.positive_buckets, writer, Writer::put_f64_be);
        write_list(&self.negative_buckets, writer, Writer::put_f64_be);
        write_bounds(self.has_custom_bounds(), &self.custom_values, writer);
    }

    fn make_usable(&mut self) -> Result<(), HistogramError> {
        self.reduce_on_read()
    }
}

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

fn read_spans(spans: &mut Vec<Span>, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    read_list(spans, 2, reader, |reader| Ok(Span::new(read_i32(reader)?, reader.uvarint_u32()?)))
}

fn write_spans(spans: &[Span], writer: &mut Writer<'_>) {
    write_list(spans, writer, |writer, span| {
        writer.put_varint(span.offset.into());
        writer.put_uvarint(span.length.into());
    });
}

fn read_bounds(custom: bool, bounds: &mut Vec<f64>, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    bounds.clear();
    if custom { read_list(bounds, 8, reader, Reader::f64_be) } else { Ok(()) }
}

fn write_bounds(custom: bool, bounds: &[f64], writer: &mut Writer<'_>) {
    if custom {
        write_list(bounds, writer, Writer::put_f64_be);
    }
}
