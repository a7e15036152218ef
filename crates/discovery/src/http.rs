//! Targets that a server tells (`discovery/http/http.go`).

mod metrics;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::StatusCode;
use http::header::{ACCEPT, CONTENT_TYPE};
use promd_config::HttpSd;
use promd_http::{Client, ClientOptions, body};
use promd_model::quote;

use crate::refresh::{BoxError, Refresh, RefreshMetrics, Refresher};
use crate::{Context, Discoverer, Mechanism, MechanismError, TargetGroup};

pub use metrics::HttpMetrics;

/// The label that names the server of a target.
const URL: &str = "__meta_url";

/// No list of targets is longer, in bytes: it is what a file of targets may have.
const MAX_BYTES: usize = 64 << 20;

/// `http_sd_configs`: one entry.
#[derive(Debug, Clone)]
pub struct HttpMechanism {
    config: HttpSd,
    options: ClientOptions,
    metrics: Arc<HttpMetrics>,
    refreshes: Arc<RefreshMetrics>,
}

impl HttpMechanism {
    /// The name of the mechanism.
    pub const NAME: &str = "http";

    /// Targets that this server tells. All mechanisms of a program share the metrics.
    #[must_use]
    pub fn new(
        config: HttpSd,
        options: ClientOptions,
        metrics: Arc<HttpMetrics>,
        refreshes: Arc<RefreshMetrics>,
    ) -> Self {
        Self { config, options, metrics, refreshes }
    }
}

impl Mechanism for HttpMechanism {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn is_same(&self, other: &dyn Mechanism) -> bool {
        (other as &dyn Any).downcast_ref::<Self>().is_some_and(|other| other.config == self.config)
    }

    fn discoverer(&self, context: &Context) -> Result<Box<dyn Discoverer>, MechanismError> {
        let failed = |error: BoxError| MechanismError::new(Self::NAME, error);
        let interval = self.config.refresh_interval.to_std().unwrap_or(Duration::MAX);
        let mut options = self.options.clone();
        options.clock = Arc::clone(&context.clock);
        let client = Client::new(Self::NAME, &self.config.http, options).map_err(|error| failed(error.into()))?;
        let request = http::Request::get(&self.config.url)
            .header(ACCEPT, "application/json")
            .header("X-Prometheus-Refresh-Interval-Seconds", interval.as_secs_f64().to_string())
            .body(Bytes::new())
            .map_err(|error| failed(error.into()))?;
        let server = Server {
            url: self.config.url.clone(),
            request,
            client,
            timeout: interval,
            groups: 0,
            metrics: Arc::clone(&self.metrics),
        };
        Ok(Box::new(Refresher {
            refresh: server,
            mechanism: Self::NAME,
            interval,
            context: context.clone(),
            metrics: Arc::clone(&self.refreshes),
        }))
    }
}

/// A server that tells targets.
struct Server {
    url: String,
    request: http::Request<Bytes>,
    client: Client,
    /// An answer that is not there when the next one is due is none.
    timeout: Duration,
    /// How many groups it told of the last time.
    groups: usize,
    metrics: Arc<HttpMetrics>,
}

impl Refresh for Server {
    fn refresh(&mut self) -> BoxFuture<'_, Result<Vec<TargetGroup>, BoxError>> {
        Box::pin(async {
            let mut groups = self.ask().await.inspect_err(|_| self.metrics.failures.inc())?;
            let count = groups.len();
            groups.extend((count..self.groups).map(|at| TargetGroup::gone(source(&self.url, at))));
            self.groups = count;
            Ok(groups)
        })
    }
}

impl Server {
    async fn ask(&self) -> Result<Vec<TargetGroup>, BoxError> {
        let response = self.client.send_within(&self.request, self.timeout).await?;
        let status = response.status();
        if status != StatusCode::OK {
            return Err(format!("server returned HTTP status {status}").into());
        }
        let kind = response.headers().get(CONTENT_TYPE).map(|kind| String::from_utf8_lossy(kind.as_bytes()));
        let kind = kind.unwrap_or_default();
        if !is_json(kind.trim()) {
            return Err(format!("unsupported content type {}", quote::go(&*kind)).into());
        }
        let text = body::read(response.into_body(), MAX_BYTES).await?;
        let groups = TargetGroup::from_json(&text, |at| source(&self.url, at))?;
        Ok(groups.into_iter().map(|group| group.with_label(URL, &self.url)).collect::<Result<_, _>>()?)
    }
}

/// Whether a content type is JSON, in the one encoding that JSON has.
fn is_json(kind: &str) -> bool {
    let (kind, parameter) = kind.split_once(';').map_or((kind, None), |(kind, parameter)| (kind, Some(parameter)));
    let is_utf8 = |parameter: &str| {
        let parameter = parameter.trim_start().to_ascii_lowercase();
        matches!(parameter.as_str(), "charset=utf-8" | "charset=\"utf-8\"")
    };
    kind.eq_ignore_ascii_case("application/json") && parameter.is_none_or(is_utf8)
}

fn source(url: &str, at: usize) -> String {
    format!("{url}:{at}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `matchContentType` of `discovery/http/http.go` matches, by its text.
    #[test]
    fn json_by_its_content_type() {
        for (kind, expect) in [
            ("application/json", true),
            ("Application/JSON; charset=UTF-8", true),
            ("application/json;charset=\"utf-8\"", true),
            ("application/json;", false),
            ("application/json; charset=latin1", false),
            ("application/json; charset=utf-8; x=y", false),
            ("application/jsonx", false),
            ("text/plain", false),
            ("", false),
        ] {
            assert_eq!(is_json(kind), expect, "{kind}");
        }
    }
}
