//! `prometheus.yml`.

mod alerting;
mod azuread;
mod global;
mod load;
mod otlp;
mod protocol;
mod remote;
mod scrape;
mod sigv4;
mod storage;
mod tracing;

pub use alerting::{AlertingConfig, AlertmanagerApi, AlertmanagerConfig};
pub use azuread::{AzureAd, AzureCertificate, AzureManagedIdentity, AzureOAuth, AzureSdk, AzureWorkloadIdentity};
pub use global::{GlobalConfig, RuntimeConfig};
pub use load::{LoadError, Options};
pub use otlp::OtlpConfig;
pub use protocol::ScrapeProtocol;
pub use remote::{GoogleIam, MetadataConfig, QueueConfig, RemoteReadConfig, RemoteWriteConfig, WriteMessage};
pub use scrape::{ScrapeConfig, ScrapeConfigs};
pub use sigv4::SigV4;
pub use storage::{ChunkEncodingConfig, ExemplarsConfig, RetentionConfig, StorageConfig, TsdbConfig};
pub use tracing::{TracingClient, TracingConfig};

use std::fmt;

use promd_model::quote;

use crate::error::Error;
use crate::list::List;
use crate::path::{FilePath, is_glob_of_files};
use crate::yaml::tree::print;
use crate::yaml::{Decoder, Environment, Id, Section, Value};

record! {
    /// The configuration of a server.
    ///
    /// `Display` is the text of `/api/v1/status/config`: what was given and what was filled in, without secrets.
    pub struct Config("config.plain") {
        global: GlobalConfig;
        runtime: RuntimeConfig, omit;
        alerting: AlertingConfig, omit;
        /// Paths that may hold a `*` in their last part.
        rule_files: Vec<FilePath>, omit;
        /// Paths that may hold a `*` in their last part.
        scrape_config_files: Vec<FilePath>, omit;
        /// Those of the file itself; see [`all_scrape_configs`](Self::all_scrape_configs).
        scrape_configs: List<ScrapeConfig>, omit;
        storage: StorageConfig, omit;
        tracing: TracingConfig, omit;
        remote_write: List<RemoteWriteConfig>, omit;
        remote_read: List<RemoteReadConfig>, omit;
        otlp: OtlpConfig, omit;
    }
}

impl Section for Config {
    fn fresh(environment: Environment<'_>) -> Option<Self> {
        Some(Self::unsaid(environment))
    }

    fn check(&mut self, environment: Environment<'_>) -> Result<(), String> {
        // A section that is there without anything in it says nothing.
        if self.global.is_zero() {
            self.global = GlobalConfig::default();
        }
        if self.runtime.is_zero() {
            self.runtime = RuntimeConfig::of(environment);
        }
        let invalid = |files: &[FilePath]| files.iter().find(|file| !is_glob_of_files(file)).cloned();
        if let Some(file) = invalid(&self.rule_files) {
            return Err(format!("invalid rule file path {}", quote::go(file.as_str())));
        }
        if let Some(file) = invalid(&self.scrape_config_files) {
            return Err(format!("invalid scrape config file path {}", quote::go(file.as_str())));
        }
        self.scrape_configs.without_null("empty or null scrape config section")?;
        for scrape in self.scrape_configs.iter_mut() {
            scrape.complete(&self.global)?;
        }
        let scheme = self.global.scheme();
        unique(self.scrape_configs.iter().map(|scrape| scrape.job_name.as_str()), "scrape configs")?;
        self.alerting.check_names(scheme)?;
        self.remote_write.without_null("empty or null remote write config section")?;
        let named = |name: &&str| !name.is_empty();
        unique(self.remote_write.iter().map(|write| write.name.as_str()).filter(named), "remote write configs")?;
        self.remote_write.iter().try_for_each(|write| write.check_names(scheme))?;
        self.remote_read.without_null("empty or null remote read config section")?;
        unique(self.remote_read.iter().map(|read| read.name.as_str()).filter(named), "remote read configs")
    }

    fn set(&mut self, key: &str, id: Id, decoder: &mut Decoder<'_>) -> Result<bool, Error> {
        self.set_field(key, id, decoder)
    }
}

fn unique<'a>(names: impl Iterator<Item = &'a str>, what: &str) -> Result<(), String> {
    let mut seen: Vec<&str> = Vec::new();
    for name in names {
        if seen.contains(&name) {
            return Err(format!("found multiple {what} with job name {}", quote::go(name)));
        }
        seen.push(name);
    }
    Ok(())
}

impl Config {
    /// What is meant if nothing is said.
    fn unsaid(environment: Environment<'_>) -> Self {
        Self {
            global: GlobalConfig::default(),
            runtime: RuntimeConfig::of(environment),
            otlp: OtlpConfig::default(),
            ..Self::zero()
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::unsaid(&|_| None)
    }
}

impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&print(self))
    }
}
