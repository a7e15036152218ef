//! Registries: who is asked when metrics are gathered.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::SystemTime;

use crate::collect::{Collect, Sink};
use crate::desc::{Desc, DescError};
use crate::snapshot::{GatherError, Snapshot};

/// A list of collectors whose families fit together. An ordinary value: a program may have several.
///
/// ```
/// use std::time::SystemTime;
/// use promd_metrics::{Counter, Metric, Options, Registry, Snapshot};
///
/// let reloads = Metric::<Counter>::new(Options::new("prometheus_tsdb_reloads_total", "Number of reloads."));
/// let registry = Registry::new();
/// let id = registry.register(reloads.clone())?;
/// assert!(registry.register(reloads.clone()).is_err(), "the same metric cannot be there twice");
///
/// let mut snapshot = Snapshot::new();
/// registry.gather(SystemTime::UNIX_EPOCH, &mut snapshot)?;
/// assert_eq!(snapshot.len(), 1);
/// registry.unregister(id);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Registry {
    /// Held to register and, briefly, to copy the list; never while a collector runs.
    entries: RwLock<Entries>,
}

#[derive(Default)]
struct Entries {
    next: u64,
    list: Vec<Entry>,
}

struct Entry {
    id: RegistrationId,
    collector: Arc<dyn Collect>,
    descs: Vec<Desc>,
}

/// What [`Registry::unregister`] takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RegistrationId(u64);

impl Registry {
    /// An empty registry.
    pub fn new() -> Registry {
        Registry::default()
    }

    /// Adds a collector; give an `Arc` to keep it in use elsewhere.
    ///
    /// # Errors
    ///
    /// A family of it is not valid, differs from another of the same name in type, help, unit or label names, or is there
    /// already with the same constant labels. Nothing is added then.
    pub fn register(&self, collector: impl Collect + 'static) -> Result<RegistrationId, RegisterError> {
        let mut descs: Vec<Desc> = Vec::new();
        collector.describe(&mut |desc| descs.push(desc.clone()));
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        for (at, desc) in descs.iter().enumerate() {
            desc.check()?;
            let registered = entries.list.iter().flat_map(|entry| &entry.descs);
            for other in registered.chain(descs.iter().take(at)).filter(|other| other.name() == desc.name()) {
                if !desc.agrees_with(other) {
                    return Err(RegisterError::Inconsistent { name: desc.name().to_owned() });
                }
                if desc.overlaps(other) {
                    return Err(RegisterError::Twice { name: desc.name().to_owned() });
                }
            }
        }
        let id = RegistrationId(entries.next);
        entries.next += 1;
        entries.list.push(Entry { id, collector: Arc::new(collector), descs });
        Ok(id)
    }

    /// Takes a collector out, and says whether it was there. A gathering that is under way may still ask it.
    pub fn unregister(&self, id: RegistrationId) -> bool {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let before = entries.list.len();
        entries.list.retain(|entry| entry.id != id);
        entries.list.len() < before
    }

    /// Asks all collectors and puts what they hold into `snapshot`, sorted (see [`Sink`]), in the place of what it held.
    ///
    /// # Errors
    ///
    /// Samples that do not fit together, such as two of one name with the same labels. They are left out of the
    /// snapshot (of duplicates, all but the first), the rest is in it.
    pub fn gather(&self, now: SystemTime, snapshot: &mut Snapshot) -> Result<(), GatherError> {
        snapshot.clear();
        self.collect(now, snapshot);
        snapshot.finish()
    }

    fn read(&self) -> RwLockReadGuard<'_, Entries> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All collectors, in the order of registration.
impl Collect for Registry {
    fn describe(&self, each: &mut dyn FnMut(&Desc)) {
        self.read().list.iter().flat_map(|entry| &entry.descs).for_each(each);
    }

    fn collect(&self, now: SystemTime, sink: &mut dyn Sink) {
        let collectors: Vec<_> = self.read().list.iter().map(|entry| Arc::clone(&entry.collector)).collect();
        collectors.iter().for_each(|collector| collector.collect(now, sink));
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("collectors", &self.read().list.len()).finish_non_exhaustive()
    }
}

/// Why a collector was not registered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// A descriptor is not valid.
    #[error(transparent)]
    Desc(#[from] DescError),
    /// A family of this name is there with another type, help, unit or other label names.
    #[error("metric {name:?} is registered with another type, help, unit or other label names")]
    Inconsistent {
        /// The family's name.
        name: String,
    },
    /// A family of this name is there with the same constant labels.
    #[error("metric {name:?} is registered already with the same constant labels")]
    Twice {
        /// The family's name.
        name: String,
    },
}
