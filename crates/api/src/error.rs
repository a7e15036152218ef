//! What goes wrong with a request, in the words of Prometheus.

use std::fmt;

use http::StatusCode;
use promd_promql::QueryError;
use promd_storage::StorageError;

/// What kind of mistake it is; clients branch on its name, and on the status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorType {
    /// The request makes no sense.
    BadData,
    /// The query makes no sense with these data.
    Execution,
    /// Whoever asked has gone.
    Canceled,
    /// It took too long.
    Timeout,
    /// It is the server's fault.
    Internal,
    /// There is no such thing.
    NotFound,
    /// The server is not made to do this, or not now.
    Unavailable,
}

impl ErrorType {
    /// The field `errorType`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadData => "bad_data",
            Self::Execution => "execution",
            Self::Canceled => "canceled",
            Self::Timeout => "timeout",
            Self::Internal => "internal",
            Self::NotFound => "not_found",
            Self::Unavailable => "unavailable",
        }
    }

    /// The status of the response.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::BadData => StatusCode::BAD_REQUEST,
            Self::Execution => StatusCode::UNPROCESSABLE_ENTITY,
            // nginx's code for a client that closed the connection; no name is registered for it.
            Self::Canceled => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
            Self::Timeout => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Internal | Self::Unavailable => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct ApiError {
    kind: ErrorType,
    text: String,
}

impl ApiError {
    /// An error of some kind, with the text that the client reads.
    pub fn new(kind: ErrorType, text: impl fmt::Display) -> Self {
        Self { kind, text: text.to_string() }
    }

    /// What kind of mistake it is.
    #[must_use]
    pub const fn kind(&self) -> ErrorType {
        self.kind
    }

    pub(crate) fn bad_data(text: impl fmt::Display) -> Self {
        Self::new(ErrorType::BadData, text)
    }

    pub(crate) fn internal(text: impl fmt::Display) -> Self {
        Self::new(ErrorType::Internal, text)
    }

    /// A parameter that makes no sense.
    pub(crate) fn parameter(name: &str, why: impl fmt::Display) -> Self {
        Self::bad_data(format_args!("invalid parameter \"{name}\": {why}"))
    }
}

/// How an evaluation failed (`returnAPIError` in `web/api/v1/api.go`). A query that is none is an error of its parameter.
impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        let kind = match &error {
            QueryError::Parse(_) => return Self::parameter("query", error),
            QueryError::Canceled(_) => ErrorType::Canceled,
            QueryError::TimedOut(_) => ErrorType::Timeout,
            QueryError::Storage(_) => ErrorType::Internal,
            _ => ErrorType::Execution,
        };
        Self::new(kind, error)
    }
}

/// How a question about series or labels failed.
impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        let kind = match &error {
            StorageError::Cancelled => ErrorType::Canceled,
            _ => ErrorType::Execution,
        };
        Self::new(kind, error)
    }
}
