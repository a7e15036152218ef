//! The cases, and how an answer is compared.

#![allow(clippy::unwrap_used, reason = "data that cannot be read fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::Path;
use std::{fs, io};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::scraper::Scraped;

pub(crate) type Labels = BTreeMap<String, String>;

/// A body and how it is scraped.
#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    file: String,
    pub(crate) content_type: Option<String>,
    /// What stands in the scrape's configuration.
    options: Map<String, Value>,
    /// How the target answers.
    serve: Map<String, Value>,
    #[serde(skip)]
    pub(crate) body: Vec<u8>,
}

impl Case {
    /// The part of Prometheus without which a case cannot be judged: it is told by what the case configures and by how its
    /// target answers.
    #[allow(dead_code, reason = "the scraper waits for nothing")]
    pub(crate) fn waits_for(&self) -> Option<&'static str> {
        for option in self.options.keys() {
            match option.as_str() {
                // The stand-in knows these.
                "fallback_scrape_protocol" | "honor_timestamps" | "enable_compression" => {}
                // Parsers take these, or have no use for them.
                "always_scrape_classic_histograms" | "convert_classic_histograms_to_nhcb" => {}
                // Limits, relabelling, and whatever else is configured.
                _ => return Some("scraper"),
            }
        }
        // A status, a delay, or a connection that breaks is the scraper's; the body of a compressed answer is that of the
        // file.
        self.serve.keys().any(|how| how != "gzip").then_some("scraper")
    }

    /// What stands in the scrape's configuration.
    #[allow(dead_code, reason = "the scraper's tests ask for it")]
    pub(crate) fn options(&self) -> &Map<String, Value> {
        &self.options
    }

    /// How the target answers.
    #[allow(dead_code, reason = "the scraper's tests ask for it")]
    pub(crate) fn serve(&self) -> &Map<String, Value> {
        &self.serve
    }

    pub(crate) fn option(&self, name: &str) -> bool {
        self.options.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    #[allow(dead_code, reason = "the scraper takes it from the configuration")]
    pub(crate) fn fallback(&self) -> Option<&str> {
        self.options.get("fallback_scrape_protocol").and_then(Value::as_str)
    }
}

/// What the real Prometheus made of a case.
#[derive(Deserialize)]
pub(crate) struct Expect {
    name: String,
    health: String,
    pub(crate) error: String,
    /// Labels and value.
    series: Vec<(Labels, Value)>,
    /// Name, type, help and unit.
    metadata: Vec<[String; 4]>,
    /// Labels of the series; labels and value of each exemplar.
    exemplars: Vec<(Labels, Vec<Value>)>,
    /// Prometheus 3.5.3 panics on this body.
    #[serde(default)]
    pub(crate) ref_crashes: bool,
}

/// The series that a scrape adds of its own.
const SYNTHETIC: [&str; 5] = [
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
];

impl Expect {
    pub(crate) fn is_up(&self) -> bool {
        self.health == "up"
    }

    /// The series that the scrape added, by name.
    fn is_synthetic(&self, labels: &Labels) -> bool {
        labels.len() == 3
            && labels.get("__name__").is_some_and(|name| SYNTHETIC.contains(&name.as_str()))
            && labels.get("job") == Some(&self.name)
    }

    /// What differs.
    pub(crate) fn compare(&self, scraped: &Scraped) -> Vec<String> {
        let mut problems = Vec::new();
        let error = scraped.error.as_deref().unwrap_or_default();
        // Names are strings here, so that a parser refuses what is not UTF-8. Prometheus' scraper does so, one step later.
        if error.starts_with("invalid UTF-8 ") && self.error.starts_with("invalid metric name or label names: ") {
            return problems;
        }
        if self.is_up() != scraped.error.is_none() || self.error != error {
            problems.push(format!("error: expected {:?}, got {error:?}", self.error));
        }
        // What the body has under such a name is the body's.
        let added = |labels: &Labels| self.is_synthetic(labels) && !scraped.series.contains_key(labels);
        let (synthetic, series): (Vec<_>, Vec<_>) = self.series.iter().partition(|(labels, _)| added(labels));
        let scraped_samples = synthetic.iter().find(|(labels, _)| labels["__name__"] == "scrape_samples_scraped");
        if let Some((_, expected)) = scraped_samples
            && *expected != Value::String(scraped.samples.to_string())
        {
            problems.push(format!("samples: expected {expected}, got {}", scraped.samples));
        }
        let series = series.iter().map(|(labels, value)| format!("{labels:?} {value}")).collect();
        let got = scraped.series.iter().map(|(labels, value)| format!("{labels:?} {value}")).collect();
        compare("series", &series, &got, &mut problems);
        let metadata = self.metadata.iter().map(|entry| format!("{entry:?}")).collect();
        compare("metadata", &metadata, &scraped.metadata, &mut problems);
        let exemplars = self.exemplars.iter().flat_map(|(labels, exemplars)| {
            exemplars.iter().map(move |exemplar| format!("{labels:?} {}", exemplar.as_str().unwrap()))
        });
        compare("exemplars", &exemplars.collect(), &scraped.exemplars, &mut problems);
        problems
    }
}

fn compare(what: &str, expect: &BTreeSet<String>, got: &BTreeSet<String>, problems: &mut Vec<String>) {
    problems.extend(expect.difference(got).map(|missing| format!("{what}: missing {missing}")));
    problems.extend(got.difference(expect).map(|extra| format!("{what}: not expected {extra}")));
}

/// The cases of a folder with what is expected of them.
pub(crate) fn load(folder: &Path) -> Vec<(Case, Expect)> {
    let cases: Vec<Case> = lines(&fs::read(folder.join("cases.jsonl")).unwrap());
    let expects: Vec<Expect> = match fs::read(folder.join("expect.jsonl.gz")) {
        Ok(packed) => {
            let mut unpacked = Vec::new();
            flate2::read::GzDecoder::new(io::Cursor::new(packed)).read_to_end(&mut unpacked).unwrap();
            lines(&unpacked)
        }
        Err(_) => lines(&fs::read(folder.join("expect.jsonl")).unwrap()),
    };
    let mut expects: BTreeMap<_, _> = expects.into_iter().map(|expect| (expect.name.clone(), expect)).collect();
    let pairs = cases.into_iter().map(|mut case| {
        case.body = fs::read(folder.join(&case.file)).unwrap();
        let expect = expects.remove(&case.name).unwrap();
        (case, expect)
    });
    pairs.collect()
}

fn lines<T: DeserializeOwned>(bytes: &[u8]) -> Vec<T> {
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
}
