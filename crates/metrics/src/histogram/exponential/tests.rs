use super::{COARSEST, FINEST, TABLE, bucket, coarser, join, schema_for, split, upper_bound};
use proptest::prelude::*;

#[test]
fn schemas_by_factor() {
    #[track_caller]
    fn check(factor: f64, schema: i32) {
        assert_eq!(schema_for(factor), schema, "{factor}");
    }
    // 2^(2^-n) is the factor of schema n: 65536 of -4, 2 of 0, 1.0905 of 3, 1.0027 of 8.
    check(1e9, -4);
    check(65536.0, -4);
    check(65535.0, -3);
    check(256.0, -3);
    check(2.0, 0);
    check(1.9, 1);
    check(1.1, 3);
    check(1.09, 4);
    check(1.00272, 8);
    check(1.002, 8);
    check(1.0, 8);
    check(0.5, 8);
    check(-1.0, 8);
    check(f64::NAN, 8);
    check(f64::INFINITY, -4);
}

#[test]
fn buckets_are_those_of_client_golang() {
    let path = promd_testkit::testdata("metrics/native_buckets.txt");
    let text = std::fs::read_to_string(path).unwrap();
    let mut cases = 0;
    for line in text.lines() {
        let (bits, buckets) = line.split_once(' ').unwrap();
        let value = f64::from_bits(u64::from_str_radix(bits, 16).unwrap());
        for pair in buckets.split(' ') {
            let (schema, expect) = pair.split_once(':').unwrap();
            let schema: i32 = schema.parse().unwrap();
            let found = bucket(value, schema);
            assert_eq!(found.to_string(), expect, "{value:e} in schema {schema}");
            assert_eq!(bucket(-value, schema), found);
            cases += 1;
        }
    }
    assert!(cases > 3000, "{cases}");
}

#[test]
fn bounds_ascend_within_a_power_of_two() {
    assert!(TABLE.windows(2).all(|pair| pair[0] < pair[1]) && TABLE[0] == 0.5 && TABLE[255] < 1.0);
    // The exact bound is 2^(k/256 - 1); the recipe strays from it by a few units in the last place.
    for (at, bound) in TABLE.iter().enumerate() {
        let exact = (at as f64 / 256.0 - 1.0).exp2();
        assert!((bound / exact - 1.0).abs() < 8.0 * f64::EPSILON, "{at}: {bound} {exact}");
    }
}

#[test]
fn upper_bounds() {
    // Powers of two by arithmetic; the last bucket before infinity ends at the largest float.
    assert_eq!(upper_bound(0, 3), 1.0);
    assert_eq!(upper_bound(8, 3), 2.0);
    assert_eq!(upper_bound(-8, 3), 0.5);
    assert_eq!(upper_bound(1, -4), 65536.0);
    assert_eq!(upper_bound(-1074, 0), f64::from_bits(1));
    assert_eq!(upper_bound(1023, 0), 2f64.powi(1023));
    for schema in COARSEST..=FINEST {
        assert_eq!(upper_bound(bucket(f64::MAX, schema), schema), f64::MAX, "{schema}");
        assert_eq!(bucket(f64::INFINITY, schema), bucket(f64::MAX, schema) + 1);
    }
}

proptest! {
    #[test]
    fn a_value_is_within_its_bucket(bits: u64, schema in COARSEST..=FINEST) {
        let value = f64::from_bits(bits).abs();
        prop_assume!(value > 0.0 && value.is_finite());
        let at = bucket(value, schema);
        prop_assert!(value <= upper_bound(at, schema));
        // Bounds of neighbours may be the same float where floats are sparse.
        prop_assert!(value > upper_bound(at - 1, schema) || upper_bound(at - 1, schema) == upper_bound(at, schema));
        if schema > COARSEST {
            prop_assert_eq!(bucket(value, schema - 1), coarser(at));
        }
    }

    #[test]
    fn splitting_is_undone_by_joining(bits: u64) {
        let value = f64::from_bits(bits).abs();
        prop_assume!(value > 0.0 && value.is_finite());
        let (fraction, exponent) = split(value);
        prop_assert!((0.5..1.0).contains(&fraction));
        prop_assert_eq!(join(fraction, exponent), value);
    }
}
