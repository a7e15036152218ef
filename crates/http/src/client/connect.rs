//! New connections.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use promd_fs::Fs;
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::OwnedSemaphorePermit;
use tokio_rustls::TlsConnector;

use super::error::Kind;
use super::http1::{Http1, Recorded};
use super::pool::Http2;
use super::proxy::{self, Protocol, Proxies};
use super::stream::{Stream, Tcp};
use super::tls::TlsSettings;
use crate::errno;

/// How long a server may take to agree on TLS: `TLSHandshakeTimeout` of `prometheus/common`.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// After how long without a byte a connection of HTTP/2 is asked whether it is there: `ReadIdleTimeout` of
/// `prometheus/common`.
const READ_IDLE: Duration = Duration::from_secs(60);

/// How many headers an answer may have. Go counts their bytes instead.
const MAX_HEADERS: usize = 1_000;

/// How long the first family of addresses has before the other is tried beside it: Go's `FallbackDelay`, of RFC 6555.
const FALLBACK_DELAY: Duration = Duration::from_millis(300);

/// A TCP connection to a host and port.
async fn dial(host: &str, port: u16) -> Result<Tcp, Kind> {
    let addresses = resolve(host, port).await?;
    let Some(first) = addresses.first() else {
        return Err(Kind::Dial(format!("dial tcp: lookup {host}: no such host")));
    };
    let (same, other): (Vec<_>, Vec<_>) = addresses.iter().partition(|address| address.is_ipv4() == first.is_ipv4());
    if other.is_empty() {
        return dial_each(&same).await;
    }
    let mut primary = std::pin::pin!(dial_each(&same));
    tokio::select! {
        biased;
        stream = &mut primary => match stream {
            Ok(stream) => return Ok(stream),
            Err(error) => return dial_each(&other).await.map_err(|_| error),
        },
        () = tokio::time::sleep(FALLBACK_DELAY) => {}
    }
    let mut fallback = std::pin::pin!(dial_each(&other));
    tokio::select! {
        biased;
        stream = &mut primary => match stream {
            Ok(stream) => Ok(stream),
            Err(error) => fallback.await.map_err(|_| error),
        },
        stream = &mut fallback => match stream {
            Ok(stream) => Ok(stream),
            Err(_) => primary.await,
        },
    }
}

async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, Kind> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    match tokio::net::lookup_host((host, port)).await {
        Ok(addresses) => Ok(addresses.collect()),
        Err(error) => {
            let server = name_server().await.map(|server| format!(" on {server}")).unwrap_or_default();
            Err(Kind::Dial(format!("dial tcp: lookup {host}{server}: {}", lookup_text(&error))))
        }
    }
}

/// The server of names that the system asks first, as Go's resolver names it in errors.
async fn name_server() -> Option<SocketAddr> {
    let text = tokio::task::spawn_blocking(|| std::fs::read_to_string("/etc/resolv.conf")).await.ok()?.ok()?;
    let server = text.lines().find_map(|line| line.trim().strip_prefix("nameserver"))?;
    Some(SocketAddr::new(server.trim().parse().ok()?, 53))
}

/// What the system's resolver says, in Go's words.
fn lookup_text(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("failed to lookup address information: ").unwrap_or(&text);
    match text {
        "Name or service not known" | "No address associated with hostname" => "no such host".to_owned(),
        "Temporary failure in name resolution" => "server misbehaving".to_owned(),
        text => text.to_owned(),
    }
}

/// The first of the addresses that answers; otherwise the error of the first.
async fn dial_each(addresses: &[&SocketAddr]) -> Result<Tcp, Kind> {
    let mut first_error = None;
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                // Requests are written whole: to wait for more bytes would only delay them.
                let _ = stream.set_nodelay(true);
                return Ok(Tcp::new(stream));
            }
            Err(error) => {
                let text = || Kind::Dial(format!("dial tcp {address}: connect: {}", errno::text(&error)));
                first_error.get_or_insert_with(text);
            }
        }
    }
    Err(first_error.unwrap_or(Kind::Deadline))
}

/// A new connection to a host, through whatever stands between.
pub(super) enum Connection {
    Http1(Http1),
    Http2(Http2),
}

/// What a connection is made with.
pub(super) struct Connector {
    pub(super) proxies: Proxies,
    pub(super) tls: TlsSettings,
    /// Where all connections lead, instead of to the host of the address.
    pub(super) unix_socket: Option<PathBuf>,
    pub(super) fs: Arc<dyn Fs>,
}

impl Connector {
    /// Connects to a host. `permit` is kept as long as the connection lives.
    pub(super) async fn connect(
        &self,
        tls: bool,
        host: &str,
        port: u16,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Result<Connection, Kind> {
        let stream = self.reach(tls, host, port).await?;
        if !tls {
            return Ok(Connection::Http1(http1(stream, permit).await?));
        }
        let (stream, is_http2) = self.encrypt(stream, host).await?;
        if is_http2 {
            return Ok(Connection::Http2(http2(stream, permit).await?));
        }
        Ok(Connection::Http1(http1(stream, permit).await?))
    }

    /// A stream that ends at the host, or at the proxy that is asked in its stead.
    async fn reach(&self, tls: bool, host: &str, port: u16) -> Result<Stream, Kind> {
        if let Some(path) = &self.unix_socket {
            let stream = UnixStream::connect(path).await.map_err(|error| {
                Kind::Dial(format!("dial unix {}: connect: {}", path.display(), errno::text(&error)))
            })?;
            return Ok(Box::new(stream));
        }
        let Some(proxy) = self.proxies.server(tls, host, port) else {
            return Ok(Box::new(dial(host, port).await?));
        };
        let stream = dial(&proxy.host, proxy.port).await.map_err(|error| match error {
            Kind::Dial(text) => Kind::Dial(format!("proxyconnect tcp: {text}")),
            error => error,
        })?;
        let stream: Stream = match proxy.protocol {
            Protocol::Https => self.encrypt(Box::new(stream), &proxy.host).await?.0,
            _ => Box::new(stream),
        };
        if tls || proxy.protocol == Protocol::Socks5 {
            return proxy::tunnel(&self.proxies, proxy, stream, host, port).await;
        }
        Ok(stream)
    }

    /// Agrees on TLS with a host, and whether on HTTP/2.
    async fn encrypt(&self, stream: Stream, host: &str) -> Result<(Stream, bool), Kind> {
        let (settings, _) = self.tls.current(&*self.fs).map_err(Kind::Configuration)?;
        let name = self.tls.server_name(host).map_err(Kind::Dial)?;
        let handshake = TlsConnector::from(settings).connect(name, stream);
        let stream = match tokio::time::timeout(HANDSHAKE, handshake).await {
            Ok(stream) => stream.map_err(|error| Kind::Dial(super::tls::text(&error)))?,
            Err(_) => return Err(Kind::Dial("net/http: TLS handshake timeout".to_owned())),
        };
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok((Box::new(stream), is_http2))
    }
}

/// Begins HTTP/1 on a stream.
async fn http1(stream: Stream, permit: Option<OwnedSemaphorePermit>) -> Result<Http1, Kind> {
    let mut builder = http1::Builder::new();
    // What Go's client takes of heads that are not quite in order, and more of a head than a target has reason to send.
    builder
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .max_headers(MAX_HEADERS);
    let (stream, begun) = Recorded::new(stream);
    let (sender, connection) =
        builder.handshake::<_, Full<Bytes>>(TokioIo::new(stream)).await.map_err(|error| Kind::broken(&error))?;
    // The task ends with the connection: when either side closes it, or the sender is dropped. What went wrong, the
    // request that it happened to is told.
    tokio::spawn(async move {
        let _ = connection.await;
        drop(permit);
    });
    Ok(Http1::new(sender, begun))
}

/// Begins HTTP/2 on a stream.
async fn http2(stream: Stream, permit: Option<OwnedSemaphorePermit>) -> Result<Http2, Kind> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.timer(TokioTimer::new()).keep_alive_interval(READ_IDLE);
    let (sender, connection) =
        builder.handshake::<_, Full<Bytes>>(TokioIo::new(stream)).await.map_err(|error| Kind::broken(&error))?;
    tokio::spawn(async move {
        let _ = connection.await;
        drop(permit);
    });
    Ok(sender)
}
