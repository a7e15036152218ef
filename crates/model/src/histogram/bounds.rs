//! Bucket bounds, with the digits that Prometheus gives them.
//!
//! The bounds between ½ and 1 of the finest schema are a table of 256 numbers; the bounds of coarser schemas are every
//! second, fourth, … of them, and all others differ by a power of two. Prometheus' table was made by repeated products,
//! so 341 of its 511 numbers differ in the last digit from the correctly rounded powers. Bounds are shown in the API and compared
//! by clients, so the table is made the same way here, at compile time.

use super::schema::{MAX_SCHEMA, is_custom_schema};
use crate::math::ldexp;

/// 2^(2^−s) for s = 1, 2, …: correctly rounded but for the first, which is one digit lower (`Sqrt2/2` times 2).
const FACTORS: [f64; MAX_SCHEMA as usize] = [
    f64::from_bits(0x3ff6_a09e_667f_3bcc),
    f64::from_bits(0x3ff3_06fe_0a31_b715),
    f64::from_bits(0x3ff1_72b8_3c7d_517b),
    f64::from_bits(0x3ff0_b558_6cf9_890f),
    f64::from_bits(0x3ff0_59b0_d315_8574),
    f64::from_bits(0x3ff0_2c9a_3e77_8061),
    f64::from_bits(0x3ff0_163d_a9fb_3335),
    f64::from_bits(0x3ff0_0b1a_fa5a_bcbf),
];

const TABLE_LENGTH: usize = 1 << MAX_SCHEMA;

/// The bounds in [½, 1) of schema 8. Each finer schema keeps the bounds of the one before and puts a product between.
const TABLE: [f64; TABLE_LENGTH] = {
    let mut table = [0.5; TABLE_LENGTH];
    let mut schema = 1;
    while schema <= FACTORS.len() {
        let stride = TABLE_LENGTH >> schema;
        let mut odd = 1;
        while odd < 1 << schema {
            table[odd * stride] = table[(odd - 1) * stride] * FACTORS[schema - 1];
            odd += 2;
        }
        schema += 1;
    }
    table
};

/// The upper bound of bucket `index` on the positive side.
///
/// For custom bounds `index` −1 is −Inf and anything past the last bound +Inf. For exponential schemas the bound that
/// would be 2^1024 is the largest finite number, since the bucket after it counts the observations of +Inf.
///
/// ```
/// use promd_model::bucket_bound;
///
/// assert_eq!(bucket_bound(1, 0, &[]), 2.0);
/// assert_eq!(bucket_bound(1, 1, &[]), 1.414213562373095);
/// assert_eq!(bucket_bound(1, -53, &[0.5, 2.5]), 2.5);
/// assert_eq!(bucket_bound(2, -53, &[0.5, 2.5]), f64::INFINITY);
/// ```
#[must_use]
pub fn bucket_bound(index: i32, schema: i32, custom_values: &[f64]) -> f64 {
    bound(i64::from(index), schema, custom_values)
}

/// As [`bucket_bound`], for the indices of a walk.
pub(crate) fn bound(index: i64, schema: i32, custom_values: &[f64]) -> f64 {
    if is_custom_schema(schema) {
        return match usize::try_from(index) {
            Ok(index) => custom_values.get(index).copied().unwrap_or(f64::INFINITY),
            Err(_) => f64::NEG_INFINITY,
        };
    }
    exponential_bound(index, schema)
}

/// The bound of an exponential schema.
pub(crate) fn exponential_bound(index: i64, schema: i32) -> f64 {
    let (fraction, exponent) = match u32::try_from(schema) {
        Err(_) => {
            let width = 1i64.checked_shl(schema.unsigned_abs()).unwrap_or(i64::MAX);
            (0.5, index.saturating_mul(width).saturating_add(1))
        }
        Ok(schema) if schema <= MAX_SCHEMA.unsigned_abs() => {
            let place = (index & ((1 << schema) - 1)) << (MAX_SCHEMA.unsigned_abs() - schema);
            let fraction = usize::try_from(place).ok().and_then(|place| TABLE.get(place)).copied().unwrap_or(0.5);
            (fraction, (index >> schema) + 1)
        }
        // Never calculated with: such a histogram is reduced to the finest schema when it is read.
        Ok(schema) => {
            let coarse = super::schema::coarser_index(index, schema - MAX_SCHEMA.unsigned_abs());
            return exponential_bound(coarse, MAX_SCHEMA);
        }
    };
    if fraction == 0.5 && exponent == 1025 {
        return f64::MAX;
    }
    ldexp(fraction, exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_two_are_exact() {
        for exponent in -1074..1024 {
            let expect = ldexp(1.0, exponent);
            for schema in 0..=MAX_SCHEMA {
                assert_eq!(exponential_bound(exponent << schema, schema), expect, "2^{exponent} in schema {schema}");
            }
        }
        for schema in -9..0 {
            assert_eq!(
                exponential_bound(1, schema),
                if schema == -9 { 2f64.powi(512) } else { 2f64.powi(1 << -schema) }
            );
        }
    }

    #[test]
    fn the_last_finite_bound_is_the_largest_number() {
        for (index, schema) in [(1024i64, 0), (1024 << 8, 8), (64, -4), (2, -9), (4096, 2)] {
            assert_eq!(exponential_bound(index, schema), f64::MAX, "schema {schema}");
            assert_eq!(exponential_bound(index + 1, schema), f64::INFINITY, "schema {schema}");
        }
    }

    #[test]
    fn coarse_bounds_are_fine_bounds() {
        for schema in 1..=MAX_SCHEMA {
            for index in -5000..5000 {
                assert_eq!(
                    exponential_bound(index, schema - 1).to_bits(),
                    exponential_bound(2 * index, schema).to_bits()
                );
            }
        }
    }

    #[test]
    fn bounds_ascend() {
        for schema in -9..=MAX_SCHEMA {
            let first = if schema < 0 { -1074 >> -schema } else { -1074 << schema };
            let last = if schema < 0 { 1024 >> -schema } else { 1024 << schema };
            for index in first + 1..=last {
                // Far below the normal numbers several bounds of a fine schema are one number.
                let (lower, upper) = (exponential_bound(index - 1, schema), exponential_bound(index, schema));
                assert!(lower < upper || lower == upper && upper < f64::MIN_POSITIVE, "{index} of schema {schema}");
            }
        }
    }

    #[test]
    fn any_schema_and_index_has_some_bound() {
        for schema in [i32::MIN, -54, -52, -10, 9, 52, 62, 63, i32::MAX] {
            for index in [i64::MIN / 4, -1, 0, 1, i64::MAX / 4] {
                assert!(!exponential_bound(index, schema).is_nan(), "{index} of schema {schema}");
            }
        }
        assert_eq!(bucket_bound(-7, -53, &[1.0]), f64::NEG_INFINITY);
        assert_eq!(bucket_bound(7, -53, &[1.0]), f64::INFINITY);
    }
}
