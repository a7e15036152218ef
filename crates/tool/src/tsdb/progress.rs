//! A bar on a terminal, for work that takes long.

use std::io::Write;

/// How wide the bar is.
const WIDTH: usize = 40;

/// Draws how much of something is done. Where nobody watches, nothing is drawn.
pub(super) struct Progress<'a> {
    out: Option<&'a mut dyn Write>,
    total: u64,
    done: u64,
    /// The thousandth that was drawn last.
    drawn: Option<u64>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(out: &'a mut dyn Write, terminal: bool, total: u64) -> Self {
        Self { out: terminal.then_some(out), total: total.max(1), done: 0, drawn: None }
    }

    /// So much is done, of which `what` is being worked at.
    pub(super) fn at(&mut self, done: u64, what: &str) {
        self.done = done.min(self.total);
        let thousandth = u64::try_from(u128::from(self.done) * 1_000 / u128::from(self.total)).unwrap_or(1_000);
        let Some(out) = self.out.as_deref_mut().filter(|_| self.drawn != Some(thousandth)) else { return };
        self.drawn = Some(thousandth);
        let filled = usize::try_from(thousandth).unwrap_or(1_000) * WIDTH / 1_000;
        let bar = "#".repeat(filled) + &"-".repeat(WIDTH - filled);
        // A bar that cannot be drawn is not worth an error.
        let _ = write!(out, "\r[{bar}] {:>3}% {what}\x1b[K", thousandth / 10);
        let _ = out.flush();
    }

    /// So much was done before what is being worked at.
    pub(super) fn done(&self) -> u64 {
        self.done
    }

    /// Takes the bar away, so that text can be printed.
    pub(super) fn clear(&mut self) {
        if self.drawn.take().is_some()
            && let Some(out) = self.out.as_deref_mut()
        {
            let _ = write!(out, "\r\x1b[K");
            let _ = out.flush();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_drawn_when_it_changes_and_taken_away() {
        let mut out = Vec::new();
        let mut progress = Progress::new(&mut out, true, 2_000);
        progress.at(1_000, "block A");
        progress.at(1_001, "block A");
        progress.clear();
        let half = format!("\r[{}{}]  50% block A\x1b[K\r\x1b[K", "#".repeat(20), "-".repeat(20));
        assert_eq!(String::from_utf8(out).unwrap(), half);
    }

    #[test]
    fn nobody_is_shown_nothing() {
        let mut out = Vec::new();
        Progress::new(&mut out, false, 10).at(5, "block A");
        assert!(out.is_empty());
    }
}
