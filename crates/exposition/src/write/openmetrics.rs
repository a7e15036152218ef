//! OpenMetrics text 1.0 (`expfmt/openmetrics_create.go`).

use std::time::{Duration, SystemTime};

use promd_metrics::{Count, Exemplar, HistogramValue, Sample, Value};
use promd_model::{EscapingScheme, float};

use super::name::{Extra, write_head, write_labels, write_series};
use super::{Family, Style, has_infinity};
use crate::MetricType;

/// Whether a classic bucket or the count is not a whole number, which OpenMetrics has no text for.
pub(super) fn has_float_counts(histogram: &HistogramValue<'_>) -> bool {
    let is_float = |count: Count| matches!(count, Count::Float(count) if count > 0.0);
    is_float(histogram.count) || histogram.buckets.iter().any(|bucket| is_float(bucket.cumulative_count))
}

pub(super) fn write(out: &mut Vec<u8>, family: &Family, first: bool, style: Style, sample: &Sample<'_>) {
    let (base, metric_type) = base_and_type(family);
    if first {
        if let Some(help) = &family.help {
            write_head(out, "HELP", family, base, help, true);
        }
        write_head(out, "TYPE", family, base, metric_type.as_str(), true);
        // A reader refuses a unit that the name does not end with.
        let ends_with_unit = base.strip_suffix(family.unit.as_str()).is_some_and(|rest| rest.ends_with('_'));
        if !family.unit.is_empty() && ends_with_unit {
            write_head(out, "UNIT", family, base, &family.unit, true);
        }
    }
    let mut lines = Lines { out, family, base, style, sample };
    match sample.value {
        Value::Counter(counter) => {
            lines.line("", None, Number::Float(counter.value), counter.exemplar);
            lines.created(counter.created);
        }
        Value::Gauge(value) | Value::Untyped(value) => lines.line("", None, Number::Float(value), None),
        Value::Summary(summary) => {
            for quantile in summary.quantiles {
                lines.line("", label("quantile", quantile.rank), Number::Float(quantile.value), None);
            }
            lines.line("_sum", None, Number::Float(summary.sum), None);
            lines.line("_count", None, Number::Count(summary.count), None);
            lines.created(summary.created);
        }
        Value::Histogram(histogram) => {
            for bucket in histogram.buckets {
                let bound = label("le", bucket.upper_bound);
                lines.line("_bucket", bound, bucket.cumulative_count.into(), bucket.exemplar.as_ref());
            }
            if !has_infinity(&histogram) {
                let bound = label("le", f64::INFINITY);
                lines.line("_bucket", bound, histogram.count.into(), histogram.infinity_exemplar);
            }
            lines.line("_sum", None, Number::Float(histogram.sum), None);
            lines.line("_count", None, histogram.count.into(), None);
            lines.created(histogram.created);
        }
        // `Writer::check` has refused what it does not know.
        _ => {}
    }
}

/// The name without the suffix that its type demands of the series, and the type: a counter or an info whose name does
/// not have the suffix, or is nothing else, would not be read as one.
fn base_and_type(family: &Family) -> (&str, MetricType) {
    let (suffix, other) = match family.metric_type {
        MetricType::Counter => ("_total", MetricType::Unknown),
        MetricType::Info => ("_info", MetricType::Gauge),
        metric_type => return (&family.name, metric_type),
    };
    match family.name.strip_suffix(suffix) {
        Some(base) if !base.is_empty() => (base, family.metric_type),
        _ => (&family.name, other),
    }
}

fn label(name: &'static str, value: f64) -> Option<Extra> {
    Some(Extra { name, value, write: float::write_openmetrics })
}

/// A value: counts have no point.
#[derive(Debug, Clone, Copy)]
enum Number {
    Float(f64),
    Count(u64),
}

impl From<Count> for Number {
    fn from(count: Count) -> Self {
        match count {
            Count::Integer(count) => Self::Count(count),
            // `has_float_counts` has let a zero pass.
            Count::Float(_) => Self::Count(0),
        }
    }
}

/// The lines of one sample.
struct Lines<'a> {
    out: &'a mut Vec<u8>,
    family: &'a Family,
    base: &'a str,
    style: Style,
    sample: &'a Sample<'a>,
}

impl Lines<'_> {
    fn line(&mut self, suffix: &str, extra: Option<Extra>, value: Number, exemplar: Option<&Exemplar>) {
        let Self { family, sample, style, .. } = self;
        let out = &mut *self.out;
        write_series(out, (&family.name, suffix, family.quoted), sample.labels, extra, style.escaping);
        out.push(b' ');
        match value {
            Number::Float(value) => float::write_openmetrics(out, value),
            Number::Count(count) => out.extend_from_slice(itoa::Buffer::new().format(count).as_bytes()),
        }
        if let Some(timestamp) = sample.timestamp_ms {
            out.push(b' ');
            float::write_openmetrics(out, timestamp as f64 / 1000.0);
        }
        // An exemplar without labels leads nowhere.
        if let Some(exemplar) = exemplar.filter(|exemplar| exemplar.labels().len() > 0) {
            out.extend_from_slice(b" # ");
            write_labels(out, &mut b'{', exemplar.labels(), EscapingScheme::None);
            out.extend_from_slice(b"} ");
            float::write_openmetrics(out, exemplar.value());
            if let Some(time) = exemplar.timestamp() {
                out.push(b' ');
                float::write_openmetrics(out, seconds(time));
            }
        }
        out.push(b'\n');
    }

    fn created(&mut self, created: Option<SystemTime>) {
        let Some(created) = created.filter(|_| self.style.created_lines) else { return };
        let series = (self.base, "_created", self.family.quoted);
        write_series(self.out, series, self.sample.labels, None, self.style.escaping);
        self.out.push(b' ');
        float::write_openmetrics(self.out, seconds(created));
        self.out.push(b'\n');
    }
}

/// Seconds since the epoch. (Go has them from nanoseconds in a float, which is too small for those and may lose a
/// millisecond.)
fn seconds(time: SystemTime) -> f64 {
    let seconds = |duration: Duration| duration.as_secs() as f64 + f64::from(duration.subsec_nanos()) / 1e9;
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => seconds(after),
        Err(before) => -seconds(before.duration()),
    }
}
