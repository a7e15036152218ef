//! Rows of a batch in the order of their stripes, so that each lock is taken once.

use std::ops::Range;

use super::stripe::{STRIPES, stripe_of};

const COUNT: usize = STRIPES as usize;

/// Rows by stripe. Those of one stripe keep their order, and so do those of one series.
#[derive(Debug, Default)]
pub(super) struct ByStripe {
    rows: Vec<u32>,
    /// Where the rows of each stripe begin, and where those of the last one end.
    begins: [usize; COUNT + 1],
}

impl ByStripe {
    /// Takes in the references of all rows.
    #[expect(clippy::cast_possible_truncation, reason = "a batch of four billion samples does not fit into memory")]
    pub(super) fn order(&mut self, references: impl ExactSizeIterator<Item = u64> + Clone) {
        self.begins.fill(0);
        self.rows.clear();
        self.rows.resize(references.len(), 0);
        for reference in references.clone() {
            self.begins[stripe_of(reference) + 1] += 1;
        }
        for stripe in 0..COUNT {
            self.begins[stripe + 1] += self.begins[stripe];
        }
        let mut next = self.begins;
        for (row, reference) in references.enumerate() {
            let place = &mut next[stripe_of(reference)];
            self.rows[*place] = row as u32;
            *place += 1;
        }
    }

    /// The stripes that have rows, each with the places of those.
    pub(super) fn stripes(&self) -> impl Iterator<Item = (usize, Range<usize>)> + use<> {
        let begins = self.begins;
        (0..COUNT)
            .map(move |stripe| (stripe, begins[stripe]..begins[stripe + 1]))
            .filter(|(_, places)| !places.is_empty())
    }

    /// The rows at some places.
    pub(super) fn rows(&self, places: Range<usize>) -> &[u32] {
        &self.rows[places]
    }

    /// How many rows it has room for.
    pub(super) const fn capacity(&self) -> usize {
        self.rows.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_stripe_keep_their_order() {
        let mut by_stripe = ByStripe::default();
        // A second use forgets the first.
        for references in [&[9, 9, 9][..], &[18, 1, 2, 17, 1, 15], &[]] {
            by_stripe.order(references.iter().copied());
            let mut all = Vec::new();
            for (stripe, places) in by_stripe.stripes() {
                let rows = by_stripe.rows(places);
                assert!(!rows.is_empty() && rows.is_sorted(), "{rows:?}");
                assert!(rows.iter().all(|row| (references[*row as usize] - 1) % 16 == stripe as u64), "{rows:?}");
                all.extend_from_slice(rows);
            }
            all.sort_unstable();
            assert!(all.into_iter().map(|row| row as usize).eq(0..references.len()));
        }
    }
}
