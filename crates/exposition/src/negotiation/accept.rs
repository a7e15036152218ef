//! What a server answers with.

use std::fmt;

use promd_model::EscapingScheme;

/// A format that a server can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Prometheus text 0.0.4.
    Text,
    /// OpenMetrics text 1.0.0.
    OpenMetrics1_0_0,
    /// OpenMetrics text 0.0.1.
    OpenMetrics0_0_1,
    /// Delimited protobuf messages.
    Protobuf,
}

impl Format {
    /// What a server offers by default (`promhttp` without `EnableOpenMetrics`), the most wanted first.
    pub const DEFAULT: [Self; 2] = [Self::Protobuf, Self::Text];
    /// What a server offers with OpenMetrics, the most wanted first.
    pub const ALL: [Self; 4] = [Self::OpenMetrics1_0_0, Self::OpenMetrics0_0_1, Self::Protobuf, Self::Text];

    /// The content type of a body in this format, with names escaped by `escaping`.
    ///
    /// ```
    /// use promd_exposition::Format;
    /// use promd_model::EscapingScheme;
    ///
    /// let content_type = Format::Text.content_type(EscapingScheme::Underscores);
    /// assert_eq!(content_type.to_string(), "text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
    /// ```
    pub fn content_type(self, escaping: EscapingScheme) -> impl fmt::Display {
        fmt::from_fn(move |f| write!(f, "{}; escaping={escaping}", self.without_escaping()))
    }

    const fn without_escaping(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics1_0_0 => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::OpenMetrics0_0_1 => "application/openmetrics-text; version=0.0.1; charset=utf-8",
            Self::Protobuf => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            }
        }
    }

    /// Type, subtype, and the parameters that a client has to name.
    const fn demands(self) -> (&'static str, &'static str, &'static [(&'static str, &'static str)]) {
        match self {
            Self::Text => ("text", "plain", &[("version", "0.0.4")]),
            Self::OpenMetrics1_0_0 => ("application", "openmetrics-text", &[("version", "1.0.0")]),
            Self::OpenMetrics0_0_1 => ("application", "openmetrics-text", &[("version", "0.0.1")]),
            Self::Protobuf => (
                "application",
                "vnd.google.protobuf",
                &[("proto", "io.prometheus.client.MetricFamily"), ("encoding", "delimited")],
            ),
        }
    }
}

/// The format and the escaping for a client that sent the header `Accept: accept` (empty if there was none), out of those
/// `offered`, the most wanted first.
///
/// It decides as `expfmt.Negotiate` of prometheus/common 0.70 does, quirks included: a clause's `escaping` counts from that
/// clause on, whether or not its format is offered, clauses that are equally wanted keep their order, and wildcards match
/// nothing, so that `*/*` is answered in text. If nothing fits the answer is text, if that is offered, or else what is
/// offered first. The forms of protobuf that are text, which only Go's client libraries write, are not offered.
///
/// ```
/// use promd_exposition::{Format, negotiate};
/// use promd_model::EscapingScheme;
///
/// let accept = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5";
/// assert_eq!(negotiate(accept, &Format::ALL), (Format::OpenMetrics1_0_0, EscapingScheme::None));
/// assert_eq!(negotiate("text/html", &Format::DEFAULT), (Format::Text, EscapingScheme::Underscores));
/// ```
#[must_use]
pub fn negotiate(accept: &str, offered: &[Format]) -> (Format, EscapingScheme) {
    let mut escaping = EscapingScheme::Underscores;
    for clause in clauses(accept) {
        if let Some(asked) = clause.parameter("escaping").and_then(|name| name.parse().ok()) {
            escaping = asked;
        }
        if let Some(format) = offered.iter().find(|format| clause.takes(**format)) {
            return (*format, escaping);
        }
    }
    let text = offered.iter().find(|format| **format == Format::Text);
    (*text.or(offered.first()).unwrap_or(&Format::Text), escaping)
}

/// One alternative of an `Accept` header.
#[derive(Debug, Clone, Copy)]
struct Clause<'a> {
    kind: &'a str,
    subtype: &'a str,
    parameters: &'a str,
    quality: f32,
}

impl<'a> Clause<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (name, parameters) = cut(text.trim_matches(' '), ';');
        let (kind, subtype) = cut(name, '/');
        let kind = kind.trim_matches(' ');
        let subtype = match subtype {
            "" if kind == "*" => "*",
            "" => return None,
            // More than one slash.
            subtype if subtype.split_once('/').is_some_and(|(_, more)| !more.is_empty()) => return None,
            subtype => cut(subtype, '/').0.trim_matches(' '),
        };
        let mut clause = Self { kind, subtype, parameters, quality: 1.0 };
        if let Some(quality) = clause.last("q") {
            // As in Go, what is no number is the lowest quality.
            clause.quality = quality.parse().unwrap_or(0.0);
        }
        Some(clause)
    }

    /// The last value of the parameter `name`, as it stands.
    fn last(&self, name: &str) -> Option<&'a str> {
        let mut named = self.parameters.split(';').filter_map(|parameter| {
            let (key, value) = cut(parameter, '=');
            let (value, more) = cut(value, '=');
            (key.trim_matches(' ') == name && !value.is_empty() && more.is_empty()).then_some(value)
        });
        named.next_back()
    }

    fn parameter(&self, name: &str) -> Option<&'a str> {
        self.last(name).map(|value| value.trim_matches(' ')).filter(|value| !value.is_empty())
    }

    fn takes(&self, format: Format) -> bool {
        let (kind, subtype, demands) = format.demands();
        if self.kind != kind || self.subtype != subtype {
            return false;
        }
        let unsaid = match format {
            Format::OpenMetrics1_0_0 | Format::OpenMetrics0_0_1 => Some("0.0.1"),
            Format::Text => Some("0.0.4"),
            Format::Protobuf => None,
        };
        demands.iter().all(|(name, value)| {
            let unsaid = unsaid.filter(|_| *name == "version");
            self.parameter(name).or(unsaid) == Some(*value)
        })
    }

    /// Whether this clause goes before `other`: by quality, or since it is more specific. Two clauses may each go before the
    /// other, and then their order in the header matters.
    fn goes_before(&self, other: &Self) -> bool {
        self.quality > other.quality
            || (self.kind != "*" && other.kind == "*")
            || (self.subtype != "*" && other.subtype == "*")
    }
}

fn cut(text: &str, separator: char) -> (&str, &str) {
    text.split_once(separator).unwrap_or((text, ""))
}

/// The clauses of a header, the most wanted first.
fn clauses(accept: &str) -> Vec<Clause<'_>> {
    /// Go sorts up to so many by insertion, which the order of clauses that contradict each other depends on. Longer
    /// headers, which nobody sends, are sorted by quality alone.
    const INSERTION: usize = 12;
    let mut clauses: Vec<Clause<'_>> = accept.split(',').filter_map(Clause::parse).collect();
    if clauses.len() > INSERTION {
        clauses.sort_by(|a, b| b.quality.total_cmp(&a.quality));
        return clauses;
    }
    for end in 1..clauses.len() {
        for at in (1..=end).rev() {
            match clauses.get(at - 1..=at) {
                Some([before, clause]) if clause.goes_before(before) => clauses.swap(at - 1, at),
                _ => break,
            }
        }
    }
    clauses
}
