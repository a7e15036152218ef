//! When an expression is evaluated.

/// Evenly spaced moments, in milliseconds. There is at least one, unless the end lies before the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Steps {
    pub(crate) start: i64,
    pub(crate) step: i64,
    pub(crate) count: usize,
}

impl Steps {
    pub(crate) const fn single(at: i64) -> Self {
        Self { start: at, step: 1, count: 1 }
    }

    /// From `start` to `end`; none if the end lies before the start.
    pub(crate) fn between(start: i64, end: i64, step: i64) -> Self {
        let step = step.max(1);
        let span = i128::from(end) - i128::from(start);
        let count = if span < 0 { 0 } else { usize::try_from(span / i128::from(step) + 1).unwrap_or(usize::MAX) };
        Self { start, step, count }
    }

    #[expect(clippy::cast_possible_wrap, reason = "a count of steps is far below")]
    pub(crate) const fn at(&self, index: usize) -> i64 {
        self.start.saturating_add(self.step.saturating_mul(index as i64))
    }

    pub(crate) const fn last(&self) -> i64 {
        self.at(self.count.saturating_sub(1))
    }

    pub(crate) const fn is_single(&self) -> bool {
        self.count == 1
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = (usize, i64)> {
        (0..self.count).map(move |index| (index, self.at(index)))
    }
}
