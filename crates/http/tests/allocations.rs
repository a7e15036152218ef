//! What a steady scrape costs the allocator: a request on a connection that is there, and its answer of 2 000 samples.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod support;

use std::time::Duration;

use promd_codec::compress::{Compression, Encoder};
use promd_http::{Client, body};
use promd_testkit::CountingAllocator;
use support::{get, options, settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// A server on another thread, whose allocations are not counted.
fn serve(body: Vec<u8>) -> String {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(listener.local_addr().unwrap()).unwrap();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Encoding: gzip\r\nDate: x\r\n\
                 Content-Length: {}\r\n\r\n",
                body.len()
            );
            let answer = [head.as_bytes(), &body].concat();
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            while stream.read(&mut request).await.unwrap() > 0 {
                stream.write_all(&answer).await.unwrap();
            }
        });
    });
    format!("http://{}/metrics", receiver.recv().unwrap())
}

/// A body like the answer of a target with this many samples, as it goes over the wire.
fn exposition(samples: usize) -> Vec<u8> {
    let text: String = (0..samples)
        .map(|n| format!("http_requests_total{{code=\"200\",handler=\"/api/v1/{n}\",method=\"get\"}} {}\n", n * 7919))
        .collect();
    let mut compressed = Vec::new();
    Encoder::new().encode(Compression::Gzip, text.as_bytes(), &mut compressed).unwrap();
    compressed
}

fn request(url: &str) -> http::Request<bytes::Bytes> {
    let mut request = get(url);
    request.headers_mut().insert("Accept", "text/plain;version=0.0.4".parse().unwrap());
    request.headers_mut().insert("Accept-Encoding", "gzip".parse().unwrap());
    request.headers_mut().insert("X-Prometheus-Scrape-Timeout-Seconds", "10".parse().unwrap());
    request
}

/// The fewest allocations of one run, once all is warm: the buffers of a connection grow to the size of the answers.
fn steady(mut once: impl FnMut()) -> u64 {
    (0..20).for_each(|_| once());
    (0..20).map(|_| CountingAllocator::during(&mut once).1.calls).min().unwrap()
}

/// The allocations of one scrape of this many samples.
fn scrape(samples: usize) -> u64 {
    let body = exposition(samples);
    let (url, length) = (serve(body.clone()), body.len());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = Client::new("test", &settings("basic_auth: {username: me, password: pw}"), options()).unwrap();
    let request = request(&url);
    let mut out = Vec::new();
    steady(|| {
        out.clear();
        runtime.block_on(async {
            let response = client.send_within(&request, Duration::from_secs(60)).await.unwrap();
            body::read_into(&mut response.into_body(), 1 << 24, &mut out).await.unwrap();
        });
        assert_eq!(out.len(), length);
    })
}

/// The same with hyper's own pool, the alternative.
fn scrape_by_the_legacy_client(samples: usize) -> u64 {
    use hyper_util::client::legacy;
    let body = exposition(samples);
    let (url, length) = (serve(body.clone()), body.len());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = legacy::Client::builder(hyper_util::rt::TokioExecutor::new()).build_http();
    let request = request(&url);
    let mut out = Vec::new();
    steady(|| {
        out.clear();
        runtime.block_on(async {
            let request = request.clone().map(http_body_util::Full::new);
            let mut body: legacy::ResponseFuture = client.request(request);
            let mut body = (&mut body).await.unwrap().into_body();
            while let Some(frame) = http_body_util::BodyExt::frame(&mut body).await {
                out.extend_from_slice(frame.unwrap().data_ref().unwrap());
            }
        });
        assert_eq!(out.len(), length);
    })
}

#[test]
fn a_scrape_allocates_a_small_constant() {
    let (small, large, legacy) = (scrape(2_000), scrape(20_000), scrape_by_the_legacy_client(2_000));
    println!("{small} allocations for 2 000 samples, {large} for 20 000; {legacy} by hyper's own pool");
    assert!(small <= 40, "{small} allocations for 2 000 samples");
    assert!(large <= small + 10, "{large} allocations for 20 000 samples, {small} for 2 000");
    // It does more: credentials, a deadline, and a limit.
    assert!(small <= legacy + 10, "{small} allocations, and {legacy} by hyper's own pool");
}
