//! Queries, and what runs them.

use std::sync::Arc;
use std::time::Duration;

use promd_budget::{Charge, Ledger};
use promd_clock::{Clock, Monotonic};
use promd_model::Interval;
use promd_promql_parser::{Expr, Options, Parser, ValueType};
use promd_storage::Storage;

use crate::error::Result;
use crate::eval::{Evaluator, Tools};
use crate::executor::{Alone, Executor};
use crate::explain::Explain;
use crate::plan::Plan;
use crate::query::{Cancel, Expression, Query};
use crate::statistics::Statistics;
use crate::steps::Steps;
use crate::{QueryError, Value, estimate};

/// How queries are evaluated. The default is what a server does that was started without flags.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EngineOptions {
    /// What the parser allows.
    pub parser: Options,
    /// How old a sample may be to count as the present one, in milliseconds.
    pub lookback: i64,
    /// The step of subqueries that name none, in milliseconds.
    pub subquery_step: i64,
    /// How many samples a query may hold at once.
    pub max_samples: usize,
    /// How long a query may take; it needs a clock.
    pub timeout: Option<Duration>,
    /// Whether names are dropped at the end of the evaluation, not by each function (`promql-delayed-name-removal`).
    pub delayed_name_removal: bool,
    /// Whether the labels `__type__` and `__unit__` mean what they say (`type-and-unit-labels`).
    pub type_and_unit_labels: bool,
    /// Whether the start timestamps of counters are used (`use-start-timestamps`).
    pub start_timestamps: bool,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            parser: Options::default(),
            lookback: 5 * 60 * 1000,
            subquery_step: 60 * 1000,
            max_samples: 50_000_000,
            timeout: None,
            delayed_name_removal: false,
            type_and_unit_labels: false,
            start_timestamps: false,
        }
    }
}

impl EngineOptions {
    /// Everything that is experimental, as in Prometheus' own tests. The labels for type and unit mean nothing there.
    #[must_use]
    pub fn everything() -> Self {
        Self { parser: Options::all(), delayed_name_removal: true, start_timestamps: true, ..Self::default() }
    }
}

/// What came of a query.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Answer {
    /// The answer itself.
    pub value: Value,
    /// What may be wrong with it.
    pub warnings: Vec<String>,
    /// What is worth knowing of it.
    pub infos: Vec<String>,
    /// What it has cost.
    pub statistics: Statistics,
    /// What each part of it has cost, if that was asked for.
    pub explain: Option<Explain>,
    /// What pays for the value, as long as there is a clone of the answer.
    _charge: Arc<Charge>,
}

/// Runs queries. It holds no state between them, so any number of threads may use one at once.
#[derive(Debug, Clone)]
pub struct Engine {
    options: EngineOptions,
    clock: Option<Arc<dyn Clock>>,
    executor: Arc<dyn Executor>,
}

impl Default for Engine {
    fn default() -> Self {
        Self::new(EngineOptions::default())
    }
}

impl Engine {
    /// An engine that works on the threads that call it, and has no clock: it knows no timeout.
    #[must_use]
    pub fn new(options: EngineOptions) -> Self {
        Self { options, clock: None, executor: Arc::new(Alone) }
    }

    /// The same with a clock, for the timeout and for how long things take.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// The same with threads that help.
    #[must_use]
    pub fn with_executor(mut self, executor: Arc<dyn Executor>) -> Self {
        self.executor = executor;
        self
    }

    /// The same with another timeout.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.options.timeout = timeout;
        self
    }

    /// How it evaluates.
    #[must_use]
    pub fn options(&self) -> &EngineOptions {
        &self.options
    }

    /// Parses an expression that is to be run again and again.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub fn parse(&self, text: &str) -> Result<Expression> {
        let expr = Parser::new(self.options.parser).parse(text)?;
        Ok(Expression::parsed(text.into(), expr))
    }

    /// Runs a query. It returns when there is an answer.
    ///
    /// # Errors
    ///
    /// If the query is wrong, cannot be evaluated with these data, or comes to a limit.
    pub fn run(&self, query: &Query, storage: &dyn Storage) -> Result<Answer> {
        match query.expression.expr() {
            Some(expr) => self.run_parsed(query, expr, storage),
            None => self.run_parsed(query, &Parser::new(self.options.parser).parse(query.expression.text())?, storage),
        }
    }

    /// What a query would read, as far as the chunks tell that it would ask for: nothing is decoded. Chunks that reach over the
    /// ends of the time count whole.
    ///
    /// # Errors
    ///
    /// If the query is wrong, or the store cannot be read.
    pub fn estimate(&self, query: &Query, storage: &dyn Storage) -> Result<Explain> {
        let expression = match query.expression.expr() {
            Some(_) => query.expression.clone(),
            None => self.parse(query.expression.text())?,
        };
        let Some(expr) = expression.expr() else { return Ok(Explain::default()) };
        let (plan, _) = self.plan(query, expr)?;
        let reader = storage.reader(plan.times().unwrap_or(Interval::new(0, 0)))?;
        let limits = Limits::new(query.cancel.clone(), self.deadline());
        Ok(Explain::of(&plan, expression.text(), &estimate::costs(&plan, &*reader, &limits)?))
    }

    /// How a query is evaluated, and with which options.
    fn plan(&self, query: &Query, expr: &Expr) -> Result<(Plan, EngineOptions)> {
        let steps = steps_of(query, expr.value_type())?;
        let mut options = self.options.clone();
        options.lookback = query.lookback.unwrap_or(options.lookback);
        Ok((Plan::new(expr, steps, query, &options)?, options))
    }

    fn run_parsed(&self, query: &Query, expr: &Expr, storage: &dyn Storage) -> Result<Answer> {
        let began = self.now();
        let (plan, options) = self.plan(query, expr)?;
        let steps = plan.steps;
        let reader = storage.reader(plan.times().unwrap_or(Interval::new(0, 0)))?;
        let account = match &query.account {
            Some(account) => account.clone(),
            None => Ledger::unlimited().root().clone(),
        };
        let tools = Tools {
            reader: &*reader,
            options: &options,
            executor: &*self.executor,
            limits: Limits::new(query.cancel.clone(), self.deadline()),
            account,
            per_step: query.per_step,
            explain: query.explain,
            clock: self.clock.as_deref(),
        };
        let evaluator = Evaluator::new(&plan, tools);
        let prepared = self.now();
        let mut value = evaluator.run(query.step.is_some(), steps)?;
        let evaluated = self.now();
        sort(&mut value)?;
        let sorted = self.now();
        let mut statistics = Statistics { samples: evaluator.statistics(), ..Statistics::default() };
        let timings = &mut statistics.timings;
        timings.query_preparation = since(prepared, began);
        timings.inner_eval = since(evaluated, prepared);
        timings.result_sort = since(sorted, evaluated);
        timings.eval_total = since(sorted, began);
        timings.exec_queue = query.queued;
        timings.exec_total = timings.eval_total + query.queued;
        let explain = query.explain.then(|| Explain::of(&plan, query.expression.text(), &evaluator.costs()));
        let (notes, charge) = evaluator.into_parts();
        let (warnings, infos) = notes.into_texts(query.expression.text());
        Ok(Answer { value, warnings, infos, statistics, explain, _charge: Arc::new(charge) })
    }

    fn now(&self) -> Option<Monotonic> {
        self.clock.as_ref().map(|clock| clock.monotonic())
    }

    fn deadline(&self) -> Option<(Arc<dyn Clock>, Monotonic)> {
        let clock = self.clock.clone()?;
        let end = clock.monotonic() + self.options.timeout?;
        Some((clock, end))
    }
}

/// When a query is evaluated.
fn steps_of(query: &Query, value_type: Option<ValueType>) -> Result<Steps> {
    let Some(step) = query.step else { return Ok(Steps::single(query.start)) };
    if let Some(other @ (ValueType::Matrix | ValueType::String)) = value_type {
        let name = other.documented();
        return Err(QueryError::execution(format!(
            "invalid expression type \"{name}\" for range query, must be Scalar or instant Vector"
        )));
    }
    Ok(Steps::between(query.start, query.end, step))
}

/// Brings the series of a matrix into the order of their labels.
fn sort(value: &mut Value) -> Result<()> {
    let Value::Matrix(all) = value else { return Ok(()) };
    all.sort_by(|a, b| a.labels.cmp(&b.labels));
    if all.is_sorted_by(|a, b| a.labels < b.labels) { Ok(()) } else { Err(QueryError::same_labels()) }
}

/// The time between two moments, if they are known.
fn since(later: Option<Monotonic>, earlier: Option<Monotonic>) -> Duration {
    later.zip(earlier).map_or(Duration::ZERO, |(later, earlier)| later.since(earlier))
}

/// What ends a query from outside.
#[derive(Debug)]
pub(crate) struct Limits {
    cancel: Cancel,
    deadline: Option<(Arc<dyn Clock>, Monotonic)>,
}

impl Limits {
    pub(crate) const fn new(cancel: Cancel, deadline: Option<(Arc<dyn Clock>, Monotonic)>) -> Self {
        Self { cancel, deadline }
    }

    /// Whether somebody wants it to end: cheap enough for every series.
    pub(crate) fn check_cancelled(&self) -> Result<()> {
        if self.cancel.is_cancelled() { Err(QueryError::Canceled("expression evaluation")) } else { Ok(()) }
    }

    /// The same within a series, where a step may be much work or little.
    pub(crate) fn check_at(&self, step: usize) -> Result<()> {
        if step.is_multiple_of(16) { self.check() } else { self.check_cancelled() }
    }

    pub(crate) fn check(&self) -> Result<()> {
        self.check_cancelled()?;
        match &self.deadline {
            Some((clock, end)) if clock.monotonic() >= *end => Err(QueryError::TimedOut("expression evaluation")),
            _ => Ok(()),
        }
    }
}
