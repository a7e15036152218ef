//! Functions of angles, by the rational approximations of Cephes (Moshier, 1989), which Go has.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};

use super::horner;

const SIN: [f64; 6] = [
    f64::from_bits(0x3de5_d8fd_1fd1_9ccd),
    f64::from_bits(0xbe5a_e5e5_a929_1f5d),
    f64::from_bits(0x3ec7_1de3_567d_48a1),
    f64::from_bits(0xbf2a_01a0_19bf_df03),
    f64::from_bits(0x3f81_1111_1110_f7d0),
    f64::from_bits(0xbfc5_5555_5555_5548),
];
const COS: [f64; 6] = [
    f64::from_bits(0xbda8_fa49_a086_1a9b),
    f64::from_bits(0x3e21_ee9d_7b4e_3f05),
    f64::from_bits(0xbe92_7e4f_7eac_4bc6),
    f64::from_bits(0x3efa_01a0_19c8_44f5),
    f64::from_bits(0xbf56_c16c_16c1_4f91),
    f64::from_bits(0x3fa5_5555_5555_554b),
];
const TAN_ABOVE: [f64; 3] = [
    f64::from_bits(0xc0c9_92d8_d24f_3f38),
    f64::from_bits(0x4131_99ec_a5fc_9ddd),
    f64::from_bits(0xc171_1fea_d329_9176),
];
const TAN_BELOW: [f64; 5] = [
    1.0,
    f64::from_bits(0x40ca_b8a5_eeb3_6572),
    f64::from_bits(0xc134_27bc_582a_bc96),
    f64::from_bits(0x4177_d98f_c2ea_d8ef),
    f64::from_bits(0xc189_afe0_3cbe_5a31),
];
const ATAN_ABOVE: [f64; 5] = [
    -8.750_608_600_031_904e-1,
    -1.615_753_718_733_365_2e1,
    -7.500_855_792_314_705e1,
    -1.228_866_684_490_136_1e2,
    -6.485_021_904_942_025e1,
];
const ATAN_BELOW: [f64; 6] = [
    1.0,
    24.858_464_901_423_062,
    1.650_270_098_316_988_5e2,
    432.881_060_491_290_27,
    4.853_903_996_359_137e2,
    1.945_506_571_482_614e2,
];
/// What π/2 is more than its nearest `f64`.
const MORE_OF_HALF_PI: f64 = 6.123_233_995_736_766e-17;

/// The sine, as Go's `math.Sin`.
#[must_use]
pub fn sin(value: f64) -> f64 {
    if value == 0.0 {
        return value;
    }
    if !value.is_finite() {
        return f64::NAN;
    }
    let (octant, rest) = octant(value.abs());
    let octant = octant & 7;
    let size = if matches!(octant & 3, 1 | 2) { cos_near_zero(rest) } else { sin_near_zero(rest) };
    if (value < 0.0) == (octant > 3) { size } else { -size }
}

/// The cosine, as Go's `math.Cos`.
#[must_use]
pub fn cos(value: f64) -> f64 {
    if !value.is_finite() {
        return f64::NAN;
    }
    let (octant, rest) = octant(value.abs());
    let octant = octant & 7;
    let size = if matches!(octant & 3, 1 | 2) { sin_near_zero(rest) } else { cos_near_zero(rest) };
    if (octant > 3) == (octant & 3 > 1) { size } else { -size }
}

/// The tangent, as Go's `math.Tan`.
#[must_use]
pub fn tan(value: f64) -> f64 {
    if value == 0.0 {
        return value;
    }
    if !value.is_finite() {
        return f64::NAN;
    }
    let (octant, rest) = octant(value.abs());
    let square = rest * rest;
    let mut size = rest;
    if square > 1e-14 {
        size = rest + rest * (square * horner(square, &TAN_ABOVE) / horner(square, &TAN_BELOW));
    }
    if octant & 2 == 2 {
        size = -1.0 / size;
    }
    if value < 0.0 { -size } else { size }
}

fn sin_near_zero(angle: f64) -> f64 {
    let square = angle * angle;
    angle + angle * square * horner(square, &SIN)
}

fn cos_near_zero(angle: f64) -> f64 {
    let square = angle * angle;
    1.0 - 0.5 * square + square * square * horner(square, &COS)
}

/// The eighth of a circle that a positive angle is in, brought to an even one, and what is left of the angle.
fn octant(angle: f64) -> (u64, f64) {
    /// π/4 in three parts; the products of the first two with a small integer are exact.
    const PARTS: [f64; 3] = [
        f64::from_bits(0x3fe9_21fb_4000_0000),
        f64::from_bits(0x3e64_442d_0000_0000),
        f64::from_bits(0x3ce8_4698_98cc_5170),
    ];
    /// From here on the parts have too few digits.
    const LARGE: f64 = (1u64 << 29) as f64;

    if angle >= LARGE {
        return octant_of_large(angle);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and below 2^30")]
    let mut octant = (angle * (4.0 / PI)) as u64;
    octant += octant & 1;
    let whole = octant as f64;
    (octant, ((angle - whole * PARTS[0]) - whole * PARTS[1]) - whole * PARTS[2])
}

/// The same by the method of Payne and Hanek ("Radian reduction for trigonometric functions", 1983): the angle times as many
/// digits of 4/π as decide about the octant and its fraction.
fn octant_of_large(angle: f64) -> (u64, f64) {
    const BIAS: u64 = 1023;
    let bits = angle.to_bits();
    let significand = u128::from(bits & ((1 << 52) - 1) | 1 << 52);
    let first = (bits >> 52) as usize + 61 - 1023 - 52;
    let (digit, shift) = (first / 64, first % 64);
    let window = |at: usize| {
        let pair = u128::from(FOUR_OVER_PI[digit + at]) << 64 | u128::from(FOUR_OVER_PI[digit + at + 1]);
        pair << shift >> 64 & u128::from(u64::MAX)
    };
    let low = (window(2) * significand) >> 64;
    // Only the lower half of the first product counts: whole turns are of no interest.
    let product = ((window(0) * significand) << 64).wrapping_add(window(1) * significand).wrapping_add(low);
    #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
    let (high, low) = ((product >> 64) as u64, product as u64);
    let octant = high >> 61;
    let fraction = high << 3 | low >> 61;
    let zeros = fraction.leading_zeros() + 1;
    // All bits may be 0, and then nothing is left behind them.
    let fraction = fraction.checked_shl(zeros).unwrap_or(0) | low.checked_shr(64u32.wrapping_sub(zeros)).unwrap_or(0);
    let mut rest = f64::from_bits(fraction >> 12 | (BIAS - u64::from(zeros)) << 52);
    if octant & 1 == 1 {
        rest -= 1.0;
    }
    ((octant + (octant & 1)) & 7, rest * FRAC_PI_4)
}

/// The bits of 4/π: 1, and 1216 behind the point.
const FOUR_OVER_PI: [u64; 20] = [
    0x0000_0000_0000_0001,
    0x45f3_06dc_9c88_2a53,
    0xf84e_afa3_ea69_bb81,
    0xb6c5_2b32_7887_2083,
    0xfca2_c757_bd77_8ac3,
    0x6e48_dc74_849b_a5c0,
    0x0c92_5dd4_13a3_2439,
    0xfc3b_d639_6253_4e7d,
    0xd104_6bea_5d76_8909,
    0xd338_e04d_68be_fc82,
    0x7323_ac73_06a6_73e9,
    0x3908_bf17_7bf2_5076,
    0x3ff1_2fff_bc0b_301f,
    0xde5e_2316_b414_da3e,
    0xda6c_fd9e_4f96_136e,
    0x9e8c_7ecd_3cbf_d45a,
    0xea4f_758f_d7cb_e2f6,
    0x7a0e_73ef_14a5_25d4,
    0xd7f6_bf62_3f1a_ba10,
    0xac06_608d_f8f6_d757,
];

/// The inverse tangent, as Go's `math.Atan`.
#[must_use]
pub fn atan(value: f64) -> f64 {
    if value == 0.0 {
        return value;
    }
    if value > 0.0 { atan_of_positive(value) } else { -atan_of_positive(-value) }
}

fn atan_of_positive(value: f64) -> f64 {
    /// tan 3π/8
    const TAN_3_PI_8: f64 = 2.414_213_562_373_095;

    let near_zero = |x: f64| {
        let square = x * x;
        x * (square * horner(square, &ATAN_ABOVE) / horner(square, &ATAN_BELOW)) + x
    };
    if value <= 0.66 {
        near_zero(value)
    } else if value > TAN_3_PI_8 {
        FRAC_PI_2 - near_zero(1.0 / value) + MORE_OF_HALF_PI
    } else {
        FRAC_PI_4 + near_zero((value - 1.0) / (value + 1.0)) + 0.5 * MORE_OF_HALF_PI
    }
}

/// The angle of a point, as Go's `math.Atan2`.
#[must_use]
pub fn atan2(y: f64, x: f64) -> f64 {
    if y.is_nan() || x.is_nan() {
        return f64::NAN;
    }
    let size = match (y == 0.0, x == 0.0, y.is_infinite(), x.is_infinite()) {
        (true, ..) if x.is_sign_positive() => 0.0,
        (true, ..) => PI,
        (_, true, ..) => FRAC_PI_2,
        (_, _, true, true) if x > 0.0 => FRAC_PI_4,
        (_, _, true, true) => 3.0 * PI / 4.0,
        (_, _, _, true) if x > 0.0 => 0.0,
        (_, _, _, true) => PI,
        (_, _, true, _) => FRAC_PI_2,
        _ => {
            let angle = atan(y / x);
            return match (x < 0.0, angle <= 0.0) {
                (false, _) => angle,
                (true, true) => angle + PI,
                (true, false) => angle - PI,
            };
        }
    };
    size.copysign(y)
}

/// The inverse sine, as Go's `math.Asin`.
#[must_use]
pub fn asin(value: f64) -> f64 {
    if value == 0.0 {
        return value;
    }
    let size = value.abs();
    if size > 1.0 || size.is_nan() {
        return f64::NAN;
    }
    let root = (1.0 - size * size).sqrt();
    let angle = if size > 0.7 { FRAC_PI_2 - atan_of_positive(root / size) } else { atan_of_positive(size / root) };
    angle.copysign(value)
}

/// The inverse cosine, as Go's `math.Acos`.
#[must_use]
pub fn acos(value: f64) -> f64 {
    FRAC_PI_2 - asin(value)
}
