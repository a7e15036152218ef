//! Hearing of changes of files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use promd_config::FileSd;
use tokio::sync::mpsc;

/// Watches folders, not files: a file that is replaced is another one, and one that will be there later is none yet.
pub(super) struct Watch {
    watcher: RecommendedWatcher,
    /// One is enough: whatever has changed, everything is read again.
    changed: mpsc::Receiver<()>,
}

impl Watch {
    pub(super) fn new() -> notify::Result<Self> {
        let (changes, changed) = mpsc::channel(1);
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| is_change(&event.kind)) {
                // The error is that there is one already.
                let _ = changes.try_send(());
            }
        })?;
        Ok(Self { watcher, changed })
    }

    /// Watches the folders of all patterns. It is done again and again, since a folder may be there later, or anew.
    pub(super) fn folders_of(&mut self, config: &FileSd) {
        let folders: BTreeSet<PathBuf> = config.files.iter().map(|file| folder(file)).collect();
        for folder in folders {
            if let Err(error) = self.watcher.watch(&folder, RecursiveMode::NonRecursive) {
                tracing::error!(path = %folder.display(), err = %error, "Error adding file watch");
            }
        }
    }

    /// Waits for a change.
    pub(super) async fn changed(&mut self) {
        if self.changed.recv().await.is_none() {
            // The watcher has given up; the interval is left.
            std::future::pending::<()>().await;
        }
    }
}

fn folder(pattern: &str) -> PathBuf {
    match Path::new(pattern).parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Whether the content of a file, or which files there are, may be another than before. Reading a file is an event too, and
/// must not lead to reading it again.
fn is_change(kind: &EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_)) => false,
        _ => true,
    }
}
