//! A request and its answer.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, REFERER, USER_AGENT};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, Method, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;

use super::connect::Connection;
use super::credentials::{basic, is_sensitive};
use super::error::Kind;
use super::http1::Http1;
use super::pool::{Http2, Server};
use super::proxy::Protocol;
use super::redirect::{self, Next};
use super::response::{Lease, ResponseBody};
use super::{Inner, Token};

/// An answer, or the address that failed and why.
pub(super) type Outcome = Result<http::Response<ResponseBody>, (Uri, Kind)>;

/// A request on its way: the original, and what redirects have made of it.
struct Hop<'a> {
    method: Method,
    uri: Uri,
    body: &'a Bytes,
    headers: &'a HeaderMap,
    /// Whether the body is gone with the redirect, and the headers that describe it.
    is_bodiless: bool,
    /// The address that led here.
    referer: Option<Uri>,
    /// Whether all hops were to the host of the configuration or below it.
    is_home: bool,
    /// Whether all hops were to the same host and port, so that a header `Host` of the request still holds.
    is_same_server: bool,
}

/// What an address comes down to.
struct Target<'a> {
    tls: bool,
    host: &'a str,
    port: u16,
    /// Host and port as the address has them, without user and password.
    authority: &'a str,
    user: Option<&'a str>,
}

impl Inner {
    /// Sends a request, and again where the answer says that it must be sent elsewhere.
    pub(super) async fn follow(&self, request: &http::Request<Bytes>) -> Outcome {
        let mut hop = Hop {
            method: request.method().clone(),
            uri: request.uri().clone(),
            body: request.body(),
            headers: request.headers(),
            is_bodiless: false,
            referer: None,
            is_home: true,
            is_same_server: true,
        };
        for count in 0.. {
            let response = match self.exchange(&hop).await {
                Ok(response) => response,
                Err(kind) => return Err((hop.uri, kind)),
            };
            if !self.follow_redirects {
                return Ok(response);
            }
            let next = match redirect::next(response.status(), response.headers(), &hop.method, &hop.uri) {
                Ok(Some(next)) => next,
                Ok(None) => return Ok(response),
                Err(text) => return Err((hop.uri, Kind::Address(text))),
            };
            if count == redirect::MAX {
                return Err((hop.uri, Kind::Address(format!("stopped after {} redirects", redirect::MAX))));
            }
            response.into_body().drain().await;
            hop.turn(next, request.uri().host().unwrap_or_default());
        }
        Err((hop.uri, Kind::Deadline))
    }

    /// Sends a request to the server of its address.
    async fn exchange(&self, hop: &Hop<'_>) -> Result<http::Response<ResponseBody>, Kind> {
        let target = Target::new(&hop.uri)?;
        self.reload()?;
        let server = self.pool.server(target.tls, target.authority);
        let server = server.ok_or_else(|| Kind::Address(format!("invalid host {:?}", target.authority)))?;
        let token = self.token(hop).await?;
        loop {
            if let Some(connection) = server.shared()
                && let Some(response) = self.on_http2(hop, &target, &server, connection, token.as_ref()).await?
            {
                return Ok(response);
            }
            while let Some(mut connection) = server.take() {
                if connection.ready().await.is_err() {
                    continue;
                }
                let request = self.request(hop, &target, &server, false, token.as_ref())?;
                match connection.try_send(request).await {
                    Ok(response) => return Ok(answer(response, server, connection)),
                    // The server closed the connection while it was idle.
                    Err(error) if error.message().is_some() || is_repeatable(&hop.method) => {}
                    Err(error) => return Err(connection.broken(&error.into_error())),
                }
            }
            let Some(permit) = server.permit().await else { continue };
            match self.connector.connect(target.tls, target.host, target.port, permit).await? {
                Connection::Http1(mut connection) => {
                    let request = self.request(hop, &target, &server, false, token.as_ref())?;
                    let response = connection.send(request).await?;
                    return Ok(answer(response, server, connection));
                }
                Connection::Http2(mut connection) => {
                    server.share(&connection);
                    let request = self.request(hop, &target, &server, true, token.as_ref())?;
                    let response = connection.send_request(request).await.map_err(|error| Kind::broken(&error))?;
                    return Ok(response.map(|body| ResponseBody::new(body, None)));
                }
            }
        }
    }

    /// Sends a request on a connection of HTTP/2 that others use too; `None` if that has ended before it was sent.
    async fn on_http2(
        &self,
        hop: &Hop<'_>,
        target: &Target<'_>,
        server: &Server,
        mut connection: Http2,
        token: Option<&Token>,
    ) -> Result<Option<http::Response<ResponseBody>>, Kind> {
        if connection.ready().await.is_err() {
            return Ok(None);
        }
        match connection.try_send_request(self.request(hop, target, server, true, token)?).await {
            Ok(response) => Ok(Some(response.map(|body| ResponseBody::new(body, None)))),
            Err(error) if error.message().is_some() => Ok(None),
            // The connection ended with the request on it. Without a look at `is_closed` it could be tried for ever.
            Err(_) if is_repeatable(&hop.method) && connection.is_closed() => Ok(None),
            Err(error) => Err(Kind::broken(&error.into_error())),
        }
    }

    /// Reads the files of the TLS settings again. Connections that were made with others are not used any more.
    fn reload(&self) -> Result<(), Kind> {
        let tls = &self.connector.tls;
        if !tls.is_inline() && tls.current(&*self.connector.fs).map_err(Kind::Configuration)?.1 {
            self.pool.clear();
        }
        Ok(())
    }

    /// The token for a request, if tokens are used and it does not say itself who asks.
    async fn token(&self, hop: &Hop<'_>) -> Result<Option<Token>, Kind> {
        match &self.oauth2 {
            Some(oauth2) if hop.is_home && !hop.headers.contains_key(AUTHORIZATION) => {
                oauth2.token().await.map(Some).map_err(Kind::Token)
            }
            _ => Ok(None),
        }
    }

    /// The request as it goes over the wire.
    fn request(
        &self,
        hop: &Hop<'_>,
        target: &Target<'_>,
        server: &Server,
        is_http2: bool,
        token: Option<&Token>,
    ) -> Result<http::Request<Full<Bytes>>, Kind> {
        let body = if hop.is_bodiless { Bytes::new() } else { hop.body.clone() };
        let mut sent = http::Request::new(Full::new(body));
        *sent.method_mut() = hop.method.clone();
        let proxy = self.connector.proxies.server(target.tls, target.host, target.port);
        let proxy = proxy
            .filter(|proxy| !target.tls && proxy.protocol != Protocol::Socks5 && self.connector.unix_socket.is_none());
        *sent.uri_mut() = uri(&hop.uri, target, is_http2 || proxy.is_some())?;
        *sent.headers_mut() = hop.headers.clone();
        let headers = sent.headers_mut();
        hop.strip(headers);
        headers.insert(USER_AGENT, self.user_agent.clone());
        if is_http2 {
            headers.remove(HOST);
        } else {
            headers.entry(HOST).or_insert_with(|| server.host.clone());
        }
        if let Some(proxy) = proxy {
            proxy.authorize(headers);
        }
        self.headers.add(headers, hop.is_home, &*self.connector.fs).map_err(Kind::Configuration)?;
        if hop.is_home && !headers.contains_key(AUTHORIZATION) {
            let configured = match token {
                Some(token) => Some(token.header.clone()),
                None => self.authorization.value(&*self.connector.fs).map_err(Kind::Configuration)?,
            };
            let value = match (configured, target.user) {
                (None, Some(user)) => Some(user_header(user).map_err(Kind::Address)?),
                (configured, _) => configured,
            };
            if let Some(value) = value {
                headers.insert(AUTHORIZATION, value);
            }
        }
        Ok(sent)
    }
}

impl Hop<'_> {
    /// Goes where an answer leads. `home` is the host of the first address.
    fn turn(&mut self, next: Next, home: &str) {
        self.is_home = self.is_home && redirect::is_home(next.uri.host().unwrap_or_default(), home);
        self.is_same_server = self.is_same_server && next.uri.authority() == self.uri.authority();
        self.is_bodiless |= !next.keeps_body;
        self.method = next.method;
        self.referer = Some(std::mem::replace(&mut self.uri, next.uri));
    }

    /// Takes away what must not go where this hop leads.
    fn strip(&self, headers: &mut HeaderMap) {
        let Some(referer) = &self.referer else { return };
        if self.is_bodiless {
            for name in [CONTENT_TYPE, CONTENT_ENCODING, CONTENT_LENGTH] {
                headers.remove(name);
            }
        }
        if !self.is_same_server {
            headers.remove(HOST);
        }
        if !self.is_home {
            let sensitive: Vec<_> = headers.keys().filter(|name| is_sensitive(name)).cloned().collect();
            for name in sensitive {
                headers.remove(name);
            }
        }
        if !self.headers.contains_key(REFERER) {
            redirect::set_referer(headers, referer, &self.uri);
        }
    }
}

impl<'a> Target<'a> {
    fn new(uri: &'a Uri) -> Result<Self, Kind> {
        let host = uri.host().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| Kind::Address("http: no Host in request URL".to_owned()))?;
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            scheme => {
                let scheme = promd_model::quote::go(scheme.unwrap_or_default()).to_string();
                return Err(Kind::Address(format!("unsupported protocol scheme {scheme}")));
            }
        };
        let authority = uri.authority().map_or("", Authority::as_str);
        let (user, authority) = match authority.rsplit_once('@') {
            Some((user, authority)) => (Some(user), authority),
            None => (None, authority),
        };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let port = match authority.rsplit_once(':').map_or("", |(_, port)| port) {
            // The last colon may be one within the brackets of an address.
            text if text.is_empty() || text.ends_with(']') => {
                if tls {
                    443
                } else {
                    80
                }
            }
            text => text.parse().map_err(|_| Kind::Dial(format!("dial tcp: address {text}: invalid port")))?,
        };
        Ok(Self { tls, host, port, authority, user })
    }
}

/// The address as it stands in the request: the path alone, or all of it for a proxy and for HTTP/2.
fn uri(uri: &Uri, target: &Target<'_>, is_whole: bool) -> Result<Uri, Kind> {
    let path = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    if !is_whole {
        return Ok(Uri::from(path));
    }
    if target.user.is_none() {
        return Ok(uri.clone());
    }
    let scheme = if target.tls { Scheme::HTTPS } else { Scheme::HTTP };
    let built = Uri::builder().scheme(scheme).authority(target.authority).path_and_query(path).build();
    built.map_err(|error| Kind::Address(error.to_string()))
}

/// The header for `user:password` of an address.
fn user_header(user: &str) -> Result<http::HeaderValue, String> {
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    let decode = |text| percent_decode_str(text).decode_utf8_lossy();
    basic(&decode(name), &decode(password))
}

fn answer(response: http::Response<Incoming>, server: Arc<Server>, connection: Http1) -> http::Response<ResponseBody> {
    response.map(|body| ResponseBody::new(body, Some(Lease { server, connection })))
}

/// Whether a request may be sent twice without harm.
fn is_repeatable(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
}
