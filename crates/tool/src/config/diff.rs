//! What is different between two configurations.
//!
//! They are compared as they are meant: as the sections print themselves once defaults are filled in, field by field. What
//! does not print itself, secrets, is compared as it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use promd_config::{Config, ScrapeConfig};
use serde::Serialize;
use serde_json::{Map, Value};

/// The field of a job whose content is reported as targets.
const STATIC: &str = "static_configs";

/// What a secret prints itself as.
const HIDDEN: &str = "<secret>";

/// A configuration, with all of its jobs.
pub(super) struct Side {
    /// What relative paths in it begin with.
    folder: String,
    config: Config,
    jobs: Vec<ScrapeConfig>,
}

impl Side {
    pub(super) fn new(file: &str, config: Config, jobs: Vec<ScrapeConfig>) -> Self {
        let folder = file.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        Self { folder, config, jobs }
    }

    /// The fields of a section, with paths as they are relative to the file.
    fn fields(&self, section: &impl Serialize) -> serde_json::Result<Value> {
        let mut value = serde_json::to_value(section)?;
        if !self.folder.is_empty() {
            self.shorten(&mut value);
        }
        Ok(value)
    }

    fn shorten(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some(rest) = text.strip_prefix(&self.folder) {
                    *text = rest.to_owned();
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.shorten(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.shorten(field)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// A field that is not what it was; `None` where it is not there.
#[derive(Debug, PartialEq)]
pub(super) struct Change {
    /// Where it is: `basic_auth.username`, `relabel_configs[1].regex`.
    pub(super) field: String,
    pub(super) old: Option<Value>,
    pub(super) new: Option<Value>,
}

/// A target as it is configured, before any relabelling.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    pub(super) address: String,
    pub(super) labels: BTreeMap<String, String>,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)?;
        if !self.labels.is_empty() {
            let labels: Vec<String> = self.labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
            write!(f, " {{{}}}", labels.join(", "))?;
        }
        Ok(())
    }
}

/// A job that came or went.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) name: String,
    pub(super) targets: Vec<Target>,
}

/// A job that is in both.
#[derive(Debug)]
pub(super) struct ChangedJob {
    pub(super) name: String,
    pub(super) fields: Vec<Change>,
    pub(super) added: Vec<Target>,
    pub(super) removed: Vec<Target>,
    /// How many targets it has in both.
    kept: usize,
}

impl ChangedJob {
    /// How many targets come, go or are scraped otherwise.
    pub(super) fn affected(&self) -> usize {
        let kept = if self.fields.is_empty() { 0 } else { self.kept };
        self.added.len() + self.removed.len() + kept
    }
}

/// Jobs, in the order of the configurations.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    pub(super) added: Vec<Job>,
    pub(super) removed: Vec<Job>,
    pub(super) changed: Vec<ChangedJob>,
}

#[derive(Debug)]
pub(super) struct Diff {
    /// What is different outside of jobs.
    pub(super) settings: Vec<Change>,
    pub(super) jobs: Jobs,
}

impl Diff {
    pub(super) fn new(old: &Side, new: &Side) -> serde_json::Result<Self> {
        Ok(Self { settings: settings(old, new)?, jobs: jobs(old, new)? })
    }

    pub(super) fn is_empty(&self) -> bool {
        let Jobs { added, removed, changed } = &self.jobs;
        self.settings.is_empty() && added.is_empty() && removed.is_empty() && changed.is_empty()
    }
}

fn settings(old: &Side, new: &Side) -> serde_json::Result<Vec<Change>> {
    let (a, b) = (&old.config, &new.config);
    let mut values = [old.fields(a)?, new.fields(b)?];
    for (value, config) in values.iter_mut().zip([a, b]) {
        // Jobs are compared by name, wherever they are.
        value.as_object_mut().and_then(|fields| fields.remove("scrape_configs"));
        // The default is shown where there is no section `global`, and not where there is one.
        if let (Some(global), Ok(escaping)) =
            (value.get_mut("global").and_then(Value::as_object_mut), config.global.escaping())
        {
            global.insert("metric_name_escaping_scheme".to_owned(), escaping.to_string().into());
        }
    }
    let [before, after] = values;
    let mut changes = Vec::new();
    compare(String::new(), Some(before), Some(after), &mut changes);
    secret("alerting", &a.alerting, &b.alerting, &mut changes)?;
    secret("remote_write", &*a.remote_write, &*b.remote_write, &mut changes)?;
    secret("remote_read", &*a.remote_read, &*b.remote_read, &mut changes)?;
    secret("tracing", &a.tracing, &b.tracing, &mut changes)?;
    Ok(changes)
}

fn jobs(old: &Side, new: &Side) -> serde_json::Result<Jobs> {
    let by_name = |side: &Side| -> BTreeMap<String, ScrapeConfig> {
        side.jobs.iter().map(|job| (job.job_name.clone(), job.clone())).collect()
    };
    let (before, after) = (by_name(old), by_name(new));
    let only = |side: &Side, other: &BTreeMap<String, ScrapeConfig>| -> Vec<Job> {
        let jobs = side.jobs.iter().filter(|job| !other.contains_key(&job.job_name));
        jobs.map(|job| Job { name: job.job_name.clone(), targets: targets(job).into_iter().collect() }).collect()
    };
    let mut jobs = Jobs { added: only(new, &before), removed: only(old, &after), changed: Vec::new() };
    for b in &new.jobs {
        let Some(a) = before.get(&b.job_name) else { continue };
        let fields = job_fields(old, a, new, b)?;
        let (was, is) = (targets(a), targets(b));
        let job = ChangedJob {
            name: b.job_name.clone(),
            fields,
            added: is.difference(&was).cloned().collect(),
            removed: was.difference(&is).cloned().collect(),
            kept: is.intersection(&was).count(),
        };
        if !(job.fields.is_empty() && job.added.is_empty() && job.removed.is_empty()) {
            jobs.changed.push(job);
        }
    }
    Ok(jobs)
}

fn job_fields(old: &Side, a: &ScrapeConfig, new: &Side, b: &ScrapeConfig) -> serde_json::Result<Vec<Change>> {
    let mut values = [old.fields(a)?, new.fields(b)?];
    for value in &mut values {
        value.as_object_mut().and_then(|fields| fields.remove(STATIC));
    }
    let [before, after] = values;
    let mut changes = Vec::new();
    compare(String::new(), Some(before), Some(after), &mut changes);
    secret("basic_auth.password", &a.http.basic_auth, &b.http.basic_auth, &mut changes)?;
    secret("authorization.credentials", &a.http.authorization, &b.http.authorization, &mut changes)?;
    secret("oauth2", &a.http.oauth2, &b.http.oauth2, &mut changes)?;
    secret("tls_config", &a.http.tls, &b.http.tls, &mut changes)?;
    secret("http_headers", &a.http.headers, &b.http.headers, &mut changes)?;
    secret("service discovery", &a.discovery, &b.discovery, &mut changes)?;
    Ok(changes)
}

fn targets(job: &ScrapeConfig) -> BTreeSet<Target> {
    let groups = job.discovery.static_configs.iter();
    let each = groups.flat_map(|group| {
        let labels = group.labels.iter().map(|label| (label.name.to_owned(), label.value.to_owned()));
        let labels: BTreeMap<String, String> = labels.collect();
        group.targets.iter().map(move |address| Target { address: address.clone(), labels: labels.clone() })
    });
    each.collect()
}

/// Notes what looks the same and is not.
fn secret<T>(field: &str, old: &T, new: &T, changes: &mut Vec<Change>) -> serde_json::Result<()>
where
    T: Serialize + PartialEq + ?Sized,
{
    if old != new && serde_json::to_value(old)? == serde_json::to_value(new)? {
        let hidden = || Some(Value::from(HIDDEN));
        changes.push(Change { field: field.to_owned(), old: hidden(), new: hidden() });
    }
    Ok(())
}

/// Goes down to what is different.
fn compare(field: String, old: Option<Value>, new: Option<Value>, changes: &mut Vec<Change>) {
    if old == new {
        return;
    }
    match (old, new) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => compare_fields(&field, old, new, changes),
        (Some(Value::Array(old)), Some(Value::Array(new))) if old.len() == new.len() => {
            for (index, (old, new)) in old.into_iter().zip(new).enumerate() {
                compare(format!("{field}[{index}]"), Some(old), Some(new), changes);
            }
        }
        (old, new) => changes.push(Change { field, old, new }),
    }
}

fn compare_fields(path: &str, mut old: Map<String, Value>, mut new: Map<String, Value>, changes: &mut Vec<Change>) {
    let names: BTreeSet<String> = old.keys().chain(new.keys()).cloned().collect();
    for name in names {
        let field = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        compare(field, old.remove(&name), new.remove(&name), changes);
    }
}
