//! Columns that overlap in time, merged stretch by stretch.

use promd_model::{Columns, CounterResetHint, HistogramRun, Intervals, Population, Run};

/// Appends the rows of both to `out`, in order of time. At a time that both have, `first` counts.
///
/// What is known of counter resets was said of neighbours in one of the two. Where the merge changes from one to the other,
/// nothing is known any more, as in `storage/merge.go`.
pub(crate) fn merge_into(first: &Columns, second: &Columns, out: &mut Columns) {
    let (a, b) = (first.times(), second.times());
    let (mut at, mut bt) = (0, 0);
    // Which of the two the last row came from.
    let mut last = None;
    loop {
        // Rows of the second at times that the first has too are passed over.
        let same = a[at..].iter().zip(&b[bt..]).take_while(|(x, y)| x == y).count();
        if same > 0 {
            push(first, at..at + same, last == Some(false), out);
            (at, bt, last) = (at + same, bt + same, Some(true));
        }
        let (from_first, end) = match (a.get(at), b.get(bt)) {
            (None, None) => return,
            (Some(_), None) => (true, a.len()),
            (None, Some(_)) => (false, b.len()),
            (Some(x), Some(y)) if x < y => (true, at + a[at..].partition_point(|t| t < y)),
            (Some(x), Some(_)) => (false, bt + b[bt..].partition_point(|t| t < x)),
        };
        let (source, begin) = if from_first { (first, &mut at) } else { (second, &mut bt) };
        push(source, *begin..end, last == Some(!from_first), out);
        *begin = end;
        last = Some(from_first);
    }
}

/// Appends the rows that are not deleted to `out`.
pub(crate) fn without(columns: &Columns, deleted: &Intervals, out: &mut Columns) {
    let times = columns.times();
    let mut row = 0;
    for interval in deleted {
        let begin = row + times[row..].partition_point(|t| *t < interval.min);
        push(columns, row..begin, false, out);
        row = begin + times[begin..].partition_point(|t| *t <= interval.max);
    }
    push(columns, row..times.len(), false, out);
}

/// Appends some rows; if they do not follow the row that was their neighbour, what the first one says of it is taken back.
fn push(source: &Columns, rows: std::ops::Range<usize>, seam: bool, out: &mut Columns) {
    for (number, run) in source.runs_of(rows).enumerate() {
        match run {
            Run::Histograms(run) if seam && number == 0 => push_behind_seam(run, Run::Histograms, out),
            Run::FloatHistograms(run) if seam && number == 0 => push_behind_seam(run, Run::FloatHistograms, out),
            run => out.push_run(&run),
        }
    }
}

fn push_behind_seam<'a, C: Population>(
    run: HistogramRun<'a, C>,
    wrap: impl Fn(HistogramRun<'a, C>) -> Run<'a>,
    out: &mut Columns,
) {
    if run.hints.first() == Some(&CounterResetHint::Gauge) {
        out.push_run(&wrap(run));
        return;
    }
    let first = HistogramRun { hints: &[CounterResetHint::Unknown], ..run.slice(0..1) };
    out.push_run(&wrap(first));
    if run.len() > 1 {
        out.push_run(&wrap(run.slice(1..run.len())));
    }
}
