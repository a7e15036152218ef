//! Text that must not be shown.

use std::fmt;
use std::hash::{Hash, Hasher};

/// What is shown in its place.
pub(crate) const HIDDEN: &str = "<secret>";

/// Text that shows itself to nobody who does not ask for it: `Debug`, `Display` and `Serialize` give `<secret>`, and so
/// does the configuration when it is printed. Nothing is nothing, and shows as that.
///
/// ```
/// use promd_config::Secret;
///
/// let password = Secret::new("hunter2");
/// assert_eq!(format!("{password} {password:?}"), "<secret> <secret>");
/// assert_eq!(password.expose(), "hunter2");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Box<str>);

impl Secret {
    /// Hides `text`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The text: to be sent where it is meant for, and nowhere else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is no text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn shown(&self) -> &'static str {
        if self.is_empty() { "" } else { HIDDEN }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown())
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown())
    }
}

impl Hash for Secret {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl serde::Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.shown())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shows_it() {
        let secret = Secret::new("hunter2");
        let shown = format!("{secret} {secret:?} {:?} {:#?}", Some(&secret), vec![&secret]);
        let json = serde_json::to_string(&secret).unwrap();
        assert!(!shown.contains("hunter") && !json.contains("hunter"), "{shown} {json}");
        assert_eq!(json, "\"<secret>\"");
        assert_eq!(Secret::default().to_string(), "");
    }
}
