//! A connection, whatever it goes through.

use tokio::io::{AsyncRead, AsyncWrite};

/// Bytes both ways.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// TCP, a Unix socket, TLS over one of them, TLS within TLS: the layers depend on the settings.
pub(super) type Stream = Box<dyn Duplex>;
