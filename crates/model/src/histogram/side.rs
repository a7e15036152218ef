//! Operations on one side of a histogram, whatever its cells hold.

use std::iter::Peekable;

use super::cell::Cell;
use super::schema::coarser_index;
use super::span::{Span, SpanBuilder, Walk, total_length};

/// The spans and cells of one side, for an operation that changes both.
pub(crate) struct SideMut<'a, C> {
    pub(crate) spans: &'a mut Vec<Span>,
    pub(crate) cells: &'a mut Vec<C>,
}

/// How many empty buckets one compaction may put in. It covers every bucket of schema 8 between the smallest and the largest
/// number (2 098 · 256), so only spans that no observation can lie in reach it.
pub(crate) const MAX_FILL: usize = 1 << 20;

impl<C: Cell> SideMut<'_, C> {
    /// The cells with their indices.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (i64, C)> + '_ {
        Walk::new(self.spans, self.cells.len()).zip(self.cells.iter().copied())
    }

    /// Drops empty buckets and cuts or joins the spans so that at most `max_empty` empty buckets stand between two
    /// populated ones, and none at the ends.
    pub(crate) fn compact(&mut self, max_empty: usize, empty: C) {
        if self.is_compact(max_empty) {
            return;
        }
        self.retain(|_, cell| !cell.is_empty());
        if max_empty > 0 {
            self.fill_gaps(max_empty, empty);
        }
    }

    /// Whether compaction would change nothing. Says no to sides with empty buckets without looking closer.
    fn is_compact(&self, max_empty: usize) -> bool {
        let spread = |span: &Span| usize::try_from(span.offset).is_ok_and(|offset| offset > max_empty);
        !self.cells.iter().any(C::is_empty)
            && self.spans.iter().all(|span| span.length > 0)
            && self.spans.iter().skip(1).all(spread)
            && total_length(self.spans) == self.cells.len() as u64
    }

    /// Keeps the cells that `keep` says yes to.
    pub(crate) fn retain(&mut self, keep: impl Fn(i64, &C) -> bool) {
        let mut spans = SpanBuilder::default();
        let mut kept = 0;
        for (place, index) in Walk::new(self.spans, self.cells.len()).enumerate() {
            if keep(index, &self.cells[place]) {
                self.cells[kept] = self.cells[place];
                kept += 1;
                spans.push(index);
            }
        }
        self.cells.truncate(kept);
        *self.spans = spans.finish();
    }

    /// Joins spans at most `max_empty` apart, with empty buckets between them.
    fn fill_gaps(&mut self, max_empty: usize, empty: C) {
        let mut allowance = MAX_FILL;
        let mut joins = Vec::with_capacity(self.spans.len());
        for span in self.spans.iter().skip(1) {
            let gap = usize::try_from(span.offset).ok().filter(|gap| *gap <= max_empty && *gap <= allowance);
            allowance -= gap.unwrap_or(0);
            joins.push(gap);
        }
        if joins.iter().all(Option::is_none) {
            return;
        }
        let mut cells = Vec::with_capacity(self.cells.len() + MAX_FILL - allowance);
        let mut spans: Vec<Span> = Vec::with_capacity(self.spans.len());
        let mut rest = self.cells.as_slice();
        for (span, join) in self.spans.iter().zip(std::iter::once(None).chain(joins)) {
            match (spans.last_mut(), join) {
                (Some(last), Some(gap)) => {
                    cells.extend(std::iter::repeat_n(empty, gap));
                    let gap = u32::try_from(gap).unwrap_or(u32::MAX);
                    last.length = last.length.saturating_add(gap).saturating_add(span.length);
                }
                _ => spans.push(*span),
            }
            let length = usize::try_from(span.length).unwrap_or(usize::MAX).min(rest.len());
            let (of_span, after) = rest.split_at(length);
            cells.extend_from_slice(of_span);
            rest = after;
        }
        *self.spans = spans;
        *self.cells = cells;
    }

    /// Halves the number of buckets `steps` times: buckets that fall together are added up in ascending order of index.
    pub(crate) fn coarsen(&mut self, steps: u32) {
        self.regroup(|index| coarser_index(index, steps));
    }

    /// Gives each cell a new index, which must not descend; neighbours with the same one are added up.
    pub(crate) fn regroup(&mut self, mut target: impl FnMut(i64) -> i64) {
        let mut spans = SpanBuilder::default();
        let mut last = None;
        let mut written = 0;
        for (place, index) in Walk::new(self.spans, self.cells.len()).enumerate() {
            let index = target(index);
            let cell = self.cells[place];
            if last == Some(index) && written > 0 {
                self.cells[written - 1].absorb(cell);
            } else {
                self.cells[written] = cell;
                written += 1;
                spans.push(index);
                last = Some(index);
            }
        }
        self.cells.truncate(written);
        *self.spans = spans.finish();
    }

    /// Adds cells that come in ascending order of index; the same index may come several times.
    ///
    /// Where every index already has a bucket nothing is allocated. Otherwise the side is written anew, once, with room for
    /// `at_most` more.
    pub(crate) fn merge(&mut self, incoming: impl Iterator<Item = (i64, C)>, at_most: usize) {
        let mut incoming = incoming.peekable();
        self.absorb_present(&mut incoming);
        if incoming.peek().is_none() {
            return;
        }
        let mut spans = SpanBuilder::default();
        let mut cells = Vec::with_capacity(self.cells.len() + at_most);
        let mut own = self.iter().peekable();
        loop {
            let next = match (own.peek(), incoming.peek()) {
                (Some((here, _)), Some((there, _))) if there < here => incoming.next(),
                (Some(_), _) => own.next(),
                (None, _) => incoming.next(),
            };
            let Some((index, mut cell)) = next else { break };
            while let Some((_, more)) = incoming.next_if(|(next, _)| *next == index) {
                cell.absorb(more);
            }
            spans.push(index);
            cells.push(cell);
        }
        drop(own);
        *self.spans = spans.finish();
        *self.cells = cells;
    }

    /// Adds cells up to the first one whose index has no bucket.
    fn absorb_present(&mut self, incoming: &mut Peekable<impl Iterator<Item = (i64, C)>>) {
        for (own, cell) in Walk::new(self.spans, self.cells.len()).zip(self.cells.iter_mut()) {
            while let Some((_, more)) = incoming.next_if(|(index, _)| *index == own) {
                cell.absorb(more);
            }
            if incoming.peek().is_none_or(|(index, _)| *index < own) {
                return;
            }
        }
    }
}

/// Adds up neighbours with the same index, so that each index comes once.
pub(crate) fn coalesce<C: Cell>(
    cells: impl Iterator<Item = (i64, C)> + Clone,
) -> impl Iterator<Item = (i64, C)> + Clone {
    let mut cells = cells.peekable();
    std::iter::from_fn(move || {
        let (index, mut cell) = cells.next()?;
        while let Some((_, more)) = cells.next_if(|(next, _)| *next == index) {
            cell.absorb(more);
        }
        Some((index, cell))
    })
}
