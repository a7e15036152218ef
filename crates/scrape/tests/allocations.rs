//! What a steady scrape allocates, HTTP included: a small number, whatever the length of the body.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use futures_util::future::BoxFuture;
use promd_clock::{Clock, RealClock};
use promd_config::ScrapeConfig;
use promd_http::BoxError;
use promd_model::{Interval, Labels, LabelsRef};
use promd_scrape::{
    BodyAppender, Executor, Fetch, FetchError, FetchFactory, FetchRequest, Fetched, HttpFetchFactory, Manager, Parts,
    ScrapeOptions,
};
use promd_storage::{Appender, Batch, Position, Reader, Refused, SeriesRef, Storage, StorageError, Verdict};
use promd_testkit::CountingAllocator;
use tokio::sync::Notify;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// A store that takes everything and keeps nothing: what it would allocate is not the scraper's.
#[derive(Debug, Default)]
struct Nowhere {
    series: AtomicUsize,
    samples: AtomicUsize,
}

impl Storage for Nowhere {
    fn reader(&self, _: Interval) -> Result<Box<dyn Reader + '_>, StorageError> {
        Err(StorageError::Unsupported("there is nothing in it"))
    }

    fn appender(&self) -> Box<dyn Appender + '_> {
        Box::new(NowhereAppender(self))
    }
}

struct NowhereAppender<'a>(&'a Nowhere);

impl Appender for NowhereAppender<'_> {
    fn series(&mut self, _: LabelsRef<'_>) -> Result<SeriesRef, Refused> {
        Ok(SeriesRef(self.0.series.fetch_add(1, SeqCst) as u64))
    }

    fn append(&mut self, batch: &Batch, verdicts: &mut Vec<Verdict>) {
        verdicts.extend(batch.series().iter().map(|_| Verdict::Accepted));
        self.0.samples.fetch_add(batch.len(), SeqCst);
    }

    fn commit(self: Box<Self>) -> Result<Position, StorageError> {
        Ok(Position(0))
    }
}

/// A body with so many samples, in families of ten.
fn body(samples: usize) -> String {
    let mut body = String::new();
    for family in 0..samples / 10 {
        writeln!(body, "# HELP requests_{family}_total Requests of kind {family}.").unwrap();
        writeln!(body, "# TYPE requests_{family}_total counter").unwrap();
        for at in 0..10 {
            writeln!(body, "requests_{family}_total{{method=\"get\",code=\"20{at}\"}} {family}{at}").unwrap();
        }
    }
    body
}

#[test]
fn a_known_body_is_appended_with_three_allocations() {
    for samples in [20, 2_000, 20_000] {
        let storage = Nowhere::default();
        let labels = Labels::from_pairs([("job", "j"), ("instance", "a:1")]).unwrap();
        let mut target = BodyAppender::new(&ScrapeConfig::default(), labels, &ScrapeOptions::default()).unwrap();
        let body = body(samples);
        let mut append = |time| target.append(&storage, body.as_bytes(), "text/plain", time).unwrap();
        assert_eq!(append(0).added, samples);
        append(1);
        let (counts, allocated) = CountingAllocator::during(|| append(2));
        assert_eq!((counts.kept, counts.added), (samples, 0));
        // The appender that the store hands out, and the parts of the content type.
        assert_eq!(allocated.calls, 3, "{samples} samples");
    }
}

/// Fetches as in earnest, and tells when so many scrapes have begun.
struct Counted {
    inner: Arc<dyn Fetch>,
    fetches: Arc<(AtomicUsize, Notify)>,
}

impl Fetch for Counted {
    fn fetch<'a>(
        &'a self,
        request: &'a FetchRequest,
        limit: usize,
        body: &'a mut Vec<u8>,
    ) -> BoxFuture<'a, Result<Fetched, FetchError>> {
        if (self.fetches.0.fetch_add(1, SeqCst) + 1).is_multiple_of(SCRAPES) {
            self.fetches.1.notify_one();
        }
        self.inner.fetch(request, limit, body)
    }
}

impl FetchFactory for Counted {
    fn fetch_for(&self, _: &ScrapeConfig, _: Option<&str>) -> Result<Arc<dyn Fetch>, BoxError> {
        Ok(Arc::new(Self { inner: Arc::clone(&self.inner), fetches: Arc::clone(&self.fetches) }))
    }
}

/// How many scrapes are looked at together.
const SCRAPES: usize = 20;

/// Serves one body, compressed, on a thread of its own, until the process ends.
fn serve(body: &str) -> String {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(body.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                request.extend_from_slice(&buffer[..count]);
                if request.ends_with(b"\r\n\r\n") {
                    request.clear();
                    let head = format!(
                        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Encoding: gzip\r\n\
                         Content-Length: {}\r\n\r\n",
                        packed.len()
                    );
                    if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&packed)).is_err() {
                        break;
                    }
                }
            }
        }
    });
    address
}

/// Allocations of a scrape, in the mean, once everything is known.
fn allocations(samples: usize) -> u64 {
    let address = serve(&body(samples));
    // One thread, so that all that a scrape does is counted.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let clock: Arc<dyn Clock> = Arc::new(RealClock::new());
        let text = format!(
            "scrape_configs: [{{job_name: j, scrape_interval: 20ms, scrape_timeout: 20ms, static_configs: [{{targets: ['{address}']}}]}}]"
        );
        let jobs = support::jobs(&text);
        let fetches = Arc::new((AtomicUsize::new(0), Notify::new()));
        let inner = HttpFetchFactory::new("promd/test", Arc::clone(&clock)).fetch_for(&jobs[0], None).unwrap();
        let storage = Arc::new(Nowhere::default());
        let parts = Parts {
            storage: Arc::clone(&storage) as _,
            clock,
            fetch: Arc::new(Counted { inner, fetches: Arc::clone(&fetches) }),
            executor: Executor::inline(),
        };
        let manager = Manager::new(ScrapeOptions::default(), "promd/test", parts);
        let sets = support::sets(&jobs);
        manager.apply(jobs, &Labels::empty()).await.unwrap();
        manager.set_targets(sets).await;
        fetches.1.notified().await;
        let before = CountingAllocator::total();
        fetches.1.notified().await;
        let after = CountingAllocator::total();
        manager.shutdown().await;
        assert!(storage.samples.load(SeqCst) > samples * SCRAPES);
        (after.calls - before.calls) / SCRAPES as u64
    })
}

#[test]
fn a_scrape_allocates_a_small_constant_number_of_times() {
    let (small, large) = (allocations(2_000), allocations(20_000));
    println!("allocations of a scrape: {small} of 2 000 samples, {large} of 20 000");
    assert!(small <= 60, "{small} allocations of 2 000 samples");
    assert!(large.abs_diff(small) <= 10, "{large} of 20 000 samples, {small} of 2 000");
}
