//! One connection: its protocol, its end, and the way of each request on it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::{ConnectInfo, Handler, Phase, ServerOptions};
use crate::{Request, Response};

/// What all connections of a server have in common.
pub(super) struct Shared {
    pub(super) handler: Arc<dyn Handler>,
    pub(super) options: ServerOptions,
}

/// Serves a connection until it ends, or the server does.
pub(super) async fn serve(
    stream: TcpStream,
    remote: SocketAddr,
    shared: Arc<Shared>,
    mut phases: watch::Receiver<Phase>,
) {
    // Answers are written whole: to wait for more bytes would only delay them.
    let _ = stream.set_nodelay(true);
    let info = ConnectInfo { remote, tls: false };
    let read_timeout = shared.options.read_timeout;
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(answer(&shared, info, request).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(read_timeout);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    loop {
        tokio::select! {
            // An error is the client's: it went away, or did not speak HTTP.
            _ = connection.as_mut() => return,
            changed = phases.changed() => match *phases.borrow_and_update() {
                Phase::Draining if changed.is_ok() => connection.as_mut().graceful_shutdown(),
                Phase::Serving if changed.is_ok() => {}
                _ => return,
            },
        }
    }
}

async fn answer(shared: &Shared, info: ConnectInfo, request: hyper::Request<Incoming>) -> Response {
    let mut request: Request = request.map(|body| body.map_err(Into::into).boxed_unsync());
    request.extensions_mut().insert(info);
    shared.handler.handle(request).await
}
