//! Users, headers and the rate limit of the web configuration.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

mod support;

use std::path::Path;

use http::StatusCode;
use promd_http::{Client, Response, ServerOptions};
use support::{client, get, mirror, start, text};

fn web(folder: &Path, lines: &str) -> ServerOptions {
    let path = folder.join("web.yml");
    std::fs::write(&path, lines).unwrap();
    let mut options = ServerOptions::default();
    options.web_config = Some(path.to_str().unwrap().to_owned());
    options
}

/// Hashes of published test vectors (`crypt_blowfish`'s and OpenBSD's), each with its password, at small cost.
const USERS: &str = r#"basic_auth_users:
  star: "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
  empty: "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"
  y: "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
"#;

async fn status(client: &Client, url: &str) -> StatusCode {
    client.send(&get(url)).await.unwrap().status()
}

fn as_user(user: &str, password: &str) -> Client {
    client(&format!("basic_auth: {{username: {user}, password: {}}}", support::quoted(password)))
}

#[tokio::test]
async fn users_and_passwords() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(mirror(), web(folder.path(), USERS));
    let url = server.url("/");
    for (user, password, expect) in [
        ("star", "U*U", 200),
        ("star", "U*U", 200),
        ("y", "U*U", 200),
        ("star", "U*", 401),
        ("star", "", 401),
        ("nobody", "U*U", 401),
        ("Star", "U*U", 401),
    ] {
        assert_eq!(status(&as_user(user, password), &url).await, expect, "{user} {password}");
    }
    let response: Response = client("").send(&get(&url)).await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["WWW-Authenticate"], "Basic");
    assert_eq!(text(response).await, "Unauthorized\n");
    server.stop().await;
}

#[tokio::test]
async fn the_file_takes_effect_while_the_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(mirror(), web(folder.path(), USERS));
    let (url, star) = (server.url("/"), as_user("star", "U*U"));
    assert_eq!(status(&star, &url).await, 200);
    // The password that was right is no more: what was remembered of it must not count.
    web(folder.path(), &USERS.replace("E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "VGOzA784oUp/Z0DY336zx7pLYAy0lwK"));
    assert_eq!(status(&star, &url).await, 401);
    assert_eq!(status(&as_user("star", "U*U*"), &url).await, 200);
    web(folder.path(), "basic_auth_users: {}");
    assert_eq!(status(&client(""), &url).await, 200);
    // A file that cannot be read locks everybody out, rather than letting everybody in.
    web(folder.path(), "nonsense: true");
    let response = client("").send(&get(&url)).await.unwrap();
    assert_eq!(
        (response.status(), text(response).await.as_str()),
        (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error\n")
    );
    std::fs::remove_file(folder.path().join("web.yml")).unwrap();
    assert_eq!(status(&client(""), &url).await, 500);
    web(folder.path(), USERS);
    assert_eq!(status(&star, &url).await, 200);
    server.stop().await;
}

#[tokio::test]
async fn headers_of_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let lines = format!(
        "{USERS}http_server_config:\n  headers:\n    X-Frame-Options: deny\n    X-Content-Type-Options: nosniff\n    \
         Strict-Transport-Security: max-age=1\n    Content-Security-Policy: default-src 'self'\n"
    );
    let server = start(mirror(), web(folder.path(), &lines));
    // On every answer, refusals included.
    for client in [client(""), as_user("star", "U*U")] {
        let response = client.send(&get(&server.url("/"))).await.unwrap();
        for (name, value) in [
            ("X-Frame-Options", "deny"),
            ("X-Content-Type-Options", "nosniff"),
            ("Strict-Transport-Security", "max-age=1"),
            ("Content-Security-Policy", "default-src 'self'"),
        ] {
            assert_eq!(response.headers()[name], value);
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn the_rate_limit() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(mirror(), web(folder.path(), "rate_limit: {interval: 1h, burst: 2}"));
    let client = client("");
    for expect in [200, 200, 429, 429] {
        assert_eq!(status(&client, &server.url("/")).await, expect);
    }
    server.stop().await;
}
