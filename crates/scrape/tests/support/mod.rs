//! What the tests of this crate share: configurations, a look into the store, targets on a simulated clock and on loopback.
#![allow(dead_code, reason = "each test uses a part of it")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

pub(crate) mod beside;
pub(crate) mod loopback;
pub(crate) mod simulated;

use std::collections::BTreeMap;
use std::sync::Arc;

use promd_config::{Config, ScrapeConfig};
use promd_discovery::{TargetGroup, TargetSets};
use promd_model::{Columns, Interval, Labels, Matcher, Run, is_stale};
use promd_storage::{Decoder, Select, Series, Storage};

/// The jobs of a configuration.
pub(crate) fn jobs(text: &str) -> Vec<ScrapeConfig> {
    let config = Config::parse(text.as_bytes(), &promd_config::Options::default());
    config.unwrap_or_else(|error| panic!("{error}: {text}")).scrape_configs.to_vec()
}

/// The static targets of jobs, as discovery hands them out.
pub(crate) fn sets(jobs: &[ScrapeConfig]) -> Arc<TargetSets> {
    let groups = |job: &ScrapeConfig| {
        let groups = job.discovery.static_configs.iter().enumerate();
        groups
            .map(|(at, group)| {
                let labels = Labels::clone(&group.labels);
                Arc::new(TargetGroup::new(at.to_string(), &group.targets, labels).unwrap())
            })
            .collect()
    };
    Arc::new(jobs.iter().map(|job| (Arc::from(job.job_name.as_str()), groups(job))).collect())
}

/// A float with its time; a stale marker is `None`.
pub(crate) type Float = (i64, Option<f64>);

/// The floats of all series that match, by labels.
pub(crate) fn floats(storage: &dyn Storage, matchers: &[Matcher]) -> BTreeMap<String, Vec<Float>> {
    let mut all = BTreeMap::new();
    each(storage, matchers, |labels, columns| {
        let mut samples = Vec::new();
        for run in columns.runs() {
            if let Run::Floats(floats) = run {
                let value = |v: &f64| (!is_stale(*v)).then_some(*v);
                samples.extend(floats.t.iter().zip(floats.v).map(|(t, v)| (*t, value(v))));
            }
        }
        all.insert(labels.to_string(), samples);
    });
    all
}

/// Calls `with` for all series that match.
pub(crate) fn each(storage: &dyn Storage, matchers: &[Matcher], mut with: impl FnMut(&Labels, &Columns)) {
    let reader = storage.reader(Interval::ALL).unwrap();
    let mut set = reader.select(&Select::new(matchers, Interval::ALL)).unwrap();
    let (mut series, mut decoder) = (Series::default(), Decoder::new());
    while set.next(&mut series).unwrap() {
        let mut columns = Columns::new();
        decoder.decode(&series, Interval::ALL, &mut columns).unwrap();
        with(&series.labels, &columns);
    }
}
