//! Syncs: who does them, who waits for them, and how many there are.
#![expect(clippy::unwrap_used, reason = "a failure to set up is a failure of the test")]

use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, SystemTime};

use promd_clock::{Clock, RealClock, SimClock, WallTime};
use promd_fs::{ErrorKind, Failure, Fs, Op, SimFs};
use promd_metrics::{Registry, Sample, Sink, Snapshot, Value};
use promd_wal::{Log, LogMetrics, Maintenance, Options, Position, SyncPolicy, segment_name};

const DIR: &str = "/wal";

fn open(fs: &SimFs, clock: impl Clock + 'static, options: Options) -> Log {
    Log::open(Arc::new(fs.clone()), Arc::new(clock), Path::new(DIR), options).unwrap()
}

fn sim_clock() -> SimClock {
    SimClock::new(WallTime::from_millis(0))
}

/// A waker that counts.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

#[test]
fn each_policy_syncs_when_it_says() {
    let second = Duration::from_secs(1);
    // What is safe after an append, after a tick at once, after a tick a second later, and after the next segment has begun
    // and a tick: as the records of the append and of none.
    for (policy, expected) in [
        (SyncPolicy::Segment, [false, false, false, true]),
        (SyncPolicy::Interval(second), [false, false, true, true]),
        (SyncPolicy::Always, [false, true, true, true]),
    ] {
        let (fs, clock) = (SimFs::new(1), sim_clock());
        let log = open(&fs, clock.clone(), Options::default().sync(policy));
        let position = log.append(&[b"x"]).unwrap();
        let safe = || log.durability().synced_to() >= position;
        let mut seen = vec![safe()];
        log.tick().unwrap();
        seen.push(safe());
        clock.advance(second);
        log.tick().unwrap();
        seen.push(safe());
        log.next_segment().unwrap();
        log.tick().unwrap();
        seen.push(safe());
        assert_eq!(seen, expected, "{policy:?}");
        assert!(!log.tick().unwrap(), "nothing is left to do");
    }
}

#[test]
fn a_wait_is_over_at_once_unless_the_policy_is_always() {
    for (policy, over) in
        [(SyncPolicy::Segment, true), (SyncPolicy::Interval(Duration::from_secs(1)), true), (SyncPolicy::Always, false)]
    {
        let log = open(&SimFs::new(1), sim_clock(), Options::default().sync(policy));
        let position = log.append(&[b"x"]).unwrap();
        let wait = log.durability().wait(position);
        assert_eq!(wait.is_ready(), over, "{policy:?}");
        wait.block().unwrap();
        assert_eq!(log.durability().synced_to() >= position, !over);
    }
}

#[test]
fn a_future_is_woken_by_the_sync_and_blocks_nobody() {
    let log = open(&SimFs::new(1), sim_clock(), Options::default());
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut context = Context::from_waker(&waker);
    let position = log.append(&[b"x"]).unwrap();
    let mut synced = pin!(log.durability().synced(position));
    assert!(synced.as_mut().poll(&mut context).is_pending());
    assert!(synced.as_mut().poll(&mut context).is_pending());
    assert_eq!(woken.0.load(Relaxed), 0);
    assert!(log.tick().unwrap(), "somebody waits, so it is due");
    assert_eq!(woken.0.load(Relaxed), 1);
    assert!(matches!(synced.as_mut().poll(&mut context), Poll::Ready(Ok(()))));
    // What is not logged is not waited for.
    let far = Position::new(u64::MAX, 0);
    assert!(log.durability().synced(far).is_ready());
}

#[test]
fn everybody_who_waited_for_a_sync_is_told_that_it_failed_and_can_wait_again() {
    let fs = SimFs::new(1);
    let log = open(&fs, sim_clock(), Options::default());
    let position = log.append(&[b"x"]).unwrap();
    // The sync, and the one of the segment that the records are written to instead.
    fs.inject(Failure::of(Op::Sync).times(2));
    let mut context = Context::from_waker(Waker::noop());
    let mut first = pin!(log.durability().synced(position));
    let mut second = pin!(log.durability().synced(position));
    assert!(first.as_mut().poll(&mut context).is_pending());
    assert!(second.as_mut().poll(&mut context).is_pending());
    let error = log.tick().unwrap_err();
    assert_eq!(error.to_string(), "the log in /wal could not write again what a failed sync may have lost");
    for waiting in [first, second] {
        let Poll::Ready(Err(told)) = waiting.poll(&mut context) else { panic!("it was not told") };
        assert_eq!(told.to_string(), error.to_string());
    }
    assert!(log.durability().synced_to() < position);
    log.durability().synced(position).block().unwrap();
    assert!(log.durability().synced_to() >= position);
    // The record has a segment of its own, and the file that was not trusted has lost it.
    assert_eq!(log.position().segment, 1);
    assert_eq!(fs.metadata(&Path::new(DIR).join(segment_name(0))).unwrap().size, 0);
}

#[test]
fn a_full_disk_refuses_appends_until_there_is_space() {
    let fs = SimFs::new(1);
    let log = open(&fs, sim_clock(), Options::default());
    log.append(&[b"before"]).unwrap();
    fs.inject(Failure::of(Op::Write).kind(ErrorKind::DiskFull).times(5));
    for _ in 0..5 {
        let error = log.append(&[b"while"]).unwrap_err();
        assert!(error.is_disk_full());
        assert_eq!(
            error.to_string(),
            "the file system of /wal is full, and nothing can be logged there: free space; logging goes on by itself"
        );
    }
    assert_eq!(log.segments().unwrap(), Some((0, 0)), "no empty segments pile up");
    let after = log.append(&[b"after"]).unwrap();
    assert_eq!(after.segment, 1, "the segment of the failed write is not trusted again");
    log.sync().unwrap();
}

#[test]
fn whoever_appends_too_much_at_once_syncs_it() {
    let fs = SimFs::new(1);
    let options = Options::default().sync(SyncPolicy::Segment).max_unsynced(1_000);
    let log = open(&fs, sim_clock(), options.compression(promd_wal::Compression::None));
    let first = log.append(&[&[1; 600]]).unwrap();
    assert!(log.durability().synced_to() < first);
    let second = log.append(&[&[2; 600]]).unwrap();
    assert_eq!(log.durability().synced_to(), second);
}

#[test]
fn the_background_task_syncs_and_ends_with_the_log() {
    for policy in [SyncPolicy::Always, SyncPolicy::Interval(Duration::from_millis(1)), SyncPolicy::Segment] {
        let tasks = Arc::new(Mutex::new(Vec::new()));
        let spawned = Arc::clone(&tasks);
        let maintenance = Maintenance::background(move |task| spawned.lock().unwrap().push(thread::spawn(task)));
        let options = Options::default().sync(policy).maintenance(maintenance);
        let log = open(&SimFs::new(1), RealClock::new(), options);
        for _ in 0..20 {
            let position = log.append(&[b"x"]).unwrap();
            block_on(log.durability().synced(position)).unwrap();
            assert!(log.durability().synced_to() >= position);
        }
        if policy == SyncPolicy::Always {
            drop(log);
        } else {
            log.close().unwrap();
        }
        tasks.lock().unwrap().drain(..).for_each(|task| task.join().unwrap());
    }
}

#[test]
fn the_background_task_syncs_a_full_segment_that_nobody_waits_for() {
    let maintenance = Maintenance::background(|task| {
        thread::spawn(task);
    });
    let options = Options::default().sync(SyncPolicy::Segment).segment_size(32_768).maintenance(maintenance);
    let clock = RealClock::new();
    let log = open(&SimFs::new(1), clock.clone(), options.compression(promd_wal::Compression::None));
    let first = log.append(&[&[1; 20_000]]).unwrap();
    log.append(&[&[2; 20_000]]).unwrap();
    // Far more than it takes, and less than a task sleeps that has not been told.
    let deadline = clock.monotonic() + Duration::from_secs(30);
    while log.durability().synced_to() < first {
        assert!(clock.monotonic() < deadline, "the task sleeps");
        thread::yield_now();
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return done;
        }
        thread::park();
    }
}

/// On the real file system, where a sync takes time: those who wait meanwhile share the next one.
#[test]
fn threads_that_wait_share_syncs() {
    const THREADS: u64 = 8;
    const APPENDS: u64 = 50;
    let dir = tempfile::tempdir().unwrap();
    let options = Options::default().sync(SyncPolicy::Always);
    let fs = Arc::new(promd_fs::RealFs::new());
    let log = Log::open(fs.clone(), Arc::new(RealClock::new()), &dir.path().join("wal"), options).unwrap();
    thread::scope(|scope| {
        for n in 0..THREADS {
            let log = &log;
            scope.spawn(move || {
                for m in 0..APPENDS {
                    let position = log.append(&[&(n * APPENDS + m).to_be_bytes()]).unwrap();
                    log.durability().wait(position).block().unwrap();
                    assert!(log.durability().synced_to() >= position);
                }
            });
        }
    });
    let syncs = metric(log.metrics(), "prometheus_tsdb_wal_fsync_duration_seconds");
    println!("{} appends, {syncs} syncs", THREADS * APPENDS);
    assert!((1.0..=400.0).contains(&syncs), "{syncs}");
    let path = log.dir().join(segment_name(0));
    log.close().unwrap();
    // 400 records of eight bytes with a header of seven: nothing is lost or torn by the others.
    let bytes = fs.read_to_vec(&path, 1 << 20).unwrap();
    assert!(bytes[400 * 15..].iter().all(|&byte| byte == 0));
    let mut numbers: Vec<u64> =
        bytes[..400 * 15].chunks(15).map(|record| u64::from_be_bytes(record[7..].try_into().unwrap())).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..400).collect::<Vec<u64>>());
}

/// The value of a metric: the number of observations of a summary.
fn metric(metrics: &Arc<LogMetrics>, name: &str) -> f64 {
    struct Find<'a>(&'a str, bool, f64);
    impl Sink for Find<'_> {
        fn family(&mut self, desc: &promd_metrics::Desc) {
            self.1 = desc.name() == self.0;
        }

        fn sample(&mut self, sample: &Sample<'_>) {
            if self.1 {
                self.2 = match &sample.value {
                    Value::Counter(counter) => counter.value,
                    Value::Gauge(value) => *value,
                    Value::Summary(summary) => f64::from(u32::try_from(summary.count).unwrap()),
                    _ => f64::NAN,
                };
            }
        }
    }
    let registry = Registry::new();
    registry.register(Arc::clone(metrics)).unwrap();
    let mut snapshot = Snapshot::new();
    registry.gather(SystemTime::UNIX_EPOCH, &mut snapshot).unwrap();
    let mut find = Find(name, false, f64::NAN);
    snapshot.visit(&mut find);
    find.2
}

/// What is counted for known appends. Expected values are arithmetic over pages of 32768 and headers of 7.
#[test]
fn metrics_count_what_prometheus_counts() {
    let fs = SimFs::new(1);
    let log = open(&fs, sim_clock(), Options::default());
    let check = |name: &str, expected: f64| {
        assert_eq!(metric(log.metrics(), &format!("prometheus_tsdb_wal_{name}")), expected, "{name}");
    };
    // Does not shrink, and so fills a page and reaches into the next: two fragments.
    let noise: Vec<u8> =
        (0..10_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).rotate_left(n % 32).to_be_bytes()).collect();
    log.append(&[&noise]).unwrap();
    check("record_part_writes_total", 2.0);
    check("record_parts_bytes_written_total", 40_014.0);
    check("completed_pages_total", 1.0);
    check("page_flushes_total", 2.0);
    check("record_bytes_saved_total", 0.0);
    check("storage_size_bytes", 40_014.0);
    log.next_segment().unwrap();
    check("segment_current", 1.0);
    check("storage_size_bytes", 65_536.0);
    fs.inject(Failure::of(Op::Write));
    log.append(&[b"x"]).unwrap_err();
    check("writes_failed_total", 1.0);
    fs.inject(Failure::of(Op::Remove));
    log.sync().unwrap();
    log.append(&[b"x"]).unwrap();
    log.truncate(1).unwrap_err();
    check("truncations_total", 1.0);
    check("truncations_failed_total", 1.0);
    log.truncate(1).unwrap();
    check("truncations_total", 2.0);
    check("storage_size_bytes", 8.0);
    assert_eq!(log.segments().unwrap(), Some((1, 1)));
}
