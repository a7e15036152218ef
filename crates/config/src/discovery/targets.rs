//! `static_configs`, and the form of targets in files and answers.

use crate::labels::LabelSet;
use crate::yaml::Value;

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
}
