//! New connections.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::error::Kind;
use super::pool::Http1;
use crate::errno;

/// How long the first family of addresses has before the other is tried beside it: Go's `FallbackDelay`, of RFC 6555.
const FALLBACK_DELAY: Duration = Duration::from_millis(300);

/// A TCP connection to a host and port.
pub(super) async fn dial(host: &str, port: u16) -> Result<TcpStream, Kind> {
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
        Err(error) => Err(Kind::Dial(format!("dial tcp: lookup {host}: {}", lookup_text(&error)))),
    }
}

/// What the system's resolver says, in Go's words.
fn lookup_text(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("failed to lookup address information: ").unwrap_or(&text);
    match text {
        "Name or service not known" | "No address associated with hostname" => "no such host".to_owned(),
        text => text.to_owned(),
    }
}

/// The first of the addresses that answers; otherwise the error of the first.
async fn dial_each(addresses: &[&SocketAddr]) -> Result<TcpStream, Kind> {
    let mut first_error = None;
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                // Requests are written whole: to wait for more bytes would only delay them.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => {
                let text = || Kind::Dial(format!("dial tcp {address}: connect: {}", errno::text(&error)));
                first_error.get_or_insert_with(text);
            }
        }
    }
    Err(first_error.unwrap_or(Kind::Deadline))
}

/// Begins HTTP/1 on a stream.
pub(super) async fn http1(stream: TcpStream) -> Result<Http1, Kind> {
    let (sender, connection) =
        http1::Builder::new().handshake::<_, Full<Bytes>>(TokioIo::new(stream)).await.map_err(Kind::Broken)?;
    // The task ends with the connection: when either side closes it, or the sender is dropped. What went wrong, the
    // request that it happened to is told.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(sender)
}
