//! From what was found to what is scraped.

mod support;

use std::time::Duration;

use promd_scrape::{JobTargets, ScrapeOptions};
use support::simulated::{Rig, Says};

/// The targets of one job.
async fn targets(job: &str) -> JobTargets {
    let rig = Rig::new(ScrapeOptions::default());
    rig.apply(&format!("scrape_configs: [{{job_name: j, {job}}}]")).await;
    rig.manager.targets()["j"].clone()
}

/// The address and the labels of the only target.
async fn one(job: &str) -> (String, String) {
    let targets = targets(job).await;
    let [target] = &targets.active[..] else { panic!("{} targets", targets.active.len()) };
    (target.url().to_owned(), target.labels().to_string())
}

#[tokio::test]
async fn labels_and_addresses() {
    let check = async |job: &str, url: &str, labels: &str| {
        assert_eq!(one(job).await, (url.to_owned(), labels.to_owned()), "{job}");
    };
    check(
        "static_configs: [{targets: ['a:1'], labels: {env: x, __meta_y: z}}]",
        "http://a:1/metrics",
        "{env=\"x\", instance=\"a:1\", job=\"j\"}",
    )
    .await;
    check(
        "scheme: https, metrics_path: /p, params: {m: [a, b], n: [c]}, static_configs: [{targets: ['a']}]",
        "https://a/p?m=a&m=b&n=c",
        "{instance=\"a\", job=\"j\"}",
    )
    .await;
    // As blackbox_exporter is used: the address becomes a parameter, and another one takes its place.
    check(
        "params: {module: [icmp]}, static_configs: [{targets: ['1.2.3.4']}], relabel_configs: [\
            {source_labels: [__address__], target_label: __param_target}, \
            {source_labels: [__param_target], target_label: instance}, \
            {target_label: __address__, replacement: 'blackbox:9115'}, \
            {target_label: __metrics_path__, replacement: /probe}]",
        "http://blackbox:9115/probe?module=icmp&target=1.2.3.4",
        "{instance=\"1.2.3.4\", job=\"j\"}",
    )
    .await;
    check(
        "static_configs: [{targets: ['a:1'], labels: {job: own, __scheme__: https}}]",
        "https://a:1/metrics",
        "{instance=\"a:1\", job=\"own\"}",
    )
    .await;
}

#[tokio::test]
async fn intervals_may_be_set_by_labels() {
    let targets = targets(
        "scrape_interval: 1m, static_configs: [{targets: ['a:1'], labels: {__scrape_interval__: 5s, __scrape_timeout__: 3s}}]",
    )
    .await;
    let target = &targets.active[0];
    assert_eq!((target.interval(), target.timeout()), (Duration::from_secs(5), Duration::from_secs(3)));
}

#[tokio::test]
async fn what_cannot_be_scraped_is_left_out() {
    let wrong = [
        "{__address__: ''}",
        "{__scrape_interval__: 0s}",
        "{__scrape_interval__: x}",
        "{__scrape_timeout__: 0s}",
        "{__scrape_timeout__: 2m}",
        "{__scrape_native_histograms__: maybe}",
    ];
    for labels in wrong {
        let rename = "relabel_configs: [{regex: 'x(.*)', action: labelmap, replacement: '$1'}]";
        let labels = labels.replace("{__", "{x__");
        let targets =
            targets(&format!("static_configs: [{{targets: ['a:1', 'b:1'], labels: {labels}}}], {rename}")).await;
        let expect = if labels.contains("address") { 2 } else { 0 };
        assert_eq!(targets.active.len(), expect, "{labels}");
    }
    let targets =
        targets("static_configs: [{targets: ['http://a:1/x', 'b:1']}], relabel_configs: [{target_label: x}]").await;
    assert_eq!(targets.active.len(), 1);
}

#[tokio::test]
async fn dropped_targets_are_kept_as_many_as_are_wanted() {
    let drop_b = "relabel_configs: [{source_labels: [__address__], regex: 'b.*', action: drop}]";
    let found = "static_configs: [{targets: ['a:1', 'b:1', 'b:2', 'b:3']}]";
    for (keep, kept) in [(0, 3), (2, 2)] {
        let targets = targets(&format!("{found}, {drop_b}, keep_dropped_targets: {keep}")).await;
        assert_eq!((targets.active.len(), targets.dropped.len(), targets.dropped_count), (1, kept, 3));
        let labels = targets.dropped[0].discovered_labels();
        assert_eq!((labels.get("__address__"), labels.get("job")), (Some("b:1"), Some("j")));
    }
}

#[tokio::test]
async fn a_target_that_is_found_twice_is_scraped_once() {
    let targets = targets("static_configs: [{targets: ['a:1', 'a:1']}, {targets: ['a:1']}]").await;
    assert_eq!(targets.active.len(), 1);
}

#[tokio::test]
async fn too_many_targets_are_all_down() {
    let rig = Rig::new(ScrapeOptions::default());
    rig.script(|_, _| Says::text("a 1\n"));
    let config = |limit| {
        format!(
            "scrape_configs: [{{job_name: j, scrape_interval: 10s, target_limit: {limit}, \
             static_configs: [{{targets: ['a:1', 'b:1']}}]}}]"
        )
    };
    rig.apply(&config(1)).await;
    rig.pass(Duration::from_secs(10)).await;
    for target in &rig.manager.targets()["j"].active {
        assert_eq!(target.state().last_error, "target_limit exceeded (number of targets: 2, limit: 1)");
    }
    rig.apply(&config(2)).await;
    rig.pass(Duration::from_secs(10)).await;
    assert!(rig.manager.targets()["j"].active.iter().all(|target| target.state().last_error.is_empty()));
}

/// By `mutateSampleLabels` of `scrape/scrape.go`.
#[tokio::test]
async fn labels_of_the_body_and_of_the_target() {
    let body = "m{job=\"x\",exported_job=\"y\",instance=\"\",n=\"1\"} 1\n";
    let cases = [
        (
            false,
            "{__name__=\"m\", exported_exported_job=\"x\", exported_job=\"y\", instance=\"a:1\", job=\"j\", n=\"1\"}",
        ),
        (true, "{__name__=\"m\", exported_job=\"y\", job=\"x\", n=\"1\"}"),
    ];
    for (honor, expect) in cases {
        let rig = Rig::new(ScrapeOptions::default());
        rig.script(move |_, _| Says::text(body));
        let config = format!(
            "scrape_configs: [{{job_name: j, scrape_interval: 10s, honor_labels: {honor}, static_configs: [{{targets: ['a:1']}}]}}]"
        );
        rig.apply(&config).await;
        rig.pass(Duration::from_secs(10)).await;
        let stored: Vec<String> = rig.floats().into_keys().filter(|labels| labels.contains("\"m\"")).collect();
        assert_eq!(stored, [expect]);
    }
}
