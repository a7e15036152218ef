//! What readers put up with, what they refuse, and what they say of it.
//!
//! The expectations follow `tsdb/record/record.go` and `model/labels` of Prometheus 3.14.
#![expect(clippy::unwrap_used, reason = "tests")]

use promd_codec::{DecodeErrorKind, Writer};
use promd_model::{
    FloatHistogram, Histogram, HistogramError, Labels, LabelsBuilder, LabelsError, LabelsRef, MetricType, Span,
};
use promd_wal::record::{
    HistogramEntry, HistogramsEncoder, Record, RecordError, RecordType, SeriesEncoder, Stamp, Version, is_strict,
};

fn series_record(pairs: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    SeriesEncoder::new(&mut bytes).push(7, pairs.iter().copied());
    bytes
}

#[track_caller]
fn check_labels(pairs: &[(&[u8], &[u8])], strict: bool, expect: Result<&[(&str, &str)], LabelsError>) {
    let bytes = series_record(pairs);
    assert_eq!(is_strict(&bytes), strict);
    let Record::Series(mut entries) = Record::parse(&bytes).unwrap() else { panic!("{bytes:?}") };
    let entry = entries.next().unwrap().unwrap();
    let mut scratch = LabelsBuilder::new();
    let view = entry.labels.view(&mut scratch).map(LabelsRef::to_labels);
    assert_eq!(view, expect.map(|pairs| Labels::from_pairs(pairs.iter().copied()).unwrap()));
}

#[test]
fn labels_become_a_label_set() {
    let long = "x".repeat(128);
    let duplicate = |name: &str| Err(LabelsError::Duplicate { name: name.to_owned() });
    check_labels(&[], true, Ok(&[]));
    check_labels(&[(b"a", b"1"), (b"b", b"2")], true, Ok(&[("a", "1"), ("b", "2")]));
    check_labels(&[(b"a", long.as_bytes()), (b"b", b"2")], true, Ok(&[("a", &long), ("b", "2")]));
    check_labels(&[(b"b", b"2"), (b"a", b"1")], false, Ok(&[("a", "1"), ("b", "2")]));
    check_labels(&[(b"a", b""), (b"b", b"2")], true, Ok(&[("b", "2")]));
    check_labels(&[(b"a", b"1"), (b"a", b"1")], false, duplicate("a"));
    check_labels(&[(b"b", b"1"), (b"a", b"1"), (b"b", b"2")], false, duplicate("b"));
    check_labels(&[(b"", b"1"), (b"a", b"1")], true, Err(LabelsError::EmptyName));
    check_labels(&[(b"", long.as_bytes())], true, Err(LabelsError::EmptyName));
    check_labels(&[(b"a", b"\xff")], true, Err(LabelsError::NotUtf8 { offset: 0 }));
    check_labels(&[(b"a", long.as_bytes()), (b"b", b"\xff")], true, Err(LabelsError::NotUtf8 { offset: 132 }));
}

/// Lengths may be longer than they need be; then the bytes are not those of a packed label set.
#[test]
fn lengths_in_long_form() {
    let bytes = b"\x01\0\0\0\0\0\0\0\x07\x81\0\x81\0a\x81\x00b";
    let Record::Series(mut entries) = Record::parse(bytes).unwrap() else { panic!() };
    let labels = entries.next().unwrap().unwrap().labels;
    assert_eq!(labels.view(&mut LabelsBuilder::new()).unwrap(), Labels::from_pairs([("a", "b")]).unwrap());
}

#[test]
fn metadata_of_other_writers() {
    let mut bytes = vec![RecordType::Metadata.byte()];
    let mut writer = Writer::new(&mut bytes);
    for (series, metric_type, fields) in
        [(300, 99, &[("HELP", "first"), ("NOTE", "?"), ("HELP", "h\u{e9}")][..]), (1, 7, &[])]
    {
        writer.put_uvarint(series);
        writer.put_u8(metric_type);
        writer.put_uvarint(fields.len() as u64);
        for (name, value) in fields {
            writer.put_uvarint_bytes(name.as_bytes());
            writer.put_uvarint_bytes(value.as_bytes());
        }
    }
    let Record::Metadata(entries) = Record::parse(&bytes).unwrap() else { panic!() };
    let entries: Vec<_> = entries.map(Result::unwrap).collect();
    assert_eq!((entries[0].series, entries[0].metric_type), (300, MetricType::Unknown));
    assert_eq!((entries[0].unit_text().as_ref(), entries[0].help_text().as_ref()), ("", "h\u{e9}"));
    assert_eq!((entries[1].series, entries[1].metric_type), (1, MetricType::Stateset));
}

/// A histogram with two positive buckets of this schema.
fn of_schema(schema: i32) -> Histogram {
    Histogram {
        schema,
        count: 3,
        positive_spans: vec![Span::new(1, 2)],
        positive_buckets: vec![1, 1],
        ..Histogram::default()
    }
}

/// Schemas that are reserved are used, others dropped one by one; the rest of the record is kept.
#[test]
fn schemas_of_the_future() {
    let schemas = [8, 9, 52, 53, -9, -10, i32::MAX, 0];
    let (mut bytes, mut custom) = (Vec::new(), Vec::new());
    let (mut float_bytes, mut float_custom) = (Vec::new(), Vec::new());
    let mut encoder = HistogramsEncoder::new(Version::V1, &mut bytes, &mut custom);
    let mut float_encoder = HistogramsEncoder::new(Version::V2, &mut float_bytes, &mut float_custom);
    for (series, schema) in (0..).zip(schemas) {
        encoder.push(Stamp::new(series, 1_000), &of_schema(schema));
        float_encoder.push(Stamp::new(series, 1_000), &of_schema(schema).to_float());
    }
    let expect = [Ok(8), Ok(8), Ok(8), Err(53), Ok(-9), Err(-10), Err(i32::MAX), Ok(0)];

    let Record::Histograms(mut entries) = Record::parse(&bytes).unwrap() else { panic!() };
    let Record::FloatHistograms(mut floats) = Record::parse(&float_bytes).unwrap() else { panic!() };
    let (mut histogram, mut float) = (Histogram::default(), FloatHistogram::default());
    for (series, expect) in (0..).zip(expect) {
        let stamp = Stamp::new(series, 1_000);
        let entry = entries.next_into(&mut histogram).unwrap().unwrap();
        let float_entry = floats.next_into(&mut float).unwrap().unwrap();
        assert_eq!(entry, float_entry);
        match expect {
            Ok(schema) => {
                assert_eq!((entry, histogram.schema, float.schema), (HistogramEntry::Kept(stamp), schema, schema));
            }
            Err(schema) => assert_eq!(entry, HistogramEntry::Dropped(stamp, HistogramError::UnknownSchema(schema))),
        }
        // Two buckets of schema 52 next to each other are one of schema 8, and so is their population.
        if series == 2 {
            assert_eq!((&histogram.positive_spans, &histogram.positive_buckets), (&vec![Span::new(1, 1)], &vec![3]));
        }
    }
    assert_eq!(entries.next_into(&mut histogram), Ok(None));
    assert!(is_strict(&bytes) && is_strict(&float_bytes));
}

/// Spans that do not fit the buckets are no matter to a log, but a resolution cannot be reduced by them.
#[test]
fn a_resolution_that_cannot_be_reduced() {
    let (mut bytes, mut custom) = (Vec::new(), Vec::new());
    let mut encoder = HistogramsEncoder::new(Version::V1, &mut bytes, &mut custom);
    for schema in [8, 9] {
        encoder.push(Stamp::new(1, 1_000), &Histogram { positive_buckets: Vec::new(), ..of_schema(schema) });
    }
    let Record::Histograms(mut entries) = Record::parse(&bytes).unwrap() else { panic!() };
    let mut histogram = Histogram::default();
    assert_eq!(entries.next_into(&mut histogram), Ok(Some(HistogramEntry::Kept(Stamp::new(1, 1_000)))));
    assert!(matches!(entries.next_into(&mut histogram), Ok(Some(HistogramEntry::Dropped(..)))));
}

fn outcome(bytes: &[u8]) -> RecordError {
    fn first_error<T>(mut entries: impl Iterator<Item = Result<T, RecordError>>) -> RecordError {
        let error = entries.find_map(Result::err).unwrap();
        assert!(entries.next().is_none(), "nothing follows an error");
        error
    }
    match Record::parse(bytes) {
        Err(error) => error,
        Ok(Record::Series(entries)) => first_error(entries),
        Ok(Record::Samples(entries)) => first_error(entries),
        Ok(Record::Tombstones(entries)) => first_error(entries),
        Ok(Record::Metadata(entries)) => first_error(entries),
        Ok(Record::Histograms(mut entries)) => {
            let mut histogram = Histogram::default();
            let error = entries.next_into(&mut histogram).unwrap_err();
            assert_eq!(entries.next_into(&mut histogram), Ok(None), "nothing follows an error");
            error
        }
        Ok(other) => panic!("{other:?}"),
    }
}

#[track_caller]
fn check_error(bytes: &[u8], entry: usize, offset: usize, text: &str) {
    let error = outcome(bytes);
    assert_eq!((error.entry(), error.offset(), error.to_string().as_str()), (entry, offset, text));
    assert_eq!(Some(error.record_type()), RecordType::of(bytes));
    assert!(!is_strict(bytes));
}

/// Offsets are counted by hand.
#[test]
fn errors_say_what_and_where() {
    check_error(b"\x02\0\0\0", 0, 1, "samples record, entry 0: unexpected end of input at offset 1");
    let head = b"\x02\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\x07";
    check_error(
        &[&head[..], b"\0\0\x3f\xf0\0\0\0\0\0\0", b"\x02\x02\x3f"].concat(),
        1,
        29,
        "samples record, entry 1: unexpected end of input at offset 29",
    );
    check_error(
        b"\x01\0\0\0\0\0\0\0\x05\xff\x01",
        0,
        9,
        "series record, entry 0: length 255 exceeds the 0 bytes that are left at offset 9",
    );
    check_error(
        b"\x03\0\0\0\0\0\0\0\x05\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        0,
        9,
        "tombstones record, entry 0: varint overflows 64 bits at offset 9",
    );
    check_error(b"\x06\x05", 0, 2, "metadata record, entry 0: unexpected end of input at offset 2");
    // Schema 2^31.
    check_error(
        b"\x07\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\x07\0\0\0\x80\x80\x80\x80\x10",
        0,
        20,
        "histogram_samples record, entry 0: number 2147483648 is out of range at offset 20",
    );
    let error = outcome(b"\x06\x05");
    assert_eq!(error.cause().kind(), DecodeErrorKind::UnexpectedEnd);
}
