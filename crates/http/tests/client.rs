//! The client without TLS: error texts, credentials, headers, redirects, connections.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{HeaderValue, StatusCode};
use promd_clock::{Clock, SimClock, WallTime};
use promd_http::{Client, Request, Response, ServerOptions, body};
use support::{ask, client, get, mirror, options, settings, start, text};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A server that answers each connection with these bytes, and closes it.
async fn raw(answers: Vec<&'static [u8]>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
            stream.write_all(answer).await.unwrap();
        }
    });
    format!("http://{address}/metrics")
}

/// The texts are those of Go 1.19's client for the same servers and addresses.
#[tokio::test]
async fn errors_read_as_gos() {
    let client = client("");
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    for (url, expect) in [
        (format!("http://{closed}/x"), format!("dial tcp {closed}: connect: connection refused")),
        ("http://no-such-host.invalid/".to_owned(), "dial tcp: lookup no-such-host.invalid".to_owned()),
        (raw(vec![b""]).await, "EOF".to_owned()),
        (raw(vec![b"garbage\r\n\r\n"]).await, "net/http: HTTP/1.x transport connection broken: ".to_owned()),
        ("http://127.0.0.1:99999/".to_owned(), "dial tcp: address 99999: invalid port".to_owned()),
    ] {
        let error = ask(&client, &url).await;
        let expect = format!("Get \"{url}\": {expect}");
        assert!(error.starts_with(&expect), "{error}\ninstead of {expect}");
    }
    for (answer, expect) in [
        (&b"Content-Length: 10\r\n\r\nhalf"[..], "unexpected EOF"),
        (b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf", "unexpected EOF"),
        (b"Transfer-Encoding: chunked\r\n\r\nxyz\r\nhalf", "invalid byte in chunk length"),
        (b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhalf", "http chunk length too large"),
        (b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalfXX", "malformed chunked encoding"),
    ] {
        let url = raw(vec![[b"HTTP/1.1 200 OK\r\n", answer].concat().leak()]).await;
        let response = client.send(&get(&url)).await.unwrap();
        assert_eq!(body::read(response.into_body(), 100).await.unwrap_err().to_string(), expect);
    }
}

/// Heads that are not quite in order, and that Go's client takes all the same.
#[tokio::test]
async fn heads_that_go_takes() {
    let many = "X: y\r\n".repeat(900);
    for head in ["A : b\r\n", "A: b\r\n c\r\n", &many] {
        let url = raw(vec![format!("HTTP/1.1 200 OK\r\n{head}Content-Length: 4\r\n\r\nbody").leak().as_bytes()]).await;
        assert_eq!(ask(&client(""), &url).await, "body", "{}", &head[..6]);
    }
}

#[tokio::test]
async fn a_status_has_the_text_of_the_server() {
    for (line, expect) in [
        ("404 Not Found", None),
        ("404 Nobody Home", Some("Nobody Home")),
        ("404 ", Some("")),
        ("599 Odd", Some("Odd")),
    ] {
        let url = raw(vec![format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n").leak().as_bytes()]).await;
        let response = client("").send(&get(&url)).await.unwrap();
        assert_eq!(promd_http::own_reason(response.extensions()).as_deref(), expect, "{line}");
    }
}

/// A reset names both ends, as Go's errors do.
#[tokio::test]
async fn an_error_of_a_connection_names_its_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_u8().await.unwrap();
        stream.set_zero_linger().unwrap();
    });
    let error = ask(&client(""), &format!("http://{address}/")).await;
    let (begin, end) = ("read tcp 127.0.0.1:", format!("->{address}: read: connection reset by peer"));
    assert!(error.contains(begin) && error.ends_with(&end), "{error}");
}

#[tokio::test]
async fn time_is_up_in_the_head_or_in_the_body() {
    let clock = Arc::new(SimClock::new(WallTime::from_millis(0)));
    let mut options = options();
    options.clock = Arc::clone(&clock) as Arc<dyn Clock>;
    let client = Client::new("test", &settings(""), options).unwrap();
    let handler = |request: Request| async move {
        if request.uri().path() == "/head" {
            std::future::pending::<()>().await;
        }
        let (mut sender, body) = body::channel(1);
        tokio::spawn(async move {
            sender.send("half".into()).await.unwrap();
            sender.closed().await;
        });
        Response::new(body)
    };
    let server = start(handler, ServerOptions::default());
    let url = server.url("/head");
    let asked = tokio::spawn({
        let (client, url) = (client.clone(), url.clone());
        async move { client.send_within(&get(&url), Duration::from_secs(10)).await.unwrap_err() }
    });
    support::until(|| clock.sleepers() == 1).await;
    clock.advance(Duration::from_secs(10));
    let error = asked.await.unwrap();
    assert!(error.is_timeout());
    assert_eq!(error.to_string(), format!("Get \"{url}\": context deadline exceeded"));

    let response = client.send_within(&get(&server.url("/body")), Duration::from_secs(10)).await.unwrap();
    let read = tokio::spawn(body::read(response.into_body(), 100));
    support::until(|| clock.sleepers() == 1).await;
    clock.advance(Duration::from_secs(10));
    assert_eq!(read.await.unwrap().unwrap_err().to_string(), "context deadline exceeded");
    drop(client);
    server.stop().await;
}

/// What a request looks like to the server. The headers are those that Prometheus sends for the same settings.
#[track_caller]
fn check(seen: &str, expect: &[&str], absent: &[&str]) {
    for line in expect {
        assert!(seen.lines().any(|seen| seen == *line), "no {line:?} in:\n{seen}");
    }
    for name in absent {
        assert!(!seen.lines().any(|seen| seen.starts_with(name)), "{name:?} in:\n{seen}");
    }
}

#[tokio::test]
async fn who_asks() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, "from a file\n").unwrap();
    let file = file.to_str().unwrap();
    let server = start(mirror(), ServerOptions::default());
    // Base64 by `base64(1)`: me:pw, me:from a file, url:p@ss.
    for (lines, expect) in [
        ("basic_auth: {username: me, password: pw}".to_owned(), "authorization: Basic bWU6cHc="),
        (format!("basic_auth: {{username: me, password_file: {file}}}"), "authorization: Basic bWU6ZnJvbSBhIGZpbGU="),
        ("bearer_token: t".to_owned(), "authorization: Bearer t"),
        ("authorization: {type: Token, credentials: t}".to_owned(), "authorization: Token t"),
        (format!("authorization: {{credentials_file: {file}}}"), "authorization: Bearer from a file"),
        ("http_headers: {X-One: {values: [a, b]}}".to_owned(), "x-one: b"),
        (format!("http_headers: {{X-One: {{secrets: [s], files: [{file}]}}}}"), "x-one: from a file"),
    ] {
        let seen = ask(&client(&lines), &server.url("/")).await;
        check(&seen, &[expect, "user-agent: test/1", &format!("host: {}", server.address)], &[]);
    }
    // The address itself may say who asks, unless the configuration does.
    let url = format!("http://url:p%40ss@{}/", server.address);
    check(&ask(&client(""), &url).await, &["authorization: Basic dXJsOnBAc3M="], &[]);
    check(&ask(&client("bearer_token: t"), &url).await, &["authorization: Bearer t"], &[]);
    // And the request, before both.
    let mut request = get(&server.url("/"));
    request.headers_mut().insert("Authorization", HeaderValue::from_static("Own"));
    let seen = text(client("bearer_token: t").send(&request).await.unwrap()).await;
    check(&seen, &["authorization: Own"], &["authorization: Bearer"]);
    server.stop().await;
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_is_an_error_of_the_request() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    let client = client(&format!("bearer_token_file: {}", file.display()));
    let server = start(mirror(), ServerOptions::default());
    let error = ask(&client, &server.url("/")).await;
    let expect = format!(
        "Get \"{}\": unable to read authorization credentials: unable to read file {path}: open {path}: no such file or \
         directory",
        server.url("/"),
        path = file.display()
    );
    assert_eq!(error, expect);
    // It is read for each request.
    for secret in ["one", "two"] {
        std::fs::write(&file, secret).unwrap();
        check(&ask(&client, &server.url("/")).await, &[&format!("authorization: Bearer {secret}")], &[]);
    }
    server.stop().await;
}

/// A server that sends everybody to `to`, with this status.
fn to(status: u16, to: String) -> impl promd_http::Handler {
    move |_| {
        let mut response = Response::new(body::full("moved"));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        response.headers_mut().insert("Location", to.parse().unwrap());
        std::future::ready(response)
    }
}

const SECRETS: &str = "
basic_auth: {username: me, password: pw}
http_headers:
  X-Plain: {values: [p]}
  X-Secret: {secrets: [s]}
  Cookie: {values: [c]}
";

#[tokio::test]
async fn credentials_do_not_follow_to_another_host() {
    let there = start(mirror(), ServerOptions::default());
    // `localhost` and `127.0.0.1` are two hosts.
    let elsewhere = format!("http://localhost:{}/there", there.address.port());
    let here = start(to(302, elsewhere.clone()), ServerOptions::default());
    let client = client(SECRETS);
    let mut request = get(&here.url("/here"));
    request.headers_mut().insert("Cookie", HeaderValue::from_static("own"));
    request.headers_mut().insert("Host", HeaderValue::from_static("own.example"));
    let seen = text(client.send(&request).await.unwrap()).await;
    let referer = format!("referer: {}", here.url("/here"));
    let host = format!("host: localhost:{}", there.address.port());
    check(&seen, &["GET /there", "x-plain: p", &referer, &host], &["authorization", "x-secret", "cookie"]);

    // Nor do they come back when the way leads back to the first host.
    let back = start(to(307, there.url("/again")), ServerOptions::default());
    let away = start(to(301, format!("http://localhost:{}/", back.address.port())), ServerOptions::default());
    let seen = ask(&client, &away.url("/")).await;
    check(&seen, &["GET /again", "x-plain: p"], &["authorization", "x-secret", "cookie"]);

    // On the same host they stay, whatever the port.
    let same = start(to(308, there.url("/same")), ServerOptions::default());
    let seen = ask(&client, &same.url("/")).await;
    check(&seen, &["GET /same", "authorization: Basic bWU6cHc=", "x-secret: s", "cookie: c"], &[]);
    for server in [there, here, back, away, same] {
        server.stop().await;
    }
}

#[tokio::test]
async fn methods_and_bodies_of_redirects() {
    let there = start(mirror(), ServerOptions::default());
    for (status, expect, has_body) in [(302, "GET /x", false), (307, "POST /x", true)] {
        let here = start(to(status, there.url("/x")), ServerOptions::default());
        let request = http::Request::post(here.url("/")).header("Content-Type", "text/plain").body("data".into());
        let seen = text(client("").send(&request.unwrap()).await.unwrap()).await;
        assert_eq!((seen.lines().next().unwrap(), seen.ends_with("data")), (expect, has_body));
        assert_eq!(seen.contains("content-type"), has_body, "{seen}");
        here.stop().await;
    }
    there.stop().await;
}

#[tokio::test]
async fn redirects_end() {
    let count = Arc::new(AtomicUsize::new(0));
    let asked = Arc::clone(&count);
    let handler = move |_| {
        let mut response = Response::new(body::empty());
        *response.status_mut() = StatusCode::FOUND;
        let next = asked.fetch_add(1, Ordering::SeqCst) + 1;
        response.headers_mut().insert("Location", format!("/{next}").parse().unwrap());
        std::future::ready(response)
    };
    let server = start(handler, ServerOptions::default());
    let error = ask(&client(""), &server.url("/")).await;
    // Go asks ten times more than once, and names the last address that answered.
    assert_eq!(error, format!("Get \"{}\": stopped after 10 redirects", server.url("/10")));
    assert_eq!(count.load(Ordering::SeqCst), 11);
    let response = client("follow_redirects: false").send(&get(&server.url("/"))).await.unwrap();
    assert_eq!(response.status(), StatusCode::FOUND);
    server.stop().await;
}

/// A server that counts its connections.
async fn counting() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut request = [0; 4096];
                while stream.read(&mut request).await.is_ok_and(|length| length > 0) {
                    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
                }
            });
        }
    });
    (url, count)
}

#[tokio::test]
async fn connections_are_used_again() {
    let (url, count) = counting().await;
    let client = client("");
    for _ in 0..10 {
        assert_eq!(ask(&client, &url).await, "ok");
    }
    assert_eq!(count.load(Ordering::SeqCst), 1);
    // An answer that is not read to its end takes its connection with it: nobody knows what comes next on it.
    drop(client.send(&get(&url)).await.unwrap());
    assert_eq!(ask(&client, &url).await, "ok");
    assert!((1..=2).contains(&count.load(Ordering::SeqCst)));
    let mut options = options();
    options.keep_alive = false;
    let client = Client::new("test", &settings(""), options).unwrap();
    let before = count.load(Ordering::SeqCst);
    for _ in 0..3 {
        assert_eq!(ask(&client, &url).await, "ok");
    }
    assert_eq!(count.load(Ordering::SeqCst), before + 3);
}

#[tokio::test]
async fn idle_connections_grow_old() {
    let (url, count) = counting().await;
    let clock = Arc::new(SimClock::new(WallTime::from_millis(0)));
    let mut options = options();
    options.clock = Arc::clone(&clock) as Arc<dyn Clock>;
    let client = Client::new("test", &settings(""), options).unwrap();
    for (wait, expect) in [(0, 1), (299, 1), (300, 2), (1, 2)] {
        clock.advance(Duration::from_secs(wait));
        assert_eq!(text(client.send(&get(&url)).await.unwrap()).await, "ok");
        assert_eq!(count.load(Ordering::SeqCst), expect, "after {wait} s");
    }
}

/// A server that closes each connection after its answer, without having said so: the next request finds out.
#[tokio::test]
async fn a_connection_that_was_closed_is_replaced() {
    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let url = raw(vec![ANSWER; 20]).await;
    let client = client("");
    for _ in 0..20 {
        assert_eq!(ask(&client, &url).await, "ok");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_connections_to_a_host_than_allowed() {
    let (url, count) = counting().await;
    let mut options = options();
    options.max_connections_per_host = 2;
    let client = Client::new("test", &settings(""), options).unwrap();
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (client, url) = (client.clone(), url.clone());
        requests.spawn(async move { ask(&client, &url).await });
    }
    let answers = tokio::time::timeout(Duration::from_secs(60), requests.join_all()).await.unwrap();
    assert!(answers.iter().all(|answer| answer == "ok"), "{answers:?}");
    assert!((1..=2).contains(&count.load(Ordering::SeqCst)));
}

#[tokio::test]
async fn a_unix_socket_stands_in_for_a_host() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4096];
        let length = stream.read(&mut request).await.unwrap();
        request.truncate(length);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all(&[head.as_bytes(), &request].concat()).await.unwrap();
    });
    let mut options = options();
    options.unix_socket = Some(path);
    let client = Client::new("test", &settings(""), options).unwrap();
    let seen = ask(&client, "http://target.example/metrics").await;
    assert!(seen.starts_with("GET /metrics HTTP/1.1\r\n") && seen.contains("host: target.example\r\n"), "{seen}");
    let mut options = support::options();
    options.unix_socket = Some("/no/such/socket".into());
    let client = Client::new("test", &settings(""), options).unwrap();
    let error = ask(&client, "http://x/").await;
    assert_eq!(error, "Get \"http://x/\": dial unix /no/such/socket: connect: no such file or directory");
}

#[test]
fn nothing_shows_a_secret() {
    let client = client("basic_auth: {username: me, password: hunter2}");
    assert!(!format!("{client:?}").contains("hunter2"));
    let config = settings("oauth2: {client_id: x, client_secret: hunter2, token_url: 'http://x/'}");
    let client = Client::new("test", &config, options()).unwrap();
    assert!(!format!("{client:?}").contains("hunter2"));
}
