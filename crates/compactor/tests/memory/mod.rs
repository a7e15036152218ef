//! A source of series in memory.

use promd_block::{BlockError, BlockSource, LostSeries, SourceSeries};

/// Series in label order, all of whose labels are its symbols.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    series: Vec<SourceSeries>,
    symbols: Vec<String>,
    lost: Vec<LostSeries>,
    next: usize,
}

impl Memory {
    pub(crate) fn new(mut series: Vec<SourceSeries>) -> Self {
        series.sort_by(|a, b| a.labels.cmp(&b.labels));
        let words = series.iter().flat_map(|one| one.labels.iter().flat_map(|label| [label.name, label.value]));
        let mut symbols: Vec<String> = words.map(str::to_owned).collect();
        symbols.push(String::new());
        symbols.sort_unstable();
        symbols.dedup();
        symbols.reverse();
        Self { series, symbols, lost: Vec::new(), next: 0 }
    }

    #[allow(dead_code, reason = "not every test has lost series")]
    pub(crate) fn with_lost(mut self, lost: Vec<LostSeries>) -> Self {
        self.lost = lost;
        self
    }
}

impl BlockSource for Memory {
    fn next_symbol(&mut self, symbol: &mut String) -> Result<bool, BlockError> {
        let next = self.symbols.pop();
        *symbol = next.clone().unwrap_or_default();
        Ok(next.is_some())
    }

    fn next_series(&mut self, series: &mut SourceSeries) -> Result<bool, BlockError> {
        let next = self.series.get(self.next);
        *series = next.cloned().unwrap_or_default();
        self.next += 1;
        Ok(next.is_some())
    }

    fn lost(&self) -> &[LostSeries] {
        &self.lost
    }
}
