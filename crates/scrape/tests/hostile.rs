//! Bodies that want more memory than there is: the ledger says no, and what is allocated stays near what it allows.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use promd_budget::{AccountOptions, Ledger, Limit};
use promd_config::ScrapeConfig;
use promd_model::{Interval, Labels, LabelsRef};
use promd_scrape::{BodyAppender, ScrapeError, ScrapeOptions};
use promd_storage::{Appender, Batch, Position, Reader, Refused, SeriesRef, Storage, StorageError, Verdict};
use promd_testkit::CountingAllocator;
use support::simulated::{Rig, Says};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const MIB: usize = 1 << 20;

/// What the process allocates is measured, so that one test runs at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// A store that keeps nothing: what a real one keeps is counted by it.
#[derive(Debug, Default)]
struct Nowhere;

impl Storage for Nowhere {
    fn reader(&self, _: Interval) -> Result<Box<dyn Reader + '_>, StorageError> {
        Err(StorageError::Unsupported("there is nothing in it"))
    }

    fn appender(&self) -> Box<dyn Appender + '_> {
        Box::new(NowhereAppender(0))
    }
}

struct NowhereAppender(u64);

impl Appender for NowhereAppender {
    fn series(&mut self, _: LabelsRef<'_>) -> Result<SeriesRef, Refused> {
        self.0 += 1;
        Ok(SeriesRef(self.0))
    }

    fn append(&mut self, batch: &Batch, verdicts: &mut Vec<Verdict>) {
        verdicts.extend(batch.series().iter().map(|_| Verdict::Accepted));
    }

    fn commit(self: Box<Self>) -> Result<Position, StorageError> {
        Ok(Position(0))
    }
}

/// So many series, each as short as can be.
fn series(count: usize) -> String {
    (0..count).fold(String::new(), |mut body, at| {
        writeln!(body, "a{at:x} 1").unwrap();
        body
    })
}

fn options(limit: usize) -> ScrapeOptions {
    let mut options = ScrapeOptions::default();
    options.ledger = Ledger::new(AccountOptions::new("memory").limit(Limit::Bytes(limit)));
    options
}

/// A body of six megabytes has half a million series, of which the cache would take thirty megabytes and more.
#[test]
fn many_short_series_are_refused_before_memory_is_spent_on_them() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let body = series(500_000);
    let labels = || Labels::from_pairs([("job", "j"), ("instance", "a:1")]).unwrap();
    let append = |limit: usize| {
        let options = options(limit);
        let mut target = BodyAppender::new(&ScrapeConfig::default(), labels(), &options).unwrap();
        CountingAllocator::peak_during(|| target.append(&Nowhere, body.as_bytes(), "text/plain", 0).map(|_| ()))
    };
    let (outcome, peak) = append(8 * MIB);
    let error = outcome.unwrap_err();
    assert!(matches!(error, ScrapeError::Memory(_)), "{error}");
    // Room that grows is held twice while it is moved; and tables are a little larger than what is in them.
    assert!(peak <= 16 * MIB, "{peak} bytes");
    let (outcome, peak) = append(100 * MIB);
    outcome.unwrap();
    assert!(peak > 20 * MIB, "{peak} bytes: it would have been more");
}

/// What a scrape holds is given back, and what its target is remembered by goes with the target.
#[test]
fn a_refused_scrape_is_down_and_gives_everything_back() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(refused_scrapes());
}

async fn refused_scrapes() {
    let options = options(4 * MIB);
    let ledger = options.ledger.clone();
    let rig = Rig::new(options);
    let mut zeros = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    zeros.write_all(&vec![b'#'; 64 * MIB]).unwrap();
    let bomb = zeros.finish().unwrap();
    assert!(bomb.len() < MIB / 8, "{} bytes over the wire", bomb.len());
    let many = series(200_000);
    rig.script(move |request, _| match request.uri().path() {
        "/bomb" => Says { gzip: true, body: bomb.clone(), ..Says::text("") },
        "/many" => Says::text(&many),
        _ => Says::text("a 1\n"),
    });
    let job = |name: &str| {
        format!(
            "{{job_name: {name}, metrics_path: /{name}, scrape_interval: 10s, static_configs: [{{targets: ['a:1']}}]}}"
        )
    };
    rig.apply(&format!("scrape_configs: [{}, {}, {}]", job("bomb"), job("many"), job("well"))).await;
    rig.pass(Duration::from_secs(30)).await;
    let states = rig.manager.targets();
    for name in ["bomb", "many"] {
        let state = states[name].active[0].state();
        assert!(state.last_error.contains("memory"), "{name}: {:?}", state.last_error);
    }
    assert_eq!(states["well"].active[0].state().last_error, "");
    drop(states);
    let held = ledger.root().used();
    assert!(held > 0 && held < 4 * MIB, "{held} bytes for what is known of series");
    rig.apply("scrape_configs: []").await;
    rig.pass(Duration::from_secs(60)).await;
    assert_eq!(ledger.root().used(), 0);
}
