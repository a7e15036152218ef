//! When series end, on a simulated clock with targets that follow a script.
//!
//! Expected values follow from `scrape/scrape.go`: which samples are written when.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::StatusCode;
use promd_scrape::{Health, ScrapeOptions};
use support::Float;
use support::simulated::{Rig, Says};

const SECOND: Duration = Duration::from_secs(1);

const JOB: &str = "scrape_configs: [{job_name: j, scrape_interval: 10s, scrape_timeout: 5s, \
    extra_scrape_metrics: true, static_configs: [{targets: ['a:1']}], OPTIONS}]";

fn job(options: &str) -> String {
    JOB.replace("OPTIONS", options)
}

/// A rig whose target says these things, one a scrape, and the last one for ever.
async fn rig(options: &str, says: Vec<Says>) -> Rig {
    let rig = Rig::new(ScrapeOptions::default());
    let next = AtomicUsize::new(0);
    rig.script(move |_, _| {
        let at = next.fetch_add(1, SeqCst);
        says.get(at).or(says.last()).unwrap().clone()
    });
    rig.apply(&job(options)).await;
    rig
}

/// The values of a series of the target, one for each scrape that had it.
fn values(rig: &Rig, name: &str) -> Vec<Option<f64>> {
    samples(rig, name).into_iter().map(|(_, value)| value).collect()
}

fn samples(rig: &Rig, name: &str) -> Vec<Float> {
    let labels = format!("{{__name__=\"{name}\", instance=\"a:1\", job=\"j\"}}");
    rig.floats().remove(&labels).unwrap_or_default()
}

#[tokio::test]
async fn a_series_that_is_not_there_any_more_has_ended() {
    let says = [Says::text("a 1\nb 2\n"), Says::text("b 3\n"), Says::text("a 4\nb 5\n")];
    let rig = rig("", says.to_vec()).await;
    rig.pass(30 * SECOND).await;
    assert_eq!(values(&rig, "a"), [Some(1.0), None, Some(4.0)]);
    assert_eq!(values(&rig, "b"), [Some(2.0), Some(3.0), Some(5.0)]);
    assert_eq!(values(&rig, "scrape_series_added"), [Some(2.0), Some(0.0), Some(1.0)]);
    let times = |name| samples(&rig, name).into_iter().map(|(time, _)| time).collect::<Vec<_>>();
    assert_eq!(times("a"), times("up"), "markers carry the time of the scrape that did not have it");
}

#[tokio::test]
async fn a_failed_scrape_ends_everything() {
    let broken = |change: fn(&mut Says)| {
        let mut says = Says::text("a 1\n");
        change(&mut says);
        says
    };
    let failures = [
        (broken(|says| says.error = Some("connection refused")), "connection refused", 0.0),
        (broken(|says| says.status = StatusCode::NOT_FOUND), "server returned HTTP status 404 Not Found", 0.0),
        (broken(|says| says.body = vec![b'#'; 1000]), "body size limit exceeded", -1.0),
        (broken(|says| says.delay = 7 * SECOND), "Get \"http://a:1/metrics\": context deadline exceeded", 0.0),
    ];
    for (failure, error, size) in failures {
        let rig = rig("body_size_limit: 1000B", vec![Says::text("a 1\n"), failure, Says::text("a 2\n")]).await;
        rig.pass(10 * SECOND).await;
        let (mut downs, target) = (0, Arc::clone(&rig.manager.targets()["j"].active[0]));
        while values(&rig, "up").len() < 3 {
            rig.pass(SECOND).await;
            if target.state().health == Health::Down {
                assert_eq!(target.state().last_error, error);
                downs += 1;
            }
        }
        assert!(downs > 0, "{error}");
        assert_eq!(values(&rig, "up"), [Some(1.0), Some(0.0), Some(1.0)], "{error}");
        assert_eq!(values(&rig, "a"), [Some(1.0), None, Some(2.0)], "{error}");
        assert_eq!(values(&rig, "scrape_samples_scraped"), [Some(1.0), Some(0.0), Some(1.0)]);
        assert_eq!(values(&rig, "scrape_body_size_bytes"), [Some(4.0), Some(size), Some(4.0)], "{error}");
        assert_eq!(values(&rig, "scrape_timeout_seconds"), [Some(5.0); 3]);
        let slow = if error.contains("deadline") { 5.0 } else { 0.0 };
        assert_eq!(values(&rig, "scrape_duration_seconds")[1], Some(slow));
    }
}

/// Of a body that is wrong in the middle Prometheus has noted what came before that, so that it does not end those.
#[tokio::test]
async fn what_stands_before_a_mistake_has_not_ended() {
    let says = [Says::text("a 1\nb 1\n"), Says::text("a 2\n{{{\nb 2\n"), Says::text("a 3\nb 3\n")];
    let rig = rig("", says.to_vec()).await;
    rig.pass(30 * SECOND).await;
    assert_eq!(values(&rig, "up"), [Some(1.0), Some(0.0), Some(1.0)]);
    assert_eq!(values(&rig, "a"), [Some(1.0), Some(3.0)], "nothing of the body is stored");
    assert_eq!(values(&rig, "b"), [Some(1.0), None, Some(3.0)]);
    assert_eq!(values(&rig, "scrape_samples_scraped"), [Some(2.0), Some(1.0), Some(2.0)]);
}

#[tokio::test]
async fn series_with_times_of_their_own_only_end_where_that_is_wanted() {
    for (track, ends) in [(false, false), (true, true)] {
        let rig = Rig::new(ScrapeOptions::default());
        let scrapes = AtomicUsize::new(0);
        rig.script(move |_, now| match scrapes.fetch_add(1, SeqCst) {
            0 => Says::text(&format!("a 1 {}\nb 1\n", now.millis() - 500)),
            _ => Says::text(""),
        });
        rig.apply(&job(&format!("track_timestamps_staleness: {track}"))).await;
        rig.pass(20 * SECOND).await;
        assert_eq!(values(&rig, "a").last().unwrap().is_none(), ends);
        assert_eq!(values(&rig, "b"), [Some(1.0), None], "an empty answer is a scrape, too");
        assert_eq!(values(&rig, "up")[1], Some(1.0));
    }
}

#[tokio::test]
async fn times_far_ahead_are_skipped() {
    let rig = Rig::new(ScrapeOptions::default());
    rig.script(|_, now| {
        let ahead = |minutes: i64| now.millis() + minutes * 60_000;
        Says::text(&format!("a 1 {}\nb 1 {}\nc 1\n", ahead(9), ahead(11)))
    });
    rig.apply(&job("")).await;
    rig.pass(10 * SECOND).await;
    assert_eq!((values(&rig, "a").len(), values(&rig, "b").len()), (1, 0));
    assert_eq!(values(&rig, "up"), [Some(1.0)]);
    assert_eq!(values(&rig, "scrape_samples_post_metric_relabeling"), [Some(3.0)]);
    assert_eq!(values(&rig, "scrape_series_added"), [Some(2.0)]);
}

#[tokio::test]
async fn of_a_series_that_stands_there_twice_the_first_counts() {
    let rig = rig("", vec![Says::text("a 1\na 2\nb 1\n")]).await;
    rig.pass(20 * SECOND).await;
    assert_eq!(values(&rig, "a"), [Some(1.0); 2]);
    assert_eq!(values(&rig, "scrape_samples_post_metric_relabeling"), [Some(3.0); 2]);
    assert_eq!(values(&rig, "scrape_series_added"), [Some(2.0), Some(0.0)]);
}

#[tokio::test]
async fn a_target_that_is_gone_ends_after_two_intervals_and_a_bit() {
    let rig = rig("", vec![Says::text("a 1\n")]).await;
    rig.pass(10 * SECOND).await;
    let scraped = samples(&rig, "up")[0].0;
    rig.apply("scrape_configs: [{job_name: j, scrape_interval: 10s, scrape_timeout: 5s, extra_scrape_metrics: true}]")
        .await;
    assert!(rig.manager.targets()["j"].active.is_empty());
    // The scrape that does not take place is 10 s after the last, the one after that 20, and then 10 % of an interval.
    let since = |rig: &Rig| rig.clock_millis() - scraped;
    while since(&rig) < 20_900 {
        rig.pass(Duration::from_millis(100)).await;
        assert_eq!(values(&rig, "a").len(), 1);
    }
    rig.pass(SECOND).await;
    for name in ["a", "up", "scrape_duration_seconds", "scrape_body_size_bytes"] {
        assert_eq!(samples(&rig, name).last().unwrap(), &(scraped + 10_000, None), "{name}");
    }
}

#[tokio::test]
async fn a_target_that_comes_back_has_not_ended() {
    let rig = rig("", vec![Says::text("a 1\n")]).await;
    rig.pass(10 * SECOND).await;
    rig.apply("scrape_configs: [{job_name: j, scrape_interval: 10s, scrape_timeout: 5s, extra_scrape_metrics: true}]")
        .await;
    rig.pass(2 * SECOND).await;
    rig.apply(&job("")).await;
    rig.pass(60 * SECOND).await;
    assert!(values(&rig, "a").iter().all(Option::is_some), "{:?}", values(&rig, "a"));
    assert_eq!(values(&rig, "a").len(), 7);
}

#[tokio::test]
async fn nothing_ends_when_the_server_stops() {
    let rig = rig("", vec![Says::text("a 1\n")]).await;
    rig.pass(10 * SECOND).await;
    rig.manager.shutdown().await;
    rig.pass(60 * SECOND).await;
    assert_eq!(values(&rig, "a"), [Some(1.0)]);
    assert_eq!(rig.clock.sleepers(), 0, "no task is left");
}

#[tokio::test]
async fn headers_are_those_of_prometheus() {
    let rig = Rig::new(ScrapeOptions::default());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&seen);
    rig.script(move |request, _| {
        let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
        let names = ["accept", "accept-encoding", "user-agent", "x-prometheus-scrape-timeout-seconds"];
        *keep.lock().unwrap() = names.map(header).to_vec();
        Says::text("")
    });
    rig.apply(&job("")).await;
    rig.pass(10 * SECOND).await;
    // The first is what Prometheus 3.5.3 sends by default.
    let accept = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
        application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
        text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
    assert_eq!(*seen.lock().unwrap(), [accept, "gzip", "promd/test", "5"]);
}
