//! Logs made here, and crashes at every operation.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::path::Path;
use std::sync::Arc;

use promd_fs::{FaultPlan, Fs, SimFs};
use promd_wal::record::{SamplesEncoder, SeriesEncoder, Stamp};
use promd_wal::{Compression, Framer, segment_name};

use super::{put, sync_all};

/// A record that defines a series.
pub(crate) fn series(series: u64) -> Vec<u8> {
    let mut record = Vec::new();
    let number = series.to_string();
    let labels: [(&[u8], &[u8]); 2] = [(b"__name__", b"a_total"), (b"n", number.as_bytes())];
    SeriesEncoder::new(&mut record).push(series, labels);
    record
}

/// A record of samples of a series, at the times from `from` on.
pub(crate) fn samples(series: u64, from: i64, count: i64) -> Vec<u8> {
    let mut record = Vec::new();
    let mut encoder = SamplesEncoder::new(&mut record);
    for time in from..from + count {
        encoder.push(Stamp::new(series, time), 0.5);
    }
    record
}

/// The bytes of a segment.
pub(crate) fn segment(records: &[Vec<u8>]) -> Vec<u8> {
    let (mut bytes, mut framer) = (Vec::new(), Framer::new());
    for record in records {
        let payload = framer.payload(Compression::Snappy, record).unwrap();
        payload.put(bytes.len() as u64, &mut bytes);
    }
    bytes
}

/// Writes segments with these records, from number 0, and syncs them.
pub(crate) fn write_log(fs: &SimFs, dir: &Path, segments: &[Vec<Vec<u8>>]) {
    fs.create_dir_all(dir).unwrap();
    for (number, records) in (0..).zip(segments) {
        put(fs, &dir.join(segment_name(number)), &segment(records));
    }
    sync_all(fs, dir);
}

/// Does `act` again and again, stopped at each operation in turn, and looks at some outcomes of the power loss then.
/// Returns how many outcomes those were.
pub(crate) fn crash_everywhere(
    build: impl Fn() -> SimFs,
    act: impl Fn(&Arc<dyn Fs>) -> bool,
    check: impl Fn(&SimFs, &str),
) -> usize {
    let mut outcomes = 0;
    for op in 1.. {
        let sim = build();
        sim.set_plan(FaultPlan::new().stop_at(sim.ops() + op));
        let done = act(&(Arc::new(sim.clone()) as Arc<dyn Fs>));
        for _ in 0..4 {
            let rebooted = sim.power_loss();
            rebooted.set_plan(FaultPlan::new());
            check(&rebooted, &format!("stopped at operation {op}:\n{}", sim.log()));
            outcomes += 1;
        }
        if done {
            assert!(op > 3, "it did nothing");
            return outcomes;
        }
    }
    outcomes
}
