//! Records of the log: whatever the bytes, reading them ends; all ways of reading agree; what was written is stable.

use promd_model::{FloatHistogram, Histogram, LabelsBuilder};
use promd_wal::record::{Record, SampleColumns, is_strict};

#[path = "../../crates/wal/tests/support/reencode.rs"]
mod reencode;

use reencode::reencode;

/// Reads the bytes as a record, in every way there is.
pub fn wal_record(bytes: &[u8]) {
    read_by_type(bytes);
    let written = reencode(bytes);
    if is_strict(bytes) {
        assert!(written.is_ok(), "a strict record can be read");
    }
    match written.unwrap_or_default().as_slice() {
        [] => {}
        [record] => assert_eq!(reencode(record).as_deref(), Ok(&[record.clone()][..])),
        // The head of the first may be that of a histogram that went into the second.
        records => {
            for record in records {
                let again = reencode(record).expect("what was written is sound");
                let [record] = again.as_slice() else { panic!("{again:?}") };
                assert_eq!(reencode(record).as_deref(), Ok(&again[..]));
            }
        }
    }
}

/// What only one type has: columns, label sets, buckets. Nothing may be larger than the bytes allow.
fn read_by_type(bytes: &[u8]) {
    match Record::parse(bytes) {
        Ok(Record::Series(entries)) => {
            let mut scratch = LabelsBuilder::new();
            for entry in entries.map_while(Result::ok) {
                assert_eq!(entry.labels.iter().count(), entry.labels.len());
                if let Ok(labels) = entry.labels.view(&mut scratch) {
                    assert!(labels.len() <= entry.labels.len());
                }
            }
        }
        Ok(Record::Samples(entries)) => {
            let one_by_one: Result<Vec<_>, _> = entries.clone().collect();
            let mut columns = SampleColumns::default();
            let at_once = entries.decode_into(&mut columns);
            assert_eq!(at_once, one_by_one.as_ref().map(Vec::len).map_err(|error| *error));
            let one_by_one = one_by_one.unwrap_or_default();
            assert!(columns.len() == one_by_one.len() && columns.len() <= bytes.len() / 10);
            for ((stamp, value), entry) in columns.iter().zip(one_by_one) {
                assert_eq!((stamp, value.to_bits()), (entry.stamp, entry.value.to_bits()));
            }
        }
        Ok(Record::Histograms(mut entries)) => {
            let mut histogram = Histogram::default();
            while let Ok(Some(_)) = entries.next_into(&mut histogram) {
                assert!(histogram.positive_buckets.len() + histogram.negative_buckets.len() <= bytes.len());
                assert!(2 * (histogram.positive_spans.len() + histogram.negative_spans.len()) <= bytes.len());
            }
        }
        Ok(Record::FloatHistograms(mut entries)) => {
            let mut histogram = FloatHistogram::default();
            while let Ok(Some(_)) = entries.next_into(&mut histogram) {
                assert!(8 * (histogram.positive_buckets.len() + histogram.negative_buckets.len()) <= bytes.len());
                assert!(8 * histogram.custom_values.len() <= bytes.len());
            }
        }
        _ => {}
    }
}
