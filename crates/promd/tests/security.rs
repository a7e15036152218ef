//! The classes of security faults that monitoring servers had in the field, each with a test of the whole program.
//!
//! Credentials on redirects, bombs, and panics on hostile text have more tests where they are dealt with: in promd-http,
//! promd-codec, and the fuzz targets of each parser.
#![expect(clippy::unwrap_used, reason = "a test that cannot do its work fails")]

mod support;

use std::sync::{Arc, Mutex};

use promd_testkit::{Launch, Server};

use support::{answer, config, promd, serve, until, value};

const SCRIPT: &str = "<script>alert(1)</script>";

fn launch(folder: &tempfile::TempDir) -> Launch {
    Server::launch(&promd(), folder.path())
}

#[test]
fn stored_cross_site_scripting() {
    let body = format!("# HELP m {SCRIPT}\n# TYPE m gauge\nm{{v=\"{SCRIPT}\"}} 1\n{{\"{SCRIPT}\"}} 2\n");
    let target = serve(move |_, stream| answer(stream, "Content-Type: text/plain; version=1.0.0\r\n", body.as_bytes()));
    let folder = tempfile::tempdir().unwrap();
    let text = config("1s", &[("t", &target.to_string(), "")]);
    let server = launch(&folder).config(text).flags([format!("--web.page-title={SCRIPT}")]).start();
    value(&server, "m");
    let asked = promd_testkit::encode(SCRIPT);
    for path in ["/", "/query", "/graph?x=", "/alerts", "/nothing/", "/metrics/?", "/consoles/", "/api/v1/query?query="]
    {
        let answer = server.get(&format!("{path}{asked}"));
        let kind = answer.header("content-type").unwrap_or_default().to_owned();
        if kind.starts_with("text/html") {
            assert!(!answer.text().contains("<script"), "{path}: {}", answer.text());
        }
    }
    let page = server.get("/query");
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
    assert!(!page.text().contains("<script"), "{}", page.text());
    // What was stored comes as something that no browser takes for a page.
    for (path, kind) in [
        ("/api/v1/series?match[]=m", "application/json"),
        ("/api/v1/label/__name__/values", "application/json"),
        ("/api/v1/metadata", "application/json"),
        ("/api/v1/query?query=m", "application/json"),
        ("/federate?match[]=m", "text/plain"),
        ("/metrics", "text/plain"),
    ] {
        let answer = server.get(path);
        assert!(answer.header("content-type").unwrap().starts_with(kind), "{path}");
    }
    assert!(!server.get("/api/v1/metadata").text().contains("<script"));
}

#[test]
fn secrets_are_shown_to_nobody() {
    const SECRET: &str = "s3cr3t-and-long";
    let target = serve(|_, stream| answer(stream, "", b"m 1\n"));
    let text = format!(
        "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs:\n\
         - job_name: a\n  basic_auth: {{username: u, password: {SECRET}}}\n  static_configs: [{{targets: ['{target}']}}]\n\
         - job_name: b\n  authorization: {{credentials: {SECRET}}}\n  http_headers: {{X-K: {{secrets: [{SECRET}]}}}}\n  \
         static_configs: [{{targets: ['127.0.0.1:1']}}]\n\
         - job_name: c\n  oauth2: {{client_id: i, client_secret: {SECRET}, token_url: 'http://127.0.0.1:1/'}}\n  \
         static_configs: [{{targets: ['{target}']}}]\n\
         - job_name: d\n  proxy_url: 'http://u:{SECRET}@127.0.0.1:1/'\n  static_configs: [{{targets: ['{target}']}}]\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let server = launch(&folder).config(&*text).flags(["--log.level=debug", "--web.enable-lifecycle"]).start();
    value(&server, "m");
    until("scrapes that failed", || {
        let targets = server.get("/api/v1/targets").data().unwrap();
        let down =
            targets["activeTargets"].as_array().unwrap().iter().filter(|target| target["health"] == "down").count();
        (down == 3).then_some(())
    });
    // A mistake beside a secret is told without the secret.
    std::fs::write(folder.path().join("prometheus.yml"), text.replace("client_id", "nonsense")).unwrap();
    let refused = server.post("/-/reload", &[], b"");
    assert_eq!(refused.status, 500);
    let config = server.get("/api/v1/status/config").text();
    assert!(config.contains("secret\\u003e"), "{config}");
    let pools =
        ["a", "b", "c", "d"].map(|pool| server.get(&format!("/api/v1/scrape_pools/config?scrapePool={pool}")).text());
    let pages = ["/api/v1/targets", "/api/v1/status/flags", "/metrics", "/query"].map(|path| server.get(path).text());
    for text in pools.into_iter().chain(pages).chain([config, refused.text(), server.log()]) {
        assert!(!text.contains(SECRET), "{text}");
    }
}

#[test]
fn credentials_stay_with_their_host() {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let elsewhere = {
        let seen = Arc::clone(&seen);
        serve(move |head, stream| {
            seen.lock().unwrap().push(head.to_ascii_lowercase());
            answer(stream, "", b"moved 1\n");
        })
    };
    // The same machine under another name is another host.
    let port = elsewhere.port();
    let target = serve(move |head, stream| {
        assert!(head.to_ascii_lowercase().contains("authorization: basic"), "{head}");
        let moved = format!(
            "HTTP/1.1 302 Found\r\nLocation: http://localhost:{port}/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        std::io::Write::write_all(stream, moved.as_bytes()).ok();
    });
    let folder = tempfile::tempdir().unwrap();
    let more = "  basic_auth: {username: u, password: p}\n";
    let server = launch(&folder).config(config("1s", &[("t", &target.to_string(), more)])).start();
    value(&server, "moved");
    let heads = seen.lock().unwrap().clone();
    assert!(!heads.is_empty());
    assert!(heads.iter().all(|head| !head.contains("authorization")), "{heads:?}");
}

#[test]
fn recursion_in_hostile_texts() {
    let deep = |open: &str, close: &str, inner: &str| open.repeat(20_000) + inner + &close.repeat(20_000);
    let exposition = format!("m{{a=\"{}\"}} 1\n", "\\".repeat(100_000)) + &"{".repeat(100_000);
    let target = serve(move |_, stream| answer(stream, "", exposition.as_bytes()));
    let folder = tempfile::tempdir().unwrap();
    let text = config("1s", &[("t", &target.to_string(), "")]);
    let server = launch(&folder).config(&*text).flags(["--web.enable-lifecycle"]).start();
    let form = [("content-type", "application/x-www-form-urlencoded")];
    for query in [
        deep("(", ")", "1"),
        deep("-", "", "1"),
        deep("sum(", ")", "up"),
        deep("abs(", ")", "up"),
        "1".to_owned() + &"+1".repeat(50_000),
        "up".to_owned() + &"[1s:1s]".repeat(20_000),
        format!("{{a=~\"{}\"}}", deep("(", ")", "a")),
        format!("{{a=~\"{}\"}}", "(a{1000}){1000}"),
        "1 ".to_owned() + &"or up ".repeat(20_000),
    ] {
        for path in ["/api/v1/query", "/api/v1/format_query", "/api/v1/parse_query", "/api/v1/series"] {
            let name = if path.ends_with("series") { "match[]" } else { "query" };
            let answer = server.post(path, &form, format!("{name}={}", promd_testkit::encode(&query)).as_bytes());
            assert!(answer.status == 200 || answer.status == 400 || answer.status == 422, "{path}: {}", answer.status);
        }
    }
    let labels = promd_testkit::encode(&deep("[", "]", ""));
    let steps = server.get(&format!("/api/v1/targets/relabel_steps?scrapePool=t&labels={}", &labels[..8000]));
    assert_eq!(steps.status, 400);
    for text in [deep("[", "]", ""), deep("{a: ", "}", "1"), "a: &a [".to_owned() + &"*a,".repeat(50_000) + "]"] {
        std::fs::write(folder.path().join("prometheus.yml"), text).unwrap();
        assert_eq!(server.post("/-/reload", &[], b"").status, 500);
    }
    assert_eq!(server.get("/-/healthy").status, 200);
    assert!(!server.log().contains("panic"), "{}", server.log());
}

#[test]
fn paths_that_climb() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), "s3cr3t").unwrap();
    let server = launch(&folder).start();
    for path in [
        "/../secret",
        "/consoles/../../secret",
        "/consoles/..%2f..%2fsecret",
        "/assets/..%2f..%2f..%2fetc/passwd",
        "/user/%2e%2e/%2e%2e/etc/passwd",
        "/static/....//....//etc/passwd",
        "/consoles/%00/../secret",
        "/debug/../../secret",
        "/api/v1/../../secret",
    ] {
        let answer = server.get(path);
        assert!(matches!(answer.status, 301 | 404), "{path}: {}", answer.status);
        assert!(!answer.text().contains("s3cr3t") && !answer.text().contains("root:"), "{path}: {}", answer.text());
    }
    // A snapshot has a name of the server's choice, and patterns of files may have a `*` in their last part only.
    let config = "rule_files: ['../*/../../*']\n";
    std::fs::write(folder.path().join("bad.yml"), config).unwrap();
    let run =
        std::process::Command::new(promd()).arg(format!("--config.file={}/bad.yml", folder.path().display())).output();
    let run = run.unwrap();
    assert_eq!(run.status.code(), Some(2), "{}", String::from_utf8_lossy(&run.stderr));
}

#[test]
fn redirects_lead_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let server = launch(&folder).flags(["--web.external-url=https://prom.example/p", "--web.route-prefix=/p"]).start();
    for path in [
        "/",
        "/p",
        "/p/",
        "//evil.example",
        "//evil.example/..",
        "//evil.example/%2e%2e",
        "/%2fevil.example/",
        "/p//evil.example/",
        "/p/graph?next=//evil.example",
        "/p/graph?//evil.example",
        "/p/metrics/?a=//evil.example",
        "/p/%5cevil.example/..",
        "/p/METRICS",
        "/\\evil.example/",
    ] {
        let answer = server.get(path);
        let Some(to) = answer.header("location") else { continue };
        let bytes = to.as_bytes();
        assert!(bytes[0] == b'/' && !matches!(bytes.get(1), Some(b'/' | b'\\')), "{path} leads to {to}");
    }
    assert_eq!(server.get("/").header("location"), Some("/p"));
    // Nothing that is asked for gets into a header.
    let answer = server.get("/p/graph?a%0d%0aSet-Cookie:b");
    assert!(answer.header("set-cookie").is_none());
}
