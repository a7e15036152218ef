//! Who costs what.

use std::collections::HashMap;

use super::Head;
use super::stripe::join;

/// What the series with one value of a label take.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cost {
    /// The value; empty for series without the label.
    pub value: String,
    /// How many series have it.
    pub series: usize,
    /// What they take, their shares of what they have in common with others included.
    pub bytes: usize,
}

impl Head {
    /// What series take, by the values of a label, the dearest first. Together it is what [`memory`](Self::memory) says, less what nobody
    /// uses at the moment, such as cells that are free.
    pub(crate) fn cost_by(&self, label: &str) -> Vec<Cost> {
        let index = self.index.read();
        // By the pair, so that a value is looked at once.
        let mut costs: HashMap<Option<u32>, (usize, usize)> = HashMap::new();
        let shared = index.table_bytes() / index.len().max(1);
        for (number, stripe) in self.stripes.iter().enumerate() {
            let locals = stripe.lock().locals();
            for local in locals {
                // One lock for each series: appenders wait for the others.
                let stripe = stripe.lock();
                if stripe.slot(local).reference == 0 {
                    continue;
                }
                let own = stripe.heap_bytes_of(local);
                drop(stripe);
                let pairs = index.pairs_of(join(number, local));
                let labels: usize = pairs.iter().map(|pair| size_of::<u32>() + index.pairs.share(*pair)).sum();
                let named = pairs.iter().copied().find(|pair| index.pairs.text(*pair).0 == label);
                let (series, bytes) = costs.entry(named).or_default();
                *series += 1;
                *bytes += own + labels + shared;
            }
        }
        let value = |pair: Option<u32>| pair.map_or_else(String::new, |pair| index.pairs.text(pair).1.to_owned());
        let costs = costs.into_iter().map(|(pair, (series, bytes))| Cost { value: value(pair), series, bytes });
        let mut costs: Vec<Cost> = costs.collect();
        costs.sort_unstable_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.value.cmp(&b.value)));
        costs
    }
}
