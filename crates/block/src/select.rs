//! A block as a store to read from.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::Arc;

use promd_model::{Interval, Intervals, Label, LabelsBuilder, Matcher};
use promd_storage::{ChunkView, LabelQuery, Listed, Reader, Select, Series, SeriesSet, StorageError, Warnings};

use crate::index::{ChunkMeta, Pass};
use crate::postings::{self, Postings};
use crate::{Block, BlockError, ChunkRef, Damage};

/// A block never changes, so it is a reader of itself. What is damaged is left out with a warning that names the block, the
/// series and the time; of a block that [must be left out](Block::is_left_out) that is everything.
///
/// Series come in label order without any sorting, since they lie so.
impl Reader for Block {
    fn select(&self, select: &Select<'_>) -> Result<Box<dyn SeriesSet + '_>, StorageError> {
        let mut set = BlockSet {
            block: self,
            ids: Vec::new().into_iter(),
            times: select.times,
            chunks: !select.hints.labels_only,
            left: select.limit.unwrap_or(usize::MAX),
            entries: Pass::new(self.index(), self.access()),
            metas: Vec::new(),
            warnings: Warnings::new(),
        };
        if self.overlaps(select.times)
            && let Some(selected) = self.selected(select.matchers, &mut set.warnings)?
        {
            set.ids = selected.iter().collect::<Vec<_>>().into_iter();
            self.warn_of_holes(select, &mut set.warnings);
        }
        self.warn_of_index(&mut set.warnings);
        Ok(Box::new(set))
    }

    fn label_names(&self, query: &LabelQuery<'_>) -> Result<Listed, StorageError> {
        self.list(query, |listed| {
            if query.matchers.is_empty() {
                let names = tolerate(self, self.index().label_names(), &mut listed.warnings)?.unwrap_or_default();
                listed.texts = names.into_iter().map(str::to_owned).collect();
                return Ok(());
            }
            self.list_of_series(query, listed, |label, all| {
                if !all.contains(label.name) {
                    all.insert(label.name.to_owned());
                }
            })
        })
    }

    fn label_values(&self, name: &str, query: &LabelQuery<'_>) -> Result<Listed, StorageError> {
        self.list(query, |listed| {
            if query.matchers.is_empty() {
                let most = query.limit.unwrap_or(usize::MAX);
                let texts = &mut listed.texts;
                let outcome = self.index().label_values(name, "", |value| {
                    if texts.len() < most {
                        texts.push(value.to_owned());
                    }
                    texts.len() < most
                });
                return tolerate(self, outcome, &mut listed.warnings).map(drop);
            }
            self.list_of_series(query, listed, |label, all| {
                if label.name == name && !all.contains(label.value) {
                    all.insert(label.value.to_owned());
                }
            })
        })
    }
}

impl Block {
    /// Whether the block has anything to say about a time.
    fn overlaps(&self, times: Interval) -> bool {
        self.meta().interval().overlaps(&times)
    }

    /// The series that match, unless the block must be left out.
    fn selected(&self, matchers: &[Matcher], warnings: &mut Warnings) -> Result<Option<Postings>, StorageError> {
        if self.is_left_out() {
            warnings.add(format!("block {}: it is left out of the answer", self.meta().id));
            return Ok(None);
        }
        tolerate(self, postings::select(self.index(), matchers), warnings)
    }

    /// What was found out about the index by using it.
    fn warn_of_index(&self, warnings: &mut Warnings) {
        for damage in self.damage().iter().filter(|damage| damage.must_warn()) {
            warnings.add(text(self, damage));
        }
    }

    /// What is missing of series that would be in the answer. A series that has lost everything is in the holes alone.
    fn warn_of_holes(&self, select: &Select<'_>, warnings: &mut Warnings) {
        for (labels, hole) in self.holes().iter().filter(|(_, hole)| hole.interval.overlaps(&select.times)) {
            match labels {
                Some(labels) if select.matchers.iter().all(|matcher| matcher.matches_labels(labels.view())) => {
                    warnings.add(missing(self, labels, hole.interval, &hole.cause));
                }
                Some(_) => {}
                None => warnings.add(missing(self, &"an unknown series", hole.interval, &hole.cause)),
            }
        }
    }

    fn list(
        &self,
        query: &LabelQuery<'_>,
        fill: impl FnOnce(&mut Listed) -> Result<(), StorageError>,
    ) -> Result<Listed, StorageError> {
        let mut listed = Listed::default();
        if !self.overlaps(query.times) {
            return Ok(listed);
        }
        if self.is_left_out() {
            listed.warnings.add(format!("block {}: it is left out of the answer", self.meta().id));
        } else {
            fill(&mut listed)?;
            listed.texts.truncate(query.limit.unwrap_or(usize::MAX));
        }
        self.warn_of_index(&mut listed.warnings);
        Ok(listed)
    }

    /// Lists what the labels of matching series say.
    fn list_of_series(
        &self,
        query: &LabelQuery<'_>,
        listed: &mut Listed,
        mut take: impl FnMut(Label<'_>, &mut BTreeSet<String>),
    ) -> Result<(), StorageError> {
        let Some(selected) = self.selected(query.matchers, &mut listed.warnings)? else { return Ok(()) };
        let (mut builder, mut metas, mut all) = (LabelsBuilder::new(), Vec::new(), BTreeSet::new());
        for id in &selected {
            let read = self.index().series(id, &mut builder, &mut metas);
            if tolerate(self, read, &mut listed.warnings)?.is_some() {
                builder.iter().for_each(|label| take(label, &mut all));
            }
        }
        listed.texts = all.into_iter().collect();
        Ok(())
    }
}

/// Makes a warning of damage. Any other error ends the answer.
fn tolerate<T>(
    block: &Block,
    outcome: Result<T, BlockError>,
    warnings: &mut Warnings,
) -> Result<Option<T>, StorageError> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(BlockError::Damaged(damage)) => {
            warnings.add(text(block, &damage));
            Ok(None)
        }
        Err(error) => Err(StorageError::store(error)),
    }
}

fn text(block: &Block, damage: &Damage) -> String {
    format!("block {}: {damage}", block.meta().id)
}

struct BlockSet<'a> {
    block: &'a Block,
    ids: std::vec::IntoIter<u32>,
    times: Interval,
    chunks: bool,
    left: usize,
    entries: Pass<'a>,
    metas: Vec<ChunkMeta>,
    warnings: Warnings,
}

impl BlockSet<'_> {
    /// Fills in the chunks of a series whose entry was read. Says whether anything of it is asked for.
    fn fill(&mut self, id: u32, series: &mut Series) -> bool {
        let deleted = self.block.tombstones().of(id.into());
        let asked = |meta: &&ChunkMeta| {
            let chunk = Interval::new(meta.min, meta.max);
            chunk.overlaps(&self.times) && !deleted.covers(&chunk)
        };
        if !self.chunks {
            return self.metas.iter().any(|meta| asked(&meta));
        }
        let mut shared: Option<Arc<Intervals>> = None;
        let mut lost = Vec::new();
        for meta in self.metas.iter().filter(asked) {
            let chunk = Interval::new(meta.min, meta.max);
            match self.block.chunk(ChunkRef::from(meta.reference)) {
                Ok(read) => {
                    let mut view = ChunkView::new(read.encoding, meta.min, meta.max, read.bytes);
                    if deleted.overlaps(&chunk) {
                        view.deleted = Some(Arc::clone(shared.get_or_insert_with(|| Arc::new(deleted.clone()))));
                    }
                    series.chunks.push(view);
                }
                Err(damage) => lost.push((chunk, damage)),
            }
        }
        for (chunk, damage) in &lost {
            self.warnings.add(missing(self.block, &series.labels, *chunk, damage));
        }
        !series.chunks.is_empty()
    }
}

fn missing(block: &Block, series: &dyn Display, time: Interval, cause: &dyn Display) -> String {
    format!("block {}: {series}: samples from {} to {} are missing: {cause}", block.meta().id, time.min, time.max)
}

impl SeriesSet for BlockSet<'_> {
    fn next(&mut self, series: &mut Series) -> Result<bool, StorageError> {
        series.clear();
        while self.left > 0
            && let Some(id) = self.ids.next()
        {
            let read = self.entries.series(id, &mut self.metas);
            let Some(labels) = tolerate(self.block, read, &mut self.warnings)? else { continue };
            series.labels = labels;
            if self.fill(id, series) {
                series.settle();
                self.left -= 1;
                return Ok(true);
            }
            series.chunks.clear();
        }
        Ok(false)
    }

    fn warnings(&self) -> Warnings {
        let mut warnings = self.warnings.clone();
        self.block.warn_of_index(&mut warnings);
        warnings
    }
}
