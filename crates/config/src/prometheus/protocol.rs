//! The formats that a target is asked for.

use std::fmt;

use crate::error::Error;
use crate::yaml::{Decoder, Node, Tree, Value};

/// A format that a target can be scraped in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ScrapeProtocol {
    /// `PrometheusProto`
    PrometheusProto,
    /// `PrometheusText0.0.4`
    PrometheusText004,
    /// `PrometheusText1.0.0`
    PrometheusText100,
    /// `OpenMetricsText0.0.1`
    OpenMetricsText001,
    /// `OpenMetricsText1.0.0`
    OpenMetricsText100,
    /// None of these; a configuration that was read without an error has none.
    Unknown(String),
}

impl ScrapeProtocol {
    /// By name.
    const ALL: [Self; 5] = [
        Self::OpenMetricsText001,
        Self::OpenMetricsText100,
        Self::PrometheusProto,
        Self::PrometheusText004,
        Self::PrometheusText100,
    ];

    /// What is asked for if nothing is said, the most wanted first.
    pub const DEFAULT: [Self; 4] =
        [Self::OpenMetricsText100, Self::OpenMetricsText001, Self::PrometheusText100, Self::PrometheusText004];

    /// What is asked for if nothing is said but that native histograms are wanted.
    pub const DEFAULT_NATIVE: [Self; 5] = [
        Self::PrometheusProto,
        Self::OpenMetricsText100,
        Self::OpenMetricsText001,
        Self::PrometheusText100,
        Self::PrometheusText004,
    ];

    /// What the configuration calls it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::PrometheusProto => "PrometheusProto",
            Self::PrometheusText004 => "PrometheusText0.0.4",
            Self::PrometheusText100 => "PrometheusText1.0.0",
            Self::OpenMetricsText001 => "OpenMetricsText0.0.1",
            Self::OpenMetricsText100 => "OpenMetricsText1.0.0",
            Self::Unknown(text) => text,
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        match self {
            Self::Unknown(text) => {
                Err(format!("unknown scrape protocol {text}, supported: {}", in_brackets(&Self::ALL)))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for ScrapeProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<&str> for ScrapeProtocol {
    fn from(text: &str) -> Self {
        let known = Self::ALL.into_iter().find(|protocol| protocol.as_str() == text);
        known.unwrap_or_else(|| Self::Unknown(text.to_owned()))
    }
}

/// A list as Go prints it.
fn in_brackets(protocols: &[ScrapeProtocol]) -> String {
    let names: Vec<&str> = protocols.iter().map(ScrapeProtocol::as_str).collect();
    format!("[{}]", names.join(" "))
}

/// Checks that there are protocols, each known and there once.
pub(super) fn check(protocols: &[ScrapeProtocol]) -> Result<(), String> {
    if protocols.is_empty() {
        return Err("scrape_protocols cannot be empty".to_owned());
    }
    let mut seen: Vec<&str> = Vec::new();
    for protocol in protocols {
        if seen.iter().any(|other| other.eq_ignore_ascii_case(protocol.as_str())) {
            return Err(format!("duplicated protocol in scrape_protocols, got {}", in_brackets(protocols)));
        }
        protocol.check().map_err(|text| format!("scrape_protocols: {text}"))?;
        seen.push(protocol.as_str());
    }
    Ok(())
}

/// Any text is read; whether it is known is asked when the section is complete.
impl Value for ScrapeProtocol {
    fn go_type() -> String {
        "config.ScrapeProtocol".to_owned()
    }

    fn zero() -> Self {
        Self::Unknown(String::new())
    }

    fn is_zero(&self) -> bool {
        self.as_str().is_empty()
    }

    fn decode(&mut self, node: &Node, decoder: &mut Decoder<'_>) -> Result<bool, Error> {
        let Some(text) = crate::yaml::value::text(node, decoder, &Self::go_type())? else { return Ok(false) };
        *self = text.as_str().into();
        Ok(true)
    }

    fn tree(&self) -> Tree {
        Tree::Text(self.to_string())
    }
}
