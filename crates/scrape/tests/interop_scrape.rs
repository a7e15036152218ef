//! The same targets, scraped by the real Prometheus and by this crate: the same series, values, metadata and exemplars, at the
//! same moments.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use promd_clock::{Clock, RealClock};
use promd_model::{Interval, Labels, Matcher};
use promd_scrape::{Executor, HttpFetchFactory, Manager, Parts, ScrapeOptions};
use promd_storage::{MemStorage, Storage};
use promd_testkit::Server;
use serde_json::Value;
use support::loopback::{Reply, serve};

/// An exporter that is killed when the test ends.
struct Exporter {
    process: Child,
    address: String,
}

impl Exporter {
    fn start(program: &Path, flags: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(flags).arg("--web.listen-address=127.0.0.1:0").stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        let address = loop {
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "the exporter ended");
            if let Some((_, address)) = line.split_once("address=127.0.0.1:") {
                break format!("127.0.0.1:{}", address.trim());
            }
        };
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self { process, address }
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Everything that a text can have.
fn open_metrics(now: i64) -> String {
    let seconds = now / 1000;
    format!(
        "# HELP requests Requests.\n# TYPE requests counter\n\
         requests_total{{code=\"200\"}} 7 # {{trace_id=\"abc\"}} 0.5 {seconds}\n\
         requests_total{{code=\"500\",job=\"own\"}} 1 # {{trace_id=\"d\"}} 1\n\
         # TYPE took_seconds histogram\n# UNIT took_seconds seconds\n\
         took_seconds_bucket{{le=\"0.1\"}} 1 # {{id=\"x\"}} 0.05\ntook_seconds_bucket{{le=\"1\"}} 3\n\
         took_seconds_bucket{{le=\"+Inf\"}} 4\ntook_seconds_count 4\ntook_seconds_sum 2.5\n\
         # TYPE build info\nbuild_info{{version=\"1\"}} 1\n\
         # TYPE \"utf.8\" gauge\n{{\"utf.8\",\"lab.el\"=\"ü\"}} -3\n# EOF\n"
    )
}

/// Jobs of all kinds over the two targets. The last rule makes the targets of both versions the same.
fn config(exporter: &str, own: &str) -> String {
    let drop = "{regex: '__.*_histograms.*__', action: labeldrop}";
    format!(
        "global: {{scrape_interval: 2s, scrape_timeout: 2s}}\nscrape_configs:\n\
         - {{job_name: node, relabel_configs: [{drop}], static_configs: [{{targets: ['{exporter}'], labels: {{env: test}}}}]}}\n\
         - {{job_name: own, relabel_configs: [{drop}], static_configs: [{{targets: ['{own}']}}]}}\n\
         - {{job_name: honest, honor_labels: true, params: {{p: [a, 'b c']}}, relabel_configs: [{drop}], static_configs: [{{targets: ['{own}']}}]}}\n\
         - {{job_name: named, metric_relabel_configs: [{{source_labels: [__name__], regex: '(.*)_total', target_label: __name__, replacement: 'all_$1'}}, {{regex: code, action: labeldrop}}], \
            relabel_configs: [{drop}], static_configs: [{{targets: ['{own}']}}]}}\n\
         - {{job_name: few, sample_limit: 3, relabel_configs: [{drop}], static_configs: [{{targets: ['{own}']}}]}}\n"
    )
}

const JOBS: [&str; 5] = ["node", "own", "honest", "named", "few"];

/// The present, as the API takes it.
fn now() -> String {
    (RealClock::new().wall().millis() / 1000 + 1).to_string()
}

fn series(labels: &Value) -> String {
    let pairs = labels.as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap()));
    Labels::from_pairs(pairs).unwrap().to_string()
}

/// What the real server has, by labels: the values of its newest samples, where `name` says so.
fn values(server: &Server, query: &str) -> BTreeMap<String, String> {
    let answer = server.query(query, &now()).unwrap();
    let result = answer["result"].as_array().unwrap().iter();
    result.map(|one| (series(&one["metric"]), one["value"][1].as_str().unwrap().to_owned())).collect()
}

/// When the real server scraped, in milliseconds, by job.
fn moments(server: &Server) -> BTreeMap<String, Vec<i64>> {
    let answer = server.query("up[1m]", &now()).unwrap();
    let times = |one: &Value| {
        let samples = one["values"].as_array().unwrap();
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds of these years")]
        samples.iter().map(|sample| (sample[0].as_f64().unwrap() * 1e3).round() as i64).collect()
    };
    let all = answer["result"].as_array().unwrap().iter();
    all.map(|one| (one["metric"]["job"].as_str().unwrap().to_owned(), times(one))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_targets_give_the_same_series() {
    let (Some(prometheus), Some(exporter)) = (promd_testkit::peer("prometheus"), promd_testkit::peer("node_exporter"))
    else {
        return;
    };
    let flags = ["--collector.disable-defaults", "--collector.loadavg", "--collector.meminfo", "--collector.uname"];
    let exporter = Exporter::start(&exporter, &flags);
    let clock: Arc<dyn Clock> = Arc::new(RealClock::new());
    // The same exemplars for whoever asks.
    let body = open_metrics(clock.wall().millis());
    let own = serve(move |head| {
        assert!(head.starts_with("GET /metrics"), "{head}");
        let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8".to_owned();
        Reply { headers: vec![("Content-Type", content_type)], body: body.clone().into_bytes(), ..Reply::default() }
    })
    .await;
    let text = config(&exporter.address, &own.to_string());
    let folder = tempfile::tempdir().unwrap();
    let launch = Server::launch(&prometheus, folder.path()).flags(["--enable-feature=exemplar-storage"]);
    let server = tokio::task::spawn_blocking({
        let text = text.clone();
        move || launch.config(text).start()
    })
    .await
    .unwrap();

    let storage = Arc::new(MemStorage::new());
    let mut options = ScrapeOptions::default();
    options.host_name = promd_scrape::host_name().await;
    let parts = Parts {
        storage: Arc::clone(&storage) as _,
        clock: Arc::clone(&clock),
        fetch: Arc::new(HttpFetchFactory::new("promd/test", Arc::clone(&clock))),
        executor: Executor::bounded(2),
    };
    let manager = Manager::new(options, "promd/test", parts);
    let jobs = support::jobs(&text);
    let sets = support::sets(&jobs);
    manager.apply(jobs, &Labels::empty()).await.unwrap();
    manager.set_targets(sets).await;

    // Until both have scraped everything at least thrice.
    let deadline = clock.monotonic() + Duration::from_secs(60);
    loop {
        let theirs = moments(&server);
        let ups = support::floats(&*storage, &[Matcher::equal("__name__", "up")]);
        let enough = theirs.len() == JOBS.len() && theirs.values().all(|times| times.len() >= 3);
        if enough && ups.len() == JOBS.len() && ups.values().all(|samples| samples.len() >= 3) {
            break;
        }
        assert!(clock.monotonic() < deadline, "{theirs:?} {ups:?}");
        clock.sleep(Duration::from_millis(200)).await;
    }

    // The same series, but for those that one had not scraped yet.
    let theirs: BTreeSet<String> = values(&server, "{job=~\".+\"}").into_keys().collect();
    let mut ours = BTreeMap::new();
    for (labels, samples) in support::floats(&*storage, &[]) {
        if let Some((_, Some(value))) = samples.last() {
            ours.insert(labels, promd_model::float::json(*value).trim_matches('"').to_owned());
        }
    }
    let names: BTreeSet<String> = ours.keys().cloned().collect();
    assert_eq!(names, theirs);
    assert!(names.len() > 70, "{} series", names.len());

    // The same values, where they do not change.
    let unchanging =
        "{job=~\"own|honest|named|few\",__name__!=\"scrape_duration_seconds\",__name__!=\"scrape_series_added\"}";
    for (labels, value) in values(&server, unchanging) {
        assert_eq!(ours[&labels], value, "{labels}");
    }

    // The same states and metadata.
    let targets = server.get("/api/v1/targets").data().unwrap();
    for target in targets["activeTargets"].as_array().unwrap() {
        let job = target["scrapePool"].as_str().unwrap();
        let ours = &manager.targets()[job].active[0];
        assert_eq!(target["lastError"], ours.state().last_error, "{job}");
        assert_eq!(target["health"], ours.state().health.as_str());
        assert_eq!(target["scrapeUrl"], ours.url());
        assert_eq!(series(&target["labels"]), ours.labels().to_string());
        let path = format!("/api/v1/targets/metadata?match_target=%7Bjob%3D%22{job}%22%7D");
        let metadata = server.get(&path).data().unwrap();
        let field = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
        let theirs: BTreeSet<[String; 4]> = metadata
            .as_array()
            .unwrap()
            .iter()
            .map(|one| ["metric", "type", "help", "unit"].map(|name| field(one, name)))
            .collect();
        let known = ours.metadata().list().into_iter();
        let ours: BTreeSet<[String; 4]> = known
            .map(|one| [one.family, one.metadata.metric_type.to_string(), one.metadata.help, one.metadata.unit])
            .collect();
        assert_eq!(ours, theirs, "{job}");
    }

    // The same exemplars. Those without a time of their own carry that of a scrape.
    let answer =
        server.get("/api/v1/query_exemplars?query=%7Bjob%3D~%22.%2B%22%7D&start=0&end=9999999999").data().unwrap();
    let mut theirs = BTreeSet::new();
    for one in answer.as_array().unwrap() {
        for exemplar in one["exemplars"].as_array().unwrap() {
            theirs.insert((series(&one["seriesLabels"]), series(&exemplar["labels"]), exemplar["value"].to_string()));
        }
    }
    let mut ours = BTreeSet::new();
    let reader = storage.reader(Interval::ALL).unwrap();
    for one in reader.exemplars(&[vec![]], Interval::ALL).unwrap() {
        for exemplar in &one.exemplars {
            let value = promd_model::float::json(exemplar.value);
            ours.insert((one.labels.to_string(), exemplar.labels.to_string(), value));
        }
    }
    assert_eq!(ours, theirs);
    assert!(ours.len() >= 6, "{ours:?}");

    // At the same moments of the interval. Either may be late now and then, and neither is early.
    let ups = support::floats(&*storage, &[Matcher::equal("__name__", "up")]);
    let theirs = moments(&server);
    for (labels, samples) in ups {
        let job = JOBS.into_iter().find(|job| labels.contains(&format!("job=\"{job}\""))).unwrap();
        let apart = |a: i64, b: i64| (a - b).rem_euclid(2_000).min((b - a).rem_euclid(2_000));
        let pairs = samples.iter().flat_map(|(ours, _)| theirs[job].iter().map(|theirs| apart(*ours, *theirs)));
        let nearest = pairs.min().unwrap();
        assert!(nearest <= 20, "{job}: {nearest} ms apart: {samples:?} {:?}", theirs[job]);
    }
    manager.shutdown().await;
}
