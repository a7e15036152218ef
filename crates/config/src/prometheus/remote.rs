//! `remote_write` and `remote_read`.

use std::collections::BTreeMap;
use std::fmt;

use promd_model::{Duration, ValidationScheme};
use promd_relabel::Rule;

use super::azuread::AzureAd;
use super::global::MINUTE;
use super::sigv4::SigV4;
use crate::http::HttpClient;
use crate::labels::{LabelSet, check_rules};
use crate::list::List;
use crate::url::Url;
use crate::yaml::Value;

/// A message that samples are sent in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WriteMessage {
    /// `prometheus.WriteRequest`: remote write 1.0.
    V1,
    /// `io.prometheus.write.v2.Request`: remote write 2.0.
    V2,
    /// None of these; a configuration that was read without an error has none.
    Unknown(String),
}

impl WriteMessage {
    /// What the configuration calls it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::V1 => "prometheus.WriteRequest",
            Self::V2 => "io.prometheus.write.v2.Request",
            Self::Unknown(text) => text,
        }
    }
}

impl fmt::Display for WriteMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Value for WriteMessage {
    fn go_type() -> String {
        "remote.WriteMessageType".to_owned()
    }

    fn zero() -> Self {
        Self::Unknown(String::new())
    }

    fn is_zero(&self) -> bool {
        self.as_str().is_empty()
    }

    fn decode(
        &mut self,
        node: &crate::yaml::Node,
        decoder: &mut crate::yaml::Decoder<'_>,
    ) -> Result<bool, crate::error::Error> {
        let Some(text) = crate::yaml::value::text(node, decoder, &Self::go_type())? else { return Ok(false) };
        let known = [Self::V1, Self::V2].into_iter().find(|message| message.as_str() == text);
        *self = known.unwrap_or(Self::Unknown(text));
        Ok(true)
    }

    fn tree(&self) -> crate::yaml::Tree {
        crate::yaml::Tree::Text(self.to_string())
    }
}

record! {
    /// Where samples are sent.
    pub struct RemoteWriteConfig("config.plain") {
        /// Always there.
        url: Option<Url>;
        remote_timeout: Duration, omit;
        headers: BTreeMap<String, String>, omit;
        /// Which samples are sent, and under which labels.
        write_relabel_configs: List<Rule>, omit;
        /// Tells destinations apart in metrics; made of the settings if it is empty.
        name: String, omit;
        send_exemplars: bool, omit;
        send_native_histograms: bool, omit;
        round_robin_dns: bool, omit;
        protobuf_message: WriteMessage, omit;
        failed_request_logging: bool, omit;
        http: HttpClient, inline;
        queue_config: QueueConfig, omit;
        metadata_config: MetadataConfig, omit;
        sigv4: Option<SigV4>, omit;
        azuread: Option<Box<AzureAd>>, omit;
        google_iam: Option<GoogleIam>, omit;
    }
}

section! { RemoteWriteConfig { fresh: RemoteWriteConfig::default(), check: RemoteWriteConfig::check } }

impl Default for RemoteWriteConfig {
    fn default() -> Self {
        Self {
            remote_timeout: Duration::from_nanos(30_000_000_000),
            protobuf_message: WriteMessage::V1,
            http: HttpClient { enable_http2: false, ..HttpClient::default() },
            queue_config: QueueConfig::default(),
            metadata_config: MetadataConfig::default(),
            ..Self::zero()
        }
    }
}

impl RemoteWriteConfig {
    fn check(&mut self) -> Result<(), String> {
        if self.url.is_none() {
            return Err("url for remote_write is empty".to_owned());
        }
        self.write_relabel_configs.without_null("empty or null relabeling rule in remote write config")?;
        check_headers(&self.headers)?;
        if let WriteMessage::Unknown(text) = &self.protobuf_message {
            return Err(format!(
                "invalid protobuf_message value: unknown type for remote write protobuf message {text}, supported: {}, {}",
                WriteMessage::V1,
                WriteMessage::V2
            ));
        }
        self.http.check()?;
        self.queue_config.check()?;
        let schemes = [
            ("basic_auth", self.http.basic_auth.is_some()),
            ("authorization", self.http.authorization.is_some()),
            ("oauth2", self.http.oauth2.is_some()),
            ("sigv4", self.sigv4.is_some()),
            ("azuread", self.azuread.is_some()),
            ("google_iam", self.google_iam.is_some()),
        ];
        let used: Vec<&str> = schemes.iter().filter(|(_, used)| *used).map(|(name, _)| *name).collect();
        if used.len() > 1 {
            return Err(format!(
                "at most one of basic_auth, authorization, oauth2, sigv4, azuread or google_iam must be configured. \
                 Currently configured: [{}]",
                used.join(" ")
            ));
        }
        Ok(())
    }

    pub(super) fn check_names(&self, scheme: ValidationScheme) -> Result<(), String> {
        check_rules(&self.write_relabel_configs, scheme)
    }
}

record! {
    /// How samples wait for being sent.
    pub struct QueueConfig("config.QueueConfig") {
        /// Samples that wait in a shard before reading stops.
        capacity: i64, omit;
        max_shards: i64, omit;
        min_shards: i64, omit;
        max_samples_per_send: i64, omit;
        batch_send_deadline: Duration, omit;
        min_backoff: Duration, omit;
        max_backoff: Duration, omit;
        retry_on_http_429: bool, omit;
        /// Samples that are older are not sent; zero is no limit.
        sample_age_limit: Duration, omit;
    }
}

section! { QueueConfig {} }

impl Default for QueueConfig {
    fn default() -> Self {
        Self {
            capacity: 10_000,
            max_shards: 50,
            min_shards: 1,
            max_samples_per_send: 2000,
            batch_send_deadline: Duration::from_nanos(5_000_000_000),
            min_backoff: Duration::from_nanos(30_000_000),
            max_backoff: Duration::from_nanos(5_000_000_000),
            ..Self::zero()
        }
    }
}

impl QueueConfig {
    fn check(&self) -> Result<(), String> {
        let positive = |value: i64, name: &str| match value {
            1.. => Ok(()),
            _ => Err(format!("remote write queue {name} must be positive")),
        };
        positive(self.max_shards, "max_shards")?;
        positive(self.min_shards, "min_shards")?;
        if self.min_shards > self.max_shards {
            return Err("remote write queue min_shards must not be greater than max_shards".to_owned());
        }
        positive(self.max_samples_per_send, "max_samples_per_send")?;
        positive(self.capacity, "capacity")?;
        if self.max_backoff < self.min_backoff {
            return Err("remote write queue max_backoff must not be less than min_backoff".to_owned());
        }
        Ok(())
    }
}

record! {
    /// How metadata is sent.
    pub struct MetadataConfig("config.MetadataConfig") {
        send: bool;
        send_interval: Duration;
        max_samples_per_send: i64, omit;
    }
}

section! { MetadataConfig {} }

impl Default for MetadataConfig {
    fn default() -> Self {
        Self { send: true, send_interval: MINUTE, max_samples_per_send: 2000 }
    }
}

record! {
    /// Requests with a token of Google Cloud.
    pub struct GoogleIam("googleiam.Config") {
        /// Relative to the working directory: Prometheus does not join this one.
        credentials_file: String, omit;
    }
}

section! { GoogleIam {} }

record! {
    /// Where samples are read beside the own ones.
    pub struct RemoteReadConfig("config.plain") {
        /// Always there.
        url: Option<Url>;
        remote_timeout: Duration, omit;
        /// The largest frame of a streamed answer, in bytes.
        chunked_read_limit: u64, omit;
        headers: BTreeMap<String, String>, omit;
        /// Whether it is asked for what the own store has too.
        read_recent: bool, omit;
        /// Tells sources apart in metrics; made of the settings if it is empty.
        name: String, omit;
        http: HttpClient, inline;
        /// Matchers that a selector must have for it to be asked.
        required_matchers: LabelSet, omit;
        /// Whether it is asked for the external labels.
        filter_external_labels: bool, omit;
    }
}

section! { RemoteReadConfig { fresh: RemoteReadConfig::default(), check: RemoteReadConfig::check } }

impl Default for RemoteReadConfig {
    fn default() -> Self {
        Self {
            remote_timeout: MINUTE,
            chunked_read_limit: 50_000_000,
            http: HttpClient::default(),
            filter_external_labels: true,
            ..Self::zero()
        }
    }
}

impl RemoteReadConfig {
    fn check(&mut self) -> Result<(), String> {
        if self.url.is_none() {
            return Err("url for remote_read is empty".to_owned());
        }
        check_headers(&self.headers)?;
        self.http.check()
    }
}

/// Headers of remote storage that are set by the server itself.
const RESERVED: [&str; 16] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "user-agent",
    "www-authenticate",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
    "x-prometheus-remote-read-version",
    "x-prometheus-remote-write-version",
];

fn check_headers(headers: &BTreeMap<String, String>) -> Result<(), String> {
    let authorization = "authorization header must be changed via the basic_auth, authorization, oauth2, sigv4, azuread \
                         or google_iam parameter";
    headers.keys().try_for_each(|name| check_header(name, authorization))
}

/// Checks that a header may be set; `authorization` is what is said if it is that one.
pub(super) fn check_header(name: &str, authorization: &str) -> Result<(), String> {
    let lower = name.to_lowercase();
    match lower.as_str() {
        "authorization" => Err(authorization.to_owned()),
        lower if RESERVED.contains(&lower) => Err(format!("{name} is a reserved header. It must not be changed")),
        _ => Ok(()),
    }
}
