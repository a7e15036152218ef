//! Rule files (`model/rulefmt/rulefmt.go`).

mod check;
mod located;

use std::collections::BTreeMap;
use std::fmt;

use promd_model::{Duration, ValidationScheme};

pub use located::Located;

use crate::error::Error;
use crate::expression::{ExpressionCheck, any_expression};
use crate::yaml::{Decoder, Dialect, Value, parse};

record! {
    /// A file of rules.
    pub struct RuleFile("rulefmt.RuleGroups") {
        groups: Vec<RuleGroup>;
    }
}

record! {
    /// Rules that are evaluated one after the other.
    pub struct RuleGroup("rulefmt.RuleGroup") {
        /// No other group of the file has this name.
        name: String;
        /// Zero for the interval of the server.
        interval: Duration, omit;
        /// How far in the past is evaluated; without it as the server says.
        query_offset: Option<Duration>, omit;
        /// How many series or alerts a rule may make; zero is no limit.
        limit: i64, omit;
        rules: Vec<Rule>;
        /// Labels of all rules, under their own.
        labels: BTreeMap<String, String>, omit;
    }
}

record! {
    /// A rule, which either records or alerts.
    pub struct Rule("rulefmt.Rule") {
        /// The name of the metric that is recorded; empty for an alert.
        record: Located<String>, omit;
        /// The name of the alert; empty for a recording.
        alert: Located<String>, omit;
        expr: Located<String>;
        /// How long the expression must hold before the alert fires.
        hold: Duration = "for", omit;
        /// How long the alert fires on when the expression does not hold any more.
        keep_firing_for: Duration, omit;
        labels: BTreeMap<String, String>, omit;
        annotations: BTreeMap<String, String>, omit;
    }
}

section! { RuleFile {} }
section! { RuleGroup {} }
section! { Rule {} }

/// What the reading of a rule file depends on beside its text.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct RuleOptions<'c> {
    /// Whether fields that no rule has are passed over.
    pub ignore_unknown_fields: bool,
    /// Which names are valid.
    pub scheme: ValidationScheme,
    /// What checks expressions.
    pub expression: ExpressionCheck<'c>,
}

impl Default for RuleOptions<'_> {
    fn default() -> Self {
        Self { ignore_unknown_fields: false, scheme: ValidationScheme::Utf8, expression: &any_expression }
    }
}

impl fmt::Debug for RuleOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuleOptions")
            .field("ignore_unknown_fields", &self.ignore_unknown_fields)
            .field("scheme", &self.scheme)
            .finish_non_exhaustive()
    }
}

/// One of the things that are wrong with a rule file. `Display` is what Prometheus prints behind the name of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleFileError {
    /// The file is not one of rules.
    #[error(transparent)]
    File(#[from] Error),
    /// A group does not make sense.
    #[error("{0}")]
    Group(String),
    /// A rule does not make sense.
    #[error("{0}")]
    Rule(RuleError),
}

/// What is wrong with a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleError {
    /// The places that Prometheus names: those of the fields concerned, `None` for one that is not there.
    pub locations: Vec<Option<crate::Location>>,
    /// The group.
    pub group: String,
    /// Which rule of the group, counted from 1.
    pub rule: usize,
    /// What the rule is called.
    pub name: String,
    /// What is wrong.
    pub text: String,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for location in &self.locations {
            match location {
                Some(location) => write!(f, "{location}: ")?,
                None => f.write_str("0:0: ")?,
            }
        }
        let (group, name) = (promd_model::quote::go(&self.group), promd_model::quote::go(&self.name));
        write!(f, "group {group}, rule {}, {name}: {}", self.rule, self.text)
    }
}

impl RuleFile {
    /// Reads and checks the rules of `text`.
    ///
    /// Only the first document of a text is read, as in Prometheus; [`has_more_documents`](Self::has_more_documents)
    /// tells whether there are others, of which the user should be warned.
    ///
    /// Templates in labels and annotations are not looked at.
    ///
    /// ```
    /// use promd_config::{RuleFile, RuleOptions};
    ///
    /// let text = b"groups:\n- name: g\n  rules:\n  - record: a\n";
    /// let errors = RuleFile::parse(text, &RuleOptions::default()).unwrap_err();
    /// assert_eq!(errors[0].to_string(), r#"0:0: group "g", rule 1, "a": field 'expr' must be set in rule"#);
    /// ```
    ///
    /// # Errors
    ///
    /// All that is wrong, as Prometheus lists it: what is wrong with the file as such is there twice.
    pub fn parse(text: &[u8], options: &RuleOptions<'_>) -> Result<Self, Vec<RuleFileError>> {
        let read = |strict, only_places| -> Result<Self, Error> {
            let mut file = Self::zero();
            let document = parse(text)?;
            Decoder::new(&document, Dialect::V3, strict, &|_| None).with_places(only_places).run(&mut file)?;
            Ok(file)
        };
        match read(!options.ignore_unknown_fields, false) {
            Ok(file) => {
                let errors = check::check(&file, options);
                if errors.is_empty() { Ok(file) } else { Err(errors) }
            }
            // Prometheus reads the file a second time for the places of the rules, into types of their own, and then passes
            // over unknown fields.
            Err(error) => {
                let again = read(false, true).err().map(|error| error.map_texts(of_places));
                Err([Some(error), again].into_iter().flatten().map(Into::into).collect())
            }
        }
    }

    /// Whether another document follows the first one of `text`.
    #[must_use]
    pub fn has_more_documents(text: &[u8]) -> bool {
        parse(text).is_ok_and(|document| document.more)
    }
}

/// The text of an error with the names of the types that hold places.
fn of_places(text: &str) -> String {
    match text.strip_suffix("rulefmt.RuleGroups") {
        Some(text) => format!("{text}rulefmt.ruleGroups"),
        None if text.ends_with("rulefmt.RuleGroup") || text.ends_with("rulefmt.Rule") => format!("{text}Node"),
        None => text.to_owned(),
    }
}

impl fmt::Display for RuleFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::yaml::tree::print(self))
    }
}
