//! One record of each type, byte for byte.
//!
//! The bytes are what the encoder of Prometheus 3.14.0 (`tsdb/record/record.go`) writes for the entries that stand beside
//! them; each was also read by hand along the format.
#![expect(clippy::unwrap_used, reason = "tests")]

use promd_model::{
    CUSTOM_BUCKETS_SCHEMA, FloatHistogram, Histogram, Labels, LabelsBuilder, Metadata, MetricType, Span,
};
use promd_wal::record::{
    Entries, Entry, ExemplarsEncoder, HistogramEntry, HistogramRecord, Histograms, HistogramsEncoder, MetadataEncoder,
    MetadataEntry, MmapMarker, MmapMarkersEncoder, Record, RecordType, SampleColumns, SamplesEncoder, SeriesEncoder,
    Stamp, Tombstone, TombstonesEncoder, Version, is_strict,
};

/// Bytes from hexadecimal digits, blanks left out.
fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<char> = digits.chars().filter(|c| !c.is_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap()).collect()
}

#[track_caller]
fn parse<'a>(bytes: &'a [u8], record_type: RecordType) -> Record<'a> {
    assert_eq!(RecordType::of(bytes), Some(record_type));
    assert!(is_strict(bytes));
    Record::parse(bytes).unwrap()
}

fn all<'a, E: Entry<'a>>(entries: Entries<'a, E>) -> Vec<E> {
    entries.map(Result::unwrap).collect()
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    Labels::from_pairs(pairs.iter().copied()).unwrap()
}

#[test]
fn series() {
    let bytes = hex("01 0000000000000005 02 085f5f6e616d655f5f027570 036a6f620161
                        0000000000000006 02 085f5f6e616d655f5f027570 036a6f620162");
    let expect = [(5, labels(&[("__name__", "up"), ("job", "a")])), (6, labels(&[("__name__", "up"), ("job", "b")]))];
    let Record::Series(entries) = parse(&bytes, RecordType::Series) else { panic!("{bytes:?}") };
    let mut scratch = LabelsBuilder::new();
    let read: Vec<_> =
        all(entries).iter().map(|entry| (entry.series, entry.labels.view(&mut scratch).unwrap().to_labels())).collect();
    assert_eq!(read, expect);

    let mut written = Vec::new();
    let mut encoder = SeriesEncoder::new(&mut written);
    for (series, labels) in &expect {
        encoder.push(*series, labels.iter_bytes());
    }
    assert_eq!((encoder.entries(), written), (2, bytes));
}

#[track_caller]
fn check_samples(bytes: &str, version: Version, record_type: RecordType, expect: &[(Stamp, f64)]) {
    let bytes = hex(bytes);
    let Record::Samples(entries) = parse(&bytes, record_type) else { panic!("{bytes:?}") };
    let read: Vec<_> = all(entries.clone()).iter().map(|entry| (entry.stamp, entry.value)).collect();
    assert_eq!(read, expect);

    let mut columns = SampleColumns::default();
    assert_eq!(entries.decode_into(&mut columns), Ok(expect.len()));
    assert_eq!(columns.series(), expect.iter().map(|(stamp, _)| stamp.series).collect::<Vec<_>>());
    assert_eq!(columns.times(), expect.iter().map(|(stamp, _)| stamp.time).collect::<Vec<_>>());
    assert_eq!(columns.values(), expect.iter().map(|(_, value)| *value).collect::<Vec<_>>());
    let starts: Vec<_> = expect.iter().map(|(stamp, _)| stamp.start).collect();
    assert_eq!(columns.starts(), (version == Version::V2).then_some(&starts[..]));

    let (mut one_by_one, mut at_once) = (Vec::new(), Vec::new());
    let mut encoder = SamplesEncoder::with_version(version, &mut one_by_one);
    for (stamp, value) in expect {
        encoder.push(*stamp, *value);
    }
    SamplesEncoder::with_version(version, &mut at_once).extend(&columns);
    assert_eq!((&one_by_one, &at_once), (&bytes, &bytes));
}

#[test]
fn samples() {
    check_samples(
        "02 0000000000000005 00000000000003e8 00 00 3ff0000000000000 02 02 0000000000000000",
        Version::V1,
        RecordType::Samples,
        &[(Stamp::new(5, 1000), 1.0), (Stamp::new(6, 1001), 0.0)],
    );
}

#[test]
fn samples_with_starts() {
    check_samples(
        "0b 0a d00f e807 3ff0000000000000
            02 02 01     4000000000000000
            03 01 00     4008000000000000
            0a 00 0263   4010000000000000",
        Version::V2,
        RecordType::SamplesV2,
        &[
            (Stamp { series: 5, time: 1000, start: 500 }, 1.0),
            (Stamp { series: 6, time: 1001, start: 500 }, 2.0),
            (Stamp { series: 4, time: 999, start: 0 }, 3.0),
            (Stamp { series: 9, time: 1000, start: 450 }, 4.0),
        ],
    );
}

#[test]
fn tombstones() {
    let bytes = hex("03 0000000000000005 01 d00f");
    let Record::Tombstones(entries) = parse(&bytes, RecordType::Tombstones) else { panic!("{bytes:?}") };
    let expect = Tombstone { series: 5, min: -1, max: 1000 };
    assert_eq!(all(entries), [expect]);
    assert!(!expect.is_eviction() && Tombstone::eviction(5).is_eviction());

    let mut written = Vec::new();
    TombstonesEncoder::new(&mut written).push(expect);
    assert_eq!(written, bytes);
}

#[test]
fn exemplars() {
    let bytes = hex("04 0000000000000005 00000000000003e8 00 00 3fe0000000000000 01 0874726163655f69640178");
    let Record::Exemplars(entries) = parse(&bytes, RecordType::Exemplars) else { panic!("{bytes:?}") };
    let expect = labels(&[("trace_id", "x")]);
    let entries = all(entries);
    assert_eq!((entries.len(), entries[0].stamp, entries[0].value), (1, Stamp::new(5, 1000), 0.5));
    assert_eq!(entries[0].labels.view(&mut LabelsBuilder::new()).unwrap(), expect);

    let mut written = Vec::new();
    ExemplarsEncoder::new(&mut written).push(Stamp::new(5, 1000), 0.5, expect.iter_bytes());
    assert_eq!(written, bytes);
}

#[test]
fn mmap_markers() {
    let bytes = hex("05 0000000000000005 0000000100000008");
    let Record::MmapMarkers(entries) = parse(&bytes, RecordType::MmapMarkers) else { panic!("{bytes:?}") };
    let expect = MmapMarker { series: 5, chunk: 1 << 32 | 8 };
    assert_eq!(all(entries), [expect]);

    let mut written = Vec::new();
    MmapMarkersEncoder::new(&mut written).push(expect);
    assert_eq!(written, bytes);
}

#[test]
fn metadata() {
    let bytes = hex("06 05 02 02 04554e495400 0448454c500355703f");
    let Record::Metadata(entries) = parse(&bytes, RecordType::Metadata) else { panic!("{bytes:?}") };
    let expect = Metadata { metric_type: MetricType::Gauge, unit: String::new(), help: "Up?".to_owned() };
    let entries = all(entries);
    assert_eq!((entries.len(), entries[0].series, entries[0].to_metadata()), (1, 5, expect.clone()));

    let mut written = Vec::new();
    MetadataEncoder::new(&mut written).push(&MetadataEntry::new(5, &expect));
    assert_eq!(written, bytes);
}

/// Schema 1: the spans (0, 2) and (1, 1), one observation in each bucket, one in the zero bucket.
fn exponential() -> Histogram {
    Histogram {
        schema: 1,
        zero_threshold: 2f64.powi(-128),
        zero_count: 1,
        count: 4,
        sum: 5.5,
        positive_spans: vec![Span::new(0, 2), Span::new(1, 1)],
        positive_buckets: vec![1, 0, 0],
        ..Histogram::default()
    }
}

/// The bounds 0.1, 1.005 and 1e6, one observation in the first and two in the second bucket.
fn custom() -> Histogram {
    Histogram {
        schema: CUSTOM_BUCKETS_SCHEMA,
        count: 3,
        sum: 4.25,
        positive_spans: vec![Span::new(0, 2)],
        positive_buckets: vec![1, 1],
        custom_values: vec![0.1, 1.005, 1e6],
        ..Histogram::default()
    }
}

const EXPONENTIAL: &str = "00 02 37f0000000000000 01 04 4016000000000000 02 0002 0201 00 03 020000 00";
const CUSTOM: &str = "00 69 0000000000000000 00 03 4011000000000000 01 0002 00 02 0202 00
                      03 3fb999999999999a 3ff0147ae147ae14 412e848000000000";
const EXPONENTIAL_FLOAT: &str = "00 02 37f0000000000000 3ff0000000000000 4010000000000000 4016000000000000
                      02 0002 0201 00 03 3ff0000000000000 3ff0000000000000 3ff0000000000000 00";
const CUSTOM_FLOAT: &str = "00 69 0000000000000000 0000000000000000 4008000000000000 4011000000000000
                      01 0002 00 02 3ff0000000000000 4000000000000000 00
                      03 3fb999999999999a 3ff0147ae147ae14 412e848000000000";

fn read_histograms<H: HistogramRecord + Clone>(mut entries: Histograms<'_, H>) -> Vec<(Stamp, H)> {
    let (mut histogram, mut read) = (H::default(), Vec::new());
    while let Some(entry) = entries.next_into(&mut histogram).unwrap() {
        let HistogramEntry::Kept(stamp) = entry else { panic!("{entry:?}") };
        read.push((stamp, histogram.clone()));
    }
    read
}

/// Writes a batch, and reads the records that come of it.
#[track_caller]
fn check_histograms<H: HistogramRecord + Clone + PartialEq + std::fmt::Debug>(
    version: Version,
    batch: &[(Stamp, H)],
    entries_of: for<'a> fn(Record<'a>) -> Histograms<'a, H>,
    expect: [(&str, &[usize]); 2],
) {
    let mut written = [Vec::new(), Vec::new()];
    let [first, second] = &mut written;
    let mut encoder = HistogramsEncoder::new(version, first, second);
    for (stamp, histogram) in batch {
        encoder.push(*stamp, histogram);
    }
    assert_eq!(encoder.entries(), (expect[0].1.len(), expect[1].1.len()));
    for (bytes, (expect, members)) in written.iter().zip(expect) {
        assert_eq!(bytes, &hex(expect));
        if !members.is_empty() {
            let read = read_histograms(entries_of(parse(bytes, RecordType::of(bytes).unwrap())));
            assert_eq!(read, members.iter().map(|index| batch[*index].clone()).collect::<Vec<_>>());
        }
    }
}

fn integer_entries(record: Record<'_>) -> Histograms<'_, Histogram> {
    let Record::Histograms(entries) = record else { panic!("{record:?}") };
    entries
}

fn float_entries(record: Record<'_>) -> Histograms<'_, FloatHistogram> {
    let Record::FloatHistograms(entries) = record else { panic!("{record:?}") };
    entries
}

const HEAD: &str = "0000000000000005 00000000000003e8 00 00";

#[test]
fn histograms() {
    let stamp = Stamp::new(5, 1000);
    let bytes = format!("07 {HEAD} {EXPONENTIAL}");
    check_histograms(Version::V1, &[(stamp, exponential())], integer_entries, [(&bytes, &[0]), ("", &[])]);
    let bytes = format!("09 {HEAD} {CUSTOM}");
    check_histograms(Version::V1, &[(stamp, custom())], integer_entries, [("", &[]), (&bytes, &[0])]);
}

#[test]
fn float_histograms() {
    let stamp = Stamp::new(5, 1000);
    let bytes = format!("08 {HEAD} {EXPONENTIAL_FLOAT}");
    let batch = [(stamp, exponential().to_float())];
    check_histograms(Version::V1, &batch, float_entries, [(&bytes, &[0]), ("", &[])]);
    let bytes = format!("0a {HEAD} {CUSTOM_FLOAT}");
    check_histograms(Version::V1, &[(stamp, custom().to_float())], float_entries, [("", &[]), (&bytes, &[0])]);
}

/// The head of the record with exponential buckets is that of the first histogram of the batch, which is in the other one.
#[test]
fn a_mixed_batch_is_split() {
    let batch = [
        (Stamp::new(5, 1000), custom()),
        (Stamp::new(6, 1001), exponential()),
        (Stamp::new(4, 1000), custom()),
        (Stamp::new(7, 998), exponential()),
    ];
    let first = format!("07 0000000000000005 00000000000003e8 02 02 {EXPONENTIAL} 04 03 {EXPONENTIAL}");
    let second = format!("09 {HEAD} {CUSTOM} 01 00 {CUSTOM}");
    check_histograms(Version::V1, &batch, integer_entries, [(&first, &[1, 3]), (&second, &[0, 2])]);
}

#[test]
fn histograms_with_starts() {
    let batch = [
        (Stamp { series: 5, time: 1000, start: 500 }, exponential()),
        (Stamp { series: 6, time: 1000, start: 500 }, custom()),
    ];
    let bytes = format!("0c 0a d00f e807 {EXPONENTIAL} 02 00 01 {CUSTOM}");
    check_histograms(Version::V2, &batch, integer_entries, [(&bytes, &[0, 1]), ("", &[])]);

    let batch = [
        (Stamp { series: 5, time: 1000, start: 0 }, exponential().to_float()),
        (Stamp { series: 6, time: 1010, start: 700 }, custom().to_float()),
    ];
    let bytes = format!("0d 0a d00f 00 {EXPONENTIAL_FLOAT} 02 14 02f80a {CUSTOM_FLOAT}");
    check_histograms(Version::V2, &batch, float_entries, [(&bytes, &[0, 1]), ("", &[])]);
}

/// An empty record is its type byte, in both versions, and read as such.
#[test]
fn a_record_without_entries_is_its_type_byte() {
    let mut written = Vec::new();
    assert_eq!(SamplesEncoder::with_version(Version::V2, &mut written).entries(), 0);
    assert_eq!(written, [11]);
    for record_type in RecordType::ALL {
        assert!(is_strict(&[record_type.byte()]), "{record_type}");
    }
}

#[test]
fn unknown_types_are_values() {
    for bytes in [&[][..], &[0], &[14, 1, 2], &[255]] {
        assert!(matches!(Record::parse(bytes), Ok(Record::Unknown(all)) if all == bytes));
        assert!(!is_strict(bytes));
    }
}
