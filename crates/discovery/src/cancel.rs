//! Telling tasks to end.

use tokio::sync::watch;

/// Who tells tasks to end. Dropping it tells them too.
#[derive(Debug)]
pub struct CancelSource {
    sender: watch::Sender<bool>,
}

/// What a task asks whether, and waits until, it is to end. Clones are told alike.
#[derive(Debug, Clone)]
pub struct CancelSignal {
    receiver: watch::Receiver<bool>,
}

impl CancelSource {
    /// A source that has told nobody to end.
    #[must_use]
    pub fn new() -> Self {
        Self { sender: watch::Sender::new(false) }
    }

    /// A signal of this source.
    #[must_use]
    pub fn signal(&self) -> CancelSignal {
        CancelSignal { receiver: self.sender.subscribe() }
    }

    /// Tells all signals, those to come included.
    pub fn cancel(&self) {
        self.sender.send_replace(true);
    }
}

impl Default for CancelSource {
    fn default() -> Self {
        Self::new()
    }
}

impl CancelSignal {
    /// Whether it is over.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        *self.receiver.borrow() || self.receiver.has_changed().is_err()
    }

    /// Waits until it is over.
    pub async fn cancelled(&mut self) {
        // The error is that the source is gone, which means the same.
        let _ = self.receiver.wait_for(|cancelled| *cancelled).await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn signals_hear_of_the_end_whenever_they_were_made() {
        let source = CancelSource::new();
        let mut before = source.signal();
        assert!(!before.is_cancelled() && before.cancelled().now_or_never().is_none());
        source.cancel();
        for mut signal in [before, source.signal()] {
            assert!(signal.is_cancelled() && signal.cancelled().now_or_never().is_some());
        }
    }

    #[test]
    fn a_source_that_is_gone_is_the_end() {
        let source = CancelSource::new();
        let mut signal = source.signal();
        drop(source);
        assert!(signal.is_cancelled() && signal.cancelled().now_or_never().is_some());
    }
}
