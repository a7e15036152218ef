//! What a target says of its metrics: type, help and unit by family.

use std::sync::Arc;

use hashbrown::HashMap;
use parking_lot::{Mutex, MutexGuard};
use promd_exposition::Escaped;
use promd_model::{Metadata, MetricType};

/// For how many scrapes it is remembered of a metric that is not there any more.
const KEPT: u32 = 10;

/// What is known of a family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FamilyMetadata {
    /// The name of the family.
    pub family: String,
    /// What is said of it.
    pub metadata: Metadata,
}

/// The metadata of one target. Clones are the same. A scrape holds it while it goes over a body, readers for a moment.
#[derive(Debug, Clone, Default)]
pub struct TargetMetadata {
    inner: Arc<Mutex<Families>>,
}

#[derive(Debug, Default)]
pub(crate) struct Families {
    by_name: HashMap<String, Family>,
    scrape: u32,
}

#[derive(Debug, Default)]
struct Family {
    metadata: Metadata,
    seen: u32,
    changed: u32,
}

impl TargetMetadata {
    /// All that is known, in no order.
    #[must_use]
    pub fn list(&self) -> Vec<FamilyMetadata> {
        let known = self.inner.lock();
        let family = |(name, family): (&String, &Family)| FamilyMetadata {
            family: name.clone(),
            metadata: family.metadata.clone(),
        };
        known.by_name.iter().map(family).collect()
    }

    /// What is known of one family.
    #[must_use]
    pub fn get(&self, family: &str) -> Option<Metadata> {
        self.inner.lock().by_name.get(family).map(|family| family.metadata.clone())
    }

    /// How many families it knows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.lock().by_name.len()
    }

    /// Whether it knows none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of all texts, as `prometheus_target_metadata_cache_bytes` counts them.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let known = self.inner.lock();
        let size = |family: &Family| {
            family.metadata.help.len() + family.metadata.unit.len() + family.metadata.metric_type.as_str().len()
        };
        known.by_name.values().map(size).sum()
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Families> {
        self.inner.lock()
    }
}

impl Families {
    pub(crate) fn set_type(&mut self, name: &str, metric_type: MetricType) {
        self.set(name, |metadata| std::mem::replace(&mut metadata.metric_type, metric_type) != metric_type);
    }

    pub(crate) fn set_help(&mut self, name: &str, help: Escaped<'_>) {
        self.set(name, |metadata| {
            let changed = help != *metadata.help;
            if changed {
                metadata.help = help.to_cow().into_owned();
            }
            changed
        });
    }

    pub(crate) fn set_unit(&mut self, name: &str, unit: &str) {
        self.set(name, |metadata| {
            let changed = metadata.unit != unit;
            if changed {
                unit.clone_into(&mut metadata.unit);
            }
            changed
        });
    }

    fn set(&mut self, name: &str, set: impl FnOnce(&mut Metadata) -> bool) {
        let scrape = self.scrape;
        let family = self.by_name.entry_ref(name).or_default();
        family.seen = scrape;
        if set(&mut family.metadata) {
            family.changed = scrape;
        }
    }

    /// What is known of a family, and whether this scrape has changed it.
    pub(crate) fn of(&self, name: &str) -> Option<(&Metadata, bool)> {
        self.by_name.get(name).map(|family| (&family.metadata, family.changed == self.scrape))
    }

    pub(crate) fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Ends a scrape. If `flush`, families are forgotten that were not there for long.
    pub(crate) fn end_scrape(&mut self, flush: bool) {
        if flush {
            let scrape = self.scrape;
            self.by_name.retain(|_, family| scrape - family.seen <= KEPT);
        }
        self.scrape += 1;
    }
}

/// Whether a metric of this name belongs to a family, going by what its type makes of names (`isSeriesPartOfFamily` of
/// `scrape/scrape.go`).
pub(crate) fn is_of_family(metric: &str, family: &str, metric_type: MetricType) -> bool {
    let cut = |text: &'_ str, suffixes: &[&str]| -> usize {
        let found = suffixes.iter().find(|suffix| text.ends_with(**suffix));
        text.len() - found.map_or(0, |suffix| suffix.len())
    };
    let of = |own: &[&str], suffixes: &[&str]| metric.get(..cut(metric, suffixes)) == family.get(..cut(family, own));
    if !metric.starts_with(family) {
        return false;
    }
    match metric_type {
        MetricType::Counter => of(&["_total"], &["_total"]),
        MetricType::Histogram => of(&[], &["_bucket", "_sum", "_count"]),
        MetricType::GaugeHistogram => of(&[], &["_bucket", "_gsum", "_gcount"]),
        MetricType::Summary => of(&[], &["_sum", "_count"]),
        MetricType::Info => of(&["_info"], &["_info"]),
        MetricType::Gauge | MetricType::Stateset | MetricType::Unknown => metric == family,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By `isSeriesPartOfFamily`.
    #[test]
    fn a_metric_belongs_to_its_family() {
        let cases = [
            ("hits_total", "hits", MetricType::Counter, true),
            ("hits_total", "hits_total", MetricType::Counter, true),
            ("hits", "hits_total", MetricType::Counter, false),
            ("hits_created", "hits", MetricType::Counter, false),
            ("d_bucket", "d", MetricType::Histogram, true),
            ("d_gcount", "d", MetricType::GaugeHistogram, true),
            ("d_gcount", "d", MetricType::Histogram, false),
            ("d_bucket", "d", MetricType::Summary, false),
            ("build_info", "build", MetricType::Info, true),
            ("temperature", "temperature", MetricType::Gauge, true),
            ("temperature_max", "temperature", MetricType::Gauge, false),
        ];
        for (metric, family, metric_type, expect) in cases {
            assert_eq!(is_of_family(metric, family, metric_type), expect, "{metric} {family} {metric_type}");
        }
    }

    #[test]
    fn families_are_forgotten_after_ten_scrapes_without_them() {
        let metadata = TargetMetadata::default();
        metadata.lock().set_type("a", MetricType::Gauge);
        for _ in 0..11 {
            metadata.lock().end_scrape(true);
            assert_eq!(metadata.len(), 1);
        }
        metadata.lock().end_scrape(true);
        assert!(metadata.is_empty());
    }
}
