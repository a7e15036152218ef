//! Spans: which buckets of a grid exist.

/// A run of buckets that follow each other without a gap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// The gap to the end of the span before, or the index of the first bucket for the first span. Only the first
    /// one may be negative.
    pub offset: i32,
    /// How many buckets the span has.
    pub length: u32,
}

impl Span {
    /// A span of `length` buckets after a gap of `offset`.
    #[must_use]
    pub const fn new(offset: i32, length: u32) -> Self {
        Self { offset, length }
    }
}

/// The number of buckets that spans claim.
pub(crate) fn total_length(spans: &[Span]) -> u64 {
    spans.iter().map(|span| u64::from(span.length)).sum()
}

/// One end of a walk over spans: the span and the place in it.
#[derive(Debug, Clone, Copy)]
struct Cursor {
    span: usize,
    /// Buckets of the span between its start and the cursor.
    in_span: u32,
    /// The index in the grid of the bucket after the cursor.
    index: i64,
}

/// Walks from both ends over the indices of the buckets that both exist and are claimed.
///
/// Its length is the smaller of the number of buckets and the sum of the spans, so spans that lie make it neither longer
/// than the data nor unbounded. Indices are `i64`: no list of spans that fits in memory can overflow them.
#[derive(Debug, Clone)]
pub(crate) struct Walk<'a> {
    spans: &'a [Span],
    front: Cursor,
    back: Cursor,
    left: usize,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(spans: &'a [Span], buckets: usize) -> Self {
        let mut left = 0usize;
        let mut front = Cursor { span: 0, in_span: 0, index: 0 };
        let mut back = front;
        let mut index = 0i64;
        for (number, span) in spans.iter().enumerate() {
            index += i64::from(span.offset);
            if number == 0 {
                front.index = index;
            }
            let taken = usize::try_from(span.length).unwrap_or(usize::MAX).min(buckets - left);
            let in_span = u32::try_from(taken).unwrap_or(span.length);
            left += taken;
            index += i64::from(in_span);
            back = Cursor { span: number, in_span, index };
            if left == buckets {
                break;
            }
        }
        Self { spans, front, back, left }
    }
}

impl Iterator for Walk<'_> {
    type Item = i64;

    #[inline]
    fn next(&mut self) -> Option<i64> {
        if self.left == 0 {
            return None;
        }
        while self.front.in_span >= self.spans.get(self.front.span)?.length {
            self.front.span += 1;
            self.front.in_span = 0;
            self.front.index += i64::from(self.spans.get(self.front.span)?.offset);
        }
        let index = self.front.index;
        self.front.index += 1;
        self.front.in_span += 1;
        self.left -= 1;
        Some(index)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl DoubleEndedIterator for Walk<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<i64> {
        if self.left == 0 {
            return None;
        }
        while self.back.in_span == 0 {
            self.back.index -= i64::from(self.spans.get(self.back.span)?.offset);
            self.back.span = self.back.span.checked_sub(1)?;
            self.back.in_span = self.spans.get(self.back.span)?.length;
        }
        self.back.index -= 1;
        self.back.in_span -= 1;
        self.left -= 1;
        Some(self.back.index)
    }
}

impl ExactSizeIterator for Walk<'_> {}

/// Builds spans from indices that come in ascending order.
#[derive(Debug, Default)]
pub(crate) struct SpanBuilder {
    spans: Vec<Span>,
    /// The index after the last one.
    next: i64,
}

impl SpanBuilder {
    pub(crate) fn push(&mut self, index: i64) {
        match self.spans.last_mut() {
            Some(last) if index == self.next => last.length = last.length.saturating_add(1),
            _ => self.spans.push(Span::new(narrow(index - self.next), 1)),
        }
        self.next = index + 1;
    }

    pub(crate) fn finish(self) -> Vec<Span> {
        self.spans
    }
}

/// An index or a gap as the formats hold it. Only spans that do not validate come near the ends of the range.
pub(crate) fn narrow(index: i64) -> i32 {
    i32::try_from(index).unwrap_or(if index < 0 { i32::MIN } else { i32::MAX })
}

/// Whether two lists of spans claim the same buckets, though they may be cut by spans of length 0 in other places.
///
/// Adjacent spans are not the same as one long span: that is Prometheus' rule for equality.
pub(crate) fn same_layout(a: &[Span], b: &[Span]) -> bool {
    merged_empties(a).eq(merged_empties(b))
}

/// The spans with at least one bucket; the gaps of the empty ones are added to the next. Those at the end vanish.
fn merged_empties(spans: &[Span]) -> impl Iterator<Item = (i64, u32)> + '_ {
    let mut gap = 0i64;
    spans.iter().filter_map(move |span| {
        gap += i64::from(span.offset);
        (span.length > 0).then(|| (std::mem::take(&mut gap), span.length))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(pairs: &[(i32, u32)]) -> Vec<Span> {
        pairs.iter().map(|&(offset, length)| Span::new(offset, length)).collect()
    }

    #[track_caller]
    fn check(pairs: &[(i32, u32)], buckets: usize, expect: &[i64]) {
        let spans = spans(pairs);
        assert_eq!(Walk::new(&spans, buckets).collect::<Vec<_>>(), expect, "forwards");
        let mut backwards: Vec<i64> = Walk::new(&spans, buckets).rev().collect();
        backwards.reverse();
        assert_eq!(backwards, expect, "backwards");
        let mut walk = Walk::new(&spans, buckets);
        let (mut low, mut high) = (Vec::new(), Vec::new());
        while let Some(index) = walk.next() {
            low.push(index);
            high.extend(walk.next_back());
        }
        low.extend(high.into_iter().rev());
        assert_eq!(low, expect, "from both ends");
    }

    #[test]
    fn walks() {
        check(&[], 3, &[]);
        check(&[(-2, 3)], 3, &[-2, -1, 0]);
        check(&[(-2, 2), (1, 1), (3, 2)], 5, &[-2, -1, 1, 5, 6]);
        check(&[(0, 0), (4, 0), (1, 2), (0, 0), (0, 1), (7, 0)], 3, &[5, 6, 7]);
    }

    #[test]
    fn walks_over_lies() {
        check(&[(1, u32::MAX), (1, u32::MAX)], 3, &[1, 2, 3]);
        check(&[(1, 2), (1, 5)], 4, &[1, 2, 4, 5]);
        check(&[(1, 2)], 9, &[1, 2]);
        check(&[(5, 1), (-4, 2)], 3, &[5, 2, 3]);
        check(&[(i32::MAX, 1), (i32::MAX, 1)], 2, &[i64::from(i32::MAX), 2 * i64::from(i32::MAX) + 1]);
    }

    #[test]
    fn builds_what_was_walked() {
        let original = spans(&[(-2, 2), (1, 1), (3, 2)]);
        let mut builder = SpanBuilder::default();
        Walk::new(&original, 5).for_each(|index| builder.push(index));
        assert_eq!(builder.finish(), original);
    }

    #[test]
    fn layouts() {
        // The rules of `spansMatch` in `model/histogram/histogram.go`.
        assert!(same_layout(&[], &spans(&[(4, 0)])));
        assert!(same_layout(&spans(&[(1, 2), (1, 0), (2, 3)]), &spans(&[(1, 2), (3, 3), (9, 0)])));
        assert!(!same_layout(&spans(&[(1, 2)]), &spans(&[(1, 3)])));
        assert!(!same_layout(&spans(&[(1, 2)]), &spans(&[(2, 2)])));
        assert!(!same_layout(&spans(&[(1, 2), (0, 1)]), &spans(&[(1, 3)])));
    }
}
