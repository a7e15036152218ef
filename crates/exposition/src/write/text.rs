//! Prometheus text (`expfmt/text_create.go`).

use promd_metrics::{Count, Sample, Value};
use promd_model::{EscapingScheme, float};

use super::name::{Extra, write_head, write_series};
use super::{Family, has_infinity};
use crate::MetricType;

pub(super) fn write(out: &mut Vec<u8>, family: &Family, first: bool, escaping: EscapingScheme, sample: &Sample<'_>) {
    if first {
        if let Some(help) = &family.help {
            write_head(out, "HELP", family, &family.name, help, false);
        }
        write_head(out, "TYPE", family, &family.name, type_name(family.metric_type), false);
    }
    let mut line = |suffix, extra, value| {
        write_series(out, (&family.name, suffix, family.quoted), sample.labels, extra, escaping);
        out.push(b' ');
        write_float(out, value);
        if let Some(timestamp) = sample.timestamp_ms {
            out.push(b' ');
            out.extend_from_slice(itoa::Buffer::new().format(timestamp).as_bytes());
        }
        out.push(b'\n');
    };
    let label = |name, value| Some(Extra { name, value, write: write_float });
    match sample.value {
        Value::Counter(counter) => line("", None, counter.value),
        Value::Gauge(value) | Value::Untyped(value) => line("", None, value),
        Value::Summary(summary) => {
            for quantile in summary.quantiles {
                line("", label("quantile", quantile.rank), quantile.value);
            }
            line("_sum", None, summary.sum);
            line("_count", None, Count::Integer(summary.count).as_f64());
        }
        Value::Histogram(histogram) => {
            for bucket in histogram.buckets {
                line("_bucket", label("le", bucket.upper_bound), bucket.cumulative_count.as_f64());
            }
            if !has_infinity(&histogram) {
                line("_bucket", label("le", f64::INFINITY), histogram.count.as_f64());
            }
            line("_sum", None, histogram.sum);
            line("_count", None, histogram.count.as_f64());
        }
        // `Writer::check` has refused what it does not know.
        _ => {}
    }
}

fn type_name(metric_type: MetricType) -> &'static str {
    match metric_type {
        MetricType::Counter => "counter",
        MetricType::Gauge | MetricType::Info | MetricType::Stateset => "gauge",
        MetricType::Summary => "summary",
        MetricType::Histogram | MetricType::GaugeHistogram => "histogram",
        MetricType::Unknown => "untyped",
    }
}

/// A value. A zero loses its sign, by the addition.
fn write_float(out: &mut Vec<u8>, value: f64) {
    float::write_g(out, value + 0.0);
}
