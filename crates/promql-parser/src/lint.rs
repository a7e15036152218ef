//! Queries that are right and hardly mean what was meant.
//!
//! | rule | what it finds | fix |
//! |---|---|---|
//! | `rate-of-gauge` | `rate`, `irate`, `increase` or `resets` of a metric that is no counter by its name | |
//! | `rate-of-aggregate` | the same of an aggregation: the resets of its parts are no resets of it | of `sum`, aggregates the rate |
//! | `never-matches` | operands that cannot match: one side surely has a label that the other has lost, or another value of it | |
//! | `on-lost-label` | `on (l)` or `group_left (l)` where a side has lost `l` | |
//! | `literal-regex` | a regular expression that only one text matches | `=` or `!=` |
//! | `regex-matches-all` | `=~".*"`, and `!~".*"`, which nothing passes | leaves `=~".*"` out |
//! | `impossible-grouping` | `by (l)` or `without (l)` where there is no `l` | leaves `l` out |
//! | `redundant-parentheses` | parentheses around what stands alone anyway | leaves them out |
//! | `alert-without-comparison` | an alert that fires whatever the values are; only for [alerts](Linter::for_alerts) | `bool` is left out |
//! | `short-range` | a range in which there are hardly two samples | four intervals |
//!
//! A finding has a [span](Finding::span), a [reason](Finding::reason), and a [fix](Finding::fix) where one is certain to
//! leave the meaning as it is, or to say what was meant.
//!
//! Which labels a vector can have, and which it surely has, is followed from the selectors up: a selector may have any label
//! and surely has those that it asks to be there, `by` keeps some, `without` takes some, `label_replace` adds one. What is not
//! known is not reported.
//!
//! ```
//! use promd_promql_parser::Parser;
//! use promd_promql_parser::lint::{self, Linter};
//!
//! let query = r#"sum by (job) (rate(requests_total{code=~"500"}[5m])) / on (instance) (up)"#;
//! let expr = Parser::default().parse(query)?;
//! let findings = Linter::default().lint(query, &expr);
//! let rules: Vec<_> = findings.iter().map(|finding| finding.rule.name()).collect();
//! assert_eq!(rules, ["literal-regex", "on-lost-label", "redundant-parentheses"]);
//! assert_eq!(findings[0].span.slice(query), Some(r#"code=~"500""#));
//! assert_eq!(
//!     lint::apply(query, &findings),
//!     r#"sum by (job) (rate(requests_total{code="500"}[5m])) / on (instance) up"#,
//! );
//! # Ok::<_, promd_promql_parser::ParseErrors>(())
//! ```

mod alerts;
mod calls;
mod joins;
mod labels;
mod parens;
mod selectors;

use std::fmt;

use promd_model::Duration;

use crate::ast::Expr;
use crate::{LineColumn, Span};

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// A function for counters on what is none by its name.
    RateOfGauge,
    /// A function for counters on an aggregation.
    RateOfAggregate,
    /// Operands that cannot match.
    NeverMatches,
    /// A label in `on` or `group_left` that a side has lost.
    OnLostLabel,
    /// A regular expression that only one text matches.
    LiteralRegex,
    /// A regular expression that everything matches.
    RegexMatchesAll,
    /// A label in `by` or `without` that there cannot be.
    ImpossibleGrouping,
    /// Parentheses that change nothing.
    RedundantParentheses,
    /// An alert that fires whatever the values are.
    AlertWithoutComparison,
    /// A range in which there are hardly two samples.
    ShortRange,
}

impl Rule {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 10] = [
        Self::RateOfGauge,
        Self::RateOfAggregate,
        Self::NeverMatches,
        Self::OnLostLabel,
        Self::LiteralRegex,
        Self::RegexMatchesAll,
        Self::ImpossibleGrouping,
        Self::RedundantParentheses,
        Self::AlertWithoutComparison,
        Self::ShortRange,
    ];

    /// What it is called on command lines: `rate-of-gauge`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RateOfGauge => "rate-of-gauge",
            Self::RateOfAggregate => "rate-of-aggregate",
            Self::NeverMatches => "never-matches",
            Self::OnLostLabel => "on-lost-label",
            Self::LiteralRegex => "literal-regex",
            Self::RegexMatchesAll => "regex-matches-all",
            Self::ImpossibleGrouping => "impossible-grouping",
            Self::RedundantParentheses => "redundant-parentheses",
            Self::AlertWithoutComparison => "alert-without-comparison",
            Self::ShortRange => "short-range",
        }
    }

    /// The rule of that name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Something that a rule found. It is displayed with its reason and rule: `reason (rule-name)`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// By which rule.
    pub rule: Rule,
    /// Where.
    pub span: Span,
    /// The line and column of the start.
    pub place: LineColumn,
    /// Why it is one.
    pub reason: String,
    /// What to write instead, if that is certain.
    pub fix: Option<Fix>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.reason, self.rule)
    }
}

/// A text to put in the place of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What is replaced.
    pub span: Span,
    /// What comes there.
    pub replacement: String,
}

/// Looks for what hardly means what was meant.
#[derive(Debug, Clone)]
pub struct Linter {
    rules: Vec<Rule>,
    alerts: bool,
    scrape_interval: Duration,
}

/// One minute, as Prometheus has it where nothing is configured.
const SCRAPE_INTERVAL: Duration = Duration::from_nanos(60_000_000_000);

impl Default for Linter {
    /// All rules, for queries that are no alerts, and targets that are scraped every minute.
    fn default() -> Self {
        Self { rules: Rule::ALL.to_vec(), alerts: false, scrape_interval: SCRAPE_INTERVAL }
    }
}

impl Linter {
    /// Looks for these alone.
    #[must_use]
    pub fn with_rules(mut self, rules: impl IntoIterator<Item = Rule>) -> Self {
        self.rules = rules.into_iter().collect();
        self
    }

    /// Whether the queries are expressions of alerts.
    #[must_use]
    pub fn for_alerts(mut self, alerts: bool) -> Self {
        self.alerts = alerts;
        self
    }

    /// How often targets are scraped.
    #[must_use]
    pub fn with_scrape_interval(mut self, interval: Duration) -> Self {
        self.scrape_interval = interval;
        self
    }

    /// What there is to say about an expression and the text that it was parsed from, in the order of the text.
    #[must_use]
    pub fn lint(&self, text: &str, expr: &Expr) -> Vec<Finding> {
        let mut lints = Lints { text, linter: self, findings: Vec::new() };
        joins::facts(expr, &mut lints);
        expr.walk(&mut |expr, path| {
            calls::check(expr, path, &mut lints);
            selectors::check(expr, &mut lints);
            parens::check(expr, path, &mut lints);
        });
        if self.alerts {
            alerts::check(expr, &mut lints);
        }
        let mut findings = lints.findings;
        findings.sort_by_key(|finding| (finding.span.start, finding.span.end, finding.rule));
        place(text, &mut findings);
        findings
    }
}

/// Says of findings that are in order where they are, in one pass over the text.
fn place(text: &str, findings: &mut [Finding]) {
    let (mut at, mut line, mut line_start) = (0, 1, 0);
    for finding in findings {
        let start = finding.span.start as usize;
        for newline in text.as_bytes().get(at..start).unwrap_or_default().iter().enumerate() {
            if let (index, b'\n') = newline {
                line += 1;
                line_start = at + index + 1;
            }
        }
        at = start;
        finding.place = LineColumn { line, column: 1 + start - line_start };
    }
}

/// What rules report to.
struct Lints<'a> {
    text: &'a str,
    linter: &'a Linter,
    findings: Vec<Finding>,
}

impl Lints<'_> {
    fn report(&mut self, rule: Rule, span: Span, reason: String, fix: Option<Fix>) {
        if self.linter.rules.contains(&rule) {
            let place = LineColumn { line: 1, column: 1 };
            self.findings.push(Finding { rule, span, place, reason, fix });
        }
    }

    /// What stands between two places.
    fn between(&self, start: u32, end: u32) -> &str {
        Span::new(start, end).slice(self.text).unwrap_or_default()
    }
}

/// The text with its findings fixed, as far as they can be. Of fixes that overlap only the first is made: parse the text and
/// lint it again for the others.
#[must_use]
pub fn apply(text: &str, findings: &[Finding]) -> String {
    let mut fixes: Vec<&Fix> = findings.iter().filter_map(|finding| finding.fix.as_ref()).collect();
    fixes.sort_by_key(|fix| (fix.span.start, fix.span.end));
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for fix in fixes {
        if fix.span.start < done {
            continue;
        }
        out.push_str(Span::new(done, fix.span.start).slice(text).unwrap_or_default());
        out.push_str(&fix.replacement);
        done = fix.span.end;
    }
    out.push_str(text.get(done as usize..).unwrap_or_default());
    out
}
