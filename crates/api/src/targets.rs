//! Targets, what they say of their metrics, and what relabelling does to them.

use std::collections::{BTreeMap, BTreeSet};

use promd_clock::WallTime;
use promd_config::ScrapeConfig;
use promd_model::{Labels, Matcher, Metadata, Millis};
use promd_relabel::{Rule, Rules};
use serde_json::{Map, Value as Json, json};

use crate::api::{Api, Ask};
use crate::json::LabelsJson;
use crate::params::atoi;
use crate::reply::Reply;
use crate::{ActiveTarget, ApiError, Form};

type Result = std::result::Result<Reply, ApiError>;

impl Api {
    pub(crate) fn scrape_pools(&self) -> Result {
        let names: Vec<String> = self.targets.pools().into_iter().map(|pool| pool.name).collect();
        Ok(Reply::json(&json!({ "scrapePools": names })))
    }

    pub(crate) fn scrape_pool_config(&self, ask: &Ask<'_>) -> Result {
        let scrape = self.scrape_config(&ask.form)?;
        Ok(Reply::json(&json!({ "yaml": scrape.to_string() })))
    }

    pub(crate) fn targets(&self, ask: &Ask<'_>) -> Result {
        // These two are read from the URL alone.
        let form = Form::of_query(ask.query);
        let (wanted, state) = (form.value("scrapePool"), form.value("state").to_lowercase());
        let shows = |what: &str| state.is_empty() || state == "any" || state == what;
        let (mut active, mut dropped, mut counts) = (Vec::new(), Vec::new(), Map::new());
        for pool in self.targets.pools() {
            counts.insert(pool.name.clone(), pool.dropped_count.into());
            if !wanted.is_empty() && pool.name != wanted {
                continue;
            }
            active.extend(pool.active.iter().map(|target| self.active_target(&pool.name, target)));
            dropped.extend(
                pool.dropped
                    .iter()
                    .map(|labels| json!({ "discoveredLabels": LabelsJson(labels), "scrapePool": pool.name })),
            );
        }
        if !shows("active") {
            active.clear();
        }
        let shows_dropped = shows("dropped");
        if !shows_dropped {
            dropped.clear();
        }
        Ok(Reply::json(&json!({
            "activeTargets": active,
            "droppedTargets": dropped,
            "droppedTargetCounts": shows_dropped.then_some(counts),
        })))
    }

    fn active_target(&self, pool: &str, target: &ActiveTarget) -> Json {
        json!({
            "discoveredLabels": LabelsJson(&target.discovered),
            "labels": LabelsJson(&target.labels),
            "scrapePool": pool,
            "scrapeUrl": target.url,
            "globalUrl": global_url(&target.url, &self.options.listen_address, &self.options.external_url),
            "lastError": target.last_error,
            "lastScrape": target.last_scrape.map_or_else(|| "0001-01-01T00:00:00Z".to_owned(), rfc3339),
            "lastScrapeDuration": target.last_duration.as_secs_f64(),
            "health": target.health.as_str(),
            "scrapeInterval": target.interval,
            "scrapeTimeout": target.timeout,
        })
    }

    pub(crate) fn targets_metadata(&self, ask: &Ask<'_>) -> Result {
        let form = &ask.form;
        let limit = number(form, "limit")?;
        let matchers: Vec<Matcher> = match form.given("match_target") {
            Some(text) => {
                let selector = self.parser.parse_selector(text);
                selector.map_err(|error| ApiError::parameter("match_target", error))?
            }
            None => Vec::new(),
        };
        let family = form.given("metric");
        let mut found = Vec::new();
        self.targets.metadata(family, &mut |labels, name, metadata| {
            let is_full = limit.is_some_and(|limit| found.len() >= limit);
            if is_full || !matchers.iter().all(|matcher| matcher.matches_labels(labels.view())) {
                return;
            }
            let mut entry = metadata_json(metadata);
            if let Json::Object(entry) = &mut entry {
                entry.insert("target".to_owned(), json!(LabelsJson(labels)));
                // Whoever names a metric knows its name.
                if family.is_none() {
                    entry.insert("metric".to_owned(), name.into());
                }
            }
            found.push(entry);
        });
        Ok(Reply::json(&found))
    }

    pub(crate) fn metadata(&self, ask: &Ask<'_>) -> Result {
        let form = &ask.form;
        let (limit, per_metric) = (number(form, "limit")?, number(form, "limit_per_metric")?);
        let per_metric = per_metric.filter(|limit| *limit > 0).unwrap_or(usize::MAX);
        let mut families: BTreeMap<String, BTreeSet<(&'static str, String, String)>> = BTreeMap::new();
        self.targets.metadata(form.given("metric"), &mut |_, name, metadata| {
            let known = families.entry(name.to_owned()).or_default();
            if known.len() < per_metric {
                known.insert((metadata.metric_type.as_str(), metadata.help.clone(), metadata.unit.clone()));
            }
        });
        let shown = families.into_iter().take(limit.unwrap_or(usize::MAX)).map(|(name, known)| {
            let entries =
                known.into_iter().map(|(kind, help, unit)| json!({ "type": kind, "unit": unit, "help": help }));
            (name, entries.collect::<Json>())
        });
        Ok(Reply::json(&shown.collect::<Map<_, _>>()))
    }

    pub(crate) fn relabel_steps(&self, ask: &Ask<'_>) -> Result {
        if ask.form.value("scrapePool").is_empty() {
            return Err(ApiError::bad_data("no scrapePool parameter provided"));
        }
        let Some(text) = ask.form.given("labels") else {
            return Err(ApiError::bad_data("no labels parameter provided"));
        };
        let pairs: BTreeMap<String, String> = serde_json::from_str(text)
            .map_err(|error| ApiError::bad_data(format_args!("error parsing labels: {error}")))?;
        let labels = Labels::from_pairs(pairs)
            .map_err(|error| ApiError::bad_data(format_args!("error parsing labels: {error}")))?;
        let scrape = self.scrape_config(&ask.form)?;
        let rules: Vec<Rule> = scrape.relabel_configs.iter().cloned().collect();
        let rules = Rules::new(rules, scrape.validation()).map_err(ApiError::internal)?;
        let mut steps = Vec::new();
        for step in rules.steps(&labels) {
            let step = step.map_err(ApiError::internal)?;
            steps.push(json!({
                "rule": rule_json(step.rule),
                "output": LabelsJson(&step.after),
                "keep": step.kept,
            }));
        }
        Ok(Reply::json(&json!({ "steps": steps })))
    }

    fn scrape_config(&self, form: &Form) -> std::result::Result<ScrapeConfig, ApiError> {
        let pool = form.value("scrapePool");
        if pool.is_empty() {
            return Err(ApiError::bad_data("no scrapePool parameter provided"));
        }
        self.host.scrape_config(pool).ok_or_else(|| {
            let pool = promd_model::quote::go(pool);
            ApiError::bad_data(format_args!("error retrieving scrape config: scrape pool {pool} not found"))
        })
    }
}

fn number(form: &Form, name: &str) -> std::result::Result<Option<usize>, ApiError> {
    let Some(text) = form.given(name) else { return Ok(None) };
    let number = atoi(text).map_err(|_| ApiError::bad_data(format_args!("{name} must be a number")))?;
    // Below zero there is no limit.
    Ok(usize::try_from(number).ok())
}

fn metadata_json(metadata: &Metadata) -> Json {
    json!({ "type": metadata.metric_type.as_str(), "help": metadata.help, "unit": metadata.unit })
}

fn rule_json(rule: &Rule) -> Json {
    let mut json = json!({
        "separator": rule.separator,
        "regex": rule.regex().as_str(),
        "replacement": rule.replacement,
        "action": rule.action.as_str(),
    });
    let Json::Object(fields) = &mut json else { return json };
    if let Some(names) = rule.source_labels.as_ref().filter(|names| !names.is_empty()) {
        fields.insert("source_labels".to_owned(), json!(names));
    }
    if rule.modulus != 0 {
        fields.insert("modulus".to_owned(), rule.modulus.into());
    }
    if !rule.target_label.is_empty() {
        fields.insert("target_label".to_owned(), json!(rule.target_label));
    }
    json
}

/// A time of a clock, to the nanosecond.
pub(crate) fn rfc3339(at: WallTime) -> String {
    let seconds = at.nanos().div_euclid(1_000_000_000);
    let text = Millis(seconds * 1000).rfc3339().to_string();
    match at.nanos().rem_euclid(1_000_000_000) {
        0 => text,
        nanos => {
            let fraction = format!("{nanos:09}");
            format!("{}.{}Z", text.trim_end_matches('Z'), fraction.trim_end_matches('0'))
        }
    }
}

/// The address of a target for somebody elsewhere: one on this machine is reached under the name of this server.
fn global_url(url: &str, listen_address: &str, external_url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.find(['/', '?']).map_or((rest, ""), |at| rest.split_at(at));
    let (host, port) = host_port(authority);
    if !matches!(host, "127.0.0.1" | "localhost" | "::1" | "") {
        return url.to_owned();
    }
    let Some((own_scheme, own)) = external_url.split_once("://") else { return url.to_owned() };
    let own = own.split('/').next().unwrap_or_default();
    if port == host_port(listen_address).1 {
        return format!("{own_scheme}://{own}{path}");
    }
    let (own_host, _) = host_port(own);
    let own_host = if own_host.contains(':') { format!("[{own_host}]") } else { own_host.to_owned() };
    let port = if port.is_empty() { String::new() } else { format!(":{port}") };
    format!("{scheme}://{own_host}{port}{path}")
}

/// A host without brackets, and a port, which may be empty.
fn host_port(authority: &str) -> (&str, &str) {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, port) = rest.split_once(']').unwrap_or((rest, ""));
        return (host, port.strip_prefix(':').unwrap_or_default());
    }
    authority.rsplit_once(':').unwrap_or((authority, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cases are those of `TestGetGlobalURL` in `web/api/v1/api_test.go`, in values of our own.
    #[test]
    fn targets_on_this_machine_are_elsewhere_for_others() {
        let global = |url| global_url(url, "127.0.0.1:9090", "https://prom.example.org:443/prefix");
        assert_eq!(global("http://127.0.0.1:9090/metrics"), "https://prom.example.org:443/metrics");
        assert_eq!(global("http://localhost:8000/m?a=b"), "http://prom.example.org:8000/m?a=b");
        assert_eq!(global("http://[::1]/x"), "http://prom.example.org/x");
        assert_eq!(global("http://other:9090/metrics"), "http://other:9090/metrics");
    }

    #[test]
    fn times_have_nanoseconds() {
        assert_eq!(rfc3339(WallTime::from_nanos(1_500_000_000)), "1970-01-01T00:00:01.5Z");
        assert_eq!(rfc3339(WallTime::from_nanos(-1)), "1969-12-31T23:59:59.999999999Z");
        assert_eq!(rfc3339(WallTime::from_millis(0)), "1970-01-01T00:00:00Z");
    }
}
