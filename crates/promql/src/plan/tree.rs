//! Walking the tree.

use promd_model::{Interval, Labels, LabelsBuilder, METRIC_NAME, MatchOp, Matcher};
use promd_promql_parser::ast::{
    self, AggregateOp, At, AtModifier, BinaryOp, DurationArg, RangeMode, UnaryOp, VectorSelector,
};

use promd_promql_parser::{Expr, Span, ValueType};

use super::duration::Durations;
use super::node::{Aggregate, Binary, Call, InstantSelector, Kind, Node, RangeSource, RangeVector};
use super::selection::{Around, Selection};
use crate::error::Result;
use crate::functions::{self, Implementation};
use crate::steps::Steps;
use crate::{EngineOptions, Query, QueryError};

const NANOS: i64 = 1_000_000;

/// Functions whose result depends on when they are evaluated even if their arguments do not
/// (`AtModifierUnsafeFunctions` of `promql/functions.go`).
const DEPEND_ON_TIME: [&str; 11] = [
    "days_in_month",
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "hour",
    "minute",
    "month",
    "year",
    "predict_linear",
    "time",
    "timestamp",
];

const ANCHORED: [&str; 5] = ["changes", "delta", "increase", "rate", "resets"];
const SMOOTHED: [&str; 3] = ["delta", "increase", "rate"];

pub(super) struct Planner<'a> {
    query: &'a Query,
    options: &'a EngineOptions,
    durations: Durations,
    selections: Vec<Selection>,
    nodes: usize,
    function: Option<&'static str>,
    /// The aggregation that folds what is planned.
    around: Option<Around>,
    /// Whether what is planned is within a function that wants count and sum of histograms alone,
    counts_only: bool,
    /// and whether it is within something that needs all buckets nevertheless.
    needs_buckets: bool,
}

impl<'a> Planner<'a> {
    #[expect(clippy::cast_precision_loss, reason = "as Prometheus does")]
    pub(super) fn new(query: &'a Query, options: &'a EngineOptions) -> Self {
        let seconds = |millis: i64| millis as f64 / 1000.0;
        let durations =
            Durations { step: seconds(query.step.unwrap_or(0)), range: seconds(query.end.saturating_sub(query.start)) };
        Self {
            query,
            options,
            durations,
            selections: Vec::new(),
            nodes: 0,
            function: None,
            around: None,
            counts_only: false,
            needs_buckets: false,
        }
    }

    /// What is read, and how many nodes there are.
    pub(super) fn finish(self) -> (Vec<Selection>, usize) {
        (self.selections, self.nodes)
    }

    pub(super) fn root(&mut self, expr: &Expr, steps: Steps) -> Result<Node> {
        self.maybe_once(expr, steps)
    }

    /// An expression, evaluated once if that is enough.
    fn maybe_once(&mut self, expr: &Expr, steps: Steps) -> Result<Node> {
        let expr = expr.without_parens();
        let is_range = matches!(expr.value_type(), Some(ValueType::Matrix | ValueType::String));
        if steps.count <= 1 || is_range || matches!(expr, Expr::Number(_)) || !invariant(expr) {
            return self.node(expr, steps);
        }
        let node = self.node(expr, Steps { count: 1, ..steps })?;
        let span = node.span;
        Ok(self.numbered(Kind::Invariant(Box::new(node)), steps, span))
    }

    fn node(&mut self, expr: &Expr, steps: Steps) -> Result<Node> {
        let span = expr.span();
        let kind = match expr {
            Expr::Paren(paren) => return self.maybe_once(&paren.expr, steps),
            Expr::Number(number) => Kind::Number(number.value),
            Expr::String(string) => Kind::Text(string.value.clone()),
            Expr::Vector(vector) => Kind::Select(self.instant(vector, steps)?),
            Expr::Unary(unary) => {
                self.around = None;
                let inner = self.maybe_once(&unary.expr, steps)?;
                match unary.op {
                    UnaryOp::Plus => return Ok(inner),
                    UnaryOp::Minus => Kind::Negate(Box::new(inner)),
                }
            }
            Expr::Binary(binary) => self.binary(binary, steps)?,
            Expr::Aggregate(aggregate) => self.aggregate(aggregate, steps)?,
            Expr::Call(call) => self.call(call, steps)?,
            Expr::Matrix(_) | Expr::Subquery(_) => Kind::Range(Box::new(self.range(expr, steps)?)),
            _ => return Err(QueryError::execution("the expression is not complete")),
        };
        Ok(self.numbered(kind, steps, span))
    }

    fn numbered(&mut self, kind: Kind, steps: Steps, span: Span) -> Node {
        self.nodes += 1;
        Node { kind, steps, span, number: self.nodes - 1 }
    }

    fn binary(&mut self, e: &ast::BinaryExpr, steps: Steps) -> Result<Kind> {
        self.around = None;
        let outer = self.function.take();
        let needed = self.needs_buckets;
        self.needs_buckets |= matches!(e.op, BinaryOp::TrimLower | BinaryOp::TrimUpper);
        let (lhs, rhs) = (self.maybe_once(&e.lhs, steps)?, self.maybe_once(&e.rhs, steps)?);
        (self.function, self.needs_buckets) = (outer, needed);
        let scalar = |expr: &Expr| expr.value_type() == Some(ValueType::Scalar);
        let (left, right) = (scalar(&e.lhs), scalar(&e.rhs));
        let matching = e.matching.as_deref().cloned().unwrap_or_default();
        let binary = Box::new(Binary { op: e.op, lhs, rhs, return_bool: e.return_bool, matching, swapped: left });
        Ok(match (left, right) {
            (true, true) => Kind::ScalarBinary(binary),
            (false, false) => Kind::VectorBinary(binary),
            _ => Kind::VectorScalar(binary),
        })
    }

    fn aggregate(&mut self, e: &ast::AggregateExpr, steps: Steps) -> Result<Kind> {
        self.around = None;
        let mut labels: Vec<String> =
            e.grouping.iter().flat_map(|grouping| &grouping.labels).map(|name| name.text.to_string()).collect();
        let without = e.grouping.as_ref().is_some_and(|grouping| grouping.without);
        let param = e.param.as_ref().map(|param| self.maybe_once(param, steps)).transpose()?;
        let mut text = Box::default();
        if let Some(Node { kind: Kind::Text(label), .. }) = &param {
            let bytes = match e.param.as_ref().map(Expr::without_parens) {
                Some(Expr::String(string)) => string.bytes.as_deref(),
                _ => None,
            };
            if let Some(bytes) = bytes {
                return Err(QueryError::execution(format!("invalid label name {}", promd_model::quote::go(bytes))));
            }
            if label.is_empty() {
                return Err(QueryError::execution(format!("invalid label name {}", promd_model::quote::go(&**label))));
            }
            if !without {
                labels.push(label.to_string());
            }
            text = label.clone();
        }
        labels.sort_unstable();
        labels.dedup();
        let outer = self.function.replace(e.op.as_str());
        self.around = is_fold(e.op).then(|| Around::new(without, &labels));
        let expr = self.maybe_once(&e.expr, steps)?;
        (self.function, self.around) = (outer, None);
        Ok(Kind::Aggregate(Box::new(Aggregate { op: e.op, param, text, expr, without, labels })))
    }

    fn call(&mut self, e: &ast::Call, steps: Steps) -> Result<Kind> {
        let name = e.function.name;
        #[expect(clippy::cast_precision_loss, reason = "as Prometheus does")]
        let seconds = |millis: i64| millis as f64 / 1000.0;
        match name {
            "start" => return Ok(Kind::Number(seconds(self.query.start))),
            "end" => return Ok(Kind::Number(seconds(self.query.end))),
            "range" => return Ok(Kind::Number(self.durations.range)),
            "step" => {
                let one = self.query.start == self.query.end;
                return Ok(Kind::Number(if one { 0.0 } else { self.durations.step }));
            }
            _ => {}
        }
        let outer = self.function.replace(name);
        let (counted, needed) = (self.counts_only, self.needs_buckets);
        self.counts_only |= matches!(name, "histogram_count" | "histogram_sum" | "histogram_avg");
        self.needs_buckets |= matches!(name, "histogram_quantile" | "histogram_quantiles" | "histogram_fraction");
        let is_range = |arg: &&Expr| matches!(arg.without_parens(), Expr::Matrix(_) | Expr::Subquery(_));
        let around = self.around.take();
        let kind = match e.args.iter().find(is_range) {
            Some(range) => self.over_time(e, range.without_parens(), steps, around)?,
            None => self.instant_call(e, steps)?,
        };
        (self.function, self.counts_only, self.needs_buckets) = (outer, counted, needed);
        Ok(kind)
    }

    fn over_time(&mut self, e: &ast::Call, range: &Expr, steps: Steps, around: Option<Around>) -> Result<Kind> {
        let name = e.function.name;
        self.around = around.map(Around::indirect);
        let vector = self.range(range, steps)?;
        self.around = None;
        let (mode, allowed): (_, &[&str]) = match vector.mode {
            Some(RangeMode::Anchored) => ("anchored", &ANCHORED),
            Some(RangeMode::Smoothed) => ("smoothed", &SMOOTHED),
            None => ("", &[]),
        };
        if vector.mode.is_some() && !allowed.contains(&name) {
            let allowed = allowed.join(", ");
            return Err(QueryError::execution(format!(
                "{mode} modifier can only be used with: {allowed} - not with {name}"
            )));
        }
        if name == "absent_over_time" {
            let matchers = match range {
                Expr::Matrix(matrix) => matrix.vector.all_matchers(),
                _ => Vec::new(),
            };
            return Ok(Kind::AbsentOverTime { range: Box::new(vector), labels: absent_labels(&matchers)? });
        }
        let mut args = Vec::new();
        for arg in e.args.iter().map(Expr::without_parens).filter(|arg| !std::ptr::eq(*arg, range)) {
            args.push(self.maybe_once(arg, steps)?);
        }
        let place = match e.args.first().map(Expr::without_parens) {
            // Prometheus puts a range vector in its place, which has none.
            Some(Expr::Subquery(_)) => Span::default(),
            Some(arg) => arg.span(),
            None => e.span,
        };
        match functions::find(name) {
            Some(Implementation::Range(function)) => {
                Ok(Kind::OverTime { name, function, range: Box::new(vector), args, place })
            }
            _ => Err(not_there(name)),
        }
    }

    fn instant_call(&mut self, e: &ast::Call, steps: Steps) -> Result<Kind> {
        let name = e.function.name;
        let Some(Implementation::Instant(function)) = functions::find(name) else { return Err(not_there(name)) };
        // Texts that are no UTF-8 name no label.
        let place = if matches!(name, "label_replace" | "label_join") { &e.args[1..2] } else { &[] };
        if let Some(Expr::String(string)) = place.first().map(Expr::without_parens)
            && string.bytes.is_some()
        {
            let text = format!("invalid destination label name in {name}(): {}", string.value);
            return Err(QueryError::execution(text));
        }
        let mut matchers = Vec::new();
        let mut args = Vec::new();
        for (index, arg) in e.args.iter().map(Expr::without_parens).enumerate() {
            match arg {
                Expr::Vector(selector) if name == "info" && index == 1 => {
                    matchers = selector.all_matchers();
                    continue;
                }
                Expr::Vector(selector) if name == "absent" => matchers = selector.all_matchers(),
                _ => {}
            }
            let direct = matches!(name, "timestamp" | "start_timestamp") && matches!(arg, Expr::Vector(_));
            args.push(if direct { self.node(arg, steps)? } else { self.maybe_once(arg, steps)? });
        }
        let anchor =
            if name == "info" { e.args.first().map(|arg| self.anchor(arg)).transpose()?.flatten() } else { None };
        let (at, offset) = anchor.unwrap_or_default();
        Ok(Kind::Call(Box::new(Call { name, function, args, matchers, at, offset })))
    }

    /// The `@` and the offset that the first selector of an expression is read at, with those of the subqueries around it.
    fn anchor(&self, expr: &Expr) -> Result<Option<(Option<i64>, i64)>> {
        let selector = match expr.without_parens() {
            Expr::Vector(selector) => selector,
            Expr::Matrix(matrix) => &matrix.vector,
            Expr::Subquery(subquery) => {
                let Some((at, offset)) = self.anchor(&subquery.expr)? else { return Ok(None) };
                if at.is_some() {
                    return Ok(Some((at, offset)));
                }
                let own = self.offset(subquery.offset.as_ref())?;
                return Ok(Some((self.at(subquery.at.as_ref()), offset + own)));
            }
            other => {
                for child in other.children() {
                    if let Some(found) = self.anchor(child)? {
                        return Ok(Some(found));
                    }
                }
                return Ok(None);
            }
        };
        Ok(Some((self.at(selector.at.as_ref()), self.offset(selector.offset.as_ref())?)))
    }

    fn at(&self, at: Option<&AtModifier>) -> Option<i64> {
        at.map(|at| match at.at {
            At::Time(time) => time.0,
            At::Start => self.query.start,
            At::End => self.query.end,
        })
    }

    fn offset(&self, offset: Option<&DurationArg>) -> Result<i64> {
        offset.map_or(Ok(0), |offset| Ok(self.durations.resolve(offset, true)? / NANOS))
    }

    fn instant(&mut self, e: &VectorSelector, steps: Steps) -> Result<InstantSelector> {
        let (at, offset) = (self.at(e.at.as_ref()), self.offset(e.offset.as_ref())?);
        let smoothed = e.mode.is_some_and(|mode| mode.mode == RangeMode::Smoothed);
        let lookback = self.options.lookback;
        let ahead = if smoothed { lookback } else { 0 };
        let times = times(steps, at, offset, lookback, ahead);
        let selection = self.select(e.all_matchers(), times, 0, steps.step);
        Ok(InstantSelector { selection, at, offset, smoothed })
    }

    #[expect(clippy::cast_precision_loss, reason = "as Prometheus does")]
    fn range(&mut self, expr: &Expr, steps: Steps) -> Result<RangeVector> {
        let (range, at, offset) = match expr {
            Expr::Matrix(e) => (&e.range, e.vector.at.as_ref(), e.vector.offset.as_ref()),
            Expr::Subquery(e) => (&e.range, e.at.as_ref(), e.offset.as_ref()),
            _ => return Err(QueryError::execution("a range vector was expected")),
        };
        let (at, offset) = (self.at(at), self.offset(offset)?);
        let nanos = self.durations.resolve(range, false)?;
        let (range, seconds) = (nanos / NANOS, nanos as f64 / 1e9);
        let mut mode = None;
        let source = match expr {
            Expr::Matrix(e) => {
                mode = e.vector.mode.map(|mode| mode.mode);
                let lookback = self.options.lookback;
                let (behind, ahead) = match mode {
                    None => (range, 0),
                    Some(RangeMode::Anchored) => (range + lookback, 0),
                    Some(RangeMode::Smoothed) => (range + lookback, lookback),
                };
                let times = times(steps, at, offset, behind, ahead);
                RangeSource::Selection(self.select(e.vector.all_matchers(), times, range, steps.step))
            }
            Expr::Subquery(e) => {
                let step = match &e.step {
                    Some(step) => self.durations.resolve(step, false)? / NANOS,
                    None => self.options.subquery_step,
                };
                let step = step.max(1);
                let first = at.unwrap_or(steps.start).saturating_sub(offset).saturating_sub(range);
                let last = at.unwrap_or(steps.last()).saturating_sub(offset);
                let start = first.div_euclid(step).saturating_add(1).saturating_mul(step);
                let inner = Steps::between(start, last, step);
                let needed = std::mem::replace(&mut self.needs_buckets, true);
                self.around = None;
                let node = self.maybe_once(&e.expr, inner)?;
                self.needs_buckets = needed;
                RangeSource::Subquery(Box::new(node))
            }
            _ => return Err(QueryError::execution("a range vector was expected")),
        };
        Ok(RangeVector { source, at, offset, range, seconds, mode })
    }

    fn select(&mut self, matchers: Vec<Matcher>, times: Interval, range: i64, step: i64) -> usize {
        let (function, around) = (self.function, self.around.take());
        let statistics = self.counts_only && !self.needs_buckets;
        if let Some(known) = self.selections.iter().position(|selection| selection.serves(&matchers, times, statistics))
        {
            self.selections[known].widen(times);
            return known;
        }
        let mut selection = Selection { matchers, times, uses: 1, function, around, statistics, range, step };
        // Where names are dropped one by one, series must be told apart by all their labels.
        let drops_names = range > 0 && !self.options.delayed_name_removal;
        if self.options.type_and_unit_labels || (drops_names && !selection.has_one_name()) {
            selection.around = None;
        }
        self.selections.push(selection);
        self.selections.len() - 1
    }
}

/// Whether an aggregation looks at nothing of its series but their values.
fn is_fold(op: AggregateOp) -> bool {
    use AggregateOp::{Avg, Count, Group, Max, Min, Quantile, StdDev, StdVar, Sum};
    matches!(op, Avg | Count | Group | Max | Min | Quantile | StdDev | StdVar | Sum)
}

/// The time that a selector reads. The interval behind a step is open at its old end.
fn times(steps: Steps, at: Option<i64>, offset: i64, behind: i64, ahead: i64) -> Interval {
    let first = at.unwrap_or(steps.start).saturating_sub(offset);
    let last = at.unwrap_or(steps.last()).saturating_sub(offset);
    Interval::new(first.saturating_sub(behind).saturating_add(1), last.saturating_add(ahead))
}

fn not_there(name: &str) -> QueryError {
    QueryError::execution(format!("function {name}() cannot be evaluated"))
}

/// Whether an expression gives the same at every step.
fn invariant(expr: &Expr) -> bool {
    match expr {
        Expr::Vector(e) => e.at.is_some(),
        Expr::Matrix(e) => e.vector.at.is_some(),
        Expr::Subquery(e) => e.at.is_some(),
        Expr::Call(e) => {
            let selector = |arg: &Expr| matches!(arg.without_parens(), Expr::Vector(_));
            let safe = match e.function.name {
                "timestamp" => e.args.iter().all(selector),
                name => !DEPEND_ON_TIME.contains(&name),
            };
            safe && e.args.iter().all(invariant)
        }
        // What a parameter is does not matter to Prometheus, which decides by the vector alone: a parameter that
        // depends on time is then taken at the first step.
        Expr::Aggregate(e) => invariant(&e.expr),
        Expr::Binary(e) => invariant(&e.lhs) && invariant(&e.rhs),
        Expr::Paren(e) => invariant(&e.expr),
        Expr::Unary(e) => invariant(&e.expr),
        Expr::Number(_) | Expr::String(_) => true,
        _ => false,
    }
}

/// The labels that matchers say, each of one that stands there once (`createLabelsForAbsentFunction`).
pub(crate) fn absent_labels(matchers: &[Matcher]) -> Result<Labels> {
    let mut builder = LabelsBuilder::new();
    let mut seen: Vec<&str> = Vec::new();
    for matcher in matchers.iter().filter(|matcher| matcher.name() != METRIC_NAME) {
        if matcher.op() == MatchOp::Equal && !seen.contains(&matcher.name()) {
            builder.set(matcher.name(), matcher.value());
            seen.push(matcher.name());
        } else {
            builder.remove(matcher.name());
        }
    }
    builder.build().map_err(|error| QueryError::execution(error.to_string()))
}
