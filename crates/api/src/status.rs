//! What a server says of itself.

use promd_budget::Usage;
use promd_metrics::Snapshot;
use promd_model::quote;
use serde_json::{Map, Value as Json, json};

use crate::api::{Api, Ask};
use crate::params::{atoi, parse_bool, parse_int};
use crate::queries::system_time;
use crate::reply::Reply;
use crate::targets::rfc3339;
use crate::{ApiError, Form, HeadStats};

type Result = std::result::Result<Reply, ApiError>;

/// How many entries lists of `status/tsdb` may be asked for.
const MOST_ENTRIES: i64 = 10_000;

impl Api {
    pub(crate) fn config(&self) -> Reply {
        Reply::json(&json!({ "yaml": self.host.config().to_string() }))
    }

    pub(crate) fn flags(&self) -> Reply {
        let flags = self.options.flags.iter().map(|(name, value)| (name.clone(), Json::from(value.as_str())));
        Reply::json(&flags.collect::<Map<_, _>>())
    }

    pub(crate) async fn runtime_info(&self) -> Result {
        let reload = self.host.last_reload();
        let damaged = match self.database() {
            Ok(_) => self.manage(|database| Ok(database.damage().as_array().map_or(0, Vec::len))).await?,
            Err(_) => 0,
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Reply::json(&json!({
            "startTime": rfc3339(self.started),
            "CWD": self.options.working_dir,
            "hostname": self.options.host_name,
            "serverTime": rfc3339(self.clock.wall()),
            "reloadConfigSuccess": reload.successful,
            "lastConfigTime": rfc3339(reload.last_success),
            "corruptionCount": damaged,
            // Of Go's runtime there is only what has a meaning without it.
            "goroutineCount": tokio::runtime::Handle::try_current().map_or(0, |handle| handle.metrics().num_alive_tasks()),
            "GOMAXPROCS": threads,
            "GOMEMLIMIT": self.queries.memory_limit().unwrap_or(i64::MAX),
            "GOGC": "",
            "GODEBUG": "",
            "storageRetention": self.host.retention(),
        })))
    }

    pub(crate) async fn tsdb_status(&self, ask: &Ask<'_>) -> Result {
        let limit = match ask.form.given("limit").map(atoi) {
            None => 10,
            Some(Ok(limit)) if limit > MOST_ENTRIES => {
                return Err(ApiError::bad_data(format_args!("limit must not exceed {MOST_ENTRIES}")));
            }
            Some(limit) => match limit.map(usize::try_from) {
                Ok(Ok(limit)) if limit > 0 => limit,
                _ => return Err(ApiError::bad_data("limit must be a positive number")),
            },
        };
        let stats = self.manage(move |database| database.head_stats(limit).map_err(ApiError::internal)).await?;
        let HeadStats { series, label_pairs, chunks, min_time, max_time, .. } = stats;
        Ok(Reply::json(&json!({
            "headStats": {
                "numSeries": series,
                "numLabelPairs": label_pairs,
                "chunkCount": chunks,
                "minTime": min_time,
                "maxTime": max_time,
            },
            "seriesCountByMetricName": stats.series_by_metric,
            "labelValueCountByLabelName": stats.values_by_label,
            "memoryInBytesByLabelName": stats.bytes_by_label,
            "seriesCountByLabelValuePair": stats.series_by_pair,
        })))
    }

    pub(crate) async fn tsdb_blocks(&self) -> Result {
        let blocks = self.manage(|database| {
            let wrong = |error| ApiError::internal(format_args!("error getting block metadata: {error}"));
            database.blocks().map_err(wrong)
        });
        Ok(Reply::json(&json!({ "blocks": blocks.await? })))
    }

    pub(crate) fn wal_replay(&self) -> Result {
        Ok(Reply::json(&self.database().map(|database| database.replay_progress()).unwrap_or_default()))
    }

    pub(crate) async fn damage(&self) -> Result {
        Ok(Reply::json(&self.manage(|database| Ok(database.damage())).await?))
    }

    /// What the series of each value of a label cost.
    pub(crate) async fn cost(&self, ask: &Ask<'_>) -> Result {
        let Some(label) = ask.form.given("by").map(str::to_owned) else {
            let account = self.queries.memory().and_then(|memory| memory.parent().or_else(|| Some(memory.clone())));
            let memory = account.map(|account| usage_json(&account.usage()));
            let refused = self.manage(|database| Ok(database.refused())).await?;
            return Ok(Reply::json(&json!({ "memory": memory, "refused": refused })));
        };
        let limit = ask.form.limit()?.unwrap_or(usize::MAX);
        let costs = self.manage(move |database| Ok((database.cost(&label, limit), label))).await?;
        match costs {
            (Some(costs), label) => Ok(Reply::json(&json!({ "by": label, "costs": costs }))),
            (None, label) => {
                let text = format!("what series cost by {} is not known to this store", quote::go(&label));
                Err(ApiError::new(crate::ErrorType::NotFound, text))
            }
        }
    }

    pub(crate) fn self_metrics(&self, ask: &Ask<'_>) -> Result {
        let pattern = match ask.form.given("metric_name_pattern") {
            None => None,
            Some(pattern) => Some(
                promd_regex::Anchored::wrapped(pattern)
                    .map_err(|error| ApiError::bad_data(format_args!("invalid metric_name_pattern: {error}")))?,
            ),
        };
        let snapshot = self.gather();
        let mut families = crate::proto_json::Families::new(pattern.as_ref());
        snapshot.visit(&mut families);
        Ok(Reply::json(&families.into_json()))
    }

    /// The metrics of the server at this moment.
    pub(crate) fn gather(&self) -> Snapshot {
        let mut snapshot = Snapshot::new();
        if let Err(error) = self.registry.gather(system_time(self.clock.wall()), &mut snapshot) {
            tracing::warn!(err = %error, "some of the server's own metrics are left out");
        }
        snapshot
    }

    pub(crate) fn rules(&self, ask: &Ask<'_>) -> Result {
        if let Some(error) = ask.form.error() {
            return Err(ApiError::bad_data(format_args!("error parsing form values: {error}")));
        }
        ask.form.selectors(&self.parser)?;
        // These are read from the URL alone.
        let form = Form::of_query(ask.query);
        match &*form.value("type").to_lowercase() {
            "" | "alert" | "record" => {}
            other => return Err(ApiError::parameter("type", format_args!("not supported value {}", quote::go(other)))),
        }
        parse_bool(&form.given("exclude_alerts").unwrap_or("false").to_lowercase()).map_err(|error| {
            ApiError::parameter("exclude_alerts", format_args!("error converting exclude_alerts: {error}"))
        })?;
        let (limit, token) = (form.given("group_limit"), form.given("group_next_token"));
        match (limit.map(|limit| parse_int(limit, 32)), token) {
            (None, Some(_)) => {
                let text = "group_limit needs to be present in order to paginate over the groups";
                return Err(ApiError::parameter("group_next_token", text));
            }
            (Some(Err(error)), _) => {
                let text = format_args!("group_limit needs to be a valid number: {error}");
                return Err(ApiError::parameter("group_limit", text));
            }
            (Some(Ok(..=0)), _) => {
                return Err(ApiError::parameter("group_limit", "group_limit needs to be greater than 0"));
            }
            (Some(Ok(_)), Some(token)) => {
                let text = format_args!("invalid group_next_token '{token}'. were rule groups changed?");
                return Err(ApiError::parameter("group_next_token", text));
            }
            (_, None) => {}
        }
        let reply = Reply::json(&json!({ "groups": [] }));
        let idle = !self.host.config().rule_files.is_empty();
        Ok(reply.warn(idle.then(|| "promd evaluates no rules yet: those of rule_files are not in force".to_owned())))
    }
}

fn usage_json(usage: &Usage) -> Json {
    json!({
        "name": usage.name,
        "key": usage.key,
        "used": usage.used,
        "peak": usage.peak,
        "limit": usage.limit,
        "children": usage.children.iter().map(usage_json).collect::<Vec<_>>(),
    })
}
