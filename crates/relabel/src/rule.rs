//! One rule, as it stands in a configuration, and what can be wrong with it.

use std::sync::LazyLock;

use promd_model::{ValidationScheme, quote};
use promd_regex::Anchored;

use crate::action::Action;

/// One relabel rule. [`Default`] is the rule whose fields are all left out.
///
/// The value that a rule works on is the values of the source labels, joined by the separator.
///
/// ```
/// use promd_model::ValidationScheme;
/// use promd_relabel::{Action, Rule};
///
/// let mut rule = Rule::default();
/// rule.action = Action::HashMod;
/// rule.target_label = "shard".to_owned();
/// let error = rule.validate(ValidationScheme::Utf8).unwrap_err();
/// assert_eq!(error.to_string(), "relabel configuration for hashmod requires non-zero modulus");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Rule {
    /// Whose values are joined; `None` and an empty list differ for [`Action::LabelDrop`] and [`Action::LabelKeep`],
    /// which refuse the second.
    pub source_labels: Option<Vec<String>>,
    /// What stands between the values.
    pub separator: String,
    /// What the value, or for some actions the name of a label, must match; `None` is `(.*)`. That it was not given
    /// counts: [`Action::KeepEqual`] and [`Action::DropEqual`] refuse even `(.*)`.
    pub regex: Option<Anchored>,
    /// For [`Action::HashMod`].
    pub modulus: u64,
    /// Which label is set, or compared with.
    pub target_label: String,
    /// What the target label is set to, or for [`Action::LabelMap`] the name of the copy; with groups of the expression.
    pub replacement: String,
    /// What to do.
    pub action: Action,
}

impl Rule {
    /// The separator of a rule that gives none.
    pub const DEFAULT_SEPARATOR: &str = ";";

    /// The replacement of a rule that gives none.
    pub const DEFAULT_REPLACEMENT: &str = "$1";

    /// The expression of the rule: the one it gives, or `(.*)`.
    #[must_use]
    pub fn regex(&self) -> &Anchored {
        static ANYTHING: LazyLock<Anchored> =
            LazyLock::new(|| Anchored::wrapped("(.*)").expect("the default expression compiles"));
        self.regex.as_ref().unwrap_or(&ANYTHING)
    }

    /// Checks that the fields make sense together and that names are valid by `scheme`.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, in Prometheus' words.
    pub fn validate(&self, scheme: ValidationScheme) -> Result<(), RuleError> {
        let Self { action, target_label, replacement, .. } = self;
        let action = *action;
        if self.modulus == 0 && action == Action::HashMod {
            return Err(RuleError::ZeroModulus);
        }
        if action.has_target() && target_label.is_empty() {
            return Err(RuleError::NoTarget(action));
        }
        let is_name = match action {
            Action::Replace if target_label.contains('$') => is_template(target_label, scheme),
            _ => !action.has_target() || scheme.is_label_name(target_label),
        };
        // Prometheus complains of the target of `hashmod` last, but it has no other complaint about `hashmod`.
        if !is_name {
            return Err(RuleError::InvalidTarget { action, label: target_label.clone() });
        }
        let default_replacement = replacement == Self::DEFAULT_REPLACEMENT;
        let equals = matches!(action, Action::KeepEqual | Action::DropEqual);
        if (equals || matches!(action, Action::Lowercase | Action::Uppercase)) && !default_replacement {
            return Err(RuleError::Replacement(action));
        }
        if action == Action::LabelMap && !is_template(replacement, scheme) {
            return Err(RuleError::InvalidReplacement { action, replacement: replacement.clone() });
        }
        let others = self.modulus != 0 || self.separator != Self::DEFAULT_SEPARATOR || !default_replacement;
        if equals && (others || self.regex.is_some()) {
            return Err(RuleError::OnlySourceAndTarget(action));
        }
        let by_name = matches!(action, Action::LabelDrop | Action::LabelKeep);
        if by_name && (others || self.source_labels.is_some() || !target_label.is_empty()) {
            return Err(RuleError::OnlyRegex(action));
        }
        Ok(())
    }
}

impl Default for Rule {
    fn default() -> Self {
        Self {
            source_labels: None,
            separator: Self::DEFAULT_SEPARATOR.to_owned(),
            regex: None,
            modulus: 0,
            target_label: String::new(),
            replacement: Self::DEFAULT_REPLACEMENT.to_owned(),
            action: Action::default(),
        }
    }
}

/// Whether a name with references to groups can become a label name. To UTF-8 names a dollar is as good as a letter.
fn is_template(text: &str, scheme: ValidationScheme) -> bool {
    match scheme {
        ValidationScheme::Utf8 => !text.is_empty(),
        ValidationScheme::Legacy => is_legacy_template(text),
    }
}

/// Letters, digits and underscores, not beginning with a digit, and anywhere `$name` or `${name}`.
fn is_legacy_template(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let words = |text: &[u8]| text.iter().take_while(|byte| is_word(**byte)).count();
    let mut rest = text.as_bytes();
    if rest.first().is_none_or(u8::is_ascii_digit) {
        return false;
    }
    while let [first, after @ ..] = rest {
        rest = match (first, after) {
            (b'$', [b'{', name @ ..]) => match (words(name), name.split_at_checked(words(name))) {
                (1.., Some((_, [b'}', after @ ..]))) => after,
                _ => return false,
            },
            (b'$', _) if words(after) > 0 => after,
            (b'$', _) => return false,
            _ if is_word(*first) => after,
            _ => return false,
        };
    }
    true
}

/// What is wrong with a rule, in Prometheus' words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// `hashmod` without a modulus.
    #[error("relabel configuration for hashmod requires non-zero modulus")]
    ZeroModulus,
    /// The action needs a target label.
    #[error("relabel configuration for {0} action requires 'target_label' value")]
    NoTarget(Action),
    /// The target label is not a label name.
    #[error("{} is invalid 'target_label' for {action} action", quote::go(label))]
    InvalidTarget {
        /// What the rule does.
        action: Action,
        /// The target label.
        label: String,
    },
    /// The action has no use for a replacement.
    #[error("'replacement' can not be set for {0} action")]
    Replacement(Action),
    /// The replacement is not the name of a label.
    #[error("{} is invalid 'replacement' for {action} action", quote::go(replacement))]
    InvalidReplacement {
        /// What the rule does.
        action: Action,
        /// The replacement.
        replacement: String,
    },
    /// The action has no use for other fields than source labels and target label.
    #[error("{0} action requires only 'source_labels' and `target_label`, and no other fields")]
    OnlySourceAndTarget(Action),
    /// The action has no use for other fields than the expression.
    #[error("{0} action requires only 'regex', and no other fields")]
    OnlyRegex(Action),
}
