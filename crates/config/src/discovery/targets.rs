//! `static_configs`, and the form of targets in files and answers.

use crate::error::Error;
use crate::labels::LabelSet;
use crate::list::List;
use crate::yaml::{Decoder, Dialect, Value, parse};

record! {
    /// Targets that share labels.
    pub struct TargetGroup(
        "struct { Targets []string \"yaml:\\\"targets\\\"\"; Labels model.LabelSet \"yaml:\\\"labels\\\"\" }"
    ) {
        /// The addresses.
        targets: Vec<String>;
        labels: LabelSet, omit;
    }
}

section! { TargetGroup { fresh: TargetGroup::zero() } }

impl TargetGroup {
    /// Targets with these labels.
    #[must_use]
    pub fn new(targets: Vec<String>, labels: LabelSet) -> Self {
        Self { targets, labels }
    }

    /// The target groups of a YAML file of targets, as file discovery reads it.
    ///
    /// # Errors
    ///
    /// If the text is no YAML, or something else than a list of groups.
    ///
    /// ```
    /// let groups = promd_config::TargetGroup::parse_list(b"- targets: ['a:80']\n  labels: {env: prod}\n")?;
    /// assert_eq!(groups[0].targets, ["a:80"]);
    /// assert!(promd_config::TargetGroup::parse_list(b"- hosts: ['a:80']\n").is_err());
    /// # Ok::<_, promd_config::Error>(())
    /// ```
    pub fn parse_list(text: &[u8]) -> Result<Vec<Self>, Error> {
        let mut groups: List<Self> = List::default();
        Decoder::new(&parse(text)?, Dialect::V2, true, &|_| None).run(&mut groups)?;
        groups.without_null("nil target group item found").map_err(|text| Error::invalid(None, text))?;
        Ok(groups.to_vec())
    }
}
