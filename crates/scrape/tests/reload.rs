//! Thousands of targets: when each is asked, and what a reload does to them.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use promd_scrape::ScrapeOptions;
use support::simulated::{Rig, START, Says};

const TARGETS: usize = 5_000;

/// Ten jobs of five hundred targets, the first of them with an option.
fn config(option: &str) -> String {
    let mut text = "scrape_configs:\n".to_owned();
    for job in 0..10 {
        let option = if job == 0 { option } else { "" };
        let targets: Vec<String> = (0..TARGETS / 10).map(|at| format!("'t{at}:{job}'")).collect();
        let targets = targets.join(", ");
        writeln!(
            text,
            "- {{job_name: j{job}, scrape_interval: 10s, static_configs: [{{targets: [{targets}]}}]{option}}}"
        )
        .unwrap();
    }
    text
}

/// When each target was asked, in nanoseconds since the start.
fn asked(rig: &Rig) -> BTreeMap<String, Vec<u128>> {
    let mut times: BTreeMap<String, Vec<u128>> = BTreeMap::new();
    for (time, url) in rig.targets.asked.lock().unwrap().iter() {
        times.entry(url.clone()).or_default().push(time.since(START).as_nanos());
    }
    times
}

#[tokio::test]
async fn no_scrape_is_missed_or_moved_by_a_reload() {
    let mut options = ScrapeOptions::default();
    options.host_name = "a.example".to_owned();
    let rig = Rig::new(options);
    rig.script(|_, _| Says::text("a 1\n"));
    rig.apply(&config("")).await;
    rig.pass(Duration::from_secs(14)).await;
    rig.apply(&config(", honor_labels: true")).await;
    rig.pass(Duration::from_secs(3)).await;
    // Back again, with other limits, which leaves the caches as they are.
    rig.apply(&config(", honor_labels: true, sample_limit: 10")).await;
    rig.pass(Duration::from_secs(23)).await;

    let interval = Duration::from_secs(10).as_nanos();
    let asked = asked(&rig);
    assert_eq!(asked.len(), TARGETS);
    for (url, times) in &asked {
        assert_eq!(times.len(), 4, "{url} was asked at {times:?}");
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] == interval), "{url} was asked at {times:?}");
    }
    let mut moments: Vec<u128> = asked.values().map(|times| times[0]).collect();
    moments.sort_unstable();
    moments.dedup();
    assert!(moments.len() > TARGETS * 9 / 10, "they are spread over the interval");

    let floats = rig.floats();
    let of = |name: &str| {
        let name = format!("{{__name__=\"{name}\"");
        floats.iter().filter(move |(labels, _)| labels.starts_with(&name)).map(|(_, samples)| samples)
    };
    assert!(of("a").all(|samples| samples.len() == 4 && samples.iter().all(|(_, value)| value.is_some())));
    assert_eq!(of("a").count(), TARGETS);
    // Series are new once. The first reload names them anew, so that those of its job are new to it again.
    let added: f64 = of("scrape_series_added").flatten().filter_map(|(_, value)| *value).sum();
    assert_eq!(added, 5_500.0);
}

/// Expected values by Go 1.19 from the formula of `scrape/target.go`: FNV-1a over the decimal hash of the labels
/// (XXH64) and the address, exclusive-or the seed, which is FNV-1a over host name and external labels.
#[tokio::test]
async fn targets_are_asked_at_their_moments() {
    let mut options = ScrapeOptions::default();
    options.host_name = "host.example".to_owned();
    let rig = Rig::new(options);
    rig.apply("scrape_configs: [{job_name: j, scrape_interval: 10s, static_configs: [{targets: ['a:1']}]}]").await;
    rig.pass(Duration::from_secs(30)).await;
    let times = asked(&rig).remove("http://a:1/metrics").unwrap();
    let wall = u128::try_from(START.nanos()).unwrap() + times[0];
    assert_eq!(wall % 10_000_000_000, expected_offset());
}

/// The formula written out, with the hash of the labels from the outside.
fn expected_offset() -> u128 {
    let fnv = |start: u64, text: &str| {
        text.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    };
    let labels = [
        ("__address__", "a:1"),
        ("__always_scrape_classic_histograms__", "false"),
        ("__convert_classic_histograms_to_nhcb__", "false"),
        ("__metrics_path__", "/metrics"),
        ("__scheme__", "http"),
        ("__scrape_interval__", "10s"),
        ("__scrape_native_histograms__", "false"),
        ("__scrape_timeout__", "10s"),
        ("instance", "a:1"),
        ("job", "j"),
    ];
    let labels = promd_model::Labels::from_pairs(labels).unwrap();
    let start = 0xcbf2_9ce4_8422_2325;
    let hash = fnv(fnv(start, &format!("{:016}", labels.hash())), "http://a:1/metrics");
    let seed = fnv(start, "host.example{}");
    u128::from((hash ^ seed) % 10_000_000_000)
}
