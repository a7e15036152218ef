//! What the program itself tells under `/metrics`: its version and its configuration.

use promd_api::BuildInfo;
use promd_metrics::{Gauge, Metric, Options, impl_collect};

/// How the last reading of the configuration went.
pub(crate) struct ReloadMetrics {
    pub(crate) successful: Metric<Gauge>,
    pub(crate) last_success: Metric<Gauge>,
}

impl_collect!(ReloadMetrics { successful, last_success });

impl ReloadMetrics {
    pub(crate) fn new() -> Self {
        Self {
            successful: Metric::new(Options::new(
                "prometheus_config_last_reload_successful",
                "Whether the last configuration reload attempt was successful.",
            )),
            last_success: Metric::new(Options::new(
                "prometheus_config_last_reload_success_timestamp_seconds",
                "Timestamp of the last successful configuration reload.",
            )),
        }
    }
}

/// A gauge of 1 whose labels say what this is.
pub(crate) fn build_info(build: &BuildInfo) -> Metric<Gauge> {
    let options = Options::new(
        "prometheus_build_info",
        "A metric with a constant '1' value labeled by version, revision, branch, goversion from which prometheus was \
         built, and the goos and goarch for the build.",
    );
    let options = options
        .const_label("version", build.version.as_str())
        .const_label("revision", build.revision.as_str())
        .const_label("branch", build.branch.as_str())
        .const_label("goversion", build.go_version.as_str())
        .const_label("goos", std::env::consts::OS)
        .const_label("goarch", go_arch())
        .const_label("tags", "");
    let metric = Metric::<Gauge>::new(options);
    metric.set(1.0);
    metric
}

fn go_arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
