//! How numbers are spread, drawn with letters.

use std::io::{self, Write};

/// Draws how many of `numbers` lie in which of about ten ranges; a `#` is a hundredth of `total`.
pub(super) fn draw(out: &mut dyn Write, what: &str, numbers: &mut [u64], total: u64) -> io::Result<()> {
    numbers.sort_unstable();
    let (Some(min), Some(max)) = (numbers.first().copied(), numbers.last().copied()) else {
        return writeln!(out, "{what}: N/A\n");
    };
    let step = step(min, max);
    let start = min - min % step;
    let end = max - max % step + step;
    let buckets = (end - start) / step + 1;
    let average = numbers.iter().sum::<u64>() / (numbers.len() as u64).max(1);
    writeln!(out, "{what} (min/avg/max): {min}/{average}/{max}")?;
    let count = |bucket: u64| {
        let from = start + bucket * step;
        let below = |limit: u64| numbers.partition_point(|number| *number < limit);
        (below(from + step) - below(from)) as u64
    };
    let most = (0..buckets).map(count).max().unwrap_or(0);
    let width = |number: u64| number.to_string().len();
    let (left, right, wide) = (width(end), width(end + step), width(most));
    for bucket in 0..buckets {
        let (from, count) = (start + bucket * step, count(bucket));
        let bar = "#".repeat(usize::try_from(100 * count / total.max(1)).unwrap_or(100));
        writeln!(out, "[{:left$}, {:right$}]: {count:wide$} {bar}", from + 1, from + step)?;
    }
    writeln!(out)
}

/// A power of ten, so that there are about ten ranges.
fn step(min: u64, max: u64) -> u64 {
    let mut step = 10;
    while step < (max - min) / 10 && step <= 10_000 {
        step *= 10;
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(numbers: &[u64], total: u64, expected: &str) {
        let mut out = Vec::new();
        draw(&mut out, "samples per float chunk", &mut numbers.to_vec(), total).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    /// The shape is that of `promtool tsdb analyze --extended`, on a block with such chunks.
    #[test]
    fn ranges_of_ten() {
        let numbers = [&[53, 55, 56][..], &[75; 16], &[80]].concat();
        let expected = "samples per float chunk (min/avg/max): 53/72/80\n\
            [51,  60]:  3 ###############\n\
            [61,  70]:  0 \n\
            [71,  80]: 16 ################################################################################\n\
            [81,  90]:  1 #####\n\
            [91, 100]:  0 \n\n";
        check(&numbers, 20, expected);
    }

    #[test]
    fn nothing_to_draw() {
        check(&[], 0, "samples per float chunk: N/A\n\n");
    }
}
