//! What a series has in common with the one before.
//!
//! Most series of a body look like the one before but for a few bytes in the values of their labels. What is the same was
//! checked there, and comparing costs a fraction of checking. So a series is first read along the one before: both are
//! passed over as long as they agree; where they part inside a value, that value's end is looked for, and the comparison
//! goes on from there. If they part elsewhere, the rest is checked in full.

use crate::input::Input;
use crate::labels::NameSpan;
use crate::scan::{self, Quoting};

/// How many values are remembered. Of a series with more labels, only so many are read along the one before.
const VALUES: usize = 8;

/// A series that was checked, and where the values of its labels stand.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Head {
    start: usize,
    end: usize,
    /// The end of the name. A name between the braces is not remembered, and neither is its series.
    name_end: Option<usize>,
    /// The positions of the quotes of its first values.
    values: [(usize, usize); VALUES],
    count: usize,
}

/// How far a series could be read along the one before.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Along {
    /// To its end.
    Whole { name: NameSpan, end: usize },
    /// To a value: `from` is a position in it or that of its closing quote, and no backslash stands before `from`.
    Part { name: NameSpan, quote: usize, from: usize },
}

impl Head {
    /// Starts to remember another series.
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.count = 0;
        self.name_end = None;
    }

    /// Remembers the value between the quotes at `open` and `close`.
    #[inline]
    pub(crate) fn push(&mut self, open: usize, close: usize) {
        if let Some(slot) = self.values.get_mut(self.count) {
            *slot = (open, close);
            self.count += 1;
        }
    }

    /// Remembers the series from `start` to `end`, whose name stands before the braces and ends at `name_end`.
    #[inline]
    pub(crate) fn set(&mut self, start: usize, end: usize, name_end: usize) {
        (self.start, self.end, self.name_end) = (start, end, Some(name_end));
    }

    /// Reads the series that starts at `line` along the one that is remembered, and remembers it in its place as far as it
    /// was read. `None` if they have nothing in common that is worth it.
    #[inline]
    pub(crate) fn follow(&mut self, input: &Input<'_>, line: usize, quoting: Quoting) -> Option<Along> {
        let body = input.body;
        let name = (line, self.name_end? - self.start + line);
        // Positions in the series before and in this one, with the same meaning, and how many values lie before them.
        let (mut old, mut new, mut passed) = (self.start, line, 0);
        loop {
            // A little behind the end of the series before, so that the comparison needs no bytewise end; but not to the end
            // of a body of equal lines, for each of them.
            let until = (self.end + scan::STEP).min(body.len());
            let common = scan::common_prefix(body.get(old..until)?, body.get(new..)?).min(self.end - old);
            old += common;
            new += common;
            // This series stands behind the other one.
            let moved = new - old;
            while let Some(value) = self.values.get_mut(passed).filter(|value| passed < self.count && value.1 < old) {
                *value = (value.0 + moved, value.1 + moved);
                passed += 1;
            }
            if old == self.end {
                self.set(line, new, name.1);
                return Some(Along::Whole { name, end: new });
            }
            let value = self.values.get_mut(passed).filter(|value| passed < self.count && value.0 < old);
            let Some(value) = value else {
                // They part between values. The last one before is read again: that is where a check can go on.
                self.count = passed.checked_sub(1)?;
                let (quote, from) = *self.values.get(self.count)?;
                return Some(Along::Part { name, quote, from });
            };
            let quote = value.0 + moved;
            let from = if body.get(new - 1) == Some(&b'\\') { quote + 1 } else { new };
            let close = scan::quoted_end(body, from, quoting).ok().map(|end| end - 1);
            // What is unusual is left to the full check.
            let Some(close) = close.filter(|close| input.is_utf8() && body.get(*close) == Some(&b'"')) else {
                self.count = passed;
                return Some(Along::Part { name, quote, from: quote + 1 });
            };
            old = value.1;
            new = close;
            *value = (quote, close);
            passed += 1;
        }
    }
}
