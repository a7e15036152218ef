//! Queries as requests.

use promd_model::{Duration, Millis, quote};
use promd_promql::{Answer, Explain, Query, Statistics, Value};
use promd_promql_parser::Formatter;
use serde_json::{Map, Value as Json, json};

use crate::api::{Api, Ask};
use crate::lookup::{ExemplarsAsked, LabelsAsked, SeriesAsked, TRUNCATED};
use crate::queries::Asked;
use crate::reply::Reply;
use crate::{ApiError, Form, json};

type Result = std::result::Result<Reply, ApiError>;

impl Api {
    pub(crate) async fn query(&self, ask: &Ask<'_>) -> Result {
        let form = &ask.form;
        let limit = form.limit()?;
        let at = form.time_or("time", self.now())?;
        self.run(ask, limit, Query::instant(form.value("query"), at.0)).await
    }

    pub(crate) async fn query_range(&self, ask: &Ask<'_>) -> Result {
        let form = &ask.form;
        let limit = form.limit()?;
        let (start, end) = (form.time("start")?, form.time("end")?);
        if end < start {
            return Err(ApiError::parameter("end", "end timestamp must not be before start time"));
        }
        let step = form.duration("step")?;
        check_step(start, end, step)?;
        self.run(ask, limit, Query::range(form.value("query"), start.0, end.0, step.as_millis())).await
    }

    async fn run(&self, ask: &Ask<'_>, limit: Option<usize>, mut query: Query) -> Result {
        let form = &ask.form;
        let timeout = form.duration_if_given("timeout")?.map(|timeout| timeout.to_std().unwrap_or_default());
        if let Some(text) = form.given("lookback_delta") {
            let lookback = Duration::parse_param(text);
            let wrong = |error| ApiError::bad_data(format_args!("error parsing lookback delta duration: {error}"));
            query.lookback = Some(lookback.map_err(wrong)?.as_millis()).filter(|lookback| *lookback > 0);
        }
        let stats = form.given("stats");
        query.per_step = stats == Some("all") && self.feature("promql", "per_step_stats");
        match form.given("explain") {
            None => {}
            Some("analyze") => query.explain = true,
            Some("estimate") => {
                let explain = self.queries.estimate(query, self.storage()?).await?;
                return Ok(Reply::json(&json!({ "explain": explain_json(&explain) })));
            }
            Some(_) => return Err(ApiError::parameter("explain", "it is estimate or analyze")),
        }
        let mut answer = self.queries.run(Asked { query, timeout, asker: ask.asker() }, self.storage()?).await?;
        let Answer { value, warnings, infos, statistics, explain, .. } = &mut answer;
        let mut value = std::mem::replace(value, Value::Scalar { t: 0, v: 0.0 });
        let (mut warnings, infos) = (std::mem::take(warnings), std::mem::take(infos));
        if limit.is_some_and(|limit| truncate(&mut value, limit)) {
            warnings.push(TRUNCATED.to_owned());
        }
        let stats = stats.map(|text| {
            if !matches!(text, "true" | "all") {
                warnings.push(format!(
                    "value {} for parameter \"stats\" is deprecated and will be rejected in the next major release, \
                     use \"true\" or \"all\"",
                    quote::go(text)
                ));
            }
            stats_json(statistics)
        });
        let mut extra = Vec::new();
        for (key, part) in [("stats", stats), ("explain", explain.as_ref().map(explain_json))] {
            if let Some(part) = part {
                extra.extend_from_slice(format!(",\"{key}\":").as_bytes());
                json::value(&mut extra, &part);
            }
        }
        // The answer pays for its value until the last of it is sent.
        Ok(crate::result::query_data(value, extra).warn(warnings).inform(infos).holding(answer))
    }

    pub(crate) fn format_query(&self, ask: &Ask<'_>) -> Result {
        let expr = self.parser.parse(ask.form.value("query")).map_err(|error| ApiError::parameter("query", error))?;
        Ok(Reply::json(&Formatter::default().format(&expr)))
    }

    pub(crate) fn parse_query(&self, ask: &Ask<'_>) -> Result {
        let expr = self.parser.parse(ask.form.value("query")).map_err(|error| ApiError::parameter("query", error))?;
        Ok(Reply::json(&expr))
    }

    pub(crate) async fn labels(&self, ask: &Ask<'_>, name: Option<&str>) -> Result {
        if let Some(name) = name.filter(|_| !ask.is_utf8) {
            return Err(ApiError::bad_data(format_args!("invalid label name: {}", quote::go(name))));
        }
        let name = name.map(|name| percent_encoding::percent_decode_str(name).decode_utf8_lossy());
        let asked = LabelsAsked::of(&ask.form, &self.parser, name.as_deref())?;
        self.look_up(move |storage, tab| asked.answer(storage, tab)).await
    }

    pub(crate) async fn series(&self, ask: &Ask<'_>) -> Result {
        let asked = SeriesAsked::of(&ask.form, &self.parser)?;
        self.look_up(move |storage, tab| asked.answer(storage, tab)).await
    }

    pub(crate) async fn exemplars(&self, ask: &Ask<'_>) -> Result {
        match ExemplarsAsked::of(&ask.form, &self.parser)? {
            Some(asked) => self.look_up(move |storage, _| asked.answer(storage)).await,
            None => Ok(Reply::nothing()),
        }
    }

    /// The queries that wait or run.
    pub(crate) fn running_queries(&self) -> Reply {
        let mut list = Vec::new();
        self.queries.each_running(|number, running, took| {
            let query = &running.query;
            list.push(json!({
                "id": number,
                "query": query.expression.text(),
                "start": Millis(query.start).as_secs_f64(),
                "end": Millis(query.end).as_secs_f64(),
                "step": query.step.map(|step| Millis(step).as_secs_f64()),
                "since": Millis(running.since.millis()).rfc3339().to_string(),
                "seconds": took.as_secs_f64(),
                "bytes": running.account.as_ref().map_or(0, promd_budget::Account::used),
                "client": running.asker.client,
                "path": running.asker.path,
            }));
        });
        Reply::json(&json!({ "queries": list }))
    }

    pub(crate) fn cancel_query(&self, ask: &Ask<'_>) -> Result {
        let number = ask.parameter.parse().ok().filter(|number| self.queries.cancel(*number));
        let missing = || {
            let text = format!("there is no running query of the number {}", quote::go(ask.parameter));
            ApiError::new(crate::ErrorType::NotFound, text)
        };
        number.map(|_| Reply::nothing()).ok_or_else(missing)
    }
}

/// What Prometheus says of steps before it looks at the query.
fn check_step(start: Millis, end: Millis, step: Duration) -> std::result::Result<(), ApiError> {
    if step.as_nanos() <= 0 {
        let text = "zero or negative query resolution step widths are not accepted. Try a positive integer";
        return Err(ApiError::parameter("step", text));
    }
    let range = i128::from(end.0.saturating_sub(start.0)) * 1_000_000;
    if range / i128::from(step.as_nanos()) > i128::from(Query::MOST_POINTS) {
        return Err(ApiError::bad_data(promd_promql::TooManyPoints));
    }
    if step.as_millis() == 0 {
        // Prometheus fails here with the text of a division by zero.
        return Err(ApiError::parameter("step", "query resolution step widths below 1ms are not accepted"));
    }
    Ok(())
}

/// Cuts an answer to some series, and says whether there were more.
fn truncate(value: &mut Value, limit: usize) -> bool {
    match value {
        Value::Vector(samples) if samples.len() > limit => samples.truncate(limit),
        Value::Matrix(series) if series.len() > limit => series.truncate(limit),
        _ => return false,
    }
    true
}

fn stats_json(statistics: &Statistics) -> Json {
    let Statistics { timings, samples, .. } = statistics;
    let mut counts = Map::new();
    counts.insert("totalQueryableSamples".to_owned(), samples.total_queryable.into());
    counts.insert("samplesRead".to_owned(), samples.read.into());
    counts.insert("peakSamples".to_owned(), samples.peak.into());
    if let Some(per_step) = &samples.per_step {
        let points = |counts: &[u64]| {
            let times = (0..).map(|index| Millis(per_step.start + per_step.step * index).as_secs_f64());
            times.zip(counts).map(|(time, count)| json!([time, count])).collect::<Json>()
        };
        counts.insert("totalQueryableSamplesPerStep".to_owned(), points(&per_step.total_queryable));
        counts.insert("samplesReadPerStep".to_owned(), points(&per_step.read));
    }
    json!({
        "timings": {
            "evalTotalTime": timings.eval_total.as_secs_f64(),
            "resultSortTime": timings.result_sort.as_secs_f64(),
            "queryPreparationTime": timings.query_preparation.as_secs_f64(),
            "innerEvalTime": timings.inner_eval.as_secs_f64(),
            "execQueueTime": timings.exec_queue.as_secs_f64(),
            "execTotalTime": timings.exec_total.as_secs_f64(),
        },
        "samples": counts,
    })
}

fn explain_json(explain: &Explain) -> Json {
    json!({
        "operation": explain.operation,
        "text": explain.text,
        "steps": explain.steps,
        "series": explain.series,
        "samples": explain.samples,
        "chunks": explain.chunks,
        "bytes": explain.bytes,
        "seconds": explain.time.as_secs_f64(),
        "shared": explain.shared,
        "children": explain.children.iter().map(explain_json).collect::<Vec<_>>(),
    })
}

/// Whether a form asks for something by a word of Go's `strconv.ParseBool`.
pub(crate) fn flag(form: &Form, name: &str) -> std::result::Result<bool, String> {
    form.given(name).map_or(Ok(false), crate::params::parse_bool)
}
