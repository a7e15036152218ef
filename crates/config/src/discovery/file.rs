//! `file_sd_configs`.

use promd_fs::Fs;
use promd_model::Duration;
use promd_model::quote;

use super::fail;
use crate::glob::{BadPattern, glob};
use crate::path::FilePath;
use crate::yaml::Value;

record! {
    /// Targets in files.
    pub struct FileSd("file.plain") {
        /// Paths that may hold a `*` in their last part.
        files: Vec<FilePath>;
        refresh_interval: Duration, omit;
    }
}

section! { FileSd { fresh: FileSd::default(), check: FileSd::check } }

impl Default for FileSd {
    fn default() -> Self {
        Self { refresh_interval: Duration::from_nanos(300_000_000_000), ..Self::zero() }
    }
}

impl FileSd {
    /// The files that there are at this moment, pattern by pattern.
    ///
    /// # Errors
    ///
    /// If a pattern is none.
    pub fn matching(&self, fs: &dyn Fs) -> Result<Vec<String>, BadPattern> {
        let mut found = Vec::new();
        for pattern in &self.files {
            found.extend(glob(fs, pattern)?);
        }
        Ok(found)
    }

    fn check(&mut self) -> Result<(), String> {
        if self.files.is_empty() {
            return fail("file service discovery config must contain at least one path name");
        }
        for file in &self.files {
            let ends = [".json", ".yml", ".yaml", ".JSON", ".YML", ".YAML"].iter().any(|end| file.ends_with(end));
            if !ends || !crate::path::is_glob_of_files(file) {
                return Err(format!("path name {} is not valid for file discovery", quote::go(file.as_str())));
            }
        }
        Ok(())
    }
}
