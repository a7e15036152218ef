//! What an API is told.

use std::path::PathBuf;
use std::sync::Arc;

use promd_budget::Account;
use promd_clock::Clock;
use promd_metrics::Registry;
use promd_promql::Engine;
use promd_regex::Anchored;

use crate::{Host, Targets, Watcher};

/// What a server says of itself under `status/buildinfo` and in `prometheus_build_info`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BuildInfo {
    /// The version of Prometheus that it behaves as; clients decide by it what they may ask.
    pub version: String,
    /// What it really is: clients show it, and none decides anything by it.
    pub revision: String,
    /// The branch.
    pub branch: String,
    /// Who built it.
    pub build_user: String,
    /// When.
    pub build_date: String,
    /// With which Go; here with which Rust.
    pub go_version: String,
}

impl Default for BuildInfo {
    fn default() -> Self {
        Self {
            version: "3.14.0".to_owned(),
            revision: concat!("promd-", env!("CARGO_PKG_VERSION")).to_owned(),
            branch: "promd".to_owned(),
            build_user: String::new(),
            build_date: String::new(),
            go_version: "none".to_owned(),
        }
    }
}

/// Settings that do not change while a server runs. The default is that of a server without flags.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// The path below which everything is served, without a `/` at its end; empty for the root.
    pub route_prefix: String,
    /// The URL under which clients reach the server, without a `/` at its end.
    pub external_url: String,
    /// The first address that is listened on.
    pub listen_address: String,
    /// The title of pages.
    pub page_title: String,
    /// Which other origins may read answers; `None` for all. An answer names the origin that asked.
    pub cors_origin: Option<Anchored>,
    /// Whether `/api/v1/admin/tsdb` is there.
    pub admin: bool,
    /// Whether `/-/reload` and `/-/quit` do what they say.
    pub lifecycle: bool,
    /// How many queries run at once.
    pub max_queries: usize,
    /// How many results a search may ask for; `None` for any number.
    pub max_search_limit: Option<usize>,
    /// How many clients may follow `notifications/live`.
    pub max_subscribers: usize,
    /// Where the server was started.
    pub working_dir: String,
    /// The name of the machine.
    pub host_name: String,
    /// Where snapshots go.
    pub data_dir: PathBuf,
    /// All flags with their values, by name.
    pub flags: Vec<(String, String)>,
    /// What the server is.
    pub build: BuildInfo,
    /// Features beyond those that the API knows of itself: category, name, whether it is on.
    pub features: Vec<(&'static str, &'static str, bool)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            route_prefix: String::new(),
            external_url: "http://localhost:9090".to_owned(),
            listen_address: "0.0.0.0:9090".to_owned(),
            page_title: "Prometheus Time Series Collection and Processing Server".to_owned(),
            cors_origin: None,
            admin: false,
            lifecycle: false,
            max_queries: 20,
            max_search_limit: Some(10_000),
            max_subscribers: 16,
            working_dir: String::new(),
            host_name: String::new(),
            data_dir: PathBuf::from("data"),
            flags: Vec::new(),
            build: BuildInfo::default(),
            features: Vec::new(),
        }
    }
}

/// What an API is made of.
pub struct Parts {
    /// Its settings.
    pub options: Options,
    /// What evaluates queries.
    pub engine: Engine,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What `/metrics` shows. The API adds its own.
    pub registry: Arc<Registry>,
    /// What the memory of queries is charged to.
    pub memory: Option<Account>,
    /// The program around it.
    pub host: Arc<dyn Host>,
    /// Who scrapes.
    pub targets: Arc<dyn Targets>,
    /// Who is told of queries.
    pub watcher: Option<Arc<dyn Watcher>>,
}

impl Parts {
    /// An API with this engine and nothing around it.
    #[must_use]
    pub fn new(engine: Engine, clock: Arc<dyn Clock>) -> Self {
        Self {
            options: Options::default(),
            engine,
            clock,
            registry: Arc::default(),
            memory: None,
            host: Arc::new(()),
            targets: Arc::new(()),
            watcher: None,
        }
    }
}
