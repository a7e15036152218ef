//! promd among those who wish it ill: as a process with a budget of 256 MiB, measured from outside.
#![expect(clippy::unwrap_used, reason = "a test that cannot do its work fails")]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use promd_clock::{Clock, RealClock};
use promd_testkit::{Connection, Launch, Server};
use serde_json::Value;

use support::{answer, config, forget_peak, memory, peak, promd, serve, until, value};

const MIB: u64 = 1 << 20;

/// The budget and what may be beside it.
const BUDGET: &str = "--promd.memory.budget=256MiB";
const MOST: u64 = 256 * MIB * 115 / 100;

fn launch(folder: &tempfile::TempDir) -> Launch {
    Server::launch(&promd(), folder.path()).flags([BUDGET])
}

/// The server still answers, and has kept to its budget.
#[track_caller]
fn is_well(server: &Server) {
    assert_eq!(server.get("/-/healthy").status, 200);
    assert_eq!(server.get("/api/v1/query?query=1").data().unwrap()["result"][1], "1");
    assert!(peak(server) <= MOST, "it took {} MiB", peak(server) / MIB);
    assert!(!server.log().contains("panic"), "{}", server.log());
}

/// Numbers that look random and are the same each time (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) >> 33).unwrap() % most
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

const METHODS: &[&str] = &["GET", "GET", "GET", "POST", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "BREW"];

const PATHS: &[&str] = &[
    "/",
    "/metrics",
    "/federate",
    "/version",
    "/query",
    "/graph",
    "/-/healthy",
    "/-/ready",
    "/-/reload",
    "/-/quit",
    "/debug/pprof/heap",
    "/consoles/x",
    "/api/v1",
    "/api/v1/query",
    "/api/v1/query_range",
    "/api/v1/query_exemplars",
    "/api/v1/format_query",
    "/api/v1/parse_query",
    "/api/v1/series",
    "/api/v1/labels",
    "/api/v1/label/job/values",
    "/api/v1/label/%ff/values",
    "/api/v1/label/U__%5f/values",
    "/api/v1/scrape_pools",
    "/api/v1/scrape_pools/config",
    "/api/v1/targets",
    "/api/v1/targets/metadata",
    "/api/v1/targets/relabel_steps",
    "/api/v1/metadata",
    "/api/v1/alertmanagers",
    "/api/v1/alerts",
    "/api/v1/rules",
    "/api/v1/status/config",
    "/api/v1/status/flags",
    "/api/v1/status/runtimeinfo",
    "/api/v1/status/buildinfo",
    "/api/v1/status/tsdb",
    "/api/v1/status/tsdb/blocks",
    "/api/v1/status/walreplay",
    "/api/v1/status/self_metrics",
    "/api/v1/status/damage",
    "/api/v1/status/cost",
    "/api/v1/status/queries",
    "/api/v1/status/queries/1",
    "/api/v1/features",
    "/api/v1/notifications",
    "/api/v1/read",
    "/api/v1/write",
    "/api/v1/otlp/v1/metrics",
    "/api/v1/search/metric_names",
    "/api/v1/search/label_names",
    "/api/v1/search/label_values",
    "/api/v1/admin/tsdb/delete_series",
    "/api/v1/admin/tsdb/clean_tombstones",
    "/api/v1/openapi.yaml",
    "/..%2f..%2fetc/passwd",
    "//evil.example/..",
    "/api/v1/%00",
    "/%F0%9F%A4%94",
];

const NAMES: &[&str] = &[
    "query",
    "time",
    "start",
    "end",
    "step",
    "timeout",
    "lookback_delta",
    "limit",
    "stats",
    "explain",
    "match[]",
    "match%5B%5D",
    "metric",
    "limit_per_metric",
    "scrapePool",
    "state",
    "match_target",
    "labels",
    "type",
    "exclude_alerts",
    "group_limit",
    "group_next_token",
    "metric_name_pattern",
    "by",
    "search[]",
    "fuzz_threshold",
    "fuzz_alg",
    "sort_by",
    "sort_dir",
    "batch_size",
    "label",
    "include_metadata",
    "skip_head",
    "%zz",
    "",
];

const VALUES: &[&str] = &[
    "up",
    "1",
    "-1",
    "0",
    "NaN",
    "1e400",
    "-9223372036854775808",
    "9223372036854775807",
    "99999999999999999999",
    "5m",
    "1y",
    "true",
    "x",
    "",
    "%00",
    "%ff%fe",
    "%F0%9F%A4%94",
    "%22",
    "(((((((((((((((",
    "%7B%7D",
    "{__name__=~%22.%2B%22}",
    "sum(rate({__name__=~%22.%2B%22}[5m]))",
    "a%2Bb%2Bc",
    "rate(up[1s:1ms])",
    "(a%7C)*b",
    "{a=~%22((((a*)*)*)*)*b%22}",
    "topk(1e30,up)",
    "vector(1)[100y:1ms]",
    "label_replace(up,%22a%22,%22%24%7B1%22,%22b%22,%22(.*)%22)",
    "analyze",
    "estimate",
    "all",
    "score",
    "dsc",
    "jarowinkler",
    "{%22a%22:1}",
    "{%22__address__%22:%22a%22}",
    "1;2",
    "2026-01-01T00:00:00Z",
    "292277025-08-18T07:12:54.999999999Z",
    "%2e%2e%2f",
    "<script>",
    "__name__",
];

const HEADERS: &[&str] = &[
    "",
    "",
    "Accept: application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited\r\n",
    "Accept: application/openmetrics-text;version=1.0.0;escaping=values\r\n",
    "Accept-Encoding: gzip, zstd;q=0.1\r\n",
    "Accept-Encoding: ,,;q=,gzip;q=nan\r\n",
    "Origin: https://evil.example\r\n",
    "Range: bytes=0-1\r\n",
    "Content-Encoding: gzip\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Authorization: Basic ====\r\n",
    "Content-Type: application/x-www-form-urlencoded\r\n",
    "Content-Type: multipart/form-data; boundary=x\r\n",
    "Content-Type: multipart/form-data; boundary=\"\r\n",
    "Expect: 100-continue\r\n",
    "Host: \r\n",
    "Upgrade: h2c\r\n",
];

#[test]
fn requests_that_make_no_sense_are_answered_or_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let target = serve(|_, stream| answer(stream, "", b"a 1\nb{c=\"<script>\"} 2\n"));
    let flags = ["--web.enable-admin-api", "--enable-feature=search-api,exemplar-storage", "--query.timeout=1s"];
    let server = launch(&folder).flags(flags).config(config("1s", &[("t", &target.to_string(), "")])).start();
    value(&server, "a");
    let (mut dice, mut answered) = (Dice(8), 0);
    for _ in 0..2500 {
        let (method, path) = (dice.one(METHODS), dice.one(PATHS));
        let mut pairs = Vec::new();
        for _ in 0..dice.below(5) {
            pairs.push(format!("{}={}", dice.one(NAMES), dice.one(VALUES)));
        }
        let (pairs, headers) = (pairs.join("&"), dice.one(HEADERS).to_owned() + dice.one(HEADERS));
        let (query, body) = if dice.below(2) == 0 { (pairs, String::new()) } else { (String::new(), pairs) };
        let mut request = format!("{method} {path}?{query} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{headers}");
        request += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        let mut bytes = request.into_bytes();
        if dice.below(8) == 0 {
            let at = dice.below(bytes.len());
            bytes[at] = u8::try_from(dice.below(256)).unwrap();
        }
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(&bytes).ok();
        // A request that lost its end is waited for; this is its end.
        stream.shutdown(std::net::Shutdown::Write).ok();
        let mut text = Vec::new();
        stream.take(1 << 20).read_to_end(&mut text).ok();
        answered += usize::from(text.starts_with(b"HTTP/1.1 "));
    }
    assert!(answered > 2000, "only {answered} were answered");
    is_well(&server);
}

/// How many connections this process may open, less some that it needs.
fn connections() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let most: usize = line.split_whitespace().next().unwrap().parse().unwrap_or(usize::MAX);
    most.saturating_sub(500).min(10_000)
}

/// 10 000 connections that say nothing, or half of something, where 512 are taken at once. With fewer files allowed to this
/// process there are fewer of them: what counts is that there are many times as many as are taken.
#[test]
fn slow_clients_wait_and_are_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let server = launch(&folder).flags(["--web.max-connections=512", "--web.read-timeout=500ms"]).start();
    let idle = peak(&server);
    let count = connections();
    assert!(count >= 500, "this process may open {count} files only");
    let mut held = Vec::new();
    let mut most_files = 0;
    for number in 0..count {
        // Whoever finds no place in the kernel's queue comes as soon as there is one.
        let mut stream = TcpStream::connect(server.address()).unwrap();
        match number % 3 {
            0 => stream.write_all(b"GET /api/v1/query?query=1 HTTP/1.1\r\nHost: ").ok(),
            1 => {
                stream.write_all(b"POST /api/v1/query HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nquery").ok()
            }
            _ => Some(()),
        };
        held.push(stream);
        if number % 100 == 0 {
            let files = std::fs::read_dir(format!("/proc/{}/fd", server.process_id())).unwrap().count();
            most_files = most_files.max(files);
        }
    }
    assert!(most_files < 512 + 100, "{most_files} files are open");
    // All of them are still there on this side, and somebody with a question gets an answer.
    let clock = RealClock::new();
    let began = clock.monotonic();
    is_well(&server);
    assert!(clock.monotonic().since(began) < Duration::from_secs(60));
    assert!(peak(&server) < idle + 128 * MIB, "{} MiB for connections", (peak(&server) - idle) / MIB);
    drop(held);
}

/// Bodies that are small on the wire and large behind it, and bodies without an end, under a limit of their job. Without one the
/// budget ends each of them, but several at once may go beyond it before they are charged.
#[test]
fn bombs_cost_the_scrape_that_brings_them() {
    let zeros = |bytes: usize| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let piece = vec![b'\n'; 1 << 20];
        for _ in 0..bytes >> 20 {
            encoder.write_all(&piece).unwrap();
        }
        encoder.finish().unwrap()
    };
    let bomb = Arc::new(zeros(1 << 30));
    assert!(bomb.len() < 32 << 20, "{} bytes on the wire", bomb.len());
    let gzipped = serve(move |_, stream| answer(stream, "Content-Encoding: gzip\r\n", &bomb));
    let endless = serve(|_, stream| {
        let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n";
        let piece = [format!("{:x}\r\n", 1 << 16).into_bytes(), vec![b'#'; 1 << 16], b"\r\n".to_vec()].concat();
        let mut going_on = stream.write_all(head);
        while going_on.is_ok() {
            going_on = stream.write_all(&piece);
        }
    });
    let good = serve(|_, stream| answer(stream, "", b"good 1\n"));
    let folder = tempfile::tempdir().unwrap();
    let jobs = [
        ("gzipped", gzipped, "  body_size_limit: 20MB\n"),
        ("endless", endless, "  body_size_limit: 20MB\n"),
        ("limited", endless, "  body_size_limit: 1MB\n"),
        ("good", good, ""),
    ];
    let jobs = jobs.map(|(name, address, more)| (name, address.to_string(), more));
    let jobs: Vec<_> = jobs.iter().map(|(name, address, more)| (*name, address.as_str(), *more)).collect();
    let server = launch(&folder).config(config("5s", &jobs)).start();
    value(&server, "good");
    for job in ["gzipped", "endless", "limited"] {
        let error = until(job, || {
            let targets = server.get(&format!("/api/v1/targets?scrapePool={job}")).data().unwrap();
            let target = targets["activeTargets"][0].clone();
            (target["health"] == "down").then(|| target["lastError"].as_str().unwrap().to_owned())
        });
        assert!(!error.is_empty(), "{job}");
    }
    assert_eq!(value(&server, "up{job=\"good\"}")[0]["value"][1], "1");
    is_well(&server);
    // To those who send a form, the size of the body is limited before it is read: the answer comes while they still send.
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    if let Ok(answer) = server.connect().send("POST", "/api/v1/series", &headers, &vec![b'a'; 11 << 20]) {
        assert_eq!(answer.status, 400, "{}", answer.text());
    }
    is_well(&server);
}

/// A target with so many series.
fn many(series: usize) -> std::net::SocketAddr {
    let body: String = (0..series).map(|number| format!("m{{i=\"{number}\"}} {number}\n")).collect();
    serve(move |_, stream| answer(stream, "", body.as_bytes()))
}

#[test]
fn a_query_for_everything_is_stopped_at_the_budget() {
    let folder = tempfile::tempdir().unwrap();
    let target = many(5000).to_string();
    let server = launch(&folder).config(config("1s", &[("many", &target, "")])).start();
    value(&server, "count(m) == 5000");
    let now = value(&server, "time()")[0].as_f64().unwrap();
    let (start, end) = (now - 10_000.0, now);
    // 5000 series of 10 000 points would be 800 MB in memory.
    let query = "m @ end() * 0.1 + time()";
    let path = format!("/api/v1/query_range?query={}&start={start}&end={end}&step=1", promd_testkit::encode(query));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (address, path) = (server.address().to_owned(), path.clone());
            std::thread::spawn(move || Connection::open(&address).unwrap().send("GET", &path, &[], b"").unwrap())
        })
        .collect();
    for thread in threads {
        let refused = thread.join().unwrap();
        assert_ne!(refused.status, 200);
        let error = refused.json()["error"].as_str().unwrap().to_owned();
        let names = ["--promd.memory.budget", "--query.max-samples", "too many samples", "timed out"];
        assert!(names.iter().any(|name| error.contains(name)), "{error}");
    }
    is_well(&server);
    value(&server, "count_over_time(up[1h]) > 3");
}

/// A long answer is made from what it says, and never as a whole text: 16 bytes a point in memory, more than 40 in JSON.
#[test]
fn a_long_answer_streams() {
    let folder = tempfile::tempdir().unwrap();
    let target = many(300).to_string();
    let server = Server::launch(&promd(), folder.path()).config(config("1s", &[("many", &target, "")])).start();
    value(&server, "count(m) == 300");
    let now = value(&server, "time()")[0].as_f64().unwrap();
    let path = format!(
        "/api/v1/query_range?query={}&start={}&end={now}&step=1",
        promd_testkit::encode("m @ end() * 0.1234567890123 + time() / 3"),
        now - 10_000.0
    );
    let warm = server.get(&path.replace("step=1", "step=100"));
    assert_eq!(warm.status, 200, "{}", warm.text());
    forget_peak(&server);
    let before = memory(&server, "VmRSS");
    let mut stream = TcpStream::connect(server.address()).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").unwrap();
    let (mut length, mut piece, mut tail) = (0, vec![0; 1 << 20], Vec::new());
    loop {
        let read = stream.read(&mut piece).unwrap();
        if read == 0 {
            break;
        }
        length += read;
        tail = piece[..read].to_vec();
    }
    let grown = peak(&server).saturating_sub(before);
    assert!(length > 100 << 20, "only {length} bytes came");
    assert!(String::from_utf8_lossy(&tail).contains("}]}}"), "{}", String::from_utf8_lossy(&tail));
    assert!(grown < u64::try_from(length).unwrap() * 2 / 3, "{length} bytes cost {grown}");
}

#[test]
fn series_beyond_the_limit_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let (few, target) = (many(50).to_string(), many(500).to_string());
    let text = config("1s", &[("few", &few, "")]);
    let flags = ["--promd.head.max-series=100", "--web.enable-lifecycle"];
    let server = launch(&folder).config(text).flags(flags).start();
    value(&server, "count(m{job=\"few\"}) == 50");
    let text = config("1s", &[("few", &few, ""), ("explosion", &target, "")]);
    std::fs::write(folder.path().join("prometheus.yml"), text).unwrap();
    assert_eq!(server.post("/-/reload", &[], b"").status, 200);
    let refused = until("a refusal", || {
        let cost = server.get("/api/v1/status/cost").data().unwrap();
        cost["refused"].as_array().unwrap().iter().find(|refused| refused["job"] == "explosion").cloned()
    });
    assert_eq!(refused["metric"], "m");
    assert!(refused["count"].as_u64().unwrap() >= 1, "{refused}");
    // Those that were known go on.
    value(&server, "count(count_over_time(m{job=\"few\"}[1h]) > 5) == 50");
    is_well(&server);
}

/// The answer of a query that somebody ends.
#[test]
fn a_query_is_ended_by_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let target = many(2000).to_string();
    let server = Server::launch(&promd(), folder.path()).config(config("1s", &[("many", &target, "")])).start();
    value(&server, "count(m) == 2000");
    let address = server.address().to_owned();
    let asking = std::thread::spawn(move || {
        let query = promd_testkit::encode("count_over_time(sum(m)[10h:1ms])");
        let path = format!("/api/v1/query?query={query}");
        Connection::open(&address).unwrap().send("GET", &path, &[], b"").unwrap()
    });
    let number = until("the query", || {
        let running = server.get("/api/v1/status/queries").data().unwrap();
        let list = running["queries"].as_array().unwrap().clone();
        list.iter()
            .find(|query| query["query"].as_str().unwrap().contains("[10h:1ms]"))
            .map(|query| query["id"].clone())
    });
    let clock = RealClock::new();
    let began = clock.monotonic();
    let path = format!("/api/v1/status/queries/{number}");
    assert_eq!(server.connect().send("DELETE", &path, &[], b"").unwrap().status, 204);
    let answer = asking.join().unwrap();
    assert_eq!((answer.status, &answer.json()["errorType"]), (499, &Value::from("canceled")), "{}", answer.text());
    assert!(clock.monotonic().since(began) < Duration::from_secs(5));
    assert_eq!(server.connect().send("DELETE", &path, &[], b"").unwrap().status, 404);
}
