//! One connection: its encryption, its protocol, and its end.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::first_line::FirstLine;
use super::stall::Stall;
use super::{ConnectInfo, Phase, Shared, answer};
use crate::ServerEvent;

/// How long a client may take to agree on TLS: Go takes the shorter of this and the read timeout.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How many requests may be in flight on one connection of HTTP/2: Go's default.
const MAX_STREAMS: u32 = 250;
/// The bytes of one set of headers: Go's `DefaultMaxHeaderBytes`, as far as the parser goes.
const MAX_HEADER_BYTES: u32 = 1 << 20;

/// Serves a connection until it ends, or the server does.
pub(super) async fn serve(
    stream: TcpStream,
    remote: SocketAddr,
    shared: Arc<Shared>,
    mut phases: watch::Receiver<Phase>,
) {
    // Answers are written whole: to wait for more bytes would only delay them.
    let _ = stream.set_nodelay(true);
    let stream = Stall::new(stream, shared.options.read_timeout);
    if shared.tls.is_none() {
        return http1(stream, ConnectInfo { remote, tls: false }, shared, phases).await;
    }
    let handshake = tokio::time::timeout(HANDSHAKE.min(shared.options.read_timeout), encrypt(stream, &shared));
    let outcome = tokio::select! {
        outcome = handshake => outcome.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())),
        _ = phases.changed() => return,
    };
    match outcome {
        Ok(Some(stream)) => {
            let info = ConnectInfo { remote, tls: true };
            if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                http2(stream, info, shared, phases).await;
            } else {
                http1(stream, info, shared, phases).await;
            }
        }
        Ok(None) => {}
        Err(error) => shared.options.report.tell(&ServerEvent::Handshake { remote, error: &error }),
    }
}

type Encrypted<S> = tokio_rustls::server::TlsStream<S>;

/// Agrees on TLS. `None` if the client speaks HTTP: then it has been told.
async fn encrypt(mut stream: Stall<TcpStream>, shared: &Shared) -> io::Result<Option<Encrypted<Stall<TcpStream>>>> {
    let mut first = [0];
    if stream.get_ref().peek(&mut first).await? == 1 && first[0].is_ascii_uppercase() {
        const ANSWER: &[u8] = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
        stream.write_all(ANSWER).await?;
        stream.shutdown().await?;
        return Ok(None);
    }
    let settings = shared.tls_settings().map_err(|text| {
        shared.options.report.tell(&ServerEvent::Configuration(&text));
        io::Error::other(text)
    })?;
    TlsAcceptor::from(settings).accept(stream).await.map(Some)
}

/// Drives a connection to its end, or the server's. Those of both protocols are ended in the same way, and have no trait for it in common.
macro_rules! drive {
    ($connection:expr, $phases:ident) => {{
        let mut connection = std::pin::pin!($connection);
        loop {
            tokio::select! {
                // An error is the client's: it went away, or did not speak HTTP.
                _ = connection.as_mut() => return,
                changed = $phases.changed() => match *$phases.borrow_and_update() {
                    Phase::Draining if changed.is_ok() => connection.as_mut().graceful_shutdown(),
                    Phase::Serving if changed.is_ok() => {}
                    _ => return,
                },
            }
        }
    }};
}

async fn http1<S>(stream: S, info: ConnectInfo, shared: Arc<Shared>, mut phases: watch::Receiver<Phase>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(shared.options.read_timeout);
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(answer::answer(&shared, info, request).await) }
    });
    drive!(builder.serve_connection(TokioIo::new(FirstLine::new(stream)), service), phases);
}

async fn http2<S>(stream: S, info: ConnectInfo, shared: Arc<Shared>, mut phases: watch::Receiver<Phase>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = http2::Builder::new(TokioExecutor::new());
    // An idle connection is asked whether it is there, and closed if it does not answer.
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADER_BYTES)
        .keep_alive_interval(shared.options.read_timeout);
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(answer::answer(&shared, info, request).await) }
    });
    drive!(builder.serve_connection(TokioIo::new(stream), service), phases);
}
