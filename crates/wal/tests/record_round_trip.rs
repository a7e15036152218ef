//! Whatever is written is read back; whatever bytes are read, all ways of reading agree and end.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/reencode.rs"]
mod reencode;

use promd_model::{CUSTOM_BUCKETS_SCHEMA, CounterResetHint, FloatHistogram, Histogram, Metadata, MetricType, Span};
use promd_wal::record::{
    Entries, Entry, ExemplarsEncoder, HistogramEntry, HistogramRecord, Histograms, HistogramsEncoder, MetadataEncoder,
    MetadataEntry, MmapMarker, MmapMarkersEncoder, Record, RecordType, SampleColumns, SamplesEncoder, SeriesEncoder,
    Stamp, Tombstone, TombstonesEncoder, Version, is_strict,
};
use proptest::prelude::*;
use reencode::reencode;

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// Numbers of all magnitudes, so that varints of all lengths come up; mostly small ones, as in a log.
fn number() -> impl Strategy<Value = i64> {
    prop_oneof![3 => -100..100i64, 2 => any::<i32>().prop_map(i64::from), 1 => any::<i64>(), 1 => any::<i64>().prop_map(|n| n >> 24)]
}

fn stamp() -> impl Strategy<Value = Stamp> {
    let start = prop_oneof![Just(0), Just(500), number()];
    (number(), number(), start).prop_map(|(series, time, start)| Stamp { series: series.cast_unsigned(), time, start })
}

/// All bits of doubles, many NaNs among them.
fn float() -> impl Strategy<Value = f64> {
    any::<u64>().prop_map(f64::from_bits)
}

fn version() -> impl Strategy<Value = Version> {
    prop_oneof![Just(Version::V1), Just(Version::V2)]
}

fn pairs() -> impl Strategy<Value = Pairs> {
    let text = || prop::collection::vec(any::<u8>(), 0..200);
    prop::collection::vec((text(), text()), 0..5)
}

fn borrowed(pairs: &Pairs) -> impl Iterator<Item = (&[u8], &[u8])> + Clone {
    pairs.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))
}

fn spans() -> impl Strategy<Value = Vec<Span>> {
    prop::collection::vec((any::<i32>(), any::<u32>()).prop_map(|(offset, length)| Span::new(offset, length)), 0..4)
}

fn hint() -> impl Strategy<Value = CounterResetHint> {
    use CounterResetHint::{Gauge, NotReset, Reset, Unknown};
    prop::sample::select(vec![Unknown, Reset, NotReset, Gauge])
}

/// Histograms that need not make sense; only the bounds are those of custom buckets, since others are not written.
fn histogram() -> impl Strategy<Value = Histogram> {
    let schema = (-9..=8i32).prop_union(-53..=-53i32);
    let buckets = || prop::collection::vec(number(), 0..6);
    let head = (hint(), schema, float(), any::<u64>(), any::<u64>(), float());
    (head, spans(), spans(), buckets(), buckets(), prop::collection::vec(float(), 0..4)).prop_map(
        |((counter_reset_hint, schema, zero_threshold, zero_count, count, sum), positive, negative, p, n, bounds)| {
            Histogram {
                counter_reset_hint,
                schema,
                zero_threshold,
                zero_count,
                count,
                sum,
                positive_spans: positive,
                negative_spans: negative,
                positive_buckets: p,
                negative_buckets: n,
                custom_values: if schema == CUSTOM_BUCKETS_SCHEMA { bounds } else { Vec::new() },
            }
        },
    )
}

/// Has the bits of its numbers from those of an integer histogram.
fn float_histogram() -> impl Strategy<Value = FloatHistogram> {
    histogram().prop_map(|integer| {
        let floats = |numbers: &[i64]| numbers.iter().map(|n| f64::from_bits(n.cast_unsigned())).collect();
        FloatHistogram {
            counter_reset_hint: integer.counter_reset_hint,
            schema: integer.schema,
            zero_threshold: integer.zero_threshold,
            zero_count: f64::from_bits(integer.zero_count),
            count: f64::from_bits(integer.count),
            sum: integer.sum,
            positive_buckets: floats(&integer.positive_buckets),
            negative_buckets: floats(&integer.negative_buckets),
            positive_spans: integer.positive_spans,
            negative_spans: integer.negative_spans,
            custom_values: integer.custom_values,
        }
    })
}

fn many<T: std::fmt::Debug>(item: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
    prop::collection::vec(item, 0..80)
}

fn all<'a, E: Entry<'a>>(entries: Entries<'a, E>) -> Vec<E> {
    entries.map(Result::unwrap).collect()
}

/// Equal to the bit: a NaN equals itself.
fn samples_of(columns: &SampleColumns) -> Vec<(Stamp, u64)> {
    columns.iter().map(|(stamp, value)| (stamp, value.to_bits())).collect()
}

/// `Debug` tells all fields of a histogram, and its NaNs but for their bits; those follow from the bytes.
fn check_histograms<H: HistogramRecord + Clone + std::fmt::Debug>(
    version: Version,
    batch: &[(Stamp, H)],
    entries_of: impl Fn(Record<'_>) -> Vec<(Stamp, H)>,
) {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    let mut encoder = HistogramsEncoder::new(version, &mut first, &mut second);
    for (stamp, histogram) in batch {
        encoder.push(*stamp, histogram);
    }
    let mut read = Vec::new();
    for record in [&first, &second] {
        assert_eq!(is_strict(record), !record.is_empty());
        read.extend(entries_of(Record::parse(record).unwrap()));
    }
    let (custom, mut expect): (Vec<_>, Vec<_>) =
        batch.iter().cloned().partition(|(_, h)| version == Version::V1 && h.has_custom_bounds());
    expect.extend(custom);
    if version == Version::V1 {
        expect.iter_mut().for_each(|(stamp, _)| stamp.start = 0);
    }
    assert_eq!(format!("{read:?}"), format!("{expect:?}"));
}

fn read<H: HistogramRecord + Clone>(mut entries: Histograms<'_, H>) -> Vec<(Stamp, H)> {
    let (mut histogram, mut read) = (H::default(), Vec::new());
    while let Some(entry) = entries.next_into(&mut histogram).unwrap() {
        let HistogramEntry::Kept(stamp) = entry else { panic!("{entry:?}") };
        read.push((stamp, histogram.clone()));
    }
    read
}

proptest! {
    #[test]
    fn series(expect in many((any::<u64>(), pairs()))) {
        let mut bytes = Vec::new();
        let mut encoder = SeriesEncoder::new(&mut bytes);
        for (series, pairs) in &expect {
            encoder.push(*series, borrowed(pairs));
        }
        let Record::Series(entries) = Record::parse(&bytes).unwrap() else { panic!() };
        for (entry, (series, pairs)) in all(entries).iter().zip(&expect) {
            prop_assert_eq!((entry.series, entry.labels.len()), (*series, pairs.len()));
            prop_assert!(entry.labels.iter().eq(borrowed(pairs)));
        }
        prop_assert_eq!(reencode(&bytes).unwrap(), [bytes]);
    }

    #[test]
    fn samples(version in version(), expect in many((stamp(), float()))) {
        let mut columns = SampleColumns::default();
        for (stamp, value) in &expect {
            let start = if version == Version::V1 { 0 } else { stamp.start };
            columns.push(Stamp { start, ..*stamp }, *value);
        }
        let (mut one_by_one, mut at_once) = (Vec::new(), Vec::new());
        let mut encoder = SamplesEncoder::with_version(version, &mut one_by_one);
        for (stamp, value) in &expect {
            encoder.push(*stamp, *value);
        }
        SamplesEncoder::with_version(version, &mut at_once).extend(&columns);
        prop_assert_eq!(&one_by_one, &at_once);

        let Record::Samples(entries) = Record::parse(&at_once).unwrap() else { panic!() };
        let mut decoded = SampleColumns::default();
        prop_assert_eq!(entries.decode_into(&mut decoded), Ok(expect.len()));
        prop_assert_eq!(samples_of(&decoded), samples_of(&columns));
        prop_assert_eq!(reencode(&at_once).unwrap(), [at_once]);
    }

    #[test]
    fn tombstones(expect in many((any::<u64>(), number(), number()))) {
        let expect: Vec<_> = expect.into_iter().map(|(series, min, max)| Tombstone { series, min, max }).collect();
        let mut bytes = Vec::new();
        let mut encoder = TombstonesEncoder::new(&mut bytes);
        expect.iter().for_each(|tombstone| encoder.push(*tombstone));
        let Record::Tombstones(entries) = Record::parse(&bytes).unwrap() else { panic!() };
        prop_assert_eq!(all(entries), expect);
    }

    #[test]
    fn mmap_markers(expect in many((any::<u64>(), any::<u64>()))) {
        let expect: Vec<_> = expect.into_iter().map(|(series, chunk)| MmapMarker { series, chunk }).collect();
        let mut bytes = Vec::new();
        let mut encoder = MmapMarkersEncoder::new(&mut bytes);
        expect.iter().for_each(|marker| encoder.push(*marker));
        let Record::MmapMarkers(entries) = Record::parse(&bytes).unwrap() else { panic!() };
        prop_assert_eq!(all(entries), expect);
    }

    #[test]
    fn metadata(expect in many((number(), prop::sample::select(MetricType::ALL.to_vec()), ".*", ".*"))) {
        let expect: Vec<(u64, Metadata)> = expect
            .into_iter()
            .map(|(series, metric_type, unit, help)| (series.cast_unsigned(), Metadata { metric_type, unit, help }))
            .collect();
        let mut bytes = Vec::new();
        let mut encoder = MetadataEncoder::new(&mut bytes);
        expect.iter().for_each(|(series, metadata)| encoder.push(&MetadataEntry::new(*series, metadata)));
        let Record::Metadata(entries) = Record::parse(&bytes).unwrap() else { panic!() };
        let read: Vec<_> = all(entries).iter().map(|entry| (entry.series, entry.to_metadata())).collect();
        prop_assert_eq!(read, expect);
    }

    #[test]
    fn exemplars(expect in many((stamp(), float(), pairs()))) {
        let mut bytes = Vec::new();
        let mut encoder = ExemplarsEncoder::new(&mut bytes);
        for (stamp, value, pairs) in &expect {
            encoder.push(*stamp, *value, borrowed(pairs));
        }
        let Record::Exemplars(entries) = Record::parse(&bytes).unwrap() else { panic!() };
        let entries = all(entries);
        prop_assert_eq!(entries.len(), expect.len());
        for (entry, (stamp, value, pairs)) in entries.iter().zip(&expect) {
            prop_assert_eq!(entry.stamp, Stamp { start: 0, ..*stamp });
            prop_assert_eq!(entry.value.to_bits(), value.to_bits());
            prop_assert!(entry.labels.iter().eq(borrowed(pairs)));
        }
    }

    #[test]
    fn histograms(version in version(), batch in prop::collection::vec((stamp(), histogram()), 0..12)) {
        check_histograms(version, &batch, |record| match record {
            Record::Histograms(entries) => read(entries),
            record => { assert!(matches!(record, Record::Unknown([]))); Vec::new() }
        });
    }

    #[test]
    fn float_histograms(version in version(), batch in prop::collection::vec((stamp(), float_histogram()), 0..12)) {
        check_histograms(version, &batch, |record| match record {
            Record::FloatHistograms(entries) => read(entries),
            record => { assert!(matches!(record, Record::Unknown([]))); Vec::new() }
        });
    }

    /// Columns and entries are read by different code.
    #[test]
    fn any_bytes_read_as_samples(v2: bool, mut bytes in prop::collection::vec(prop_oneof![Just(0u8), Just(0x80), any::<u8>()], 0..200)) {
        bytes.insert(0, if v2 { RecordType::SamplesV2 } else { RecordType::Samples }.byte());
        let Ok(Record::Samples(entries)) = Record::parse(&bytes) else { return Ok(()) };
        let one_by_one: Result<Vec<_>, _> = entries.clone().collect();
        let mut columns = SampleColumns::default();
        columns.push(Stamp { series: 1, time: 2, start: 3 }, 4.0);
        let at_once = entries.decode_into(&mut columns);
        prop_assert_eq!(at_once, one_by_one.as_ref().map(Vec::len).map_err(|error| *error));
        let expect = one_by_one.unwrap_or_default();
        let expect: Vec<_> = expect.iter().map(|entry| (entry.stamp, entry.value.to_bits())).collect();
        prop_assert_eq!(&samples_of(&columns)[1..], expect);
    }

    /// To judge a record and to read it is different code too.
    #[test]
    fn any_bytes_are_strict_where_they_can_be_read(
        record_type in prop::sample::select(RecordType::ALL.to_vec()),
        mut bytes in prop::collection::vec(prop_oneof![3 => Just(0u8), 1 => 0..4u8, 1 => any::<u8>()], 0..120),
    ) {
        bytes.insert(0, record_type.byte());
        let labels = matches!(record_type, RecordType::Series | RecordType::Exemplars);
        prop_assert!(is_strict(&bytes) == reencode(&bytes).is_ok() || labels && !is_strict(&bytes));
    }

    /// A cut record is an error, unless it is cut between two entries: there are as many such places as entries.
    #[test]
    fn a_cut_record_is_an_error(expect in prop::collection::vec((stamp(), float(), pairs()), 1..6)) {
        let (mut samples, mut exemplars) = (Vec::new(), Vec::new());
        let mut encoder = SamplesEncoder::with_version(Version::V2, &mut samples);
        expect.iter().for_each(|(stamp, value, _)| encoder.push(*stamp, *value));
        let mut encoder = ExemplarsEncoder::new(&mut exemplars);
        expect.iter().for_each(|(stamp, value, pairs)| encoder.push(*stamp, *value, borrowed(pairs)));
        for (bytes, no_entries) in [(samples, &[1][..]), (exemplars, &[1, 17])] {
            let sound = (1..bytes.len()).filter(|cut| reencode(&bytes[..*cut]).is_ok());
            let expect = no_entries.len() + expect.len() - 1;
            prop_assert_eq!(sound.count(), expect);
        }
    }
}
