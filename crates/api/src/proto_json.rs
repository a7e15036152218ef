//! Metric families in the JSON form of their protobuf message (`io.prometheus.client.MetricFamily`).

use promd_metrics::{Count, Desc, MetricType, Sample, Sink, Value};
use promd_regex::Anchored;
use serde_json::{Value as Json, json};

/// The families whose names match.
pub(crate) struct Families<'p> {
    pattern: Option<&'p Anchored>,
    families: Vec<Json>,
    /// Whether the family that was begun is one of them.
    wanted: bool,
}

impl<'p> Families<'p> {
    pub(crate) fn new(pattern: Option<&'p Anchored>) -> Self {
        Self { pattern, families: Vec::new(), wanted: false }
    }

    pub(crate) fn into_json(self) -> Json {
        Json::Array(self.families)
    }
}

impl Sink for Families<'_> {
    fn family(&mut self, desc: &Desc) {
        self.wanted = self.pattern.is_none_or(|pattern| pattern.is_match(desc.name()));
        if !self.wanted {
            return;
        }
        let kind = match desc.metric_type() {
            MetricType::Counter => "COUNTER",
            MetricType::Gauge => "GAUGE",
            MetricType::Histogram => "HISTOGRAM",
            MetricType::Summary => "SUMMARY",
            _ => "UNTYPED",
        };
        self.families.push(json!({ "name": desc.name(), "help": desc.help(), "type": kind, "metric": [] }));
    }

    fn sample(&mut self, sample: &Sample<'_>) {
        if !self.wanted {
            return;
        }
        let labels: Vec<Json> =
            sample.labels.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        let (field, value) = match &sample.value {
            Value::Counter(counter) => ("counter", json!({ "value": number(counter.value) })),
            Value::Gauge(value) => ("gauge", json!({ "value": number(*value) })),
            Value::Histogram(histogram) => {
                let buckets = histogram.buckets.iter().map(|bucket| {
                    json!({
                        "cumulativeCount": count(bucket.cumulative_count),
                        "upperBound": number(bucket.upper_bound),
                    })
                });
                let buckets: Vec<Json> = buckets.collect();
                let fields = json!({
                    "sampleCount": count(histogram.count),
                    "sampleSum": number(histogram.sum),
                    "bucket": buckets,
                });
                ("histogram", fields)
            }
            Value::Summary(summary) => {
                let quantiles = summary.quantiles.iter();
                let quantiles: Vec<Json> =
                    quantiles.map(|at| json!({ "quantile": number(at.rank), "value": number(at.value) })).collect();
                let fields = json!({
                    "sampleCount": summary.count.to_string(),
                    "sampleSum": number(summary.sum),
                    "quantile": quantiles,
                });
                ("summary", fields)
            }
            Value::Untyped(value) => ("untyped", json!({ "value": number(*value) })),
            _ => return,
        };
        let metrics = self.families.last_mut().and_then(|family| family.get_mut("metric"));
        if let Some(metrics) = metrics.and_then(Json::as_array_mut) {
            metrics.push(json!({ "label": labels, field: value }));
        }
    }
}

/// Numbers that JSON does not have are strings, as protobuf has it.
fn number(value: f64) -> Json {
    match value {
        value if value.is_nan() => "NaN".into(),
        f64::INFINITY => "Infinity".into(),
        f64::NEG_INFINITY => "-Infinity".into(),
        value => json!(value),
    }
}

/// Integers of 64 bits are strings.
fn count(count: Count) -> Json {
    match count {
        Count::Integer(count) => count.to_string().into(),
        Count::Float(count) => number(count),
    }
}
