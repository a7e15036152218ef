//! The client: one request, from its address to the bytes of the answer.

mod connect;
mod error;
mod exchange;
mod pool;
mod response;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use promd_clock::{Clock, Monotonic, RealClock};
use promd_config::HttpClient;

use crate::Response;
pub use error::ClientError;
use error::Kind;
use pool::Pool;

/// What a client is told beside its configuration.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ClientOptions {
    /// The header `User-Agent`.
    pub user_agent: String,
    /// Whether connections are used again.
    pub keep_alive: bool,
    /// How long a connection may wait for its next use.
    pub idle_timeout: Duration,
    /// How many connections may wait for one host.
    pub max_idle_per_host: usize,
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
}

/// The limits are those of `prometheus/common`.
impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            user_agent: concat!("promd/", env!("CARGO_PKG_VERSION")).to_owned(),
            keep_alive: true,
            idle_timeout: Duration::from_secs(300),
            max_idle_per_host: 1000,
            clock: Arc::new(RealClock::new()),
        }
    }
}

/// Sends requests with the settings of one `prometheus.yml` section. A clone is another handle on the same connections.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    clock: Arc<dyn Clock>,
    user_agent: HeaderValue,
    pool: Pool,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("name", &self.inner.name).finish_non_exhaustive()
    }
}

impl Client {
    /// A client called `name` (the job, say) with the settings of `config`.
    ///
    /// # Errors
    ///
    /// If a file of the configuration cannot be used.
    pub fn new(name: &str, config: &HttpClient, options: ClientOptions) -> Result<Self, ClientError> {
        let _ = config;
        let user_agent = HeaderValue::from_str(&options.user_agent)
            .map_err(|_| ClientError::configuration(format!("invalid user agent {:?}", options.user_agent)))?;
        let clock = Arc::clone(&options.clock);
        let inner = Inner { name: name.to_owned(), clock, user_agent, pool: Pool::new(&options) };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Sends a request and returns the answer as soon as its head is there; the body follows as it is read.
    ///
    /// The request is borrowed so that it can be sent again: on a redirect, when an idle connection turns out to be closed,
    /// and by the caller at the next scrape.
    ///
    /// # Errors
    ///
    /// In Go's words: `Get "http://localhost:1/": dial tcp 127.0.0.1:1: connect: connection refused`. An answer is no
    /// error, whatever its status.
    pub async fn send(&self, request: &http::Request<Bytes>) -> Result<Response, ClientError> {
        let outcome = self.inner.follow(request).await;
        self.finish(request, outcome, None)
    }

    /// As [`send`](Self::send), but all of it, the body of the answer included, must be over within `timeout`.
    ///
    /// # Errors
    ///
    /// Also when time is up: `Get "http://localhost:1/": context deadline exceeded`. If that happens in the body, its error
    /// is `context deadline exceeded`.
    pub async fn send_within(
        &self,
        request: &http::Request<Bytes>,
        timeout: Duration,
    ) -> Result<Response, ClientError> {
        let deadline: Monotonic = self.inner.clock.monotonic() + timeout;
        let mut sleep = self.inner.clock.sleep_until(deadline);
        let outcome = tokio::select! {
            biased;
            outcome = self.inner.follow(request) => outcome,
            () = &mut sleep => Err((request.uri().clone(), Kind::Deadline)),
        };
        self.finish(request, outcome, Some(sleep))
    }

    fn finish(
        &self,
        request: &http::Request<Bytes>,
        outcome: exchange::Outcome,
        deadline: Option<promd_clock::Sleep>,
    ) -> Result<Response, ClientError> {
        match outcome {
            Ok(response) => Ok(response.map(|body| body.with_deadline(deadline).into_body())),
            Err((uri, kind)) => Err(ClientError::request(request.method(), &uri, kind)),
        }
    }
}
