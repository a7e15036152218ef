//! What a rule does.

use std::fmt;
use std::str::FromStr;

use promd_model::quote;

/// What a rule does with what it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[non_exhaustive]
pub enum Action {
    /// Sets the target label to the replacement, if the value matches.
    #[default]
    Replace,
    /// Drops the label set unless the value matches.
    Keep,
    /// Drops the label set if the value matches.
    Drop,
    /// Drops the label set unless the value is that of the target label.
    KeepEqual,
    /// Drops the label set if the value is that of the target label.
    DropEqual,
    /// Sets the target label to a hash of the value, modulo the modulus.
    HashMod,
    /// Copies each label whose name matches to the name that the replacement makes of it.
    LabelMap,
    /// Removes each label whose name matches.
    LabelDrop,
    /// Removes each label whose name does not match.
    LabelKeep,
    /// Sets the target label to the value in lower case.
    Lowercase,
    /// Sets the target label to the value in upper case.
    Uppercase,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Replace,
        Self::Keep,
        Self::Drop,
        Self::KeepEqual,
        Self::DropEqual,
        Self::HashMod,
        Self::LabelMap,
        Self::LabelDrop,
        Self::LabelKeep,
        Self::Lowercase,
        Self::Uppercase,
    ];

    /// What the configuration calls it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Replace => "replace",
            Self::Keep => "keep",
            Self::Drop => "drop",
            Self::KeepEqual => "keepequal",
            Self::DropEqual => "dropequal",
            Self::HashMod => "hashmod",
            Self::LabelMap => "labelmap",
            Self::LabelDrop => "labeldrop",
            Self::LabelKeep => "labelkeep",
            Self::Lowercase => "lowercase",
            Self::Uppercase => "uppercase",
        }
    }

    /// Whether it writes to, or compares with, the target label.
    pub(crate) const fn has_target(self) -> bool {
        !matches!(self, Self::Keep | Self::Drop | Self::LabelMap | Self::LabelDrop | Self::LabelKeep)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Reads an action, in whatever case its letters are.
impl FromStr for Action {
    type Err = ActionError;

    fn from_str(text: &str) -> Result<Self, ActionError> {
        let lower = crate::case::to_lower(text);
        Self::ALL.into_iter().find(|action| action.as_str() == lower).ok_or_else(|| ActionError(text.to_owned()))
    }
}

/// There is no action of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown relabel action {}", quote::go(.0))]
pub struct ActionError(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case() {
        for action in Action::ALL {
            assert_eq!(action.as_str().parse(), Ok(action));
            assert_eq!(action.as_str().to_uppercase().parse(), Ok(action));
        }
        // Go's `strings.ToLower` makes a `k` of the Kelvin sign.
        assert_eq!("\u{212a}eep".parse(), Ok(Action::Keep));
        let error = "".parse::<Action>().unwrap_err();
        assert_eq!(error.to_string(), r#"unknown relabel action """#);
    }
}
