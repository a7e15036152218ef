//! Mechanisms out of configurations.

use std::sync::Arc;

use promd_config::Discovery;
use promd_metrics::{Collect, Desc, Sink};
use promd_model::LabelsError;

use promd_http::ClientOptions;

use crate::dns::{DnsMechanism, DnsMetrics, DnsOptions};
use crate::file::{FileMechanism, FileMetrics};
use crate::http::{HttpMechanism, HttpMetrics};
use crate::refresh::RefreshMetrics;
use crate::{Mechanism, StaticMechanism, TargetGroup};

/// The mechanisms that are built in, with their metrics.
#[derive(Debug, Clone, Default)]
pub struct Mechanisms {
    client: ClientOptions,
    names: DnsOptions,
    file: Arc<FileMetrics>,
    http: Arc<HttpMetrics>,
    dns: Arc<DnsMetrics>,
    refresh: Arc<RefreshMetrics>,
}

/// A configuration asks for mechanisms that are not built in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("service discovery that is not built in: {}", names.join(", "))]
pub struct NotBuiltIn {
    names: Vec<&'static str>,
}

impl NotBuiltIn {
    /// What the configuration calls them: `consul_sd_configs`.
    #[must_use]
    pub fn names(&self) -> &[&'static str] {
        &self.names
    }
}

/// A configuration does not say where targets are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoveryError {
    /// It asks for what is not built in.
    #[error(transparent)]
    NotBuiltIn(#[from] NotBuiltIn),
    /// It has labels that are none.
    #[error("static targets: {0}")]
    Labels(#[from] LabelsError),
}

/// As the configuration calls them.
const BUILT_IN: [&str; 4] = ["static_configs", "file_sd_configs", "http_sd_configs", "dns_sd_configs"];

impl Mechanisms {
    /// All that are built in.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with other options for the clients of mechanisms that ask by HTTP: who they say that they are, what proxies the
    /// environment names.
    #[must_use]
    pub fn with_client(self, client: ClientOptions) -> Self {
        Self { client, ..self }
    }

    /// The same with other servers of names.
    #[must_use]
    pub fn with_names(self, names: DnsOptions) -> Self {
        Self { names, ..self }
    }

    /// Whether all that is asked for is built in: to refuse a configuration before anything of it is used.
    ///
    /// # Errors
    ///
    /// With the names of those that are not.
    pub fn check(&self, discovery: &Discovery) -> Result<(), NotBuiltIn> {
        let names: Vec<_> = discovery.used().filter(|name| !BUILT_IN.contains(name)).collect();
        if names.is_empty() { Ok(()) } else { Err(NotBuiltIn { names }) }
    }

    /// What a set asks for.
    ///
    /// # Errors
    ///
    /// If it asks for something that is not built in.
    pub fn of(&self, discovery: &Discovery) -> Result<Vec<Arc<dyn Mechanism>>, DiscoveryError> {
        self.check(discovery)?;
        let mut mechanisms: Vec<Arc<dyn Mechanism>> = Vec::new();
        for config in &discovery.file {
            mechanisms.push(Arc::new(FileMechanism::new(config.clone(), Arc::clone(&self.file))));
        }
        for config in &discovery.http {
            let (metrics, refresh) = (Arc::clone(&self.http), Arc::clone(&self.refresh));
            mechanisms.push(Arc::new(HttpMechanism::new(config.clone(), self.client.clone(), metrics, refresh)));
        }
        for config in &discovery.dns {
            let (metrics, refresh) = (Arc::clone(&self.dns), Arc::clone(&self.refresh));
            mechanisms.push(Arc::new(DnsMechanism::new(config.clone(), self.names.clone(), metrics, refresh)));
        }
        if !discovery.static_configs.is_empty() {
            let groups = TargetGroup::from_config(&discovery.static_configs, |at| at.to_string())?;
            mechanisms.push(Arc::new(StaticMechanism::new(groups)));
        }
        Ok(mechanisms)
    }
}

/// The metrics of all mechanisms.
impl Collect for Mechanisms {
    fn describe(&self, each: &mut dyn FnMut(&Desc)) {
        self.file.describe(each);
        self.http.describe(each);
        self.dns.describe(each);
        self.refresh.describe(each);
    }

    fn collect(&self, now: std::time::SystemTime, sink: &mut dyn Sink) {
        self.file.collect(now, sink);
        self.http.collect(now, sink);
        self.dns.collect(now, sink);
        self.refresh.collect(now, sink);
    }
}
