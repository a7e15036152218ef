//! `scrape_configs`.

use std::collections::BTreeMap;
use std::fmt;

use promd_model::{ByteSize, Duration, EscapingScheme, ValidationScheme, quote};
use promd_relabel::Rule;

use super::global::{GlobalConfig, default_escaping, unknown_escaping};
use super::protocol::{self, ScrapeProtocol};
use crate::discovery::Discovery;
use crate::http::HttpClient;
use crate::labels::check_rules;
use crate::list::List;
use crate::path::FilePath;
use crate::yaml::Value;
use crate::yaml::tree::print;

record! {
    /// A job: which targets are scraped, how, and what becomes of the samples.
    ///
    /// `Display` is the text of `/api/v1/scrape_pools/config`, without secrets.
    pub struct ScrapeConfig("config.ScrapeConfig") {
        /// What the label `job` says. No other job has this name.
        job_name: String;
        /// Whether labels of the target win over those that it is given.
        honor_labels: bool, omit;
        /// Whether timestamps of the target are taken.
        honor_timestamps: bool;
        track_timestamps_staleness: bool;
        /// Parameters of the address.
        params: BTreeMap<String, Vec<String>>, omit;
        scrape_interval: Duration, omit;
        scrape_timeout: Duration, omit;
        /// Set when a configuration is read.
        scrape_protocols: Option<Vec<ScrapeProtocol>>, omit;
        /// What an answer without a usable `Content-Type` is taken for.
        fallback_scrape_protocol: Option<ScrapeProtocol>, omit;
        scrape_native_histograms: Option<bool>, omit;
        always_scrape_classic_histograms: Option<bool>, omit;
        convert_classic_histograms_to_nhcb: Option<bool>, omit;
        scrape_failure_log_file: FilePath, omit;
        metrics_path: String, omit;
        scheme: String, omit;
        enable_compression: bool;
        body_size_limit: ByteSize, omit;
        sample_limit: u64, omit;
        target_limit: u64, omit;
        label_limit: u64, omit;
        label_name_length_limit: u64, omit;
        label_value_length_limit: u64, omit;
        native_histogram_bucket_limit: u64, omit;
        native_histogram_min_bucket_factor: f64, omit;
        keep_dropped_targets: u64, omit;
        /// Set when a configuration is read.
        metric_name_validation_scheme: Option<ValidationScheme>, omit;
        metric_name_escaping_scheme: String, omit;
        extra_scrape_metrics: Option<bool>, omit;
        http: HttpClient, inline;
        /// Which targets there are, and under which labels.
        relabel_configs: List<Rule>, omit;
        /// Which samples are kept, and under which labels.
        metric_relabel_configs: List<Rule>, omit;
        discovery: Discovery, inline;
    }
}

section! { ScrapeConfig { fresh: ScrapeConfig::default(), check: ScrapeConfig::check } }

impl Default for ScrapeConfig {
    fn default() -> Self {
        Self {
            metrics_path: "/metrics".to_owned(),
            scheme: "http".to_owned(),
            honor_timestamps: true,
            enable_compression: true,
            http: HttpClient::default(),
            ..Self::zero()
        }
    }
}

impl fmt::Display for ScrapeConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&print(self))
    }
}

impl ScrapeConfig {
    /// Which names are valid.
    #[must_use]
    pub fn validation(&self) -> ValidationScheme {
        self.metric_name_validation_scheme.unwrap_or_default()
    }

    /// How names are asked for that are not legacy names.
    #[must_use]
    pub fn escaping(&self) -> EscapingScheme {
        self.metric_name_escaping_scheme.parse().unwrap_or_default()
    }

    fn check(&mut self) -> Result<(), String> {
        self.discovery.check()?;
        if self.job_name.is_empty() {
            return Err("job_name is empty".to_owned());
        }
        self.http.check()?;
        if self.relabel_configs.is_empty() {
            self.discovery.check_static_targets()?;
        }
        self.relabel_configs.without_null("empty or null target relabeling rule in scrape config")?;
        self.metric_relabel_configs.without_null("empty or null metric relabeling rule in scrape config")
    }

    /// Takes what is not given from `global`, and checks what depends on it.
    pub(super) fn complete(&mut self, global: &GlobalConfig) -> Result<(), String> {
        if self.scrape_interval == Duration::ZERO {
            self.scrape_interval = global.scrape_interval;
        }
        let job = quote::go(&self.job_name).to_string();
        if self.scrape_timeout > self.scrape_interval {
            return Err(format!("scrape timeout greater than scrape interval for scrape config with job name {job}"));
        }
        if self.scrape_timeout == Duration::ZERO {
            self.scrape_timeout = global.scrape_timeout.min(self.scrape_interval);
        }
        self.inherit(global);
        protocol::check(self.scrape_protocols.as_deref().unwrap_or_default())
            .map_err(|text| format!("{text} for scrape config with job name {job}"))?;
        if self.fallback_scrape_protocol.as_ref().is_some_and(Value::is_zero) {
            self.fallback_scrape_protocol = None;
        }
        if let Some(fallback) = &self.fallback_scrape_protocol {
            let explain =
                |text| format!("invalid fallback_scrape_protocol for scrape config with job name {job}: {text}");
            fallback.check().map_err(explain)?;
        }
        self.complete_names(global)?;
        self.convert_classic_histograms_to_nhcb.get_or_insert(global.convert_classic_histograms_to_nhcb);
        self.always_scrape_classic_histograms.get_or_insert(global.always_scrape_classic_histograms);
        check_rules(&self.relabel_configs, self.validation())?;
        check_rules(&self.metric_relabel_configs, self.validation())
    }

    fn inherit(&mut self, global: &GlobalConfig) {
        fn inherit<T: Value + Clone>(own: &mut T, global: &T) {
            if own.is_zero() {
                own.clone_from(global);
            }
        }
        inherit(&mut self.body_size_limit, &global.body_size_limit);
        inherit(&mut self.sample_limit, &global.sample_limit);
        inherit(&mut self.target_limit, &global.target_limit);
        inherit(&mut self.label_limit, &global.label_limit);
        inherit(&mut self.label_name_length_limit, &global.label_name_length_limit);
        inherit(&mut self.label_value_length_limit, &global.label_value_length_limit);
        inherit(&mut self.keep_dropped_targets, &global.keep_dropped_targets);
        inherit(&mut self.scrape_failure_log_file, &global.scrape_failure_log_file);
        inherit(&mut self.scrape_native_histograms, &global.scrape_native_histograms);
        inherit(&mut self.extra_scrape_metrics, &global.extra_scrape_metrics);
        inherit(&mut self.scrape_protocols, &global.scrape_protocols);
        let native = self.scrape_native_histograms == Some(true);
        let protocols: &[_] = if native { &ScrapeProtocol::DEFAULT_NATIVE } else { &ScrapeProtocol::DEFAULT };
        self.scrape_protocols.get_or_insert_with(|| protocols.to_vec());
    }

    fn complete_names(&mut self, global: &GlobalConfig) -> Result<(), String> {
        let inherits = self.metric_name_validation_scheme.is_none();
        let validation = *self.metric_name_validation_scheme.get_or_insert(global.scheme());
        let inherited = global.escaping()?;
        let escaping = match self.metric_name_escaping_scheme.as_str() {
            "" if inherits => inherited,
            "" => default_escaping(validation),
            text => text.parse().map_err(|_| unknown_escaping("scrape config", text))?,
        };
        if escaping == EscapingScheme::None && validation != ValidationScheme::Utf8 {
            return Err("utf8 metric names requested but validation scheme is not set to UTF8".to_owned());
        }
        self.metric_name_escaping_scheme = escaping.to_string();
        Ok(())
    }
}

record! {
    /// A file of `scrape_config_files`.
    pub struct ScrapeConfigs("config.ScrapeConfigs") {
        scrape_configs: List<ScrapeConfig>, omit;
    }
}

section! { ScrapeConfigs {} }
