//! A message of Prometheus, whole and damaged, as the code reads it that gogo/protobuf generated.
#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read must fail the test")]

mod support;

use std::fmt::{self, Write};

use promd_codec::proto::{Field, ProtoError, ProtoErrorKind, Reader};
use support::{table, unhex};

const FIELDS: [(&str, u32); 15] = [
    ("CountInt", 1),
    ("CountFloat", 2),
    ("Sum", 3),
    ("Schema", 4),
    ("ZeroThreshold", 5),
    ("ZeroCountInt", 6),
    ("ZeroCountFloat", 7),
    ("NegativeDeltas", 9),
    ("NegativeCounts", 10),
    ("PositiveSpans", 11),
    ("PositiveDeltas", 12),
    ("PositiveCounts", 13),
    ("ResetHint", 14),
    ("Timestamp", 15),
    ("Offset", 1),
];

/// `message Histogram` of `prompb/types.proto`, printed as the generator of the fixture prints it.
#[derive(Default)]
struct Histogram {
    count: Option<Count>,
    zeros: Option<Count>,
    sum: u64,
    schema: i32,
    threshold: u64,
    hint: i32,
    time: i64,
    negative: Buckets,
    positive: Buckets,
    custom: Vec<f64>,
}

#[derive(Default)]
struct Buckets {
    spans: Vec<(i32, u32)>,
    deltas: Vec<i64>,
    counts: Vec<f64>,
}

enum Count {
    Int(u64),
    Float(u64),
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(count) => write!(f, "{count}"),
            Self::Float(bits) => write!(f, "f{bits:016x}"),
        }
    }
}

impl Histogram {
    fn read(bytes: &[u8]) -> Result<Self, ProtoError> {
        let mut histogram = Self::default();
        let mut reader = Reader::new(bytes);
        while let Some(field) = reader.next()? {
            match field.number {
                1 => histogram.count = Some(Count::Int(field.as_u64()?)),
                2 => histogram.count = Some(Count::Float(field.as_f64()?.to_bits())),
                3 => histogram.sum = field.as_fixed64()?,
                4 => histogram.schema = field.as_sint32()?,
                5 => histogram.threshold = field.as_fixed64()?,
                6 => histogram.zeros = Some(Count::Int(field.as_u64()?)),
                7 => histogram.zeros = Some(Count::Float(field.as_f64()?.to_bits())),
                8..=10 => histogram.negative.read(field.number - 8, &field)?,
                11..=13 => histogram.positive.read(field.number - 11, &field)?,
                14 => histogram.hint = field.as_i32()?,
                15 => histogram.time = field.as_i64()?,
                16 => histogram.custom.extend(field.as_f64s()?),
                _ => {}
            }
        }
        Ok(histogram)
    }

    fn print(&self) -> String {
        let mut out = String::new();
        for (name, count) in [("count", &self.count), ("zeros", &self.zeros)] {
            if let Some(count) = count {
                write!(out, "{name} {count} ").unwrap();
            }
        }
        let Self { sum, schema, threshold, hint, time, .. } = self;
        write!(out, "sum {sum:016x} schema {schema} threshold {threshold:016x} hint {hint} time {time}").unwrap();
        self.negative.print('n', &mut out);
        self.positive.print('p', &mut out);
        for value in &self.custom {
            write!(out, " cv {:016x}", value.to_bits()).unwrap();
        }
        out
    }
}

impl Buckets {
    fn read(&mut self, part: u32, field: &Field<'_>) -> Result<(), ProtoError> {
        match part {
            0 => self.spans.push(span(field.as_message()?)?),
            1 => {
                for delta in field.as_sint64s()? {
                    self.deltas.push(delta?);
                }
            }
            _ => self.counts.extend(field.as_f64s()?),
        }
        Ok(())
    }

    fn print(&self, sign: char, out: &mut String) {
        for (offset, length) in &self.spans {
            write!(out, " {sign}s {offset}:{length}").unwrap();
        }
        for delta in &self.deltas {
            write!(out, " {sign}d {delta}").unwrap();
        }
        for count in &self.counts {
            write!(out, " {sign}c {:016x}", count.to_bits()).unwrap();
        }
    }
}

fn span(mut reader: Reader<'_>) -> Result<(i32, u32), ProtoError> {
    let mut span = (0, 0);
    while let Some(field) = reader.next()? {
        match field.number {
            1 => span.0 = field.as_sint32()?,
            2 => span.1 = field.as_u32()?,
            _ => {}
        }
    }
    Ok(span)
}

/// Go's text without the names of messages, and with the numbers of fields in the place of their names.
fn without_names(text: &str) -> String {
    let mut text = text.replace("Histogram: ", "").replace("BucketSpan: ", "");
    if let Some((head, name)) = text.rsplit_once(" for field ") {
        let number = FIELDS.iter().chain(&[("Length", 2)]).find(|(field, _)| *field == name).unwrap().1;
        text = format!("{head} for field {number}");
    }
    text
}

/// `histogram.tsv`: what `Unmarshal` makes of bytes.
#[test]
fn reads_what_go_reads() {
    let mut stricter = 0;
    for [hex, expect] in table("histogram.tsv") {
        match (Histogram::read(&unhex(&hex)), expect.strip_prefix("error: ")) {
            (Ok(histogram), None) => assert_eq!(histogram.print(), expect, "{hex}"),
            (Err(error), Some(text)) => assert!(same_words(error.kind(), text), "{hex}: {error}, and Go says {text}"),
            (Err(error), None) => {
                let cut = matches!(error.kind(), ProtoErrorKind::PackedLength { .. });
                assert!(cut, "{hex}: {error}, and Go reads {expect}");
                stricter += 1;
            }
            (Ok(_), Some(text)) => panic!("{hex}: Go says {text}"),
        }
    }
    assert_eq!(stricter, 1, "Go reads the packed number beyond its field, and the rest makes sense by chance");
}

fn same_words(kind: ProtoErrorKind, go: &str) -> bool {
    // Go knows the schema and stops at the tag; here the value is read first, and may have a fault of its own. Where a
    // packed double goes beyond its field, Go goes on and stumbles later.
    let schema_first = go.contains("wrong wireType") && !matches!(kind, ProtoErrorKind::WrongWireType { .. });
    schema_first || matches!(kind, ProtoErrorKind::PackedLength { .. }) || kind.to_string() == without_names(go)
}
