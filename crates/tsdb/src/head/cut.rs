//! When a chunk ends: the rules of `tsdb/head_append.go`, with ends spread over time.
//!
//! A chunk ends where a block may end, at twice its target of samples, and when it is too large. When a quarter is full, the end is
//! foreseen such that the rest of the block's range divides into equal chunks. All series of a range begin
//! together, and so would end together, which is when open chunks take the most memory: therefore the first chunk of a range is
//! shortened, by a share that depends on the series.

/// The largest XOR chunk to which a sample is added: a sample takes 19 bytes at most, and 1 KiB is the target.
pub(super) const MAX_XOR_BYTES: usize = 1024 - 19;

/// How large a chunk of histograms should be.
pub(super) const HISTOGRAM_BYTES: usize = 1024;

/// A chunk of histograms has at least so many samples, even if it is too large.
pub(super) const MIN_HISTOGRAMS: u16 = 10;

/// The end of the range of blocks that `t` is in.
pub(super) fn range_end(t: i64, range: i64) -> i64 {
    (t / range).wrapping_mul(range).saturating_add(range)
}

/// Where a chunk should end that has run from `start` to `current` and is `1 / ratio` full, if `most` is the latest.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "as Prometheus calculates it")]
pub(super) fn foresee(start: i64, current: i64, most: i64, ratio: f64) -> i64 {
    let span = most.wrapping_sub(start) as f64;
    let chunks = span / (current.wrapping_sub(start).wrapping_add(1) as f64 * ratio);
    if chunks <= 1.0 { most } else { (start as f64 + span / chunks.floor()) as i64 }
}

/// The same end, sooner if the chunk is the first of its range. It is never before `current`.
pub(super) fn spread(reference: u64, start: i64, current: i64, end: i64, range: i64) -> i64 {
    let begin = range_end(start, range).saturating_sub(range);
    let length = end.saturating_sub(start);
    if start.saturating_sub(begin) >= length / 4 {
        return end;
    }
    let share = (reference.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 57).cast_signed();
    // From the quarter that is there already to the whole.
    let left = end.saturating_sub(current);
    current.saturating_add(1).saturating_add((left - 1).max(0) / 127 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of `TestComputeChunkEndTime` in `tsdb/head_test.go`.
    #[test]
    fn ends_divide_the_range() {
        // start, current, most, ratio, expected
        for (start, current, most, ratio, expected) in [
            (0, 250, 1000, 4.0, 1000),
            (100, 200, 1000, 4.0, 550),
            (5000, 5110, 10_000, 4.2, 5500),
            (0, 500, 1000, 4.0, 1000),
            (100, 100, 1000, 4.0, 104),
        ] {
            assert_eq!(foresee(start, current, most, ratio), expected, "{start} {current} {most}");
        }
    }

    #[test]
    fn first_chunks_end_at_different_times_and_not_before_they_are_a_quarter_full() {
        let ends: Vec<i64> = (1..1000).map(|reference| spread(reference, 0, 450_000, 1_800_000, 7_200_000)).collect();
        assert!(ends.iter().all(|end| (450_001..=1_800_000).contains(end)));
        let early = ends.iter().filter(|end| **end < 1_125_000).count();
        assert!((400..600).contains(&early), "{early} of 999 in the first half");
        // Of a chunk from the middle of a range the end stays.
        assert_eq!(spread(7, 1_800_000, 2_250_000, 3_600_000, 7_200_000), 3_600_000);
    }
}
