//! Segments of the log, damaged in every way.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use promd_fs::{Fs, SimFs};
use promd_wal::record::{SamplesEncoder, SeriesEncoder, Stamp};
use promd_wal::{
    Compression, Damage, Event, Framer, LogKind, LogReader, ReadOptions, RepairOptions, SegmentReader, repair,
};

const DIR: &str = "/wal";
const PATH: &str = "/wal/00000000";
/// No record of a small input is larger, unless it is a bomb.
const MAX_RECORD: usize = 1 << 20;

/// Where a record lies, and what it is.
type Placed = (u64, u64, Vec<u8>);

/// A sound segment of three pages with records of all compressions, one of which crosses two page boundaries.
static SOUND: LazyLock<(Vec<u8>, Vec<Vec<u8>>)> = LazyLock::new(|| {
    let (mut bytes, mut records, mut framer) = (Vec::new(), Vec::new(), Framer::new());
    for n in 0..60u64 {
        let mut record = Vec::new();
        if n % 6 == 0 {
            let value = n.to_string();
            let labels: [(&[u8], &[u8]); 2] = [(b"__name__", b"a_total"), (b"n", value.as_bytes())];
            SeriesEncoder::new(&mut record).push(n, labels);
        } else {
            let mut encoder = SamplesEncoder::new(&mut record);
            // 41 is a number whose record of floats takes more than a page.
            for time in 0..if n == 41 { 4_000 } else { 20 + n } {
                encoder.push(Stamp::new(n, time.cast_signed()), (n * time) as f64 / 7.0);
            }
        }
        let compression = Compression::ALL[usize::try_from(n % 3).unwrap_or_default()];
        framer.payload(compression, &record).expect("it compresses").put(bytes.len() as u64, &mut bytes);
        records.push(record);
    }
    (bytes, records)
});

/// Bytes that are a segment: everything is read, nothing panics, and what a repair leaves is sound.
///
/// If the first byte is odd, the rest is a list of changes to a sound segment instead: offset, and what is flipped there. Then
/// nothing is found that was not written, and one change takes one record.
pub fn wal_segment(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    if first % 2 == 0 {
        check(rest);
        return;
    }
    let (mut bytes, records) = SOUND.clone();
    let mut changed = 0;
    for change in rest.chunks_exact(4).take(8) {
        let &[a, b, c, flip] = change else { continue };
        let at = u32::from_be_bytes([0, a, b, c]) as usize % bytes.len();
        changed += usize::from(flip != 0);
        bytes[at] ^= flip;
    }
    let (found, damage) = check(&bytes);
    for (start, _, record) in &found {
        assert!(records.contains(record), "made up at {start}");
    }
    let lost = records.len() - found.len();
    // Of several in one page the one can hide the way on behind the other.
    assert!(changed != 1 || lost <= 1, "{lost} records lost by one change");
    assert!(changed != 0 || lost == 0);
    assert!(lost == 0 || damage.iter().any(|damage| damage.cause.is_loss() || damage.range.end == bytes.len() as u64));
}

fn check(bytes: &[u8]) -> (Vec<Placed>, Vec<Damage>) {
    let sim = SimFs::new(1);
    sim.create_dir(Path::new(DIR)).expect("an empty file system");
    sim.write_atomically(Path::new(PATH), bytes).expect("an empty file system");
    let fs: Arc<dyn Fs> = Arc::new(sim);
    let (found, damage) = read(&fs);

    // In order, within the file, and not over each other.
    let records = found.iter().map(|(start, end, _)| (*start, *end));
    let losses =
        damage.iter().filter(|damage| damage.cause.is_loss()).map(|damage| (damage.range.start, damage.range.end));
    let mut places: Vec<_> = records.chain(losses).collect();
    places.sort_unstable();
    for pair in places.windows(2) {
        assert!(pair[0].1 <= pair[1].0, "{pair:?} lie over each other");
    }
    assert!(places.iter().all(|(start, end)| start <= end && *end <= bytes.len() as u64));

    // What a repair leaves is sound, and is what was found.
    let options = RepairOptions::new(LogKind::Wal, "/aside").read(ReadOptions::default().max_record(MAX_RECORD));
    let report = repair(&fs, Path::new(DIR), &options).expect("nothing fails");
    assert_eq!(report.damage, damage);
    let (again, left) = read(&fs);
    assert!(left.is_empty(), "{left:?} after {damage:?}");
    let contents = |found: &[Placed]| found.iter().map(|(_, _, record)| record.clone()).collect::<Vec<_>>();
    assert_eq!(contents(&again), contents(&found));

    // Reading on from the begin of any record gives that record.
    if let Some((start, _, record)) = again.get(again.len() / 2) {
        let mut reader = SegmentReader::new(ReadOptions::default().max_record(MAX_RECORD));
        reader.open(&*fs, Path::new(DIR), promd_wal::SegmentId::log(0)).expect("it is there");
        reader.seek(*start).expect("nothing fails");
        let Ok(Some(Event::Record(found))) = reader.next() else { panic!("no record at {start}") };
        assert_eq!((found.start, found.bytes), (*start, record.as_slice()));
    }
    (found, damage)
}

fn read(fs: &Arc<dyn Fs>) -> (Vec<Placed>, Vec<Damage>) {
    let options = ReadOptions::default().max_record(MAX_RECORD);
    let mut log = LogReader::open(Arc::clone(fs), Path::new(DIR), LogKind::Wal, options).expect("nothing fails");
    let (mut found, mut damage) = (Vec::new(), Vec::new());
    while let Some(event) = log.next().expect("nothing fails") {
        match event {
            Event::Record(record) => found.push((record.start, record.end, record.bytes.to_vec())),
            Event::Damage(one) => damage.push(one),
        }
    }
    (found, damage)
}
