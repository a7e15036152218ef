//! The way of one request: the web configuration, the handler, and compression.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use http::StatusCode;
use http::header::{HeaderName, HeaderValue, WWW_AUTHENTICATE};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use promd_config::WebConfig;
use tokio::time::Instant;

use super::patience::TimedBody;
use super::{ConnectInfo, Shared, accept_encoding, compress};
use crate::router::text;
use crate::{Request, Response, ServerEvent};

/// Answers a request.
pub(super) async fn answer(shared: &Shared, info: ConnectInfo, request: hyper::Request<Incoming>) -> Response {
    let deadline = Instant::now() + shared.options.read_timeout;
    let mut request: Request = request.map(|body| TimedBody::new(body, deadline).boxed_unsync());
    request.extensions_mut().insert(info);
    let Some(web) = &shared.web else { return handle(shared, request).await };
    let config = match web.file.load() {
        Ok(config) => config,
        Err(error) => {
            shared.options.report.tell(&ServerEvent::Configuration(&error));
            return text(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error\n");
        }
    };
    if web.rate.as_ref().is_some_and(|rate| !rate.allow()) {
        return text(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests\n");
    }
    let is_admitted = config.users.is_empty() || web.users.admit(&config.users, request.headers()).await;
    let mut response = if is_admitted { handle(shared, request).await } else { unauthorized() };
    add_headers(&config, &mut response);
    response
}

fn unauthorized() -> Response {
    let mut response = text(StatusCode::UNAUTHORIZED, "Unauthorized\n");
    response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic"));
    response
}

/// Sets the headers of the configuration, where the handler has not set them itself.
fn add_headers(config: &Arc<WebConfig>, response: &mut Response) {
    for (name, value) in &config.http.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().entry(name).or_insert(value);
        }
    }
}

/// Runs the handler. One that panics is answered for, and neither the connection nor the server ends with it.
async fn handle(shared: &Shared, request: Request) -> Response {
    let compression = accept_encoding::choose(request.headers());
    let path = request.uri().clone();
    // The call itself may panic, before there is a future.
    let outcome = AssertUnwindSafe(async { shared.handler.handle(request).await }).catch_unwind().await;
    match outcome {
        Ok(response) if shared.options.compression => compress::compress(compression, response),
        Ok(response) => response,
        Err(panic) => {
            let event = ServerEvent::Panic { path: path.path(), message: message(&*panic) };
            shared.options.report.tell(&event);
            text(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error\n")
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
