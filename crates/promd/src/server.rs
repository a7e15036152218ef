//! The life of a server: what starts when, what a reload does, and what ends in which order.

use std::future::pending;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use promd_api::{Api, BuildInfo, Parts, State, notifications};
use promd_clock::{Clock, RealClock};
use promd_discovery::{CancelSource, ManagerOptions, Mechanism, Mechanisms};
use promd_fs::{Fs, RealFs};
use promd_http::{ClientOptions, Report, Server, ServerEvent, ServerOptions};
use promd_metrics::Registry;
use promd_promql::{Engine, ScopedThreads};
use promd_scrape::{Executor, HttpFetchFactory, ScrapeOptions, Starts, host_name};
use promd_tsdb::Db;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use crate::absent::Absent;
use crate::config::{Loaded, Source, without_effect};
use crate::life::{Life, Wish};
use crate::process::Process;
use crate::query_log::Recorder;
use crate::scraping::Scraping;
use crate::self_metrics::build_info;
use crate::settings::{self, Settings};
use crate::store::Store;
use crate::{memory, store, systemd};

/// How long requests in flight may take to end when the server stops.
const GRACE: Duration = Duration::from_secs(3);

/// How a notification of sections of the configuration begins that nobody acts on.
const IDLE: &str = "Sections of the configuration that do nothing in promd yet: ";

/// Why a server ends otherwise than asked. What happened is in the log.
struct Failed(u8);

/// Runs a server until it is asked to end.
pub(crate) fn run(settings: Settings) -> ExitCode {
    let fs: Arc<dyn Fs> = Arc::new(RealFs::new());
    let source = Source {
        file: settings.config_file.clone(),
        must_exist: settings.config_must_exist,
        port: settings.listen.first().map_or(9090, std::net::SocketAddr::port),
        prefix: settings.route_prefix.clone(),
    };
    settings.features.log();
    for flag in settings.flags.void() {
        tracing::info!(flag = %format_args!("--{flag}"), "This flag is accepted and changes nothing in promd");
    }
    let loaded = match source.load(&*fs) {
        Ok(loaded) => loaded,
        Err(error) => {
            let file = std::path::absolute(&source.file).unwrap_or_else(|_| source.file.clone().into());
            let text = format!("Error loading config (--config.file={})", source.file);
            tracing::error!(file = %file.display(), err = %error, "{text}");
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("promd").build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(err = %error, "Starting threads failed");
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(serve(settings, source, loaded, fs));
    // Queries that are still running see that nobody waits for them.
    runtime.shutdown_timeout(Duration::from_secs(1));
    match ended {
        Ok(()) => {
            tracing::info!("See you next time!");
            ExitCode::SUCCESS
        }
        Err(Failed(code)) => ExitCode::from(code),
    }
}

/// What a reload is about.
struct Jobs {
    scrape: Arc<promd_scrape::Manager>,
    discovery: promd_discovery::Manager,
    mechanisms: Mechanisms,
    db: Arc<Db>,
}

async fn serve(settings: Settings, mut source: Source, mut loaded: Loaded, fs: Arc<dyn Fs>) -> Result<(), Failed> {
    let clock: Arc<dyn Clock> = Arc::new(RealClock::new());
    let build = BuildInfo::default();
    tracing::info!(
        version = build.version,
        revision = build.revision,
        mode = "server",
        "Starting Prometheus Server (promd)"
    );
    let mut options = ServerOptions::default();
    options.max_connections =
        usize::try_from(settings.flags.integer("web.max-connections").unwrap_or(512)).unwrap_or(1);
    options.read_timeout = settings.flags.duration("web.read-timeout").unwrap_or(options.read_timeout);
    options.grace = GRACE;
    options.web_config = settings.flags.given("web.config.file").filter(|file| !file.is_empty()).map(str::to_owned);
    options.report = Report::new(|event| match event {
        // Clients that do not speak TLS are no trouble of the server's.
        ServerEvent::Handshake { .. } => tracing::debug!(component = "web", err = %event, "Connection refused"),
        _ => tracing::error!(component = "web", err = %event, "Serving failed"),
    });
    let failed = |what: &'static str, error: &dyn std::fmt::Display| {
        tracing::error!(err = %error, "{what}");
        Failed(1)
    };
    let mut signals = Signals::new().map_err(|error| failed("Listening for signals failed", &error))?;
    let web = Server::bind(&settings.listen, options);
    let web = web.map_err(|error| failed("Unable to start web listener", &error))?;
    let addresses = web.local_addrs().map_err(|error| failed("Unable to start web listener", &error))?;
    if let Some(port) = addresses.first().map(std::net::SocketAddr::port).filter(|port| *port != source.port) {
        source.port = port;
        if loaded.built_in {
            loaded = source.load(&*fs).map_err(|error| failed("Error loading config", &error))?;
        }
    }

    let registry = Arc::new(Registry::new());
    let (life, mut wishes) = Life::new(settings.flags.clone(), Arc::clone(&clock), &loaded);
    let life = Arc::new(life);
    let recorder = Arc::new(Recorder::new(&*fs, &settings.data_dir, settings.max_queries));
    let (scraping, store) = (Arc::new(Scraping::default()), Arc::new(Store::default()));
    let ledger = memory::ledger(settings.memory_budget);
    if let Some(bytes) = ledger.root().limit() {
        tracing::info!(bytes, "Memory budget");
    }
    let api = {
        let helpers = std::thread::available_parallelism().map_or(1, usize::from).saturating_sub(1);
        let engine = Engine::new(settings.engine.clone()).with_executor(Arc::new(ScopedThreads::new(helpers)));
        let mut parts = Parts::new(engine.with_clock(Arc::clone(&clock)), Arc::clone(&clock));
        parts.options = api_options(&settings, &build, source.port);
        parts.registry = Arc::clone(&registry);
        parts.memory =
            Some(ledger.root().child(promd_budget::AccountOptions::new("queries").flag("--promd.memory.budget")));
        parts.host = Arc::clone(&life) as _;
        parts.targets = Arc::clone(&scraping) as _;
        parts.watcher = Some(Arc::clone(&recorder) as _);
        Arc::new(Api::new(parts))
    };
    let now = SystemTime::UNIX_EPOCH + Duration::from_nanos(u64::try_from(clock.wall().nanos()).unwrap_or(0));
    let register = |result: Result<_, promd_metrics::RegisterError>| {
        if let Err(error) = result {
            tracing::warn!(err = %error, "metrics are left out");
        }
    };
    register(registry.register(build_info(&build)));
    register(registry.register(Process::new(now)));
    let queue = settings.flags.integer("alertmanager.notification-queue-capacity").unwrap_or(0);
    register(registry.register(Absent::new(queue as f64)));
    register(registry.register(Arc::clone(&life.metrics)));
    api.open_database(Arc::clone(&store) as _);
    api.notifications().add(notifications::STARTING);

    for address in &addresses {
        tracing::info!(component = "web", address = %address, "Listening on");
    }
    let web_end = CancelSource::new();
    let mut end = web_end.signal();
    let mut web = tokio::spawn(web.run(Arc::clone(&api) as _, async move { end.cancelled().await }));

    // While the database opens the server says so, and can be told to end.
    let opening = {
        let (store, settings, config) = (Arc::clone(&store), settings.clone(), loaded.config.clone());
        let (fs, clock, memory) = (Arc::clone(&fs), Arc::clone(&clock), memory::head(&ledger));
        tokio::task::spawn_blocking(move || store.open(&settings, &config, fs, clock, memory))
    };
    tracing::info!("Starting TSDB ...");
    let began = clock.monotonic();
    let db = tokio::select! {
        opened = opening => match opened {
            Ok(Ok(db)) => db,
            Ok(Err(error)) => return Err(failed("Opening storage failed", &error)),
            Err(error) => return Err(failed("Opening storage failed", &error)),
        },
        () = signals.ending.wait() => return Ok(()),
    };
    tracing::info!(duration = ?clock.monotonic().since(began), "TSDB started");
    register(registry.register(db.metrics()));
    api.open(Arc::clone(&db) as _);

    let jobs = start_jobs(&settings, &db, &clock, &ledger).await;
    register(registry.register(jobs.scrape.metrics()));
    register(registry.register(jobs.discovery.metrics()));
    register(registry.register(jobs.mechanisms.clone()));
    scraping.start(Arc::clone(&jobs.scrape));
    let sets = CancelSource::new();
    let following = {
        let (scrape, updates, end) = (Arc::clone(&jobs.scrape), jobs.discovery.updates(), sets.signal());
        tokio::spawn(async move { scrape.follow(updates, end).await })
    };
    if loaded.built_in {
        let text = format!("No configuration file {} found: promd scrapes itself", source.file);
        tracing::warn!(url = settings.external_url, "{text}");
    }
    let applied = apply(&settings, &loaded, &api, &jobs, &recorder).await;
    life.note(applied.is_ok());
    let failure = if applied.is_err() {
        let text = "one or more errors occurred while applying the new configuration";
        Some(failed("Fatal error", &format_args!("error loading config from {:?}: {text}", source.file)))
    } else {
        if !loaded.built_in {
            tracing::info!(filename = source.file, "Completed loading of configuration file");
        }
        life.take_over(loaded);
        api.set_state(State::Ready);
        api.notifications().remove(notifications::STARTING);
        systemd::notify("READY=1");
        tracing::info!("Server is ready to receive web requests.");
        let watch = Watch { settings: &settings, source: &source, fs: &*fs, clock: &*clock, life: &life };
        watch.until_the_end(&mut signals, &mut wishes, &mut web, &api, &jobs, &recorder).await
    };

    api.set_state(State::Stopping);
    api.notifications().add(notifications::STOPPING);
    systemd::notify("STOPPING=1");
    tracing::info!("Stopping scrape manager...");
    sets.cancel();
    following.await.ok();
    jobs.scrape.shutdown().await;
    jobs.discovery.shutdown().await;
    web_end.cancel();
    if !web.is_finished() {
        web.await.ok();
    }
    tracing::info!("Closing storage...");
    let closed = tokio::task::spawn_blocking(move || db.close()).await;
    if let Ok(Err(error)) = closed {
        return Err(failed("Error stopping storage", &error));
    }
    failure.map_or(Ok(()), Err)
}

fn api_options(settings: &Settings, build: &BuildInfo, port: u16) -> promd_api::Options {
    let flags = &settings.flags;
    let mut options = promd_api::Options::default();
    options.route_prefix.clone_from(&settings.route_prefix);
    options.external_url.clone_from(&settings.external_url);
    options.listen_address = format!("0.0.0.0:{port}");
    options.page_title = flags.text("web.page-title").to_owned();
    options.cors_origin.clone_from(&settings.cors_origin);
    options.admin = flags.is_on("web.enable-admin-api");
    options.lifecycle = flags.is_on("web.enable-lifecycle");
    options.max_queries = settings.max_queries;
    let searched = flags.integer("web.search.max-limit").and_then(|most| usize::try_from(most).ok());
    options.max_search_limit = searched.filter(|most| *most > 0);
    let subscribers = flags.integer("web.max-notifications-subscribers").unwrap_or(0);
    options.max_subscribers = usize::try_from(subscribers).unwrap_or(0);
    options.data_dir.clone_from(&settings.data_dir);
    options.working_dir = std::env::current_dir().map(|dir| dir.display().to_string()).unwrap_or_default();
    options.host_name = settings::host_name();
    options.flags = flags.all();
    options.build = build.clone();
    options.features = vec![
        ("api", "search", settings.features.has("search-api")),
        ("prometheus", "server_mode", true),
        ("prometheus", "agent_mode", false),
        ("prometheus", "auto_reload_config", settings.auto_reload.is_some()),
        ("promql", "per_step_stats", settings.features.has("promql-per-step-stats")),
        ("tsdb", "exemplar_storage", settings.features.has("exemplar-storage")),
        ("tsdb", "isolation", true),
        ("tsdb", "native_histograms", true),
        ("scrape", "extra_scrape_metrics", true),
        ("scrape", "type_and_unit_labels", settings.features.has("type-and-unit-labels")),
        ("service_discovery_providers", "static", true),
        ("service_discovery_providers", "file", true),
        ("service_discovery_providers", "http", true),
        ("service_discovery_providers", "dns", true),
    ];
    options
}

async fn start_jobs(settings: &Settings, db: &Arc<Db>, clock: &Arc<dyn Clock>, ledger: &promd_budget::Ledger) -> Jobs {
    let flags = &settings.flags;
    let mut options = ScrapeOptions::default();
    options.host_name = host_name().await;
    options.align_timestamps = flags.is_on("scrape.adjust-timestamps");
    options.timestamp_tolerance = flags.duration("scrape.timestamp-tolerance").unwrap_or(options.timestamp_tolerance);
    options.type_and_unit_labels = settings.features.has("type-and-unit-labels");
    options.exemplars = settings.features.has("exemplar-storage");
    options.metadata = settings.features.has("metadata-wal-records");
    if settings.features.has("created-timestamp-zero-ingestion") {
        options.starts = Starts::AsZeros;
    }
    options.hash_seed = u64::try_from(clock.wall().nanos()).unwrap_or(0).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    options.ledger = ledger.clone();
    let user_agent = format!("Prometheus/{}", BuildInfo::default().version);
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let parts = promd_scrape::Parts {
        storage: Arc::clone(db) as _,
        clock: Arc::clone(clock),
        fetch: Arc::new(HttpFetchFactory::new(user_agent.clone(), Arc::clone(clock))),
        executor: Executor::bounded(threads),
    };
    let mut discovery = ManagerOptions::new("scrape");
    let interval = flags.duration("scrape.discovery-reload-interval");
    discovery.update_interval = interval.unwrap_or(discovery.update_interval);
    let mut client = ClientOptions::default();
    client.user_agent = user_agent.clone();
    client.clock = Arc::clone(clock);
    Jobs {
        scrape: Arc::new(promd_scrape::Manager::new(options, &user_agent, parts)),
        discovery: promd_discovery::Manager::new(discovery, Arc::clone(clock)),
        mechanisms: Mechanisms::new().with_client(client),
        db: Arc::clone(db),
    }
}

/// Brings a configuration into force, as much of it as can be.
async fn apply(settings: &Settings, loaded: &Loaded, api: &Api, jobs: &Jobs, recorder: &Recorder) -> Result<(), ()> {
    let mut result = Ok(());
    let mut complain = |part: &str, error: &dyn std::fmt::Display| {
        tracing::error!(reloader = part, err = %error, "Failed to apply configuration");
        result = Err(());
    };
    let idle = without_effect(&loaded.config);
    for section in &idle {
        tracing::warn!(section, "This section of the configuration does nothing in promd yet");
    }
    let told = api.notifications().list().into_iter().map(|told| told.text);
    told.filter(|text| text.starts_with(IDLE)).for_each(|text| api.notifications().remove(&text));
    if !idle.is_empty() {
        api.notifications().add(&format!("{IDLE}{}.", idle.join(", ")));
    }
    if let Err(error) = store::reconfigure(&jobs.db, settings, &loaded.config) {
        complain("db_storage", &error);
    }
    let query_log = loaded.config.global.query_log_file.as_str();
    if let Err(error) = recorder.log_to(query_log) {
        complain("query_engine", &error);
    }
    api.set_query_log(!query_log.is_empty());
    if let Err(error) = jobs.scrape.apply(loaded.jobs.clone(), &loaded.config.global.external_labels).await {
        complain("scrape", &error);
    }
    let mut sets: std::collections::BTreeMap<String, Vec<Arc<dyn Mechanism>>> = std::collections::BTreeMap::new();
    for job in &loaded.jobs {
        match jobs.mechanisms.of(&job.discovery) {
            Ok(mechanisms) => drop(sets.insert(job.job_name.clone(), mechanisms)),
            Err(error) => complain("scrape_sd", &error),
        }
    }
    jobs.discovery.apply(sets);
    result
}

/// What the server listens to while it runs.
struct Watch<'a> {
    settings: &'a Settings,
    source: &'a Source,
    fs: &'a dyn Fs,
    clock: &'a dyn Clock,
    life: &'a Life,
}

impl Watch<'_> {
    /// Returns when the server is to end, with the reason if that is not a wish.
    async fn until_the_end(
        &self,
        signals: &mut Signals,
        wishes: &mut mpsc::Receiver<Wish>,
        web: &mut tokio::task::JoinHandle<std::io::Result<()>>,
        api: &Api,
        jobs: &Jobs,
        recorder: &Recorder,
    ) -> Option<Failed> {
        let mut seen = self.fingerprint();
        loop {
            let answer = tokio::select! {
                () = signals.ending.wait() => return None,
                _ = signals.hangup.recv() => None,
                wish = wishes.recv() => match wish {
                    Some(Wish::Reload(answer)) => Some(answer),
                    Some(Wish::Quit) | None => {
                        tracing::warn!("Received termination request via web service, exiting gracefully...");
                        return None;
                    }
                },
                () = self.next_look() => {
                    let now = self.fingerprint();
                    if std::mem::replace(&mut seen, now) == seen {
                        continue;
                    }
                    tracing::info!("Configuration file change detected, reloading the configuration.");
                    None
                },
                ended = &mut *web => {
                    let error = match ended {
                        Ok(Ok(())) => "it ended".to_owned(),
                        Ok(Err(error)) => error.to_string(),
                        Err(error) => error.to_string(),
                    };
                    tracing::error!(component = "web", err = error, "Error starting web server, exiting gracefully");
                    return Some(Failed(1));
                }
            };
            let result = self.reload(api, jobs, recorder).await;
            seen = self.fingerprint();
            if let Err(error) = &result {
                tracing::error!(err = error, "Error reloading config");
            }
            if let Some(answer) = answer {
                // Whoever asked may have gone.
                answer.send(result).ok();
            }
        }
    }

    async fn reload(&self, api: &Api, jobs: &Jobs, recorder: &Recorder) -> Result<(), String> {
        tracing::info!(filename = self.source.file, "Loading configuration file");
        let file = promd_model::quote::go(&self.source.file);
        let result = match self.source.load(self.fs) {
            Err(error) => Err(format!("couldn't load configuration (--config.file={file}): {error}")),
            Ok(loaded) => {
                let applied = apply(self.settings, &loaded, api, jobs, recorder).await;
                self.life.take_over(loaded);
                applied.map_err(|()| {
                    format!("one or more errors occurred while applying the new configuration (--config.file={file})")
                })
            }
        };
        self.life.note(result.is_ok());
        if result.is_ok() {
            api.notifications().remove(notifications::RELOAD_FAILED);
            tracing::info!(filename = self.source.file, "Completed loading of configuration file");
        } else {
            api.notifications().add(notifications::RELOAD_FAILED);
        }
        result
    }

    /// Until it is time to look for changes of the configuration.
    async fn next_look(&self) {
        match self.settings.auto_reload {
            Some(interval) => self.clock.sleep(interval).await,
            None => pending().await,
        }
    }

    /// The texts of the files that make the configuration, if changes of them matter.
    fn fingerprint(&self) -> Option<Vec<u8>> {
        self.settings.auto_reload?;
        let read = |path: &str| self.fs.read_to_vec(std::path::Path::new(path), 64 << 20).unwrap_or_default();
        let mut all = read(&self.source.file);
        for file in self.life.files(self.fs) {
            all.extend_from_slice(b"\0");
            all.extend_from_slice(file.as_bytes());
            all.extend_from_slice(b"\0");
            all.extend(read(&file));
        }
        Some(all)
    }
}

/// The signals that a server listens to.
struct Signals {
    ending: Ending,
    hangup: Signal,
}

struct Ending {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        let ending =
            Ending { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? };
        Ok(Self { ending, hangup: signal(SignalKind::hangup())? })
    }
}

impl Ending {
    /// Returns when the server is told to end.
    async fn wait(&mut self) {
        let name = tokio::select! {
            _ = self.terminate.recv() => "terminated",
            _ = self.interrupt.recv() => "interrupt",
        };
        tracing::warn!(signal = name, "Received an OS signal, exiting gracefully...");
    }
}
