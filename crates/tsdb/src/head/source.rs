//! The head on its way into a block.

use promd_block::{BlockError, BlockSource, Hole, SourceChunk, SourceSeries};
use promd_model::Interval;
use promd_storage::Order;

use super::Head;
use super::read::{Found, HeadReader, pieces};

/// What the head holds of a stretch of time: series in label order, with chunks by reference. Chunks that reach over the ends are cut.
/// Samples that came out of order are not among it.
pub(crate) struct HeadSource<'a> {
    reader: HeadReader<'a>,
    times: Interval,
    symbols: Symbols,
    slots: std::vec::IntoIter<u32>,
    found: Found,
}

/// The symbols of series: pairs whose name or value is one, ascending by text.
pub(super) struct Symbols(std::vec::IntoIter<Symbol>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Symbol {
    Name(u32),
    Value(u32),
}

impl Symbols {
    /// Those of the series in these slots, which a reader keeps from being used again.
    pub(super) fn of(head: &Head, slots: &[u32]) -> Self {
        let index = head.index.read();
        let pairs = index.pairs_among(slots);
        let text = |symbol: &Symbol| match *symbol {
            Symbol::Name(pair) => index.pairs.text(pair).0,
            Symbol::Value(pair) => index.pairs.text(pair).1,
        };
        let mut names: Vec<Symbol> = pairs.iter().map(|pair| Symbol::Name(*pair)).collect();
        names.sort_unstable_by(|a, b| text(a).cmp(text(b)));
        names.dedup_by(|a, b| text(a) == text(b));
        let mut symbols = names;
        symbols.extend(pairs.iter().map(|pair| Symbol::Value(*pair)));
        symbols.sort_unstable_by(|a, b| text(a).cmp(text(b)));
        symbols.dedup_by(|a, b| text(a) == text(b));
        Self(symbols.into_iter())
    }

    pub(super) fn next(&mut self, head: &Head, symbol: &mut String) -> bool {
        let Some(next) = self.0.next() else { return false };
        let index = head.index.read();
        symbol.clear();
        symbol.push_str(match next {
            Symbol::Name(pair) => index.pairs.text(pair).0,
            Symbol::Value(pair) => index.pairs.text(pair).1,
        });
        true
    }
}

impl<'a> HeadSource<'a> {
    pub(super) fn new(head: &'a Head, times: Interval) -> Self {
        let reader = head.reader(times);
        let slots = reader.slots(&[], Order::Labels);
        Self { symbols: Symbols::of(head, &slots), reader, times, slots: slots.into_iter(), found: Found::default() }
    }
}

impl BlockSource for HeadSource<'_> {
    fn next_symbol(&mut self, symbol: &mut String) -> Result<bool, BlockError> {
        Ok(self.symbols.next(self.reader.head, symbol))
    }

    fn next_series(&mut self, series: &mut SourceSeries) -> Result<bool, BlockError> {
        series.clear();
        for slot in self.slots.by_ref() {
            self.reader.find(slot, self.times, &mut self.found);
            let begin = self.times.min.max(self.reader.valid);
            let end = self.found.hidden_from.map_or(self.times.max, |from| self.times.max.min(from - 1));
            for chunk in self.found.chunks.drain(..) {
                let interval = Interval::new(chunk.min, chunk.max);
                let outcome = pieces(self.reader.head, chunk, Interval::new(begin, end), |piece| {
                    series.chunks.push(SourceChunk {
                        min: piece.min,
                        max: piece.max,
                        encoding: piece.encoding,
                        bytes: piece.bytes,
                    });
                });
                if let Err(missing) = outcome {
                    series.holes.push(Hole { interval, cause: missing.into() });
                }
            }
            if series.chunks.is_empty() && series.holes.is_empty() {
                continue;
            }
            if let Some(deleted) = &self.found.deleted {
                series.deleted.extend(deleted.iter().copied());
            }
            series.labels = self.reader.head.index.read().labels(slot, None);
            return Ok(true);
        }
        Ok(false)
    }
}
