//! Bodies that a real Prometheus has scraped, over loopback through all of the scraper, against what it stored: series, synthetic ones
//! included, health, errors, metadata and exemplars.
//!
//! The cases and the differences between the Prometheus that was asked (3.5.3) and the one that counts (3.14) are
//! those of the parsers' tests.
#![expect(clippy::unwrap_used, reason = "data that cannot be read fails the test")]

#[path = "../../../exposition/tests/conformance/data.rs"]
mod data;
#[path = "../../../exposition/tests/conformance/differences.rs"]
mod differences;
#[path = "../support/mod.rs"]
mod support;

/// What was scraped, in the form that it is compared in.
mod scraper {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::Value;

    #[derive(Default)]
    pub(crate) struct Scraped {
        pub(crate) error: Option<String>,
        pub(crate) samples: usize,
        pub(crate) series: BTreeMap<crate::data::Labels, Value>,
        pub(crate) metadata: BTreeSet<String>,
        pub(crate) exemplars: BTreeSet<String>,
    }
}

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use data::{Case, Expect};
use differences::Difference;
use promd_clock::{Clock, RealClock};
use promd_model::{FloatHistogram, Interval, Labels, Run, float, is_stale};
use promd_scrape::{Executor, Health, HttpFetchFactory, Manager, Parts, ScrapeOptions, Starts, Target};
use promd_storage::{MemStorage, Storage};
use scraper::Scraped;
use serde_json::{Value, json};
use support::loopback::{Reply, serve};

/// How far back queries look.
const LOOKBACK: i64 = 5 * 60 * 1000;

/// The body with its placeholders `@@MS@@`, `@@MS+n@@` and `@@S@@` replaced by times.
fn with_times(body: &[u8], now: i64) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.windows(2).position(|pair| pair == b"@@") {
        let (before, from) = rest.split_at(at);
        out.extend_from_slice(before);
        let end = from[2..].windows(2).position(|pair| pair == b"@@").map(|end| end + 2);
        let name = end.map(|end| String::from_utf8_lossy(&from[2..end]).into_owned()).unwrap_or_default();
        let time = match name.as_str() {
            "S" => Some(now / 1000),
            "MS" => Some(now),
            name => name.strip_prefix("MS+").and_then(|later| later.parse::<i64>().ok()).map(|later| now + later),
        };
        match (time, end) {
            (Some(time), Some(end)) => {
                out.extend_from_slice(time.to_string().as_bytes());
                rest = &from[end + 2..];
            }
            _ => {
                out.extend_from_slice(&from[..2]);
                rest = &from[2..];
            }
        }
    }
    out.extend_from_slice(rest);
    out
}

/// How the target of a case answers.
fn reply(case: &Case, clock: &RealClock) -> Reply {
    let serve = |name: &str| case.serve().get(name).cloned();
    let mut reply = Reply { body: with_times(&case.body, clock.wall().millis()), ..Reply::default() };
    if let Some(content_type) = &case.content_type {
        reply.headers.push(("Content-Type", content_type.clone()));
    }
    if serve("gzip").is_some_and(|gzip| gzip == true) {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&reply.body).unwrap();
        reply.body = packed.finish().unwrap();
        reply.headers.push(("Content-Encoding", "gzip".to_owned()));
    }
    if let Some(delay) = serve("delay").and_then(|delay| delay.as_u64()) {
        reply.delay = Duration::from_secs(delay);
    }
    reply.truncate = serve("truncate").is_some();
    reply.status = serve("status").and_then(|status| status.as_u64()).map(|status| match status {
        301 => "301 Moved Permanently".to_owned(),
        400 => "400 Bad Request".to_owned(),
        404 => "404 Not Found".to_owned(),
        500 => "500 Internal Server Error".to_owned(),
        other => panic!("no reason is known for {other}"),
    });
    if reply.status.as_deref().is_some_and(|status| status.starts_with("301")) {
        reply.headers.push(("Location", "/nowhere".to_owned()));
    }
    reply
}

/// The job of a case, as the README of the data says.
fn job(case: &Case, address: &str) -> String {
    let mut job = json!({
        "job_name": case.name,
        "metrics_path": format!("/c/{}", case.name),
        "scrape_interval": "2s",
        "scrape_timeout": "1500ms",
        "scrape_native_histograms": true,
        "honor_timestamps": false,
        "static_configs": [{"targets": [address], "labels": {"instance": "i"}}],
    });
    for (name, value) in case.options() {
        job[name] = value.clone();
    }
    job.to_string()
}

/// A value as the API has it.
fn value(value: f64) -> String {
    float::json(value).trim_matches('"').to_owned()
}

fn histogram(histogram: &FloatHistogram) -> Value {
    let bounds = |bucket: &promd_model::Bucket| match (bucket.lower_inclusive, bucket.upper_inclusive) {
        (false, true) => 0,
        (true, false) => 1,
        (false, false) => 2,
        (true, true) => 3,
    };
    let filled = histogram.all().filter(|bucket| bucket.count != 0.0);
    let buckets: Vec<Value> =
        filled.map(|b| json!([bounds(&b), value(b.lower), value(b.upper), value(b.count)])).collect();
    let mut json = json!({"count": value(histogram.count), "sum": value(histogram.sum)});
    if !buckets.is_empty() {
        json["buckets"] = Value::Array(buckets);
    }
    json
}

/// Labels as the data has them.
fn pairs(labels: &Labels) -> data::Labels {
    labels.iter().map(|label| (label.name.to_owned(), label.value.to_owned())).collect()
}

/// What a query at `now` sees, by job.
fn stored(storage: &MemStorage, now: i64) -> HashMap<String, Scraped> {
    let mut by_job: HashMap<String, Scraped> = HashMap::new();
    support::each(storage, &[], |labels, columns| {
        // The first label of the target wins over those of the body, so that it is always the job.
        let job = labels.get("job").unwrap().to_owned();
        let mut last = None;
        for run in columns.runs() {
            for row in 0..run.times().len() {
                let time = run.times()[row];
                if time > now - LOOKBACK && time <= now {
                    last = match &run {
                        Run::Floats(floats) => (!is_stale(floats.v[row])).then(|| value(floats.v[row]).into()),
                        Run::Histograms(run) => {
                            let one = run.histogram(row);
                            (!one.is_stale()).then(|| histogram(&one.to_float()))
                        }
                        Run::FloatHistograms(run) => {
                            let one = run.float_histogram(row);
                            (!one.is_stale()).then(|| histogram(&one))
                        }
                    };
                }
            }
        }
        if labels.metric_name() != Some("scrape_duration_seconds")
            && let Some(last) = last
        {
            by_job.entry(job).or_default().series.insert(pairs(labels), last);
        }
    });
    let reader = storage.reader(Interval::ALL).unwrap();
    for series in reader.exemplars(&[vec![]], Interval::new(now - LOOKBACK, now)).unwrap() {
        let scraped = by_job.entry(series.labels.get("job").unwrap().to_owned()).or_default();
        for exemplar in
            series.exemplars.iter().filter(|one| one.label_chars() <= promd_model::Exemplar::MAX_LABEL_CHARS)
        {
            let labels: Vec<String> = exemplar.labels.iter().map(|l| format!("{:?}: {:?}", l.name, l.value)).collect();
            let shown = format!("[{{{}}}, {}]", labels.join(", "), float::json(exemplar.value));
            scraped.exemplars.insert(format!("{:?} {shown}", pairs(&series.labels)));
        }
    }
    by_job
}

/// Scrapes all cases, each at least twice.
async fn scrape(cases: Arc<HashMap<String, Case>>, options: ScrapeOptions) -> HashMap<String, Scraped> {
    let clock = RealClock::new();
    let (serving, time) = (Arc::clone(&cases), clock.clone());
    let address = serve(move |head| {
        let path = head.split(' ').nth(1).unwrap_or_default();
        match path.strip_prefix("/c/").and_then(|name| serving.get(name)) {
            Some(case) => reply(case, &time),
            None => Reply { status: Some("404 Not Found".to_owned()), ..Reply::default() },
        }
    })
    .await
    .to_string();
    let texts: Vec<String> = cases.values().map(|case| job(case, &address)).collect();
    let jobs = support::jobs(&format!("{{\"scrape_configs\": [{}]}}", texts.join(",")));
    let storage = Arc::new(MemStorage::new());
    let clock: Arc<dyn Clock> = Arc::new(clock);
    let parts = Parts {
        storage: Arc::clone(&storage) as _,
        clock: Arc::clone(&clock),
        fetch: Arc::new(HttpFetchFactory::new("promd/test", Arc::clone(&clock))),
        executor: Executor::bounded(2),
    };
    let manager = Manager::new(options, "promd/test", parts);
    let sets = support::sets(&jobs);
    manager.apply(jobs, &Labels::empty()).await.unwrap();
    manager.set_targets(sets).await;

    // Each is scraped within its interval, and again one later; the slow one takes its timeout.
    let targets: Vec<Arc<Target>> = manager.targets().into_values().flat_map(|job| job.active).collect();
    assert_eq!(targets.len(), cases.len());
    let mut first = HashMap::new();
    let deadline = clock.monotonic() + Duration::from_secs(60);
    loop {
        let waiting = targets.iter().filter(|target| {
            let Some(last) = target.state().last_scrape else { return true };
            *first.entry(target.url().to_owned()).or_insert(last) == last
        });
        let waiting: Vec<&str> = waiting.map(|target| target.url()).collect();
        if waiting.is_empty() {
            break;
        }
        assert!(clock.monotonic() < deadline, "not scraped twice: {waiting:?}");
        clock.sleep(Duration::from_millis(50)).await;
    }
    let states: BTreeMap<String, _> = targets.iter().map(|target| (target.job().job_name.clone(), target)).collect();
    manager.shutdown().await;
    let mut all = stored(&storage, clock.wall().millis());
    for (job, target) in states {
        let scraped = all.entry(job).or_default();
        let state = target.state();
        let error = state.last_error.replace(&address, "ADDR");
        scraped.error = (state.health != Health::Up).then_some(error);
        for known in target.metadata().list() {
            let promd_model::Metadata { metric_type, unit, help } = known.metadata;
            scraped.metadata.insert(format!("{:?}", [known.family, metric_type.to_string(), help, unit]));
        }
    }
    all
}

/// Why an answer may differ from that of 3.5.3, if there is a reason.
fn excuse(expect: &Expect, scraped: &Scraped, without_created: Option<&Scraped>) -> Option<&'static str> {
    // 3.5.3 asks for the start of each classic histogram that it converts, and leaves out `_created` series from the
    // first time on.
    if without_created.is_some_and(|other| expect.compare(other).iter().all(|text| is_about_created_series(text))) {
        return Some(Difference::CreatedSeries.upstream());
    }
    // 3.5.3 takes the histogram, and then cannot commit.
    if expect.is_up() && scraped.error.as_ref().is_some_and(|text| text.starts_with("histogram has an invalid schema"))
    {
        return Some("a histogram of an unknown schema is refused when it is appended");
    }
    Difference::between(expect, scraped).map(Difference::upstream)
}

/// Whether a problem is that a `_created` series is not there, or a count that follows from it.
fn is_about_created_series(problem: &str) -> bool {
    let counts = ["scrape_samples_scraped", "scrape_samples_post_metric_relabeling", "scrape_series_added"];
    let missing = problem.starts_with("series: missing ") && problem.contains("_created\", ");
    missing || counts.iter().any(|name| problem.contains(name))
}

/// Writes a line past the capture of the test harness: the counts are part of what continuous integration shows.
fn say(line: &str) {
    // Nothing depends on it.
    let _ = writeln!(io::stderr(), "{line}");
}

/// Judges all cases of a folder and prints the counts.
async fn run(folder: &Path) {
    let (cases, expects): (Vec<Case>, Vec<Expect>) = data::load(folder).into_iter().unzip();
    let expects: BTreeMap<String, Expect> = cases.iter().map(|case| case.name.clone()).zip(expects).collect();
    let cases: HashMap<String, Case> = cases.into_iter().map(|case| (case.name.clone(), case)).collect();
    let cases = Arc::new(cases);
    let scraped = scrape(Arc::clone(&cases), ScrapeOptions::default()).await;
    // The same once more for those that are converted, with starts in the place of `_created` series.
    let converts = |case: &Case| case.option("convert_classic_histograms_to_nhcb");
    let converted = data::load(folder).into_iter().map(|(case, _)| case).filter(converts);
    let converted: HashMap<String, Case> = converted.map(|case| (case.name.clone(), case)).collect();
    let mut options = ScrapeOptions::default();
    options.starts = Starts::Stored;
    let without_created = scrape(Arc::new(converted), options).await;
    let (mut passed, mut failed) = (0, Vec::new());
    for (name, expect) in &expects {
        let scraped = &scraped[name];
        let problems = expect.compare(scraped);
        if problems.is_empty() {
            passed += 1;
        } else if let Some(change) = excuse(expect, scraped, without_created.get(name)) {
            passed += 1;
            say(&format!("{name}: differs from 3.5.3: {change}"));
        } else {
            failed.push(format!("{name}:\n  {}", problems.join("\n  ")));
        }
    }
    say(&format!("scraped: {passed} passed, {} failed of {}", failed.len(), expects.len()));
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(passed > 0, "no case was run");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_are_scraped_as_the_real_prometheus_scrapes_them() {
    if let Some(folder) = promd_testkit::conformance("exposition") {
        run(&folder).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_own_bodies_are_scraped_as_the_real_prometheus_scrapes_them() {
    run(&promd_testkit::testdata("exposition")).await;
}
