//! What a server has to tell whoever runs it.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// Something that went wrong, and is not the fault of the one who asked, or not known to be.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServerEvent<'a> {
    /// A handler panicked; the answer was 500.
    Panic {
        /// What it was asked.
        path: &'a str,
        /// What it said.
        message: &'a str,
    },
    /// The web configuration cannot be used; the answer was 500, or the connection was closed.
    Configuration(&'a str),
    /// A connection was not accepted.
    Accept(&'a std::io::Error),
    /// There was no agreement on how to encrypt.
    Handshake {
        /// The other end.
        remote: SocketAddr,
        /// Why not.
        error: &'a std::io::Error,
    },
}

impl fmt::Display for ServerEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panic { path, message } => write!(f, "a handler panicked: {message} (asked for {path})"),
            Self::Configuration(text) => write!(f, "unable to parse configuration: {text}"),
            Self::Accept(error) => write!(f, "http: Accept error: {error}"),
            Self::Handshake { remote, error } => write!(f, "http: TLS handshake error from {remote}: {error}"),
        }
    }
}

/// Who is told.
#[derive(Clone)]
pub struct Report(Arc<dyn Fn(&ServerEvent<'_>) + Send + Sync>);

impl Report {
    /// Calls `tell` for each event. It must not wait.
    pub fn new(tell: impl Fn(&ServerEvent<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    pub(super) fn tell(&self, event: &ServerEvent<'_>) {
        (self.0)(event);
    }
}

/// Nobody is told.
impl Default for Report {
    fn default() -> Self {
        Self::new(|_| {})
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Report")
    }
}
