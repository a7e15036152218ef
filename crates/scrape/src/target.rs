//! Something that is scraped.

mod build;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use promd_clock::WallTime;
use promd_config::ScrapeConfig;
use promd_discovery::TargetGroup;
use promd_model::{Health, Labels};

use crate::hash::Fnv;
use crate::metadata::TargetMetadata;
use crate::url;

pub use build::TargetError;
pub(crate) use build::{Builder, Built};

/// How the last scrape of a target went.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TargetState {
    /// Whether it answered.
    pub health: Health,
    /// What was wrong; empty if nothing.
    pub last_error: String,
    /// When it was scraped.
    pub last_scrape: Option<WallTime>,
    /// How long that took.
    pub last_duration: Duration,
}

/// Where a target was found.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) group: Arc<TargetGroup>,
    /// Its place in the group.
    pub(crate) at: usize,
    pub(crate) job: Arc<ScrapeConfig>,
}

/// A target that is scraped.
#[derive(Debug)]
pub struct Target {
    /// With those that begin with `__`.
    all_labels: Labels,
    labels: Labels,
    url: String,
    hash: u64,
    interval: Duration,
    /// As metrics name it.
    interval_text: String,
    timeout: Duration,
    origin: Mutex<Origin>,
    state: Mutex<TargetState>,
    metadata: TargetMetadata,
}

impl Target {
    /// A target with these labels.
    pub(crate) fn new(labels: Labels, interval: Duration, timeout: Duration, origin: Origin) -> Self {
        let url = address(&labels, &origin.job.params);
        let text = format!("{:016}", labels.hash());
        let hash = Fnv::new().write(text.as_bytes()).write(url.as_bytes()).finish();
        let public = labels.filter(|label| !label.name.starts_with("__"));
        let (origin, state) = (Mutex::new(origin), Mutex::default());
        let interval_text = go_duration(interval);
        let metadata = TargetMetadata::default();
        Self {
            all_labels: labels,
            labels: public,
            url,
            hash,
            interval,
            interval_text,
            timeout,
            origin,
            state,
            metadata,
        }
    }

    /// The labels that its series get.
    #[must_use]
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// All labels that relabelling has left, those that begin with `__` included.
    #[must_use]
    pub fn all_labels(&self) -> &Labels {
        &self.all_labels
    }

    /// The labels before relabelling.
    #[must_use]
    pub fn discovered_labels(&self) -> Labels {
        build::discovered(&self.origin.lock())
    }

    /// The job.
    #[must_use]
    pub fn job(&self) -> Arc<ScrapeConfig> {
        Arc::clone(&self.origin.lock().job)
    }

    /// The address that is asked.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How often it is scraped.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.interval
    }

    /// How long a scrape may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// How the last scrape went.
    #[must_use]
    pub fn state(&self) -> TargetState {
        self.state.lock().clone()
    }

    /// What it says of its metrics.
    #[must_use]
    pub fn metadata(&self) -> &TargetMetadata {
        &self.metadata
    }

    pub(crate) fn interval_text(&self) -> &str {
        &self.interval_text
    }

    /// What tells it from others.
    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn into_origin(self) -> Origin {
        self.origin.into_inner()
    }

    pub(crate) fn set_origin(&self, origin: Origin) {
        *self.origin.lock() = origin;
    }

    pub(crate) fn report(&self, time: WallTime, duration: Duration, error: Option<String>) {
        let mut state = self.state.lock();
        state.health = if error.is_none() { Health::Up } else { Health::Down };
        state.last_error = error.unwrap_or_default();
        state.last_scrape = Some(time);
        state.last_duration = duration;
    }

    /// How long to wait for the next scrape at `now`: scrapes happen at the moments that are, modulo the interval, the
    /// hash of the target and the seed of the server (`Target.offset` of `scrape/target.go`).
    pub(crate) fn offset(&self, now: WallTime, seed: u64) -> Duration {
        let interval = u64::try_from(self.interval.as_nanos()).unwrap_or(u64::MAX).max(1);
        let now = now.nanos().max(0).unsigned_abs();
        let base = interval - now % interval;
        let mut next = base + (self.hash ^ seed) % interval;
        if next > interval {
            next -= interval;
        }
        Duration::from_nanos(next)
    }

    /// The truth of a label that switches something, or `default` if it says nothing.
    pub(crate) fn switch(&self, name: &str, default: bool) -> bool {
        self.all_labels.get(name).and_then(build::parse_bool).unwrap_or(default)
    }
}

/// A duration as Go's `time.Duration` prints it: `15s`, `1m0s`, `1h0m0s`, `1.5s`, `100ms`.
pub(crate) fn go_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds == 0 {
        let millis = duration.as_secs_f64() * 1e3;
        return if duration.is_zero() { "0s".to_owned() } else { format!("{millis}ms") };
    }
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let rest = (duration - Duration::from_secs(seconds - seconds % 60)).as_secs_f64();
    match (hours, minutes) {
        (0, 0) => format!("{rest}s"),
        (0, minutes) => format!("{minutes}m{rest}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{rest}s"),
    }
}

/// The address of a target with these labels.
fn address(labels: &Labels, configured: &BTreeMap<String, Vec<String>>) -> String {
    let mut params = configured.clone();
    for label in labels {
        let Some(name) = label.name.strip_prefix(PARAM) else { continue };
        let values = params.entry(name.to_owned()).or_default();
        match values.first_mut() {
            Some(first) => label.value.clone_into(first),
            None => values.push(label.value.to_owned()),
        }
    }
    let text = |name| labels.get(name).unwrap_or_default();
    let host = match text(ADDRESS) {
        "" if !text(UNIX_SOCKET).is_empty() => "localhost",
        host => host,
    };
    url::format(text(SCHEME), host, text(METRICS_PATH), &params)
}

const ADDRESS: &str = "__address__";
const SCHEME: &str = "__scheme__";
const METRICS_PATH: &str = "__metrics_path__";
const PARAM: &str = "__param_";
pub(crate) const UNIX_SOCKET: &str = "__unix_socket__";
pub(crate) const NATIVE_HISTOGRAMS: &str = "__scrape_native_histograms__";
pub(crate) const CLASSIC_HISTOGRAMS: &str = "__always_scrape_classic_histograms__";
pub(crate) const CONVERT_HISTOGRAMS: &str = "__convert_classic_histograms_to_nhcb__";

/// A target that relabelling has dropped.
#[derive(Debug, Clone)]
pub struct DroppedTarget {
    pub(crate) origin: Origin,
}

impl DroppedTarget {
    /// The labels before relabelling.
    #[must_use]
    pub fn discovered_labels(&self) -> Labels {
        build::discovered(&self.origin)
    }

    /// The job.
    #[must_use]
    pub fn job(&self) -> &Arc<ScrapeConfig> {
        &self.origin.job
    }
}
