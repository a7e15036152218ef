//! promd's own database behind the API.

use std::path::{Path, PathBuf};

use promd_model::{Interval, Matcher};
use promd_tsdb::{DamageReport, Db};
use serde_json::{Value as Json, json};

use crate::{Cost, Database, HeadStats, NameCount, RefusedSeries, ReplayProgress};

impl Database for Db {
    fn head_stats(&self, limit: usize) -> Result<HeadStats, String> {
        let stats = self.stats(limit);
        let counts = |list: &[(String, u64)]| -> Vec<NameCount> {
            list.iter().map(|(name, value)| NameCount { name: name.clone(), value: *value }).collect()
        };
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let cardinality = &stats.cardinality;
        Ok(HeadStats {
            series: number(stats.series),
            label_pairs: number(cardinality.label_pairs),
            chunks: number(stats.chunks),
            // An empty head has the bounds of no time at all.
            min_time: stats.min_time.unwrap_or(i64::MAX),
            max_time: stats.max_time.unwrap_or(i64::MIN),
            series_by_metric: counts(&cardinality.series_by_metric),
            values_by_label: counts(&cardinality.values_by_label),
            bytes_by_label: counts(&cardinality.bytes_by_label),
            series_by_pair: counts(&cardinality.series_by_pair),
        })
    }

    fn blocks(&self) -> Result<Vec<Json>, String> {
        let parse = |meta: &promd_block::Meta| serde_json::from_slice(&meta.to_json());
        Self::blocks(self).iter().map(parse).collect::<Result<_, _>>().map_err(|error| error.to_string())
    }

    fn replay_progress(&self) -> ReplayProgress {
        let (min, max, current) = Self::replay_progress(self).segments();
        ReplayProgress { min, max, current }
    }

    fn damage(&self) -> Json {
        damage_json(&Self::damage(self))
    }

    fn cost(&self, label: &str, limit: usize) -> Option<Vec<Cost>> {
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let costs = self.cost_by(label).into_iter().take(limit);
        Some(
            costs
                .map(|cost| Cost { value: cost.value, series: number(cost.series), bytes: number(cost.bytes) })
                .collect(),
        )
    }

    fn refused(&self) -> Vec<RefusedSeries> {
        let named = |refused: promd_tsdb::RefusedSeries| RefusedSeries {
            job: refused.job,
            metric: refused.metric,
            count: refused.count,
        };
        self.refused_series().into_iter().map(named).collect()
    }

    fn delete(&self, times: Interval, matchers: &[Matcher]) -> Result<(), String> {
        Self::delete(self, times, matchers).map_err(|error| error.to_string())
    }

    fn clean_tombstones(&self) -> Result<(), String> {
        Self::clean_tombstones(self).map_err(|error| error.to_string())
    }

    fn snapshot(&self, to: &Path, with_head: bool) -> Result<(), String> {
        Self::snapshot(self, to, with_head).map_err(|error| error.to_string())
    }
}

fn damage_json(report: &DamageReport) -> Json {
    let mut list = Vec::new();
    let mut add = |kind: &str, what: String| list.push(json!({ "kind": kind, "what": what }));
    report.blocks.iter().for_each(|damage| add("block", damage.to_string()));
    report.met.iter().for_each(|met| add("block", met.clone()));
    for absent in &report.left_out {
        let mut what: Vec<String> = absent.damage.iter().map(ToString::to_string).collect();
        what.extend(absent.error.clone());
        let what = format!("{}: {}", absent.dir.display(), what.join("; "));
        add(if absent.quarantined { "block in quarantine" } else { "block left out" }, what);
    }
    let path = |path: &PathBuf| path.display().to_string();
    report.without_index.iter().for_each(|dir| add("folder without an index", path(dir)));
    report.log.damage.iter().for_each(|damage| add("write-ahead log", damage.to_string()));
    report.unrepaired.iter().for_each(|why| add("write-ahead log not repaired", why.clone()));
    report.head_chunks.iter().for_each(|damage| add("head chunk", damage.to_string()));
    for hole in &report.holes {
        let (from, to) = (promd_model::Millis(hole.interval.min), promd_model::Millis(hole.interval.max));
        add("samples missing", format!("{} to {}: {}", from.rfc3339(), to.rfc3339(), hole.cause));
    }
    report.maintenance.iter().for_each(|why| add("maintenance", why.clone()));
    Json::Array(list)
}
