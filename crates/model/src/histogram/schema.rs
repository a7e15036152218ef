//! Schema numbers: which exist, and how an index moves from one resolution to a coarser one.

/// The coarsest exponential schema that is written: each bucket is 2^16 times as wide as the one before.
pub const MIN_SCHEMA: i32 = -4;
/// The finest exponential schema that is written: 256 buckets for each power of two.
pub const MAX_SCHEMA: i32 = 8;
/// The coarsest exponential schema that is accepted when data is read. It is taken as it is.
pub const MIN_SCHEMA_RESERVED: i32 = -9;
/// The finest exponential schema that is accepted when data is read. All above [`MAX_SCHEMA`] are reduced to it.
pub const MAX_SCHEMA_RESERVED: i32 = 52;
/// The schema of histograms with custom bucket bounds.
pub const CUSTOM_BUCKETS_SCHEMA: i32 = -53;

/// Whether histograms of this schema may be stored.
#[must_use]
pub const fn is_valid_schema(schema: i32) -> bool {
    is_custom_schema(schema) || is_exponential_schema(schema)
}

/// Whether histograms of this schema may be read, if need be with their resolution reduced.
#[must_use]
pub const fn is_known_schema(schema: i32) -> bool {
    is_custom_schema(schema) || (schema >= MIN_SCHEMA_RESERVED && schema <= MAX_SCHEMA_RESERVED)
}

pub(crate) const fn is_custom_schema(schema: i32) -> bool {
    schema == CUSTOM_BUCKETS_SCHEMA
}

pub(crate) const fn is_exponential_schema(schema: i32) -> bool {
    schema >= MIN_SCHEMA && schema <= MAX_SCHEMA
}

/// How many times the number of buckets halves from one schema to a coarser one.
pub(crate) const fn steps(from: i32, to: i32) -> u32 {
    if to >= from { 0 } else { from.abs_diff(to) }
}

/// The index of the bucket that holds bucket `index` after the number of buckets was halved `steps` times.
///
/// A bucket is named by its upper bound, and an upper bound that survives halves its index: 1..=2 becomes 1, 3..=4
/// becomes 2, −1..=0 becomes 0.
pub(crate) const fn coarser_index(index: i64, steps: u32) -> i64 {
    let steps = if steps > 62 { 62 } else { steps };
    ((index - 1) >> steps) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_halve_by_their_upper_bound() {
        // By hand: bucket i of schema 1 is (2^((i-1)/2), 2^(i/2)], of schema 0 (2^(i-1), 2^i].
        let coarse: Vec<i64> = (-3..=4).map(|index| coarser_index(index, 1)).collect();
        assert_eq!(coarse, [-1, -1, 0, 0, 1, 1, 2, 2]);
        assert_eq!(coarser_index(5, 0), 5);
        assert_eq!(coarser_index(5, 400), 1);
        assert_eq!(coarser_index(-5, 400), 0);
    }

    #[test]
    fn schemas() {
        for (schema, valid, known) in [
            (-53, true, true),
            (-10, false, false),
            (-9, false, true),
            (-5, false, true),
            (-4, true, true),
            (8, true, true),
            (9, false, true),
            (52, false, true),
            (53, false, false),
        ] {
            assert_eq!((is_valid_schema(schema), is_known_schema(schema)), (valid, known), "schema {schema}");
        }
        assert_eq!((steps(8, -4), steps(1, 1), steps(0, 3)), (12, 0, 0));
    }
}
