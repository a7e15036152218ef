//! Reading allocates nothing once the buffers of the caller have grown, and forged counts allocate nothing at all.

use promd_model::{Histogram, Labels, LabelsBuilder, Span};
use promd_testkit::CountingAllocator;
use promd_wal::record::{
    HistogramsEncoder, Record, SampleColumns, SamplesEncoder, SeriesEncoder, Stamp, Version, is_strict,
};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

#[test]
fn steady_reading_allocates_nothing() {
    let (mut series, mut samples, mut starts) = (Vec::new(), Vec::new(), Vec::new());
    let (mut histograms, mut custom) = (Vec::new(), Vec::new());
    let mut series_encoder = SeriesEncoder::new(&mut series);
    let mut samples_encoder = SamplesEncoder::new(&mut samples);
    let mut starts_encoder = SamplesEncoder::with_version(Version::V2, &mut starts);
    let mut histograms_encoder = HistogramsEncoder::new(Version::V1, &mut histograms, &mut custom);
    let labels = [
        Labels::from_pairs([("__name__", "up"), ("job", "a")]).unwrap(),
        Labels::from_pairs([("__name__", "up"), ("job", "long".repeat(50).as_str())]).unwrap(),
    ];
    let histogram = Histogram {
        count: 3,
        positive_spans: vec![Span::new(0, 2)],
        positive_buckets: vec![1, 1],
        ..Histogram::default()
    };
    for (number, labels) in (0..100).zip(labels.iter().cycle()) {
        let stamp = Stamp { series: number, time: 1_000, start: 500 };
        series_encoder.push(number, labels.iter_bytes());
        samples_encoder.push(stamp, 1.5);
        starts_encoder.push(stamp, 1.5);
        histograms_encoder.push(stamp, &histogram);
    }

    let (mut scratch, mut columns, mut read) = (LabelsBuilder::new(), SampleColumns::default(), Histogram::default());
    let mut replay = || {
        let mut entries = 0;
        for record in [&series, &samples, &starts, &histograms] {
            match Record::parse(record).unwrap() {
                Record::Series(series) => {
                    entries += series.filter(|entry| entry.unwrap().labels.view(&mut scratch).is_ok()).count();
                }
                Record::Samples(samples) => {
                    columns.clear();
                    entries += samples.decode_into(&mut columns).unwrap();
                }
                Record::Histograms(mut histograms) => {
                    while histograms.next_into(&mut read).unwrap().is_some() {
                        entries += 1;
                    }
                }
                other => panic!("{other:?}"),
            }
        }
        entries
    };
    assert_eq!(replay(), 400);
    let (entries, allocated) = CountingAllocator::during(replay);
    assert_eq!((entries, allocated.calls), (400, 0));

    let records = [&series, &samples, &starts, &histograms];
    let (strict, allocated) = CountingAllocator::during(|| records.iter().all(|record| is_strict(record)));
    assert_eq!((strict, allocated.calls), (true, 0));
}

/// A count of 2^56 spans, buckets, labels or bytes, and nothing behind it.
#[test]
fn forged_counts_allocate_nothing() {
    const HUGE: &[u8] = b"\x80\x80\x80\x80\x80\x80\x80\x80\x01";
    let head = [0; 16];
    let histogram = [&b"\x07"[..], &head, b"\0\0", b"\0\0", &[0; 8], b"\0\0", &[0; 8], HUGE].concat();
    let series = [&b"\x01"[..], &[0; 8], HUGE].concat();
    let mut read = Histogram::default();
    for record in [&histogram, &series] {
        let (refused, allocated) = CountingAllocator::during(|| match Record::parse(record).unwrap() {
            Record::Histograms(mut entries) => entries.next_into(&mut read).is_err(),
            Record::Series(mut entries) => entries.next().unwrap().is_err(),
            other => panic!("{other:?}"),
        });
        assert!(refused);
        assert_eq!(allocated.calls, 0);
    }
}
