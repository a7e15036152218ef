//! The conformance data of the query API: loaded into a store, asked for, compared.
#![allow(dead_code, reason = "each test uses a part of it")]

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
    headers: http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body, or its text where that is no JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| self.text().into())
    }
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

/// Asks it without a network; parameters as they stand in a URL.
pub(crate) async fn ask(api: &Api, method: &str, path: &str, parameters: &str) -> Answer {
    let request = http::Request::builder().method(method);
    let request = if method == "POST" {
        let form = body::full(parameters.to_owned());
        request.uri(path).header("content-type", "application/x-www-form-urlencoded").body(form)
    } else if parameters.is_empty() {
        request.uri(path).body(body::empty())
    } else {
        request.uri(format!("{path}?{parameters}")).body(body::empty())
    };
    let (head, content) = api.respond(request.unwrap()).await.into_parts();
    let body = body::read(content, 1 << 30).await.unwrap().to_vec();
    Answer { status: head.status.as_u16(), headers: head.headers, body }
}
