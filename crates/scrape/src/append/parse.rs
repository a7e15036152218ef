//! The parser for a body, and what its entries are for.

use promd_exposition::{
    BodyFormat, Entry, NhcbParser, OpenMetricsParser, Parser, ProtobufParser, TextParser, content_type,
};

use super::rows::{Pass, Value};
use crate::error::ScrapeError;

impl Pass<'_, '_> {
    /// Goes over the body.
    pub(super) fn parse(&mut self) -> Result<(), ScrapeError> {
        let (settings, body) = (self.subject.settings, self.scraped.body);
        let (format, problem) = content_type(self.scraped.content_type, settings.fallback).inspect_err(|error| {
            let target = self.subject.url;
            tracing::error!(target, err = %error, "Failed to determine correct type of scrape target.");
        })?;
        if let Some(problem) = problem {
            let target = self.subject.url;
            tracing::debug!(target, err = %problem, "Invalid content type on scrape, using fallback setting.");
        }
        let options = settings.parser;
        match (format, options.convert_classic_histograms) {
            (BodyFormat::Text, false) => self.entries(TextParser::new(body, options)),
            (BodyFormat::Text, true) => self.entries(NhcbParser::new(TextParser::new(body, options), options)),
            (BodyFormat::OpenMetrics, false) => self.entries(OpenMetricsParser::new(body, options)),
            (BodyFormat::OpenMetrics, true) => {
                self.entries(NhcbParser::new(OpenMetricsParser::new(body, options), options))
            }
            (BodyFormat::Protobuf, _) => self.entries(ProtobufParser::new(body, options)),
        }
    }

    fn entries(&mut self, mut parser: impl Parser) -> Result<(), ScrapeError> {
        let metadata = self.subject.metadata.clone();
        let mut families = metadata.lock();
        let follow_family = self.subject.settings.metadata;
        while let Some(entry) = parser.next()? {
            let family = match entry {
                Entry::Series(sample) => {
                    self.take(&sample, Value::Float(sample.value), &families)?;
                    continue;
                }
                Entry::Histogram(sample) => {
                    self.take(&sample, Value::Histogram(sample.value), &families)?;
                    continue;
                }
                Entry::Type { name, metric_type } => {
                    families.set_type(name, metric_type);
                    name
                }
                Entry::Help { name, help } => {
                    families.set_help(name, help);
                    name
                }
                Entry::Unit { name, unit } => {
                    families.set_unit(name, unit);
                    name
                }
                _ => continue,
            };
            if follow_family {
                self.work.family.clear();
                self.work.family.push_str(family);
            }
        }
        Ok(())
    }
}
