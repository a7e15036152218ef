//! Targets that are down, slow, or not in order, scraped by the real Prometheus and by this crate: the same health, the same
//! error, the same synthetic series.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use promd_scrape::Health;
use promd_testkit::Server;
use support::beside::{Beside, values};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What a target does, byte for byte, and what its job says beside the usual.
struct Case {
    name: &'static str,
    answer: Answer,
    options: &'static str,
}

enum Answer {
    /// These bytes, and then the end.
    Bytes(Vec<u8>),
    /// These bytes, and then nothing for longer than a scrape may take.
    Hangs(Vec<u8>),
    /// The connection is reset.
    Resets,
}

const BODY: &[u8] = b"a 1\nb 2\n";

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n";

/// An answer with these headers and this body.
fn ok(headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{OK}{headers}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// An answer that is all of it: its first line, its headers, its body.
fn raw(text: &str) -> Answer {
    Answer::Bytes(text.as_bytes().to_vec())
}

fn packed(body: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(body).unwrap();
    packed.finish().unwrap()
}

fn gzip(body: &[u8]) -> Answer {
    Answer::Bytes(ok("Content-Encoding: gzip\r\n", body))
}

fn redirect(status: &str, location: &str) -> Answer {
    raw(&format!("HTTP/1.1 {status}\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"))
}

#[rustfmt::skip] // A table.
fn cases() -> Vec<Case> {
    let gz = packed(BODY);
    let mut crc = gz.clone();
    let at = crc.len() - 8;
    crc[at] ^= 1;
    let chunks = |text: &str| raw(&format!("{OK}Transfer-Encoding: chunked\r\n\r\n{text}"));
    let status = |line: &str| raw(&format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n"));
    let twice = [packed(b"a 1\n"), packed(b"b 2\n")].concat();
    let small = "body_size_limit: 4B,";
    let same = "body_size_limit: 8B,";
    let all: Vec<(&'static str, Answer, &'static str)> = vec![
        ("well", Answer::Bytes(ok("", BODY)), ""),
        ("end", raw(""), ""),
        ("status_404", status("404 Not Found"), ""),
        ("status_500", status("500 Internal Server Error"), ""),
        ("status_204", raw("HTTP/1.1 204 No Content\r\n\r\n"), ""),
        ("status_206", raw("HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n\r\nx"), ""),
        ("status_304", raw("HTTP/1.1 304 Not Modified\r\n\r\n"), ""),
        ("status_401", status("401 Unauthorized"), ""),
        ("status_of_its_own", status("404 Nobody Home"), ""),
        ("status_without_text", status("404 "), ""),
        ("status_999", status("999 Odd"), ""),
        ("informed", raw(&format!("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n{OK}Content-Length: 4\r\n\r\na 1\n")), ""),
        ("http_1_0", raw("HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\na 1\nb 2\n"), ""),
        ("to_the_end", raw(&format!("{OK}\r\na 1\nb 2\n")), ""),
        ("bare_line_feeds", raw("HTTP/1.1 200 OK\nContent-Type: text/plain\nContent-Length: 4\n\na 1\n"), ""),
        ("blank_before_colon", raw(&format!("{OK}X : y\r\nContent-Length: 4\r\n\r\na 1\n")), ""),
        ("folded_header", raw(&format!("{OK}X: y\r\n z\r\nContent-Length: 4\r\n\r\na 1\n")), ""),
        ("many_headers", raw(&format!("{OK}{}Content-Length: 4\r\n\r\na 1\n", "X: y\r\n".repeat(500))), ""),
        ("shorter", raw(&format!("{OK}Content-Length: 100\r\n\r\na 1\n")), ""),
        ("longer", raw(&format!("{OK}Content-Length: 4\r\n\r\na 1\nb 2\n")), ""),
        ("chunked", chunks("4\r\na 1\n\r\n0\r\n\r\n"), ""),
        ("chunked_extension", chunks("4;x=y\r\na 1\n\r\n0\r\nTrailer: x\r\n\r\n"), ""),
        ("chunk_cut", chunks("8\r\na 1\n"), ""),
        ("chunk_missing", chunks("4\r\na 1\n\r\n"), ""),
        ("chunk_of_what", chunks("xyz\r\na 1\n"), ""),
        ("chunk_too_large", chunks("fffffffffffffffff\r\na 1\n"), ""),
        ("chunk_without_end", chunks("4\r\na 1\nXX0\r\n\r\n"), ""),
        ("gzip", gzip(&gz), ""),
        ("gzip_in_two", gzip(&twice), ""),
        ("gzip_not", gzip(BODY), ""),
        ("gzip_nothing", gzip(b""), ""),
        ("gzip_cut", gzip(&gz[..15]), ""),
        ("gzip_without_sum", gzip(&gz[..gz.len() - 8]), ""),
        ("gzip_wrong_sum", gzip(&crc), ""),
        ("deflate", Answer::Bytes(ok("Content-Encoding: deflate\r\n", BODY)), ""),
        ("identity", Answer::Bytes(ok("Content-Encoding: identity\r\n", BODY)), ""),
        ("too_large", Answer::Bytes(ok("", BODY)), small),
        ("just_not_too_large", Answer::Bytes(ok("", BODY)), same),
        ("too_large_packed", gzip(&gz), small),
        ("larger_when_packed", gzip(&gz), same),
        ("too_large_chunked", chunks("8\r\na 1\nb 2\n\r\n0\r\n\r\n"), small),
        ("redirected", redirect("302 Found", "/well"), ""),
        ("redirected_for_good", redirect("308 Permanent Redirect", "/well#part"), ""),
        ("redirected_nowhere", raw("HTTP/1.1 301 Moved Permanently\r\nContent-Length: 0\r\n\r\n"), ""),
        ("redirected_to_nobody", redirect("307 Temporary Redirect", "http://127.0.0.1:1/x"), ""),
        ("redirected_to_a_failure", redirect("302 Found", "/status_500"), ""),
        ("redirected_to_what", redirect("302 Found", "http://[::1"), ""),
        ("redirected_escaped", redirect("302 Found", "%zz"), ""),
        ("not_redirected", redirect("302 Found", "/well"), "follow_redirects: false,"),
        ("slow", Answer::Hangs(vec![]), ""),
        ("slow_head", Answer::Hangs(OK.as_bytes().to_vec()), ""),
        ("slow_body", Answer::Hangs(format!("{OK}Content-Length: 100\r\n\r\na 1\n").into_bytes()), ""),
        ("slow_packed", Answer::Hangs(ok("Content-Encoding: gzip\r\n", &gz)[..115].to_vec()), ""),
        ("reset", Answer::Resets, ""),
        ("no_type", raw("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na 1\n"), ""),
        ("other_type", raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"), ""),
        ("page", raw("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"), ""),
        ("no_type_but_said", raw("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na 1\n"), "fallback_scrape_protocol: PrometheusText0.0.4,"),
        ("garbage", raw("HELLO\r\n\r\n"), ""),
        ("no_version", raw("HTTP/1.x 200 OK\r\n\r\n"), ""),
        ("no_code", raw("HTTP/1.1 abc OK\r\n\r\n"), ""),
        ("half_a_line", raw("HTTP/1.1 20"), ""),
        ("half_a_head", raw("HTTP/1.1 200 OK\r\n"), ""),
        ("no_colon", raw(&format!("{OK}X\r\nContent-Length: 4\r\n\r\na 1\n")), ""),
        ("control", raw(&format!("{OK}X: \x01\r\nContent-Length: 4\r\n\r\na 1\n")), ""),
        ("negative_length", raw(&format!("{OK}Content-Length: -1\r\n\r\na 1\n")), ""),
        ("two_lengths", raw(&format!("{OK}Content-Length: 4\r\nContent-Length: 5\r\n\r\na 1\n")), ""),
        ("encrypted", Answer::Bytes(ok("", BODY)), "scheme: https,"),
        ("by_nobody", Answer::Bytes(ok("", BODY)), "proxy_url: 'http://127.0.0.1:1',"),
        ("by_socks_of_nobody", Answer::Bytes(ok("", BODY)), "proxy_url: 'socks5://127.0.0.1:1',"),
        ("secret_of_nowhere", Answer::Bytes(ok("", BODY)), "authorization: {credentials_file: /nowhere/x},"),
        ("password_of_nowhere", Answer::Bytes(ok("", BODY)), "basic_auth: {username: u, password_file: /nowhere/x},"),
        ("token_of_nobody", Answer::Bytes(ok("", BODY)), "oauth2: {client_id: a, client_secret: b, token_url: 'http://127.0.0.1:1/t'},"),
    ];
    all.into_iter().map(|(name, answer, options)| Case { name, answer, options }).collect()
}

/// Serves all cases, each at its path.
async fn serve(cases: Arc<Vec<Case>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, Arc::clone(&cases)));
        }
    });
    address
}

/// Answers one request, and closes the connection.
async fn answer(mut stream: TcpStream, cases: Arc<Vec<Case>>) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut bytes = [0; 4096];
        match stream.read(&mut bytes).await {
            Ok(count) if count > 0 => request.extend_from_slice(&bytes[..count]),
            _ => return,
        }
        // A client that wants to encrypt.
        if request.starts_with(&[0x16]) {
            let _ = stream.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\n").await;
            return;
        }
    }
    let text = String::from_utf8_lossy(&request);
    let path = text.split(' ').nth(1).unwrap_or_default().trim_start_matches('/');
    let Some(case) = cases.iter().find(|case| case.name == path) else { return };
    match &case.answer {
        Answer::Bytes(bytes) => {
            let _ = stream.write_all(bytes).await;
            let _ = stream.shutdown().await;
            // Until the other side has seen it.
            let _ = stream.read(&mut [0; 1]).await;
        }
        Answer::Hangs(bytes) => {
            let _ = stream.write_all(bytes).await;
            let _ = stream.read(&mut [0; 1]).await;
        }
        Answer::Resets => {
            // When it is dropped.
            let _ = stream.set_zero_linger();
        }
    }
}

/// What is compared of a target: health, error, and the synthetic series that do not depend on time.
type Shown = (String, String, BTreeMap<&'static str, String>);

const SYNTHETIC: [&str; 3] = ["up", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling"];

/// Without the port that a client chose for itself.
fn without_port(error: &str) -> String {
    match error.split_once("tcp 127.0.0.1:").and_then(|(begin, rest)| Some((begin, rest.split_once("->")?.1))) {
        Some((begin, rest)) => format!("{begin}tcp 127.0.0.1:->{rest}"),
        None => error.to_owned(),
    }
}

/// What both show of each target: theirs and ours. `None` where one has not scraped it.
fn shown(beside: &Beside, names: &[&'static str]) -> Option<[BTreeMap<&'static str, Shown>; 2]> {
    let (mut theirs, mut ours) = (BTreeMap::new(), BTreeMap::new());
    let targets = beside.server.get("/api/v1/targets").data().unwrap();
    let job = |name: &str| format!("instance=\"i\", job=\"{name}\"}}");
    let mut samples = BTreeMap::new();
    for name in SYNTHETIC {
        samples.insert(name, (values(&beside.server, name), beside.ours(name)));
    }
    for target in targets["activeTargets"].as_array().unwrap() {
        let text = |field: &str| target[field].as_str().unwrap().to_owned();
        let name = names.iter().copied().find(|name| *name == text("scrapePool"))?;
        let mut synthetic = BTreeMap::new();
        for (series, (values, _)) in &samples {
            synthetic.insert(*series, values.iter().find(|(labels, _)| labels.ends_with(&job(name)))?.1.clone());
        }
        theirs.insert(name, (text("health"), without_port(&text("lastError")), synthetic));
    }
    for name in names {
        let state = beside.target(name).state();
        if state.health == Health::Unknown {
            return None;
        }
        let mut synthetic = BTreeMap::new();
        for (series, (_, values)) in &samples {
            let (_, values) = values.iter().find(|(labels, _)| labels.ends_with(&job(name)))?;
            synthetic.insert(*series, values.last()?.1.map(promd_model::float::json)?.trim_matches('"').to_owned());
        }
        ours.insert(*name, (state.health.as_str().to_owned(), without_port(&state.last_error), synthetic));
    }
    (theirs.len() == names.len()).then_some([theirs, ours])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn targets_that_are_not_in_order() {
    let Some(prometheus) = promd_testkit::peer("prometheus") else { return };
    let cases = cases();
    let names: Vec<&'static str> = cases.iter().map(|case| case.name).collect();
    let options: Vec<&str> = cases.iter().map(|case| case.options).collect();
    let address = serve(Arc::new(cases)).await;
    let mut text = "global: {scrape_interval: 2s, scrape_timeout: 1s}\nscrape_configs:\n".to_owned();
    for (name, options) in names.iter().zip(options) {
        text.push_str(&format!(
            "- {{job_name: {name}, metrics_path: /{name}, {options} \
             static_configs: [{{targets: ['{address}'], labels: {{instance: i}}}}]}}\n"
        ));
    }
    let folder = tempfile::tempdir().unwrap();
    let beside = Beside::start(Server::launch(&prometheus, folder.path()), text.clone(), &text).await;

    // Until both have seen all of them, and the same of them: either may be in the middle of a scrape.
    let deadline = beside.clock.monotonic() + Duration::from_secs(60);
    let differences = loop {
        let both = shown(&beside, &names);
        let differences: Vec<String> = match &both {
            None => vec!["not all targets have been scraped".to_owned()],
            Some([theirs, ours]) => names
                .iter()
                .filter(|name| theirs[*name] != ours[*name])
                .map(|name| format!("{name}:\n  theirs {:?}\n  ours   {:?}", theirs[name], ours[name]))
                .collect(),
        };
        if differences.is_empty() || beside.clock.monotonic() > deadline {
            break differences;
        }
        beside.clock.sleep(Duration::from_millis(250)).await;
    };
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    println!("{} targets have the same state", names.len());
    beside.manager.shutdown().await;
}
