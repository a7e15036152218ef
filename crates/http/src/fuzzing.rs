//! What reads untrusted text, for the fuzz targets: no part of the interface.

use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};

use crate::client::{NoProxy, is_home, redirect};
use crate::server::{accept_encoding, credentials};
use crate::{Found, Router, body, tls};

/// A map of one header, if the bytes are a value.
fn one(name: HeaderName, value: &[u8]) -> Option<HeaderMap> {
    Some(HeaderMap::from_iter([(name, HeaderValue::from_bytes(value).ok()?)]))
}

/// `Accept-Encoding` and `Content-Encoding`.
pub fn encodings(value: &[u8]) {
    if let Some(headers) = one(ACCEPT_ENCODING, value) {
        let _ = accept_encoding::choose(&headers);
    }
    if let Some(headers) = one(CONTENT_ENCODING, value) {
        let _ = body::content_encoding(&headers);
    }
}

/// `Authorization` of the scheme `Basic`: user and password.
#[must_use]
pub fn basic(value: &[u8]) -> Option<(String, Vec<u8>)> {
    one(AUTHORIZATION, value).and_then(|headers| credentials(&headers)).map(|found| (found.user, found.password))
}

/// Whether a host is reached without a proxy by these rules.
#[must_use]
pub fn no_proxy(rules: &str, host: &str) -> bool {
    NoProxy::parse(rules).matches(host, 80)
}

/// The names in a certificate.
#[must_use]
pub fn names(certificate: &[u8]) -> Vec<String> {
    tls::certificate::names(certificate)
}

/// Where an answer leads, and whether credentials may go there too.
#[must_use]
pub fn redirected(location: &[u8]) -> Option<(Uri, bool)> {
    let headers = one(LOCATION, location)?;
    let from = Uri::from_static("http://home.example/metrics");
    let next = redirect::next(StatusCode::FOUND, &headers, &Method::GET, &from).ok()??;
    let is_home = is_home(next.uri.host().unwrap_or_default(), "home.example");
    Some((next.uri, is_home))
}

/// The address that a path is redirected to.
#[must_use]
pub fn routed(path: &str) -> Option<String> {
    let mut router = Router::new("/prefix");
    for pattern in ["/", "/api/v1/label/{name}/values", "/user/{*path}", "/graph"] {
        router.insert(&[Method::GET], pattern, ()).ok()?;
    }
    match router.find(&Method::GET, path) {
        Found::Redirect { to, .. } => Some(to),
        Found::Route { parameters, .. } => {
            let _ = (parameters.get("name"), parameters.get("path"));
            None
        }
        _ => None,
    }
}
