//! Label matchers: `job="api"`, `code=~"5.."`.

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use promd_regex::{Anchored, Candidates};

use crate::name::is_legacy_label_name;
use crate::{LabelsRef, quote};

/// How a matcher compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Regex,
    /// `!~`
    NotRegex,
}

impl MatchOp {
    /// As it is written in PromQL.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Regex => "=~",
            Self::NotRegex => "!~",
        }
    }

    /// The one that matches what this one does not.
    #[must_use]
    pub const fn inverse(self) -> Self {
        match self {
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::Regex => Self::NotRegex,
            Self::NotRegex => Self::Regex,
        }
    }

    /// Whether it matches what is unlike the value: `!=` and `!~`.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        matches!(self, Self::NotEqual | Self::NotRegex)
    }

    /// Whether the value is a regular expression: `=~` and `!~`.
    #[must_use]
    pub const fn is_regex(self) -> bool {
        matches!(self, Self::Regex | Self::NotRegex)
    }
}

impl fmt::Display for MatchOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is asked of the value of one label, where a label that is absent has the empty value.
///
/// Two matchers are equal if they are written the same. A clone shares the compiled expression.
///
/// ```
/// use promd_model::{Labels, MatchOp, Matcher};
///
/// let matcher = Matcher::new(MatchOp::NotRegex, "code", "5..|")?;
/// assert!(matcher.matches("200"));
/// assert!(!matcher.matches_labels(Labels::empty().view()));
/// assert_eq!(matcher.to_string(), r#"code!~"5..|""#);
/// # Ok::<_, promd_regex::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Matcher {
    name: Arc<str>,
    op: MatchOp,
    value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Value {
    Text(Arc<str>),
    Regex(Anchored),
}

impl Matcher {
    /// A matcher of the label called `name`.
    ///
    /// # Errors
    ///
    /// If `op` wants a regular expression and `value` is none, in the words of Prometheus.
    pub fn new(op: MatchOp, name: &str, value: &str) -> Result<Self, promd_regex::Error> {
        let value = if op.is_regex() { Value::Regex(Anchored::new(value)?) } else { Value::Text(value.into()) };
        Ok(Self { name: name.into(), op, value })
    }

    /// The matcher `name="value"`.
    #[must_use]
    pub fn equal(name: &str, value: &str) -> Self {
        Self { name: name.into(), op: MatchOp::Equal, value: Value::Text(value.into()) }
    }

    /// The name of the label.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it compares.
    #[must_use]
    pub fn op(&self) -> MatchOp {
        self.op
    }

    /// What it compares with: the text, or the regular expression as it was written.
    #[must_use]
    pub fn value(&self) -> &str {
        match &self.value {
            Value::Text(text) => text,
            Value::Regex(regex) => regex.as_str(),
        }
    }

    /// The regular expression of `=~` and `!~`.
    #[must_use]
    pub fn regex(&self) -> Option<&Anchored> {
        match &self.value {
            Value::Text(_) => None,
            Value::Regex(regex) => Some(regex),
        }
    }

    /// The values that an index has to look at for the regular expression of `=~` and `!~`. Those of `!~` are the values
    /// that do *not* match.
    #[must_use]
    pub fn candidates(&self) -> Option<Candidates<'_>> {
        self.regex().map(Anchored::candidates)
    }

    /// Whether the value of a label is what is asked for.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        let like = match &self.value {
            Value::Text(text) => **text == *value,
            Value::Regex(regex) => regex.is_match(value),
        };
        like != self.op.is_negative()
    }

    /// Whether a series without the label is what is asked for. A selector must have a matcher of which this is not so.
    #[must_use]
    pub fn matches_empty(&self) -> bool {
        self.matches("")
    }

    /// Whether a label set is what is asked for.
    #[must_use]
    pub fn matches_labels(&self, labels: LabelsRef<'_>) -> bool {
        self.matches(labels.get(&self.name).unwrap_or_default())
    }

    /// The matcher that matches what this one does not. It shares the regular expression.
    #[must_use]
    pub fn inverse(&self) -> Self {
        Self { op: self.op.inverse(), ..self.clone() }
    }
}

/// As Prometheus prints it: `code=~"5.."`, with the name in quotes too if it is not a legacy label name.
impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_legacy_label_name(&self.name) {
            f.write_str(&self.name)?;
        } else {
            quote::go(&*self.name).fmt(f)?;
        }
        write!(f, "{}{}", self.op, quote::go(self.value()))
    }
}
