//! A request and its answer.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{HOST, USER_AGENT};
use http::uri::PathAndQuery;
use http::{Method, Uri};
use http_body_util::Full;
use hyper::body::Incoming;

use super::error::Kind;
use super::pool::{Http1, Server};
use super::response::{Lease, ResponseBody};
use super::{Inner, connect};

/// An answer, or the address that failed and why.
pub(super) type Outcome = Result<http::Response<ResponseBody>, (Uri, Kind)>;

impl Inner {
    /// Sends a request, and again where the answer says that it must be sent elsewhere.
    pub(super) async fn follow(&self, request: &http::Request<Bytes>) -> Outcome {
        self.exchange(request).await.map_err(|kind| (request.uri().clone(), kind))
    }

    /// Sends a request to the server of its address.
    async fn exchange(&self, request: &http::Request<Bytes>) -> Result<http::Response<ResponseBody>, Kind> {
        let uri = request.uri();
        let (host, port) = address(uri)?;
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let server =
            self.pool.server(false, authority).ok_or_else(|| Kind::Address(format!("invalid host {authority:?}")))?;
        while let Some(mut connection) = server.take() {
            if connection.ready().await.is_err() {
                continue;
            }
            match connection.try_send_request(self.request(request, &server)).await {
                Ok(response) => return Ok(answer(response, server, connection)),
                // The server closed the connection while it was idle.
                Err(error) if error.message().is_some() || is_repeatable(request.method()) => {}
                Err(error) => return Err(Kind::Broken(error.into_error())),
            }
        }
        let stream = connect::dial(host, port).await?;
        let mut connection = connect::http1(stream).await?;
        let response = connection.send_request(self.request(request, &server)).await.map_err(Kind::Broken)?;
        Ok(answer(response, server, connection))
    }

    /// The request as it goes over the wire.
    fn request(&self, request: &http::Request<Bytes>, server: &Server) -> http::Request<Full<Bytes>> {
        let mut sent = http::Request::new(Full::new(request.body().clone()));
        *sent.method_mut() = request.method().clone();
        let path = request.uri().path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        *sent.uri_mut() = Uri::from(path);
        *sent.headers_mut() = request.headers().clone();
        let headers = sent.headers_mut();
        headers.entry(HOST).or_insert_with(|| server.host.clone());
        headers.insert(USER_AGENT, self.user_agent.clone());
        sent
    }
}

fn answer(response: http::Response<Incoming>, server: Arc<Server>, connection: Http1) -> http::Response<ResponseBody> {
    response.map(|body| ResponseBody::new(body, Some(Lease { server, connection })))
}

/// Whether a request may be sent twice without harm.
fn is_repeatable(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
}

/// Host and port of an address.
fn address(uri: &Uri) -> Result<(&str, u16), Kind> {
    let host = uri.host().filter(|host| !host.is_empty());
    let host = host.ok_or_else(|| Kind::Address("http: no Host in request URL".to_owned()))?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let default = match uri.scheme_str() {
        Some("http") => 80,
        Some("https") => 443,
        scheme => return Err(Kind::Address(format!("unsupported protocol scheme {:?}", scheme.unwrap_or_default()))),
    };
    Ok((host, uri.port_u16().unwrap_or(default)))
}
