//! The floats that most lines have, read while their end is looked for.
//!
//! A decimal number whose digits fit the 53 bits of a float's mantissa, and whose power of ten is itself a float, needs one
//! correctly rounded multiplication or division (Clinger's fast path). All else is left to
//! [`float::parse`](promd_model::float::parse), which this agrees with to the bit.

use crate::scan;

/// The powers of ten that are floats.
static POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// By how much the digits before weigh more than so many behind them.
static SCALES: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// Integers up to this one are floats.
const MAX_MANTISSA: u64 = 1 << 53;

/// As many digits never overflow a u64.
const MAX_DIGITS: usize = 19;

/// A decimal number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Number {
    /// Its value, if it is one of the simple kind.
    pub(crate) value: Option<f64>,
    /// The position behind it.
    pub(crate) end: usize,
}

/// The decimal number at `from`, if there is one without a `+`. What follows it is not looked at.
#[inline]
pub(crate) fn read(bytes: &[u8], from: usize) -> Option<Number> {
    // Half of all values are a single digit.
    if let Some([digit @ b'0'..=b'9', b'\n']) = bytes.get(from..from + 2) {
        return Some(Number { value: Some(f64::from(digit - b'0')), end: from + 1 });
    }
    let negative = bytes.get(from) == Some(&b'-');
    let first = from + usize::from(negative);
    let (mut mantissa, mut end) = digits(bytes, first, 0);
    let mut count = end - first;
    let mut exponent = 0;
    if bytes.get(end) == Some(&b'.') {
        let point = end;
        (mantissa, end) = digits(bytes, point + 1, mantissa);
        let decimals = end - point - 1;
        count += decimals;
        exponent = -i32::try_from(decimals).ok()?;
    }
    if count == 0 {
        return None;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = bytes.get(end + 1).copied();
        let first = end + 1 + usize::from(matches!(sign, Some(b'+' | b'-')));
        let (mut value, mut after) = (0, first);
        while let Some(digit @ b'0'..=b'9') = bytes.get(after) {
            if after == first + 3 {
                return None;
            }
            value = value * 10 + i32::from(digit - b'0');
            after += 1;
        }
        if after == first {
            return None;
        }
        exponent += if sign == Some(b'-') { -value } else { value };
        end = after;
    }
    if count > MAX_DIGITS || mantissa > MAX_MANTISSA {
        return Some(Number { value: None, end });
    }
    let scaled = |power: f64| if exponent < 0 { mantissa as f64 / power } else { mantissa as f64 * power };
    let power = usize::try_from(exponent.unsigned_abs()).ok().and_then(|power| POWERS.get(power));
    let value = power.map(|power| scaled(*power)).map(|value| if negative { -value } else { value });
    Some(Number { value, end })
}

/// Reads digits behind those that `value` was read from; wraps if there are more than [`MAX_DIGITS`].
#[inline]
fn digits(bytes: &[u8], mut at: usize, mut value: u64) -> (u64, usize) {
    while let Some(word) = scan::word(bytes, at) {
        let count = scan::digits_in(word);
        let scale = SCALES.get(count).copied().unwrap_or(1);
        value = value.wrapping_mul(scale).wrapping_add(leading_digits(word, count));
        at += count;
        if count < 8 {
            return (value, at);
        }
    }
    while let Some(byte @ b'0'..=b'9') = bytes.get(at) {
        value = value.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
        at += 1;
    }
    (value, at)
}

/// The number that the first `count` bytes of `word` write, which are digits.
#[inline]
const fn leading_digits(word: u64, count: usize) -> u64 {
    // What is not wanted is shifted out, and zeros come in from the left of the number.
    let digits = match count {
        0 => return 0,
        _ => (word & 0x0f0f_0f0f_0f0f_0f0f) << (64 - 8 * count),
    };
    // Neighbours are joined to pairs, pairs to fours, fours to eight; the lower lane weighs more.
    let pairs = (digits.wrapping_mul(10) + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100) + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    (fours.wrapping_mul(10_000) + (fours >> 32)) & 0xffff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;
    use promd_model::float;
    use proptest::prelude::*;

    #[track_caller]
    fn agrees(text: &str) {
        if let Some(Number { value: Some(value), end }) = read(text.as_bytes(), 0) {
            let read = text.get(..end).unwrap_or_default();
            assert_eq!(float::parse(read.as_bytes()).map(f64::to_bits), Ok(value.to_bits()), "{read:?} of {text:?}");
        }
    }

    /// Expected values: arithmetic.
    #[test]
    fn reads_the_simple_kind() {
        let check = |text: &str, value: f64, end| {
            assert_eq!(read(text.as_bytes(), 0), Some(Number { value: Some(value), end }), "{text}");
        };
        check("0", 0.0, 1);
        check("7\n", 7.0, 1);
        check("12.5 1", 12.5, 4);
        check("-1.25e+03\n", -1250.0, 9);
        check(".5", 0.5, 2);
        check("1.", 1.0, 2);
        check("123456789012.5x", 123_456_789_012.5, 14);
        check("9007199254740992", 9_007_199_254_740_992.0, 16);
        check("1e22", 1e22, 4);
        assert!(read(b"-0", 0).and_then(|zero| zero.value).is_some_and(f64::is_sign_negative));
    }

    #[test]
    fn leaves_the_rest_to_the_slow_path() {
        for text in ["", "-", ".", "+1", "1e", "1e+", "1e-0001", "NaN", "Inf"] {
            assert_eq!(read(text.as_bytes(), 0), None, "{text}");
        }
        for text in ["1e23", "1e-23", "9007199254740993", "12345678901234567890", "0.12345678901234567890"] {
            assert_eq!(read(text.as_bytes(), 0), Some(Number { value: None, end: text.len() }), "{text}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_slow_path(text in "-?[0-9]{0,18}(\\.[0-9]{0,10})?([eE][+-]?[0-9]{1,3})?") {
            agrees(&text);
        }

        #[test]
        fn agrees_on_the_shortest_text_of_any_float(bits: u64) {
            let value = f64::from_bits(bits);
            agrees(&float::g(value));
            agrees(&float::f(value));
        }
    }
}
