//! Decodes a record and encodes its entries again. The fuzz targets include this file too.

use promd_wal::record::{
    ExemplarsEncoder, HistogramEntry, HistogramRecord, Histograms, HistogramsEncoder, MetadataEncoder,
    MmapMarkersEncoder, Record, RecordError, RecordType, SamplesEncoder, SeriesEncoder, TombstonesEncoder, Version,
};

/// The records that the entries of `record` make: one, or none if its type is unknown. Histograms may make two, one of
/// each kind of buckets, or none; those that are to be dropped are left out.
pub(crate) fn reencode(record: &[u8]) -> Result<Vec<Vec<u8>>, RecordError> {
    let mut out = Vec::new();
    match Record::parse(record)? {
        Record::Series(entries) => {
            let mut encoder = SeriesEncoder::new(&mut out);
            for entry in entries {
                let entry = entry?;
                encoder.push(entry.series, entry.labels);
            }
        }
        Record::Samples(entries) => {
            let version = version_of(entries.record_type());
            let mut encoder = SamplesEncoder::with_version(version, &mut out);
            for entry in entries {
                let entry = entry?;
                encoder.push(entry.stamp, entry.value);
            }
        }
        Record::Tombstones(entries) => {
            let mut encoder = TombstonesEncoder::new(&mut out);
            for entry in entries {
                encoder.push(entry?);
            }
        }
        Record::Exemplars(entries) => {
            let mut encoder = ExemplarsEncoder::new(&mut out);
            for entry in entries {
                let entry = entry?;
                encoder.push(entry.stamp, entry.value, entry.labels);
            }
        }
        Record::MmapMarkers(entries) => {
            let mut encoder = MmapMarkersEncoder::new(&mut out);
            for entry in entries {
                encoder.push(entry?);
            }
        }
        Record::Metadata(entries) => {
            let mut encoder = MetadataEncoder::new(&mut out);
            for entry in entries {
                encoder.push(&entry?);
            }
        }
        Record::Histograms(entries) => return reencode_histograms(entries),
        Record::FloatHistograms(entries) => return reencode_histograms(entries),
        _ => return Ok(Vec::new()),
    }
    Ok(vec![out])
}

fn reencode_histograms<H: HistogramRecord>(mut entries: Histograms<'_, H>) -> Result<Vec<Vec<u8>>, RecordError> {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    let mut encoder = HistogramsEncoder::new(version_of(entries.record_type()), &mut first, &mut second);
    let mut histogram = H::default();
    while let Some(entry) = entries.next_into(&mut histogram)? {
        if let HistogramEntry::Kept(stamp) = entry {
            encoder.push(stamp, &histogram);
        }
    }
    Ok([first, second].into_iter().filter(|record| !record.is_empty()).collect())
}

/// The version of the stamps in records of a type.
fn version_of(record_type: RecordType) -> Version {
    match record_type {
        RecordType::SamplesV2 | RecordType::HistogramsV2 | RecordType::FloatHistogramsV2 => Version::V2,
        _ => Version::V1,
    }
}
