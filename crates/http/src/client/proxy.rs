//! Through which proxy a host is reached, and how it is asked.

use bytes::Bytes;
use http::header::{HOST, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use promd_config::Proxy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use url::Url;

use super::credentials::{basic, secret};
use super::error::Kind;
use super::no_proxy::NoProxy;
use super::stream::Stream;

/// What the environment says of proxies. The program reads it: a library does not.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ProxyEnvironment {
    /// `HTTP_PROXY` or `http_proxy`: for addresses with `http`.
    pub http_proxy: String,
    /// `HTTPS_PROXY` or `https_proxy`: for addresses with `https`.
    pub https_proxy: String,
    /// `NO_PROXY` or `no_proxy`.
    pub no_proxy: String,
}

impl ProxyEnvironment {
    /// Reads it by `variable`, as Go does: the first of each pair of names that is not empty.
    ///
    /// ```
    /// use promd_http::ProxyEnvironment;
    ///
    /// let environment = ProxyEnvironment::read(|name| std::env::var(name).ok());
    /// # let _ = environment;
    /// ```
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: [&str; 2]| {
            names.into_iter().find_map(|name| variable(name).filter(|value| !value.is_empty())).unwrap_or_default()
        };
        Self {
            http_proxy: first(["HTTP_PROXY", "http_proxy"]),
            https_proxy: first(["HTTPS_PROXY", "https_proxy"]),
            no_proxy: first(["NO_PROXY", "no_proxy"]),
        }
    }
}

/// Which proxies there are.
#[derive(Debug, Default)]
pub(super) struct Proxies {
    http: Option<Server>,
    https: Option<Server>,
    /// `None` if even the machine itself is reached through the proxy.
    except: Option<NoProxy>,
    /// Headers of a request for a tunnel.
    connect: HeaderMap,
}

/// A proxy.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) protocol: Protocol,
    pub(super) host: String,
    pub(super) port: u16,
    authorization: Option<HeaderValue>,
    /// User and password, for a proxy that wants them in another form than a header.
    user: Option<(String, promd_config::Secret)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Http,
    Https,
    Socks5,
}

impl Proxies {
    pub(super) fn new(config: &Proxy, environment: &ProxyEnvironment) -> Result<Self, String> {
        let mut proxies = Self::default();
        let url = config.proxy_url.as_ref().map_or("", |url| url.expose());
        if config.proxy_from_environment {
            // As in Go, a variable that is no address is as good as none.
            proxies.http = Server::parse(&environment.http_proxy).unwrap_or_default();
            proxies.https = Server::parse(&environment.https_proxy).unwrap_or_default();
            proxies.except = Some(NoProxy::parse(&environment.no_proxy));
        } else if !url.is_empty() {
            let server = Server::parse(url)?;
            (proxies.http, proxies.https) = (server.clone(), server);
            proxies.except =
                Some(&config.no_proxy).filter(|rules| !rules.is_empty()).map(|rules| NoProxy::parse(rules));
        }
        for (name, values) in &config.proxy_connect_header {
            let header = HeaderName::try_from(name)
                .map_err(|_| format!("net/http: invalid header field name {}", promd_model::quote::go(name)))?;
            for value in values {
                proxies.connect.append(header.clone(), secret(value.expose(), name)?);
            }
        }
        Ok(proxies)
    }

    /// The proxy for a host, or `None`.
    pub(super) fn server(&self, tls: bool, host: &str, port: u16) -> Option<&Server> {
        let server = if tls { &self.https } else { &self.http };
        let is_excepted = self.except.as_ref().is_some_and(|rules| rules.matches(host, port));
        server.as_ref().filter(|_| !is_excepted)
    }
}

impl Server {
    /// Reads an address; without a protocol it is one of HTTP. Nothing is no proxy.
    fn parse(text: &str) -> Result<Option<Self>, String> {
        if text.is_empty() {
            return Ok(None);
        }
        let parse = |text: &str| Url::parse(text).ok().filter(|url| protocol(url).is_some());
        let url = parse(text).or_else(|| if text.contains("://") { None } else { parse(&format!("http://{text}")) });
        let invalid = || format!("invalid proxy address {}", promd_model::quote::go(text));
        let (url, protocol) = url.and_then(|url| protocol(&url).map(|protocol| (url, protocol))).ok_or_else(invalid)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(invalid)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = url.port().unwrap_or(match protocol {
            Protocol::Http => 80,
            Protocol::Https => 443,
            Protocol::Socks5 => 1080,
        });
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let is_named = !url.username().is_empty() || url.password().is_some();
        let user = is_named
            .then(|| (decode(url.username()), promd_config::Secret::new(&decode(url.password().unwrap_or_default()))));
        let authorization = user.as_ref().map(|(user, password)| basic(user, password.expose())).transpose()?;
        Ok(Some(Self { protocol, host, port, authorization, user }))
    }

    /// Sets the header that says to the proxy who asks, of a request that goes to the proxy itself.
    pub(super) fn authorize(&self, headers: &mut HeaderMap) {
        if let Some(value) = &self.authorization {
            headers.insert(PROXY_AUTHORIZATION, value.clone());
        }
    }
}

fn protocol(url: &Url) -> Option<Protocol> {
    match url.scheme() {
        "http" => Some(Protocol::Http),
        "https" => Some(Protocol::Https),
        "socks5" | "socks5h" => Some(Protocol::Socks5),
        _ => None,
    }
}

/// Asks a proxy for a tunnel to a host.
pub(super) async fn tunnel(
    proxies: &Proxies,
    server: &Server,
    stream: Stream,
    host: &str,
    port: u16,
) -> Result<Stream, Kind> {
    if server.protocol == Protocol::Socks5 {
        return socks5(server, stream, host, port).await;
    }
    let authority = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let broken = |error: hyper::Error| Kind::Dial(format!("proxyconnect tcp: {}", super::error::broken(&error)));
    let (mut sender, connection) =
        http1::Builder::new().handshake::<_, Empty<Bytes>>(TokioIo::new(stream)).await.map_err(broken)?;
    let mut request = http::Request::new(Empty::new());
    *request.method_mut() = Method::CONNECT;
    *request.uri_mut() = Uri::try_from(&authority).map_err(|error| Kind::Address(error.to_string()))?;
    let headers = request.headers_mut();
    *headers = proxies.connect.clone();
    server.authorize(headers);
    if let Ok(value) = HeaderValue::from_str(&authority) {
        headers.insert(HOST, value);
    }
    tokio::spawn(async move {
        let _ = connection.with_upgrades().await;
    });
    // Go reads the answer to this request outside of its transport: it names no proxy, and any end is an early one.
    let unread = |error: hyper::Error| {
        Kind::Dial(match super::error::broken(&error) {
            text if text == "EOF" => "unexpected EOF".to_owned(),
            text => text,
        })
    };
    let response = sender.send_request(request).await.map_err(unread)?;
    if response.status() != StatusCode::OK {
        // Go gives the text that follows the code.
        let status = response.status();
        let text = status.canonical_reason().map_or_else(|| status.as_u16().to_string(), str::to_owned);
        return Err(Kind::Dial(text));
    }
    let upgraded = hyper::upgrade::on(response).await.map_err(broken)?;
    Ok(Box::new(TokioIo::new(upgraded)))
}

/// A tunnel by SOCKS 5 (RFC 1928, with the names and passwords of RFC 1929). The proxy looks the name up.
async fn socks5(server: &Server, mut stream: Stream, host: &str, port: u16) -> Result<Stream, Kind> {
    const NO_METHOD: u8 = 0xff;
    let proxy = format!("{}:{}", server.host, server.port);
    let failed = |text: &str| Kind::Dial(format!("socks connect tcp {proxy}->{host}:{port}: {text}"));
    let read_failed = |error: std::io::Error| failed(&crate::errno::text(&error));
    let method = if server.user.is_some() { 2 } else { 0 };
    stream.write_all(&[5, 1, method]).await.map_err(read_failed)?;
    let mut answer = [0; 2];
    stream.read_exact(&mut answer).await.map_err(read_failed)?;
    match answer {
        [5, NO_METHOD] => return Err(failed("no acceptable authentication methods")),
        [5, chosen] if chosen == method => {}
        _ => return Err(failed("unexpected protocol version")),
    }
    if let Some((user, password)) = &server.user {
        let (Ok(user_len), Ok(password_len)) = (u8::try_from(user.len()), u8::try_from(password.expose().len())) else {
            return Err(failed("invalid username/password"));
        };
        let message = [&[1, user_len], user.as_bytes(), &[password_len], password.expose().as_bytes()].concat();
        stream.write_all(&message).await.map_err(read_failed)?;
        stream.read_exact(&mut answer).await.map_err(read_failed)?;
        if answer != [1, 0] {
            return Err(failed("username/password authentication failed"));
        }
    }
    let mut request = vec![5, 1, 0];
    match host.parse() {
        Ok(std::net::IpAddr::V4(address)) => request.extend([&[1][..], &address.octets()].concat()),
        Ok(std::net::IpAddr::V6(address)) => request.extend([&[4][..], &address.octets()].concat()),
        Err(_) => {
            let length = u8::try_from(host.len()).map_err(|_| failed("FQDN too long"))?;
            request.extend([&[3, length], host.as_bytes()].concat());
        }
    }
    request.extend(port.to_be_bytes());
    stream.write_all(&request).await.map_err(read_failed)?;
    let mut head = [0; 4];
    stream.read_exact(&mut head).await.map_err(read_failed)?;
    if head[1] != 0 {
        let text = match head[1] {
            1 => "general SOCKS server failure",
            2 => "connection not allowed by ruleset",
            3 => "network unreachable",
            4 => "host unreachable",
            5 => "connection refused",
            6 => "TTL expired",
            7 => "command not supported",
            8 => "address type not supported",
            _ => "unknown code",
        };
        return Err(failed(&format!("unknown error {text}")));
    }
    let length = match head[3] {
        1 => 4,
        4 => 16,
        3 => usize::from(stream.read_u8().await.map_err(read_failed)?),
        _ => return Err(failed("unknown address type")),
    };
    // The address that the proxy goes out from, and its port: nobody asks for them.
    let mut bound = vec![0; length + 2];
    stream.read_exact(&mut bound).await.map_err(read_failed)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let found = match Server::parse(text) {
            Ok(Some(server)) => {
                let user = server.user.map(|(user, password)| format!(" {user}/{}", password.expose()));
                format!("{:?} {} {}{}", server.protocol, server.host, server.port, user.unwrap_or_default())
            }
            Ok(None) => String::new(),
            Err(error) => error,
        };
        assert_eq!(found, expect, "{text}");
    }

    /// The cases of `proxyForURLTests` in `golang.org/x/net/http/httpproxy/proxy_test.go`.
    #[test]
    fn addresses_of_proxies() {
        check("example.com", "Http example.com 80");
        check("example.com:1234", "Http example.com 1234");
        check("http://example.com", "Http example.com 80");
        check("https://example.com:8443", "Https example.com 8443");
        check("socks5://example.com", "Socks5 example.com 1080");
        check("cache.corp.example.com:1234", "Http cache.corp.example.com 1234");
        check("http://me:p%40ss@[::1]:3128/", "Http ::1 3128 me/p@ss");
        check("", "");
        check("http://", "invalid proxy address \"http://\"");
    }
}
