//! The API as a whole: what it holds, and how a request goes through it.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use http::header::{self, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use promd_clock::{Clock, WallTime};
use promd_http::{ConnectInfo, Handler, Request, Response, body};
use promd_metrics::Registry;
use promd_model::Millis;
use promd_promql_parser::Parser;
use promd_storage::Storage;
use tokio::sync::Semaphore;

use crate::metrics::{HttpMetrics, WebMetrics};
use crate::multipart::MediaType;
use crate::notifications::Notifications;
use crate::path;
use crate::queries::{Queries, Tab, blocking};
use crate::reply::{self, Reply};
use crate::route::{Found, Route, find};
use crate::{ApiError, Asker, Database, ErrorType, Form, Host, Options, Parts, Targets};

/// How large a form may be; Go's limit.
const FORM: usize = 10 << 20;

/// Whether a server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// Not yet: the database is being opened.
    Starting,
    /// Yes.
    Ready,
    /// Not any more.
    Stopping,
}

/// Prometheus' HTTP API, federation and management endpoints.
///
/// It is made before there is a store, so that a server can say that it starts; [`open`](Self::open) gives it one.
pub struct Api {
    pub(crate) options: Options,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) started: WallTime,
    pub(crate) registry: Arc<Registry>,
    pub(crate) host: Arc<dyn Host>,
    pub(crate) targets: Arc<dyn Targets>,
    pub(crate) queries: Queries,
    pub(crate) parser: Parser,
    pub(crate) notifications: Notifications,
    pub(crate) metrics: Arc<HttpMetrics>,
    pub(crate) web_metrics: Arc<WebMetrics>,
    lookups: Arc<Semaphore>,
    stores: OnceLock<Stores>,
    database: OnceLock<Arc<dyn Database>>,
    state: AtomicU8,
}

struct Stores {
    storage: Arc<dyn Storage>,
}

/// A request on its way.
pub(crate) struct Ask<'a> {
    pub(crate) form: Form,
    pub(crate) method: &'a Method,
    /// The part of the path that stands for the parameter of the route.
    pub(crate) parameter: &'a str,
    /// Whether the bytes of the path were UTF-8; what was not is replaced in `parameter`.
    pub(crate) is_utf8: bool,
    /// The path below the prefix.
    pub(crate) path: &'a str,
    /// What follows the `?`.
    pub(crate) query: &'a str,
    pub(crate) headers: &'a http::HeaderMap,
    pub(crate) client: String,
}

impl Ask<'_> {
    pub(crate) fn asker(&self) -> Asker {
        Asker { client: self.client.clone(), method: self.method.to_string(), path: self.path.to_owned() }
    }

    pub(crate) fn header(&self, name: HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Api {
    /// An API of a server that starts.
    ///
    /// # Panics
    ///
    /// If the registry has metrics under the names of the API's.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { options, engine, clock, registry, memory, host, targets, watcher } = parts;
        let web_metrics = Arc::new(WebMetrics::new());
        let metrics = Arc::new(HttpMetrics::new());
        let parser = Parser::new(engine.options().parser);
        let queries = Queries::new(engine, Arc::clone(&clock), options.max_queries, memory, watcher);
        let own: [Box<dyn FnOnce() -> Result<_, _>>; 3] = [
            Box::new(|| registry.register(Arc::clone(&metrics))),
            Box::new(|| registry.register(Arc::clone(&web_metrics))),
            Box::new(|| registry.register(Arc::clone(&queries.metrics))),
        ];
        for register in own {
            if let Err(error) = register() {
                panic!("{error}");
            }
        }
        Self {
            lookups: Arc::new(Semaphore::new(options.max_queries.clamp(4, 64))),
            notifications: Notifications::new(Arc::clone(&clock), options.max_subscribers, Arc::clone(&web_metrics)),
            started: clock.wall(),
            options,
            clock,
            registry,
            host,
            targets,
            queries,
            parser,
            metrics,
            web_metrics,
            stores: OnceLock::new(),
            database: OnceLock::new(),
            state: AtomicU8::new(State::Starting as u8),
        }
    }

    /// Gives it the store that it answers from. Only the first one counts.
    pub fn open(&self, storage: Arc<dyn Storage>) {
        self.stores.get_or_init(|| Stores { storage });
    }

    /// Gives it the database behind the store, for what concerns only that. It may come before the store, so that the
    /// progress of the start can be seen.
    pub fn open_database(&self, database: Arc<dyn Database>) {
        self.database.get_or_init(|| database);
    }

    /// Says whether the server answers.
    pub fn set_state(&self, state: State) {
        self.state.store(state as u8, Ordering::Release);
        self.metrics.ready.set(i64::from(state == State::Ready));
    }

    /// Says whether queries that have ended are written to a log.
    pub fn set_query_log(&self, is_on: bool) {
        self.queries.metrics.log_enabled.set(i64::from(is_on));
    }

    /// What is to be told to those who watch the server.
    #[must_use]
    pub fn notifications(&self) -> &Notifications {
        &self.notifications
    }

    pub(crate) fn now(&self) -> Millis {
        Millis(self.clock.wall().millis())
    }

    pub(crate) fn storage(&self) -> Result<Arc<dyn Storage>, ApiError> {
        let stores = self.stores.get().ok_or_else(|| ApiError::new(ErrorType::Unavailable, "TSDB not ready"))?;
        Ok(Arc::clone(&stores.storage))
    }

    pub(crate) fn database(&self) -> Result<Arc<dyn Database>, ApiError> {
        let database = self.database.get().ok_or_else(|| ApiError::new(ErrorType::Unavailable, "TSDB not ready"))?;
        Ok(Arc::clone(database))
    }

    /// Asks the store, on a thread that may block. What is found is to be charged to what the work is handed.
    pub(crate) async fn look_up<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Storage, &mut Tab) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let (storage, mut tab) = (self.storage()?, Tab::of(self.queries.memory()));
        blocking(&self.lookups, move || work(&*storage, &mut tab)).await
    }

    /// Asks the database, on a thread that may block.
    pub(crate) async fn manage<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Database) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let database = self.database()?;
        blocking(&self.lookups, move || work(&*database)).await
    }

    /// Answers a request.
    pub async fn respond(&self, request: Request) -> Response {
        let began = self.clock.monotonic();
        let (head, body) = request.into_parts();
        let prefix = &*self.options.route_prefix;
        let whole = match path::read(head.uri.path()) {
            Ok(path) => path,
            Err(clean) => return moved(&head, StatusCode::MOVED_PERMANENTLY, &clean),
        };
        let path = match &*whole.text {
            "/" if !prefix.is_empty() => return reply::redirect(StatusCode::FOUND, prefix),
            path => path.strip_prefix(prefix).map_or("", |path| if path.is_empty() { "/" } else { path }),
        };
        let (route, pattern, parameter) = match find(&head.method, path) {
            Found::Route(route, pattern, parameter) => (route, pattern, parameter),
            Found::Nothing => return reply::http_error(StatusCode::NOT_FOUND, "404 page not found"),
            Found::Redirect(path) => {
                // Other methods keep their method and their body on the way.
                let get = head.method == Method::GET;
                let status = if get { StatusCode::MOVED_PERMANENTLY } else { StatusCode::TEMPORARY_REDIRECT };
                return moved(&head, status, &format!("{prefix}{path}"));
            }
            Found::OtherMethods(methods) => {
                let mut response = match head.method {
                    Method::OPTIONS => reply::empty(StatusCode::OK),
                    _ => reply::http_error(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"),
                };
                reply::set(&mut response, header::ALLOW, &methods);
                return response;
            }
        };
        let query = head.uri.query().unwrap_or_default();
        let info = head.extensions.get::<ConnectInfo>();
        let mut response = match self.gate(route) {
            Some(closed) => closed,
            None => {
                let ask = Ask {
                    form: form(&head, body, query).await,
                    method: &head.method,
                    parameter,
                    is_utf8: whole.is_utf8,
                    path,
                    query,
                    headers: &head.headers,
                    client: info.map(|info| info.remote.ip().to_string()).unwrap_or_default(),
                };
                self.answer(route, ask).await
            }
        };
        if Route::is_api(pattern) {
            self.allow_origins(&head.headers, response.headers_mut());
        }
        self.observe(pattern, began, &response);
        response
    }

    /// What is answered as long as the server is not ready.
    fn gate(&self, route: Route) -> Option<Response> {
        let state = self.state.load(Ordering::Acquire);
        if state == State::Ready as u8 || !route.needs_ready() {
            return None;
        }
        let mut response = reply::plain(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");
        let stopping = if state == State::Stopping as u8 { "true" } else { "false" };
        reply::set(&mut response, HeaderName::from_static("x-prometheus-stopping"), stopping);
        Some(response)
    }

    async fn answer(&self, route: Route, ask: Ask<'_>) -> Response {
        let result = match route {
            Route::Query => self.query(&ask).await,
            Route::QueryRange => self.query_range(&ask).await,
            Route::QueryExemplars => self.exemplars(&ask).await,
            Route::FormatQuery => self.format_query(&ask),
            Route::ParseQuery => self.parse_query(&ask),
            Route::Labels => self.labels(&ask, None).await,
            Route::LabelValues => self.labels(&ask, Some(ask.parameter)).await,
            Route::Series => self.series(&ask).await,
            Route::DropSeries => Err(ApiError::internal("not implemented")),
            Route::ScrapePools => self.scrape_pools(),
            Route::ScrapePoolConfig => self.scrape_pool_config(&ask),
            Route::Targets => self.targets(&ask),
            Route::TargetsMetadata => self.targets_metadata(&ask),
            Route::RelabelSteps => self.relabel_steps(&ask),
            Route::Metadata => self.metadata(&ask),
            Route::Alertmanagers => Ok(Reply::json(&serde_json::json!({
                "activeAlertmanagers": [],
                "droppedAlertmanagers": [],
            }))),
            Route::Alerts => Ok(Reply::json(&serde_json::json!({ "alerts": [] }))),
            Route::Rules => self.rules(&ask),
            Route::Config => Ok(self.config()),
            Route::RuntimeInfo => self.runtime_info().await,
            Route::BuildInfo => Ok(Reply::json(&self.options.build)),
            Route::Flags => Ok(self.flags()),
            Route::TsdbStatus => self.tsdb_status(&ask).await,
            Route::TsdbBlocks => self.tsdb_blocks().await,
            Route::WalReplay => self.wal_replay(),
            Route::SelfMetrics => self.self_metrics(&ask),
            Route::Damage => self.damage().await,
            Route::Cost => self.cost(&ask).await,
            Route::RunningQueries => Ok(self.running_queries()),
            Route::CancelQuery => self.cancel_query(&ask),
            Route::Features => Ok(self.features()),
            Route::Notifications => Ok(Reply::json(&self.notifications.list())),
            Route::DeleteSeries => self.delete_series(&ask).await,
            Route::CleanTombstones => self.clean_tombstones().await,
            Route::Snapshot => self.snapshot(&ask).await,
            Route::ApiOptions => Ok(Reply::nothing()),
            Route::NotificationsLive => return self.notifications.live(),
            Route::RemoteRead => return reply::http_error(StatusCode::NOT_FOUND, "not found"),
            Route::RemoteWrite => {
                let text = "remote write receiver needs to be enabled with --web.enable-remote-write-receiver";
                return reply::http_error(StatusCode::NOT_FOUND, text);
            }
            Route::OtlpWrite => {
                let text = "otlp write receiver needs to be enabled with --web.enable-otlp-receiver";
                return reply::http_error(StatusCode::NOT_FOUND, text);
            }
            Route::Search(search) => return self.search(search, &ask).await,
            Route::OpenApi => return self.open_api(),
            Route::Home => return self.home(),
            Route::Graph => return self.graph(ask.query),
            Route::Page => return self.page(),
            Route::Version => return self.version(),
            Route::Metrics => return self.own_metrics(&ask),
            Route::Federate => return self.federate(&ask).await,
            Route::Healthy => return self.healthy(&ask),
            Route::Ready => return self.ready(&ask),
            Route::Reload => return self.reload(&ask).await,
            Route::Quit => return self.quit(&ask),
            Route::Debug => return debug(ask.parameter),
        };
        result.map_or_else(ApiError::into_response, Reply::into_response)
    }

    /// Lets pages of other origins read an answer. What is said of caches is said also of short answers, which nobody
    /// compresses.
    fn allow_origins(&self, asked: &http::HeaderMap, answer: &mut http::HeaderMap) {
        answer.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        answer.append(header::VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = asked.get(header::ORIGIN).filter(|origin| !origin.is_empty()) else { return };
        let fixed = |text| HeaderValue::from_static(text);
        answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, fixed("Accept, Authorization, Content-Type, Origin"));
        answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, fixed("GET, POST, OPTIONS"));
        answer.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, fixed("Date"));
        let allowed = self.options.cors_origin.as_ref();
        if allowed.is_none_or(|allowed| origin.to_str().is_ok_and(|origin| allowed.is_match(origin))) {
            answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        }
    }

    fn observe(&self, pattern: &str, began: promd_clock::Monotonic, response: &Response) {
        let took = self.clock.monotonic().since(began);
        self.metrics.requests.with([pattern, response.status().as_str()]).inc();
        self.metrics.duration.with([pattern]).observe_duration(took);
        let size = http_body::Body::size_hint(response.body());
        self.metrics.size.with([pattern]).observe(size.exact().unwrap_or(size.lower()) as f64);
    }
}

impl Handler for Api {
    fn handle(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send + '_>> {
        Box::pin(self.respond(request))
    }
}

/// Reads the parameters of a request: of its URL, and of its body if that is a form.
async fn form(head: &http::request::Parts, content: promd_http::Body, query: &str) -> Form {
    if !matches!(head.method, Method::POST | Method::PUT | Method::PATCH) {
        return Form::of_query(query);
    }
    let kind = head.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let media = MediaType::parse(kind);
    let boundary = media.parameter("boundary").filter(|_| media.name == "multipart/form-data" && media.is_whole);
    let mut form = if media.name == "application/x-www-form-urlencoded" || boundary.is_some() {
        match (body::read(content, FORM).await, boundary) {
            (Ok(content), Some(boundary)) => Form::of_multipart(&content, boundary, query),
            (Ok(content), None) => Form::of_body_and_query(&content, query),
            (Err(error), _) => {
                let mut form = Form::of_query(query);
                form.fail(error.to_string());
                form
            }
        }
    } else {
        Form::of_query(query)
    };
    if !media.is_whole {
        form.fail("mime: invalid media parameter");
    }
    form
}

/// What is asked for is elsewhere.
fn moved(head: &http::request::Parts, status: StatusCode, path: &str) -> Response {
    let query = head.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut response = reply::redirect(status, &format!("{}{query}", path::escaped(path)));
    if !matches!(head.method, Method::GET | Method::HEAD) {
        // Nobody would show a page to a program.
        *response.body_mut() = body::empty();
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    response
}

/// What Go's profiler would answer.
fn debug(path: &str) -> Response {
    if path == "pprof" || path.starts_with("pprof/") {
        let text = "promd has no profiler of Go's kind. Use `perf record -p PID` on the machine; \
                    the program has line tables.";
        return reply::http_error(StatusCode::NOT_IMPLEMENTED, text);
    }
    reply::http_error(StatusCode::NOT_FOUND, "404 page not found")
}
