//! Looking at every byte of a block.

use std::path::Path;
use std::sync::Arc;

use promd_fs::{Access, Fs};
use promd_model::LabelsBuilder;

use crate::postings::PostingsSource as _;
use crate::series::SeriesIds;
use crate::write::go_on;
use crate::{
    Block, BlockError, BlockSource, Consequence, Damage, FileFacts, Part, Progress, SourceSeries, Watch, meta,
};

/// What was found in a block.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// What is wrong; nothing if the block is sound.
    pub damage: Vec<Damage>,
    /// What was looked at.
    pub seen: Progress,
}

/// After how many series progress is told, and cancelling noticed.
const WATCH_EVERY: u64 = 256;

/// Reads every byte of the block in `dir`: the sections of the index, every series, every posting list against the series,
/// every chunk, which is decoded and compared with its times, tombstones, holes and `meta.json`; and, if the block has a
/// `promd-meta`, whether the files are still what was written, to the byte.
///
/// Damage is what is returned. An error is that of the file system, or of a folder that is no block.
///
/// ```no_run
/// # use std::ops::ControlFlow;
/// # use std::sync::Arc;
/// # use promd_fs::{Fs, RealFs};
/// let fs: Arc<dyn Fs> = Arc::new(RealFs::new());
/// let watch = &mut |_: &_| ControlFlow::Continue(());
/// for damage in promd_block::verify(&fs, "data/01JGSW5V00000000000000001A".as_ref(), watch)?.damage {
///     println!("{damage}");
/// }
/// # Ok::<(), promd_block::BlockError>(())
/// ```
pub fn verify(fs: &Arc<dyn Fs>, dir: &Path, watch: Watch<'_>) -> Result<Verified, BlockError> {
    let block = match Block::open_with(fs, dir, Access::Sequential) {
        Ok(block) => block,
        Err(BlockError::Damaged(damage)) => return Ok(Verified { damage: vec![*damage], ..Verified::default() }),
        Err(error) => return Err(error),
    };
    let mut found = Verified { damage: block.damage(), ..Verified::default() };
    read_all(&block, &mut found, watch)?;
    compare_numbers(&block, &mut found);
    compare_postings(&block, &mut found)?;
    for damage in block.index().verify()? {
        push_unless_known(&mut found.damage, damage);
    }
    compare_files(&**fs, &block, &mut found)?;
    Ok(found)
}

/// Every series and every chunk.
fn read_all(block: &Block, found: &mut Verified, watch: Watch<'_>) -> Result<(), BlockError> {
    let mut source = block.source().thorough();
    let mut symbol = String::new();
    while source.next_symbol(&mut symbol)? {}
    let mut series = SourceSeries::default();
    while source.next_series(&mut series)? {
        found.seen.series += 1;
        found.seen.chunks += series.chunks.len() as u64;
        for chunk in &series.chunks {
            found.seen.samples += chunk.chunk().claimed_samples().map_or(0, u64::from);
            found.seen.bytes += chunk.bytes.len() as u64;
        }
        if found.seen.series.is_multiple_of(WATCH_EVERY) {
            go_on(watch, &found.seen)?;
        }
    }
    go_on(watch, &found.seen)?;
    for damage in source.damage() {
        push_unless_known(&mut found.damage, damage.clone());
    }
    Ok(())
}

/// Every posting list against the series: each series of a list has its label, and all lists together are as long as all
/// series have labels. So no list has too many, and none too few.
fn compare_postings(block: &Block, found: &mut Verified) -> Result<(), BlockError> {
    let index = block.index();
    if index.damages().iter().any(|damage| damage.part != Part::IndexToc) {
        // Lists that were made again from the series agree with them; what is missing cannot be compared.
        return Ok(());
    }
    let (mut labels, mut chunks) = (LabelsBuilder::new(), Vec::new());
    let mut pairs = 0u64;
    let mut ids = SeriesIds::new(index)?;
    while let Some(id) = ids.next() {
        index.series(id, &mut labels, &mut chunks)?;
        pairs += labels.iter().count() as u64;
    }
    let mut listed = 0u64;
    let mut damage = |what: String| {
        found.damage.push(Damage::new(index.path(), Part::IndexPostings, what, Consequence::Unreadable));
    };
    for name in index.label_names()? {
        let mut values = Vec::new();
        index.label_values(name, "", |value| {
            values.push(value);
            true
        })?;
        for value in values {
            let list = index.list(name, value)?;
            let mut cursor = list.cursor();
            while let Some(id) = cursor.next() {
                listed += 1;
                let read = index.series(id, &mut labels, &mut chunks);
                if read.is_err() || labels.get(name) != Some(value) {
                    damage(format!("the list of {name}={value:?} has series {id}, which has not that label"));
                }
            }
        }
    }
    if listed != pairs {
        damage(format!("the lists have {listed} entries, and the series {pairs} labels"));
    }
    Ok(())
}

/// The statistics of `meta.json`, if nothing is missing that they count.
fn compare_numbers(block: &Block, found: &mut Verified) {
    if found.damage.iter().any(|damage| damage.consequence.loses_samples()) || !block.holes().is_empty() {
        return;
    }
    let stats = &block.meta().stats;
    let numbers = [
        ("numSamples", stats.num_samples, found.seen.samples),
        ("numSeries", stats.num_series, found.seen.series),
        ("numChunks", stats.num_chunks, found.seen.chunks),
        ("numTombstones", stats.num_tombstones, block.tombstones().len() as u64),
    ];
    for (name, said, counted) in numbers {
        // Other programs leave numbers out.
        if said != counted && said != 0 {
            let what = format!("{name} is not what is there");
            let damage = Damage::new(block.dir().join(meta::FILE), Part::Meta, what, Consequence::Harmless);
            found.damage.push(damage.values(said, counted));
        }
    }
}

/// The files against what was noted when they were written: bytes that no checksum of the format covers.
fn compare_files(fs: &dyn Fs, block: &Block, found: &mut Verified) -> Result<(), BlockError> {
    for file in block.facts().iter().flat_map(|facts| &facts.files) {
        let Some(expected) = file.crc32c else { continue };
        let path = block.dir().join(&file.name);
        if found.damage.iter().any(|damage| damage.file == path) {
            continue;
        }
        let now = FileFacts::of(fs, block.dir(), &file.name)?;
        if now.crc32c != Some(expected) {
            let part = if file.name == crate::scan::INDEX { Part::Index } else { Part::ChunkSegment };
            let what = "the checksum of the whole file differs, in bytes that mean nothing";
            let got = now.crc32c.unwrap_or_default();
            let damage = Damage::new(path, part, what, Consequence::Harmless);
            found.damage.push(damage.values(format!("{got:08x}"), format!("{expected:08x}")));
        }
    }
    Ok(())
}

pub(crate) fn push_unless_known(all: &mut Vec<Damage>, damage: Damage) {
    if !all.contains(&damage) {
        all.push(damage);
    }
}
