//! Running queries: on how many threads, for how long, and who may end them.
//!
//! A query waits for one of `query.max-concurrency` slots, and runs on a thread that may block. When its client goes away,
//! the future that waits for it is dropped; that ends the query. So does its timeout, which counts from the moment the request
//! came, and whoever asks for its end by number.

use std::collections::BTreeMap;
use std::panic;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use promd_budget::{Account, AccountOptions, Limit, Meter};
use promd_clock::{Clock, Monotonic, WallTime};
use promd_promql::{Answer, Cancel, Engine, Explain, Expression, Query, QueryError};
use promd_promql_parser::{Expr, ValueType};
use promd_storage::Storage;
use tokio::sync::Semaphore;

use crate::metrics::EngineMetrics;
use crate::{ApiError, ErrorType};

/// Who asked.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Asker {
    /// The address of the client.
    pub client: String,
    /// The method of the request.
    pub method: String,
    /// The path of the request.
    pub path: String,
}

/// A query that has ended, for the query log.
#[derive(Debug)]
#[non_exhaustive]
pub struct Finished<'a> {
    /// What was asked.
    pub query: &'a Query,
    /// Who asked.
    pub asker: &'a Asker,
    /// When it ended.
    pub at: WallTime,
    /// The answer, or why there is none.
    pub result: &'a Result<Answer, QueryError>,
}

/// Somebody who is told of queries.
pub trait Watcher: Send + Sync {
    /// A query begins. What is returned is handed to [`ended`](Self::ended).
    fn begins(&self, query: &Query, at: WallTime) -> Option<usize>;

    /// The query has ended, whatever became of it.
    fn ended(&self, ticket: usize);

    /// A query has come to an answer, or to an error. `false` says that it could not be noted down.
    fn finished(&self, finished: &Finished<'_>) -> bool;
}

/// A query that waits or runs.
pub(crate) struct Running {
    pub(crate) query: Query,
    pub(crate) asker: Asker,
    pub(crate) since: WallTime,
    pub(crate) account: Option<Account>,
    started: Monotonic,
}

/// The queries of a server.
pub(crate) struct Queries {
    engine: Engine,
    clock: Arc<dyn Clock>,
    slots: Arc<Semaphore>,
    running: Mutex<(u64, BTreeMap<u64, Running>)>,
    memory: Option<Account>,
    watcher: Option<Arc<dyn Watcher>>,
    pub(crate) metrics: Arc<EngineMetrics>,
}

/// What the settings of a query are, besides the query.
pub(crate) struct Asked {
    pub(crate) query: Query,
    /// How long it may take, if it is less than the engine's own limit.
    pub(crate) timeout: Option<Duration>,
    pub(crate) asker: Asker,
}

impl Queries {
    pub(crate) fn new(
        engine: Engine,
        clock: Arc<dyn Clock>,
        slots: usize,
        memory: Option<Account>,
        watcher: Option<Arc<dyn Watcher>>,
    ) -> Self {
        let metrics = Arc::new(EngineMetrics::new());
        metrics.concurrent_max.set(i64::try_from(slots).unwrap_or(i64::MAX));
        let slots = Arc::new(Semaphore::new(slots.clamp(1, Semaphore::MAX_PERMITS)));
        Self { engine, clock, slots, running: Mutex::default(), memory, watcher, metrics }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Runs a query.
    pub(crate) async fn run(&self, asked: Asked, storage: Arc<dyn Storage>) -> Result<Answer, ApiError> {
        let Asked { mut query, timeout, asker } = asked;
        let number = self.register(&mut query, asker.clone());
        // Whatever happens here, also that nobody waits any more, ends the query and takes it off the list.
        let _registered = Registered { queries: self, number };
        let start = self.clock.monotonic();
        let limit = [timeout, self.engine.options().timeout].into_iter().flatten().min();
        let slot = match limit {
            None => Arc::clone(&self.slots).acquire_owned().await,
            Some(limit) => tokio::select! {
                biased;
                slot = Arc::clone(&self.slots).acquire_owned() => slot,
                () = self.clock.sleep(limit) => return Err(QueryError::TimedOut("query queue").into()),
            },
        };
        let Ok(slot) = slot else { return Err(QueryError::Canceled("query queue").into()) };
        query.queued = self.clock.monotonic().since(start);
        let engine = self.engine.clone().with_timeout(limit.map(|limit| limit.saturating_sub(query.queued)));
        let ticket = self.watcher.as_ref().and_then(|watcher| watcher.begins(&query, self.clock.wall()));
        let ticket = Ticket { watcher: self.watcher.clone(), ticket };
        let work = tokio::task::spawn_blocking(move || {
            let _held = (slot, ticket);
            query.expression = parse(&engine, &query)?;
            let result = engine.run(&query, &*storage);
            Ok::<_, ApiError>((query, result))
        });
        let (query, result) = match work.await {
            Ok(done) => done?,
            Err(error) => return Err(panicked(error)),
        };
        self.note(&query, &asker, &result);
        Ok(result?)
    }

    /// Says what a query would cost, without running it.
    pub(crate) async fn estimate(&self, query: Query, storage: Arc<dyn Storage>) -> Result<Explain, ApiError> {
        let engine = self.engine.clone();
        blocking(&self.slots, move || Ok(engine.estimate(&query, &*storage)?)).await
    }

    /// What the memory of queries is charged to.
    pub(crate) fn memory(&self) -> Option<&Account> {
        self.memory.as_ref()
    }

    /// How many bytes they may hold.
    pub(crate) fn memory_limit(&self) -> Option<i64> {
        self.memory()?.limit().and_then(|limit| i64::try_from(limit).ok())
    }

    /// Ends a query, and says whether there is one of that number.
    pub(crate) fn cancel(&self, number: u64) -> bool {
        self.list().1.get(&number).map(|running| running.query.cancel.cancel()).is_some()
    }

    /// Shows each query that waits or runs, and for how long it has done so.
    pub(crate) fn each_running(&self, mut show: impl FnMut(u64, &Running, Duration)) {
        let now = self.clock.monotonic();
        for (number, running) in &self.list().1 {
            show(*number, running, now.since(running.started));
        }
    }

    fn register(&self, query: &mut Query, asker: Asker) -> u64 {
        query.cancel = Cancel::default();
        let mut list = self.list();
        list.0 += 1;
        let number = list.0;
        let account = self.memory.as_ref().map(|memory| {
            let options = AccountOptions::new("query").key(number.to_string()).flag(memory.flag());
            memory.child(options.limit(share(memory).map_or(Limit::None, Limit::Bytes)))
        });
        query.account.clone_from(&account);
        let (since, started) = (self.clock.wall(), self.clock.monotonic());
        list.1.insert(number, Running { query: query.clone(), asker, since, account, started });
        self.metrics.queries.inc();
        number
    }

    fn note(&self, query: &Query, asker: &Asker, result: &Result<Answer, QueryError>) {
        let at = self.clock.wall();
        let mut slices = vec![("queue_time", query.queued)];
        if let Ok(answer) = result {
            let timings = &answer.statistics.timings;
            slices.push(("prepare_time", timings.query_preparation));
            slices.push(("inner_eval", timings.inner_eval));
            slices.push(("result_sort", timings.result_sort));
            self.metrics.samples.add(answer.statistics.samples.total_queryable);
        }
        for (slice, took) in slices {
            self.metrics.duration.with([slice]).observe_duration(took, system_time(at));
            self.metrics.duration_histogram.with([slice]).observe_duration(took);
        }
        let Some(watcher) = &self.watcher else { return };
        if !watcher.finished(&Finished { query, asker, at, result }) {
            self.metrics.log_failures.inc();
        }
    }

    fn list(&self) -> MutexGuard<'_, (u64, BTreeMap<u64, Running>)> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one query may take: half of what all that is no query leaves of the budget.
fn share(memory: &Account) -> Option<usize> {
    let all = memory.parent()?;
    let others = all.used().saturating_sub(memory.used());
    Some(all.limit()?.saturating_sub(others) / 2)
}

/// A query on the list.
struct Registered<'a> {
    queries: &'a Queries,
    number: u64,
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        if let Some(running) = self.queries.list().1.remove(&self.number) {
            running.query.cancel.cancel();
            self.queries.metrics.queries.dec();
        }
    }
}

/// A query that a watcher was told of.
struct Ticket {
    watcher: Option<Arc<dyn Watcher>>,
    ticket: Option<usize>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let (Some(watcher), Some(ticket)) = (&self.watcher, self.ticket) {
            watcher.ended(ticket);
        }
    }
}

/// What is wrong with a query before it runs is wrong with the parameter.
fn parse(engine: &Engine, query: &Query) -> Result<Expression, ApiError> {
    let expression = engine.parse(query.expression.text())?;
    match expression.expr().and_then(Expr::value_type) {
        Some(other @ (ValueType::Matrix | ValueType::String)) if query.step.is_some() => {
            let name = other.documented();
            let why = format!("invalid expression type \"{name}\" for range query, must be Scalar or instant Vector");
            Err(ApiError::parameter("query", why))
        }
        _ => Ok(expression),
    }
}

fn panicked(error: tokio::task::JoinError) -> ApiError {
    let Ok(payload) = error.try_into_panic() else {
        return ApiError::new(ErrorType::Canceled, "query was canceled in expression evaluation");
    };
    let text = panic_text(&*payload);
    tracing::error!(err = text, "runtime panic during query evaluation");
    ApiError::new(ErrorType::Execution, format_args!("unexpected error: {text}"))
}

fn panic_text(payload: &(dyn std::any::Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text")
}

/// Work that may block, other than queries: its future may be dropped, the work goes on to its end.
pub(crate) async fn blocking<T: Send + 'static>(
    slots: &Arc<Semaphore>,
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let Ok(slot) = Arc::clone(slots).acquire_owned().await else {
        return Err(ApiError::internal("the server is shutting down"));
    };
    let done = tokio::task::spawn_blocking(move || {
        let _slot = slot;
        work()
    });
    match done.await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(payload) => panic::resume_unwind(payload),
            Err(error) => Err(ApiError::internal(error)),
        },
    }
}

/// A time as metrics that age are told it.
pub(crate) fn system_time(at: WallTime) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(u64::try_from(at.nanos()).unwrap_or(0))
}

/// What a look-up costs in memory, until its answer is sent.
#[derive(Default)]
pub(crate) struct Tab(Option<Meter>);

impl Tab {
    pub(crate) fn of(memory: Option<&Account>) -> Self {
        let account = memory.map(|memory| memory.child(AccountOptions::new("look-up").flag(memory.flag())));
        Self(account.map(|account| account.meter()))
    }

    /// Charges some texts with the bytes that lists need for them.
    pub(crate) fn texts<'a>(&mut self, texts: impl Iterator<Item = &'a str>) -> Result<(), ApiError> {
        /// The header of a list or a string, and what the allocator adds.
        const EACH: usize = 32;
        let Some(meter) = &mut self.0 else { return Ok(()) };
        let bytes = texts.map(|text| text.len() + EACH).sum();
        meter.charge(bytes).map_err(|refused| ApiError::new(ErrorType::Execution, refused))
    }

    /// The same for labels.
    pub(crate) fn labels(&mut self, labels: &promd_model::Labels) -> Result<(), ApiError> {
        self.texts(labels.iter().flat_map(|label| [label.name, label.value]))
    }
}
