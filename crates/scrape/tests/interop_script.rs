//! A target that follows a script, scraped by the real Prometheus and by this crate: after each scrape the same series are there with
//! the same values, and the same ones have ended.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::collections::{BTreeMap, HashMap};
use std::io::Write as _;
use std::sync::Mutex;
use std::time::Duration;

use promd_model::{Matcher, float};
use promd_testkit::Server;
use support::Float;
use support::beside::{Beside, series};
use support::loopback::{Reply, serve};

/// What the target says, scrape by scrape. `@` is a time shortly after the answer, in milliseconds.
const SCRIPT: &[(&str, How)] = &[
    ("a 1\nb 1\nc 1 @\n", How::Well),
    // What stands before the mistake has not ended; what stands behind it has.
    ("a 2\n{{{\nb 2\n", How::Well),
    ("a 3\nb 3\nc 3 @\n", How::Well),
    // Gone, and back.
    ("b 4\n", How::Well),
    ("a 5\nb 5\nc 5 @\nd 5\n", How::Gzip),
    ("a 6\n", How::Status("500 Internal Server Error")),
    ("a 7\nb 7\n", How::Well),
    ("a 8\nb 8\n", How::Slow),
    ("a 9\nb 9\n", How::Redirect),
    ("a 10\nb 10\n", How::Truncated),
    ("a 11\nb 11\na 12\n", How::Well),
    // Larger than the limit of the job.
    ("a 13\n# .................................................................................\n", How::Well),
    ("", How::Well),
    ("a 15\nb 15\n", How::Well),
    // Another text of the same series.
    ("a{} 16\nb{x=\"\"} 16\n", How::Well),
    ("a 17\nb 17\n", How::OtherType),
    ("a 18\nb 18\n", How::Well),
];

#[derive(Debug, Clone, Copy, PartialEq)]
enum How {
    Well,
    Gzip,
    Status(&'static str),
    Slow,
    Redirect,
    Truncated,
    OtherType,
}

fn reply(step: usize, is_redirected: bool, now: i64) -> Reply {
    // Behind the end of the script the last step goes on.
    let (body, how) = SCRIPT[step.min(SCRIPT.len() - 1)];
    let mut reply = Reply { body: body.replace('@', &now.to_string()).into_bytes(), ..Reply::default() };
    let kind = if how == How::OtherType { "application/json" } else { "text/plain; version=0.0.4" };
    reply.headers.push(("Content-Type", kind.to_owned()));
    match how {
        How::Status(status) => reply.status = Some(status.to_owned()),
        How::Gzip => {
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            packed.write_all(&reply.body).unwrap();
            reply.body = packed.finish().unwrap();
            reply.headers.push(("Content-Encoding", "gzip".to_owned()));
        }
        How::Slow => reply.delay = Duration::from_secs(2),
        How::Redirect if !is_redirected => {
            reply.status = Some("302 Found".to_owned());
            reply.headers.push(("Location", "/elsewhere".to_owned()));
        }
        How::Truncated => reply.truncate = true,
        How::Well | How::Redirect | How::OtherType => {}
    }
    reply
}

/// The values of all series at the moment of a scrape, as a query sees them then.
type Seen = BTreeMap<String, String>;

/// How long a scrape took depends on the clock.
const TIMED: &str = "scrape_duration_seconds";

fn theirs(server: &Server, job: &str, steps: usize) -> Option<Vec<Seen>> {
    let query = |query: &str, time: &str| server.query(query, time).unwrap()["result"].as_array().unwrap().clone();
    let ups = query(&format!("up{{job=\"{job}\"}}[5m]"), &support::beside::now());
    let times: Vec<String> = ups.first()?["values"].as_array()?.iter().map(|sample| sample[0].to_string()).collect();
    let at = |time: &String| {
        let all = query(&format!("{{job=\"{job}\",__name__!=\"{TIMED}\"}}"), time);
        all.iter().map(|one| (series(&one["metric"]), one["value"][1].as_str().unwrap().to_owned())).collect()
    };
    (times.len() >= steps).then(|| times.iter().take(steps).map(at).collect())
}

fn ours(beside: &Beside, job: &str, steps: usize) -> Option<Vec<Seen>> {
    let all = support::floats(&*beside.storage, &[Matcher::equal("job", job)]);
    let is_up = |labels: &str| labels.starts_with("{__name__=\"up\"");
    let times: Vec<i64> = all.iter().find(|(labels, _)| is_up(labels))?.1.iter().map(|(time, _)| *time).collect();
    let at = |time: i64| {
        let last =
            |samples: &[Float]| samples.iter().rev().find(|sample| sample.0 <= time).and_then(|(_, value)| *value);
        let seen = all.iter().filter(|(labels, _)| !labels.contains(TIMED));
        seen.filter_map(|(labels, samples)| {
            last(samples).map(|value| (labels.clone(), float::json(value).trim_matches('"').to_owned()))
        })
        .collect()
    };
    (times.len() >= steps).then(|| times.iter().take(steps).copied().map(at).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_scrape_leaves_the_same() {
    let Some(prometheus) = promd_testkit::peer("prometheus") else { return };
    let counts: Mutex<HashMap<String, usize>> = Mutex::default();
    let address = serve(move |head| {
        use promd_clock::Clock as _;
        let now = promd_clock::RealClock::new().wall().millis() + 100;
        // Either scraper, and each job of it, follows the script on its own.
        let agent = head.lines().find(|line| line.to_ascii_lowercase().starts_with("user-agent")).unwrap().to_owned();
        let job = head.lines().find(|line| line.to_ascii_lowercase().starts_with("x-job")).unwrap().to_owned();
        let mut counts = counts.lock().unwrap();
        let count = counts.entry(agent + &job).or_default();
        if head.starts_with("GET /elsewhere") {
            return reply(*count - 1, true, now);
        }
        *count += 1;
        reply(*count - 1, false, now)
    })
    .await;
    let jobs = ["plain", "tracking", "ignoring", "honest"];
    let options = ["", "track_timestamps_staleness: true,", "honor_timestamps: false,", "honor_labels: true,"];
    let mut text = "global: {scrape_interval: 1s, scrape_timeout: 500ms}\nscrape_configs:\n".to_owned();
    for (job, options) in jobs.iter().zip(options) {
        text.push_str(&format!(
            "- {{job_name: {job}, body_size_limit: 80B, {options} http_headers: {{X-Job: {{values: [{job}]}}}}, \
             static_configs: [{{targets: ['{address}'], labels: {{instance: i}}}}]}}\n"
        ));
    }
    let folder = tempfile::tempdir().unwrap();
    let beside = Beside::start(Server::launch(&prometheus, folder.path()), text.clone(), &text).await;
    let steps = SCRIPT.len();
    let deadline = beside.clock.monotonic() + Duration::from_secs(90);
    for job in jobs {
        let (theirs, ours) = loop {
            if let (Some(theirs), Some(ours)) = (theirs(&beside.server, job, steps), ours(&beside, job, steps)) {
                break (theirs, ours);
            }
            assert!(beside.clock.monotonic() < deadline, "{job} has not come to the end of its script");
            beside.clock.sleep(Duration::from_millis(250)).await;
        };
        for (step, (theirs, ours)) in theirs.iter().zip(&ours).enumerate() {
            assert_eq!(ours, theirs, "{job}, scrape {step}: {:?}", SCRIPT[step]);
        }
    }
    beside.manager.shutdown().await;
}
