//! Requests on their way through the API. Whatever is asked, the answer is HTTP, JSON is JSON, and nobody is led away.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use promd_api::{Api, Form, Parts, State};
use promd_clock::RealClock;
use promd_http::body;
use promd_promql::{Engine, EngineOptions};
use promd_storage::MemStorage;
use tokio::runtime::Runtime;

/// Longest text: the rest of an input says nothing more.
const MAX_LEN: usize = 4_096;

/// A server that is ready, and has no samples.
fn server() -> &'static (Runtime, Api) {
    static SERVER: OnceLock<(Runtime, Api)> = OnceLock::new();
    SERVER.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut options = EngineOptions::default();
        options.timeout = Some(Duration::from_millis(200));
        options.max_samples = 10_000;
        let clock = Arc::new(RealClock::new());
        let mut parts = Parts::new(Engine::new(options).with_clock(Arc::clone(&clock) as _), clock);
        parts.options.features = vec![("api", "search", true)];
        let api = Api::new(parts);
        api.open(Arc::new(MemStorage::new()));
        api.set_state(State::Ready);
        (runtime, api)
    })
}

/// The first line has the method and the URI, the second the type of the content, which is the rest.
pub fn request(data: &[u8]) {
    let data = &data[..data.len().min(MAX_LEN)];
    let mut parts = data.splitn(3, |byte| *byte == b'\n');
    let mut part = || parts.next().unwrap_or_default();
    let (line, kind, content) = (part(), part(), part());
    let line = String::from_utf8_lossy(line);
    let (method, uri) = line.split_once(' ').unwrap_or(("GET", &line));
    let form = Form::of_body_and_query(content, uri);
    assert!(form.value("query").len() <= 3 * MAX_LEN);
    drop(Form::of_multipart(content, "x", uri));
    let request = http::Request::builder().method(method).uri(uri).header("content-type", kind);
    let Ok(request) = request.body(body::full(content.to_vec())) else { return };
    let (runtime, api) = server();
    runtime.block_on(async {
        let (head, content) = api.respond(request).await.into_parts();
        if let Some(to) = head.headers.get("location") {
            let to = to.as_bytes();
            assert!(to[0] == b'/' && !matches!(to.get(1), Some(b'/' | b'\\')), "{to:?}");
        }
        let kind = head.headers.get("content-type").map(|kind| kind.as_bytes().to_vec()).unwrap_or_default();
        // Events go on for ever.
        if kind == b"text/event-stream" {
            return;
        }
        let text = body::read(content, 16 << 20).await.unwrap();
        if kind == b"application/json" && !text.is_empty() {
            serde_json::from_slice::<serde_json::Value>(&text).unwrap();
        }
    });
}
