//! `info`: labels of info metrics for the series of the same target (`promql/info.go`).

use hashbrown::HashMap;
use promd_model::{Interval, Labels, LabelsBuilder, METRIC_NAME, MatchOp, Matcher};
use promd_storage::{Hints, Select};

use super::Function::Whole;
use super::Implementation::{self, Instant};
use super::labels::build;
use crate::QueryError;
use crate::column::{Column, Series};
use crate::error::Result;
use crate::eval::{Evaluator, Look, Merged, Sink, Take};
use crate::plan::{Call, Node};

pub(super) const TABLE: &[(&str, Implementation)] = &[("info", Instant(Whole(info)))];

/// The labels that say which target a series is of.
const IDENTIFYING: [&str; 2] = ["instance", "job"];

/// An info series: its labels, and when its sample was at each step.
struct Info {
    labels: Labels,
    times: Column,
}

/// Which names info metrics have.
fn name_matchers(given: &[Matcher]) -> Result<Vec<Matcher>> {
    let mut names: Vec<Matcher> = given.iter().filter(|matcher| matcher.name() == METRIC_NAME).cloned().collect();
    if names.is_empty() {
        return Ok(vec![Matcher::equal(METRIC_NAME, "target_info")]);
    }
    if names.iter().all(|matcher| matcher.op().is_negative()) {
        let any = Matcher::new(MatchOp::Regex, METRIC_NAME, ".+_info");
        names.insert(0, any.map_err(|error| QueryError::execution(error.to_string()))?);
    }
    Ok(names)
}

/// The labels of a target, and the name of an info metric.
fn key(labels: &Labels, name: &str) -> (Labels, String) {
    (labels.filter(|label| IDENTIFYING.contains(&label.name)), name.to_owned())
}

fn info(evaluator: &Evaluator<'_>, call: &Call, node: &Node, sink: Sink<'_>) -> Result<()> {
    let base = evaluator.collect(&call.args[0])?;
    let names = name_matchers(&call.matchers)?;
    let data: Vec<&Matcher> = call.matchers.iter().filter(|matcher| matcher.name() != METRIC_NAME).collect();
    let is_info = |labels: &Labels| {
        let name = labels.metric_name().unwrap_or_default();
        names.iter().all(|matcher| matcher.matches(name))
    };
    let infos = fetch(evaluator, call, node, &base, &names, &data, &is_info)?;
    let metrics = {
        let mut metrics: Vec<&str> = infos.iter().filter_map(|info| info.labels.metric_name()).collect();
        metrics.sort_unstable();
        metrics.dedup();
        metrics
    };
    let mut by_key: HashMap<(Labels, String), Vec<usize>> = HashMap::new();
    for (at, info) in infos.iter().enumerate() {
        by_key.entry(key(&info.labels, info.labels.metric_name().unwrap_or_default())).or_default().push(at);
    }
    // Where there is no base series nothing is looked for.
    let wanted: Vec<bool> =
        (0..node.steps.count).map(|step| base.iter().any(|series| series.column.is_present(step))).collect();
    find_conflicts(&infos, &by_key, &wanted)?;

    let mut all = Merged::default();
    let mut builder = LabelsBuilder::new();
    let unmatched_stay = data.iter().all(|matcher| matcher.matches_empty());
    for series in &base {
        if is_info(&series.labels) {
            all.add(series.clone())?;
            continue;
        }
        let candidates: Vec<&Vec<usize>> =
            metrics.iter().filter_map(|metric| by_key.get(&key(&series.labels, metric))).collect();
        // Which info series count may change from step to step; one output series for each combination.
        let mut made: HashMap<Vec<usize>, Option<usize>> = HashMap::new();
        let mut parts: Vec<Series> = Vec::new();
        for (step, point) in series.column.points() {
            let found: Vec<usize> = candidates.iter().filter_map(|list| newest(&infos, list, step)).collect();
            let at = match made.get(&found) {
                Some(at) => *at,
                None => {
                    let at = if found.is_empty() && !unmatched_stay {
                        None
                    } else {
                        let labels = enrich(&mut builder, &series.labels, &infos, &found, &data)?;
                        let column = Column::absent(node.steps.count);
                        parts.push(Series { labels, drop_name: series.drop_name, column });
                        Some(parts.len() - 1)
                    };
                    made.insert(found, at);
                    at
                }
            };
            if let Some(at) = at {
                parts[at].column.put(step, point);
            }
        }
        parts.into_iter().try_for_each(|part| all.add(part))?;
    }
    evaluator.release(&base);
    all.series.iter_mut().try_for_each(sink)
}

/// The info series of the targets of some series.
fn fetch(
    evaluator: &Evaluator<'_>,
    call: &Call,
    node: &Node,
    base: &[Series],
    names: &[Matcher],
    data: &[&Matcher],
    is_info: &dyn Fn(&Labels) -> bool,
) -> Result<Vec<Info>> {
    let mut matchers: Vec<Matcher> = Vec::new();
    let mut targets: HashMap<Labels, ()> = HashMap::new();
    for series in base.iter().filter(|series| !is_info(&series.labels)) {
        let target = series.labels.filter(|label| IDENTIFYING.contains(&label.name));
        if !target.is_empty() {
            targets.insert(target, ());
        }
    }
    if targets.is_empty() {
        return Ok(Vec::new());
    }
    matchers.extend(data.iter().map(|matcher| (*matcher).clone()));
    matchers.extend(names.iter().cloned());
    let lookback = evaluator.options.lookback;
    let first = call.at.unwrap_or(node.steps.start) - call.offset;
    let last = call.at.unwrap_or(node.steps.last()) - call.offset;
    let times = Interval::new(first - lookback + 1, last);
    let hints = Hints { function: Some("info"), step: node.steps.step, ..Hints::default() };
    let select = Select::new(&matchers, times).with_hints(hints);
    let look = Look { at: call.at, offset: call.offset, lookback, statistics: false };
    let mut infos = Vec::new();
    evaluator.stream(&select, &mut |labels, columns| {
        let target = labels.filter(|label| IDENTIFYING.contains(&label.name));
        if !targets.contains_key(&target) {
            return Ok(());
        }
        let mut times = Column::absent(node.steps.count);
        look.fill(columns, node.steps, Take::Value, &mut times);
        if times.has_histograms() {
            return Err(QueryError::execution(format!("this should be an info metric, with float samples: {labels}")));
        }
        look.fill(columns, node.steps, Take::Time, &mut times);
        if !times.is_blank() {
            evaluator.charge(times.heap_bytes() + labels.as_packed().len())?;
            infos.push(Info { labels: labels.clone(), times });
        }
        Ok(())
    })?;
    Ok(infos)
}

/// Two info series of one metric and target with samples at the same time contradict each other.
fn find_conflicts(infos: &[Info], by_key: &HashMap<(Labels, String), Vec<usize>>, wanted: &[bool]) -> Result<()> {
    for list in by_key.values().filter(|list| list.len() > 1) {
        for step in (0..wanted.len()).filter(|step| wanted[*step]) {
            let mut best: Option<(usize, f64)> = None;
            for at in list {
                let Some(t) = infos[*at].times.float(step) else { continue };
                match best {
                    Some((known, time)) if time == t => {
                        #[expect(clippy::cast_possible_truncation, reason = "it was a time in milliseconds")]
                        let t = (t * 1000.0).round() as i64;
                        return Err(QueryError::execution(format!(
                            "found duplicate series for info metric: existing {} @ {t}, new {} @ {t}",
                            infos[known].labels, infos[*at].labels
                        )));
                    }
                    Some((_, time)) if time > t => {}
                    _ => best = Some((*at, t)),
                }
            }
        }
    }
    Ok(())
}

/// The info series with the newest sample at a step.
fn newest(infos: &[Info], list: &[usize], step: usize) -> Option<usize> {
    let at_step = list.iter().filter_map(|at| Some((*at, infos[*at].times.float(step)?)));
    at_step.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(at, _)| at)
}

/// The labels of a series with those of info series, which never replace one.
fn enrich(
    builder: &mut LabelsBuilder,
    base: &Labels,
    infos: &[Info],
    found: &[usize],
    data: &[&Matcher],
) -> Result<Labels> {
    builder.reset(base);
    for at in found {
        for label in infos[*at].labels.iter().filter(|label| label.name != METRIC_NAME) {
            if !data.is_empty() && !data.iter().any(|matcher| matcher.name() == label.name) {
                continue;
            }
            if base.contains(label.name) {
                continue;
            }
            if builder.get(label.name).is_some_and(|known| known != label.value) {
                return Err(QueryError::execution(format!("conflicting label: {}", label.name)));
            }
            builder.set(label.name, label.value);
        }
    }
    build(builder)
}
