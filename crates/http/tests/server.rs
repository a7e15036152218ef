//! The server without a web configuration: limits, timeouts, compression, panics, stopping.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use promd_codec::compress::{Compression, Decoder};
use promd_http::{ConnectInfo, Report, Request, Response, ServerOptions, body};
use promd_testkit::{Answer, Connection};
use support::start;

fn quick() -> ServerOptions {
    let mut options = ServerOptions::default();
    options.read_timeout = Duration::from_millis(200);
    options
}

/// Asks from a thread of its own, so that the runtime goes on.
async fn ask(address: String, method: &'static str, path: &'static str, headers: &'static [(&str, &str)]) -> Answer {
    tokio::task::spawn_blocking(move || Connection::open(&address).unwrap().send(method, path, headers, b"").unwrap())
        .await
        .unwrap()
}

/// What a server sends to one who sends `bytes` and then nothing more, until it closes the connection.
async fn sent_to(address: String, bytes: &'static [u8]) -> String {
    tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(bytes).unwrap();
        let mut answer = Vec::new();
        // A reset is an end too.
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8(answer).unwrap()
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn requests_carry_where_they_come_from() {
    let handler = |request: Request| async move {
        let info: ConnectInfo = *request.extensions().get().unwrap();
        Response::new(body::full(format!("{} {}", info.remote.ip(), info.tls)))
    };
    let server = start(handler, ServerOptions::default());
    let answer = ask(server.address.to_string(), "GET", "/", &[]).await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "127.0.0.1 false"));
    assert!(answer.header("date").is_some());
    server.stop().await;
}

#[tokio::test]
async fn a_panic_is_answered_and_told() {
    let told = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let mut options = ServerOptions::default();
    options.report = Report::new({
        let told = Arc::clone(&told);
        move |event| told.lock().push(event.to_string())
    });
    let handler = |request: Request| async move {
        assert!(request.uri().path() != "/bad", "no luck");
        Response::new(body::full("fine"))
    };
    let server = start(handler, options);
    let address = server.address.to_string();
    tokio::task::spawn_blocking(move || {
        // On one connection: it survives.
        let mut connection = Connection::open(&address).unwrap();
        for (path, status, text) in [("/bad", 500, "Internal Server Error\n"), ("/good", 200, "fine")] {
            let answer = connection.send("GET", path, &[], b"").unwrap();
            assert_eq!((answer.status, answer.text().as_str()), (status, text));
        }
    })
    .await
    .unwrap();
    assert_eq!(*told.lock(), ["a handler panicked: no luck (asked for /bad)"]);
    server.stop().await;
}

fn large(kind: &'static str) -> Response {
    let (mut sender, body) = body::channel(1);
    tokio::spawn(async move {
        for number in 0..20_000 {
            sender.send(format!("{{\"n\":{number}}}\n").into()).await?;
        }
        sender.finish().await
    });
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

#[tokio::test]
async fn answers_are_compressed_as_they_are_made() {
    let handler = |_| async { large("application/json") };
    let server = start(handler, ServerOptions::default());
    let expect: String = (0..20_000).map(|number| format!("{{\"n\":{number}}}\n")).collect();
    let cases: [(&'static [(&str, &str)], Compression); 4] = [
        (&[], Compression::None),
        (&[("Accept-Encoding", "gzip")], Compression::Gzip),
        (&[("Accept-Encoding", "br, deflate;q=0.5")], Compression::Deflate),
        (&[("Accept-Encoding", "zstd, gzip;q=0.1")], Compression::Zstd),
    ];
    for (headers, compression) in cases {
        let answer = ask(server.address.to_string(), "GET", "/", headers).await;
        assert_eq!(answer.header("vary"), Some("Accept-Encoding"));
        let expected = (compression != Compression::None).then(|| compression.name());
        assert_eq!(answer.header("content-encoding"), expected);
        let mut decoded = Vec::new();
        Decoder::new().decode(compression, &answer.body, 1 << 20, &mut decoded).unwrap();
        assert_eq!(String::from_utf8(decoded).unwrap(), expect, "{compression}");
        assert!(compression == Compression::None || answer.body.len() < expect.len() / 3, "{}", answer.body.len());
    }
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_is_not_finished_is_cut() {
    let handler = |_| async {
        let (mut sender, body) = body::channel(1);
        sender.send("half".into()).await.unwrap();
        drop(sender);
        Response::new(body)
    };
    let server = start(handler, ServerOptions::default());
    let answer = sent_to(server.address.to_string(), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(!answer.ends_with("0\r\n\r\n"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn slow_requests_are_not_waited_for() {
    let server = start(support::mirror(), quick());
    // A head that does not end, one that does not begin, and a connection that is idle after a request.
    for bytes in [&b"GET / HTTP/1.1\r\nX-Slow: "[..], b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"] {
        let answer = sent_to(server.address.to_string(), bytes).await;
        assert_eq!(answer.starts_with("HTTP/1.1 200 OK"), bytes.ends_with(b"\r\n\r\n"), "{answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn bodies_that_do_not_come_are_an_error_to_the_handler() {
    let handler = |request: Request| async move {
        let error = body::read(request.into_body(), 100).await.unwrap_err();
        Response::new(body::full(error.to_string()))
    };
    let server = start(handler, quick());
    let request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf";
    let answer = sent_to(server.address.to_string(), request).await;
    assert!(answer.ends_with("i/o timeout"), "{answer}");
    // More than is allowed is refused before it is read.
    let request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000\r\n\r\n";
    let answer = sent_to(server.address.to_string(), request).await;
    assert!(answer.ends_with("body size limit exceeded"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn clients_that_do_not_read_are_cut() {
    let written = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&written);
    let handler = move |_| {
        let written = Arc::clone(&counted);
        async move {
            let (mut sender, body) = body::channel(1);
            tokio::spawn(async move {
                while sender.send(vec![0; 1 << 16].into()).await.is_ok() {
                    written.fetch_add(1 << 16, Ordering::SeqCst);
                }
                // Nobody reads it any more.
                written.store(usize::MAX, Ordering::SeqCst);
            });
            Response::new(body)
        }
    };
    let server = start(handler, quick());
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    support::until(|| written.load(Ordering::SeqCst) == usize::MAX).await;
    drop(stream);
    server.stop().await;
}

/// As `netutil.LimitListener`: what is beyond the limit waits, and is served when there is room.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_beyond_the_limit_wait() {
    const LIMIT: usize = 4;
    const CLIENTS: usize = 64;
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&most);
    let handler = move |_| {
        let (now, most) = (Arc::clone(&now), Arc::clone(&seen));
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
            now.fetch_sub(1, Ordering::SeqCst);
            Response::new(body::full("served"))
        }
    };
    let mut options = ServerOptions::default();
    options.max_connections = LIMIT;
    let server = start(handler, options);
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..CLIENTS {
        let address = server.address;
        clients.spawn(async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(answer.ends_with("served"), "{answer}");
        });
    }
    tokio::time::timeout(Duration::from_secs(60), clients.join_all()).await.unwrap();
    let most = most.load(Ordering::SeqCst);
    assert!((1..=LIMIT).contains(&most), "{most} at a time");
    server.stop().await;
}

#[tokio::test]
async fn stopping_answers_what_was_asked() {
    let (entered, mut is_entered) = tokio::sync::mpsc::channel(1);
    let (release, released) = tokio::sync::watch::channel(false);
    let handler = move |_| {
        let (entered, mut released) = (entered.clone(), released.clone());
        async move {
            entered.send(()).await.unwrap();
            released.wait_for(|released| *released).await.unwrap();
            Response::new(body::full("late"))
        }
    };
    let server = start(handler, ServerOptions::default());
    let address = server.address;
    let answer = tokio::spawn(sent_to(address.to_string(), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    is_entered.recv().await.unwrap();
    let stopping = tokio::spawn(server.stop());
    // It does not accept any more.
    support::until(|| TcpStream::connect(address).is_err()).await;
    release.send_replace(true);
    assert!(answer.await.unwrap().ends_with("late"));
    stopping.await.unwrap();
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let mut options = ServerOptions::default();
    options.grace = Duration::from_millis(50);
    let (entered, mut is_entered) = tokio::sync::mpsc::channel(1);
    let handler = move |_| {
        let entered = entered.clone();
        async move {
            entered.send(()).await.unwrap();
            std::future::pending::<()>().await;
            Response::new(body::empty())
        }
    };
    let server = start(handler, options);
    let answer = tokio::spawn(sent_to(server.address.to_string(), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    is_entered.recv().await.unwrap();
    server.stop().await;
    assert_eq!(answer.await.unwrap(), "");
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let server = start(support::mirror(), ServerOptions::default());
    for bytes in [&b"\x16\x03\x01\x02\x00\x01\x00"[..], b"GET / HTTP/9.9\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
    {
        let answer = sent_to(server.address.to_string(), bytes).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
    assert_eq!(ask(server.address.to_string(), "GET", "/", &[]).await.status, StatusCode::OK.as_u16());
    server.stop().await;
}

/// 32 MiB of zeros in 32 KiB: no more than the limit is decoded, whichever format says it.
#[tokio::test]
async fn bombs_do_not_go_off() {
    use promd_codec::compress::Encoder;
    for compression in [Compression::Gzip, Compression::Deflate, Compression::Snappy, Compression::Zstd] {
        let mut bomb = Vec::new();
        Encoder::new().encode(compression, &vec![0; 32 << 20], &mut bomb).unwrap();
        let mut headers = http::HeaderMap::new();
        headers.insert("Content-Encoding", HeaderValue::from_static(compression.name()));
        let read = body::read_decoded(&headers, body::full(bomb.clone()), bomb.len(), 1 << 20).await;
        assert!(read.unwrap_err().to_string().contains("exceeds limit 1048576"), "{compression}");
        let read = body::read_decoded(&headers, body::full(bomb.clone()), bomb.len(), 32 << 20).await;
        assert_eq!(read.unwrap().len(), 32 << 20, "{compression}");
    }
    let mut headers = http::HeaderMap::new();
    headers.append("Content-Encoding", HeaderValue::from_static("gzip"));
    headers.append("Content-Encoding", HeaderValue::from_static("gzip"));
    assert!(body::content_encoding(&headers).is_err());
    headers.insert("Content-Encoding", HeaderValue::from_static("br"));
    assert_eq!(body::content_encoding(&headers).unwrap_err().to_string(), "unsupported content encoding \"br\"");
}
