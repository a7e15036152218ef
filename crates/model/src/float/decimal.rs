//! The shortest decimal digits of a float, and the two ways to lay them out.

use std::iter;

/// No float needs more digits to be told from its neighbours.
const MAX_DIGITS: usize = 17;

/// Digits and a power of ten: `d.ddd × 10^exponent`, the fewest digits that read back as the same float and, of those, the
/// nearest to it. The first digit is zero for zero only, and the last one is zero for zero only.
pub(super) struct Decimal {
    digits: [u8; MAX_DIGITS],
    len: usize,
    exponent: i32,
}

impl Decimal {
    /// The digits of `v`, which is finite and not negative.
    pub(super) fn of(v: f64) -> Self {
        debug_assert!(v.is_finite() && v.is_sign_positive());
        let mut buffer = zmij::Buffer::new();
        // One of `0.0`, `1234.5`, `0.0012`, `1200000.0`, `5e-324` and `1.7976931348623157e+308`. Where it changes from
        // the one to the other is not Go's rule, so only the digits and their weight are taken from it.
        let text = buffer.format_finite(v).as_bytes();

        let mut decimal = Self { digits: [b'0'; MAX_DIGITS], len: 0, exponent: 0 };
        let mut rest = text.iter().copied();
        let mut weight = 0;
        let mut after_point = false;
        let mut written = 0;
        for byte in rest.by_ref() {
            match byte {
                b'.' => after_point = true,
                b'e' => break,
                digit => {
                    weight -= i32::from(after_point);
                    let leading_zero = digit == b'0' && written == 0;
                    if !leading_zero {
                        if written == 0 {
                            decimal.exponent = weight;
                        } else if !after_point {
                            decimal.exponent += 1;
                        }
                        if digit != b'0'
                            && let Some(slot) = decimal.digits.get_mut(written)
                        {
                            *slot = digit;
                            decimal.len = written + 1;
                        }
                        written += 1;
                    }
                }
            }
        }
        decimal.exponent += exponent(rest);
        decimal.len = decimal.len.max(1);
        decimal
    }

    /// The power of ten of the first digit.
    pub(super) fn exponent(&self) -> i32 {
        self.exponent
    }

    /// Appends `ddd.ddd`, with as many zeros as it takes.
    pub(super) fn write_plain(&self, out: &mut Vec<u8>) {
        let digits = self.digits();
        let zeros = |count: u32| iter::repeat_n(b'0', count as usize);
        if self.exponent < 0 {
            out.extend_from_slice(b"0.");
            out.extend(zeros(self.exponent.unsigned_abs() - 1));
            out.extend_from_slice(digits);
            return;
        }
        let before_point = self.exponent.unsigned_abs() + 1;
        match digits.split_at_checked(before_point as usize) {
            Some((whole, fraction)) => {
                out.extend_from_slice(whole);
                if !fraction.is_empty() {
                    out.push(b'.');
                    out.extend_from_slice(fraction);
                }
            }
            None => {
                out.extend_from_slice(digits);
                out.extend(zeros(before_point).skip(digits.len()));
            }
        }
    }

    /// Appends `d.ddde±dd`: the exponent has a sign and at least two digits.
    pub(super) fn write_scientific(&self, out: &mut Vec<u8>) {
        if let Some((first, others)) = self.digits().split_first() {
            out.push(*first);
            if !others.is_empty() {
                out.push(b'.');
                out.extend_from_slice(others);
            }
        }
        out.extend_from_slice(if self.exponent < 0 { b"e-" } else { b"e+" });
        let exponent = self.exponent.unsigned_abs();
        if exponent < 10 {
            out.push(b'0');
        }
        out.extend_from_slice(itoa::Buffer::new().format(exponent).as_bytes());
    }

    fn digits(&self) -> &[u8] {
        self.digits.get(..self.len).unwrap_or_default()
    }
}

/// The number after the `e`; none is zero.
fn exponent(text: impl Iterator<Item = u8>) -> i32 {
    let mut negative = false;
    let mut value = 0;
    for byte in text {
        match byte {
            b'-' => negative = true,
            b'+' => {}
            digit => value = value * 10 + i32::from(digit - b'0'),
        }
    }
    if negative { -value } else { value }
}
