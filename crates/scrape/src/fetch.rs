//! How a body comes from a target: the seam for tests and simulations, and what stands behind it in earnest.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, StatusCode};
use promd_clock::Clock;
use promd_config::ScrapeConfig;
use promd_http::body::{self, ReadError};
use promd_http::{BoxError, Client, ClientError, ClientOptions};

/// What is asked of a target, again and again.
#[derive(Debug)]
pub struct FetchRequest {
    /// The request.
    pub http: http::Request<Bytes>,
    /// How long all of it may take.
    pub timeout: Duration,
}

/// The head of an answer.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The status.
    pub status: StatusCode,
    /// What stands behind the number of the status, if that is not what everybody says.
    pub reason: Option<String>,
    /// The headers.
    pub headers: HeaderMap,
}

/// Why there is no answer, or not all of it.
#[derive(Debug)]
#[non_exhaustive]
pub enum FetchError {
    /// What went wrong, in the words that users of Prometheus know.
    Failed(BoxError),
    /// The body is larger than the limit.
    TooLarge,
}

impl FetchError {
    /// An error with this text.
    pub fn failed(error: impl Into<BoxError>) -> Self {
        Self::Failed(error.into())
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::TooLarge => f.write_str("body size limit exceeded"),
        }
    }
}

impl std::error::Error for FetchError {}

impl From<ClientError> for FetchError {
    fn from(error: ClientError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<ReadError> for FetchError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::TooLarge { .. } => Self::TooLarge,
            other => Self::Failed(other.into()),
        }
    }
}

/// Asks the targets of a job.
pub trait Fetch: Send + Sync {
    /// Asks a target, and appends the body of its answer, as it came over the wire, to `body`: at most `limit` bytes. An
    /// implementation keeps the timeout of the request. The body of an answer that is not 200 need not be read.
    fn fetch<'a>(
        &'a self,
        request: &'a FetchRequest,
        limit: usize,
        body: &'a mut Vec<u8>,
    ) -> BoxFuture<'a, Result<Fetched, FetchError>>;
}

/// Makes what asks the targets of a job.
pub trait FetchFactory: Send + Sync {
    /// For the job with this configuration, or for those of its targets that are behind a Unix socket.
    ///
    /// # Errors
    ///
    /// If its settings cannot be used, as certificates that are not there.
    fn fetch_for(&self, job: &ScrapeConfig, unix_socket: Option<&str>) -> Result<Arc<dyn Fetch>, BoxError>;
}

/// HTTP, by the client that all of promd uses.
#[derive(Debug, Clone)]
pub struct HttpFetch {
    client: Client,
}

impl Fetch for HttpFetch {
    fn fetch<'a>(
        &'a self,
        request: &'a FetchRequest,
        limit: usize,
        body: &'a mut Vec<u8>,
    ) -> BoxFuture<'a, Result<Fetched, FetchError>> {
        Box::pin(async move {
            let answer = self.client.send_within(&request.http, request.timeout).await?;
            let (head, mut answered) = answer.into_parts();
            if head.status == StatusCode::OK {
                body::read_into(&mut answered, limit, body).await?;
            }
            let reason = promd_http::own_reason(&head.extensions).map(Cow::into_owned);
            Ok(Fetched { status: head.status, reason, headers: head.headers })
        })
    }
}

/// Makes an [`HttpFetch`] for each job.
#[derive(Debug, Clone)]
pub struct HttpFetchFactory {
    user_agent: String,
    clock: Arc<dyn Clock>,
}

impl HttpFetchFactory {
    /// Clients that call themselves `user_agent`.
    pub fn new(user_agent: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        Self { user_agent: user_agent.into(), clock }
    }
}

impl FetchFactory for HttpFetchFactory {
    fn fetch_for(&self, job: &ScrapeConfig, unix_socket: Option<&str>) -> Result<Arc<dyn Fetch>, BoxError> {
        let mut options = ClientOptions::default();
        options.user_agent.clone_from(&self.user_agent);
        options.clock = Arc::clone(&self.clock);
        options.unix_socket = unix_socket.map(Into::into);
        Ok(Arc::new(HttpFetch { client: Client::new(&job.job_name, &job.http, options)? }))
    }
}
