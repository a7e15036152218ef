//! The conformance data of the query API: loaded into a store, asked for, compared.

pub(crate) mod compare;
pub(crate) mod data;

use std::sync::Arc;

use promd_api::{Api, Parts, State};
use promd_clock::RealClock;
use promd_http::body;
use promd_promql::{Engine, EngineOptions};
use promd_storage::Storage;
use serde_json::Value;

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// The flags that the data were asked with.
pub(crate) fn engine() -> Engine {
    let mut options = EngineOptions::default();
    options.parser.experimental_functions = true;
    options.delayed_name_removal = true;
    Engine::new(options).with_clock(Arc::new(RealClock::new()))
}

/// An API of a server that is ready.
pub(crate) fn api(storage: Arc<dyn Storage>, change: impl FnOnce(&mut Parts)) -> Api {
    let mut parts = Parts::new(engine(), Arc::new(RealClock::new()));
    parts.options.features = vec![("promql", "per_step_stats", true)];
    change(&mut parts);
    let api = Api::new(parts);
    api.open(storage);
    api.set_state(State::Ready);
    api
}

/// Asks it without a network.
pub(crate) async fn ask(api: &Api, method: &str, path: &str, params: &[(String, String)]) -> Answer {
    let pairs: Vec<String> = params
        .iter()
        .map(|(name, value)| format!("{}={}", promd_testkit::encode(name), promd_testkit::encode(value)))
        .collect();
    let pairs = pairs.join("&");
    let request = http::Request::builder().method(method);
    let request = if method == "GET" {
        request.uri(format!("{path}?{pairs}")).body(body::empty())
    } else {
        request.uri(path).header("content-type", "application/x-www-form-urlencoded").body(body::full(pairs))
    };
    let response = api.respond(request.unwrap()).await;
    let status = response.status().as_u16();
    let text = body::read(response.into_body(), 1 << 30).await.unwrap();
    let body = serde_json::from_slice(&text)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&text).into_owned()));
    Answer { status, body }
}
