//! Targets that a server tells.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use promd_clock::{Clock, SimClock, WallTime};
use promd_config::{Config, Options};
use promd_discovery::{CancelSource, Context, Mechanisms, TargetGroup};
use promd_http::{Request, Response, Server, ServerOptions, body};
use promd_metrics::{Collect, Sample, Sink, Value};
use tokio::sync::mpsc;

/// What the server answers: status, content type, body.
type Answer = (u16, &'static str, &'static str);

struct Running {
    url: String,
    answer: Arc<Mutex<Answer>>,
    asked: Arc<Mutex<Vec<String>>>,
    clock: Arc<SimClock>,
    mechanisms: Mechanisms,
    updates: mpsc::Receiver<Vec<TargetGroup>>,
    _stop: CancelSource,
}

async fn start(first: Answer) -> Running {
    let (answer, asked) = (Arc::new(Mutex::new(first)), Arc::new(Mutex::new(Vec::new())));
    let handler = {
        let (answer, asked) = (Arc::clone(&answer), Arc::clone(&asked));
        move |request: Request| {
            let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
            asked.lock().push(format!(
                "{} {} {}",
                request.uri(),
                header("Accept"),
                header("X-Prometheus-Refresh-Interval-Seconds")
            ));
            let (status, kind, text) = *answer.lock();
            let response = http::Response::builder().status(status).header("Content-Type", kind);
            let response: Response = response.body(body::full(text)).unwrap();
            std::future::ready(response)
        }
    };
    let server = Server::bind(&["127.0.0.1:0".parse().unwrap()], ServerOptions::default()).unwrap();
    let url = format!("http://{}/sd", server.local_addrs().unwrap()[0]);
    tokio::spawn(server.run(Arc::new(handler), std::future::pending()));
    let text = format!("scrape_configs: [{{job_name: a, http_sd_configs: [{{url: '{url}', refresh_interval: 90s}}]}}]");
    let config = Config::parse(text.as_bytes(), &Options::default()).unwrap();
    let mechanisms = Mechanisms::new();
    let mechanism = mechanisms.of(&config.scrape_configs[0].discovery).unwrap().remove(0);
    let clock = Arc::new(SimClock::new(WallTime::from_millis(0)));
    let context = Context::new(Arc::clone(&clock) as Arc<dyn Clock>, "a");
    let (sender, updates) = mpsc::channel(1);
    let stop = CancelSource::new();
    tokio::spawn(mechanism.discoverer(&context).unwrap().run(sender, stop.signal()));
    Running { url, answer, asked, clock, mechanisms, updates, _stop: stop }
}

impl Running {
    async fn next(&mut self) -> Vec<TargetGroup> {
        tokio::time::timeout(Duration::from_secs(60), self.updates.recv()).await.unwrap().unwrap()
    }

    /// Waits until this many questions have failed, and the next one is waited for.
    async fn failed(&self, times: f64) {
        let wait = async {
            while self.failures() != (times, times) || self.clock.sleepers() != 1 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), wait).await.unwrap();
    }

    fn failures(&self) -> (f64, f64) {
        let mut found = Found::default();
        self.mechanisms.collect(std::time::SystemTime::UNIX_EPOCH, &mut found);
        (found.http, found.refresh)
    }
}

#[derive(Default)]
struct Found {
    family: String,
    http: f64,
    refresh: f64,
}

impl Sink for Found {
    fn family(&mut self, desc: &promd_metrics::Desc) {
        desc.name().clone_into(&mut self.family);
    }

    fn sample(&mut self, sample: &Sample<'_>) {
        let Value::Counter(counter) = sample.value else { return };
        let value = counter.value;
        match self.family.as_str() {
            "prometheus_sd_http_failures_total" => self.http += value,
            "prometheus_sd_refresh_failures_total" => self.refresh += value,
            _ => {}
        }
    }
}

const TWO: &str = r#"[{"targets": ["a:1", "b:2"], "labels": {"env": "prod"}}, {"targets": ["c:3"]}]"#;

/// Sources, labels and headers are those of `discovery/http/http.go`.
#[tokio::test]
async fn groups_come_and_go() {
    let mut running = start((200, "application/json; charset=utf-8", TWO)).await;
    let groups = running.next().await;
    let shown: Vec<_> = groups
        .iter()
        .map(|group| {
            let targets: Vec<_> = group.targets.iter().map(|target| target.get("__address__").unwrap()).collect();
            format!("{} {} {:?}", group.source, targets.join(","), group.labels.get("env"))
        })
        .collect();
    let url = running.url.clone();
    assert_eq!(shown, [format!("{url}:0 a:1,b:2 Some(\"prod\")"), format!("{url}:1 c:3 None")]);
    assert!(groups.iter().all(|group| group.labels.get("__meta_url") == Some(&url)));
    assert_eq!(*running.asked.lock(), ["/sd application/json 90"]);

    *running.answer.lock() = (200, "application/json", r#"[{"targets": ["c:3"]}]"#);
    running.failed(0.0).await;
    running.clock.advance(Duration::from_secs(90));
    let groups = running.next().await;
    assert_eq!((groups.len(), groups[0].targets.len(), groups[1].targets.len()), (2, 1, 0));
    assert_eq!(&*groups[1].source, format!("{url}:1"));
    assert_eq!(running.failures(), (0.0, 0.0));
}

#[tokio::test]
async fn what_is_no_answer_changes_nothing() {
    let mut running = start((200, "application/json", TWO)).await;
    assert_eq!(running.next().await.len(), 2);
    running.failed(0.0).await;
    for (times, answer) in [
        (500, "application/json", TWO),
        (204, "application/json", ""),
        (200, "text/html", TWO),
        (200, "application/json", "[{\"targets\": [\"a:1\"]"),
        (200, "application/json", "[null]"),
        (200, "application/json", "{}"),
    ]
    .into_iter()
    .enumerate()
    {
        *running.answer.lock() = answer;
        running.clock.advance(Duration::from_secs(90));
        #[expect(clippy::cast_precision_loss, reason = "metrics are floats")]
        running.failed((times + 1) as f64).await;
        assert!(running.updates.try_recv().is_err(), "{answer:?}");
    }
    *running.answer.lock() = (200, "application/json", "[]");
    running.clock.advance(Duration::from_secs(90));
    let groups = running.next().await;
    assert!(groups.len() == 2 && groups.iter().all(|group| group.targets.is_empty()));
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_refused() {
    let text =
        "scrape_configs: [{job_name: a, http_sd_configs: [{url: 'http://x/', tls_config: {ca_file: /no/such}}]}]";
    let config = Config::parse(text.as_bytes(), &Options::default()).unwrap();
    let mechanism = Mechanisms::new().of(&config.scrape_configs[0].discovery).unwrap().remove(0);
    let context = Context::new(Arc::new(SimClock::new(WallTime::from_millis(0))), "a");
    let error = mechanism.discoverer(&context).err().unwrap();
    let expect = "http service discovery: unable to read CA cert: unable to read file /no/such: open /no/such: \
                  no such file or directory";
    assert_eq!(error.to_string(), expect);
}
