//! `/api/v1/search`: names and values as somebody types them, a line of JSON at a time (`web/api/v1/search.go`).

use std::collections::HashMap;

use http::header;
use promd_http::Response;
use promd_model::{Interval, METRIC_NAME, Matcher, quote};
use promd_storage::{LabelQuery, Storage};
use serde::Serialize;

use crate::api::{Api, Ask};
use crate::lookup::texts_of;
use crate::params::{atoi, parse_bool};
use crate::queries::Tab;
use crate::reply::{self, Pieces};
use crate::score::{Algorithm, Filter};
use crate::{ApiError, ErrorType, Form, json};

/// How many terms may be searched for at once.
const MOST_TERMS: usize = 32;
/// How many results there are, in how many of them a line, unless it is said.
const DEFAULT: usize = 100;

/// What is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Search {
    MetricNames,
    LabelNames,
    LabelValues,
}

impl Search {
    const fn name(self) -> &'static str {
        match self {
            Self::MetricNames => "metric_names",
            Self::LabelNames => "label_names",
            Self::LabelValues => "label_values",
        }
    }
}

/// In which order results come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Ascending,
    Descending,
    Score,
}

/// A search as it was asked for.
struct Asked {
    /// Whose values; without one, the names of labels.
    label: Option<String>,
    times: Interval,
    selectors: Vec<Vec<Matcher>>,
    filter: Option<Filter>,
    order: Order,
    limit: usize,
}

/// A line with results.
#[derive(Serialize)]
struct Batch<'a> {
    results: Vec<Found<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
}

/// A result. What stands for it is a name or a value.
#[derive(Serialize)]
struct Found<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    #[serde(flatten)]
    metadata: Option<&'a Known>,
}

/// What targets say of a metric.
#[derive(Serialize)]
struct Known {
    #[serde(rename = "type", skip_serializing_if = "str::is_empty")]
    kind: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    help: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    unit: String,
}

impl Api {
    pub(crate) async fn search(&self, search: Search, ask: &Ask<'_>) -> Response {
        let lines = match self.find(search, ask).await {
            Ok(lines) => lines,
            Err(error) => return error.into_response(),
        };
        let mut response = Response::new(reply::streamed(Vec::new(), Box::new(lines), Vec::new(), None));
        reply::set(&mut response, header::CONTENT_TYPE, "application/x-ndjson; charset=utf-8");
        response
    }

    async fn find(&self, search: Search, ask: &Ask<'_>) -> Result<Lines, ApiError> {
        if !self.feature("api", "search") {
            return Err(ApiError::new(ErrorType::Unavailable, "search API disabled"));
        }
        let form = &ask.form;
        if let Some(error) = form.error() {
            return Err(ApiError::bad_data(format_args!("error parsing form values: {error}")));
        }
        let (mut asked, shape) = self.read_search(search, form)?;
        let metadata = match search {
            Search::MetricNames if switch(form, "include_metadata", false)? => Some(self.known()),
            Search::LabelValues => {
                let missing = || ApiError::bad_data("missing required parameter \"label\"");
                asked.label = Some(form.given("label").ok_or_else(missing)?.to_owned());
                None
            }
            _ => None,
        };
        let limit = asked.limit;
        let (mut found, warnings) = self.look_up(move |storage, tab| asked.answer(storage, tab)).await?;
        let has_more = found.len() > limit;
        found.truncate(limit);
        Ok(Lines { found: found.into_iter(), metadata, warnings, has_more, shape, next: Next::First })
    }

    fn read_search(&self, search: Search, form: &Form) -> Result<(Asked, Shape), ApiError> {
        let now = self.now();
        let start = form.time_or("start", promd_model::Millis(now.0.saturating_sub(3_600_000)))?;
        let end = form.time_or("end", now)?;
        if end < start {
            return Err(ApiError::bad_data("end timestamp must not be before start timestamp"));
        }
        let selectors = form.selectors(&self.parser)?;
        let terms = form.all("search[]").count();
        if terms > MOST_TERMS {
            let text = format_args!("too many search[] terms: got {terms}, maximum is {MOST_TERMS}");
            return Err(ApiError::bad_data(text));
        }
        let threshold = match form.given("fuzz_threshold") {
            None => 0,
            Some(text) => atoi(text)
                .ok()
                .and_then(|percent| u8::try_from(percent).ok())
                .filter(|percent| *percent <= 100)
                .ok_or_else(|| wrong("fuzz_threshold", text, "must be 0-100"))?,
        };
        let algorithm = match form.given("fuzz_alg") {
            None | Some("subsequence") => Algorithm::Subsequence,
            Some("jarowinkler") => Algorithm::JaroWinkler,
            Some(other) => {
                let text = "must be one of [subsequence jarowinkler]";
                return Err(ApiError::bad_data(format_args!("unsupported fuzz_alg {}: {text}", quote::go(other))));
            }
        };
        let case_sensitive = switch(form, "case_sensitive", true)?;
        let score = switch(form, "include_score", false)?;
        let order = order(search, form, terms)?;
        let most = self.options.max_search_limit;
        let limit = match form.given("limit") {
            None => most.map_or(DEFAULT, |most| most.min(DEFAULT)),
            Some(text) => {
                let limit = positive("limit", text)?;
                if let Some(most) = most.filter(|most| limit > *most) {
                    let text = format_args!(
                        "limit {limit} exceeds the configured maximum ({most}, see --web.search.max-limit)"
                    );
                    return Err(ApiError::bad_data(text));
                }
                limit
            }
        };
        let batch = form.given("batch_size").map_or(Ok(DEFAULT), |text| positive("batch_size", text))?;
        let filter = Filter::new(form.all("search[]"), algorithm, f64::from(threshold) / 100.0, case_sensitive);
        let label = (search == Search::MetricNames).then(|| METRIC_NAME.to_owned());
        let times = Interval::new(start.0, end.0);
        let shape = Shape { search, score, batch };
        Ok((Asked { label, times, selectors, filter, order, limit }, shape))
    }

    /// What targets say of metrics: of several the first.
    fn known(&self) -> HashMap<String, Known> {
        let mut all = HashMap::new();
        self.targets.metadata(None, &mut |_, name, metadata| {
            all.entry(name.to_owned()).or_insert_with(|| Known {
                kind: metadata.metric_type.as_str(),
                help: metadata.help.clone(),
                unit: metadata.unit.clone(),
            });
        });
        all
    }
}

fn wrong(name: &str, text: &str, why: &str) -> ApiError {
    ApiError::bad_data(format_args!("invalid {name} {}: {why}", quote::go(text)))
}

fn switch(form: &Form, name: &str, default: bool) -> Result<bool, ApiError> {
    let Some(text) = form.given(name) else { return Ok(default) };
    parse_bool(text).map_err(|_| wrong(name, text, "must be boolean"))
}

fn positive(name: &str, text: &str) -> Result<usize, ApiError> {
    let number = atoi(text).ok().and_then(|number| usize::try_from(number).ok()).filter(|number| *number > 0);
    number.ok_or_else(|| wrong(name, text, "must be a positive integer"))
}

fn order(search: Search, form: &Form, terms: usize) -> Result<Order, ApiError> {
    let (by, direction) = (form.value("sort_by"), form.value("sort_dir"));
    match (by, direction) {
        (_, "") => {}
        ("", _) => return Err(ApiError::bad_data("sort_dir is only valid when sort_by is set")),
        ("score", _) => return Err(ApiError::bad_data("sort_dir is not supported for sort_by=score")),
        (_, "asc" | "dsc") => {}
        (_, other) => return Err(wrong("sort_dir", other, "must be \"asc\" or \"dsc\"")),
    }
    match by {
        "score" if terms == 0 => Err(ApiError::bad_data("sort_by=score requires search[] to be set")),
        "score" => Ok(Order::Score),
        "" | "alpha" if direction == "dsc" => Ok(Order::Descending),
        "" | "alpha" => Ok(Order::Ascending),
        other => {
            let (other, endpoint) = (quote::go(other), search.name());
            let text = format_args!("invalid sort_by {other} for {endpoint}: must be \"alpha\" or \"score\"");
            Err(ApiError::bad_data(text))
        }
    }
}

/// Results with their scores, and warnings.
type Results = (Vec<(String, f64)>, Vec<String>);

impl Asked {
    /// What fits, one more than is wanted at most.
    fn answer(self, storage: &dyn Storage, tab: &mut Tab) -> Result<Results, ApiError> {
        let reader = storage.reader(self.times)?;
        let all: &[&[Matcher]] = &[&[]];
        let selectors: Vec<&[Matcher]> = self.selectors.iter().map(Vec::as_slice).collect();
        let selectors = if selectors.is_empty() { all } else { &*selectors };
        let (mut texts, mut warnings) = (Vec::new(), promd_storage::Warnings::new());
        for matchers in selectors {
            let query = LabelQuery::new(matchers, self.times);
            let listed = match &self.label {
                Some(label) => reader.label_values(label, &query)?,
                None => reader.label_names(&query)?,
            };
            texts.extend(listed.texts);
            warnings.extend(listed.warnings);
        }
        tab.texts(texts.iter().map(String::as_str))?;
        if selectors.len() > 1 {
            texts.sort_unstable();
            texts.dedup();
        }
        if self.order == Order::Descending {
            texts.reverse();
        }
        let score = |text: &str| self.filter.as_ref().map_or(Some(1.0), |filter| filter.score(text));
        let fitting = texts.into_iter().filter_map(|text| score(&text).map(|score| (text, score)));
        let wanted = self.limit.saturating_add(1);
        let mut found: Vec<_> = match self.order {
            Order::Score => fitting.collect(),
            _ => fitting.take(wanted).collect(),
        };
        if self.order == Order::Score {
            // The sort is stable: those of one score stay in the order of their texts.
            found.sort_by(|(_, a), (_, b)| b.total_cmp(a));
            found.truncate(wanted);
        }
        Ok((found, texts_of(&warnings)))
    }
}

/// How results are written.
struct Shape {
    search: Search,
    score: bool,
    batch: usize,
}

/// What is written next.
#[derive(PartialEq)]
enum Next {
    /// The first batch, which comes also without results, for its warnings.
    First,
    Batch,
    Nothing,
}

/// The lines of an answer.
struct Lines {
    found: std::vec::IntoIter<(String, f64)>,
    metadata: Option<HashMap<String, Known>>,
    warnings: Vec<String>,
    has_more: bool,
    shape: Shape,
    next: Next,
}

impl Pieces for Lines {
    fn next(&mut self, out: &mut Vec<u8>) -> bool {
        if self.next == Next::Nothing {
            return false;
        }
        if self.next == Next::First || self.found.len() > 0 {
            let batch: Vec<_> = self.found.by_ref().take(self.shape.batch).collect();
            let of_values = self.shape.search == Search::LabelValues;
            let results = batch.iter().map(|(text, score)| Found {
                name: (!of_values).then_some(text),
                value: of_values.then_some(text),
                score: self.shape.score.then_some(*score),
                metadata: self.metadata.as_ref().and_then(|all| all.get(text)),
            });
            let warnings = if self.next == Next::First { &*self.warnings } else { &[] };
            json::value(out, &Batch { results: results.collect(), warnings });
            self.next = Next::Batch;
        } else {
            json::value(out, &serde_json::json!({ "status": "success", "has_more": self.has_more }));
            self.next = Next::Nothing;
        }
        out.push(b'\n');
        true
    }
}
