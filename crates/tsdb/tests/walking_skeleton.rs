//! The example of that name, over loopback: a page is scraped, and a selector is answered.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[path = "../examples/walking_skeleton.rs"]
#[expect(dead_code, reason = "its `main` is not wanted here")]
mod walking_skeleton;

use std::io::{Read, Write};
use std::sync::Arc;

use promd_clock::{Clock, SimClock, WallTime};
use promd_fs::SimFs;
use promd_tsdb::{Db, Options};
use serde_json::{Value, json};
use walking_skeleton::{Failure, scrape, serve};

const NOW: i64 = 1_736_035_200_000;

const PAGE: &str = "# TYPE up gauge\nup 1\nrequests_total{code=\"200\"} 1027\nrequests_total{code=\"500\"} 3\n";

/// Serves the page once, and says where.
fn target() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        assert!(stream.read(&mut request).unwrap() > 0);
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{PAGE}", PAGE.len()).unwrap();
    });
    address
}

/// Asks it, and returns the status line and the answer.
fn ask(address: std::net::SocketAddr, query: &str) -> (String, Value) {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "GET /api/v1/query?query={query} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), serde_json::from_str(body).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_is_scraped_and_a_selector_answered() -> Result<(), Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SimClock::new(WallTime::from_millis(NOW)));
    let db = Arc::new(Db::open(Arc::new(SimFs::new(1)), Arc::clone(&clock), "/data", Options::default())?);
    let target = target();
    assert_eq!(scrape(&db, &target, NOW).await?, 3);

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(serve(Arc::clone(&db), clock, listener));
    let asked = tokio::task::spawn_blocking(move || {
        ["requests_total%7Bcode=%22500%22%7D", "nothing", "up%7B"].map(|query| ask(address, query))
    });
    let [one, none, wrong] = asked.await?;
    // As Prometheus answers (`docs/querying/api.md`).
    let metric = json!({"__name__": "requests_total", "code": "500", "instance": target});
    let result = json!([{"metric": metric, "value": [1_736_035_200.0, "3"]}]);
    assert_eq!(one.1, json!({"status": "success", "data": {"resultType": "vector", "result": result}}));
    assert_eq!(none.1["data"]["result"], json!([]));
    assert_eq!((wrong.0.as_str(), &wrong.1["status"]), ("HTTP/1.1 400 Bad Request", &json!("error")));
    server.abort();
    Ok(())
}
