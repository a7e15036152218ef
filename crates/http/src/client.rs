//! The client: one request, from its address to the bytes of the answer.

mod connect;
mod credentials;
mod error;
mod exchange;
mod http1;
mod no_proxy;
mod oauth2;
mod pool;
mod proxy;
pub(crate) mod redirect;
mod response;
mod source;
mod stream;
mod tls;

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use promd_clock::{Clock, Monotonic, RealClock};
use promd_config::HttpClient;
use promd_fs::{Fs, RealFs};

use crate::Response;
use connect::Connector;
use credentials::{Authorization, Headers};
pub use error::ClientError;
use error::Kind;
#[cfg(feature = "internal-fuzz")]
pub(crate) use no_proxy::NoProxy;
use oauth2::{Token, Tokens};
use pool::Pool;
use proxy::Proxies;
pub use proxy::ProxyEnvironment;
#[cfg(feature = "internal-fuzz")]
pub(crate) use redirect::is_home;
use tls::TlsSettings;

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
    /// How many connections there may be to one host at a time; further requests wait. 0 is any number.
    pub max_connections_per_host: usize,
    /// Whether HTTP/2 may be spoken, where the configuration allows it too.
    pub http2: bool,
    /// A socket that is connected to instead of the host of an address.
    pub unix_socket: Option<PathBuf>,
    /// What `proxy_from_environment` means.
    pub environment: ProxyEnvironment,
    /// Where the files of the configuration are read.
    pub fs: Arc<dyn Fs>,
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
            max_connections_per_host: 0,
            http2: true,
            unix_socket: None,
            environment: ProxyEnvironment::default(),
            fs: Arc::new(RealFs::new()),
            clock: Arc::new(RealClock::new()),
        }
    }
}

/// What a server says behind the number of a status, if that is not what everybody says there. HTTP/2 has no such text.
#[must_use]
pub fn own_reason(extensions: &http::Extensions) -> Option<Cow<'_, str>> {
    let reason = extensions.get::<hyper::ext::ReasonPhrase>()?;
    Some(String::from_utf8_lossy(reason.as_bytes()))
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
    connector: Connector,
    authorization: Authorization,
    headers: Headers,
    oauth2: Option<Box<Tokens>>,
    follow_redirects: bool,
}

impl Inner {
    fn new(name: &str, config: &HttpClient, options: &ClientOptions) -> Result<Self, String> {
        let fs = &*options.fs;
        let user_agent = HeaderValue::from_str(&options.user_agent)
            .map_err(|_| format!("invalid user agent {:?}", options.user_agent))?;
        let connector = Connector {
            proxies: Proxies::new(&config.proxy, &options.environment)?,
            tls: TlsSettings::new(&config.tls, config.enable_http2 && options.http2, fs)?,
            unix_socket: options.unix_socket.clone(),
            fs: Arc::clone(&options.fs),
        };
        let oauth2 = config.oauth2.as_ref().map(|oauth2| Tokens::new(oauth2, options).map(Box::new)).transpose()?;
        Ok(Self {
            name: name.to_owned(),
            clock: Arc::clone(&options.clock),
            user_agent,
            pool: Pool::new(options),
            connector,
            authorization: Authorization::new(config, fs)?,
            headers: Headers::new(config)?,
            oauth2,
            follow_redirects: config.follow_redirects,
        })
    }
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
        let inner = Inner::new(name, config, &options).map_err(ClientError::configuration)?;
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
