//! What a scraper was sent.

use std::fmt;

use promd_model::quote;

use super::ScrapeProtocol;
use super::media_type::{self, MediaTypeError};

/// The formats that there are parsers for. Versions make no difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BodyFormat {
    /// Prometheus text: [`TextParser`](crate::TextParser).
    Text,
    /// OpenMetrics text: [`OpenMetricsParser`](crate::OpenMetricsParser).
    OpenMetrics,
    /// Delimited protobuf messages.
    Protobuf,
}

impl BodyFormat {
    /// Its media type, without parameters.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain",
            Self::OpenMetrics => "application/openmetrics-text",
            Self::Protobuf => "application/vnd.google.protobuf",
        }
    }
}

/// The format of a body that was sent with the header `Content-Type: header` (empty if there was none).
///
/// A header that names no format is an error, unless there is a `fallback`: then the error is returned beside the fallback's
/// format, for the log.
///
/// # Errors
///
/// If the header names no format and there is no fallback.
///
/// ```
/// use promd_exposition::{BodyFormat, ScrapeProtocol, content_type};
///
/// assert_eq!(content_type("text/plain; version=0.0.4", None)?, (BodyFormat::Text, None));
/// assert!(content_type("text/html", None).is_err());
/// let (format, warning) = content_type("text/html", Some(ScrapeProtocol::PrometheusText0_0_4))?;
/// assert_eq!(format, BodyFormat::Text);
/// assert_eq!(
///     warning.map(|warning| warning.to_string()).as_deref(),
///     Some("received unsupported Content-Type \"text/html\", using fallback_scrape_protocol \"text/plain\"")
/// );
/// # Ok::<(), promd_exposition::ContentTypeError>(())
/// ```
pub fn content_type(
    header: &str,
    fallback: Option<ScrapeProtocol>,
) -> Result<(BodyFormat, Option<ContentTypeError>), ContentTypeError> {
    let problem = if header.is_empty() {
        Problem::Blank
    } else {
        match media_type::parse(header) {
            Ok(media_type) => {
                let known = [BodyFormat::Text, BodyFormat::OpenMetrics, BodyFormat::Protobuf]
                    .into_iter()
                    .find(|format| format.media_type() == media_type);
                match known {
                    Some(format) => return Ok((format, None)),
                    None => Problem::Unsupported,
                }
            }
            Err(error) => Problem::Malformed(error),
        }
    };
    let fallback = fallback.map(ScrapeProtocol::body_format);
    let error = ContentTypeError { header: header.into(), problem, fallback };
    match fallback {
        Some(format) => Ok((format, Some(error))),
        None => Err(error),
    }
}

/// A `Content-Type` that names no format, told in Prometheus' words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentTypeError {
    header: Box<str>,
    problem: Problem,
    fallback: Option<BodyFormat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Problem {
    Blank,
    Malformed(MediaTypeError),
    Unsupported,
}

impl std::error::Error for ContentTypeError {}

impl fmt::Display for ContentTypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = quote::go(&*self.header);
        match (self.problem, self.fallback) {
            (Problem::Blank, _) => f.write_str("non-compliant scrape target sending blank Content-Type")?,
            (Problem::Malformed(_), None) => write!(f, "cannot parse Content-Type {header}")?,
            (Problem::Malformed(_), Some(_)) => write!(f, "could not parse received Content-Type {header}")?,
            (Problem::Unsupported, _) => write!(f, "received unsupported Content-Type {header}")?,
        }
        match (self.problem, self.fallback) {
            (_, Some(format)) => write!(f, ", using fallback_scrape_protocol {}", quote::go(format.media_type()))?,
            (Problem::Malformed(_), None) => f.write_str(" and no fallback_scrape_protocol for target")?,
            (_, None) => f.write_str(" and no fallback_scrape_protocol specified for target")?,
        }
        match self.problem {
            Problem::Malformed(error) => write!(f, "\n{error}"),
            _ => Ok(()),
        }
    }
}
