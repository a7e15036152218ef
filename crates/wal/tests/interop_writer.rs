//! Logs that we wrote, replayed by the real Prometheus: closed and not, by every compression, and after full disks and
//! failed writes and syncs.
#![expect(clippy::unwrap_used, reason = "a failure to set up is a failure of the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use promd_clock::{SimClock, WallTime};
use promd_fs::{FaultPlan, Fs, RealFs, SimFs};
use promd_testkit::Server;
use promd_wal::record::{SamplesEncoder, SeriesEncoder, Stamp};
use promd_wal::{Compression, Log, Options, SyncPolicy, list_segments, segment_name};

const SERIES: u64 = 50;
const START: i64 = 1_700_000_000_000;

/// Samples by series, time and bits of the value.
type Samples = BTreeSet<(u64, i64, u64)>;

fn labels(series: u64) -> [(String, String); 2] {
    // Long enough that the record of all of them crosses a page.
    [("__name__".to_owned(), format!("metric_{}", "x".repeat(700))), ("series".to_owned(), series.to_string())]
}

fn series_record() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = SeriesEncoder::new(&mut bytes);
    for series in 1..=SERIES {
        let labels = labels(series);
        encoder.push(series, labels.each_ref().map(|(name, value)| (name.as_bytes(), value.as_bytes())));
    }
    bytes
}

/// One scrape, 15 s after the one before it.
fn scrape(number: i64) -> (Vec<u8>, Samples) {
    let mut bytes = Vec::new();
    let mut samples = Samples::new();
    let mut encoder = SamplesEncoder::new(&mut bytes);
    for series in 1..=SERIES {
        let time = START + number * 15_000;
        let value = f64::from(u32::try_from(number).unwrap()) * 1.25 + f64::from(u32::try_from(series).unwrap());
        encoder.push(Stamp { series, time, start: 0 }, value);
        samples.insert((series, time, value.to_bits()));
    }
    (bytes, samples)
}

fn open(fs: Arc<dyn Fs>, dir: &Path, options: Options) -> Log {
    Log::open(fs, Arc::new(SimClock::new(WallTime::from_millis(START))), dir, options).unwrap()
}

#[test]
fn prometheus_replays_what_we_write() {
    let Some(program) = promd_testkit::peer("prometheus") else { return };
    for compression in Compression::ALL {
        for close in [true, false] {
            let dir = tempfile::tempdir().unwrap();
            let mut expected = Samples::new();
            // Two processes, one after the other.
            for life in 0..2 {
                let options = Options::default().compression(compression).segment_size(32_768);
                let log = open(Arc::new(RealFs::new()), &dir.path().join("data/wal"), options);
                if life == 0 {
                    log.append(&[&series_record()]).unwrap();
                }
                for number in life * 200..(life + 1) * 200 {
                    let (record, samples) = scrape(number);
                    log.append(&[&record]).unwrap();
                    expected.extend(samples);
                }
                if close {
                    log.close().unwrap();
                }
            }
            let segments = list_segments(&RealFs::new(), &dir.path().join("data/wal")).unwrap();
            assert!(segments.len() > 2, "{compression:?}: it was to change segments");
            let found = replayed(&program, dir.path());
            assert!(found == expected, "{compression:?}, closed {close}: {} of {}", found.len(), expected.len());
        }
    }
}

/// What a log on a disk that fills up and fails has acknowledged is there after the process was killed, for Prometheus too.
#[test]
fn prometheus_replays_what_was_acknowledged_on_a_failing_disk() {
    let Some(program) = promd_testkit::peer("prometheus") else { return };
    for seed in 0..6 {
        let sim = SimFs::new(seed);
        let wal = Path::new("/data/wal");
        let policies = [SyncPolicy::Always, SyncPolicy::Segment, SyncPolicy::Interval(Duration::ZERO)];
        let policy = policies[usize::try_from(seed).unwrap() % 3];
        let log = open(Arc::new(sim.clone()), wal, Options::default().sync(policy).segment_size(32_768));
        log.append(&[&series_record()]).unwrap();
        let (mut acknowledged, mut attempted, mut refused) = (Samples::new(), Samples::new(), 0);
        for number in 0..200 {
            let plan = FaultPlan::new().short_writes(4);
            let used = sim.space(wal).map(|space| space.total - space.free).unwrap_or_default();
            match number % 40 {
                10 => sim.set_plan(plan.capacity(used + 4096 * (seed % 2))),
                20 => sim.set_plan(plan.write_errors(3).sync_errors(4)),
                30 => sim.set_plan(plan),
                _ => {}
            }
            let (record, samples) = scrape(number);
            attempted.extend(samples.iter().copied());
            match log.append(&[&record]) {
                Ok(position) => {
                    acknowledged.extend(samples);
                    log.durability().wait(position).block().ok();
                }
                Err(_) => refused += 1,
            }
            log.tick().ok();
        }
        let faults = sim.faults();
        assert!(refused > 10 && faults.disk_full > 0 && faults.write_errors > 0 && faults.sync_errors > 0, "{faults}");

        let killed = sim.crash_process();
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("data/wal")).unwrap();
        for segment in list_segments(&killed, wal).unwrap() {
            let name = segment_name(segment.number);
            let bytes = killed.read_to_vec(&wal.join(&name), 1 << 30).unwrap();
            fs::write(dir.path().join("data/wal").join(name), bytes).unwrap();
        }
        let found = replayed(&program, dir.path());
        let missing = acknowledged.difference(&found).count();
        assert_eq!(missing, 0, "seed {seed}: of {} acknowledged samples", acknowledged.len());
        assert!(found.is_subset(&attempted), "seed {seed}: samples that nobody wrote");
    }
}

/// All samples that Prometheus answers with when it is started on a data directory.
fn replayed(program: &Path, dir: &Path) -> Samples {
    let server = Server::launch(program, dir).start();
    let answer = server.query("{__name__=~\".+\"}[1d]", &(START / 1000 + 80_000).to_string()).unwrap();
    let seen = server.log();
    for complaint in ["corrupt", "level=ERROR", "Unknown series references"] {
        assert!(!seen.contains(complaint), "{complaint}:\n{seen}");
    }
    parse(&answer)
}

fn parse(answer: &serde_json::Value) -> Samples {
    let mut samples = Samples::new();
    let names: BTreeMap<String, u64> = (1..=SERIES).map(|series| (series.to_string(), series)).collect();
    for series in answer["result"].as_array().unwrap() {
        let number = names[series["metric"]["series"].as_str().unwrap()];
        for sample in series["values"].as_array().unwrap() {
            let seconds = sample[0].as_f64().unwrap();
            #[expect(clippy::cast_possible_truncation, reason = "whole seconds of this century")]
            let time = (seconds * 1000.0) as i64;
            let value: f64 = sample[1].as_str().unwrap().parse().unwrap();
            samples.insert((number, time, value.to_bits()));
        }
    }
    samples
}
