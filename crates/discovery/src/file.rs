//! Targets in files (`discovery/file/file.go`).

mod metrics;
mod watch;

use std::any::Any;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use promd_clock::{Clock, Ticker};
use promd_config::FileSd;
use promd_fs::{Fs, RealFs};
use tokio::sync::mpsc;

use crate::{CancelSignal, Context, Discoverer, Mechanism, MechanismError, TargetGroup, TargetGroupError};
use metrics::MtimesOf;
use watch::Watch;

pub use metrics::FileMetrics;

/// The label that names the file of a target.
const FILE_PATH: &str = "__meta_filepath";

/// No list of targets is longer, in bytes: it is what a file of YAML may have.
const MAX_BYTES: u64 = 64 << 20;

/// `file_sd_configs`: one entry.
#[derive(Debug, Clone)]
pub struct FileMechanism {
    config: FileSd,
    metrics: Arc<FileMetrics>,
}

impl FileMechanism {
    /// The name of the mechanism.
    pub const NAME: &str = "file";

    /// Targets in these files. All mechanisms of a program share the metrics.
    #[must_use]
    pub fn new(config: FileSd, metrics: Arc<FileMetrics>) -> Self {
        Self { config, metrics }
    }
}

impl Mechanism for FileMechanism {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn is_same(&self, other: &dyn Mechanism) -> bool {
        (other as &dyn Any).downcast_ref::<Self>().is_some_and(|other| other.config == self.config)
    }

    fn discoverer(&self, context: &Context) -> Result<Box<dyn Discoverer>, MechanismError> {
        let reader = Reader { config: self.config.clone(), groups: BTreeMap::new(), mtimes: self.metrics.mtimes() };
        let (metrics, clock) = (Arc::clone(&self.metrics), Arc::clone(&context.clock));
        Ok(Box::new(FileDiscoverer { reader, metrics, clock }))
    }
}

struct FileDiscoverer {
    reader: Reader,
    metrics: Arc<FileMetrics>,
    clock: Arc<dyn Clock>,
}

impl Discoverer for FileDiscoverer {
    fn run(self: Box<Self>, updates: mpsc::Sender<Vec<TargetGroup>>, shutdown: CancelSignal) -> BoxFuture<'static, ()> {
        Box::pin(self.follow(updates, shutdown))
    }
}

impl FileDiscoverer {
    async fn follow(self, updates: mpsc::Sender<Vec<TargetGroup>>, mut shutdown: CancelSignal) {
        let Self { mut reader, metrics, clock } = self;
        // Without a watch there is still the interval, which is more than Prometheus has then.
        let mut watch = Watch::new().inspect_err(|error| {
            metrics.watcher_errors.inc();
            tracing::error!(err = %error, "Error adding file watcher");
        });
        let interval = reader.config.refresh_interval.to_std().unwrap_or(Duration::MAX);
        let mut ticker = Ticker::new(Arc::clone(&clock), clock.monotonic() + interval, interval);
        loop {
            let start = clock.monotonic();
            let read = tokio::task::spawn_blocking({
                let metrics = Arc::clone(&metrics);
                move || {
                    let mut watch = watch;
                    // Watched before it is read, so that no change falls between the two.
                    if let Ok(watch) = &mut watch {
                        watch.folders_of(&reader.config);
                    }
                    let groups = reader.read(&metrics);
                    (reader, watch, groups)
                }
            });
            // Reading does not panic; if it did, the targets that are known would stay.
            let Ok((back, watched, groups)) = read.await else { return };
            (reader, watch) = (back, watched);
            metrics.scan_duration.observe_duration(clock.monotonic().since(start), crate::metrics::now(&*clock));
            tokio::select! {
                () = shutdown.cancelled() => return,
                sent = updates.send(groups) => if sent.is_err() { return },
            }
            let changed = async {
                match &mut watch {
                    Ok(watch) => watch.changed().await,
                    Err(_) => std::future::pending().await,
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = ticker.tick() => {}
                () = changed => {}
            }
        }
    }
}

/// Reads files, and knows what it found in them the last time.
struct Reader {
    config: FileSd,
    /// How many groups each file had.
    groups: BTreeMap<String, usize>,
    mtimes: MtimesOf,
}

impl Reader {
    /// All groups of all files, and those that are gone. A file that cannot be read, or is wrong, says nothing: what was
    /// known of it stays.
    fn read(&mut self, metrics: &FileMetrics) -> Vec<TargetGroup> {
        let fs = RealFs::new();
        let files = self.config.matching(&fs).unwrap_or_else(|error| {
            tracing::error!(err = %error, "Error expanding glob");
            Vec::new()
        });
        let mut all = Vec::new();
        let mut counts = BTreeMap::new();
        for file in files {
            let count = match read_file(&fs, &file) {
                Ok(groups) => {
                    self.mtimes.set(&file);
                    let count = groups.len();
                    all.extend(groups);
                    count
                }
                Err(error) => {
                    metrics.read_errors.inc();
                    tracing::error!(path = file, err = %error, "Error reading file");
                    self.groups.get(&file).copied().unwrap_or(0)
                }
            };
            counts.insert(file, count);
        }
        for (file, before) in &self.groups {
            let count = counts.get(file).copied();
            if count.is_none() {
                self.mtimes.remove(file);
            }
            all.extend((count.unwrap_or(0)..*before).map(|at| TargetGroup::gone(source(file, at))));
        }
        self.groups = counts;
        all
    }
}

/// Why a file says nothing.
#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error(transparent)]
    Fs(#[from] promd_fs::Error),
    #[error(transparent)]
    Groups(#[from] TargetGroupError),
}

fn read_file(fs: &dyn Fs, file: &str) -> Result<Vec<TargetGroup>, ReadError> {
    let text = fs.read_to_vec(Path::new(file), MAX_BYTES)?;
    let source = |at| source(file, at);
    let is_json = Path::new(file).extension().is_some_and(|end| end.eq_ignore_ascii_case("json"));
    let groups = if is_json { TargetGroup::from_json(&text, source) } else { TargetGroup::from_yaml(&text, source) };
    let labelled = groups?.into_iter().map(|group| group.with_label(FILE_PATH, file));
    Ok(labelled.collect::<Result<_, _>>().map_err(TargetGroupError::from)?)
}

fn source(file: &str, at: usize) -> String {
    format!("{file}:{at}")
}
