//! Powers and logarithms.

use super::{LN2_HIGH, LN2_LOW, frexp, horner, ldexp, ln_of_fraction};

/// e to the power of `value`, as Go's `math.Exp` on a processor with fused operations.
///
/// Shibata's method ("Efficient evaluation methods of elementary functions suitable for SIMD computation", 2010), which Go has
/// on amd64: r = (x − k·ln 2) / 16 is so small that nine terms of the series of e^r − 1 do; four times y(y + 2) takes the
/// sixteenth power.
#[must_use]
pub fn exp(value: f64) -> f64 {
    const LN2_UPPER: f64 = f64::from_bits(0x3fe6_2e42_fefa_3000);
    const LN2_LOWER: f64 = f64::from_bits(0x3d53_de6a_f278_ece6);
    const SERIES: [f64; 8] = [1.0 / 40320.0, 1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0];
    const OVERFLOW: f64 = 7.097_827_128_933_84e2;

    if value.is_nan() || value == f64::INFINITY {
        return value;
    }
    if value > OVERFLOW {
        return f64::INFINITY;
    }
    // Far below the smallest number.
    if value < -1000.0 {
        return 0.0;
    }
    #[expect(clippy::cast_possible_truncation, reason = "between -1443 and 1024 by the checks above")]
    let k = (value * std::f64::consts::LOG2_E).round_ties_even() as i64;
    let whole = k as f64;
    let r = (-whole).mul_add(LN2_LOWER, (-whole).mul_add(LN2_UPPER, value)) * 0.0625;
    let series = SERIES[1..].iter().fold(SERIES[0], |sum, term| sum.mul_add(r, *term));
    let mut y = r * series;
    for _ in 0..3 {
        y *= y + 2.0;
    }
    let y = y.mul_add(y + 2.0, 1.0);
    match k + 1023 {
        2047.. => f64::INFINITY,
        1.. => y * f64::from_bits(((k + 1023) as u64) << 52),
        // Two steps into the subnormal numbers; further down there is nothing.
        -52..=0 => y * f64::from_bits(((k + 1023 + 1022) as u64) << 52) * f64::MIN_POSITIVE,
        _ => 0.0,
    }
}

/// The natural logarithm, as Go's `math.Log`; so that of a number below the normal ones is wrong.
#[must_use]
pub fn ln(value: f64) -> f64 {
    if value.is_nan() || value == f64::INFINITY {
        return value;
    }
    if value < 0.0 {
        return f64::NAN;
    }
    if value == 0.0 {
        return f64::NEG_INFINITY;
    }
    // Go's assembly takes subnormal numbers for normal ones.
    let bits = value.to_bits();
    ln_of_fraction(f64::from_bits(bits & ((1 << 52) - 1) | 1022 << 52), (bits >> 52) as i64 - 1022)
}

/// The decimal logarithm, as Go's `math.Log10`.
#[must_use]
pub fn log10(value: f64) -> f64 {
    ln(value) * std::f64::consts::LOG10_E
}

/// The natural logarithm of 1 + `value`, as Go's `math.Log1p`: that of fdlibm (Sun, 1993).
///
/// 1 + x = 2^k·(1 + f), and c makes up for what was lost when 1 was added.
#[must_use]
pub fn ln_1p(value: f64) -> f64 {
    const SQRT2_MINUS_1: f64 = 0.414_213_562_373_095_03;
    const HALF_SQRT2_MINUS_1: f64 = -0.292_893_218_813_452_5;
    const SERIES: [f64; 8] = [
        f64::from_bits(0x3fc2_f112_df3e_5244),
        f64::from_bits(0x3fc3_9a09_d078_c69f),
        f64::from_bits(0x3fc7_4664_96cb_03de),
        f64::from_bits(0x3fcc_71c5_1d8e_78af),
        f64::from_bits(0x3fd2_4924_9422_9359),
        f64::from_bits(0x3fd9_9999_9997_fa04),
        f64::from_bits(0x3fe5_5555_5555_5593),
        0.0,
    ];
    const FRACTION: u64 = (1 << 52) - 1;
    /// The fraction of √2.
    const SQRT2: u64 = 0x6_a09e_667f_3bcd;

    if value.is_nan() || value == f64::INFINITY {
        return value;
    }
    if value < -1.0 {
        return f64::NAN;
    }
    if value == -1.0 {
        return f64::NEG_INFINITY;
    }
    let size = value.abs();
    if size < 2f64.powi(-54) {
        return value;
    }
    if size < 2f64.powi(-29) {
        return value - value * value * 0.5;
    }
    let (f, k, c, near_one) = if size < SQRT2_MINUS_1 && value > HALF_SQRT2_MINUS_1 {
        (value, 0, 0.0, false)
    } else {
        let sum = if size < 2f64.powi(53) { 1.0 + value } else { value };
        let bits = sum.to_bits();
        let mut k = (bits >> 52) as i64 - 1023;
        let c = match (size < 2f64.powi(53), k > 0) {
            (true, true) => (1.0 - (sum - value)) / sum,
            (true, false) => (value - (sum - 1.0)) / sum,
            (false, _) => 0.0,
        };
        let fraction = bits & FRACTION;
        let (sum, rest) = if fraction < SQRT2 {
            (f64::from_bits(fraction | 1023 << 52), fraction)
        } else {
            k += 1;
            (f64::from_bits(fraction | 1022 << 52), ((1 << 52) - fraction) >> 2)
        };
        (sum - 1.0, k, c, rest == 0)
    };
    let whole = k as f64;
    let half_square = 0.5 * f * f;
    if near_one {
        if f == 0.0 {
            return if k == 0 { 0.0 } else { whole * LN2_HIGH + (c + whole * LN2_LOW) };
        }
        let r = half_square * (1.0 - 2.0 / 3.0 * f);
        return if k == 0 { f - r } else { whole * LN2_HIGH - ((r - (whole * LN2_LOW + c)) - f) };
    }
    let s = f / (2.0 + f);
    let r = horner(s * s, &SERIES);
    if k == 0 {
        return f - (half_square - s * (half_square + r));
    }
    whole * LN2_HIGH - ((half_square - (s * (half_square + r) + (whole * LN2_LOW + c))) - f)
}

/// `base` to the power of `exponent`, as Go's `math.Pow`: the whole part of the exponent by squaring the fraction of the
/// base, with its power of two kept apart; the rest by [`exp`] and [`ln`].
#[must_use]
pub fn pow(base: f64, exponent: f64) -> f64 {
    if let Some(known) = pow_of_special(base, exponent) {
        return known;
    }
    let (mut whole, mut rest) = (exponent.abs().trunc(), exponent.abs().fract());
    if rest != 0.0 && base < 0.0 {
        return f64::NAN;
    }
    // 2^63: an even number, so great that there is nothing between 0 and infinity.
    if whole >= 9_223_372_036_854_775_808.0 {
        return if base == -1.0 {
            1.0
        } else if (base.abs() < 1.0) == (exponent > 0.0) {
            0.0
        } else {
            f64::INFINITY
        };
    }
    let mut result = 1.0;
    if rest != 0.0 {
        if rest > 0.5 {
            rest -= 1.0;
            whole += 1.0;
        }
        result = exp(rest * ln(base));
    }
    let mut twos = 0;
    let (mut square, mut square_twos) = frexp(base);
    #[expect(clippy::cast_possible_truncation, reason = "below 2^63 by the check above")]
    let mut left = whole as i64;
    while left != 0 {
        if square_twos.abs() > 1 << 12 {
            // The result is 0 or infinity by now.
            twos += square_twos;
            break;
        }
        if left & 1 == 1 {
            result *= square;
            twos += square_twos;
        }
        square *= square;
        square_twos *= 2;
        if square < 0.5 {
            square += square;
            square_twos -= 1;
        }
        left >>= 1;
    }
    if exponent < 0.0 {
        result = 1.0 / result;
        twos = -twos;
    }
    ldexp(result, twos)
}

/// Powers that are known without calculating.
fn pow_of_special(base: f64, exponent: f64) -> Option<f64> {
    let is_odd = |value: f64| value.fract() == 0.0 && (value % 2.0).abs() == 1.0;
    if exponent == 0.0 || base == 1.0 {
        return Some(1.0);
    }
    if exponent == 1.0 {
        return Some(base);
    }
    if base.is_nan() || exponent.is_nan() {
        return Some(f64::NAN);
    }
    if base == 0.0 {
        let size: f64 = if exponent < 0.0 { f64::INFINITY } else { 0.0 };
        return Some(if is_odd(exponent) { size.copysign(base) } else { size });
    }
    if exponent.is_infinite() {
        return Some(if base == -1.0 {
            1.0
        } else if (base.abs() < 1.0) == (exponent > 0.0) {
            0.0
        } else {
            f64::INFINITY
        });
    }
    if base == f64::NEG_INFINITY {
        return Some(pow(1.0 / base, -exponent));
    }
    if base == f64::INFINITY {
        return Some(if exponent < 0.0 { 0.0 } else { f64::INFINITY });
    }
    match exponent {
        0.5 => Some(base.sqrt()),
        -0.5 => Some(1.0 / base.sqrt()),
        _ => None,
    }
}
