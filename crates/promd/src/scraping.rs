//! Scraping as the API sees it.

use std::sync::{Arc, OnceLock};

use promd_api::{ActiveTarget, Pool, Targets};
use promd_model::{Duration, Labels, Metadata};
use promd_scrape::{Manager, Target};

/// The targets of a manager that may not be there yet.
#[derive(Default)]
pub(crate) struct Scraping(OnceLock<Arc<Manager>>);

impl Scraping {
    pub(crate) fn start(&self, manager: Arc<Manager>) {
        self.0.get_or_init(|| manager);
    }

    pub(crate) fn manager(&self) -> Option<&Arc<Manager>> {
        self.0.get()
    }
}

impl Targets for Scraping {
    fn pools(&self) -> Vec<Pool> {
        let Some(manager) = self.manager() else { return Vec::new() };
        let pool = |(name, targets): (Arc<str>, promd_scrape::JobTargets)| Pool {
            name: name.to_string(),
            active: targets.active.iter().map(|target| active(target)).collect(),
            dropped: targets.dropped.iter().map(promd_scrape::DroppedTarget::discovered_labels).collect(),
            dropped_count: targets.dropped_count,
        };
        manager.targets().into_iter().map(pool).collect()
    }

    fn metadata(&self, family: Option<&str>, show: &mut dyn FnMut(&Labels, &str, &Metadata)) {
        let Some(manager) = self.manager() else { return };
        for target in manager.targets().into_values().flat_map(|targets| targets.active) {
            match family {
                Some(name) => {
                    if let Some(metadata) = target.metadata().get(name) {
                        show(target.labels(), name, &metadata);
                    }
                }
                None => {
                    for known in target.metadata().list() {
                        show(target.labels(), &known.family, &known.metadata);
                    }
                }
            }
        }
    }
}

fn active(target: &Target) -> ActiveTarget {
    let state = target.state();
    ActiveTarget {
        discovered: target.discovered_labels(),
        labels: target.labels().clone(),
        url: target.url().to_owned(),
        last_error: state.last_error,
        last_scrape: state.last_scrape,
        last_duration: state.last_duration,
        health: state.health,
        interval: text(target.interval()),
        timeout: text(target.timeout()),
    }
}

fn text(duration: std::time::Duration) -> String {
    Duration::from_nanos(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)).to_string()
}
