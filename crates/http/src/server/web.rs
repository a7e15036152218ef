//! The web configuration file, which takes effect while the server runs.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use promd_config::WebConfig;
use promd_fs::Fs;

/// No web configuration is larger.
const MAX_BYTES: u64 = 16 << 20;

/// The file, and what it said when it was last read.
pub(super) struct WebFile {
    fs: Arc<dyn Fs>,
    path: String,
    /// What was read last. Held while a file is read, so that many requests after a change read it once.
    last: Mutex<Last>,
}

struct Last {
    bytes: Vec<u8>,
    outcome: Result<Arc<WebConfig>, Arc<str>>,
}

impl WebFile {
    /// Reads the file for the first time.
    pub(super) fn open(fs: Arc<dyn Fs>, path: &str) -> Result<Self, Arc<str>> {
        let file = Self {
            fs,
            path: path.to_owned(),
            last: Mutex::new(Last { bytes: Vec::new(), outcome: Err(Arc::from("not read yet")) }),
        };
        file.load()?;
        Ok(file)
    }

    /// What the file says: it is read for each connection and request, as the one of Prometheus is, and interpreted when it
    /// is another than before.
    pub(super) fn load(&self) -> Result<Arc<WebConfig>, Arc<str>> {
        let bytes = self.fs.read_to_vec(Path::new(&self.path), MAX_BYTES).map_err(|error| text(&error))?;
        let mut last = self.last.lock();
        if last.bytes != bytes || bytes.is_empty() {
            last.outcome = WebConfig::load(&*self.fs, &self.path).map(Arc::new).map_err(|error| text(&error));
            last.bytes = bytes;
        }
        last.outcome.clone()
    }

    pub(super) fn fs(&self) -> &dyn Fs {
        &*self.fs
    }
}

fn text(error: &dyn fmt::Display) -> Arc<str> {
    Arc::from(error.to_string())
}

impl fmt::Debug for WebFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WebFile").field(&self.path).finish()
    }
}
