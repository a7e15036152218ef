//! The labels of a series, read again from its text when somebody wants them.

/// Passes name and value of each label in `braces`, the text between the braces of an exemplar.
pub(crate) fn exemplar_labels(_braces: &[u8], _label: &mut dyn FnMut(&str, &str)) {}
