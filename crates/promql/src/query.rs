//! What is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use promd_budget::Account;
use promd_promql_parser::Expr;
use thiserror::Error;

/// The text of a query, perhaps parsed already.
///
/// A text becomes one by `into()`, and is parsed each time it is run. [`Engine::parse`](crate::Engine::parse) makes one that
/// is parsed, for those who ask the same again and again.
#[derive(Debug, Clone)]
pub struct Expression {
    text: Arc<str>,
    parsed: Option<Arc<Expr>>,
}

impl Expression {
    pub(crate) fn parsed(text: Arc<str>, expr: Expr) -> Self {
        Self { text, parsed: Some(Arc::new(expr)) }
    }

    /// What was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The tree, if it was parsed.
    #[must_use]
    pub fn expr(&self) -> Option<&Expr> {
        self.parsed.as_deref()
    }
}

impl From<&str> for Expression {
    fn from(text: &str) -> Self {
        Self { text: text.into(), parsed: None }
    }
}

impl From<String> for Expression {
    fn from(text: String) -> Self {
        Self { text: text.into(), parsed: None }
    }
}

impl From<&Expression> for Expression {
    fn from(other: &Expression) -> Self {
        other.clone()
    }
}

/// What is asked, and of which time.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Query {
    /// The expression.
    pub expression: Expression,
    /// The first step, in milliseconds.
    pub start: i64,
    /// The end of the last step, in milliseconds.
    pub end: i64,
    /// The time between steps in milliseconds; `None` for an instant query.
    pub step: Option<i64>,
    /// Another lookback than the engine's, in milliseconds.
    pub lookback: Option<i64>,
    /// What the memory of the query is charged to.
    pub account: Option<Account>,
    /// What ends it early.
    pub cancel: Cancel,
    /// How long it waited until it was run, for its statistics.
    pub queued: Duration,
    /// Whether samples are counted by step.
    pub per_step: bool,
    /// Whether the answer says what each part of the expression has cost.
    pub explain: bool,
}

impl Query {
    /// How many points a series of an answer may have.
    pub const MOST_POINTS: i64 = 11_000;

    /// A query of one moment.
    #[must_use]
    pub fn instant(expression: impl Into<Expression>, at: i64) -> Self {
        Self {
            expression: expression.into(),
            start: at,
            end: at,
            step: None,
            lookback: None,
            account: None,
            cancel: Cancel::default(),
            queued: Duration::ZERO,
            per_step: false,
            explain: false,
        }
    }

    /// A query of a range, every `step` milliseconds.
    #[must_use]
    pub fn range(expression: impl Into<Expression>, start: i64, end: i64, step: i64) -> Self {
        Self { step: Some(step), end, ..Self::instant(expression, start) }
    }

    /// The same with its memory charged to an account.
    #[must_use]
    pub fn charged_to(mut self, account: Account) -> Self {
        self.account = Some(account);
        self
    }

    /// The same with another lookback, in milliseconds.
    #[must_use]
    pub fn with_lookback(mut self, lookback: i64) -> Self {
        self.lookback = Some(lookback);
        self
    }

    /// The same, to be ended from elsewhere.
    #[must_use]
    pub fn ended_by(mut self, cancel: Cancel) -> Self {
        self.cancel = cancel;
        self
    }

    /// The same after a wait, for its statistics.
    #[must_use]
    pub fn queued_for(mut self, queued: Duration) -> Self {
        self.queued = queued;
        self
    }

    /// The same with samples counted by step (`stats=all`).
    #[must_use]
    pub fn counted_per_step(mut self) -> Self {
        self.per_step = true;
        self
    }

    /// The same, and the answer says what each part of the expression has cost.
    #[must_use]
    pub fn explained(mut self) -> Self {
        self.explain = true;
        self
    }

    /// Whether an answer has no more points a series than one may ask a server for. The engine itself does not mind.
    ///
    /// # Errors
    ///
    /// If it has more, with the text that Prometheus has for it.
    pub fn check_resolution(&self) -> Result<(), TooManyPoints> {
        match self.step {
            Some(step) if self.end.saturating_sub(self.start) / step.max(1) > Self::MOST_POINTS => Err(TooManyPoints),
            _ => Ok(()),
        }
    }
}

/// A query asks for more points than [`Query::MOST_POINTS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)")]
pub struct TooManyPoints;

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

#[cfg(test)]
mod tests {
    use super::*;

    /// `web/api/v1/api.go`: more than 11 000 steps between the ends are too many, whether they divide the range or not.
    #[test]
    fn resolution() {
        let check = |end: i64, step: i64| Query::range("1", 0, end, step).check_resolution().is_ok();
        assert!(check(11_000_000, 1000));
        assert!(check(11_000_999, 1000));
        assert!(!check(11_001_000, 1000));
        assert!(Query::instant("1", i64::MAX).check_resolution().is_ok());
    }
}
