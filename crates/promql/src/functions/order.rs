//! Sorting, which has an effect on instant queries alone.

use std::cmp::Ordering;

use super::Function::Whole;
use super::Implementation::{self, Instant};
use super::labels::text;
use crate::annotations::Note;
use crate::column::Series;
use crate::error::Result;
use crate::eval::{Evaluator, Sink};
use crate::plan::{Call, Node};

pub(super) const TABLE: &[(&str, Implementation)] = &[
    ("sort", Instant(Whole(|e, call, node, sink| by_value(e, call, node, sink, false)))),
    ("sort_by_label", Instant(Whole(|e, call, node, sink| by_label(e, call, node, sink, false)))),
    ("sort_by_label_desc", Instant(Whole(|e, call, node, sink| by_label(e, call, node, sink, true)))),
    ("sort_desc", Instant(Whole(|e, call, node, sink| by_value(e, call, node, sink, true)))),
];

fn sorted(
    evaluator: &Evaluator<'_>,
    call: &Call,
    node: &Node,
    sink: Sink<'_>,
    compare: impl Fn(&Series, &Series) -> Ordering,
) -> Result<()> {
    if !node.steps.is_single() {
        evaluator.notes.add(Note::SortInRangeQuery, node.span);
    }
    let mut all = evaluator.collect(&call.args[0])?;
    evaluator.release(&all);
    if node.steps.is_single() {
        all.sort_by(compare);
    }
    all.iter_mut().try_for_each(sink)
}

/// Floats only; NaN comes last either way.
fn by_value(evaluator: &Evaluator<'_>, call: &Call, node: &Node, sink: Sink<'_>, descending: bool) -> Result<()> {
    let value = |series: &Series| series.column.float(0).unwrap_or(f64::NAN);
    let mut floats = |series: &mut Series| {
        series.column.drop_histograms();
        if series.column.is_blank() { Ok(()) } else { sink(series) }
    };
    sorted(evaluator, call, node, &mut floats, |a, b| compare_values(value(a), value(b), descending))
}

/// The order of values in which a NaN comes last.
pub(crate) fn compare_values(a: f64, b: f64, descending: bool) -> Ordering {
    match (a.is_nan(), b.is_nan()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        _ if descending => b.partial_cmp(&a).unwrap_or(Ordering::Equal),
        _ => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
    }
}

fn by_label(evaluator: &Evaluator<'_>, call: &Call, node: &Node, sink: Sink<'_>, descending: bool) -> Result<()> {
    let names: Vec<&str> = call.args.iter().skip(1).map(text).collect();
    sorted(evaluator, call, node, sink, |a, b| {
        let by_names = names.iter().map(|name| {
            let value = |series: &'_ Series| series.labels.get(name).unwrap_or_default().to_owned();
            natural(&value(a), &value(b))
        });
        let order = by_names.into_iter().find(|order| order.is_ne()).unwrap_or_else(|| a.labels.cmp(&b.labels));
        if descending { order.reverse() } else { order }
    })
}

/// The natural order of texts: runs of digits count as numbers, as in the package natsort that Prometheus uses.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (chunks(a), chunks(b));
    loop {
        let (x, y) = match (left.next(), right.next()) {
            (None, None) => return a.cmp(b),
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) => (x, y),
        };
        if x == y {
            continue;
        }
        let digits = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        return match (digits(x), digits(y)) {
            (true, true) => {
                let trimmed = |text: &'_ str| text.trim_start_matches('0').to_owned();
                let (p, q) = (trimmed(x), trimmed(y));
                p.len().cmp(&q.len()).then_with(|| p.cmp(&q)).then_with(|| x.len().cmp(&y.len()))
            }
            _ => x.cmp(y),
        };
    }
}

/// The runs of digits and of other characters.
fn chunks(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != first).unwrap_or(rest.len());
        let (chunk, behind) = rest.split_at(end);
        rest = behind;
        Some(chunk)
    })
}
