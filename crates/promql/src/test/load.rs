//! The data of a test script, and how they get into a store.

use std::collections::BTreeMap;
use std::sync::Arc;

use promd_model::{CUSTOM_BUCKETS_SCHEMA, FloatHistogram, Labels, METRIC_NAME, Span, float, is_stale};
use promd_promql_parser::series::{self, SeriesValue};
use promd_storage::{Batch, MemStorage, Storage};

use super::script::Load;

/// How many values a line may stand for.
const MOST_VALUES: u64 = 1 << 20;

/// A sample: time, value, and start of counting (0: not known).
type Sample = (i64, SeriesValue, i64);

/// The series of a line, and its values.
pub(super) fn line(text: &str) -> Result<(Labels, Vec<SeriesValue>), String> {
    let series = series::parse(text).map_err(|error| error.to_string())?;
    if series.len() > MOST_VALUES {
        return Err(format!("{} has more than {MOST_VALUES} values", series.labels));
    }
    let values = series.values().collect();
    Ok((series.labels, values))
}

/// How many samples a script may load: a few letters of it can stand for a million.
const MOST_SAMPLES: usize = 1 << 22;

/// Everything that was loaded since the last `clear`.
#[derive(Debug, Default)]
pub(super) struct Data {
    series: BTreeMap<Labels, BTreeMap<i64, (SeriesValue, i64)>>,
    /// How many samples there are.
    count: usize,
}

impl Data {
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn load(&mut self, load: &Load<'_>) -> Result<(), String> {
        let mut starts: Option<(Labels, Vec<Option<i64>>)> = None;
        let mut loaded = Vec::new();
        for text in &load.lines {
            if series::is_start_times(text) {
                let parsed = series::parse_start_times(text).map_err(|error| error.to_string())?;
                if parsed.len() > MOST_VALUES {
                    return Err(format!("{} has more than {MOST_VALUES} start timestamps", parsed.labels));
                }
                let offsets = parsed.offsets().collect();
                if starts.replace((parsed.labels, offsets)).is_some() {
                    return Err("@st line has no following sample line".to_owned());
                }
                continue;
            }
            let (labels, values) = line(text)?;
            self.count += values.len();
            if self.count > MOST_SAMPLES {
                return Err(format!("more than {MOST_SAMPLES} samples"));
            }
            let starts = match starts.take() {
                Some((of, starts)) if of == labels && starts.len() == values.len() => starts,
                Some((of, starts)) if of == labels => {
                    let (starts, values) = (starts.len(), values.len());
                    return Err(format!("@st line has {starts} values but sample line has {values}"));
                }
                Some(_) => return Err("@st metric does not match the following sample line metric".to_owned()),
                None => vec![None; values.len()],
            };
            let mut samples: Vec<Sample> = Vec::new();
            let mut t = 0;
            for (value, start) in values.into_iter().zip(starts) {
                if value != SeriesValue::Missing {
                    samples.push((t, value, start.map_or(0, |start| t.saturating_add(start))));
                }
                t = t.saturating_add(load.step);
            }
            loaded.push((labels, samples));
        }
        if starts.is_some() {
            return Err("@st line has no following sample line".to_owned());
        }
        if load.with_nhcb {
            loaded.extend(convert(&loaded)?);
        }
        for (labels, samples) in loaded {
            let known = self.series.entry(labels).or_default();
            known.extend(samples.into_iter().map(|(t, value, start)| (t, (value, start))));
        }
        Ok(())
    }

    /// A store with all of it.
    pub(super) fn storage(&self) -> Result<MemStorage, String> {
        let storage = MemStorage::new();
        let mut appender = storage.appender();
        let mut batch = Batch::new();
        for (labels, samples) in &self.series {
            let series = appender.series(labels.view()).map_err(|error| error.to_string())?;
            for (&t, (value, start)) in samples {
                match value {
                    SeriesValue::Float(value) => batch.float_with_start(series, t, *value, *start),
                    SeriesValue::Histogram { histogram, .. } => {
                        let added = batch.float_histogram_with_start(series, t, histogram, *start);
                        added.map_err(|error| format!("{labels}: {error}"))?;
                    }
                    SeriesValue::Missing => {}
                }
            }
        }
        let mut verdicts = Vec::new();
        appender.append(&batch, &mut verdicts);
        appender.commit().map_err(|error| error.to_string())?;
        match verdicts.iter().find(|verdict| !verdict.is_accepted()) {
            Some(refused) => Err(format!("a sample was refused: {refused}")),
            None => Ok(storage),
        }
    }
}

/// A classic histogram at one moment.
#[derive(Default)]
struct Classic {
    buckets: Vec<(f64, f64)>,
    sum: f64,
    count: Option<f64>,
}

/// Native histograms with custom buckets of the classic ones among some series.
fn convert(loaded: &[(Labels, Vec<Sample>)]) -> Result<Vec<(Labels, Vec<Sample>)>, String> {
    let mut classic: BTreeMap<Labels, BTreeMap<i64, Classic>> = BTreeMap::new();
    for (labels, samples) in loaded {
        let name = labels.metric_name().unwrap_or_default();
        let bound = labels.get("le").and_then(|bound| float::parse(bound.as_bytes()).ok());
        let (suffix, base) = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|suffix| Some((*suffix, name.strip_suffix(suffix)?)))
            .unwrap_or(("", name));
        if suffix.is_empty() || (suffix == "_bucket" && bound.is_none()) {
            continue;
        }
        let own = labels.filter(|label| label.name != "le" && label.name != METRIC_NAME);
        let own = own.with_metric_name(base).map_err(|error| error.to_string())?;
        let moments = classic.entry(own).or_default();
        for (t, value, _) in samples {
            let SeriesValue::Float(value) = value else { continue };
            if is_stale(*value) {
                continue;
            }
            let moment = moments.entry(*t).or_default();
            match (suffix, bound) {
                ("_bucket", Some(bound)) => moment.buckets.push((bound, *value)),
                ("_sum", _) => moment.sum = *value,
                _ => moment.count = Some(*value),
            }
        }
    }
    classic.retain(|_, moments| moments.values().any(|moment| !moment.buckets.is_empty()));
    let natives = classic.into_iter().map(|(labels, moments)| {
        let native =
            |moment: Classic| SeriesValue::Histogram { histogram: Arc::new(moment.native()), names_hint: false };
        let samples = moments.into_iter().map(|(t, moment)| (t, native(moment), 0));
        (labels, samples.collect())
    });
    Ok(natives.collect())
}

impl Classic {
    fn native(mut self) -> FloatHistogram {
        self.buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let count = self.count.or(self.buckets.last().map(|last| last.1)).unwrap_or_default();
        if self.buckets.last().is_none_or(|last| last.0.is_finite()) {
            self.buckets.push((f64::INFINITY, count));
        }
        let mut below = 0.0;
        let mut native =
            FloatHistogram { schema: CUSTOM_BUCKETS_SCHEMA, count, sum: self.sum, ..FloatHistogram::default() };
        for (bound, cumulative) in self.buckets {
            if bound.is_finite() {
                native.custom_values.push(bound);
            }
            native.positive_buckets.push(cumulative - below);
            below = cumulative;
        }
        let length = u32::try_from(native.positive_buckets.len()).unwrap_or(u32::MAX);
        native.positive_spans = vec![Span::new(0, length)];
        native.compact(0);
        native
    }
}
