//! `/federate`: the latest samples of chosen series, for another Prometheus to scrape.

use std::vec;

use http::{StatusCode, header};
use promd_exposition::{FamilyHead, Format, MetricType, Writer, negotiate};
use promd_http::Response;
use promd_metrics::{Bucket, Count, HistogramValue, NativeBuckets, NativeCounts, NativeValue, Sample, Span, Value};
use promd_model::{Columns, CounterResetHint, FloatHistogram, Interval, Labels, METRIC_NAME, Matcher, Run, is_stale};
use promd_storage::{Decoder, Select, Series, Storage};

use crate::api::{Api, Ask};
use crate::queries::Tab;
use crate::reply::{self, Pieces};
use crate::{ApiError, ErrorType};

/// The latest sample of a series.
struct Latest {
    labels: Labels,
    t: i64,
    value: Number,
}

enum Number {
    Float(f64),
    Histogram(Box<FloatHistogram>),
}

impl Api {
    pub(crate) async fn federate(&self, ask: &Ask<'_>) -> Response {
        if let Some(error) = ask.form.error() {
            return reply::http_error(StatusCode::BAD_REQUEST, &format!("error parsing form values: {error}"));
        }
        let selectors: Result<Vec<_>, _> =
            ask.form.all("match[]").map(|text| self.parser.parse_selector(text)).collect();
        let selectors = match selectors {
            Ok(selectors) => selectors,
            Err(error) => return reply::http_error(StatusCode::BAD_REQUEST, &error.to_string()),
        };
        let now = self.now().0;
        let times = Interval::new(now.saturating_sub(self.queries.engine().options().lookback), now);
        let found = self.look_up(move |storage, tab| latest(storage, &selectors, times, tab)).await;
        let samples = match found {
            Ok((samples, warnings)) => {
                self.web_metrics.federation_warnings.add(warnings);
                samples
            }
            Err(error) => {
                self.web_metrics.federation_errors.inc();
                let status = match error.kind() {
                    ErrorType::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
                    _ => StatusCode::INTERNAL_SERVER_ERROR,
                };
                return reply::http_error(status, &error.to_string());
            }
        };
        let (format, escaping) = negotiate(ask.header(header::ACCEPT), &Format::DEFAULT);
        let families = Families {
            samples: samples.into_iter(),
            external: external_labels(&self.host.config().global.external_labels),
            writer: Some(Writer::new(format, escaping)),
            format,
            family: None,
        };
        let mut response = Response::new(reply::streamed(Vec::new(), Box::new(families), Vec::new(), None));
        reply::set(&mut response, header::CONTENT_TYPE, &format.content_type(escaping).to_string());
        response
    }
}

/// The labels that every series gets unless it has them; one that was never set is the sign of federation.
fn external_labels(labels: &Labels) -> Vec<(String, String)> {
    let mut all: Vec<_> = labels.iter().map(|label| (label.name.to_owned(), label.value.to_owned())).collect();
    if !labels.contains("instance") {
        all.push(("instance".to_owned(), String::new()));
    }
    all.sort_unstable();
    all
}

/// The latest samples by metric name, and how many warnings there were.
fn latest(
    storage: &dyn Storage,
    selectors: &[Vec<Matcher>],
    times: Interval,
    tab: &mut Tab,
) -> Result<(Vec<Latest>, u64), ApiError> {
    let reader = storage.reader(times)?;
    let mut found = Vec::new();
    let mut warnings = 0;
    let (mut series, mut decoder, mut columns) = (Series::default(), Decoder::new(), Columns::new());
    // A selector without matchers selects nothing, as in Prometheus' index.
    for matchers in selectors.iter().filter(|matchers| !matchers.is_empty()) {
        let mut set = reader.select(&Select::new(matchers, times).ordered())?;
        while set.next(&mut series)? {
            columns.clear();
            if decoder.decode(&series, times, &mut columns).is_err() {
                // The set tells of what is damaged; what of the series can be read is there.
                warnings += 1;
            }
            let Some(run) = columns.runs().next_back() else { continue };
            let Some((t, value)) = last(&run) else { continue };
            tab.labels(&series.labels)?;
            found.push(Latest { labels: series.labels.clone(), t, value });
        }
        warnings += u64::try_from(set.warnings().texts().len()).unwrap_or(u64::MAX);
    }
    if selectors.len() > 1 {
        found.sort_by(|a, b| a.labels.cmp(&b.labels));
        found.dedup_by(|a, b| a.labels == b.labels);
    }
    found.sort_by(|a, b| a.labels.metric_name().cmp(&b.labels.metric_name()));
    Ok((found, warnings))
}

/// The last sample of a run; none if it marks the end of the series.
fn last(run: &Run<'_>) -> Option<(i64, Number)> {
    let t = *run.times().last()?;
    let row = run.times().len() - 1;
    let number = match run {
        Run::Floats(floats) => Number::Float(*floats.v.last()?),
        Run::Histograms(histograms) => Number::Histogram(Box::new(histograms.float_histogram(row))),
        Run::FloatHistograms(histograms) => Number::Histogram(Box::new(histograms.float_histogram(row))),
    };
    let stale = match &number {
        Number::Float(v) => is_stale(*v),
        Number::Histogram(histogram) => histogram.is_stale(),
    };
    (!stale).then_some((t, number))
}

/// The samples as families of metrics, one after the other.
struct Families {
    samples: vec::IntoIter<Latest>,
    external: Vec<(String, String)>,
    writer: Option<Writer>,
    format: Format,
    /// The name and the type of the family at hand.
    family: Option<(String, MetricType)>,
}

impl Pieces for Families {
    fn next(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(writer) = &mut self.writer else { return false };
        let Some(Latest { labels, t, value }) = self.samples.next() else {
            // A sample that its format cannot say has been left out.
            out.extend(self.writer.take().and_then(|writer| writer.finish().ok()).unwrap_or_default());
            return true;
        };
        let Some(name) = labels.metric_name().filter(|name| !name.is_empty()) else { return true };
        let metric_type = match &value {
            Number::Float(_) => MetricType::Unknown,
            Number::Histogram(histogram) => {
                if !histogram.uses_custom_buckets() && self.format != Format::Protobuf {
                    return true;
                }
                match histogram.counter_reset_hint {
                    CounterResetHint::Gauge => MetricType::GaugeHistogram,
                    _ => MetricType::Histogram,
                }
            }
        };
        if self.family.as_ref().is_none_or(|(of, kind)| (of.as_str(), *kind) != (name, metric_type)) {
            writer.begin(&FamilyHead { name, help: None, unit: "", metric_type });
            self.family = Some((name.to_owned(), metric_type));
        }
        let own = labels.iter().filter(|label| label.name != METRIC_NAME && !label.value.is_empty());
        let mut pairs: Vec<(&str, &str)> = own.map(|label| (label.name, label.value)).collect();
        let missing = self.external.iter().filter(|(name, _)| labels.get(name).is_none_or(str::is_empty));
        pairs.extend(missing.map(|(name, value)| (name.as_str(), value.as_str())));
        let mut write = |value: Value<'_>| {
            // What a format cannot say is left out, and the rest is written.
            writer.sample(&Sample { labels: &pairs, timestamp_ms: Some(t), value }).ok();
        };
        match value {
            Number::Float(v) => write(Value::Untyped(v)),
            Number::Histogram(histogram) if histogram.uses_custom_buckets() => classic(&histogram, write),
            Number::Histogram(histogram) => native(&histogram, write),
        }
        out.append(writer.written());
        true
    }
}

/// A histogram with custom buckets, as a classic one.
fn classic(histogram: &FloatHistogram, write: impl FnOnce(Value<'_>)) {
    let mut populations = histogram.positive().peekable();
    let mut sum = 0.0;
    let mut buckets = Vec::with_capacity(histogram.custom_values.len());
    for (index, upper_bound) in histogram.custom_values.iter().enumerate() {
        let within = |bucket: &promd_model::Bucket| usize::try_from(bucket.index).is_ok_and(|at| at <= index);
        while let Some(bucket) = populations.next_if(within) {
            sum += bucket.count;
        }
        buckets.push(Bucket { upper_bound: *upper_bound, cumulative_count: Count::Float(sum), exemplar: None });
    }
    write(Value::Histogram(HistogramValue {
        count: Count::Float(histogram.count),
        sum: histogram.sum,
        created: None,
        buckets: &buckets,
        infinity_exemplar: None,
        native: None,
    }));
}

fn native(histogram: &FloatHistogram, write: impl FnOnce(Value<'_>)) {
    let spans = |spans: &[promd_model::Span]| {
        spans.iter().map(|span| Span { offset: span.offset, length: span.length }).collect::<Vec<_>>()
    };
    let (positive, negative) = (spans(&histogram.positive_spans), spans(&histogram.negative_spans));
    write(Value::Histogram(HistogramValue {
        count: Count::Float(histogram.count),
        sum: histogram.sum,
        created: None,
        buckets: &[],
        infinity_exemplar: None,
        native: Some(NativeValue {
            schema: histogram.schema,
            zero_threshold: histogram.zero_threshold,
            zero_count: Count::Float(histogram.zero_count),
            positive: NativeBuckets { spans: &positive, counts: NativeCounts::Absolute(&histogram.positive_buckets) },
            negative: NativeBuckets { spans: &negative, counts: NativeCounts::Absolute(&histogram.negative_buckets) },
            exemplars: &[],
        }),
    }));
}
