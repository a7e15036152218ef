//! Every record of every sound log that the real Prometheus (3.5.3 and 2.53.3) left: it decodes to its last byte, encodes to
//! the same bytes, and what it holds is what the real server answers from it.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "support/reencode.rs"]
mod reencode;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use promd_codec::compress::Decoder;
use promd_model::{FloatHistogram, Histogram, Labels, LabelsBuilder, is_stale};
use promd_testkit::conformance;
use promd_wal::record::{HistogramEntry, HistogramRecord, Histograms, Record, RecordType, Stamp, is_strict};
use promd_wal::{Compression, HEADER, Header, PAGE, Part, parse_checkpoint_name, parse_segment_name};
use reencode::reencode;

/// The records of a sound segment. Repair tells by strictness whether the compression bits are right: what is compressed
/// must not pass for a record.
fn records(segment: &[u8]) -> Vec<Vec<u8>> {
    let (mut records, mut compressed) = (Vec::new(), Vec::new());
    let mut decoder = Decoder::new();
    for page in segment.chunks(PAGE) {
        let mut rest = page;
        while let Some((header, behind)) = rest.split_first_chunk::<HEADER>() {
            let header = Header::from_bytes(header);
            let Some(kind) = header.kind() else { break };
            let (data, behind) = behind.split_at(usize::from(header.len));
            assert!(header.covers(data));
            rest = behind;
            compressed.extend_from_slice(data);
            if matches!(kind.part, Part::Full | Part::Last) {
                let mut record = Vec::new();
                decoder.decode(kind.compression.codec(), &compressed, 1 << 24, &mut record).unwrap();
                assert_eq!(is_strict(&compressed), kind.compression == Compression::None);
                records.push(record);
                compressed.clear();
            }
        }
    }
    assert!(compressed.is_empty(), "a torn record");
    records
}

/// The entries of a folder whose names `number_of` knows, by number.
fn numbered(folder: &Path, number_of: fn(&str) -> Option<u64>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if let Some(number) = path.file_name().and_then(|name| number_of(name.to_str()?)) {
            found.push((number, path));
        }
    }
    found.sort();
    found.into_iter().map(|(_, path)| path).collect()
}

/// The records of all segments in a folder.
fn log(folder: &Path) -> Vec<Vec<u8>> {
    numbered(folder, parse_segment_name).iter().flat_map(|segment| records(&fs::read(segment).unwrap())).collect()
}

/// The data directories that nothing was done to.
fn sound_directories() -> Vec<PathBuf> {
    let Some(root) = conformance("tsdb") else { return Vec::new() };
    let sound = |path: &PathBuf| !path.join("promd.json").exists();
    let mut found: Vec<_> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(sound).collect();
    found.sort();
    assert!(found.len() >= 18, "{found:?}");
    found
}

#[test]
fn every_record_encodes_to_the_same_bytes() {
    let mut seen: BTreeMap<RecordType, usize> = BTreeMap::new();
    for directory in sound_directories() {
        let wal = directory.join("data/wal");
        let mut logs = vec![log(&wal), log(&directory.join("data/wbl"))];
        logs.extend(numbered(&wal, parse_checkpoint_name).iter().map(|checkpoint| log(checkpoint)));
        for records in logs {
            for (index, record) in records.iter().enumerate() {
                let record_type = RecordType::of(record).unwrap();
                assert!(is_strict(record), "record {index} of {}", directory.display());
                *seen.entry(record_type).or_default() += 1;
                assert_eq!(reencode(record).unwrap(), [record.as_slice()], "record {index} of {}", directory.display());
            }
        }
    }
    if !seen.is_empty() {
        // Prometheus 3.5.3 writes all types but the last three.
        assert_eq!(seen.keys().copied().collect::<Vec<_>>(), RecordType::ALL[..10], "{seen:?}");
    }
}

/// What a series of a log holds: whether each sample is a histogram and whether it marks the end of the series.
type Held = BTreeMap<i64, (bool, bool)>;

/// Everything that a log holds, as the head would take it.
#[derive(Default)]
struct Contents {
    series: BTreeMap<Labels, Held>,
    labels_of: HashMap<u64, Labels>,
    exemplars: usize,
    deleted: Vec<(Labels, i64, i64)>,
}

impl Contents {
    fn put(&mut self, stamp: Stamp, histogram: bool, stale: bool) {
        let labels = &self.labels_of[&stamp.series];
        // The first sample of a time is the one that counts.
        self.series.entry(labels.clone()).or_default().entry(stamp.time).or_insert((histogram, stale));
    }

    fn put_histograms<H: HistogramRecord>(&mut self, mut entries: Histograms<'_, H>, sum_of: fn(&H) -> f64) {
        let mut histogram = H::default();
        while let Some(entry) = entries.next_into(&mut histogram).unwrap() {
            let HistogramEntry::Kept(stamp) = entry else { panic!("{entry:?}") };
            self.put(stamp, true, is_stale(sum_of(&histogram)));
        }
    }

    fn replay(&mut self, record: &[u8]) {
        let mut scratch = LabelsBuilder::new();
        match Record::parse(record).unwrap() {
            Record::Series(entries) => {
                for entry in entries.map(Result::unwrap) {
                    self.labels_of.insert(entry.series, entry.labels.view(&mut scratch).unwrap().to_labels());
                }
            }
            Record::Samples(entries) => {
                for entry in entries.map(Result::unwrap) {
                    self.put(entry.stamp, false, is_stale(entry.value));
                }
            }
            Record::Histograms(entries) => self.put_histograms(entries, |histogram: &Histogram| histogram.sum),
            Record::FloatHistograms(entries) => {
                self.put_histograms(entries, |histogram: &FloatHistogram| histogram.sum);
            }
            Record::Tombstones(entries) => {
                for entry in entries.map(Result::unwrap) {
                    self.deleted.push((self.labels_of[&entry.series].clone(), entry.min, entry.max));
                }
            }
            Record::Exemplars(entries) => self.exemplars += entries.map(Result::unwrap).count(),
            Record::MmapMarkers(_) | Record::Metadata(_) => {}
            other => panic!("{other:?}"),
        }
    }

    /// How many series, floats and histograms an answer shows: neither what was deleted nor stale markers.
    fn counts(mut self) -> [usize; 3] {
        for (labels, min, max) in &self.deleted {
            if let Some(samples) = self.series.get_mut(labels) {
                samples.retain(|time, _| !(*min..=*max).contains(time));
            }
        }
        let mut counts = [0; 3];
        for samples in self.series.values() {
            let histograms = samples.values().filter(|(histogram, stale)| *histogram && !stale).count();
            let floats = samples.values().filter(|(histogram, stale)| !histogram && !stale).count();
            let shown = usize::from(histograms + floats > 0);
            counts = [counts[0] + shown, counts[1] + floats, counts[2] + histograms];
        }
        counts
    }
}

/// The number behind a key of `expect.json`.
fn expected(json: &str, key: &str) -> usize {
    let (_, behind) = json.split_once(&format!("\"{key}\": ")).unwrap();
    behind.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

/// Where all data lies in the log, the log holds what the real server answered.
#[test]
fn what_a_log_holds_is_what_the_real_server_answers() {
    let mut checked = 0;
    for directory in sound_directories() {
        let wal = directory.join("data/wal");
        let records = log(&wal);
        let in_blocks =
            fs::read_dir(directory.join("data")).unwrap().any(|entry| entry.unwrap().path().join("meta.json").exists());
        if in_blocks || records.is_empty() || !numbered(&wal, parse_checkpoint_name).is_empty() {
            continue;
        }
        let mut contents = Contents::default();
        records.iter().for_each(|record| contents.replay(record));
        let expect = fs::read_to_string(directory.join("expect.json")).unwrap();
        let exemplars = contents.exemplars;
        assert_eq!(
            contents.counts(),
            ["series", "floats", "histograms"].map(|key| expected(&expect, key)),
            "{}",
            directory.display()
        );
        assert_eq!(exemplars, expected(&expect, "exemplars"), "{}", directory.display());
        checked += 1;
    }
    assert!(checked == 0 || checked >= 8, "{checked} directories");
}
