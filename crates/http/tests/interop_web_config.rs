//! The server beside the real Prometheus, with the same web configuration files and the same requests.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::Method;
use promd_http::{Cors, Found, Handler, Request, Response, Router, ServerOptions, body};
use promd_testkit::{Answer, Connection, Server, conformance, peer};

/// A request: method, path, headers.
type Asked = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// What both must have in common of an answer.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    status: u16,
    headers: Vec<(String, String)>,
    /// The text of refusals: what is served when all is well is not this crate's business.
    text: Option<String>,
}

fn shown(answer: &Answer) -> Shown {
    const COMPARED: [&str; 13] = [
        "www-authenticate",
        "location",
        "allow",
        "vary",
        "content-encoding",
        "x-frame-options",
        "x-content-type-options",
        "x-xss-protection",
        "strict-transport-security",
        "content-security-policy",
        "access-control-allow-origin",
        "access-control-allow-headers",
        "access-control-allow-methods",
    ];
    // Since 3.14 Prometheus says that an answer depends on what encodings are accepted (`util/httputil/compression.go`);
    // the real one of this test may be older.
    let is_compared = |(name, value): &&(String, String)| {
        COMPARED.contains(&name.as_str()) && (name.as_str(), value.as_str()) != ("vary", "Accept-Encoding")
    };
    let mut headers: Vec<_> = answer.headers.iter().filter(is_compared).cloned().collect();
    headers.sort();
    let text = (answer.status >= 400).then(|| answer.text());
    Shown { status: answer.status, headers, text }
}

/// Serves the few routes that the requests of this test ask for, as Prometheus does.
fn routes(prefix: &str) -> impl Handler {
    let mut router = Router::new(prefix);
    router.insert(&[Method::GET, Method::HEAD], "/-/healthy", "healthy").unwrap();
    router.insert(&[Method::GET], "/targets", "page").unwrap();
    router.insert(&[Method::GET], "/api/v1/status/flags", "flags").unwrap();
    let (router, cors) = (Arc::new(router), Cors::new("http://good.*").unwrap());
    move |request: Request| {
        let (router, cors) = (Arc::clone(&router), cors.clone());
        async move {
            let found = router.find(request.method(), request.uri().path());
            if let Some(refusal) = found.refusal() {
                return refusal;
            }
            let Found::Route { value, .. } = found else { return Response::new(body::empty()) };
            let mut response = Response::new(body::full("x".repeat(if *value == "flags" { 5_000 } else { 10 })));
            if *value == "flags" {
                cors.apply(request.headers(), response.headers_mut());
            }
            response
        }
    }
}

/// Both, with a web configuration and a prefix of routes.
async fn compare(prometheus: &Path, web: Option<PathBuf>, prefix: &str, asked: &'static [Asked]) {
    let folder = tempfile::tempdir().unwrap();
    let mut flags = vec!["--web.cors.origin=http://good.*".to_owned()];
    flags.extend(web.iter().map(|file| format!("--web.config.file={}", file.display())));
    flags.extend((!prefix.is_empty()).then(|| format!("--web.route-prefix={prefix}")));
    let mut options = ServerOptions::default();
    options.web_config = web.as_ref().map(|file| file.to_str().unwrap().to_owned());
    let server = support::start(routes(prefix), options);
    let (program, ours) = (prometheus.to_owned(), server.address.to_string());
    let pairs = tokio::task::spawn_blocking(move || {
        let real = Server::launch(&program, folder.path()).flags(flags).start();
        let ask = |address: &str, (method, path, headers): &Asked| {
            shown(&Connection::open(address).unwrap().send(method, path, headers, b"").unwrap())
        };
        asked.iter().map(|asked| (asked, ask(&ours, asked), ask(real.address(), asked))).collect::<Vec<_>>()
    })
    .await
    .unwrap();
    for (asked, ours, theirs) in pairs {
        assert_eq!(ours, theirs, "{asked:?} with {web:?}");
    }
    server.stop().await;
}

/// Users of the conformance files and of the file below; passwords that are right, wrong, and none.
const REQUESTS: &[Asked] = &[
    ("GET", "/-/healthy", &[]),
    ("HEAD", "/-/healthy", &[]),
    ("GET", "/-/healthy", &[("Authorization", "Basic bWU6cHc=")]),
    ("GET", "/-/healthy", &[("Authorization", "Basic c3RhcjpVKlU=")]),
    ("GET", "/-/healthy", &[("Authorization", "Basic YTpmYWtlcGFzc3dvcmQ=")]),
    ("GET", "/-/healthy", &[("Authorization", "basic c3RhcjpVKlU=")]),
    ("GET", "/-/healthy", &[("Authorization", "Bearer c3RhcjpVKlU=")]),
    ("GET", "/-/healthy", &[("Authorization", "Basic !")]),
    ("GET", "/no/such/path", &[]),
];

const ROUTES: &[Asked] = &[
    ("GET", "/no/such/path", &[]),
    ("GET", "/targets/", &[]),
    ("GET", "/api/v1/status/flags", &[("Accept-Encoding", "gzip, deflate")]),
    ("GET", "/api/v1/status/flags", &[("Accept-Encoding", "br, deflate")]),
    ("GET", "/api/v1/status/flags", &[("Origin", "http://good.example")]),
    ("GET", "/api/v1/status/flags", &[("Origin", "http://bad.example")]),
];

const PREFIXED: &[Asked] = &[
    ("GET", "/", &[]),
    ("GET", "/-/healthy", &[]),
    ("GET", "/prom/-/healthy", &[]),
    ("GET", "/prom/targets/", &[]),
    ("POST", "/prom/targets/", &[]),
    ("DELETE", "/prom/-/healthy", &[]),
];

#[tokio::test]
async fn web_configurations_mean_the_same() {
    let Some(prometheus) = peer("prometheus") else { return };
    if let Some(folder) = conformance("config") {
        for name in ["own/w_empty.yml", "own/w_users.yml", "own/w_http2.yml"] {
            compare(&prometheus, Some(folder.join(name)), "", REQUESTS).await;
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("web.yml");
    let text = r#"
http_server_config:
  headers: {X-Frame-Options: deny, X-Content-Type-Options: nosniff, Strict-Transport-Security: max-age=9, X-XSS-Protection: "1"}
basic_auth_users:
  star: "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
"#;
    std::fs::write(&file, text).unwrap();
    compare(&prometheus, Some(file), "", REQUESTS).await;
}

#[tokio::test]
async fn routes_and_encodings_mean_the_same() {
    let Some(prometheus) = peer("prometheus") else { return };
    compare(&prometheus, None, "", ROUTES).await;
    compare(&prometheus, None, "/prom", PREFIXED).await;
}
