//! Variable-length numbers in bits: a prefix of ones names the width, then come the bits.
//!
//! | prefix | bits | signed range |
//! |---|---|---|
//! | `0` | 0 | 0 |
//! | `10` | 3 | -3 … 4 |
//! | `110` | 6 | -31 … 32 |
//! | `1110` | 9 | -255 … 256 |
//! | `11110` | 12 | -2047 … 2048 |
//! | `111110` | 18 | -131071 … 131072 |
//! | `1111110` | 25 | -16777215 … 16777216 |
//! | `11111110` | 56 | … |
//! | `11111111` | 64 | all |
//!
//! The signed ranges lean to the positive side (`tsdb/chunkenc/varbit.go`): `n` bits hold `2^(n-1)` but not
//! `-2^(n-1)`. Unsigned numbers use the same prefixes and the plain range below `2^n`.

use crate::ChunkError;
use crate::bits::{BitReader, BitWriter};

/// Widths by the number of ones in the prefix.
const WIDTHS: [u32; 9] = [0, 3, 6, 9, 12, 18, 25, 56, 64];

/// Whether `value` is in the range of `bits` bits: `-(2^(n-1) - 1) ..= 2^(n-1)`.
pub(crate) fn in_range(value: i64, bits: u32) -> bool {
    bits >= 64 || (-((1 << (bits - 1)) - 1)..=1 << (bits - 1)).contains(&value)
}

/// The number that `bits` low bits stand for in such a range.
pub(crate) fn from_range(value: u64, bits: u32) -> i64 {
    if (1..64).contains(&bits) && value > 1 << (bits - 1) {
        return value.wrapping_sub(1 << bits).cast_signed();
    }
    value.cast_signed()
}

fn low_bits(value: u64, bits: u32) -> u64 {
    if bits >= 64 { value } else { value & ((1 << bits) - 1) }
}

pub(crate) fn put_int(writer: &mut BitWriter, value: i64) {
    if value == 0 {
        writer.put(0, 1);
        return;
    }
    put(writer, value.cast_unsigned(), |bits| in_range(value, bits));
}

pub(crate) fn put_uint(writer: &mut BitWriter, value: u64) {
    if value == 0 {
        writer.put(0, 1);
        return;
    }
    put(writer, value, |bits| bits >= 64 || value >> bits == 0);
}

fn put(writer: &mut BitWriter, value: u64, fits: impl Fn(u32) -> bool) {
    let mut ones = 1;
    while let Some(bits) = WIDTHS.get(ones as usize).copied() {
        if fits(bits) {
            // The last prefix has no closing zero, for nothing is longer.
            let (prefix, length) = if ones == 8 { (0xff, 8) } else { ((1 << (ones + 1)) - 2, ones + 1) };
            writer.put(prefix, length);
            writer.put(low_bits(value, bits), bits);
            return;
        }
        ones += 1;
    }
}

pub(crate) fn int(reader: &mut BitReader<'_>) -> Result<i64, ChunkError> {
    let bits = width(reader)?;
    Ok(from_range(reader.bits_u64(bits)?, bits))
}

pub(crate) fn uint(reader: &mut BitReader<'_>) -> Result<u64, ChunkError> {
    let bits = width(reader)?;
    reader.bits_u64(bits)
}

fn width(reader: &mut BitReader<'_>) -> Result<u32, ChunkError> {
    let ones = reader.peek().leading_ones().min(8);
    reader.skip(if ones == 8 { 8 } else { ones as usize + 1 })?;
    Ok(WIDTHS.get(ones as usize).copied().unwrap_or(64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Bits as text, from the table of `tsdb/chunkenc/varbit.go`.
    #[test]
    fn the_worked_codes() {
        let cases: &[(i64, &str)] = &[
            (0, "0"),
            (1, "10001"),
            (-1, "10111"),
            (-3, "10101"),
            (4, "10100"),
            (5, "110000101"),
            (-500, "11110111000001100"),
            (15000, "111110000011101010011000"),
        ];
        for (value, expected) in cases {
            let mut writer = BitWriter::new();
            put_int(&mut writer, *value);
            writer.flush();
            let bits: String = writer.bytes().iter().map(|byte| format!("{byte:08b}")).collect();
            let (head, padding) = bits.split_at(expected.len().min(bits.len()));
            assert_eq!(head, *expected, "{value}");
            assert!(padding.chars().all(|bit| bit == '0') && padding.len() < 8, "{value}: {bits}");
        }
    }

    #[test]
    fn the_ends_of_every_range() {
        for bits in [3, 6, 9, 12, 18, 25, 56] {
            let top = 1i64 << (bits - 1);
            assert!(in_range(top, bits) && !in_range(top + 1, bits), "{bits}");
            assert!(in_range(1 - top, bits) && !in_range(-top, bits), "{bits}");
        }
    }

    proptest! {
        #[test]
        fn numbers_come_back(numbers in prop::collection::vec((any::<i64>(), 0..64u32), 0..100)) {
            let mut writer = BitWriter::new();
            for (number, shift) in &numbers {
                put_int(&mut writer, number >> shift);
                put_uint(&mut writer, number.cast_unsigned() >> shift);
            }
            writer.flush();
            let mut reader = BitReader::new(writer.bytes());
            for (number, shift) in &numbers {
                prop_assert_eq!(int(&mut reader), Ok(number >> shift));
                prop_assert_eq!(uint(&mut reader), Ok(number.cast_unsigned() >> shift));
            }
        }
    }
}
