//! Texts of the configuration that stand in it, or in a file that may change.

use std::path::Path;

use promd_config::{FilePath, Secret};
use promd_fs::Fs;

/// No certificate, key or secret is larger.
const MAX_BYTES: u64 = 16 << 20;

/// Where a text is.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Inline(Secret),
    File(FilePath),
}

impl Source {
    /// Of three settings the one that is given, or `None`.
    ///
    /// # Errors
    ///
    /// For a name that a secret manager would know: Prometheus has none either.
    pub(super) fn new(text: &str, file: &str, reference: &str) -> Result<Option<Self>, String> {
        match (text, file, reference) {
            ("", "", "") => Ok(None),
            ("", "", _) => Err("cannot use secret ref without manager".to_owned()),
            ("", file, _) => Ok(Some(Self::File(FilePath::new(file)))),
            (text, ..) => Ok(Some(Self::Inline(Secret::new(text)))),
        }
    }

    pub(super) fn is_inline(&self) -> bool {
        matches!(self, Self::Inline(_))
    }

    /// The text. That of a file is without blanks around it: editors end files with a newline.
    pub(super) fn fetch(&self, fs: &dyn Fs) -> Result<Secret, String> {
        match self {
            Self::Inline(text) => Ok(text.clone()),
            Self::File(path) => {
                let bytes = fs
                    .read_to_vec(Path::new(path.as_str()), MAX_BYTES)
                    .map_err(|error| format!("unable to read file {path}: {error}"))?;
                let text = String::from_utf8(bytes).map_err(|_| format!("unable to read file {path}: not UTF-8"))?;
                Ok(Secret::new(text.trim()))
            }
        }
    }

    /// Where it is, for errors.
    pub(super) fn description(&self) -> String {
        match self {
            Self::Inline(_) => "inline".to_owned(),
            Self::File(path) => format!("file {path}"),
        }
    }
}
