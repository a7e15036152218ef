//! What people who watch the server are told, as a list and as it happens.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Response as HttpResponse, StatusCode};
use http_body::Frame;
use http_body_util::BodyExt;
use promd_clock::Clock;
use promd_http::Response;
use tokio::sync::mpsc;

use crate::metrics::WebMetrics;
use crate::targets::rfc3339;
use crate::{json, reply};

/// How many notifications may wait for a client that does not read.
const WAITING: usize = 10;

/// The configuration was not taken over.
pub const RELOAD_FAILED: &str = "Configuration reload has failed.";
/// The database is being opened.
pub const STARTING: &str = "Prometheus is starting and replaying the write-ahead log (WAL).";
/// The server is about to end.
pub const STOPPING: &str = "Prometheus is shutting down and gracefully stopping all operations.";

/// Something to know about the server.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Notification {
    /// What.
    pub text: String,
    /// Since when.
    pub date: String,
    /// Whether it is still so.
    pub active: bool,
}

/// What there is to know about the server, and who wants to know.
pub struct Notifications {
    clock: Arc<dyn Clock>,
    most: usize,
    metrics: Arc<WebMetrics>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    active: Vec<Notification>,
    subscribers: Vec<(u64, mpsc::Sender<Notification>)>,
    next: u64,
}

impl Notifications {
    pub(crate) fn new(clock: Arc<dyn Clock>, most: usize, metrics: Arc<WebMetrics>) -> Self {
        Self { clock, most, metrics, state: Arc::default() }
    }

    /// Says that something is so from now on.
    pub fn add(&self, text: &str) {
        let mut state = lock(&self.state);
        if state.active.iter().any(|known| known.text == text) {
            return;
        }
        let notification = Notification { text: text.to_owned(), date: rfc3339(self.clock.wall()), active: true };
        state.active.push(notification.clone());
        self.tell(&state, &notification);
    }

    /// Says that it is so no more.
    pub fn remove(&self, text: &str) {
        let mut state = lock(&self.state);
        let Some(at) = state.active.iter().position(|known| known.text == text) else { return };
        let mut notification = state.active.remove(at);
        notification.active = false;
        self.tell(&state, &notification);
    }

    /// What is so now.
    #[must_use]
    pub fn list(&self) -> Vec<Notification> {
        lock(&self.state).active.clone()
    }

    fn tell(&self, state: &State, notification: &Notification) {
        for (_, subscriber) in &state.subscribers {
            match subscriber.try_send(notification.clone()) {
                Ok(()) => self.metrics.notifications_sent.inc(),
                Err(_) => self.metrics.notifications_dropped.inc(),
            }
        }
    }

    /// A stream of events for a browser.
    pub(crate) fn live(&self) -> Response {
        let mut state = lock(&self.state);
        if state.subscribers.len() >= self.most {
            return reply::empty(StatusCode::NO_CONTENT);
        }
        let (sender, receiver) = mpsc::channel(WAITING + state.active.len());
        for notification in &state.active {
            if sender.try_send(notification.clone()).is_ok() {
                self.metrics.notifications_sent.inc();
            }
        }
        state.next += 1;
        let number = state.next;
        state.subscribers.push((number, sender));
        self.metrics.subscribers.inc();
        drop(state);
        let (state, metrics) = (Arc::clone(&self.state), Arc::clone(&self.metrics));
        let events = Events { receiver, number, state, metrics };
        let body = events.map_err(|never: Infallible| match never {}).boxed_unsync();
        let mut response: Response = HttpResponse::new(body);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The events of one client, who is forgotten when he goes away.
struct Events {
    receiver: mpsc::Receiver<Notification>,
    number: u64,
    state: Arc<Mutex<State>>,
    metrics: Arc<WebMetrics>,
}

impl http_body::Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.get_mut().receiver.poll_recv(context).map(|notification| {
            let mut event = b"data: ".to_vec();
            json::value(&mut event, &notification?);
            event.extend_from_slice(b"\n\n");
            Some(Ok(Frame::data(event.into())))
        })
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        lock(&self.state).subscribers.retain(|(number, _)| *number != self.number);
        self.metrics.subscribers.dec();
    }
}
