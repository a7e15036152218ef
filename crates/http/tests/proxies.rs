//! Proxies: of HTTP, by tunnels, and of SOCKS 5; and what is reached without one.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod support;

use std::sync::Arc;

use parking_lot::Mutex;
use promd_http::{Client, ProxyEnvironment, ServerOptions};
use support::{Authority, ask, client, mirror, options, quoted, settings, start};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A proxy for tunnels, which leads all of them to `to`. It refuses those who do not know the word, and notes what it was
/// asked.
async fn tunnels(to: String, word: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (to, notes) = (to.clone(), Arc::clone(&notes));
            tokio::spawn(async move {
                let mut stream = BufReader::new(stream);
                let (mut head, mut line) = (String::new(), String::new());
                while stream.read_line(&mut line).await.unwrap() > 2 {
                    head += &line.to_ascii_lowercase();
                    line.clear();
                }
                let is_known = head.contains(word);
                notes.lock().push(head);
                if !is_known {
                    stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await.unwrap();
                    return;
                }
                stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
                let mut server = TcpStream::connect(to).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
            });
        }
    });
    (address, asked)
}

#[tokio::test]
async fn http_goes_through_a_proxy_as_it_is() {
    // The mirror stands in for a proxy: it tells what a proxy would see.
    let proxy = start(mirror(), ServerOptions::default());
    let lines = format!("proxy_url: http://me:pw@{}\nno_proxy: skipped.example,127.0.0.1", proxy.address);
    let seen = ask(&client(&lines), "http://target.example:9100/metrics?x=y").await;
    assert!(seen.starts_with("GET http://target.example:9100/metrics?x=y\n"), "{seen}");
    assert!(seen.contains("host: target.example:9100\n"), "{seen}");
    // Base64 of me:pw.
    assert!(seen.contains("proxy-authorization: Basic bWU6cHc=\n"), "{seen}");
    // What is excepted is asked itself, without a word to the proxy.
    let seen = ask(&client(&lines), &proxy.url("/direct")).await;
    assert!(seen.starts_with("GET /direct\n") && !seen.contains("proxy-authorization"), "{seen}");
    let error = ask(&client(&lines), "http://skipped.example/").await;
    assert!(error.contains("dial tcp: lookup skipped.example"), "{error}");
    proxy.stop().await;
}

#[tokio::test]
async fn tls_goes_through_a_tunnel() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new("one");
    let identity = authority.issue(&["target.example"]);
    std::fs::write(folder.path().join("cert.pem"), &identity.cert).unwrap();
    std::fs::write(folder.path().join("key.pem"), &identity.key).unwrap();
    let web = folder.path().join("web.yml");
    std::fs::write(&web, "tls_server_config: {cert_file: cert.pem, key_file: key.pem}").unwrap();
    let mut options = ServerOptions::default();
    options.web_config = Some(web.to_str().unwrap().to_owned());
    let server = start(mirror(), options);
    let (proxy, asked) = tunnels(server.address.to_string(), "x-word: please").await;
    let lines = |word: &str| {
        format!(
            "proxy_url: http://me:pw@{proxy}\nproxy_connect_header: {{X-Word: [{word}]}}\n\
             tls_config: {{ca: {}}}\nhttp_headers: {{X-Inner: {{values: [i]}}}}",
            quoted(&authority.pem)
        )
    };
    let seen = ask(&client(&lines("please")), "https://target.example/x").await;
    assert!(seen.starts_with("GET https://target.example/x\n"), "{seen}");
    // The server is not told what was for the proxy, nor the proxy what is for the server.
    assert!(seen.contains("x-inner: i") && !seen.contains("x-word") && !seen.contains("proxy-"), "{seen}");
    let head = asked.lock()[0].clone();
    assert!(head.starts_with("connect target.example:443 http/1.1\r\n"), "{head}");
    assert!(head.contains("proxy-authorization: basic bwu6chc=") && !head.contains("x-inner"), "{head}");
    // A proxy that refuses: Go's text is that of the status.
    let error = ask(&client(&lines("no")), "https://target.example/x").await;
    assert_eq!(error, "Get \"https://target.example/x\": Proxy Authentication Required");
    server.stop().await;
}

#[tokio::test]
async fn a_proxy_that_is_not_there() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = ask(&client(&format!("proxy_url: http://{closed}")), "http://x.example/").await;
    let expect = format!("proxyconnect tcp: dial tcp {closed}: connect: connection refused");
    assert_eq!(error, format!("Get \"http://x.example/\": {expect}"));
}

/// The messages are those of RFC 1928 and 1929.
#[tokio::test]
async fn socks_is_told_the_name() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = start(mirror(), ServerOptions::default());
    let to = server.address;
    let proxy = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut expect = async |bytes: &[u8], answer: &[u8]| {
            let mut seen = vec![0; bytes.len()];
            stream.read_exact(&mut seen).await.unwrap();
            assert_eq!(seen, bytes);
            stream.write_all(answer).await.unwrap();
        };
        expect(b"\x05\x01\x02", b"\x05\x02").await;
        expect(b"\x01\x02me\x02pw", b"\x01\x00").await;
        expect(b"\x05\x01\x00\x03\x0etarget.example\x23\x8c", b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00").await;
        let mut server = TcpStream::connect(to).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
    });
    let client = client(&format!("proxy_url: socks5://me:pw@{address}"));
    let seen = ask(&client, "http://target.example:9100/x").await;
    assert!(seen.starts_with("GET /x\n") && seen.contains("host: target.example:9100"), "{seen}");
    drop(client);
    server.stop().await;
    proxy.await.unwrap();
}

#[tokio::test]
async fn the_environment_names_proxies() {
    let proxy = start(mirror(), ServerOptions::default());
    let address = proxy.address.to_string();
    let mut options = options();
    options.environment = ProxyEnvironment::read(|name| match name {
        "http_proxy" => Some(address.clone()),
        "NO_PROXY" => Some("a.example".to_owned()),
        _ => None,
    });
    let client = Client::new("test", &settings("proxy_from_environment: true"), options.clone()).unwrap();
    assert!(ask(&client, "http://b.example/").await.starts_with("GET http://b.example/\n"));
    for url in ["http://a.example/", "https://b.example/"] {
        let error = ask(&client, url).await;
        assert!(error.contains("dial tcp: lookup"), "{error}");
    }
    // It is not asked unless the configuration says so.
    let client = Client::new("test", &settings(""), options).unwrap();
    assert!(ask(&client, "http://b.example/").await.contains("dial tcp: lookup"));
    proxy.stop().await;
}
