//! Names of metrics and labels: which are valid, and how a name is written for those who cannot read UTF-8.
//!
//! Since its version 3 Prometheus takes any UTF-8 for a name. What is older knows legacy names alone: letters, digits,
//! underscores and, in the name of a metric, colons. Between the two stands an [`EscapingScheme`], agreed upon when a target
//! is scraped.

mod escape;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::quote;

/// Whether `name` is a label name of the kind that Prometheus had before UTF-8: `[a-zA-Z_][a-zA-Z0-9_]*`.
#[must_use]
pub fn is_legacy_label_name(name: &str) -> bool {
    legacy(name, |b| b.is_ascii_alphabetic() || b == b'_')
}

/// Whether `name` is a metric name of the kind that Prometheus had before UTF-8: `[a-zA-Z_:][a-zA-Z0-9_:]*`.
#[must_use]
pub fn is_legacy_metric_name(name: &str) -> bool {
    legacy(name, |b| b.is_ascii_alphabetic() || b == b'_' || b == b':')
}

fn legacy(name: &str, starts: impl Fn(u8) -> bool) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(&starts) && bytes.all(|b| starts(b) || b.is_ascii_digit())
}

/// Which names are valid (`metric_name_validation_scheme`).
///
/// ```
/// use promd_model::ValidationScheme;
///
/// assert!(ValidationScheme::Utf8.is_metric_name("http.duration"));
/// assert!(!ValidationScheme::Legacy.is_metric_name("http.duration"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ValidationScheme {
    /// Letters, digits, underscores and, in the name of a metric, colons. No digit comes first.
    Legacy,
    /// Any UTF-8 but the empty text.
    #[default]
    Utf8,
}

impl ValidationScheme {
    /// Whether `name` is valid as the name of a metric.
    #[must_use]
    pub fn is_metric_name(self, name: &str) -> bool {
        match self {
            Self::Legacy => is_legacy_metric_name(name),
            Self::Utf8 => !name.is_empty(),
        }
    }

    /// Whether `name` is valid as the name of a label.
    #[must_use]
    pub fn is_label_name(self, name: &str) -> bool {
        match self {
            Self::Legacy => is_legacy_label_name(name),
            Self::Utf8 => !name.is_empty(),
        }
    }

    /// What the configuration calls it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Utf8 => "utf8",
        }
    }
}

impl fmt::Display for ValidationScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ValidationScheme {
    type Err = SchemeError;

    fn from_str(text: &str) -> Result<Self, SchemeError> {
        let found = [Self::Legacy, Self::Utf8].into_iter().find(|scheme| scheme.as_str() == text);
        found.ok_or_else(|| SchemeError::Validation(text.to_owned()))
    }
}

/// How a name that is not a legacy name is written where only those are understood (`metric_name_escaping_scheme`, and the
/// parameter `escaping` of content types).
///
/// ```
/// use promd_model::EscapingScheme;
///
/// assert_eq!(EscapingScheme::Underscores.escape("http.größe"), "http_gr__e");
/// assert_eq!(EscapingScheme::Dots.escape("http.größe"), "http_dot_gr____e");
/// assert_eq!(EscapingScheme::Values.escape("http.größe"), "U__http_2e_gr_f6__df_e");
/// assert_eq!(EscapingScheme::Values.unescape("U__http_2e_gr_f6__df_e"), "http.größe");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum EscapingScheme {
    /// Names stay what they are; who reads them understands UTF-8.
    #[default]
    None,
    /// An underscore for each character that is not legacy. Cannot be undone.
    Underscores,
    /// `_dot_` for a dot and `__` for an underscore and for each other character that is not legacy.
    Dots,
    /// `U__` in front, `__` for an underscore, and `_1f631_` (the code point) for a character that is not legacy. Legacy
    /// names stay what they are.
    Values,
}

impl EscapingScheme {
    /// What the configuration and content types call it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "allow-utf-8",
            Self::Underscores => "underscores",
            Self::Dots => "dots",
            Self::Values => "values",
        }
    }

    /// `name`, whether of a metric or a label, as this scheme writes it.
    #[must_use]
    pub fn escape(self, name: &str) -> Cow<'_, str> {
        match self {
            Self::None => Cow::Borrowed(name),
            Self::Underscores => escape::underscores(name),
            Self::Dots => escape::dots(name),
            Self::Values => escape::values(name),
        }
    }

    /// The name that this scheme has written as `name`, as far as that can be told: what cannot be the scheme's is
    /// returned as it is.
    ///
    /// Prometheus has its gaps here and they are kept, since both sides must read the same: with dots, a name that had
    /// `_dot_` in it comes back changed; with values, characters from U+100000 on do not come back, nor does a legacy name
    /// that starts with `U__`.
    #[must_use]
    pub fn unescape(self, name: &str) -> Cow<'_, str> {
        match self {
            Self::None | Self::Underscores => Cow::Borrowed(name),
            Self::Dots => escape::undo_dots(name),
            Self::Values => escape::undo_values(name).map_or(Cow::Borrowed(name), Cow::Owned),
        }
    }
}

impl fmt::Display for EscapingScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for EscapingScheme {
    type Err = SchemeError;

    fn from_str(text: &str) -> Result<Self, SchemeError> {
        if text.is_empty() {
            return Err(SchemeError::EmptyEscaping);
        }
        let found = [Self::None, Self::Underscores, Self::Dots, Self::Values]
            .into_iter()
            .find(|scheme| scheme.as_str() == text);
        found.ok_or_else(|| SchemeError::Escaping(text.to_owned()))
    }
}

/// Why a text names no scheme, in the words of Prometheus.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemeError {
    /// There is no such validation scheme.
    #[error("unrecognized ValidationScheme: {}", quote::go(.0))]
    Validation(String),
    /// There is no such escaping scheme.
    #[error("unknown format scheme {0}")]
    Escaping(String),
    /// No escaping scheme was given.
    #[error("got empty string instead of escaping scheme")]
    EmptyEscaping,
}
