//! A block as the source of another.

use std::collections::btree_map;
use std::fmt;
use std::iter::Peekable;

use promd_model::{Columns, Labels};

use crate::index::{ChunkMeta, Pass, SymbolsIter};
use crate::series::SeriesIds;
use crate::{
    Block, BlockError, BlockSource, ChunkRef, Consequence, Damage, Hole, LostSeries, Part, ReadChunk, SourceChunk,
    SourceSeries,
};

/// How much damage is listed. Its number is told in any case.
const MAX_LISTED: usize = 10_000;

/// The series of a block in label order, with their chunks by reference.
///
/// Damage does not end it: a chunk that cannot be read is a hole of its series, a series whose entry cannot be read is lost,
/// and [`damage`](Self::damage) names both.
pub struct BlockReader<'a> {
    block: &'a Block,
    /// Begun when they are first asked for.
    symbols: Option<SymbolsIter<'a>>,
    series: Option<SeriesIds<'a>>,
    entries: Pass<'a>,
    chunks: Vec<ChunkMeta>,
    /// The holes of series that come later; those of a series that does not come are lost.
    holes: Peekable<btree_map::Iter<'a, Labels, Vec<Hole>>>,
    lost: Vec<LostSeries>,
    damage: Vec<Damage>,
    found: u64,
    /// Where chunks are decoded, if they are.
    decoded: Option<Columns>,
}

impl<'a> BlockReader<'a> {
    pub(crate) fn new(block: &'a Block) -> Self {
        Self {
            block,
            symbols: None,
            series: None,
            entries: Pass::new(block.index(), block.access()),
            chunks: Vec::new(),
            holes: block.holes().by_series().peekable(),
            lost: block.holes().unknown().iter().map(|hole| LostSeries { labels: None, hole: hole.clone() }).collect(),
            damage: Vec::new(),
            found: 0,
            decoded: None,
        }
    }

    /// The same, but every chunk is decoded and compared with what the index says of it. One whose checksum is right and whose
    /// content makes no sense is damage, too.
    #[must_use]
    pub fn thorough(mut self) -> Self {
        self.decoded = Some(Columns::new());
        self
    }

    /// What was found wrong with series and chunks so far: the first ten thousand.
    #[must_use]
    pub fn damage(&self) -> &[Damage] {
        &self.damage
    }

    /// How much was found wrong so far, listed or not.
    #[must_use]
    pub fn damage_count(&self) -> u64 {
        self.found
    }

    fn note(&mut self, damage: Damage) {
        self.found += 1;
        if self.damage.len() < MAX_LISTED {
            self.damage.push(damage);
        }
    }

    /// Series whose entries are damaged have lost all that the block had of them.
    fn lose_damaged_series(&mut self) {
        for damage in self.block.index().damages() {
            if damage.consequence == Consequence::SeriesMissing && !self.damage.contains(&damage) {
                let hole = Hole { interval: self.block.meta().interval(), cause: damage.to_string().into() };
                self.lost.push(LostSeries { labels: None, hole });
                self.note(damage);
            }
        }
    }

    /// Hands over the holes of `labels`, and loses those of series before it, which are not in the block.
    fn holes_of(&mut self, labels: Option<&Labels>, series: &mut Vec<Hole>) {
        while let Some((other, holes)) = self.holes.next_if(|(other, _)| labels.is_none_or(|labels| *other <= labels)) {
            if labels == Some(other) {
                series.extend_from_slice(holes);
            } else {
                let lost = |hole: &Hole| LostSeries { labels: Some(other.clone()), hole: hole.clone() };
                self.lost.extend(holes.iter().map(lost));
            }
        }
    }

    fn look_into(&mut self, read: ReadChunk, min: i64, max: i64, reference: ChunkRef) -> Result<ReadChunk, Damage> {
        let Some(columns) = &mut self.decoded else { return Ok(read) };
        let damage = |what: &str| self.block.segments().chunk_damage(reference, what);
        columns.clear();
        read.chunk().decode_into(columns).map_err(|error| damage(&error.to_string()))?;
        let times = columns.times();
        if (times.first(), times.last()) != (Some(&min), Some(&max)) {
            let got = match (times.first(), times.last()) {
                (Some(first), Some(last)) => format!("{first} to {last}"),
                _ => "no samples".to_owned(),
            };
            return Err(damage("the times differ from those in the index").values(got, format!("{min} to {max}")));
        }
        if times.is_sorted_by(|a, b| a < b) { Ok(read) } else { Err(damage("the times do not ascend")) }
    }

    fn read_chunks(&mut self, series: &mut SourceSeries) {
        for at in 0..self.chunks.len() {
            let Some(&ChunkMeta { min, max, reference }) = self.chunks.get(at) else { break };
            let read = self.block.chunk(ChunkRef::from(reference));
            match read.and_then(|read| self.look_into(read, min, max, reference.into())) {
                Ok(read) => {
                    series.chunks.push(SourceChunk { min, max, encoding: read.encoding, bytes: read.bytes });
                }
                Err(damage) => {
                    let interval = crate::Interval::new(min, max);
                    series.holes.push(Hole { interval, cause: damage.to_string().into() });
                    self.note(damage);
                }
            }
        }
    }
}

impl BlockSource for BlockReader<'_> {
    fn next_symbol(&mut self, symbol: &mut String) -> Result<bool, BlockError> {
        let symbols = match &mut self.symbols {
            Some(symbols) => symbols,
            none => none.insert(self.block.index().symbols()?),
        };
        let Some(next) = symbols.next() else { return Ok(false) };
        symbol.clear();
        symbol.push_str(next);
        Ok(true)
    }

    fn next_series(&mut self, series: &mut SourceSeries) -> Result<bool, BlockError> {
        let index = self.block.index();
        loop {
            series.clear();
            let ids = match &mut self.series {
                Some(ids) => ids,
                none => none.insert(SeriesIds::new(index)?),
            };
            let Some(id) = ids.next() else {
                self.holes_of(None, &mut series.holes);
                self.lose_damaged_series();
                return Ok(false);
            };
            series.labels = match self.entries.series(id, &mut self.chunks) {
                // It is among what the index has noted, and lost in the end.
                Err(BlockError::Damaged(damage)) if damage.part == Part::IndexSeries => continue,
                read => read?,
            };
            let labels = series.labels.clone();
            self.holes_of(Some(&labels), &mut series.holes);
            series.deleted.extend(self.block.tombstones().of(id.into()).iter().copied());
            self.read_chunks(series);
            if !series.chunks.is_empty() || !series.holes.is_empty() {
                return Ok(true);
            }
        }
    }

    fn lost(&self) -> &[LostSeries] {
        &self.lost
    }
}

impl fmt::Debug for BlockReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockReader").field("block", self.block).field("found", &self.found).finish_non_exhaustive()
    }
}
