//! What a way of finding targets is made of.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use promd_clock::Clock;
use tokio::sync::mpsc;

use crate::{CancelSignal, TargetGroup};

/// A configured way of finding targets.
///
/// It is what a manager compares to know which discoverers go on: two mechanisms that are the same share one.
pub trait Mechanism: Any + Debug + Send + Sync {
    /// What Prometheus calls it: `file`, `dns`.
    fn name(&self) -> &'static str;

    /// Whether the other one would find the same targets in the same way.
    fn is_same(&self, other: &dyn Mechanism) -> bool;

    /// Something that finds targets in this way.
    ///
    /// # Errors
    ///
    /// If the settings cannot be used: a certificate that is not there, for instance.
    fn discoverer(&self, context: &Context) -> Result<Box<dyn Discoverer>, MechanismError>;
}

/// What a discoverer is given beside its settings.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Context {
    /// Where time comes from.
    pub clock: Arc<dyn Clock>,
    /// The set that asked first, for logs and for labels of metrics.
    pub set: Arc<str>,
}

impl Context {
    /// The context of a set.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, set: impl Into<Arc<str>>) -> Self {
        Self { clock, set: set.into() }
    }
}

/// Something that finds targets, and goes on finding them.
pub trait Discoverer: Send {
    /// Finds targets until `shutdown` says that it is over, and sends what has changed: each group replaces the one of the same
    /// source. It may end earlier if nothing will change any more; what it has sent stays.
    fn run(self: Box<Self>, updates: mpsc::Sender<Vec<TargetGroup>>, shutdown: CancelSignal) -> BoxFuture<'static, ()>;
}

/// Why there is no discoverer.
#[derive(Debug, thiserror::Error)]
#[error("{mechanism} service discovery: {source}")]
pub struct MechanismError {
    mechanism: &'static str,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl MechanismError {
    /// The error of a mechanism of this name.
    pub fn new(mechanism: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { mechanism, source: source.into() }
    }
}
