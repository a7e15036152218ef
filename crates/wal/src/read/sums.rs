//! The checksum of any part of a page, from the checksums of its beginnings.
//!
//! To sum the data behind every place that could be a header is quadratic in the size of the page: a minute of it in a page made for
//! the purpose, and too much to be done in full even for random bytes with a long padding behind them, where every
//! second header-like place ends. But a CRC is linear. The checksum of the bytes from `a` to `b` is that of the bytes up to `b`
//! without that of the bytes up to `a`, moved by `b - a` bytes; and to move by a number of bytes is to multiply by a constant,
//! of polynomials modulo that of the CRC. So one pass, and two multiplications for each place.

use std::ops::Range;

use promd_codec::Crc32c;

use crate::PAGE;

/// The polynomial of CRC-32C, its lowest power in the highest bit, as all numbers here.
const POLYNOMIAL: u32 = 0x82f6_3b78;
const ONE: u32 = 1 << 31;
/// One byte: x^8.
const BYTE: u32 = ONE >> 8;

/// What moves by 0 to 255 bytes.
const LOW: [u32; 256] = powers(BYTE);
/// What moves by 0 to 127 times 256 bytes, and by a whole page.
const HIGH: [u32; PAGE / 256 + 1] = powers(times(LOW[255], BYTE));

/// The product of two polynomials.
const fn times(a: u32, mut b: u32) -> u32 {
    let mut product = 0;
    let mut bit = 0;
    while bit < 32 {
        // Masks in the place of branches: the bits of a checksum cannot be foretold.
        product ^= b & 0_u32.wrapping_sub(a << bit >> 31);
        b = (b >> 1) ^ (POLYNOMIAL & 0_u32.wrapping_sub(b & 1));
        bit += 1;
    }
    product
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn powers<const N: usize>(base: u32) -> [u32; N] {
    let mut all = [ONE; N];
    let mut n = 1;
    while n < N {
        all[n] = times(all[n - 1], base);
        n += 1;
    }
    all
}

/// The checksums of all beginnings of a page. Keeps memory from one page to the next.
#[derive(Debug, Default)]
pub(super) struct Sums(Vec<u32>);

impl Sums {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Sums a page.
    pub(super) fn fill(&mut self, page: &[u8]) {
        let mut crc = Crc32c::new();
        self.0.clear();
        self.0.push(crc.finish());
        self.0.extend(page.iter().map(|byte| {
            crc.update(std::slice::from_ref(byte));
            crc.finish()
        }));
    }

    /// The checksum of the bytes in a range, which is one of the page.
    pub(super) fn of(&self, range: Range<usize>) -> Option<u32> {
        let (before, all) = (self.0.get(range.start)?, self.0.get(range.end)?);
        let len = range.end.checked_sub(range.start)?;
        Some(all ^ times(times(*before, *LOW.get(len % 256)?), *HIGH.get(len / 256)?))
    }
}

#[cfg(test)]
mod tests {
    use promd_codec::crc32c;

    use super::*;

    #[test]
    fn the_sum_of_each_part_is_its_checksum() {
        let mut state = 1_u64;
        let page: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        })
        .take(PAGE)
        .collect();
        let mut sums = Sums::default();
        sums.fill(&page);
        let steps = || (0..=PAGE).step_by(509).chain([1, 255, 256, 257, PAGE - 1, PAGE]);
        for start in steps() {
            for end in steps().filter(|&end| end >= start) {
                assert_eq!(sums.of(start..end), Some(crc32c(&page[start..end])), "{start}..{end}");
            }
        }
        assert_eq!(sums.of(0..PAGE + 1), None);
        #[expect(clippy::reversed_empty_ranges, reason = "that is the question")]
        let reversed = 9..8;
        assert_eq!(sums.of(reversed), None);
    }
}
