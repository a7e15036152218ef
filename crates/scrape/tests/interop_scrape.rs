//! The same targets, scraped by the real Prometheus and by this crate: the same series, values, metadata and exemplars, at the
//! same moments.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use promd_clock::{Clock, RealClock};
use promd_scrape::{ScrapeOptions, Starts};
use promd_testkit::Server;
use support::beside::{Beside, Exporter, moments, series, values};
use support::loopback::{Reply, serve};

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

/// What flags change: zeros at starts, labels of type and unit, further synthetic series. (3.5.3 cannot commit the zeros of histograms
/// that it converts, so that none are here.)
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flags_change_the_same() {
    let Some(prometheus) = promd_testkit::peer("prometheus") else { return };
    // A start that is a whole second, and before the first scrape.
    let start = RealClock::new().wall().millis() / 1000 - 30;
    let body = format!(
        "# TYPE requests counter\nrequests_total{{code=\"200\"}} 7\n\
         requests_created{{code=\"200\"}} {start}\n\
         # TYPE took_seconds histogram\n# UNIT took_seconds seconds\ntook_seconds_bucket{{le=\"0.1\"}} 1\n\
         took_seconds_bucket{{le=\"+Inf\"}} 4\ntook_seconds_count 4\ntook_seconds_sum 2.5\ntook_seconds_created {start}\n\
         # TYPE size_bytes summary\n# UNIT size_bytes bytes\nsize_bytes{{quantile=\"0.5\"}} 1\nsize_bytes_count 1\n\
         size_bytes_sum 1\nsize_bytes_created {start}\n# TYPE up_since gauge\nup_since 3\n# EOF\n"
    );
    let target = serve(move |_| {
        let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8".to_owned();
        Reply { headers: vec![("Content-Type", content_type)], body: body.clone().into_bytes(), ..Reply::default() }
    })
    .await;
    let drop = "{regex: '__.*_histograms.*__', action: labeldrop}";
    let config = |ours: &str| {
        format!(
            "global: {{scrape_interval: 2s, scrape_timeout: 2s{ours}}}\nscrape_configs:\n\
             - {{job_name: plain, relabel_configs: [{drop}], static_configs: [{{targets: ['{target}']}}]}}\n\
             - {{job_name: textual, scrape_protocols: [OpenMetricsText1.0.0], relabel_configs: [{drop}], \
                static_configs: [{{targets: ['{target}']}}]}}\n"
        )
    };
    let features = "created-timestamp-zero-ingestion,type-and-unit-labels,extra-scrape-metrics,native-histograms";
    let folder = tempfile::tempdir().unwrap();
    let launch = Server::launch(&prometheus, folder.path()).flags([format!("--enable-feature={features}")]);
    let mut options = ScrapeOptions::default();
    options.starts = Starts::AsZeros;
    options.type_and_unit_labels = true;
    let global = ", extra_scrape_metrics: true, scrape_native_histograms: true";
    let beside = Beside::start_with(launch, config(""), &config(global), options).await;

    let deadline = beside.clock.monotonic() + Duration::from_secs(60);
    for job in ["plain", "textual"] {
        while beside.present(job).len() < 10 || beside.present(job) != beside.their_present(job) {
            if beside.clock.monotonic() > deadline {
                assert_eq!(beside.present(job), beside.their_present(job), "{job}");
            }
            beside.clock.sleep(Duration::from_millis(200)).await;
        }
        // The zeros, and where they stand.
        let answer = beside.server.query(&format!("{{job=\"{job}\"}}[2m]"), &support::beside::now()).unwrap();
        let mut theirs = BTreeMap::new();
        for one in answer["result"].as_array().unwrap() {
            if let Some(first) = one["values"].get(0).filter(|first| first[0] == start) {
                theirs.insert(series(&one["metric"]), first[1].as_str().unwrap().to_owned());
            } else if one["histograms"].get(0).is_some_and(|first| first[0] == start) {
                theirs.insert(series(&one["metric"]), "histogram".to_owned());
            }
        }
        let mut ours = BTreeMap::new();
        support::each(&*beside.storage, &[promd_model::Matcher::equal("job", job)], |labels, columns| {
            let first = columns.runs().next().unwrap();
            if first.times()[0] == start * 1000 {
                let value = match first {
                    promd_model::Run::Floats(floats) => floats.v[0].to_string(),
                    _ => "histogram".to_owned(),
                };
                ours.insert(labels.to_string(), value);
            }
        });
        assert_eq!(ours, theirs, "{job}");
        assert!(ours.len() >= 4, "{ours:?}");
    }
    beside.manager.shutdown().await;
}

const JOBS: [&str; 5] = ["node", "own", "honest", "named", "few"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_targets_give_the_same_series() {
    let (Some(prometheus), Some(exporter)) = (promd_testkit::peer("prometheus"), promd_testkit::peer("node_exporter"))
    else {
        return;
    };
    let flags = ["--collector.disable-defaults", "--collector.loadavg", "--collector.meminfo", "--collector.uname"];
    let exporter = Exporter::start(&exporter, &flags);
    // The same exemplars for whoever asks.
    let body = open_metrics(RealClock::new().wall().millis());
    let own = serve(move |head| {
        assert!(head.starts_with("GET /metrics"), "{head}");
        let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8".to_owned();
        Reply { headers: vec![("Content-Type", content_type)], body: body.clone().into_bytes(), ..Reply::default() }
    })
    .await;
    let text = config(&exporter.address, &own.to_string());
    let folder = tempfile::tempdir().unwrap();
    let launch = Server::launch(&prometheus, folder.path()).flags(["--enable-feature=exemplar-storage"]);
    let beside = Beside::start(launch, text.clone(), &text).await;
    let Beside { server, manager, clock, storage } = &beside;

    // Until both have scraped everything at least thrice.
    let deadline = clock.monotonic() + Duration::from_secs(60);
    loop {
        let theirs = moments(server);
        let ups = beside.ours("up");
        let enough = theirs.len() == JOBS.len() && theirs.values().all(|times| times.len() >= 3);
        if enough && ups.len() == JOBS.len() && ups.values().all(|samples| samples.len() >= 3) {
            break;
        }
        assert!(clock.monotonic() < deadline, "{theirs:?} {ups:?}");
        clock.sleep(Duration::from_millis(200)).await;
    }

    // The same series, but for those that one had not scraped yet.
    let theirs: BTreeSet<String> = values(server, "{job=~\".+\"}").into_keys().collect();
    let mut ours = BTreeMap::new();
    for (labels, samples) in support::floats(&**storage, &[]) {
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
    for (labels, value) in values(server, unchanging) {
        assert_eq!(ours[&labels], value, "{labels}");
    }

    // The same states and metadata.
    let targets = server.get("/api/v1/targets").data().unwrap();
    for target in targets["activeTargets"].as_array().unwrap() {
        let job = target["scrapePool"].as_str().unwrap();
        let ours = beside.target(job);
        assert_eq!(target["lastError"], ours.state().last_error, "{job}");
        assert_eq!(target["health"], ours.state().health.as_str());
        assert_eq!(target["scrapeUrl"], ours.url());
        assert_eq!(series(&target["labels"]), ours.labels().to_string());
        let [theirs, ours] = beside.metadata(job);
        assert_eq!(ours, theirs, "{job}");
    }

    let [theirs, ours] = beside.exemplars();
    assert_eq!(ours, theirs);
    assert!(ours.len() >= 6, "{ours:?}");

    // At the same moments of the interval. Either may be late now and then, and neither is early.
    let ups = beside.ours("up");
    let theirs = moments(server);
    for (labels, samples) in ups {
        let job = JOBS.into_iter().find(|job| labels.contains(&format!("job=\"{job}\""))).unwrap();
        let apart = |a: i64, b: i64| (a - b).rem_euclid(2_000).min((b - a).rem_euclid(2_000));
        let pairs = samples.iter().flat_map(|(ours, _)| theirs[job].iter().map(|theirs| apart(*ours, *theirs)));
        let nearest = pairs.min().unwrap();
        assert!(nearest <= 20, "{job}: {nearest} ms apart: {samples:?} {:?}", theirs[job]);
    }
    manager.shutdown().await;
}
