//! Buckets that appear and vanish: two sets of spans compared, joined, and one filled up to the other.
//!
//! All of this runs only when a layout changes, which is rare; it works on bucket indices one by one.

use std::cmp::Ordering;

use promd_model::Span;

use super::kind::Kind;
use super::view::Side;

/// The indices of the buckets that spans claim, in order.
pub(super) fn indices(spans: &[Span]) -> impl Iterator<Item = i64> + '_ {
    let mut next = 0i64;
    spans.iter().flat_map(move |span| {
        let start = next + i64::from(span.offset);
        next = start + i64::from(span.length);
        start..next
    })
}

/// The spans of indices that ascend.
pub(super) fn spans_of(indices: impl Iterator<Item = i64>) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut next = 0i64;
    for index in indices {
        match spans.last_mut() {
            Some(span) if index == next => span.length += 1,
            _ => {
                // Distances between indices of spans whose offsets are 32 bits wide, but for sums of many: then it saturates, and
                // the widths still agree.
                let offset = i32::try_from(index - next).unwrap_or(i32::MAX);
                spans.push(Span { offset, length: 1 });
            }
        }
        next = index + 1;
    }
    spans
}

/// All indices of two sets of spans, in order, each once.
pub(super) fn union(a: &[Span], b: &[Span]) -> Vec<Span> {
    let (mut a, mut b) = (indices(a).peekable(), indices(b).peekable());
    spans_of(std::iter::from_fn(|| match (a.peek(), b.peek()) {
        (Some(left), Some(right)) => match left.cmp(right) {
            Ordering::Less => a.next(),
            Ordering::Greater => b.next(),
            Ordering::Equal => {
                b.next();
                a.next()
            }
        },
        (Some(_), None) => a.next(),
        (None, _) => b.next(),
    }))
}

/// How the buckets of the next sample compare with those of the chunk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// The sample has buckets that the chunk has not.
    pub(super) appeared: bool,
    /// The chunk has buckets that the sample has not.
    pub(super) vanished: bool,
    /// A bucket lost observations, or vanished with some.
    pub(super) reset: bool,
}

impl Change {
    pub(super) fn between<K: Kind>(chunk: Side<'_, K>, sample: Side<'_, K>) -> Self {
        let mut change = Self::default();
        let (mut chunk, mut sample) = (populated(chunk).peekable(), populated(sample).peekable());
        loop {
            let order = match (chunk.peek(), sample.peek()) {
                (Some((left, _)), Some((right, _))) => left.cmp(right),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return change,
            };
            let before = if order.is_le() { chunk.next() } else { None };
            let after = if order.is_ge() { sample.next() } else { None };
            match (before, after) {
                (Some((_, before)), Some((_, after))) => change.reset |= before > after,
                (Some((_, before)), None) => {
                    change.vanished = true;
                    change.reset |= before != K::Absolute::default();
                }
                _ => change.appeared = true,
            }
        }
    }
}

/// The buckets of a side as index and observations.
fn populated<'a, K: Kind>(side: Side<'a, K>) -> impl Iterator<Item = (i64, K::Absolute)> + 'a {
    let mut before = K::Absolute::default();
    indices(side.spans).zip(side.buckets).map(move |(index, bucket)| {
        before = K::absolute(before, *bucket);
        (index, before)
    })
}

/// The buckets of a side in wider spans: those that it lacks are empty.
pub(super) fn widen<K: Kind>(side: Side<'_, K>, spans: &[Span]) -> Vec<K::Bucket> {
    let mut before = K::Absolute::default();
    let mut old = populated(side).peekable();
    indices(spans)
        .map(|index| {
            let absolute = match old.next_if(|(at, _)| *at == index) {
                Some((_, absolute)) => absolute,
                None => K::Absolute::default(),
            };
            let bucket = K::relative(before, absolute);
            before = absolute;
            bucket
        })
        .collect()
}
