//! What the tests of this crate share.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up fails")]
#![allow(dead_code, reason = "each test takes what it needs")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use promd_config::{Config, HttpClient, Options};
use promd_http::{Client, ClientOptions, Handler, Request, Response, Server, ServerOptions, body};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A server that runs until it is stopped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Running {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Stops it and waits for that.
    pub(crate) async fn stop(self) {
        let _ = self.stop.send(());
        self.task.await.unwrap().unwrap();
    }
}

pub(crate) fn start(handler: impl Handler, options: ServerOptions) -> Running {
    let server = Server::bind(&["127.0.0.1:0".parse().unwrap()], options).unwrap();
    let address = server.local_addrs().unwrap()[0];
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(server.run(Arc::new(handler), async {
        let _ = stopped.await;
    }));
    Running { address, stop, task }
}

/// A server that tells what it was asked: method, path, headers in alphabetical order, body.
pub(crate) fn mirror() -> impl Handler {
    |request: Request| async move {
        let (head, body) = request.into_parts();
        let body = body::read(body, 1 << 20).await.unwrap();
        let mut lines: Vec<_> =
            head.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        lines.sort();
        let text = format!("{} {}\n{}\n\n{}", head.method, head.uri, lines.join("\n"), String::from_utf8_lossy(&body));
        Response::new(body::full(text))
    }
}

/// The HTTP settings of a job that is configured with these lines.
pub(crate) fn settings(lines: &str) -> HttpClient {
    let lines: String = lines.lines().map(|line| format!("  {line}\n")).collect();
    let text = format!("scrape_configs:\n- job_name: x\n{lines}");
    let config = Config::parse(text.as_bytes(), &Options::default()).unwrap();
    config.scrape_configs[0].http.clone()
}

pub(crate) fn client(lines: &str) -> Client {
    Client::new("test", &settings(lines), options()).unwrap()
}

pub(crate) fn options() -> ClientOptions {
    let mut options = ClientOptions::default();
    options.user_agent = "test/1".to_owned();
    options
}

pub(crate) fn get(url: &str) -> http::Request<Bytes> {
    http::Request::get(url).body(Bytes::new()).unwrap()
}

pub(crate) async fn text(response: Response) -> String {
    String::from_utf8(body::read(response.into_body(), 1 << 24).await.unwrap().to_vec()).unwrap()
}

/// The text of the answer to `GET url`, or of the error.
pub(crate) async fn ask(client: &Client, url: &str) -> String {
    match client.send_within(&get(url), Duration::from_secs(60)).await {
        Ok(response) => text(response).await,
        Err(error) => error.to_string(),
    }
}

/// Whoever vouches for the certificates of a test.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
}

/// A certificate and its key.
pub(crate) struct Identity {
    pub(crate) cert: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate for these names.
    pub(crate) fn issue(&self, names: &[&str]) -> Identity {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let key = KeyPair::generate().unwrap();
        let cert = CertificateParams::new(names).unwrap().signed_by(&key, &self.issuer).unwrap();
        Identity { cert: cert.pem(), key: key.serialize_pem() }
    }
}

/// A text as one line of YAML.
pub(crate) fn quoted(text: &str) -> String {
    format!("{text:?}")
}

/// Waits until something holds.
pub(crate) async fn until(mut holds: impl FnMut() -> bool) {
    tokio::time::timeout(Duration::from_secs(60), async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
}
