//! `global`, and what a process is told of itself in `runtime`.

use promd_model::{ByteSize, Duration, EscapingScheme, Labels, ValidationScheme};

use super::protocol::{self, ScrapeProtocol};
use crate::labels::check_names;
use crate::path::FilePath;
use crate::yaml::{Decoder, Environment, Id, Node, Section, Tree, Value};

pub(super) const MINUTE: Duration = Duration::from_nanos(60_000_000_000);

/// How long a scrape may take if it is not said.
const SCRAPE_TIMEOUT: Duration = Duration::from_nanos(10_000_000_000);

record! {
    /// What holds for all scrapes and rules that do not say otherwise.
    pub struct GlobalConfig("config.plain") {
        scrape_interval: Duration, omit;
        /// 10 seconds, or the interval if that is shorter.
        scrape_timeout: Duration, omit;
        /// Without it, it depends on whether native histograms are scraped.
        scrape_protocols: Option<Vec<ScrapeProtocol>>, omit;
        evaluation_interval: Duration, omit;
        rule_query_offset: Duration, omit;
        query_log_file: FilePath, omit;
        scrape_failure_log_file: FilePath, omit;
        /// Labels for all that leaves this server; variables of the environment are filled in.
        external_labels: Labels, omit;
        body_size_limit: ByteSize, omit;
        sample_limit: u64, omit;
        target_limit: u64, omit;
        label_limit: u64, omit;
        label_name_length_limit: u64, omit;
        label_value_length_limit: u64, omit;
        keep_dropped_targets: u64, omit;
        /// Set when a configuration is read.
        metric_name_validation_scheme: Option<ValidationScheme>, omit;
        metric_name_escaping_scheme: String, omit;
        scrape_native_histograms: Option<bool>, omit;
        convert_classic_histograms_to_nhcb: bool, omit;
        always_scrape_classic_histograms: bool, omit;
        extra_scrape_metrics: Option<bool>, omit;
    }
}

section! { GlobalConfig { fresh: GlobalConfig::zero(), check: GlobalConfig::check } }

impl Default for GlobalConfig {
    fn default() -> Self {
        Self {
            scrape_interval: MINUTE,
            scrape_timeout: SCRAPE_TIMEOUT,
            evaluation_interval: MINUTE,
            metric_name_validation_scheme: Some(ValidationScheme::Utf8),
            metric_name_escaping_scheme: EscapingScheme::None.to_string(),
            scrape_native_histograms: Some(false),
            extra_scrape_metrics: Some(false),
            ..Self::zero()
        }
    }
}

impl GlobalConfig {
    /// Which names are valid.
    #[must_use]
    pub fn scheme(&self) -> ValidationScheme {
        self.metric_name_validation_scheme.unwrap_or_default()
    }

    fn check(&mut self) -> Result<(), String> {
        let scheme = *self.metric_name_validation_scheme.get_or_insert_default();
        check_names(&self.external_labels, scheme)?;
        if self.scrape_interval == Duration::ZERO {
            self.scrape_interval = MINUTE;
        }
        if self.scrape_timeout > self.scrape_interval {
            return Err("global scrape timeout greater than scrape interval".to_owned());
        }
        if self.scrape_timeout == Duration::ZERO {
            self.scrape_timeout = SCRAPE_TIMEOUT.min(self.scrape_interval);
        }
        if self.evaluation_interval == Duration::ZERO {
            self.evaluation_interval = MINUTE;
        }
        self.scrape_native_histograms.get_or_insert_default();
        self.extra_scrape_metrics.get_or_insert_default();
        let protocols = self.scrape_protocols.as_deref().map_or(Ok(()), protocol::check);
        protocols.map_err(|text| format!("{text} for global config"))
    }

    /// The escaping of metric names, which follows from the validation if it is not given.
    ///
    /// # Errors
    ///
    /// If there is no such escaping.
    pub fn escaping(&self) -> Result<EscapingScheme, String> {
        match self.metric_name_escaping_scheme.as_str() {
            "" => Ok(default_escaping(self.scheme())),
            text => text.parse().map_err(|_| unknown_escaping("global", text)),
        }
    }
}

pub(super) fn default_escaping(scheme: ValidationScheme) -> EscapingScheme {
    match scheme {
        ValidationScheme::Utf8 => EscapingScheme::None,
        ValidationScheme::Legacy => EscapingScheme::Underscores,
    }
}

pub(super) fn unknown_escaping(whose: &str, text: &str) -> String {
    format!(
        "unknown {whose} name escaping method specified, must be one of 'allow-utf-8', 'underscores', 'dots', or \
         'values', got {}",
        promd_model::quote::go(text)
    )
}

impl Value for ValidationScheme {
    fn go_type() -> String {
        "model.ValidationScheme".to_owned()
    }

    fn zero() -> Self {
        Self::default()
    }

    fn is_zero(&self) -> bool {
        false
    }

    fn decode(&mut self, node: &Node, decoder: &mut Decoder<'_>) -> Result<bool, crate::error::Error> {
        let mut scheme = None;
        let good = Self::decode_option(&mut scheme, node, decoder)?;
        *self = scheme.unwrap_or_default();
        Ok(good)
    }

    /// The empty text is none.
    fn decode_option(
        out: &mut Option<Self>,
        node: &Node,
        decoder: &mut Decoder<'_>,
    ) -> Result<bool, crate::error::Error> {
        let parse = |text: &str| match text {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|error: promd_model::SchemeError| error.to_string()),
        };
        let Some(scheme) = crate::yaml::value::parsed(node, decoder, parse)? else { return Ok(false) };
        *out = scheme;
        Ok(true)
    }

    fn tree(&self) -> Tree {
        Tree::Text(self.to_string())
    }
}

record! {
    /// What the process is told of itself. It concerns Go alone, and is kept so that a configuration stays one that both
    /// servers accept.
    pub struct RuntimeConfig("config.RuntimeConfig") {
        /// How much garbage Go lets grow, in percent.
        gogc: i64, omit;
    }
}

impl RuntimeConfig {
    /// The variable that is asked, and what is taken without it.
    const GOGC: (&str, i64) = ("GOGC", 75);

    pub(super) fn of(environment: Environment<'_>) -> Self {
        let (name, default) = Self::GOGC;
        let gogc = match environment(name) {
            Some(text) if text.eq_ignore_ascii_case("off") => -1,
            Some(text) => text.parse().unwrap_or(default),
            None => default,
        };
        Self { gogc }
    }
}

impl Section for RuntimeConfig {
    fn set(&mut self, key: &str, id: Id, decoder: &mut Decoder<'_>) -> Result<bool, crate::error::Error> {
        self.set_field(key, id, decoder)
    }
}
