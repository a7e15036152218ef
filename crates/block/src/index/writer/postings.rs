//! The posting lists, made from the finished series section.
//!
//! A list may be large, all of them together are larger than the series, and they are wanted in the order of names and
//! values, while series give them in the order of series. So the section is read several times. A pass gathers
//! `(name, value, series)` of the lists that are next, as many as the memory holds: when that is full, the upper half of
//! what was gathered is given up, and the pass goes on with the lower pairs alone. Symbols are numbered in their order, so
//! that pairs of numbers are compared and no text is looked at. A list that is longer than the memory is counted in one
//! pass and written in the next.

use std::ops::Range;
use std::sync::Arc;

use promd_codec::{Crc32c, MAX_VARINT_LEN, Reader, uvarint_len};
use promd_fs::File;

use super::output::{Output, Spool};
use super::symbols::Symbols;
use super::window::Window;
use crate::BlockError;
use crate::index::format::{POSTINGS_ALIGN, SERIES_ALIGN};

/// A name and a value by their numbers, the name in the upper half: as large as the pair is late.
type Pair = u64;

/// One label of one series: name, value, id.
type Gathered = [u32; 3];

/// A list is covered by its checksum in pieces of so many ids.
const PIECE: usize = 16 << 10;

pub(super) struct Postings<'a> {
    series: Series,
    symbols: &'a mut Symbols,
    output: &'a mut Output,
    /// Entries of the offset table.
    table: &'a mut Spool,
    lists: u64,
    capacity: usize,
    gathered: Vec<Gathered>,
    /// The name of the last list, and its text.
    name: (Option<u32>, Vec<u8>),
}

/// What a pass found.
enum Pass {
    /// The lists up to a pair, which is where the next pass begins, if there is one.
    Gathered(Option<Pair>),
    /// The next list alone, which has so many ids.
    Long(Pair, u64),
}

impl<'a> Postings<'a> {
    /// Lists of the series, which have so many labels together; `memory` bounds the bytes that are gathered.
    pub(super) fn new(
        series: Series,
        labels: u64,
        symbols: &'a mut Symbols,
        output: &'a mut Output,
        table: &'a mut Spool,
        memory: usize,
    ) -> Self {
        // Fewer than two could not be halved.
        let capacity = (memory / size_of::<Gathered>()).max(2);
        // At once: a vector that grows would take as much again.
        let gathered = Vec::with_capacity(usize::try_from(labels).unwrap_or(capacity).min(capacity));
        Self { series, symbols, output, table, lists: 0, capacity, gathered, name: (None, Vec::new()) }
    }

    /// Writes all lists, and says how many there are. `count` is the number of series.
    pub(super) fn write(mut self, count: u64) -> Result<u64, BlockError> {
        self.output.pad(POSTINGS_ALIGN)?;
        self.write_all(count)?;
        let mut from = Some(0);
        while let Some(pair) = from {
            from = match self.gather(pair)? {
                Pass::Gathered(next) => {
                    self.write_gathered()?;
                    next
                }
                Pass::Long(pair, ids) => {
                    self.write_long(pair, ids)?;
                    pair.checked_add(1)
                }
            };
        }
        Ok(self.lists)
    }

    fn gather(&mut self, from: Pair) -> Result<Pass, BlockError> {
        self.gathered.clear();
        let mut to = None;
        // Set once the memory is full of a single list: from then on its ids are counted.
        let mut long: Option<(Pair, u64)> = None;
        let Self { series, gathered, capacity, .. } = self;
        series.each_label(|label| {
            let pair = pair_of(label);
            if let Some((longest, ids)) = &mut long {
                if pair >= *longest || pair < from {
                    *ids += u64::from(pair == *longest);
                    return Ok(());
                }
                // There is an earlier list after all: the long one has to wait.
                to = Some(*longest);
                long = None;
                gathered.clear();
            }
            if pair >= from && to.is_none_or(|to| pair < to) {
                gathered.push(label);
                if gathered.len() >= *capacity {
                    let pivot = halve(gathered);
                    to = Some(pivot);
                    if gathered.len() >= *capacity {
                        long = Some((pivot - 1, gathered.len() as u64));
                    }
                }
            }
            Ok(())
        })?;
        Ok(long.map_or(Pass::Gathered(to), |(pair, ids)| Pass::Long(pair, ids)))
    }

    /// The list of all series, which stands first, under the empty name and value.
    fn write_all(&mut self, count: u64) -> Result<(), BlockError> {
        let mut list = self.begin(b"", b"", count)?;
        let Self { series, output, .. } = self;
        series.each(|id, _| list.push(output, id))?;
        list.finish(output)
    }

    fn write_gathered(&mut self) -> Result<(), BlockError> {
        let mut gathered = std::mem::take(&mut self.gathered);
        gathered.sort_unstable();
        for ids in gathered.chunk_by(|a, b| pair_of(*a) == pair_of(*b)) {
            let Some(&first) = ids.first() else { continue };
            let mut list = self.begin_pair(pair_of(first), ids.len() as u64)?;
            for &[_, _, id] in ids {
                list.push(self.output, id)?;
            }
            list.finish(self.output)?;
        }
        self.gathered = gathered;
        Ok(())
    }

    fn write_long(&mut self, pair: Pair, count: u64) -> Result<(), BlockError> {
        let mut list = self.begin_pair(pair, count)?;
        let Self { series, output, .. } = self;
        series.each_label(|label| if pair_of(label) == pair { list.push(output, label[2]) } else { Ok(()) })?;
        list.finish(output)
    }

    fn begin_pair(&mut self, pair: Pair, count: u64) -> Result<List, BlockError> {
        let [a, b, c, d, e, f, g, h] = pair.to_be_bytes();
        // Lists of one name follow each other, their values ascend: the window over the symbols moves on and not back and forth.
        let ordinal = u32::from_be_bytes([a, b, c, d]);
        if self.name.0 != Some(ordinal) {
            self.name = (Some(ordinal), self.symbols.text(ordinal)?.to_vec());
        }
        let value = self.symbols.text(u32::from_be_bytes([e, f, g, h]))?.to_vec();
        let name = std::mem::take(&mut self.name.1);
        let list = self.begin(&name, &value, count);
        self.name.1 = name;
        list
    }

    /// Enters a list into the table and writes what goes before its ids.
    fn begin(&mut self, name: &[u8], value: &[u8], count: u64) -> Result<List, BlockError> {
        let length = u32::try_from(4 + 4 * count)
            .map_err(|_| BlockError::Invalid(format!("posting size exceeds 4 bytes: {}", 4 + 4 * count)))?;
        let offset = self.output.position();
        self.table.put(|writer| {
            writer.put_uvarint(2);
            writer.put_uvarint_bytes(name);
            writer.put_uvarint_bytes(value);
            writer.put_uvarint(offset);
        })?;
        self.lists += 1;
        let count = (length / 4) - 1;
        self.output.put(|writer| {
            writer.put_u32_be(length);
            writer.put_u32_be(count);
        })?;
        let mut crc = Crc32c::new();
        crc.update(&count.to_be_bytes());
        Ok(List { crc, piece: Vec::new(), left: count })
    }
}

/// A list whose ids are being written.
struct List {
    crc: Crc32c,
    /// Ids that the checksum does not cover yet.
    piece: Vec<u8>,
    /// How many ids are to come.
    left: u32,
}

impl List {
    fn push(&mut self, output: &mut Output, id: u32) -> Result<(), BlockError> {
        self.piece.extend_from_slice(&id.to_be_bytes());
        self.left = self.left.checked_sub(1).ok_or_else(|| output.lost())?;
        if self.piece.len() >= 4 * PIECE { self.write(output) } else { Ok(()) }
    }

    fn write(&mut self, output: &mut Output) -> Result<(), BlockError> {
        self.crc.update(&self.piece);
        output.put(|writer| writer.put_bytes(&self.piece))?;
        self.piece.clear();
        Ok(())
    }

    fn finish(mut self, output: &mut Output) -> Result<(), BlockError> {
        self.write(output)?;
        if self.left != 0 {
            return Err(output.lost());
        }
        output.put(|writer| writer.put_u32_be(self.crc.finish()))
    }
}

fn pair_of([name, value, _]: Gathered) -> Pair {
    u64::from(name) << 32 | u64::from(value)
}

/// Gives up the later half, in whole lists, and returns the first pair that is given up. One list stays at least, so
/// that the passes come to an end; if it is all that there is, nothing is given up.
fn halve(gathered: &mut Vec<Gathered>) -> Pair {
    let middle = gathered.len() / 2;
    let (lower, pivot, _) = gathered.select_nth_unstable(middle);
    let pivot = pair_of(*pivot);
    let end = if lower.iter().any(|&label| pair_of(label) < pivot) { pivot } else { pivot + 1 };
    gathered.retain(|&label| pair_of(label) < end);
    end
}

/// The finished series of the file, which are read again and again.
pub(super) struct Series {
    window: Window,
    /// From the first series to the end of the last.
    range: Range<u64>,
}

impl Series {
    pub(super) fn new(file: Arc<dyn File>, range: Range<u64>) -> Self {
        Self { window: Window::new(file), range }
    }

    /// Shows the id and the body of each series.
    fn each(&mut self, mut visit: impl FnMut(u32, Reader<'_>) -> Result<(), BlockError>) -> Result<(), BlockError> {
        let Range { start, end } = self.range.clone();
        let mut offset = start;
        while offset < end {
            offset = offset.next_multiple_of(SERIES_ALIGN as u64);
            let id = u32::try_from(offset / SERIES_ALIGN as u64).map_err(|_| self.window.lost())?;
            let mut front = Reader::new(self.window.get(offset, MAX_VARINT_LEN, end)?);
            let length = front.uvarint_u32().ok().map(|length| length as usize);
            let length = length.ok_or_else(|| self.window.lost())?;
            let skip = uvarint_len(length as u64);
            let whole = skip + length + 4;
            let entry = self.window.get(offset, whole, end)?;
            let Some(body) = entry.get(skip..skip + length) else { return Err(self.window.lost()) };
            visit(id, Reader::new(body))?;
            offset += whole as u64;
        }
        Ok(())
    }

    /// Shows each label of each series, in numbers.
    fn each_label(&mut self, mut visit: impl FnMut(Gathered) -> Result<(), BlockError>) -> Result<(), BlockError> {
        let mut broken = false;
        self.each(|id, mut body| {
            let Ok(labels) = body.uvarint_u32() else {
                broken = true;
                return Ok(());
            };
            for _ in 0..labels {
                let (Ok(name), Ok(value)) = (body.uvarint_u32(), body.uvarint_u32()) else {
                    broken = true;
                    return Ok(());
                };
                visit([name, value, id])?;
            }
            Ok(())
        })?;
        if broken { Err(self.window.lost()) } else { Ok(()) }
    }
}
