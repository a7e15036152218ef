//! promd's own metrics: what alerts and dashboards of the prometheus-mixin ask for is there, under the names and with the
//! labels that they ask for.
#![expect(clippy::unwrap_used, reason = "a test that cannot do its work fails")]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use promd_testkit::Server;

use support::{promd, value};

/// Families with labels that expressions of the mixin select or group by (`documentation/prometheus-mixin`).
const MIXIN: &[(&str, &[&str])] = &[
    ("prometheus_build_info", &["branch", "goarch", "goos", "goversion", "revision", "tags", "version"]),
    ("prometheus_config_last_reload_successful", &[]),
    ("prometheus_engine_queries", &[]),
    ("prometheus_engine_queries_concurrent_max", &[]),
    ("prometheus_engine_query_duration_seconds", &["slice", "quantile"]),
    ("prometheus_notifications_alertmanagers_discovered", &[]),
    ("prometheus_notifications_queue_capacity", &[]),
    ("prometheus_notifications_queue_length", &[]),
    ("prometheus_remote_storage_samples_in_total", &[]),
    ("prometheus_sd_discovered_targets", &["name", "config"]),
    ("prometheus_target_interval_length_seconds", &["interval", "quantile"]),
    ("prometheus_target_metadata_cache_entries", &["scrape_job"]),
    ("prometheus_target_scrape_pool_exceeded_label_limits_total", &[]),
    ("prometheus_target_scrape_pool_exceeded_target_limit_total", &[]),
    ("prometheus_target_scrapes_exceeded_body_size_limit_total", &[]),
    ("prometheus_target_scrapes_exceeded_sample_limit_total", &[]),
    ("prometheus_target_scrapes_sample_duplicate_timestamp_total", &[]),
    ("prometheus_target_scrapes_sample_out_of_bounds_total", &[]),
    ("prometheus_target_scrapes_sample_out_of_order_total", &[]),
    ("prometheus_target_sync_failed_total", &["scrape_job"]),
    ("prometheus_target_sync_length_seconds", &["scrape_job", "quantile"]),
    ("prometheus_tsdb_clean_start", &[]),
    ("prometheus_tsdb_compactions_failed_total", &[]),
    ("prometheus_tsdb_head_chunks", &[]),
    ("prometheus_tsdb_head_samples_appended_total", &["type"]),
    ("prometheus_tsdb_head_series", &[]),
    ("prometheus_tsdb_reloads_failures_total", &[]),
    ("prometheus_tsdb_wal_segment_current", &[]),
    ("process_start_time_seconds", &[]),
];

/// What common dashboards draw beside those.
const DASHBOARDS: &[(&str, &[&str])] = &[
    ("go_goroutines", &[]),
    ("go_memstats_alloc_bytes", &[]),
    ("go_memstats_heap_inuse_bytes", &[]),
    ("go_threads", &[]),
    ("process_cpu_seconds_total", &[]),
    ("process_max_fds", &[]),
    ("process_open_fds", &[]),
    ("process_resident_memory_bytes", &[]),
    ("process_virtual_memory_bytes", &[]),
    ("prometheus_config_last_reload_success_timestamp_seconds", &[]),
    ("prometheus_http_request_duration_seconds", &["handler", "le"]),
    ("prometheus_http_requests_total", &["handler", "code"]),
    ("prometheus_http_response_size_bytes", &["handler", "le"]),
    ("prometheus_ready", &[]),
    ("prometheus_tsdb_blocks_loaded", &[]),
    ("prometheus_tsdb_head_max_time_seconds", &[]),
    ("prometheus_tsdb_head_min_time_seconds", &[]),
    ("prometheus_tsdb_lowest_timestamp_seconds", &[]),
    ("prometheus_tsdb_storage_blocks_bytes", &[]),
    ("promhttp_metric_handler_requests_in_flight", &[]),
    ("promhttp_metric_handler_requests_total", &["code"]),
];

/// The names of labels by the names of samples, of a text in the format of Prometheus.
fn samples(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, rest) = line.split_once(['{', ' ']).unwrap();
        let labels = rest.rsplit_once('}').map_or("", |(labels, _)| labels);
        let names = labels.split("\",").filter_map(|pair| pair.split_once("=\"")).map(|(name, _)| name.to_owned());
        all.entry(name.to_owned()).or_default().extend(names);
    }
    all
}

#[test]
fn alerts_and_dashboards_find_what_they_ask_for() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::launch(&promd(), folder.path()).start();
    // It scrapes itself, which takes the port that it has.
    let config = format!(
        "global: {{scrape_interval: 1s}}\nscrape_configs: [{{job_name: self, static_configs: [{{targets: ['{}']}}]}}]\n",
        server.address()
    );
    std::fs::write(folder.path().join("prometheus.yml"), config).unwrap();
    let hang_up = std::process::Command::new("kill").args(["-HUP", &server.process_id().to_string()]).status();
    assert!(hang_up.unwrap().success());
    value(&server, "count_over_time(up[1h]) > 2");
    let text = server.get("/metrics").text();
    let samples = samples(&text);
    let labels_of = |family: &str| {
        let parts = [String::new(), "_bucket".to_owned()].map(|part| samples.get(&format!("{family}{part}")));
        parts.into_iter().flatten().next()
    };
    let missing: Vec<String> = MIXIN
        .iter()
        .chain(DASHBOARDS)
        .filter_map(|(family, labels)| match labels_of(family) {
            None => Some((*family).to_owned()),
            Some(known) => {
                let absent: Vec<_> = labels.iter().filter(|label| !known.contains(**label)).collect();
                (!absent.is_empty()).then(|| format!("{family} without {absent:?}"))
            }
        })
        .collect();
    assert!(missing.is_empty(), "{missing:#?}\n{text}");
    let slices = text.lines().filter(|line| line.starts_with("prometheus_engine_query_duration_seconds_count{"));
    assert_eq!(slices.count(), 4);
    // What is scraped is what is shown.
    assert_eq!(value(&server, "prometheus_ready")[0]["value"][1], "1");
}
