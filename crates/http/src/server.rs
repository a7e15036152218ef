//! The server: listeners, the limit of connections, and the way from a connection to a handler.

pub(crate) mod accept_encoding;
mod answer;
mod compress;
mod connection;
mod cors;
mod event;
mod first_line;
mod patience;
mod rate;
mod stall;
mod tls;
mod users;
mod web;

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use promd_clock::{Clock, RealClock};
use promd_fs::{Fs, RealFs};
use rustls::ServerConfig;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::{Request, Response};
pub use cors::Cors;
pub use event::{Report, ServerEvent};
use rate::RateLimit;
use tls::ServerTls;
use users::Users;
#[cfg(feature = "internal-fuzz")]
pub(crate) use users::credentials;
use web::WebFile;

/// Answers requests.
pub trait Handler: Send + Sync + 'static {
    /// The answer to `request`. Whatever it does not finish before its future is dropped, nobody waits for any more: the
    /// client has gone away.
    fn handle(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send + '_>>;
}

/// A function that answers is a handler.
///
/// ```
/// use promd_http::{Handler, Request, Response, body};
///
/// let handler = |request: Request| async move { Response::new(body::full(request.uri().to_string())) };
/// fn is_handler(_: impl Handler) {}
/// is_handler(handler);
/// ```
impl<F, R> Handler for F
where
    F: Fn(Request) -> R + Send + Sync + 'static,
    R: Future<Output = Response> + Send + 'static,
{
    fn handle(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send + '_>> {
        Box::pin(self(request))
    }
}

/// Where a request came from: in the extensions of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectInfo {
    /// The other end of the connection.
    pub remote: SocketAddr,
    /// Whether it is encrypted.
    pub tls: bool,
}

/// How a server behaves. The defaults are those of Prometheus' flags.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ServerOptions {
    /// How many connections there may be, all listeners together (`--web.max-connections`). Further ones wait.
    pub max_connections: usize,
    /// How long a request may take to come, and how long a connection may be idle (`--web.read-timeout`). It also bounds
    /// how long a client may take no byte of its answer.
    pub read_timeout: Duration,
    /// How long requests in flight may take to end when the server stops.
    pub grace: Duration,
    /// The file with certificates, users and headers (`--web.config.file`). It is read again for each connection and request.
    pub web_config: Option<String>,
    /// Whether answers are compressed where the client wants it and it pays.
    pub compression: bool,
    /// Who is told of what goes wrong.
    pub report: Report,
    /// Where the files of the configuration are read.
    pub fs: Arc<dyn Fs>,
    /// What the rate limit goes by. Timeouts of connections are tokio's.
    pub clock: Arc<dyn Clock>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            max_connections: 512,
            read_timeout: Duration::from_secs(300),
            grace: Duration::from_secs(30),
            web_config: None,
            compression: true,
            report: Report::default(),
            fs: Arc::new(RealFs::new()),
            clock: Arc::new(RealClock::new()),
        }
    }
}

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    listeners: Vec<TcpListener>,
    options: ServerOptions,
    web: Option<Web>,
    tls: Option<ServerTls>,
}

/// What the web configuration file governs.
#[derive(Debug)]
struct Web {
    file: WebFile,
    users: Users,
    rate: Option<RateLimit>,
}

/// What all connections of a server have in common.
struct Shared {
    handler: Arc<dyn Handler>,
    options: ServerOptions,
    web: Option<Web>,
    /// `None` if connections are not encrypted: that is decided once, when the server starts.
    tls: Option<ServerTls>,
}

impl Shared {
    /// What a connection is encrypted with, as the files say at this moment.
    fn tls_settings(&self) -> Result<Arc<ServerConfig>, String> {
        let (Some(tls), Some(web)) = (&self.tls, &self.web) else { return Err("TLS config is not present".to_owned()) };
        let config = web.file.load().map_err(|text| text.to_string())?;
        if !config.tls.is_enabled() {
            return Err("TLS config is not present".to_owned());
        }
        tls.current(&config, web.file.fs())
    }
}

/// What connections are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Serving,
    /// Answer what has been asked, and close.
    Draining,
    /// Close.
    Over,
}

impl Server {
    /// Listens on all of `addresses`; port 0 is any free one.
    ///
    /// # Errors
    ///
    /// If one of them cannot be listened on (`listen tcp 127.0.0.1:80: bind: permission denied`), or the web configuration
    /// cannot be used.
    pub fn bind(addresses: &[SocketAddr], options: ServerOptions) -> io::Result<Self> {
        let (web, tls) = Self::configure(&options).map_err(io::Error::other)?;
        let listen = |address: &SocketAddr| {
            let listener = TcpListener::bind(address).and_then(|listener| {
                listener.set_nonblocking(true)?;
                Ok(listener)
            });
            listener.map_err(|error| {
                io::Error::new(error.kind(), format!("listen tcp {address}: bind: {}", crate::errno::text(&error)))
            })
        };
        let listeners = addresses.iter().map(listen).collect::<io::Result<_>>()?;
        Ok(Self { listeners, options, web, tls })
    }

    /// Reads the web configuration with all its files, so that a server that cannot serve does not start.
    fn configure(options: &ServerOptions) -> Result<(Option<Web>, Option<ServerTls>), String> {
        let Some(path) = &options.web_config else { return Ok((None, None)) };
        let file = WebFile::open(Arc::clone(&options.fs), path).map_err(|text| text.to_string())?;
        let config = file.load().map_err(|text| text.to_string())?;
        let tls = config.tls.is_enabled().then(ServerTls::new);
        if let Some(tls) = &tls {
            tls.current(&config, file.fs())?;
        }
        let interval = u64::try_from(config.rate_limit.interval.duration().as_nanos()).unwrap_or(0);
        let burst = u32::try_from(config.rate_limit.burst).unwrap_or(0);
        let rate = RateLimit::new(Arc::clone(&options.clock), Duration::from_nanos(interval), burst);
        Ok((Some(Web { file, users: Users::new(), rate }), tls))
    }

    /// Whether connections are encrypted.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// The addresses that it listens on, in the order in which they were asked for.
    ///
    /// # Errors
    ///
    /// If the operating system does not say.
    pub fn local_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        self.listeners.iter().map(TcpListener::local_addr).collect()
    }

    /// Serves until `shutdown` is ready, then answers what has been asked, for at most [`ServerOptions::grace`].
    ///
    /// Dropping the future cuts all connections. It must run within tokio, with time and input and output enabled.
    ///
    /// # Errors
    ///
    /// If a listener cannot be used.
    pub async fn run(self, handler: Arc<dyn Handler>, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let (phase, phases) = watch::channel(Phase::Serving);
        let slots = Arc::new(Semaphore::new(self.options.max_connections.min(Semaphore::MAX_PERMITS)));
        let grace = self.options.grace;
        let shared = Arc::new(Shared { handler, options: self.options, web: self.web, tls: self.tls });
        let mut loops = JoinSet::new();
        for listener in self.listeners {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            loops.spawn(accept(listener, Arc::clone(&slots), Arc::clone(&shared), phases.clone()));
        }
        drop(phases);
        shutdown.await;
        loops.shutdown().await;
        phase.send_replace(Phase::Draining);
        // Each connection holds a receiver until it ends.
        let drained = tokio::time::timeout(grace, phase.closed()).await;
        if drained.is_err() {
            phase.send_replace(Phase::Over);
        }
        Ok(())
    }
}

/// Accepts connections as long as the task runs. A connection is accepted when there is room for it: until then the operating
/// system keeps it waiting.
async fn accept(
    listener: tokio::net::TcpListener,
    slots: Arc<Semaphore>,
    shared: Arc<Shared>,
    phases: watch::Receiver<Phase>,
) {
    /// For when there are no file descriptors left, as Go's server waits.
    const MIN_PAUSE: Duration = Duration::from_millis(5);
    const MAX_PAUSE: Duration = Duration::from_secs(1);
    let mut pause = MIN_PAUSE;
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, remote)) => {
                pause = MIN_PAUSE;
                let connection = connection::serve(stream, remote, Arc::clone(&shared), phases.clone());
                tokio::spawn(async move {
                    connection.await;
                    drop(slot);
                });
            }
            Err(error) => {
                shared.options.report.tell(&ServerEvent::Accept(&error));
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(MAX_PAUSE);
            }
        }
    }
}
