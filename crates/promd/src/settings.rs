//! What the flags mean together.

use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use promd_promql::EngineOptions;
use promd_regex::Anchored;

use crate::features::Features;
use crate::flags::{Flags, Scope};

/// Why a server cannot start with these flags, and the code that it ends with.
#[derive(Debug)]
pub(crate) struct Unusable {
    pub(crate) code: u8,
    pub(crate) text: String,
}

fn unusable(code: u8, text: impl fmt::Display) -> Unusable {
    Unusable { code, text: text.to_string() }
}

/// When the write-ahead log is synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WalSync {
    Segment,
    Interval(Duration),
    Always,
}

/// The settings of a server.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) flags: Flags,
    pub(crate) features: Features,
    /// Where the configuration is, and whether it must be there.
    pub(crate) config_file: String,
    pub(crate) config_must_exist: bool,
    pub(crate) auto_reload: Option<Duration>,
    pub(crate) listen: Vec<SocketAddr>,
    pub(crate) external_url: String,
    pub(crate) route_prefix: String,
    pub(crate) cors_origin: Option<Anchored>,
    pub(crate) data_dir: PathBuf,
    pub(crate) engine: EngineOptions,
    pub(crate) max_queries: usize,
    pub(crate) wal_sync: WalSync,
    /// In bytes; `None` derives it from the machine.
    pub(crate) memory_budget: Option<u64>,
}

impl Settings {
    /// Makes sense of flags, in the order of Prometheus' checks.
    pub(crate) fn of(flags: Flags) -> Result<Self, Unusable> {
        let features = Features::of(&flags.list("enable-feature"));
        if flags.integer("web.search.max-limit").is_some_and(|limit| limit < 0) {
            let limit = flags.text("web.search.max-limit");
            let text = format!("--web.search.max-limit must be non-negative; got {limit} (use 0 to disable the cap)");
            return Err(unusable(1, text));
        }
        let agent = flags.is_on("agent");
        let foreign = flags.of_scope(if agent { Scope::Server } else { Scope::Agent });
        if !foreign.is_empty() {
            let rule = if agent { "can not be used in agent mode" } else { "can only be used in agent mode" };
            let list: Vec<String> = foreign.iter().map(|flag| promd_model::quote::go(flag).to_string()).collect();
            return Err(unusable(3, format!("The following flag(s) {rule}: [{}]", list.join(" "))));
        }
        if agent {
            return Err(unusable(1, "promd has no agent mode yet: start it without --agent"));
        }
        for (flag, what) in [("web.enable-remote-write-receiver", "remote write"), ("web.enable-otlp-receiver", "OTLP")]
        {
            if flags.is_on(flag) {
                return Err(unusable(1, format!("promd takes no samples by {what} yet: start it without --{flag}")));
            }
        }
        if !flags.float("auto-gomemlimit.ratio").is_some_and(|ratio| ratio > 0.0 && ratio <= 1.0) {
            return Err(unusable(1, "--auto-gomemlimit.ratio must be greater than 0 and less than or equal to 1."));
        }
        let addresses = flags.list("web.listen-address");
        let mut listen = Vec::new();
        for text in &addresses {
            listen.extend(resolve(text).map_err(|error| unusable(1, format!("listen address {text:?}: {error}")))?);
        }
        let port = listen.first().map_or(9090, SocketAddr::port);
        let external_url = external_url(flags.text("web.external-url"), port)?;
        let path = external_url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| rest.split_at(at).1));
        let route_prefix = match flags.given("web.route-prefix") {
            Some(prefix) => format!("/{}", prefix.trim_matches('/')),
            None => path.unwrap_or_default().to_owned(),
        };
        let cors = flags.text("web.cors.origin");
        let cors_origin = Anchored::wrapped(cors)
            .map_err(|error| unusable(2, format!("could not compile CORS regex string {cors:?}: {error}")))?;
        let mut engine = features.engine();
        engine.lookback = millis(flags.duration("query.lookback-delta"));
        engine.timeout = flags.duration("query.timeout");
        engine.max_samples = usize::try_from(flags.integer("query.max-samples").unwrap_or(0)).unwrap_or(0);
        let auto_reload = flags.is_on("config.auto-reload") || features.has("auto-reload-config");
        let interval = flags.duration("config.auto-reload-interval").unwrap_or_default().max(Duration::from_secs(1));
        Ok(Self {
            config_file: flags.text("config.file").to_owned(),
            config_must_exist: flags.given("config.file").is_some(),
            auto_reload: auto_reload.then_some(interval),
            listen,
            external_url,
            route_prefix: route_prefix.trim_end_matches('/').to_owned(),
            cors_origin: (cors != ".*").then_some(cors_origin),
            data_dir: PathBuf::from(flags.text("storage.tsdb.path")),
            engine,
            max_queries: usize::try_from(flags.integer("query.max-concurrency").unwrap_or(20)).unwrap_or(1).max(1),
            wal_sync: wal_sync(flags.text("promd.wal.sync"))?,
            memory_budget: flags.given("promd.memory.budget").and_then(|_| flags.bytes("promd.memory.budget")),
            features,
            flags,
        })
    }
}

fn millis(duration: Option<Duration>) -> i64 {
    duration.and_then(|duration| i64::try_from(duration.as_millis()).ok()).unwrap_or(0)
}

fn resolve(text: &str) -> Result<Vec<SocketAddr>, String> {
    // `:9090` is all addresses of the machine.
    let full = if text.starts_with(':') { format!("0.0.0.0{text}") } else { text.to_owned() };
    let all = full.to_socket_addrs().map_err(|error| error.to_string())?;
    all.take(1).map(Ok).collect()
}

fn external_url(given: &str, port: u16) -> Result<String, Unusable> {
    let wrong = |why: &str| unusable(2, format!("parse external URL {}: {why}", promd_model::quote::go(given)));
    if given.is_empty() {
        return Ok(format!("http://{}:{port}", host_name()));
    }
    if given.starts_with(['"', '\'']) && given.ends_with(['"', '\'']) {
        return Err(wrong("URL must not begin or end with quotes"));
    }
    // A URL without a scheme is a mistake that is seen at once.
    if !given.starts_with("http://") && !given.starts_with("https://") {
        return Err(wrong("URL must begin with http:// or https://"));
    }
    Ok(given.trim_end_matches('/').to_owned())
}

fn wal_sync(text: &str) -> Result<WalSync, Unusable> {
    match text.split_once('=') {
        None if text == "segment" => return Ok(WalSync::Segment),
        None if text == "always" => return Ok(WalSync::Always),
        Some(("interval", duration)) => {
            let duration = duration.parse::<promd_model::Duration>().ok().and_then(promd_model::Duration::to_std);
            if let Some(duration) = duration.filter(|duration| !duration.is_zero()) {
                return Ok(WalSync::Interval(duration));
            }
        }
        _ => {}
    }
    Err(unusable(2, format!("--promd.wal.sync must be segment, interval=DURATION or always; got {text:?}")))
}

/// The name of this machine.
pub(crate) fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    Some(name.trim()).filter(|name| !name.is_empty()).unwrap_or("localhost").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags::Asked;

    fn settings(arguments: &[&str]) -> Result<Settings, (u8, String)> {
        let Ok(Asked::Server(flags)) = Flags::parse(arguments.iter().map(|text| (*text).to_owned())) else {
            panic!("{arguments:?} are no flags");
        };
        Settings::of(flags).map_err(|error| (error.code, error.text))
    }

    #[test]
    fn prefixes_follow_the_external_url() {
        let prefix = |arguments: &[&str]| settings(arguments).unwrap().route_prefix;
        assert_eq!(prefix(&[]), "");
        assert_eq!(prefix(&["--web.external-url=http://a/b/"]), "/b");
        assert_eq!(prefix(&["--web.external-url=http://a/b", "--web.route-prefix=/"]), "");
        assert_eq!(prefix(&["--web.route-prefix=x/"]), "/x");
    }

    /// The codes and the texts are those of Prometheus 3.5.3.
    #[test]
    fn what_cannot_be_is_refused() {
        let refused = |arguments: &[&str]| settings(arguments).unwrap_err();
        let text = "The following flag(s) can only be used in agent mode: [\"--storage.agent.path\"]";
        assert_eq!(refused(&["--storage.agent.path=x"]), (3, text.to_owned()));
        let text = "The following flag(s) can not be used in agent mode: [\"--query.timeout\"]";
        assert_eq!(refused(&["--agent", "--query.timeout=1m"]), (3, text.to_owned()));
        assert_eq!(refused(&["--web.cors.origin=("]).0, 2);
        assert_eq!(refused(&["--web.search.max-limit=-1"]).0, 1);
        assert_eq!(refused(&["--promd.wal.sync=never"]).0, 2);
    }
}
