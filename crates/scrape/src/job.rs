//! A job: what its configuration becomes once for all of its targets.

use std::sync::Arc;

use hashbrown::HashMap;
use parking_lot::Mutex;
use promd_config::ScrapeConfig;
use promd_exposition::{Options as ParserOptions, ScrapeProtocol, accept_header};
use promd_http::BoxError;
use promd_model::Labels;
use promd_relabel::{RuleError, Rules};

use crate::append::{Settings, Starts};
use crate::failure_log::FailureLog;
use crate::fetch::{Fetch, FetchFactory, FetchRequest};
use crate::histogram::Resolution;
use crate::labels::{LabelLimits, Naming};
use crate::options::ScrapeOptions;
use crate::target::{CLASSIC_HISTOGRAMS, CONVERT_HISTOGRAMS, NATIVE_HISTOGRAMS, Target, UNIX_SOCKET};

/// A job, ready to be scraped.
pub(crate) struct Job {
    pub(crate) config: Arc<ScrapeConfig>,
    factory: Arc<dyn FetchFactory>,
    fetch: Arc<dyn Fetch>,
    /// Those for Unix sockets, by their paths: connections to one must not serve another.
    sockets: Mutex<HashMap<String, Arc<dyn Fetch>>>,
    pub(crate) rules: Rules,
    metric_rules: Arc<Rules>,
    accept: String,
    /// The file may be opened anew while the job goes on.
    pub(crate) failure_log: Mutex<Option<Arc<FailureLog>>>,
    /// If there are more targets than there may be: how many.
    pub(crate) too_many: Mutex<Option<usize>>,
}

/// Why a job cannot be scraped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// Its HTTP settings cannot be used.
    #[error("{0}")]
    Client(BoxError),
    /// Its rules are not valid.
    #[error(transparent)]
    Rules(#[from] RuleError),
}

impl Job {
    pub(crate) fn new(config: Arc<ScrapeConfig>, factory: &Arc<dyn FetchFactory>) -> Result<Self, JobError> {
        let scheme = config.validation();
        let rules = Rules::new(config.relabel_configs.to_vec(), scheme)?;
        let metric_rules = Arc::new(Rules::new(config.metric_relabel_configs.to_vec(), scheme)?);
        let fetch = factory.fetch_for(&config, None).map_err(JobError::Client)?;
        let protocols: Vec<ScrapeProtocol> =
            config.scrape_protocols.iter().flatten().filter_map(|protocol| protocol.as_str().parse().ok()).collect();
        let accept = accept_header(&protocols, config.escaping());
        let (sockets, failure_log, too_many) = (Mutex::default(), Mutex::default(), Mutex::default());
        let factory = Arc::clone(factory);
        Ok(Self { config, factory, fetch, sockets, rules, metric_rules, accept, failure_log, too_many })
    }

    /// What asks a target.
    pub(crate) fn fetch(&self, target: &Target) -> Result<Arc<dyn Fetch>, BoxError> {
        let Some(socket) = target.all_labels().get(UNIX_SOCKET).filter(|socket| !socket.is_empty()) else {
            return Ok(Arc::clone(&self.fetch));
        };
        let mut sockets = self.sockets.lock();
        if let Some(known) = sockets.get(socket) {
            return Ok(Arc::clone(known));
        }
        let fetch = self.factory.fetch_for(&self.config, Some(socket))?;
        sockets.insert(socket.to_owned(), Arc::clone(&fetch));
        Ok(fetch)
    }

    /// How many bytes a body may have. One that has as many as the limit is over it, in Prometheus too.
    pub(crate) fn body_limit(&self) -> usize {
        match usize::try_from(self.config.body_size_limit.bytes()) {
            Ok(0) | Err(_) => usize::MAX,
            Ok(limit) => limit - 1,
        }
    }

    /// What is asked of a target.
    pub(crate) fn request(&self, target: &Target, user_agent: &str) -> Result<FetchRequest, http::Error> {
        let timeout = target.timeout();
        let encoding = if self.config.enable_compression { "gzip" } else { "identity" };
        let request = http::Request::get(target.url())
            .header("Accept", &self.accept)
            .header("Accept-Encoding", encoding)
            .header("User-Agent", user_agent)
            .header("X-Prometheus-Scrape-Timeout-Seconds", timeout.as_secs_f64().to_string());
        Ok(FetchRequest { http: request.body(bytes::Bytes::new())?, timeout })
    }

    /// How bodies of a target become samples.
    pub(crate) fn settings(&self, target: &Target, options: &ScrapeOptions) -> Settings {
        let labels = target.labels().clone();
        settings(&self.config, labels, Arc::clone(&self.metric_rules), |name, on| target.switch(name, on), options)
    }

    /// Whether what is known of series under this configuration holds under the other one too (`reusableCache`).
    pub(crate) fn names_series_as(&self, other: &Self) -> bool {
        let relevant = |config: &ScrapeConfig| {
            let mut config = config.clone();
            config.scrape_interval = promd_model::Duration::ZERO;
            config.scrape_timeout = promd_model::Duration::ZERO;
            config.sample_limit = 0;
            config.http = promd_config::HttpClient::default();
            config
        };
        relevant(&self.config) == relevant(&other.config)
    }
}

/// How bodies become samples under a configuration. `switch` says whether the target has something on that is on or off
/// for the job.
pub(crate) fn settings(
    config: &ScrapeConfig,
    target: Labels,
    rules: Arc<Rules>,
    switch: impl Fn(&str, bool) -> bool,
    options: &ScrapeOptions,
) -> Settings {
    let on = |setting: Option<bool>| setting.unwrap_or(false);
    let mut parser = ParserOptions::default();
    parser.type_and_unit_labels = options.type_and_unit_labels;
    parser.skip_created_series = options.starts != Starts::Ignored;
    parser.ignore_native_histograms = !switch(NATIVE_HISTOGRAMS, on(config.scrape_native_histograms));
    parser.keep_classic_histograms = switch(CLASSIC_HISTOGRAMS, on(config.always_scrape_classic_histograms));
    parser.convert_classic_histograms = switch(CONVERT_HISTOGRAMS, on(config.convert_classic_histograms_to_nhcb));
    let limits = LabelLimits {
        count: config.label_limit,
        name_length: config.label_name_length_limit,
        value_length: config.label_value_length_limit,
    };
    let (honor_labels, scheme) = (config.honor_labels, config.validation());
    Settings {
        naming: Naming { target, honor_labels, rules, scheme, limits },
        parser,
        fallback: config.fallback_scrape_protocol.as_ref().and_then(|protocol| protocol.as_str().parse().ok()),
        honor_timestamps: config.honor_timestamps,
        track_timestamps: config.track_timestamps_staleness,
        sample_limit: config.sample_limit,
        resolution: Resolution::new(config.native_histogram_bucket_limit, config.native_histogram_min_bucket_factor),
        starts: options.starts,
        exemplars: options.exemplars,
        metadata: options.metadata,
        extra_metrics: on(config.extra_scrape_metrics),
    }
}
