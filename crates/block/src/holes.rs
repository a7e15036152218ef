//! `promd-holes.json`: what is known to be missing from a block.
//!
//! A block that is made from a damaged one is sound, and would answer as if nothing had been lost. So it carries the list of
//! what was, from compaction to compaction, and an answer that touches a hole keeps saying so.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, btree_map};
use std::path::Path;

use promd_fs::Fs;
use promd_model::{Labels, LabelsRef};
use serde::{Deserialize, Serialize};

use crate::{BlockError, Consequence, Damage, Hole, Interval, LostSeries, Part, sealed};

/// The name of the file in the folder of a block. Prometheus passes over names that it does not know.
pub(crate) const FILE: &str = "promd-holes.json";

/// The known holes of a block.
///
/// ```
/// use promd_block::{Hole, Holes, Interval, LostSeries};
/// use promd_model::Labels;
///
/// let up = Labels::from_pairs([("__name__", "up")])?;
/// let hole = Hole { interval: Interval::new(1_000, 2_000), cause: "checksum mismatch".into() };
/// let mut holes = Holes::new();
/// holes.add(LostSeries { labels: Some(up.clone()), hole });
/// assert!(holes.touching(&up.view(), &Interval::new(1_500, 9_000)).next().is_some());
/// # Ok::<(), promd_model::LabelsError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holes {
    of: BTreeMap<Labels, Vec<Hole>>,
    /// In series whose labels are not known: any series may be concerned.
    unknown: Vec<Hole>,
}

impl Holes {
    /// Nothing is missing.
    #[must_use]
    pub const fn new() -> Self {
        Self { of: BTreeMap::new(), unknown: Vec::new() }
    }

    /// Adds a hole. Holes of one series and one cause that overlap or touch become one.
    pub fn add(&mut self, lost: LostSeries) {
        let LostSeries { labels, hole } = lost;
        let all = match labels {
            Some(labels) => self.of.entry(labels).or_default(),
            None => &mut self.unknown,
        };
        let wide = |one: &Interval| Interval::new(one.min.saturating_sub(1), one.max.saturating_add(1));
        let same = |one: &&mut Hole| one.cause == hole.cause && wide(&one.interval).overlaps(&hole.interval);
        match all.iter_mut().find(same) {
            Some(one) => {
                one.interval.min = one.interval.min.min(hole.interval.min);
                one.interval.max = one.interval.max.max(hole.interval.max);
            }
            None => all.push(hole),
        }
    }

    /// Whether nothing is missing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.of.is_empty() && self.unknown.is_empty()
    }

    /// All holes: those of known series first, in label order.
    pub fn iter(&self) -> impl Iterator<Item = (Option<&Labels>, &Hole)> {
        let known = self.of.iter().flat_map(|(labels, holes)| holes.iter().map(move |hole| (Some(labels), hole)));
        known.chain(self.unknown.iter().map(|hole| (None, hole)))
    }

    /// The holes of known series, in label order.
    pub(crate) fn by_series(&self) -> btree_map::Iter<'_, Labels, Vec<Hole>> {
        self.of.iter()
    }

    /// The holes of a series, without those that may be in any series.
    #[must_use]
    pub fn of(&self, labels: &Labels) -> &[Hole] {
        self.of.get(labels).map_or(&[], Vec::as_slice)
    }

    /// The holes in series that are not known.
    #[must_use]
    pub fn unknown(&self) -> &[Hole] {
        &self.unknown
    }

    /// The holes that an answer with this series and this time must tell of.
    pub fn touching<'a>(&'a self, labels: &LabelsRef<'_>, time: &Interval) -> impl Iterator<Item = &'a Hole> {
        let known = if self.of.is_empty() { &[] } else { self.of(&labels.to_labels()) };
        known.iter().chain(&self.unknown).filter({
            let time = *time;
            move |hole| hole.interval.overlaps(&time)
        })
    }

    /// Reads the file of a block.
    pub fn read(fs: &dyn Fs, dir: &Path) -> Result<Self, Damage> {
        Self::of_file(dir, fs.read_to_vec(&dir.join(FILE), sealed::MAX_LEN))
    }

    /// Those of a file that was read.
    pub(crate) fn of_file(dir: &Path, read: promd_fs::Result<Vec<u8>>) -> Result<Self, Damage> {
        let path = dir.join(FILE);
        let damage = |what| Damage::new(&path, Part::Holes, what, Consequence::HolesForgotten);
        let bytes = match read {
            Err(error) if error.is_not_found() => return Ok(Self::new()),
            Err(error) => return Err(damage(error.to_string())),
            Ok(bytes) => bytes,
        };
        let content: Content =
            sealed::open(&bytes).map_err(|broken| Damage { values: broken.values, ..damage(broken.what) })?;
        if content.version != VERSION {
            return Err(damage(format!("unexpected version {}", content.version)));
        }
        let mut holes = Self::new();
        for entry in content.holes {
            let labels = match entry.series.map(Labels::from_pairs) {
                Some(Err(error)) => return Err(damage(error.to_string())),
                Some(Ok(labels)) => Some(labels),
                None => None,
            };
            let interval = Interval::new(entry.min_time, entry.max_time);
            holes.add(LostSeries { labels, hole: Hole { interval, cause: entry.cause.into() } });
        }
        Ok(holes)
    }

    /// Replaces the file of a block, in one step that a crash cannot halve.
    pub fn write(&self, fs: &dyn Fs, dir: &Path) -> Result<(), BlockError> {
        let entry = |(labels, hole): (Option<&Labels>, &Hole)| Entry {
            series: labels.map(|labels| labels.iter().map(|one| (one.name.to_owned(), one.value.to_owned())).collect()),
            min_time: hole.interval.min,
            max_time: hole.interval.max,
            cause: hole.cause.to_string(),
        };
        let content = Content { version: VERSION, holes: self.iter().map(entry).collect() };
        let bytes = sealed::seal(&content).map_err(|error| BlockError::Invalid(error.to_string()))?;
        Ok(fs.write_atomically(&dir.join(FILE), &bytes)?)
    }
}

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Content {
    version: u32,
    holes: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(skip_serializing_if = "Option::is_none")]
    series: Option<BTreeMap<String, String>>,
    min_time: i64,
    /// Included, unlike in `meta.json`, as a hole has no millisecond behind it that is known to be there.
    max_time: i64,
    cause: String,
}
