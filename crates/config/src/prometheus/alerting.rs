//! `alerting`.

use promd_model::{Duration, ValidationScheme};
use promd_relabel::Rule;

use super::sigv4::SigV4;
use crate::discovery::Discovery;
use crate::http::HttpClient;
use crate::labels::check_rules;
use crate::list::List;
use crate::yaml::Value;
use crate::yaml::value::textual;

record! {
    /// Where alerts are sent.
    pub struct AlertingConfig("config.plain") {
        /// Which alerts are sent, and under which labels.
        alert_relabel_configs: List<Rule>, omit;
        alertmanagers: List<AlertmanagerConfig>, omit;
    }
}

section! { AlertingConfig { fresh: AlertingConfig::zero(), check: AlertingConfig::check } }

impl AlertingConfig {
    fn check(&mut self) -> Result<(), String> {
        self.alert_relabel_configs.without_null("empty or null alert relabeling rule")
    }

    pub(super) fn check_names(&self, scheme: ValidationScheme) -> Result<(), String> {
        check_rules(&self.alert_relabel_configs, scheme)?;
        self.alertmanagers.iter().try_for_each(|alertmanager| {
            check_rules(&alertmanager.alert_relabel_configs, scheme)?;
            check_rules(&alertmanager.relabel_configs, scheme)
        })
    }
}

/// A version of the interface of Alertmanager. There was a first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum AlertmanagerApi {
    /// The second.
    #[default]
    V2,
}

impl std::fmt::Display for AlertmanagerApi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("v2")
    }
}

textual!(AlertmanagerApi, AlertmanagerApi::V2, "config.AlertmanagerAPIVersion", |text| match text {
    "v2" => Ok(AlertmanagerApi::V2),
    _ => Err(format!("expected Alertmanager api version to be one of [v2] but got {text}")),
});

record! {
    /// Some Alertmanagers.
    pub struct AlertmanagerConfig("config.AlertmanagerConfig") {
        http: HttpClient, inline;
        sigv4: Option<SigV4>, omit;
        scheme: String, omit;
        path_prefix: String, omit;
        /// How long sending may take.
        timeout: Duration, omit;
        /// Always there.
        api_version: Option<AlertmanagerApi>;
        relabel_configs: List<Rule>, omit;
        alert_relabel_configs: List<Rule>, omit;
        discovery: Discovery, inline;
    }
}

section! { AlertmanagerConfig { fresh: AlertmanagerConfig::default(), check: AlertmanagerConfig::check } }

impl Default for AlertmanagerConfig {
    fn default() -> Self {
        Self {
            http: HttpClient::default(),
            scheme: "http".to_owned(),
            timeout: Duration::from_nanos(10_000_000_000),
            api_version: Some(AlertmanagerApi::V2),
            ..Self::zero()
        }
    }
}

impl AlertmanagerConfig {
    fn check(&mut self) -> Result<(), String> {
        self.discovery.check()?;
        self.http.check()?;
        let authenticates =
            self.http.basic_auth.is_some() || self.http.authorization.is_some() || self.http.oauth2.is_some();
        if self.sigv4.is_some() && authenticates {
            return Err("at most one of basic_auth, authorization, oauth2, & sigv4 must be configured".to_owned());
        }
        if self.relabel_configs.is_empty() {
            self.discovery.check_static_targets()?;
        }
        self.relabel_configs.without_null("empty or null Alertmanager target relabeling rule")?;
        self.alert_relabel_configs.without_null("empty or null Alertmanager alert relabeling rule")
    }
}
