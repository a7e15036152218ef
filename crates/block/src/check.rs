//! Whether `meta.json` is right, and what is right if it is not.
//!
//! Three witnesses can tell: `meta.json` itself, which has no checksum; `promd-meta`, which has one but is only there if promd
//! wrote or adopted the block; and the index. The copy is believed first. Without it, a pass over the series of the index
//! says what times and how much there must be.

#[cfg(test)]
mod tests;

use std::path::Path;

use promd_fs::Fs;

use crate::chunks::read_file;
use crate::{BlockError, BlockId, Consequence, Damage, Facts, Meta, Part, facts, meta, sealed};

/// How far the times of a block may reach beyond its samples. A block covers a whole range of the compactor, the largest
/// of which is 31 days by default, and may have samples in a part of it only. What reaches farther is taken for
/// damage: with an end far in the future, retention would remove all other blocks.
const MAX_SLACK: i64 = 31 * 24 * 60 * 60 * 1000;

/// What a pass over the index says of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Survey {
    /// The first and the last time of all chunks; nothing if there are none.
    pub(crate) times: Option<(i64, i64)>,
    pub(crate) series: u64,
    pub(crate) chunks: u64,
    /// Whether every entry could be read, so that nothing is missing from the numbers above.
    pub(crate) complete: bool,
}

/// How many samples there are in chunks of floats, and in chunks of histograms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SampleCount {
    pub(crate) floats: u64,
    pub(crate) histograms: u64,
}

/// What can be asked of the rest of a block, at a price.
pub(crate) trait Witness {
    /// A pass over the series of the index.
    fn survey(&mut self) -> Result<Survey, BlockError>;

    /// A pass over all chunks.
    fn count_samples(&mut self) -> Result<SampleCount, BlockError>;
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) meta: Meta,
    pub(crate) facts: Option<Facts>,
    /// Why `meta` is not what stands in the file, and what is wrong with the copy.
    pub(crate) damage: Vec<Damage>,
    /// Whether `meta.json` is to be written again.
    pub(crate) rebuilt: bool,
}

/// Reads what is said of the block in `dir`, and finds out what is right.
pub(crate) fn settle(fs: &dyn Fs, dir: &Path, witness: &mut dyn Witness) -> Result<Settled, BlockError> {
    let mut damage = Vec::new();
    let facts = read_file(fs, &dir.join(facts::FILE), sealed::MAX_LEN)?;
    let facts = Facts::of_file(dir, facts).unwrap_or_else(|broken| {
        damage.push(broken);
        None
    });
    let id = dir.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse::<BlockId>().ok());
    let path = dir.join(meta::FILE);
    let wrong = |what: &str| Damage::new(&path, Part::Meta, what, Consequence::Rebuilt);

    let read = read_file(fs, &dir.join(meta::FILE), meta::MAX_LEN)?;
    let read = Meta::of_file(dir, read).and_then(|meta| match id {
        Some(id) if id != meta.id => Err(wrong("not the name of the folder").values(meta.id, id)),
        _ => Ok(meta),
    });
    let meta = match (read, &facts) {
        (Ok(meta), Some(facts)) if meta.without_marks() == facts.meta.without_marks() => Ok(meta),
        (Ok(meta), Some(facts)) => {
            damage.push(difference(&meta, &facts.meta, &wrong));
            Err(Some(facts.meta.clone()))
        }
        (Err(broken), Some(facts)) => {
            damage.push(broken);
            Err(Some(facts.meta.clone()))
        }
        (Ok(meta), None) => match contradictions(&meta, &witness.survey()?, &wrong) {
            found if found.is_empty() => Ok(meta),
            found => {
                damage.extend(found);
                Err(Some(rebuild(meta, witness)?))
            }
        },
        (Err(broken), None) => {
            damage.push(broken);
            Err(None)
        }
    };
    Ok(match meta {
        Ok(meta) => Settled { meta, facts, damage, rebuilt: false },
        Err(Some(meta)) => Settled { meta, facts, damage, rebuilt: true },
        Err(None) => {
            // A folder of any name can be opened, but without a name there is nothing to rebuild.
            let id = id
                .ok_or_else(|| BlockError::from(wrong("missing or damaged, and the folder is not called by a ULID")))?;
            Settled { meta: rebuild(Meta::new(id, i64::MAX, i64::MIN), witness)?, facts, damage, rebuilt: true }
        }
    })
}

/// What `meta.json` says otherwise than its copy.
fn difference(meta: &Meta, copy: &Meta, wrong: &dyn Fn(&str) -> Damage) -> Damage {
    let times = |meta: &Meta| format!("{} to {}", meta.min_time, meta.max_time);
    if times(meta) != times(copy) {
        return wrong("the times differ from those in promd-meta").values(times(meta), times(copy));
    }
    wrong("it differs from its copy in promd-meta")
}

/// What `meta.json` says otherwise than the index.
fn contradictions(meta: &Meta, survey: &Survey, wrong: &dyn Fn(&str) -> Damage) -> Vec<Damage> {
    let mut found = Vec::new();
    if let Some((min, max)) = survey.times {
        if min < meta.min_time {
            found.push(wrong("minTime lies behind samples of the index").values(meta.min_time, min));
        }
        if max >= meta.max_time {
            found.push(wrong("maxTime lies before samples of the index").values(meta.max_time, max.saturating_add(1)));
        }
        if survey.complete && min.saturating_sub(meta.min_time) > MAX_SLACK {
            found.push(wrong("minTime lies more than 31 days before all samples").values(meta.min_time, min));
        }
        if survey.complete && meta.max_time.saturating_sub(max) > MAX_SLACK {
            found.push(wrong("maxTime lies more than 31 days behind all samples").values(meta.max_time, max));
        }
    }
    // Other programs leave the numbers out.
    let counted = [
        ("numSeries is not that of the index", meta.stats.num_series, survey.series),
        ("numChunks is not that of the index", meta.stats.num_chunks, survey.chunks),
    ];
    for (what, said, counted) in counted {
        if survey.complete && said != 0 && said != counted {
            found.push(wrong(what).values(said, counted));
        }
    }
    found
}

/// Puts right what the index and the chunks know, and leaves the rest: the lineage, and what is not known.
fn rebuild(mut meta: Meta, witness: &mut dyn Witness) -> Result<Meta, BlockError> {
    let survey = witness.survey()?;
    let samples = witness.count_samples()?;
    if let Some((min, max)) = survey.times {
        // A time that fits is kept: it may be the end of a range, which the compactor wants to know.
        if !(0..=MAX_SLACK).contains(&min.saturating_sub(meta.min_time)) {
            meta.min_time = min;
        }
        if !(1..=MAX_SLACK).contains(&meta.max_time.saturating_sub(max)) {
            meta.max_time = max.saturating_add(1);
        }
    } else if meta.min_time > meta.max_time {
        (meta.min_time, meta.max_time) = (0, 0);
    }
    meta.stats.num_series = survey.series;
    meta.stats.num_chunks = survey.chunks;
    meta.stats.num_samples = samples.floats + samples.histograms;
    meta.stats.num_float_samples = samples.floats;
    meta.stats.num_histogram_samples = samples.histograms;
    Ok(meta)
}
