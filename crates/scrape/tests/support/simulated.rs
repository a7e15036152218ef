//! Targets on a simulated clock: everything on one thread, in one order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue, StatusCode};
use promd_clock::{Clock, SimClock, WallTime};
use promd_config::ScrapeConfig;
use promd_http::BoxError;
use promd_model::Labels;
use promd_scrape::{Executor, Fetch, FetchError, FetchFactory, FetchRequest, Fetched, Manager, Parts, ScrapeOptions};
use promd_storage::MemStorage;

/// What a target says.
#[derive(Debug, Clone)]
pub(crate) struct Says {
    pub(crate) status: StatusCode,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) gzip: bool,
    pub(crate) body: Vec<u8>,
    pub(crate) delay: Duration,
    /// Why it does not answer at all.
    pub(crate) error: Option<&'static str>,
}

impl Says {
    pub(crate) fn text(body: &str) -> Self {
        Self {
            status: StatusCode::OK,
            content_type: Some("text/plain; version=0.0.4"),
            gzip: false,
            body: body.as_bytes().to_vec(),
            delay: Duration::ZERO,
            error: None,
        }
    }
}

/// A request as a target sees it: when, and its address.
pub(crate) type Asked = (WallTime, String);

type Script = dyn Fn(&http::Request<bytes::Bytes>, WallTime) -> Says + Send + Sync;

/// Targets that say what a function says.
#[derive(Clone)]
pub(crate) struct Targets {
    clock: SimClock,
    script: Arc<Mutex<Arc<Script>>>,
    pub(crate) asked: Arc<Mutex<Vec<Asked>>>,
}

impl FetchFactory for Targets {
    fn fetch_for(&self, _: &ScrapeConfig, _: Option<&str>) -> Result<Arc<dyn Fetch>, BoxError> {
        Ok(Arc::new(self.clone()))
    }
}

impl Fetch for Targets {
    fn fetch<'a>(
        &'a self,
        request: &'a FetchRequest,
        limit: usize,
        body: &'a mut Vec<u8>,
    ) -> BoxFuture<'a, Result<Fetched, FetchError>> {
        Box::pin(async move {
            self.asked.lock().unwrap().push((self.clock.wall(), request.http.uri().to_string()));
            let script = Arc::clone(&self.script.lock().unwrap());
            let says = script(&request.http, self.clock.wall());
            self.clock.sleep(says.delay.min(request.timeout)).await;
            if says.delay >= request.timeout {
                let text = format!("Get \"{}\": context deadline exceeded", request.http.uri());
                return Err(FetchError::failed(text));
            }
            if let Some(error) = says.error {
                return Err(FetchError::failed(error));
            }
            let mut headers = HeaderMap::new();
            if let Some(content_type) = says.content_type {
                headers.insert("content-type", HeaderValue::from_static(content_type));
            }
            if says.gzip {
                headers.insert("content-encoding", HeaderValue::from_static("gzip"));
            }
            if says.body.len() > limit {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&says.body);
            Ok(Fetched { status: says.status, reason: None, headers })
        })
    }
}

/// A manager over targets, a clock and a store that a test holds in its hands.
pub(crate) struct Rig {
    pub(crate) clock: SimClock,
    pub(crate) targets: Targets,
    pub(crate) storage: Arc<MemStorage>,
    pub(crate) manager: Manager,
}

/// When simulations begin: a full minute.
pub(crate) const START: WallTime = WallTime::from_millis(1_763_000_040_000);

impl Rig {
    pub(crate) fn new(options: ScrapeOptions) -> Self {
        let clock = SimClock::new(START);
        let silent = Arc::new(Mutex::new(Arc::new(|_: &_, _| Says::text("")) as Arc<Script>));
        let targets = Targets { clock: clock.clone(), script: silent, asked: Arc::default() };
        let storage = Arc::new(MemStorage::new());
        let parts = Parts {
            storage: Arc::clone(&storage) as _,
            clock: Arc::new(clock.clone()),
            fetch: Arc::new(targets.clone()),
            executor: Executor::inline(),
        };
        let manager = Manager::new(options, "promd/test", parts);
        Self { clock, targets, storage, manager }
    }

    /// From here on the targets say this.
    pub(crate) fn script(
        &self,
        script: impl Fn(&http::Request<bytes::Bytes>, WallTime) -> Says + Send + Sync + 'static,
    ) {
        *self.targets.script.lock().unwrap() = Arc::new(script);
    }

    /// Applies a configuration with its static targets.
    pub(crate) async fn apply(&self, text: &str) {
        let jobs = super::jobs(text);
        let sets = super::sets(&jobs);
        self.manager.apply(jobs, &Labels::empty()).await.unwrap();
        self.manager.set_targets(sets).await;
    }

    /// Lets so much time pass.
    pub(crate) async fn pass(&self, duration: Duration) {
        let end = self.clock.monotonic() + duration;
        loop {
            self.settle().await;
            match self.clock.next_deadline() {
                Some(next) if next <= end => self.clock.advance_to_next_timer(),
                _ => break,
            };
        }
        self.clock.advance(end.since(self.clock.monotonic()));
        self.settle().await;
    }

    /// Lets all tasks of the runtime, which has one thread, run until they wait. It runs some dozens of them between two
    /// turns of the test, so there may be many turns while loops start.
    async fn settle(&self) {
        loop {
            let before = (self.clock.sleepers(), self.targets.asked.lock().unwrap().len());
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            if before == (self.clock.sleepers(), self.targets.asked.lock().unwrap().len()) {
                return;
            }
        }
    }

    /// The time, in milliseconds.
    pub(crate) fn clock_millis(&self) -> i64 {
        self.clock.wall().millis()
    }

    /// What the store holds, by labels.
    pub(crate) fn floats(&self) -> BTreeMap<String, Vec<super::Float>> {
        super::floats(&*self.storage, &[])
    }
}
