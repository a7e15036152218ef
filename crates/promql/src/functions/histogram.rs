//! Functions of histograms, native and classic.

use hashbrown::HashMap;
use promd_model::{Labels, LabelsBuilder, NanObservations, float};

use super::Function::{Histogram, Whole};
use super::Implementation::{self, Instant};
use super::classic::{self, Bucket};
use super::labels::{build, text};
use crate::QueryError;
use crate::annotations::{Monotonic, Note};
use crate::column::{Column, Point, Series};
use crate::error::Result;
use crate::eval::{Evaluator, Merged, Sink};
use crate::plan::{Call, Node};

pub(super) const TABLE: &[(&str, Implementation)] = &[
    ("histogram_avg", Instant(Histogram(|h| h.sum / h.count))),
    ("histogram_count", Instant(Histogram(|h| h.count))),
    ("histogram_fraction", Instant(Whole(fraction))),
    ("histogram_quantile", Instant(Whole(quantile))),
    ("histogram_quantiles", Instant(Whole(quantiles))),
    ("histogram_stddev", Instant(Histogram(promd_model::FloatHistogram::stddev))),
    ("histogram_stdvar", Instant(Histogram(promd_model::FloatHistogram::variance))),
    ("histogram_sum", Instant(Histogram(|h| h.sum))),
];

/// The histograms of a vector.
struct Histograms {
    native: Vec<Series>,
    /// What belongs together but for `le`: each bound with the column of its counts.
    classic: Vec<Classic>,
}

struct Classic {
    labels: Labels,
    drop_name: bool,
    buckets: Vec<(f64, Column)>,
}

/// What annotations call a metric: nothing where names are dropped at once.
fn told_name<'l>(evaluator: &Evaluator<'_>, labels: &'l Labels) -> &'l str {
    labels.metric_name().filter(|_| evaluator.options.delayed_name_removal).unwrap_or_default()
}

/// Collects the histograms of a vector. Where there are both kinds with the same labels, neither counts.
fn collect(evaluator: &Evaluator<'_>, vector: &Node) -> Result<Histograms> {
    let mut found = Histograms { native: Vec::new(), classic: Vec::new() };
    let mut known: HashMap<Labels, usize> = HashMap::new();
    let name = |labels: &Labels| told_name(evaluator, labels).to_owned();
    evaluator.eval(vector, &mut |series| {
        let mut series = series.take();
        evaluator.hold(&series)?;
        if series.column.has_histograms() {
            let mut native = Series { labels: series.labels.clone(), ..series.clone() };
            native.column.map_steps(|_, _| None);
            found.native.push(native);
            series.column.drop_histograms();
        }
        if series.column.is_blank() {
            return Ok(());
        }
        let text = series.labels.get("le").unwrap_or_default();
        let Ok(bound) = float::parse(text.as_bytes()) else {
            let note = Note::BadBucketLabel { metric: name(&series.labels), bound: text.to_owned() };
            evaluator.notes.add(note, vector.span);
            return Ok(());
        };
        let labels = series.labels.filter(|label| label.name != "le");
        let at = *known.entry(labels.clone()).or_insert_with(|| {
            found.classic.push(Classic { labels, drop_name: series.drop_name, buckets: Vec::new() });
            found.classic.len() - 1
        });
        found.classic[at].buckets.push((bound, series.column));
        Ok(())
    })?;
    for native in &mut found.native {
        let Some(classic) = known.get(&native.labels).map(|at| &mut found.classic[*at]) else { continue };
        for step in 0..native.column.len() {
            let both = native.column.is_present(step) && classic.buckets.iter().any(|(_, c)| c.is_present(step));
            if both {
                evaluator.notes.add(Note::MixedClassicNative(name(&native.labels)), vector.span);
                native.column.remove(step);
                classic.buckets.iter_mut().for_each(|(_, column)| column.remove(step));
            }
        }
    }
    Ok(found)
}

impl Classic {
    /// Gathers the buckets at a step. `false` if there are none.
    fn at(&self, step: usize, buckets: &mut Vec<Bucket>) -> bool {
        buckets.clear();
        buckets.extend(
            self.buckets
                .iter()
                .filter_map(|(bound, column)| Some(Bucket { bound: *bound, count: column.float(step)? })),
        );
        !buckets.is_empty()
    }
}

/// Calculates a column of each histogram, of native ones by `of_native` and of classic ones by `of_classic`.
fn each(
    evaluator: &Evaluator<'_>,
    histograms: &Histograms,
    steps: usize,
    sink: Sink<'_>,
    mut of_native: impl FnMut(usize, &promd_model::FloatHistogram, &str) -> f64,
    mut of_classic: impl FnMut(usize, &mut Vec<Bucket>, &str) -> f64,
) -> Result<()> {
    let mut give = |labels: &Labels, drop_name: bool, column: Column| {
        let mut series = Series { labels: labels.clone(), drop_name, column };
        if series.column.is_blank() {
            return Ok(());
        }
        evaluator.drop_name(&mut series);
        sink(&mut series)
    };
    for native in &histograms.native {
        let mut column = Column::absent(steps);
        for (step, point) in native.column.points() {
            if let Point::Histogram(histogram) = point {
                column.set(step, of_native(step, histogram, told_name(evaluator, &native.labels)));
            }
        }
        give(&native.labels, native.drop_name, column)?;
    }
    let mut buckets = Vec::new();
    for classic in &histograms.classic {
        let mut column = Column::absent(steps);
        for step in 0..steps {
            if classic.at(step, &mut buckets) {
                column.set(step, of_classic(step, &mut buckets, told_name(evaluator, &classic.labels)));
            }
        }
        give(&classic.labels, classic.drop_name, column)?;
    }
    Ok(())
}

/// Series with the same labels become one, or are in each other's way.
fn merged(sink: Sink<'_>, run: impl FnOnce(Sink<'_>) -> Result<()>) -> Result<()> {
    let mut all = Merged::default();
    run(&mut |series| all.add(series.take()))?;
    all.series.iter_mut().try_for_each(sink)
}

fn doubt_quantile(evaluator: &Evaluator<'_>, param: &Node, node: &Node, values: &[f64]) {
    for phi in values.iter().filter(|phi| !(0.0..=1.0).contains(*phi)) {
        evaluator.notes.add_of(Note::InvalidQuantile(*phi), param.span, node.span);
    }
}

/// One quantile of all histograms.
fn quantile_of(
    evaluator: &Evaluator<'_>,
    histograms: &Histograms,
    phi: &[f64],
    vector: &Node,
    node: &Node,
    sink: Sink<'_>,
) -> Result<()> {
    let say = |note| evaluator.notes.add(note, vector.span);
    each(
        evaluator,
        histograms,
        node.steps.count,
        sink,
        |step, histogram, metric| {
            let quantile = histogram.quantile(phi[step]);
            match quantile.nan_observations {
                NanObservations::None => {}
                NanObservations::AreTheResult => say(Note::QuantileIsNan(metric.to_owned())),
                NanObservations::SkewTheResult => say(Note::QuantileIsSkewed(metric.to_owned())),
            }
            quantile.value
        },
        |step, buckets, metric| {
            let (value, forced) = classic::quantile(phi[step], buckets);
            if let Some(forced) = forced {
                let t = node.steps.at(step);
                say(Note::ForcedMonotonic(Monotonic {
                    metric: metric.to_owned(),
                    first: t,
                    last: t,
                    lowest: forced.lowest,
                    highest: forced.highest,
                    difference: forced.difference,
                    samples: 1,
                }));
            }
            value
        },
    )
}

fn quantile(evaluator: &Evaluator<'_>, call: &Call, node: &Node, sink: Sink<'_>) -> Result<()> {
    let [phi_node, vector] = &call.args[..] else { return Ok(()) };
    let phi = evaluator.scalar(phi_node)?;
    doubt_quantile(evaluator, phi_node, node, &phi);
    let histograms = collect(evaluator, vector)?;
    merged(sink, |sink| quantile_of(evaluator, &histograms, &phi, vector, node, sink))
}

fn quantiles(evaluator: &Evaluator<'_>, call: &Call, node: &Node, sink: Sink<'_>) -> Result<()> {
    let [vector, name, quantiles @ ..] = &call.args[..] else { return Ok(()) };
    let histograms = collect(evaluator, vector)?;
    let mut builder = LabelsBuilder::new();
    merged(sink, |sink| {
        for phi_node in quantiles {
            let phi = evaluator.scalar(phi_node)?;
            doubt_quantile(evaluator, phi_node, node, &phi);
            // A quantile that changes with the steps has a series for each of its values.
            let mut values = phi.clone();
            values.sort_by(f64::total_cmp);
            values.dedup_by(|a, b| a.to_bits() == b.to_bits());
            for value in values {
                let mut label = Vec::new();
                float::write_openmetrics(&mut label, value);
                let label = String::from_utf8(label).map_err(|error| QueryError::execution(error.to_string()))?;
                quantile_of(evaluator, &histograms, &phi, vector, node, &mut |series| {
                    series.column.map_steps(|step, v| (phi[step].to_bits() == value.to_bits()).then_some(v));
                    builder.reset(&series.labels).set(text(name), &label);
                    series.labels = build(&mut builder)?;
                    if series.column.is_blank() { Ok(()) } else { sink(series) }
                })?;
            }
        }
        Ok(())
    })
}

fn fraction(evaluator: &Evaluator<'_>, call: &Call, node: &Node, sink: Sink<'_>) -> Result<()> {
    let [lower, upper, vector] = &call.args[..] else { return Ok(()) };
    let (lower, upper) = (evaluator.scalar(lower)?, evaluator.scalar(upper)?);
    let histograms = collect(evaluator, vector)?;
    merged(sink, |sink| {
        each(
            evaluator,
            &histograms,
            node.steps.count,
            sink,
            |step, histogram, metric| {
                let fraction = histogram.fraction(lower[step], upper[step]);
                if fraction.nan_observations {
                    evaluator.notes.add(Note::FractionWithoutNan(metric.to_owned()), vector.span);
                }
                fraction.value
            },
            |step, buckets, _| classic::fraction(lower[step], upper[step], buckets),
        )
    })
}
