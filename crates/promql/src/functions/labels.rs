//! Functions that change labels.

use promd_model::{Labels, LabelsBuilder, METRIC_NAME};
use promd_regex::Anchored;

use super::Function::Whole;
use super::Implementation::{self, Instant};
use crate::QueryError;
use crate::error::Result;
use crate::eval::{Evaluator, Merged, Sink};
use crate::plan::{Call, Kind, Node};

pub(super) const TABLE: &[(&str, Implementation)] =
    &[("label_join", Instant(Whole(label_join))), ("label_replace", Instant(Whole(label_replace)))];

/// The text of an argument.
pub(super) fn text(node: &Node) -> &str {
    match &node.kind {
        Kind::Text(text) => text,
        _ => "",
    }
}

pub(super) fn build(builder: &mut LabelsBuilder) -> Result<Labels> {
    builder.build().map_err(|error| QueryError::execution(error.to_string()))
}

/// Sets a label of every series to what `value` says, if it says anything.
fn relabel(
    evaluator: &Evaluator<'_>,
    vector: &Node,
    name: &str,
    sink: Sink<'_>,
    mut value: impl FnMut(&Labels) -> Option<String>,
) -> Result<()> {
    let mut all = Merged::default();
    let mut builder = LabelsBuilder::new();
    evaluator.eval(vector, &mut |series| {
        if let Some(value) = value(&series.labels) {
            builder.reset(&series.labels).set(name, &value);
            series.labels = build(&mut builder)?;
            series.drop_name &= name != METRIC_NAME;
        }
        evaluator.hold(series)?;
        all.add(series.take())
    })?;
    evaluator.release(&all.series);
    all.series.iter_mut().try_for_each(sink)
}

fn label_replace(evaluator: &Evaluator<'_>, call: &Call, _: &Node, sink: Sink<'_>) -> Result<()> {
    let [vector, name, replacement, source, pattern] = &call.args[..] else { return Ok(()) };
    let (name, replacement, source) = (text(name), text(replacement), text(source));
    let regex = Anchored::new(text(pattern)).map_err(|_| {
        QueryError::execution(format!("invalid regular expression in label_replace(): {}", text(pattern)))
    })?;
    if name.is_empty() {
        return Err(QueryError::execution(format!("invalid destination label name in label_replace(): {name}")));
    }
    relabel(evaluator, vector, name, sink, |labels| {
        let captures = regex.captures(labels.get(source).unwrap_or_default())?;
        let mut value = String::new();
        captures.expand(replacement, &mut value);
        Some(value)
    })
}

fn label_join(evaluator: &Evaluator<'_>, call: &Call, _: &Node, sink: Sink<'_>) -> Result<()> {
    let [vector, name, separator, sources @ ..] = &call.args[..] else { return Ok(()) };
    let (name, separator) = (text(name), text(separator));
    let sources: Vec<&str> = sources.iter().map(text).collect();
    if sources.contains(&"") {
        return Err(QueryError::execution("invalid source label name in label_join(): "));
    }
    if name.is_empty() {
        return Err(QueryError::execution(format!("invalid destination label name in label_join(): {name}")));
    }
    relabel(evaluator, vector, name, sink, |labels| {
        let values: Vec<&str> = sources.iter().map(|source| labels.get(source).unwrap_or_default()).collect();
        Some(values.join(separator))
    })
}
