//! The blocks and the head as one store to read from.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;
use promd_block::Hole;
use promd_model::{Interval, Label};
use promd_storage::{Hints, LabelQuery, Listed, Merge, Reader, Select, Series, SeriesSet, StorageError, Warnings};

use super::list::{Absent, List, Loaded};
use super::losses::Losses;
use crate::head::HeadReader;

/// A reader of all blocks of a list that touch a stretch of time, the earliest first, and of the head.
///
/// The reader of the head must have been opened before the list was taken: what leaves the head is in the list before. What is
/// in both, for a moment, is answered by the block.
pub(super) fn reader<'a>(list: &List, head: HeadReader<'a>, losses: Arc<Losses>, times: Interval) -> Merge<'a> {
    let mut merge = Merge::new();
    for loaded in list.blocks.iter().filter(|loaded| loaded.block.meta().interval().overlaps(&times)) {
        merge = merge.with(Box::new(Held(Arc::clone(loaded))));
    }
    let gap = |absent: &&Arc<Absent>| absent.times.is_none_or(|of| of.overlaps(&times)) && !list.supersedes(absent);
    for absent in list.absent.iter().filter(gap) {
        merge = merge.with(Box::new(Gap::Block(Arc::clone(absent))));
    }
    if !head.is_empty() {
        merge = merge.with(Box::new(head));
    }
    if losses.within(times).next().is_some() {
        merge = merge.with(Box::new(Gap::Head(losses)));
    }
    merge
}

/// A block, kept open for as long as somebody reads.
struct Held(Arc<Loaded>);

impl Reader for Held {
    fn select(&self, select: &Select<'_>) -> Result<Box<dyn SeriesSet + '_>, StorageError> {
        Ok(Box::new(HeldSet { set: self.0.block.select(select)?, met: &self.0.met }))
    }

    fn label_names(&self, query: &LabelQuery<'_>) -> Result<Listed, StorageError> {
        if self.0.hides_series {
            self.list_shown(query, |label, all| add(all, label.name))
        } else {
            self.0.block.label_names(query)
        }
    }

    fn label_values(&self, name: &str, query: &LabelQuery<'_>) -> Result<Listed, StorageError> {
        if self.0.hides_series {
            self.list_shown(query, |label, all| {
                if label.name == name {
                    add(all, label.value);
                }
            })
        } else {
            self.0.block.label_values(name, query)
        }
    }
}

impl Held {
    /// Lists what the labels of matching series say, without series of which all samples are deleted.
    fn list_shown(
        &self,
        query: &LabelQuery<'_>,
        take: impl Fn(Label<'_>, &mut BTreeSet<String>),
    ) -> Result<Listed, StorageError> {
        let mut listed = Listed::default();
        if !self.0.block.meta().interval().overlaps(&query.times) {
            return Ok(listed);
        }
        let labels_only = Hints { labels_only: true, ..Hints::default() };
        let select = Select::new(query.matchers, Interval::ALL).with_hints(labels_only);
        let mut set = self.0.block.select(&select)?;
        let (mut series, mut all) = (Series::default(), BTreeSet::new());
        while set.next(&mut series)? {
            series.labels.iter().for_each(|label| take(label, &mut all));
        }
        listed.texts = all.into_iter().take(query.limit.unwrap_or(usize::MAX)).collect();
        listed.warnings = set.warnings();
        Ok(listed)
    }
}

/// The series of a block. What is to be said of them is remembered by the block, too.
struct HeldSet<'a> {
    set: Box<dyn SeriesSet + 'a>,
    met: &'a Mutex<Warnings>,
}

impl SeriesSet for HeldSet<'_> {
    fn next(&mut self, series: &mut Series) -> Result<bool, StorageError> {
        self.set.next(series)
    }

    fn warnings(&self) -> Warnings {
        self.set.warnings()
    }
}

impl Drop for HeldSet<'_> {
    fn drop(&mut self) {
        let warnings = self.set.warnings();
        if !warnings.is_empty() {
            self.met.lock().extend(warnings);
        }
    }
}

fn add(all: &mut BTreeSet<String>, text: &str) {
    if !all.contains(text) {
        all.insert(text.to_owned());
    }
}

/// In the place of what does not answer: nothing, and a word about it.
enum Gap {
    /// A block.
    Block(Arc<Absent>),
    /// What the head has lost.
    Head(Arc<Losses>),
}

impl Gap {
    fn warnings(&self, times: Interval) -> Warnings {
        let mut warnings = Warnings::new();
        match self {
            Self::Block(absent) if absent.times.is_none_or(|of| of.overlaps(&times)) => {
                let Absent { id, damage, error, .. } = &**absent;
                warnings.add(format!("block {id}: it is left out of the answer"));
                damage.iter().for_each(|damage| warnings.add(format!("block {id}: {damage}")));
                error.iter().for_each(|error| warnings.add(format!("block {id}: {error}")));
            }
            Self::Block(_) => {}
            Self::Head(losses) => {
                for Hole { interval, cause } in losses.within(times) {
                    warnings.add(format!("samples from {} to {} may be missing: {cause}", interval.min, interval.max));
                }
            }
        }
        warnings
    }
}

impl Reader for Gap {
    fn select(&self, select: &Select<'_>) -> Result<Box<dyn SeriesSet + '_>, StorageError> {
        Ok(Box::new(NoSeries(self.warnings(select.times))))
    }

    fn label_names(&self, query: &LabelQuery<'_>) -> Result<Listed, StorageError> {
        Ok(Listed { warnings: self.warnings(query.times), ..Listed::default() })
    }

    fn label_values(&self, _name: &str, query: &LabelQuery<'_>) -> Result<Listed, StorageError> {
        self.label_names(query)
    }
}

struct NoSeries(Warnings);

impl SeriesSet for NoSeries {
    fn next(&mut self, series: &mut Series) -> Result<bool, StorageError> {
        series.clear();
        Ok(false)
    }

    fn warnings(&self) -> Warnings {
        self.0.clone()
    }
}
