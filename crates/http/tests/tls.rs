//! TLS at both ends: whom one trusts, what one shows, and files that change.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod support;

use std::path::Path;

use promd_http::{ConnectInfo, Request, Response, Server, ServerOptions, body};
use support::{Authority, Identity, Running, ask, client, get, quoted, start};

/// Writes a web configuration with a server certificate, and the lines that follow.
fn write_web(folder: &Path, identity: &Identity, lines: &str) -> ServerOptions {
    std::fs::write(folder.join("cert.pem"), &identity.cert).unwrap();
    std::fs::write(folder.join("key.pem"), &identity.key).unwrap();
    let lines: String = lines.lines().map(|line| format!("{line}\n")).collect();
    let text = format!("tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n{lines}");
    let path = folder.join("web.yml");
    std::fs::write(&path, text).unwrap();
    let mut options = ServerOptions::default();
    options.web_config = Some(path.to_str().unwrap().to_owned());
    options
}

fn hello() -> impl promd_http::Handler {
    |request: Request| async move {
        let info: ConnectInfo = *request.extensions().get().unwrap();
        Response::new(body::full(format!("{:?} {}", request.version(), info.tls)))
    }
}

fn url(server: &Running, host: &str) -> String {
    format!("https://{host}:{}/", server.address.port())
}

fn ca(authority: &Authority) -> String {
    format!("tls_config: {{ca: {}}}", quoted(&authority.pem))
}

/// The texts are those of Go 1.19's `crypto/tls` and `crypto/x509`, with the prefix that newer ones have.
#[tokio::test]
async fn whom_a_client_trusts() {
    let folder = tempfile::tempdir().unwrap();
    let (authority, stranger) = (Authority::new("one"), Authority::new("two"));
    let options = write_web(folder.path(), &authority.issue(&["localhost", "name.example"]), "");
    let server = start(hello(), options);
    let unknown = "tls: failed to verify certificate: x509: certificate signed by unknown authority";
    for (lines, host, expect) in [
        (ca(&authority), "localhost", "HTTP/2.0 true"),
        (format!("enable_http2: false\n{}", ca(&authority)), "localhost", "HTTP/1.1 true"),
        (ca(&stranger), "localhost", unknown),
        (String::new(), "localhost", unknown),
        ("tls_config: {insecure_skip_verify: true}".to_owned(), "localhost", "HTTP/2.0 true"),
        (
            ca(&authority),
            "127.0.0.1",
            "tls: failed to verify certificate: x509: cannot validate certificate for 127.0.0.1 because it doesn't \
             contain any IP SANs",
        ),
        (
            format!("tls_config: {{ca: {}, server_name: other.example}}", quoted(&authority.pem)),
            "127.0.0.1",
            "tls: failed to verify certificate: x509: certificate is valid for localhost, name.example, not other.example",
        ),
        (
            format!("tls_config: {{ca: {}, server_name: name.example}}", quoted(&authority.pem)),
            "127.0.0.1",
            "HTTP/2.0 true",
        ),
        (format!("tls_config: {{ca: {}, max_version: TLS12}}", quoted(&authority.pem)), "localhost", "HTTP/2.0 true"),
    ] {
        let url = url(&server, host);
        let answer = ask(&client(&lines), &url).await;
        assert_eq!(answer.strip_prefix(&format!("Get \"{url}\": ")).unwrap_or(&answer), expect, "{lines}");
    }
    server.stop().await;
}

/// Certificates that people make for themselves, as `openssl req -x509` makes them: they vouch for others, too. The texts are
/// those of `crypto/x509/verify.go`.
#[tokio::test]
async fn a_certificate_may_vouch_for_itself() {
    use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose};
    let vouch = "tls: failed to verify certificate: x509: ";
    let own = |names: &[&str], change: &dyn Fn(&mut CertificateParams)| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "localhost");
        change(&mut params);
        let key = rcgen::KeyPair::generate().unwrap();
        Identity { cert: params.self_signed(&key).unwrap().pem(), key: key.serialize_pem() }
    };
    let past = |params: &mut CertificateParams| params.not_after = rcgen::date_time_ymd(2020, 1, 2);
    let future = |params: &mut CertificateParams| params.not_before = rcgen::date_time_ymd(2090, 1, 2);
    let client_only =
        |params: &mut CertificateParams| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    for (identity, expect) in [
        (own(&["localhost"], &|_| {}), "HTTP/2.0 true".to_owned()),
        (own(&["other.example"], &|_| {}), format!("{vouch}certificate is valid for other.example, not localhost")),
        (own(&[], &|_| {}), format!("{vouch}certificate relies on legacy Common Name field, use SANs instead")),
        (own(&["localhost"], &past), " is after 2020-01-02T00:00:00Z".to_owned()),
        (own(&["localhost"], &future), " is before 2090-01-02T00:00:00Z".to_owned()),
        (own(&["localhost"], &client_only), format!("{vouch}certificate specifies an incompatible key usage")),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let server = start(hello(), write_web(folder.path(), &identity, ""));
        let trusting = client(&format!("tls_config: {{ca: {}}}", quoted(&identity.cert)));
        let answer = ask(&trusting, &url(&server, "localhost")).await;
        assert!(answer.ends_with(&expect), "{answer}\ninstead of {expect}");
        // Nobody else trusts it.
        let stranger = client(&format!("tls_config: {{ca: {}}}", quoted(&Authority::new("x").pem)));
        let answer = ask(&stranger, &url(&server, "localhost")).await;
        assert!(answer.contains(vouch), "{answer}");
        server.stop().await;
    }
}

#[tokio::test]
async fn http_where_tls_is_spoken_and_the_other_way_round() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(hello(), write_web(folder.path(), &Authority::new("one").issue(&["localhost"]), ""));
    let response = client("").send(&get(&server.url("/"))).await.unwrap();
    assert_eq!(response.status(), 400);
    assert_eq!(support::text(response).await, "Client sent an HTTP request to an HTTPS server.\n");
    server.stop().await;
    let server = start(hello(), ServerOptions::default());
    let url = url(&server, "127.0.0.1");
    let error = ask(&client(""), &url).await;
    assert_eq!(error, format!("Get \"{url}\": http: server gave HTTP response to HTTPS client"));
    server.stop().await;
}

/// What each `client_auth_type` asks for, as `crypto/tls` documents its `ClientAuthType`.
#[tokio::test]
async fn what_clients_must_show() {
    let (authority, clients, stranger) = (Authority::new("s"), Authority::new("c"), Authority::new("x"));
    let identity = authority.issue(&["localhost"]);
    let (good, bad) = (clients.issue(&["me.example"]), stranger.issue(&["me.example"]));
    let show = |identity: Option<&Identity>| {
        let shown =
            identity.map(|identity| format!(", cert: {}, key: {}", quoted(&identity.cert), quoted(&identity.key)));
        client(&format!("tls_config: {{ca: {}{}}}", quoted(&authority.pem), shown.unwrap_or_default()))
    };
    for (kind, sans, [none, known, unknown]) in [
        ("NoClientCert", "", [true, true, true]),
        ("RequestClientCert", "", [true, true, true]),
        ("RequireAnyClientCert", "", [false, true, true]),
        ("VerifyClientCertIfGiven", "", [true, true, false]),
        ("RequireAndVerifyClientCert", "", [false, true, false]),
        ("RequireAndVerifyClientCert", "me.example", [false, true, false]),
        ("RequireAndVerifyClientCert", "you.example", [false, false, false]),
        ("RequestClientCert", "you.example", [true, false, false]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), &clients.pem).unwrap();
        let mut lines = format!("  client_auth_type: {kind}\n");
        if kind != "NoClientCert" {
            lines += "  client_ca_file: ca.pem\n";
        }
        if !sans.is_empty() {
            lines += &format!("  client_allowed_sans: [{sans}]\n");
        }
        let server = start(hello(), write_web(folder.path(), &identity, &lines));
        for (identity, expect) in [(None, none), (Some(&good), known), (Some(&bad), unknown)] {
            let answer = ask(&show(identity), &url(&server, "localhost")).await;
            assert_eq!(answer == "HTTP/2.0 true", expect, "{kind} {sans} {}: {answer}", identity.is_some());
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn versions_and_protocols() {
    let authority = Authority::new("one");
    let identity = authority.issue(&["localhost"]);
    for (server_lines, client_lines, expect) in [
        ("http_server_config: {http2: false}", "", "HTTP/1.1 true"),
        ("  max_version: TLS12", ", min_version: TLS13", "remote error: tls: protocol version not supported"),
        ("  min_version: TLS13", ", max_version: TLS12", "remote error: tls: protocol version not supported"),
        ("  min_version: TLS10\n  max_version: TLS12", "", "HTTP/2.0 true"),
        (
            "  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]\n  \
             curve_preferences: [CurveP256, CurveP521]",
            "",
            "HTTP/2.0 true",
        ),
        (
            "  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]",
            "",
            "remote error: tls: handshake failure",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let server = start(hello(), write_web(folder.path(), &identity, server_lines));
        let url = url(&server, "localhost");
        let client = client(&format!("tls_config: {{ca: {}{client_lines}}}", quoted(&authority.pem)));
        let answer = ask(&client, &url).await;
        assert_eq!(answer.strip_prefix(&format!("Get \"{url}\": ")).unwrap_or(&answer), expect, "{server_lines}");
        server.stop().await;
    }
}

#[tokio::test]
async fn certificates_change_while_a_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (Authority::new("first"), Authority::new("second"));
    let server = start(hello(), write_web(folder.path(), &first.issue(&["localhost"]), ""));
    let url = url(&server, "localhost");
    assert_eq!(ask(&client(&ca(&first)), &url).await, "HTTP/2.0 true");
    write_web(folder.path(), &second.issue(&["localhost"]), "http_server_config: {http2: false}");
    assert_eq!(ask(&client(&ca(&second)), &url).await, "HTTP/1.1 true");
    assert!(ask(&client(&ca(&first)), &url).await.contains("unknown authority"));
    // A file that cannot be used refuses connections, until it can.
    std::fs::write(folder.path().join("key.pem"), "no key").unwrap();
    assert!(ask(&client(&ca(&second)), &url).await.starts_with("Get "));
    write_web(folder.path(), &first.issue(&["localhost"]), "");
    assert_eq!(ask(&client(&ca(&first)), &url).await, "HTTP/2.0 true");
    server.stop().await;
}

#[tokio::test]
async fn files_change_while_a_client_runs() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (Authority::new("first"), Authority::new("second"));
    let server = start(hello(), write_web(folder.path(), &second.issue(&["localhost"]), ""));
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, &first.pem).unwrap();
    let client = client(&format!("tls_config: {{ca_file: {}}}", path.display()));
    let url = url(&server, "localhost");
    assert!(ask(&client, &url).await.contains("unknown authority"));
    std::fs::write(&path, &second.pem).unwrap();
    assert_eq!(ask(&client, &url).await, "HTTP/2.0 true");
    // Also connections that are there already are not used with what is not trusted any more.
    std::fs::write(&path, &first.pem).unwrap();
    assert!(ask(&client, &url).await.contains("unknown authority"));
    std::fs::write(&path, "nothing").unwrap();
    let expect = format!("Get \"{url}\": unable to use specified CA cert file {}", path.display());
    assert_eq!(ask(&client, &url).await, expect);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_requests_share_a_connection_of_http2() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new("one");
    let mut options = write_web(folder.path(), &authority.issue(&["localhost"]), "");
    options.max_connections = 1;
    let handler = |request: Request| async move {
        let info: ConnectInfo = *request.extensions().get().unwrap();
        Response::new(body::full(info.remote.to_string()))
    };
    let server = start(handler, options);
    let client = client(&ca(&authority));
    let url = url(&server, "localhost");
    let first = ask(&client, &url).await;
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (client, url) = (client.clone(), url.clone());
        requests.spawn(async move { ask(&client, &url).await });
    }
    let answers = tokio::time::timeout(std::time::Duration::from_secs(60), requests.join_all()).await.unwrap();
    assert!(answers.iter().all(|answer| *answer == first), "{first} {answers:?}");
    drop(client);
    server.stop().await;
}

/// The texts are those of `web/tls_config.go` in `prometheus/exporter-toolkit`.
#[test]
fn a_server_that_cannot_serve_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let identity = Authority::new("one").issue(&["localhost"]);
    let bind = |options: ServerOptions| {
        let server = Server::bind(&["127.0.0.1:0".parse().unwrap()], options);
        server.map_or_else(|error| error.to_string(), |_| String::new())
    };
    assert_eq!(bind(write_web(folder.path(), &identity, "")), "");
    let path = |name: &str| folder.path().join(name).display().to_string();
    for (name, text, expect) in [
        (
            "cert.pem",
            None,
            format!("failed to read cert_file ({0}): open {0}: no such file or directory", path("cert.pem")),
        ),
        (
            "key.pem",
            None,
            format!("failed to read key_file ({0}): open {0}: no such file or directory", path("key.pem")),
        ),
        (
            "cert.pem",
            Some("x"),
            "failed to load X509KeyPair: tls: failed to find any PEM data in certificate input".into(),
        ),
        ("key.pem", Some("x"), "failed to load X509KeyPair: tls: failed to find any PEM data in key input".into()),
        ("web.yml", None, format!("open {}: no such file or directory", path("web.yml"))),
    ] {
        let options = write_web(folder.path(), &identity, "");
        match text {
            Some(text) => std::fs::write(folder.path().join(name), text).unwrap(),
            None => std::fs::remove_file(folder.path().join(name)).unwrap(),
        }
        assert_eq!(bind(options), expect);
    }
    let other = Authority::new("two").issue(&["localhost"]);
    let options = write_web(folder.path(), &identity, "");
    std::fs::write(folder.path().join("key.pem"), other.key).unwrap();
    assert!(bind(options).starts_with("failed to load X509KeyPair: tls: "));
}
