//! Where bodies are gone over: not on the threads that talk to targets.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// Runs what takes a processor for a while, or waits for a store.
#[derive(Debug, Clone)]
pub struct Executor {
    /// Nothing: on the spot.
    slots: Option<Arc<Semaphore>>,
}

impl Executor {
    /// At most so many at once, on tokio's threads for blocking work.
    #[must_use]
    pub fn bounded(slots: usize) -> Self {
        Self { slots: Some(Arc::new(Semaphore::new(slots.max(1)))) }
    }

    /// Each on the thread that asks: for simulations, where everything happens in one order.
    #[must_use]
    pub fn inline() -> Self {
        Self { slots: None }
    }

    /// Runs `work`. Nothing comes back if it panicked, or the runtime ends.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let Some(slots) = &self.slots else { return Some(work()) };
        // The semaphore is never closed.
        let _slot = slots.acquire().await.ok()?;
        tokio::task::spawn_blocking(work).await.ok()
    }
}
