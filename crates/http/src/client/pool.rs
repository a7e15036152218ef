//! Connections that wait for their next request, by the server that they lead to.
//!
//! A connection is taken out for a request and comes back when the body of the answer has been read to its end. One whose
//! answer is dropped before that is closed, since nobody can tell where the next answer begins. Servers that nothing was
//! asked of for a while are forgotten by whoever comes back next; there is no task that looks for them.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hashbrown::{Equivalent, HashMap};
use http::HeaderValue;
use http_body_util::Full;
use hyper::client::conn::http2;
use parking_lot::Mutex;
use promd_clock::{Clock, Monotonic};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::ClientOptions;
use super::http1::Http1;

/// A connection that speaks HTTP/2: a clone is a handle on the same one.
pub(super) type Http2 = http2::SendRequest<Full<Bytes>>;

pub(super) struct Pool {
    servers: Mutex<Servers>,
    settings: Arc<Settings>,
}

struct Servers {
    by_origin: HashMap<Origin, Arc<Server>>,
    swept: Monotonic,
}

#[derive(Debug)]
struct Settings {
    clock: Arc<dyn Clock>,
    keep_alive: bool,
    idle_timeout: Duration,
    max_idle: usize,
    /// How many connections there may be to one server; 0 for any number.
    max_connections: usize,
}

/// A server, and the connections to it.
pub(super) struct Server {
    /// The header `Host`.
    pub(super) host: HeaderValue,
    idle: Mutex<Vec<Idle>>,
    /// The connection of HTTP/2, on which many requests go at once.
    shared: Mutex<Option<Http2>>,
    /// Of how many connections each has one, if their number is limited.
    permits: Option<Arc<Semaphore>>,
    /// Woken when a connection comes back, for those who have no permit for one of their own.
    returned: Notify,
    settings: Arc<Settings>,
}

struct Idle {
    connection: Http1,
    since: Monotonic,
}

/// Which server: whether by TLS, and host and port as the address has them.
#[derive(Debug, PartialEq, Eq)]
struct Origin {
    tls: bool,
    authority: Box<str>,
}

struct OriginRef<'a>(bool, &'a str);

impl Hash for Origin {
    fn hash<H: Hasher>(&self, state: &mut H) {
        OriginRef(self.tls, &self.authority).hash(state);
    }
}

impl Hash for OriginRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
        self.1.hash(state);
    }
}

impl Equivalent<Origin> for OriginRef<'_> {
    fn equivalent(&self, key: &Origin) -> bool {
        self.0 == key.tls && *self.1 == *key.authority
    }
}

impl Pool {
    pub(super) fn new(options: &ClientOptions) -> Self {
        let clock = Arc::clone(&options.clock);
        let swept = clock.monotonic();
        let settings = Settings {
            clock,
            keep_alive: options.keep_alive,
            idle_timeout: options.idle_timeout,
            max_idle: options.max_idle_per_host,
            max_connections: options.max_connections_per_host,
        };
        let servers = Mutex::new(Servers { by_origin: HashMap::new(), swept });
        Self { servers, settings: Arc::new(settings) }
    }

    /// The server behind `authority` (host and port), or `None` if that cannot be a header.
    pub(super) fn server(&self, tls: bool, authority: &str) -> Option<Arc<Server>> {
        let mut servers = self.servers.lock();
        self.sweep(&mut servers);
        if let Some(server) = servers.by_origin.get(&OriginRef(tls, authority)) {
            return Some(Arc::clone(server));
        }
        let server = Server {
            host: HeaderValue::from_str(authority).ok()?,
            idle: Mutex::default(),
            shared: Mutex::default(),
            permits: (self.settings.max_connections > 0)
                .then(|| Arc::new(Semaphore::new(self.settings.max_connections.min(Semaphore::MAX_PERMITS)))),
            returned: Notify::new(),
            settings: Arc::clone(&self.settings),
        };
        let server = Arc::new(server);
        servers.by_origin.insert(Origin { tls, authority: authority.into() }, Arc::clone(&server));
        Some(server)
    }

    /// Forgets the servers that have no connection, and the connections that have waited too long.
    fn sweep(&self, servers: &mut Servers) {
        let now = self.settings.clock.monotonic();
        if now.since(servers.swept) < self.settings.idle_timeout {
            return;
        }
        servers.swept = now;
        servers.by_origin.retain(|_, server| {
            let mut idle = server.idle.lock();
            idle.retain(|idle| server.is_fresh(idle, now));
            let is_shared = server.shared.lock().as_ref().is_some_and(|connection| !connection.is_closed());
            !idle.is_empty() || is_shared || Arc::strong_count(server) > 1
        });
    }

    /// Closes all connections that wait, and uses none again that is in use.
    pub(super) fn clear(&self) {
        self.servers.lock().by_origin.clear();
    }
}

impl Server {
    /// A connection that waits, the one that was used last: the others can then grow old.
    pub(super) fn take(&self) -> Option<Http1> {
        let now = self.settings.clock.monotonic();
        let mut idle = self.idle.lock();
        loop {
            let last = idle.pop()?;
            if self.is_fresh(&last, now) {
                return Some(last.connection);
            }
        }
    }

    /// Keeps a connection for its next use.
    pub(super) fn put(&self, connection: Http1) {
        let mut idle = self.idle.lock();
        if self.settings.keep_alive && !connection.is_closed() && idle.len() < self.settings.max_idle {
            idle.push(Idle { connection, since: self.settings.clock.monotonic() });
            drop(idle);
            self.returned.notify_one();
        }
    }

    /// The connection of HTTP/2, if there is one that is open.
    pub(super) fn shared(&self) -> Option<Http2> {
        let mut shared = self.shared.lock();
        if shared.as_ref().is_some_and(Http2::is_closed) {
            *shared = None;
        }
        shared.clone()
    }

    pub(super) fn share(&self, connection: &Http2) {
        if self.settings.keep_alive {
            *self.shared.lock() = Some(connection.clone());
            // All who wait for one can use it.
            self.returned.notify_waiters();
        }
    }

    /// Waits until another connection may be made; `None` if one has come back instead. The permit must live as long as the
    /// connection does.
    pub(super) async fn permit(&self) -> Option<Option<OwnedSemaphorePermit>> {
        let Some(permits) = &self.permits else { return Some(None) };
        tokio::select! {
            biased;
            permit = Arc::clone(permits).acquire_owned() => Some(permit.ok()),
            () = self.returned.notified() => None,
        }
    }

    fn is_fresh(&self, idle: &Idle, now: Monotonic) -> bool {
        !idle.connection.is_closed() && now.since(idle.since) < self.settings.idle_timeout
    }
}
