//! Targets on loopback: a server that says byte for byte what a test wants.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// An answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reply {
    /// With its reason: `404 Not Found`. Nothing is 200.
    pub(crate) status: Option<String>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// How long the target takes. One that takes longer than the client waits says nothing at all, any other answers at once.
    pub(crate) delay: Duration,
    /// Whether the connection ends in the middle of the body.
    pub(crate) truncate: bool,
}

/// Serves until the runtime ends. `answer` gets the head of each request.
pub(crate) async fn serve(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer: Arc<dyn Fn(&str) -> Reply + Send + Sync> = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(stream, Arc::clone(&answer)));
        }
    });
    address
}

async fn connection(mut stream: TcpStream, answer: Arc<dyn Fn(&str) -> Reply + Send + Sync>) {
    let mut request = Vec::new();
    loop {
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0; 4096];
            match stream.read(&mut byte).await {
                Ok(count) if count > 0 => request.extend_from_slice(&byte[..count]),
                _ => return,
            }
        }
        let head = String::from_utf8_lossy(&request).into_owned();
        let reply = answer(&head);
        request.clear();
        if reply.delay >= patience(&head) {
            // The client gives up before that, and goes.
            let _ = stream.read(&mut [0]).await;
            return;
        }
        let mut head = format!("HTTP/1.1 {}\r\n", reply.status.as_deref().unwrap_or("200 OK"));
        head.push_str(&format!("Content-Length: {}\r\n", reply.body.len()));
        for (name, value) in &reply.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        let sent = if reply.truncate { reply.body.len() / 2 } else { reply.body.len() };
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&reply.body[..sent]);
        if stream.write_all(&bytes).await.is_err() || reply.truncate {
            return;
        }
    }
}

/// How long the client says that it waits.
fn patience(head: &str) -> Duration {
    let seconds = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("X-Prometheus-Scrape-Timeout-Seconds").then(|| value.trim().parse().unwrap())
    });
    seconds.map_or(Duration::MAX, Duration::from_secs_f64)
}
