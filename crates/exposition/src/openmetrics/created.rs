//! When a series started to count: its `_created` line.
//!
//! That line stands behind the series, so somebody has to look ahead. The first `_created` line behind a series counts, as
//! long as no metadata comes before it; it is the same one for all series before it. So the place of the last one found is
//! kept, and the lines of a body are passed over once, however often and in whatever order of families somebody asks.

use std::cell::Cell;

use super::line::{self, Line};
use crate::entry::MetricType;
use crate::head::Head;
use crate::input::Input;
use crate::series::{Part, Parts};

pub(super) const SUFFIX: &[u8] = b"_created";

/// What looking ahead has found.
#[derive(Debug, Clone, Default)]
pub(super) struct Lookahead {
    found: Cell<Found>,
    /// The `_created` line that fitted when somebody asked last: it also counts for series behind it.
    fitted: Cell<Option<Line>>,
}

/// The next `_created` line for all series that end at a position of `from..=to`.
#[derive(Debug, Clone, Copy)]
struct Found {
    from: usize,
    to: usize,
    line: Option<Line>,
}

impl Default for Found {
    fn default() -> Self {
        // No position lies in it.
        Self { from: 1, to: 0, line: None }
    }
}

impl Lookahead {
    /// When the series of `line` started, in milliseconds. `family_len` is the length of its family's name.
    pub(super) fn start_of(
        &self,
        input: &Input<'_>,
        line: &Line,
        family_len: usize,
        metric_type: MetricType,
    ) -> Option<i64> {
        let fits = |created: &Line| is_start_of(input, created, line, family_len, metric_type);
        let created = match self.fitted.get().filter(fits) {
            Some(created) => Some(created),
            None => self.next_created(input, line.next).filter(fits),
        };
        self.fitted.set(created);
        created.map(|created| line::to_millis(created.value)).filter(|start| *start != 0)
    }

    /// The next `_created` line at or behind the start of a line at `from`.
    fn next_created(&self, input: &Input<'_>, from: usize) -> Option<Line> {
        let found = self.found.get();
        if (found.from..=found.to).contains(&from) {
            return found.line;
        }
        let mut ahead = input.clone();
        ahead.line = from;
        let mut head = Head::default();
        let line = loop {
            // Metadata ends the family. That is no error, and an error would cost an allocation.
            if matches!(ahead.byte(ahead.line), Some(b'#') | None) {
                break None;
            }
            // An error ends the search; it is told when the parser gets there.
            let Ok(line) = line::read(&ahead, &mut head) else { break None };
            if line.name(&ahead).ends_with(SUFFIX) {
                break Some(line);
            }
            if line.stuck {
                break None;
            }
            ahead.line = line.next;
        };
        self.found.set(Found { from, to: ahead.line, line });
        line
    }
}

/// Whether `created` says when the series of `line` started: its name is that of the family with the suffix, and the labels
/// are the same but for those that tell the parts of a family's sample.
fn is_start_of(input: &Input<'_>, created: &Line, line: &Line, family_len: usize, metric_type: MetricType) -> bool {
    let family = created.name(input).strip_suffix(SUFFIX);
    if family.is_none() || family != line.name(input).get(..family_len) {
        return false;
    }
    let part_label: &[u8] = match metric_type {
        MetricType::Summary => b"quantile",
        MetricType::Histogram => b"le",
        _ => b"",
    };
    let labels = |line: &Line| {
        Parts::of_series(line.series(input)).filter(move |part| match part {
            Part::Label(name, _) => part_label.is_empty() || *name != part_label,
            Part::Name(_) => false,
        })
    };
    labels(created).eq(labels(line))
}
