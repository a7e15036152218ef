//! Real exporters and real client libraries, scraped by the real Prometheus and by this crate: the same series, metadata and
//! exemplars.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

use promd_testkit::{Server, peer, testdata};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::exemplar::{CounterWithExemplar, HistogramWithExemplars};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use support::beside::{Beside, Exporter, values};
use support::loopback::{Reply, serve};

/// What the blackbox exporter probes with. This kind of ping needs raw sockets, or a group that may ping.
const PROBES: &str = "modules:\n  ping: {prober: icmp, timeout: 1s, icmp: {preferred_ip_protocol: ip4}}\n  \
    connect: {prober: tcp, timeout: 1s}\n";

/// A program that is watched by the client library `prometheus-client`: what it answers.
fn rust_app() -> String {
    #[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
    struct Code {
        code: String,
    }
    #[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
    struct Trace {
        trace_id: String,
    }
    let trace = |id: &str| Some(Trace { trace_id: id.to_owned() });
    let mut registry = Registry::default();
    let requests = Family::<Code, CounterWithExemplar<Trace>>::default();
    registry.register("requests", "Requests, by code.", requests.clone());
    requests.get_or_create(&Code { code: "200".to_owned() }).inc_by(7, trace("abc"), None);
    requests.get_or_create(&Code { code: "4\"0\\4\n".to_owned() }).inc_by(1, None, None);
    let temperature = Gauge::<f64, std::sync::atomic::AtomicU64>::default();
    registry.register_with_unit("temperature", "Kelvin.", Unit::Other("kelvin".to_owned()), temperature.clone());
    temperature.set(-0.25);
    let took = HistogramWithExemplars::new([0.1, 1.0].into_iter());
    registry.register_with_unit("took", "Größe in seconds.", Unit::Seconds, took.clone());
    took.observe(0.05, trace("def"), None);
    took.observe(30.0, None, None);
    registry.register("build", "What this is.", Info::new(vec![("version", "1"), ("branch", "main")]));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    text
}

/// Gives the Pushgateway something to keep.
fn push(address: &str) {
    let body = "# TYPE backup_seconds gauge\n# HELP backup_seconds How long it took.\nbackup_seconds{kind=\"full\"} 12.5\n\
        # TYPE rows_total counter\nrows_total 3\n";
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    let path = "/metrics/job/backup/instance/db-1";
    write!(stream, "PUT {path} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
    let answer = std::io::read_to_string(stream).unwrap();
    assert!(answer.contains(" 200 OK"), "{answer}");
}

/// How many series there are of a target that is down.
const SYNTHETIC: usize = 5;

/// A job: its name, its target, and what else its configuration says.
struct Job(&'static str, String, &'static str);

/// The configuration for both; ours also says that native histograms are wanted, which is a flag of the other.
fn config(jobs: &[Job], global: &str) -> String {
    let mut text = format!("global: {{scrape_interval: 2s, scrape_timeout: 2s{global}}}\nscrape_configs:\n");
    for Job(name, target, options) in jobs {
        // The rule makes the targets of both versions the same.
        text.push_str(&format!(
            "- {{job_name: {name}, {options} relabel_configs: [{{regex: '__.*_histograms.*__', action: labeldrop}}], \
             static_configs: [{{targets: ['{target}']}}]}}\n"
        ));
    }
    text
}

/// What both know of a job: theirs and ours.
fn known(beside: &Beside, job: &str) -> [(BTreeSet<String>, BTreeSet<[String; 4]>); 2] {
    let [their_metadata, our_metadata] = beside.metadata(job);
    [(beside.their_present(job), their_metadata), (beside.present(job), our_metadata)]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_exporters_and_client_libraries() {
    let names = [
        "prometheus",
        "pushgateway",
        "blackbox_exporter",
        "victoria-metrics",
        "node_exporter",
        "python-client",
        "node-client",
    ];
    let found: Option<Vec<_>> = names.into_iter().map(peer).collect();
    let Some([prometheus, pushgateway, blackbox, victoria, node, python, javascript]) =
        found.and_then(|found| <[_; 7]>::try_from(found).ok())
    else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);

    let gateway = Exporter::start(&pushgateway, &[]);
    push(&gateway.address);
    std::fs::write(at("probes.yml"), PROBES).unwrap();
    let blackbox = Exporter::start(&blackbox, &[&format!("--config.file={}", at("probes.yml").display())]);
    let node = Exporter::start(&node, &[]);
    let data = at("victoria");
    let victoria = Exporter::on_free_port(&victoria, |address| {
        vec![format!("-httpListenAddr={address}"), format!("-storageDataPath={}", data.display())]
    });
    let python = Exporter::script(&python, &testdata("scrape/clients/app.py"));
    let javascript = Exporter::script(&javascript, &testdata("scrape/clients/app.js"));
    let app = rust_app();
    let rust = serve(move |_| Reply {
        headers: vec![("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8".to_owned())],
        body: app.clone().into_bytes(),
        ..Reply::default()
    })
    .await
    .to_string();
    // A Prometheus that is only watched, and watches itself so that it has something to show.
    std::fs::create_dir(at("watched")).unwrap();
    let watched = {
        let launch = Server::launch(&prometheus, &at("watched"));
        tokio::task::spawn_blocking(move || launch.flags(["--enable-feature=native-histograms"]).start()).await.unwrap()
    };
    let watched_address = watched.address().to_owned();

    let probe = "metrics_path: /probe, params: {module: [ping], target: ['127.0.0.1']},";
    // It connects to itself.
    let connect = format!("metrics_path: /probe, params: {{module: [connect], target: ['{}']}},", blackbox.address);
    let connect: &'static str = connect.leak();
    let text = "scrape_protocols: [PrometheusText0.0.4],";
    let jobs = [
        Job("pushgateway", gateway.address.clone(), "honor_labels: true,"),
        Job("blackbox", blackbox.address.clone(), ""),
        Job("ping", blackbox.address.clone(), probe),
        Job("connect", blackbox.address.clone(), connect),
        Job("node", node.address.clone(), ""),
        Job("victoria", victoria.address.clone(), ""),
        Job("prometheus", watched_address.clone(), "scrape_protocols: [PrometheusProto],"),
        Job("prometheus_text", watched_address, text),
        Job("python", python.address.clone(), ""),
        Job("python_text", python.address.clone(), text),
        Job("javascript", javascript.address.clone(), ""),
        Job("rust", rust, ""),
    ];
    let flags = ["--enable-feature=exemplar-storage,native-histograms"];
    std::fs::create_dir(at("beside")).unwrap();
    let launch = Server::launch(&prometheus, &at("beside")).flags(flags);
    let beside = Beside::start(launch, config(&jobs, ""), &config(&jobs, ", scrape_native_histograms: true")).await;

    // Programs get further series while they are asked, and either asks first: until both know the same of each.
    let mut left: Vec<&str> = jobs.iter().map(|job| job.0).collect();
    let deadline = beside.clock.monotonic() + Duration::from_secs(90);
    let mut counts = Vec::new();
    while !left.is_empty() {
        left.retain(|job| {
            let [theirs, ours] = known(&beside, job);
            // VictoriaMetrics says nothing of its metrics.
            let is_same = ours.0.len() > SYNTHETIC && ours == theirs;
            if is_same {
                counts.push(format!("{job} {}", ours.0.len()));
            }
            !is_same
        });
        if beside.clock.monotonic() > deadline {
            for job in &left {
                let [theirs, ours] = known(&beside, job);
                assert!(ours.0.len() > SYNTHETIC, "{job}: {:?}", beside.target(job).state());
                assert_eq!(ours.0, theirs.0, "series of {job}");
                assert_eq!(ours.1, theirs.1, "metadata of {job}");
            }
        }
        beside.clock.sleep(Duration::from_millis(200)).await;
    }
    for Job(job, ..) in &jobs {
        let state = beside.target(job).state();
        assert_eq!((state.health.as_str(), state.last_error.as_str()), ("up", ""), "{job}");
    }
    // The pings have come back.
    for (labels, samples) in beside.ours("probe_success") {
        assert!(samples.iter().all(|(_, value)| *value == Some(1.0)), "{labels}: {samples:?}");
    }
    assert_eq!(beside.ours("probe_success").len(), 2);

    // The same values, of what stays as it is.
    let still = "{__name__=~\"requests_total|temperature.*|took_.*|size_.*|build.*|state|backup_seconds|rows_total\"}";
    let still = values(&beside.server, still);
    let all = support::floats(&*beside.storage, &[]);
    for (labels, value) in &still {
        let ours = all[labels].last().unwrap().1.map(promd_model::float::json);
        assert_eq!(ours.as_deref().map(|ours| ours.trim_matches('"')), Some(value.as_str()), "{labels}");
    }
    assert!(still.len() > 40, "{still:?}");

    // The same exemplars, of the programs whose exemplars stay.
    let of_apps = |all: BTreeSet<(String, String, String)>| -> BTreeSet<_> {
        all.into_iter().filter(|(series, ..)| !series.contains("prometheus")).collect()
    };
    let [theirs, ours] = beside.exemplars().map(of_apps);
    assert_eq!(ours, theirs);
    let apps: BTreeSet<&str> =
        ["python", "javascript", "rust"].into_iter().filter(|app| ours.iter().any(|one| one.0.contains(app))).collect();
    assert_eq!(apps.len(), 3, "{ours:?}");
    println!("the same series of: {}; {} exemplars", counts.join(", "), ours.len());
    beside.manager.shutdown().await;
    drop(watched);
}
