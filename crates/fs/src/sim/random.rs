//! The source of every decision of the simulator.

/// SplitMix64: small, and good enough to choose which write is lost. Not `rand`, so that a seed means the same for ever.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`, or 0. The bias of the remainder does not matter here.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        match bound as u64 {
            0 => 0,
            bound => usize::try_from(self.next() % bound).unwrap_or(0),
        }
    }

    /// True once in `n`; never for 0. Draws nothing for 0, so that a knob that is off leaves the other decisions alone.
    pub(super) fn one_in(&mut self, n: u32) -> bool {
        n != 0 && self.next().is_multiple_of(n.into())
    }
}
