//! Why a request failed, in the words of Go's client.

use std::fmt;
use std::io;

use http::{Method, Uri};
use promd_model::quote;

use crate::errno;

/// Why a request was not answered, or a client not made. `Display` is what Prometheus shows as the last error of a target.
#[derive(Debug)]
pub struct ClientError {
    /// `Get "http://…"`, if there was a request.
    request: Option<String>,
    kind: Kind,
}

/// What went wrong.
#[derive(Debug)]
pub(super) enum Kind {
    /// The settings cannot be used.
    Configuration(String),
    /// The address cannot be used.
    Address(String),
    /// No connection: the text says where and why.
    Dial(String),
    /// No token was got to show.
    Token(String),
    /// Time was up.
    Deadline,
    /// The connection broke: the text says how.
    Broken(String),
}

impl Kind {
    pub(super) fn broken(error: &hyper::Error) -> Self {
        Self::Broken(broken(error))
    }
}

impl ClientError {
    pub(super) fn configuration(text: String) -> Self {
        Self { request: None, kind: Kind::Configuration(text) }
    }

    pub(super) fn request(method: &Method, uri: &Uri, kind: Kind) -> Self {
        let url = without_password(uri);
        Self { request: Some(format!("{} {}", title_case(method), quote::go(&url))), kind }
    }

    /// Whether time was up.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.kind, Kind::Deadline)
    }

    /// Whether there was no connection, so that nothing can have been sent.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        matches!(self.kind, Kind::Dial(_))
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(request) = &self.request {
            write!(f, "{request}: ")?;
        }
        self.kind.fmt(f)
    }
}

impl std::error::Error for ClientError {}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configuration(text)
            | Self::Address(text)
            | Self::Dial(text)
            | Self::Token(text)
            | Self::Broken(text) => f.write_str(text),
            Self::Deadline => f.write_str(DEADLINE),
        }
    }
}

/// What Go says when the time of a context is up.
pub(super) const DEADLINE: &str = "context deadline exceeded";

/// What Go says of a connection that broke.
pub(super) fn broken(error: &hyper::Error) -> String {
    if error.is_incomplete_message() {
        return "EOF".to_owned();
    }
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(inner) = cause {
        if let Some(inner) = inner.downcast_ref::<io::Error>() {
            let is_tls = inner.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>);
            let text = || if is_tls { super::tls::text(inner) } else { errno::text(inner) };
            return chunked(inner).map_or_else(text, str::to_owned);
        }
        cause = inner.source();
    }
    if error.is_parse() {
        return format!("net/http: HTTP/1.x transport connection broken: {error}");
    }
    error.to_string()
}

/// What Go says of a body in chunks that is not in order (`net/http/internal/chunked.go`).
fn chunked(error: &io::Error) -> Option<&'static str> {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return None;
    }
    let text = error.get_ref()?.to_string().to_ascii_lowercase();
    match text {
        text if text.contains("chunk size: overflow") => Some("http chunk length too large"),
        text if text.contains("chunk size") => Some("invalid byte in chunk length"),
        text if text.contains("chunk body") => Some("malformed chunked encoding"),
        _ => None,
    }
}

/// `Get` for `GET`.
fn title_case(method: &Method) -> String {
    let name = method.as_str();
    let (first, rest) = name.split_at_checked(1).unwrap_or((name, ""));
    format!("{first}{}", rest.to_ascii_lowercase())
}

/// The address with `***` for a password, as Go prints it.
fn without_password(uri: &Uri) -> String {
    let text = uri.to_string();
    let Some((user, _)) = uri.authority().and_then(|authority| authority.as_str().rsplit_once('@')) else {
        return text;
    };
    match user.split_once(':') {
        Some((name, _)) => text.replacen(&format!("{user}@"), &format!("{name}:***@"), 1),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The form is that of `url.Error` in Go's `net/url/url.go`, the password that of `stripPassword` in `net/http/client.go`.
    #[test]
    fn errors_name_the_request() {
        for (method, uri, expect) in [
            (
                Method::GET,
                "http://localhost:1/metrics?x=y",
                r#"Get "http://localhost:1/metrics?x=y": context deadline exceeded"#,
            ),
            (Method::POST, "https://me:secret@host/x", r#"Post "https://me:***@host/x": context deadline exceeded"#),
        ] {
            let error = ClientError::request(&method, &uri.parse().unwrap(), Kind::Deadline);
            assert_eq!(error.to_string(), expect);
            assert!(error.is_timeout());
        }
    }
}
