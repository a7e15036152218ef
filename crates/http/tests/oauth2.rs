//! Tokens: fetched, kept, renewed, and not shown to others.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use parking_lot::Mutex;
use promd_clock::{Clock, SimClock, WallTime};
use promd_http::{Client, Request, Response, ServerOptions, body};
use rustls::SignatureScheme;
use rustls::pki_types::SignatureVerificationAlgorithm;
use support::{Running, get, mirror, options, settings, start, text};

type Asked = Arc<Mutex<Vec<String>>>;

/// A server of tokens, which answers with this, and `%` in it is how often it was asked. It notes who asked for what.
fn issuer(status: u16, answer: &'static str, kind: &'static str, accepts_header: bool) -> (Running, Asked) {
    let asked = Asked::default();
    let notes = Arc::clone(&asked);
    let handler = move |request: Request| {
        let notes = Arc::clone(&notes);
        async move {
            let (head, body) = request.into_parts();
            let body = body::read(body, 1 << 20).await.unwrap();
            let header = head.headers.get("Authorization").map_or("-", |value| value.to_str().unwrap());
            let count = {
                let mut notes = notes.lock();
                notes.push(format!("{header} {}", String::from_utf8_lossy(&body)));
                notes.len()
            };
            let is_refused = header != "-" && !accepts_header;
            let mut response = Response::new(body::full(answer.replace('%', &count.to_string())));
            *response.status_mut() = StatusCode::from_u16(if is_refused { 401 } else { status }).unwrap();
            response.headers_mut().insert("Content-Type", kind.parse().unwrap());
            response
        }
    };
    (start(handler, ServerOptions::default()), asked)
}

const JSON: &str = "application/json";

fn lines(issuer: &Running, more: &str) -> String {
    format!("oauth2:\n  client_id: me&co\n  client_secret: p w\n  token_url: {}\n{more}", issuer.url("/token"))
}

/// Clients whose time a test moves.
fn client(lines: &str) -> (Client, Arc<SimClock>) {
    let clock = Arc::new(SimClock::new(WallTime::from_millis(1_700_000_000_000)));
    let mut options = options();
    options.clock = Arc::clone(&clock) as Arc<dyn Clock>;
    (Client::new("test", &settings(lines), options).unwrap(), clock)
}

async fn ask(client: &Client, url: &str) -> String {
    match client.send(&get(url)).await {
        Ok(response) => text(response).await,
        Err(error) => error.to_string(),
    }
}

/// Forms and headers are those that Go's `oauth2/clientcredentials` sends: sorted, and escaped as queries are.
#[tokio::test]
async fn a_token_is_fetched_once_and_before_it_expires_again() {
    let answer = r#"{"access_token": "t%", "token_type": "bearer", "expires_in": 3600}"#;
    let (issuer, asked) = issuer(200, answer, JSON, true);
    let server = start(mirror(), ServerOptions::default());
    let (client, clock) = client(&lines(&issuer, "  scopes: [a, b]\n  endpoint_params: {aud: 'x y'}"));
    for (wait, expect) in [(0, "t1"), (3_589, "t1"), (1, "t2"), (10, "t2")] {
        clock.advance(Duration::from_secs(wait));
        let seen = ask(&client, &server.url("/")).await;
        assert!(seen.contains(&format!("authorization: Bearer {expect}\n")), "after {wait} s: {seen}");
    }
    // Base64 of me%26co:p+w.
    let expect = "Basic bWUlMjZjbzpwK3c= aud=x+y&grant_type=client_credentials&scope=a+b";
    assert_eq!(*asked.lock(), [expect, expect]);
    issuer.stop().await;
    server.stop().await;
}

#[tokio::test]
async fn servers_that_want_parameters_get_them() {
    let (issuer, asked) = issuer(200, "access_token=t%&expires_in=60", "application/x-www-form-urlencoded", false);
    let server = start(mirror(), ServerOptions::default());
    let (client, clock) = client(&lines(&issuer, ""));
    assert!(ask(&client, &server.url("/")).await.contains("Bearer t2"));
    clock.advance(Duration::from_secs(60));
    assert!(ask(&client, &server.url("/")).await.contains("Bearer t3"));
    let by_parameters = "- client_id=me%26co&client_secret=p+w&grant_type=client_credentials";
    // It is tried once, and then known.
    assert_eq!(*asked.lock(), ["Basic bWUlMjZjbzpwK3c= grant_type=client_credentials", by_parameters, by_parameters]);
    issuer.stop().await;
    server.stop().await;
}

/// The texts are those of Go's `oauth2`.
#[tokio::test]
async fn no_token_no_request() {
    let server = start(mirror(), ServerOptions::default());
    for (status, answer, expect) in [
        (500, "broken", "oauth2: cannot fetch token: 500 Internal Server Error\nResponse: broken"),
        (400, r#"{"error": "invalid_scope", "error_description": "no"}"#, r#"oauth2: "invalid_scope" "no""#),
        (200, r#"{"token_type": "bearer"}"#, "oauth2: server response missing access_token"),
    ] {
        let (issuer, _) = issuer(status, answer, JSON, true);
        let (client, _) = client(&lines(&issuer, ""));
        let url = server.url("/");
        assert_eq!(ask(&client, &url).await, format!("Get \"{url}\": {expect}"));
        issuer.stop().await;
    }
    server.stop().await;
}

#[tokio::test]
async fn tokens_do_not_follow_to_another_host() {
    let (issuer, _) = issuer(200, r#"{"access_token": "t%"}"#, JSON, true);
    let there = start(mirror(), ServerOptions::default());
    let elsewhere = format!("http://localhost:{}/", there.address.port());
    let handler = move |_| {
        let mut response = Response::new(body::empty());
        *response.status_mut() = StatusCode::FOUND;
        response.headers_mut().insert("Location", elsewhere.parse().unwrap());
        std::future::ready(response)
    };
    let here = start(handler, ServerOptions::default());
    let (client, _) = client(&lines(&issuer, ""));
    let seen = ask(&client, &here.url("/")).await;
    assert!(seen.starts_with("GET /") && !seen.contains("authorization"), "{seen}");
    for server in [issuer, there, here] {
        server.stop().await;
    }
}

/// The form of the statement is that of RFC 7519 and 7523; who signed it is verified with the public key.
#[tokio::test]
async fn a_signed_statement_gets_a_token() {
    for (algorithm, scheme) in [
        ("RS256", SignatureScheme::RSA_PKCS1_SHA256),
        ("RS384", SignatureScheme::RSA_PKCS1_SHA384),
        ("RS512", SignatureScheme::RSA_PKCS1_SHA512),
    ] {
        signed_statement(algorithm, scheme).await;
    }
}

/// Whether the owner of a key has signed a text.
fn is_signed_by(key: &rcgen::KeyPair, scheme: SignatureScheme, text: &str, signature: &[u8]) -> bool {
    let all = rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms;
    let (_, algorithms) = all.mapping.iter().find(|(known, _)| *known == scheme).unwrap();
    let verify = |one: &&dyn SignatureVerificationAlgorithm| {
        one.verify_signature(key.public_key_raw(), text.as_bytes(), signature).is_ok()
    };
    algorithms.iter().any(verify)
}

async fn signed_statement(algorithm: &str, scheme: SignatureScheme) {
    let (issuer, asked) = issuer(200, r#"{"access_token": "t%", "expires_in": 60}"#, JSON, true);
    let server = start(mirror(), ServerOptions::default());
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let lines = format!(
        "oauth2:\n  client_id: me\n  token_url: {}\n  grant_type: urn:ietf:params:oauth:grant-type:jwt-bearer\n  \
         signature_algorithm: {algorithm}\n  client_certificate_key: {}\n  client_certificate_key_id: k1\n  claims: {{extra: [1, true]}}\n  scopes: [a]",
        issuer.url("/token"),
        support::quoted(&key.serialize_pem())
    );
    let (client, _) = client(&lines);
    assert!(ask(&client, &server.url("/")).await.contains("authorization: Bearer t1\n"));
    let form = asked.lock()[0].clone();
    let pairs: std::collections::BTreeMap<String, String> =
        form_urlencoded::parse(form.trim_start_matches("- ").as_bytes()).into_owned().collect();
    assert_eq!(
        (pairs["grant_type"].as_str(), pairs["scope"].as_str()),
        ("urn:ietf:params:oauth:grant-type:jwt-bearer", "a")
    );
    let parts: Vec<&str> = pairs["assertion"].split('.').collect();
    let json =
        |part: &str| -> serde_json::Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap() };
    assert_eq!(json(parts[0]), serde_json::json!({"alg": algorithm, "typ": "JWT", "kid": "k1"}));
    let claims = json(parts[1]);
    assert_eq!(
        (&claims["iss"], &claims["sub"], &claims["aud"]),
        (&"me".into(), &"me".into(), &issuer.url("/token").into())
    );
    assert_eq!((&claims["iat"], &claims["exp"]), (&1_700_000_000.into(), &1_700_000_600.into()));
    assert_eq!((&claims["extra"], &claims["scope"]), (&serde_json::json!([1, true]), &"a".into()));
    assert_eq!(parts.len(), 3);
    let signature = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
    assert!(is_signed_by(&key, scheme, &format!("{}.{}", parts[0], parts[1]), &signature));
    assert!(!is_signed_by(&key, scheme, &format!("{}.{}x", parts[0], parts[1]), &signature));
    issuer.stop().await;
    server.stop().await;
}
