//! Groups of targets, and their form in files and answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use promd_model::{Labels, LabelsError};
use serde::Deserialize;

/// The label that holds the address of a target.
const ADDRESS: &str = "__address__";

/// Targets that were found together and share labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetGroup {
    /// What it is known by: a group replaces the one of the same source.
    pub source: Arc<str>,
    /// The targets: what is known of each alone, at least its `__address__`. A group without any removes its source.
    pub targets: Vec<Labels>,
    /// What is known of all of them. Labels of a target go before these.
    pub labels: Labels,
}

/// Why a text is no list of target groups.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetGroupError {
    /// The YAML is wrong.
    #[error(transparent)]
    Yaml(#[from] promd_config::Error),
    /// The JSON is wrong.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// There is a null among the groups.
    #[error("nil target group item found")]
    Null,
    /// A group has labels that are none.
    #[error(transparent)]
    Labels(#[from] LabelsError),
}

/// A group as JSON has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonGroup {
    #[serde(default, alias = "Targets")]
    targets: Option<Vec<String>>,
    #[serde(default, alias = "Labels")]
    labels: Option<BTreeMap<String, String>>,
}

impl TargetGroup {
    /// A group of targets at these addresses.
    ///
    /// # Errors
    ///
    /// If an address is longer than a label may be.
    pub fn new<A: AsRef<str>>(
        source: impl Into<Arc<str>>,
        addresses: impl IntoIterator<Item = A>,
        labels: Labels,
    ) -> Result<Self, LabelsError> {
        let target = |address: A| Labels::from_pairs([(ADDRESS, address.as_ref())]);
        let targets = addresses.into_iter().map(target).collect::<Result<_, _>>()?;
        Ok(Self { source: source.into(), targets, labels })
    }

    /// A group without targets, which removes its source.
    #[must_use]
    pub fn gone(source: impl Into<Arc<str>>) -> Self {
        Self { source: source.into(), targets: Vec::new(), labels: Labels::empty() }
    }

    /// The groups of a configuration or a file of YAML; `source` names each by its position.
    pub(crate) fn from_config(
        groups: &[promd_config::TargetGroup],
        source: impl Fn(usize) -> String,
    ) -> Result<Vec<Self>, LabelsError> {
        let group = |(at, group): (usize, &promd_config::TargetGroup)| {
            Self::new(source(at), &group.targets, Labels::clone(&group.labels))
        };
        groups.iter().enumerate().map(group).collect()
    }

    /// The groups of a list in YAML; `source` names each by its position.
    ///
    /// # Errors
    ///
    /// If the text is no YAML, or no list of groups.
    pub fn from_yaml(text: &[u8], source: impl Fn(usize) -> String) -> Result<Vec<Self>, TargetGroupError> {
        Ok(Self::from_config(&promd_config::TargetGroup::parse_list(text)?, source)?)
    }

    /// The groups of a list in JSON, strictly read; `source` names each by its position.
    ///
    /// # Errors
    ///
    /// If the text is no JSON, or no list of groups.
    ///
    /// ```
    /// use promd_discovery::TargetGroup;
    ///
    /// let text = br#"[{"targets": ["a:80"], "labels": {"env": "prod"}}]"#;
    /// let groups = TargetGroup::from_json(text, |at| format!("http://sd/:{at}"))?;
    /// assert_eq!((&*groups[0].source, groups[0].labels.get("env")), ("http://sd/:0", Some("prod")));
    /// # Ok::<_, promd_discovery::TargetGroupError>(())
    /// ```
    pub fn from_json(text: &[u8], source: impl Fn(usize) -> String) -> Result<Vec<Self>, TargetGroupError> {
        let groups: Option<Vec<Option<JsonGroup>>> = serde_json::from_slice(text)?;
        let group = |(at, group): (usize, Option<JsonGroup>)| {
            let group = group.ok_or(TargetGroupError::Null)?;
            let labels = Labels::from_pairs(group.labels.unwrap_or_default())?;
            Ok(Self::new(source(at), group.targets.unwrap_or_default(), labels)?)
        };
        groups.unwrap_or_default().into_iter().enumerate().map(group).collect()
    }

    /// The same group with one more label for all targets.
    ///
    /// # Errors
    ///
    /// If the value is longer than a label may be.
    pub fn with_label(mut self, name: &str, value: &str) -> Result<Self, LabelsError> {
        let mut builder = promd_model::LabelsBuilder::new();
        builder.reset(&self.labels).set(name, value);
        self.labels = builder.build()?;
        Ok(self)
    }
}
