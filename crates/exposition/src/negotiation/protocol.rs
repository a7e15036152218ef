//! The protocols that a scraper can be told to ask for.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use promd_model::EscapingScheme;

use super::BodyFormat;

/// A format and its version, as `scrape_protocols` and `fallback_scrape_protocol` name them.
///
/// ```
/// use promd_exposition::{BodyFormat, ScrapeProtocol};
///
/// let protocol: ScrapeProtocol = "OpenMetricsText1.0.0".parse()?;
/// assert_eq!(protocol.content_type(), "application/openmetrics-text;version=1.0.0");
/// assert_eq!(protocol.body_format(), BodyFormat::OpenMetrics);
/// # Ok::<(), promd_exposition::UnknownProtocol>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ScrapeProtocol {
    /// OpenMetrics text 0.0.1.
    OpenMetricsText0_0_1,
    /// OpenMetrics text 1.0.0.
    OpenMetricsText1_0_0,
    /// Protobuf, delimited.
    PrometheusProto,
    /// Prometheus text 0.0.4.
    PrometheusText0_0_4,
    /// Prometheus text 1.0.0.
    PrometheusText1_0_0,
}

impl ScrapeProtocol {
    /// All of them, in the order of their names.
    pub const ALL: [Self; 5] = [
        Self::OpenMetricsText0_0_1,
        Self::OpenMetricsText1_0_0,
        Self::PrometheusProto,
        Self::PrometheusText0_0_4,
        Self::PrometheusText1_0_0,
    ];

    /// What a scraper asks for if nothing is configured, the most wanted first.
    pub const DEFAULT: [Self; 4] =
        [Self::OpenMetricsText1_0_0, Self::OpenMetricsText0_0_1, Self::PrometheusText1_0_0, Self::PrometheusText0_0_4];

    /// What a scraper asks for if it wants what only protobuf has (native histograms, start timestamps of all kinds).
    pub const PROTO_FIRST: [Self; 5] = [
        Self::PrometheusProto,
        Self::OpenMetricsText1_0_0,
        Self::OpenMetricsText0_0_1,
        Self::PrometheusText1_0_0,
        Self::PrometheusText0_0_4,
    ];

    /// What the configuration calls it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenMetricsText0_0_1 => "OpenMetricsText0.0.1",
            Self::OpenMetricsText1_0_0 => "OpenMetricsText1.0.0",
            Self::PrometheusProto => "PrometheusProto",
            Self::PrometheusText0_0_4 => "PrometheusText0.0.4",
            Self::PrometheusText1_0_0 => "PrometheusText1.0.0",
        }
    }

    /// The content type that asks for it.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetricsText0_0_1 => "application/openmetrics-text;version=0.0.1",
            Self::OpenMetricsText1_0_0 => "application/openmetrics-text;version=1.0.0",
            Self::PrometheusProto => {
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
            }
            Self::PrometheusText0_0_4 => "text/plain;version=0.0.4",
            Self::PrometheusText1_0_0 => "text/plain;version=1.0.0",
        }
    }

    /// The parser that reads it.
    #[must_use]
    pub const fn body_format(self) -> BodyFormat {
        match self {
            Self::OpenMetricsText0_0_1 | Self::OpenMetricsText1_0_0 => BodyFormat::OpenMetrics,
            Self::PrometheusProto => BodyFormat::Protobuf,
            Self::PrometheusText0_0_4 | Self::PrometheusText1_0_0 => BodyFormat::Text,
        }
    }

    /// Whether its content type says how names are escaped: only newer versions of the text formats know of it.
    const fn has_escaping(self) -> bool {
        matches!(self, Self::OpenMetricsText1_0_0 | Self::PrometheusText1_0_0)
    }
}

impl fmt::Display for ScrapeProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ScrapeProtocol {
    type Err = UnknownProtocol;

    fn from_str(text: &str) -> Result<Self, UnknownProtocol> {
        let found = Self::ALL.into_iter().find(|protocol| protocol.as_str() == text);
        found.ok_or_else(|| UnknownProtocol(text.to_owned()))
    }
}

/// A text that names no protocol, told in Prometheus' words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown scrape protocol {0}, supported: [OpenMetricsText0.0.1 OpenMetricsText1.0.0 PrometheusProto PrometheusText0.0.4 PrometheusText1.0.0]"
)]
pub struct UnknownProtocol(String);

/// The `Accept` header of a scrape that wants one of `protocols`, the first one most, with names escaped by `escaping`.
///
/// ```
/// use promd_exposition::{ScrapeProtocol, accept_header};
/// use promd_model::EscapingScheme;
///
/// let protocols = [ScrapeProtocol::PrometheusText1_0_0, ScrapeProtocol::PrometheusText0_0_4];
/// assert_eq!(
///     accept_header(&protocols, EscapingScheme::Underscores),
///     "text/plain;version=1.0.0;escaping=underscores;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.4"
/// );
/// ```
#[must_use]
pub fn accept_header(protocols: &[ScrapeProtocol], escaping: EscapingScheme) -> String {
    let mut header = String::with_capacity(320);
    let mut weight = ScrapeProtocol::ALL.len() + 1;
    for protocol in protocols {
        header.push_str(protocol.content_type());
        if protocol.has_escaping() {
            header.push_str(";escaping=");
            header.push_str(escaping.as_str());
        }
        push_weight(&mut header, weight);
        header.push(',');
        // Each protocol is named once in a valid configuration, so that the weight stays positive.
        weight = weight.saturating_sub(1);
    }
    header.push_str("*/*");
    push_weight(&mut header, weight);
    header
}

fn push_weight(header: &mut String, weight: usize) {
    write!(header, ";q=0.{weight}").expect("a String takes all that is written to it");
}
