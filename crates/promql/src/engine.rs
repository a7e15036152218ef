//! Queries, and what runs them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use promd_budget::{Account, Ledger};
use promd_clock::{Clock, Monotonic};
use promd_model::Interval;
use promd_promql_parser::{Expr, Options, Parser, ValueType};
use promd_storage::Storage;

use crate::error::Result;
use crate::eval::Evaluator;
use crate::plan::Plan;
use crate::steps::Steps;
use crate::{QueryError, Value};

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

/// What is asked, and of which time.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Query {
    /// The expression.
    pub text: String,
    /// The first step, in milliseconds.
    pub start: i64,
    /// The end of the last step, in milliseconds.
    pub end: i64,
    /// The time between steps in milliseconds; `None` for an instant query.
    pub step: Option<i64>,
    /// Another lookback than the engine's.
    pub lookback: Option<i64>,
    /// What the memory of the query is charged to.
    pub account: Option<Account>,
    /// What ends it early.
    pub cancel: Cancel,
}

impl Query {
    /// A query of one moment.
    #[must_use]
    pub fn instant(text: impl Into<String>, at: i64) -> Self {
        Self {
            text: text.into(),
            start: at,
            end: at,
            step: None,
            lookback: None,
            account: None,
            cancel: Cancel::default(),
        }
    }

    /// A query of a range, every `step` milliseconds.
    #[must_use]
    pub fn range(text: impl Into<String>, start: i64, end: i64, step: i64) -> Self {
        Self { step: Some(step), end, ..Self::instant(text, start) }
    }

    /// The same with its memory charged to an account.
    #[must_use]
    pub fn charged_to(mut self, account: Account) -> Self {
        self.account = Some(account);
        self
    }
}

/// Ends a query from another thread.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Ends the queries that hold a clone of this.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether they are to end.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
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
    /// The most samples that were held at once, as Prometheus counts them.
    pub peak_samples: usize,
}

/// Runs queries. It holds no state between them.
#[derive(Debug, Clone, Default)]
pub struct Engine {
    options: EngineOptions,
    clock: Option<Arc<dyn Clock>>,
}

impl Engine {
    /// An engine without a clock, which knows no timeout.
    #[must_use]
    pub fn new(options: EngineOptions) -> Self {
        Self { options, clock: None }
    }

    /// The same with a clock for the timeout.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// How it evaluates.
    #[must_use]
    pub fn options(&self) -> &EngineOptions {
        &self.options
    }

    /// Runs a query on the thread that calls.
    ///
    /// # Errors
    ///
    /// If the query is wrong, cannot be evaluated with these data, or comes to a limit.
    pub fn run(&self, query: &Query, storage: &dyn Storage) -> Result<Answer> {
        let expr = Parser::new(self.options.parser).parse(&query.text)?;
        self.run_parsed(query, &expr, storage)
    }

    fn run_parsed(&self, query: &Query, expr: &Expr, storage: &dyn Storage) -> Result<Answer> {
        let value_type = expr.value_type();
        let steps = match query.step {
            None => Steps::single(query.start),
            Some(step) => {
                if let Some(other @ (ValueType::Matrix | ValueType::String)) = value_type {
                    let name = other.documented();
                    let text = "invalid expression type \"".to_owned()
                        + name
                        + "\" for range query, must be Scalar or instant Vector";
                    return Err(QueryError::execution(text));
                }
                Steps::between(query.start, query.end, step)
            }
        };
        let mut options = self.options.clone();
        options.lookback = query.lookback.unwrap_or(options.lookback);
        let plan = Plan::new(expr, steps, query, &options)?;
        let reader = storage.reader(plan.times().unwrap_or(Interval::new(0, 0)))?;
        let account = match &query.account {
            Some(account) => account.clone(),
            None => Ledger::unlimited().root().clone(),
        };
        let limits = Limits { cancel: query.cancel.clone(), deadline: self.deadline() };
        let evaluator = Evaluator::new(&*reader, &plan, &options, limits, &account);
        let value = evaluator.run(query.step.is_some(), steps)?;
        let peak_samples = evaluator.peak_samples();
        let (warnings, infos) = evaluator.into_notes().into_texts(&query.text);
        Ok(Answer { value, warnings, infos, peak_samples })
    }

    fn deadline(&self) -> Option<(Arc<dyn Clock>, Monotonic)> {
        let clock = self.clock.clone()?;
        let end = clock.monotonic() + self.options.timeout?;
        Some((clock, end))
    }
}

/// What ends a query from outside.
#[derive(Debug)]
pub(crate) struct Limits {
    cancel: Cancel,
    deadline: Option<(Arc<dyn Clock>, Monotonic)>,
}

impl Limits {
    pub(crate) fn check(&self) -> Result<()> {
        if self.cancel.is_cancelled() {
            return Err(QueryError::Canceled("expression evaluation"));
        }
        match &self.deadline {
            Some((clock, end)) if clock.monotonic() >= *end => Err(QueryError::TimedOut("expression evaluation")),
            _ => Ok(()),
        }
    }
}
