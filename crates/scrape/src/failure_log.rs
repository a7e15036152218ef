//! The file that names every scrape that failed.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use parking_lot::Mutex;
use promd_model::Millis;
use serde_json::json;

/// A file of JSON lines, as Prometheus' `scrape_failure_log_file` has them.
#[derive(Debug)]
pub(crate) struct FailureLog {
    file: Mutex<File>,
}

impl FailureLog {
    /// Opens the file, or makes it.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        Ok(Self { file: Mutex::new(file) })
    }

    /// Writes a line.
    pub(crate) fn write(&self, time: Millis, error: &str, job: &str, target: &str) {
        let entry = json!({
            "time": time.rfc3339().to_string(),
            "level": "ERROR",
            "msg": error,
            "job_name": job,
            "target": target,
        });
        // One write, so that lines of several servers do not mix. There is nobody to complain to.
        let _ = self.file.lock().write_all(format!("{entry}\n").as_bytes());
    }
}
