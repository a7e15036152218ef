//! `otlp`.

use std::collections::BTreeSet;

use promd_model::{ValidationScheme, quote};

use crate::yaml::Value;

record! {
    /// How samples of OpenTelemetry become series.
    pub struct OtlpConfig("config.plain") {
        promote_all_resource_attributes: bool, omit;
        promote_resource_attributes: Vec<String>, omit;
        ignore_resource_attributes: Vec<String>, omit;
        /// One of [`STRATEGIES`](Self::STRATEGIES), or empty for the first of them.
        translation_strategy: String, omit;
        keep_identifying_resource_attributes: bool, omit;
        convert_histograms_to_nhcb: bool, omit;
        promote_scope_metadata: bool, omit;
        label_name_underscore_sanitization: bool, omit;
        label_name_preserve_multiple_underscores: bool, omit;
    }
}

section! { OtlpConfig { fresh: OtlpConfig::default(), check: OtlpConfig::check } }

impl Default for OtlpConfig {
    fn default() -> Self {
        let [strategy, ..] = Self::STRATEGIES;
        Self {
            translation_strategy: strategy.to_owned(),
            label_name_underscore_sanitization: true,
            label_name_preserve_multiple_underscores: true,
            ..Self::zero()
        }
    }
}

impl OtlpConfig {
    /// How names are made legacy names or not. The last two keep UTF-8.
    pub const STRATEGIES: [&str; 4] = [
        "UnderscoreEscapingWithSuffixes",
        "UnderscoreEscapingWithoutSuffixes",
        "NoUTF8EscapingWithSuffixes",
        "NoTranslation",
    ];

    fn check(&mut self) -> Result<(), String> {
        let fail = |text: &str| Err(text.to_owned());
        if self.promote_all_resource_attributes {
            if !self.promote_resource_attributes.is_empty() {
                return fail(
                    "'promote_all_resource_attributes' and 'promote_resource_attributes' cannot be configured \
                     simultaneously",
                );
            }
            return sanitize(&mut self.ignore_resource_attributes, "ignored")
                .map_err(|text| format!("invalid 'ignore_resource_attributes': {text}"));
        }
        if !self.ignore_resource_attributes.is_empty() {
            return fail(
                "'ignore_resource_attributes' cannot be configured unless 'promote_all_resource_attributes' is true",
            );
        }
        sanitize(&mut self.promote_resource_attributes, "promoted")
            .map_err(|text| format!("invalid 'promote_resource_attributes': {text}"))
    }

    pub(super) fn check_strategy(&self, scheme: ValidationScheme) -> Result<(), String> {
        let strategy = self.translation_strategy.as_str();
        let [_, _, utf8 @ ..] = Self::STRATEGIES;
        if utf8.contains(&strategy) && scheme == ValidationScheme::Legacy {
            return Err(format!(
                "OTLP translation strategy {} is not allowed when UTF8 is disabled",
                quote::go(strategy)
            ));
        }
        if !strategy.is_empty() && !Self::STRATEGIES.contains(&strategy) {
            return Err(format!("unsupported OTLP translation strategy {}", quote::go(strategy)));
        }
        Ok(())
    }
}

/// Takes blanks off, and complains of all that is empty or there twice.
fn sanitize(attributes: &mut [String], adjective: &str) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    for attribute in attributes {
        *attribute = attribute.trim().to_owned();
        if attribute.is_empty() {
            problems.push(format!("empty {adjective} OTel resource attribute"));
        } else if !seen.insert(attribute.clone()) {
            problems.push(format!("duplicated {adjective} OTel resource attribute {}", quote::go(attribute.as_str())));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}
