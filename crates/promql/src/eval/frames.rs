//! Where the windows of a range function begin and end.

use super::counts::Counts;
use crate::engine::Limits;
use crate::plan::RangeVector;
use crate::steps::Steps;

/// A place in a list of ascending times that moves forward.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Slide {
    at: usize,
    /// How far it moved last: samples and steps keep their pace most of the time.
    stride: usize,
}

impl Slide {
    /// Moves behind the times up to `to`, and says how many those are.
    #[inline]
    pub(super) fn to(&mut self, times: &[i64], to: i64) -> usize {
        let guess = self.at + self.stride;
        let fits = guess <= times.len()
            && (guess == 0 || times[guess - 1] <= to)
            && times.get(guess).is_none_or(|next| *next > to);
        if fits {
            self.at = guess;
            return guess;
        }
        let before = self.at;
        // In steps that double, and back by halves: a sparse step passes over many samples.
        let mut width = 8;
        let mut end = before;
        while end < times.len() && times[end] <= to {
            self.at = end + 1;
            end += width;
            width *= 2;
        }
        let end = end.min(times.len());
        self.at += times[self.at..end].partition_point(|t| *t <= to);
        self.stride = self.at - before;
        self.at
    }
}

/// The windows of a range vector, one a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frames<'l> {
    limits: &'l Limits,
    steps: Steps,
    at: Option<i64>,
    offset: i64,
    range: i64,
    pub(super) seconds: f64,
}

/// The samples of a window, as places in a list: from `first` up to `end`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) first: usize,
    pub(super) end: usize,
    /// The time where the window begins, which does not belong to it, and where it ends.
    pub(super) from: i64,
    pub(super) to: i64,
}

impl<'l> Frames<'l> {
    pub(super) fn new(range: &RangeVector, steps: Steps, limits: &'l Limits) -> Self {
        Self { limits, steps, at: range.at, offset: range.offset, range: range.range, seconds: range.seconds }
    }

    /// Whether there is one window only.
    pub(super) fn of_one_step(&self) -> bool {
        self.steps.is_single()
    }

    /// Every window, also those without a sample. What they look at is counted. When the query is cancelled there are no more: one
    /// window may have as many samples as a query may have in all, so whoever goes through them looks at each of them.
    #[inline]
    pub(super) fn of<'t>(&self, times: &'t [i64], counts: &'t mut Counts) -> impl Iterator<Item = Frame> + use<'t, 'l> {
        let frames = *self;
        let (mut first, mut end) = (Slide::default(), Slide::default());
        let mut known = 0;
        let steps = self.steps.iter().take_while(move |_| frames.limits.check_cancelled().is_ok());
        steps.map(move |(step, now)| {
            let to = frames.at.unwrap_or(now).saturating_sub(frames.offset);
            let from = to.saturating_sub(frames.range);
            let end = end.to(times, to);
            let first = first.to(times, from).min(end);
            counts.look(step, end - first, end - first.max(known).min(end));
            known = end;
            Frame { first, end, from, to }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cancel;

    /// Kernels go through these windows and look at nothing else.
    #[test]
    fn there_are_no_more_windows_when_a_query_is_cancelled() {
        let cancel = Cancel::default();
        let limits = Limits::new(cancel.clone(), None);
        let steps = Steps::between(0, 999, 1);
        let frames = Frames { limits: &limits, steps, at: None, offset: 0, range: 10, seconds: 0.01 };
        let times: Vec<i64> = (0..1000).collect();
        let mut counts = Counts::default();
        let mut seen = 0;
        for _ in frames.of(&times, &mut counts) {
            seen += 1;
            if seen == 3 {
                cancel.cancel();
            }
        }
        assert_eq!(seen, 3);
    }
}
