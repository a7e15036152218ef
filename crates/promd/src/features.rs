//! `--enable-feature`.

use std::collections::BTreeSet;

use promd_promql::EngineOptions;

/// Features that are always on in Prometheus 3.14, or that concern what is not here yet. They are taken without a word
/// more than a line in the log.
const NO_OPS: &[&str] = &["native-histograms", "ooo-native-histograms", "promql-duration-expr"];

/// Features that do something here.
const KNOWN: &[&str] = &[
    "auto-reload-config",
    "exemplar-storage",
    "promql-per-step-stats",
    "promql-experimental-functions",
    "promql-delayed-name-removal",
    "promql-extended-range-selectors",
    "promql-binop-fill-modifiers",
    "use-start-timestamps",
    "type-and-unit-labels",
    "extra-scrape-metrics",
    "created-timestamp-zero-ingestion",
    "metadata-wal-records",
    "search-api",
];

/// Features of Prometheus that are not here.
const ABSENT: &[&str] = &[
    "xor2-encoding",
    "memory-snapshot-on-shutdown",
    "concurrent-rule-eval",
    "st-storage",
    "histograms-st-encoding",
    "st-synthesis",
    "delayed-compaction",
    "old-ui",
    "otlp-deltatocumulative",
    "otlp-native-delta-ingestion",
    "use-uncached-io",
    "fast-startup",
];

/// The features that were asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Features(BTreeSet<String>);

impl Features {
    pub(crate) fn of(lists: &[&str]) -> Self {
        let names = lists.iter().flat_map(|list| list.split(',')).filter(|name| !name.is_empty());
        Self(names.map(str::to_owned).collect())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// What they mean to the engine.
    pub(crate) fn engine(&self) -> EngineOptions {
        let mut options = EngineOptions::default();
        options.parser.experimental_functions = self.has("promql-experimental-functions");
        options.parser.extended_range_selectors = self.has("promql-extended-range-selectors");
        options.parser.fill_modifiers = self.has("promql-binop-fill-modifiers");
        options.delayed_name_removal = self.has("promql-delayed-name-removal");
        options.type_and_unit_labels = self.has("type-and-unit-labels");
        options.start_timestamps = self.has("use-start-timestamps");
        options
    }

    /// Says in the log which are on, and which are not known.
    pub(crate) fn log(&self) {
        for name in &self.0 {
            let name = name.as_str();
            if NO_OPS.contains(&name) {
                tracing::warn!(option = name, "This option for --enable-feature is a no-op and can be removed");
            } else if KNOWN.contains(&name) {
                tracing::info!(option = name, "Experimental feature enabled");
            } else if ABSENT.contains(&name) {
                tracing::warn!(
                    option = name,
                    "This option for --enable-feature is known, and does nothing in promd yet"
                );
            } else {
                tracing::warn!(option = name, "Unknown option for --enable-feature");
            }
        }
    }
}
