//! Reads an index.

mod lists;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use promd_codec::{DecodeError, DecodeErrorKind, Reader};
use promd_fs::Map;
use promd_model::{Labels, LabelsBuilder};

use super::entry::{self, Step, Walk};
use super::format::{ChunkMeta, HEADER_LEN, MAGIC, SERIES_ALIGN};
use super::layout::{Found, Layout, series_align};
use super::rebuild;
use super::symbols::{Symbols, SymbolsIter};
use super::table::OffsetTable;
use crate::postings::Postings;
use crate::{BlockError, Consequence, Damage, Part};

/// So many kinds of damage are remembered; an index with more is not worth a longer list.
const MAX_DAMAGES: usize = 1000;

/// The index of a block, of version 1, 2 or 3, read from a map.
///
/// ```
/// use promd_block::index::Index;
/// use promd_block::postings::select;
/// use promd_fs::{Access, Fs};
/// use promd_model::{LabelsBuilder, Matcher};
///
/// # fn example(fs: &dyn Fs) -> Result<(), Box<dyn std::error::Error>> {
/// let index = Index::open(fs.map("01HX/index".as_ref(), Access::Random)?)?;
/// let (mut labels, mut chunks) = (LabelsBuilder::new(), Vec::new());
/// for id in &select(&index, &[Matcher::equal("job", "api")])? {
///     index.series(id, &mut labels, &mut chunks)?;
///     println!("{} has {} chunks", labels.build()?, chunks.len());
/// }
/// for damage in index.damages() {
///     println!("{damage}");
/// }
/// # Ok(())
/// # }
/// ```
pub struct Index {
    map: Map,
    version: u8,
    layout: Layout,
    symbols: OnceLock<Result<Symbols, Damage>>,
    /// `None`: damaged, or not there.
    table: OnceLock<Option<OffsetTable>>,
    /// All lists, if the table is damaged.
    lists: OnceLock<Result<rebuild::Lists, Damage>>,
    /// Single lists, if they are damaged, by their offset.
    remade: Mutex<BTreeMap<u64, Postings>>,
    damages: Mutex<Vec<Damage>>,
}

impl Index {
    /// Opens an index. Its table of contents is read and nothing else, unless that is damaged.
    ///
    /// # Errors
    ///
    /// If it is no index, or one of which nothing can be read: then the block has to be left out of answers.
    pub fn open(map: Map) -> Result<Self, BlockError> {
        let mut index = Self {
            map,
            version: 2,
            layout: Layout { symbols: HEADER_LEN as u64, series: 0..0, postings_table: None },
            symbols: OnceLock::new(),
            table: OnceLock::new(),
            lists: OnceLock::new(),
            remade: Mutex::default(),
            damages: Mutex::default(),
        };
        let read = index.read_header().and_then(|stated| {
            index.read_layout(stated.unwrap_or(2))?;
            index.settle_version(stated)
        });
        match read {
            Ok(()) => Ok(index),
            Err(damage) => Err(damage.into()),
        }
    }

    /// The version that the file states; `None` if that cannot be right.
    fn read_header(&self) -> Result<Option<u8>, Damage> {
        let mut reader = Reader::new(self.file());
        let header = reader.u32_be().and_then(|magic| Ok((magic, reader.u8()?)));
        let (magic, version) = header.map_err(|error| self.damage(Part::Index, Consequence::BlockLeftOut, error))?;
        Ok((magic == MAGIC && (1..=3).contains(&version)).then_some(version))
    }

    fn read_layout(&mut self, version: u8) -> Result<(), Damage> {
        let error = match Layout::read(self.file()) {
            Ok(layout) => {
                self.layout = layout;
                return Ok(());
            }
            Err(error) => error,
        };
        let Ok(Found { layout, complete }) = Layout::search(self.file(), version) else {
            return Err(self.damage(Part::IndexToc, Consequence::BlockLeftOut, error));
        };
        self.note(self.damage(Part::IndexToc, Consequence::Rebuilt, error));
        if !complete {
            let what = "the file may end before the last series";
            let damage = Damage::new(self.path(), Part::Index, what, Consequence::SeriesMissing);
            self.note(damage.at(layout.series.end as u64));
        }
        self.layout = layout;
        Ok(())
    }

    /// Magic and version are covered by no checksum. What they cannot be, or what is rare, is compared with the first series.
    fn settle_version(&mut self, stated: Option<u8>) -> Result<(), Damage> {
        self.version = stated.unwrap_or(2);
        if self.version != 1 && stated.is_some() {
            return Ok(());
        }
        let fits = [self.version, 2, 1].into_iter().find(|&version| self.first_series_fits(version));
        match (stated, fits) {
            (Some(stated), Some(version)) if stated == version => return Ok(()),
            // The first series may be damaged itself.
            (Some(_), None) => return Ok(()),
            (None, None) => {
                let what = "neither the header nor the first series is that of an index";
                return Err(Damage::new(self.path(), Part::Index, what, Consequence::BlockLeftOut));
            }
            (_, Some(version)) => self.version = version,
        }
        let header = self.file().get(..HEADER_LEN).unwrap_or_default();
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let expected = format!("{MAGIC:08x}{:02x}", self.version);
        let damage = Damage::new(self.path(), Part::Index, "magic and version", Consequence::Rebuilt);
        self.note(damage.at(0).values(hex(header), expected));
        Ok(())
    }

    fn first_series_fits(&self, version: u8) -> bool {
        let Range { start, end } = self.layout.series.clone();
        let Some(start) = start.checked_next_multiple_of(series_align(version)) else { return false };
        let Ok((mut body, _)) = entry::body(self.file(), start, end) else { return false };
        let Ok(symbols) = Symbols::read(self.file(), self.layout.symbols, version) else { return false };
        let (mut names, mut all) = (Vec::new(), true);
        let read = entry::labels(&mut body, |name, value| {
            names.push(symbols.get(self.file(), name));
            all &= symbols.get(self.file(), value).is_some();
        });
        read.is_ok() && all && names.first().is_none_or(Option::is_some) && names.is_sorted_by(|a, b| a < b)
    }

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.map.path()
    }

    /// The version of the format.
    #[must_use]
    pub fn version(&self) -> u8 {
        self.version
    }

    /// The length of the file.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "an index has a header at least")]
    pub fn len(&self) -> u64 {
        self.map.len() as u64
    }

    /// What was found damaged so far. Parts are checked when they are first used; [`verify`](Self::verify) uses all.
    #[must_use]
    pub fn damages(&self) -> Vec<Damage> {
        self.damages.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All symbols, ascending. If their section is damaged, those that series use.
    pub fn symbols(&self) -> Result<SymbolsIter<'_>, BlockError> {
        Ok(self.symbol_table()?.iter(self.file()))
    }

    /// Reads what a series is called into `labels`, in the place of what is there, and where its chunks are into `chunks`.
    ///
    /// # Errors
    ///
    /// If the entry is damaged: the series is missing from the block, the others are not.
    pub fn series(&self, id: u32, labels: &mut LabelsBuilder, chunks: &mut Vec<ChunkMeta>) -> Result<(), BlockError> {
        let symbols = self.symbol_table()?;
        labels.reset(&Labels::empty());
        let text = |_, reference| symbols.get(self.file(), reference);
        let set = |name: &str, value: &str| {
            labels.set(name, value);
        };
        self.series_by(text, id, set, chunks)
    }

    /// As [`series`](Self::series), with a way to the text of a symbol, which is also told its place in the entry. Labels are
    /// shown in their order.
    pub(super) fn series_by<'a>(
        &self,
        mut text: impl FnMut(usize, u32) -> Option<&'a str>,
        id: u32,
        mut label: impl FnMut(&'a str, &'a str),
        chunks: &mut Vec<ChunkMeta>,
    ) -> Result<(), BlockError> {
        chunks.clear();
        let missing = |error| {
            let damage = self.damage(Part::IndexSeries, Consequence::SeriesMissing, error);
            self.note(damage.clone());
            BlockError::from(damage)
        };
        let mut body = self.body(id).map_err(missing)?;
        let start = body.position();
        let unknown = |reference: u32| DecodeError::new(DecodeErrorKind::OutOfRange { value: reference.into() }, start);
        let mut wrong = None;
        let mut before = "";
        let mut place = 0;
        let read = entry::labels(&mut body, |name, value| {
            let texts = (text(place, name), text(place + 1, value));
            place += 2;
            match texts {
                (Some(name), Some(value)) if name > before => {
                    label(name, value);
                    before = name;
                }
                (None, _) | (Some(_), Some(_)) => wrong = Some(unknown(name)),
                (_, None) => wrong = Some(unknown(value)),
            }
        });
        read.and_then(|()| wrong.map_or(Ok(()), Err))
            .and_then(|()| entry::chunks(&mut body, chunks))
            .map_err(missing)?;
        // The symbols were verified when they were first used; their pages may be gone since.
        self.map.check(start..body.position())?;
        Ok(self.map.check(self.symbol_table()?.range())?)
    }

    /// Reads all of the index but the padding and what Prometheus ignores, and returns all damage.
    ///
    /// # Errors
    ///
    /// If nothing can be read.
    pub fn verify(&self) -> Result<Vec<Damage>, BlockError> {
        self.symbol_table()?;
        self.verify_lists()?;
        let (mut labels, mut chunks) = (LabelsBuilder::new(), Vec::new());
        for step in self.walk() {
            match step {
                // What is wrong with it is noted.
                Step::Entry { start, .. } => drop(self.series(self.id_of(start), &mut labels, &mut chunks)),
                Step::Damaged(error) => self.note_lost_series(error),
            }
        }
        Ok(self.damages())
    }

    pub(super) fn map(&self) -> &Map {
        &self.map
    }

    pub(super) fn file(&self) -> &[u8] {
        self.map.bytes()
    }

    pub(super) fn symbol_table(&self) -> Result<&Symbols, BlockError> {
        let read = || {
            let error =
                match self.checked(Symbols::read(self.file(), self.layout.symbols, self.version), Symbols::range) {
                    Ok(symbols) => return Ok(symbols),
                    Err(error) => error,
                };
            let list = |offset| self.ids_at(offset).ok();
            let table = self.offset_table();
            let rebuilt = table.and_then(|table| rebuild::symbols(self.file(), table, list, |id| self.body(id).ok()));
            let consequence = if rebuilt.is_some() { Consequence::Rebuilt } else { Consequence::BlockLeftOut };
            let damage = self.fault(Part::IndexSymbols, consequence, error);
            self.note(damage.clone());
            rebuilt.ok_or(damage)
        };
        self.symbols.get_or_init(read).as_ref().map_err(|damage| damage.clone().into())
    }

    /// The verified body of the entry of this series.
    fn body(&self, id: u32) -> Result<Reader<'_>, DecodeError> {
        let Range { start, end } = self.layout.series.clone();
        let offset = self.offset_of(id);
        if offset < start {
            return Err(DecodeError::new(DecodeErrorKind::OutOfRange { value: id.into() }, offset));
        }
        entry::body(self.file(), offset, end).map(|(body, _)| body)
    }

    /// Where the entry of a series starts, if there is one.
    pub(super) fn offset_of(&self, id: u32) -> usize {
        let scale = if self.version == 1 { 1 } else { SERIES_ALIGN };
        (id as usize).saturating_mul(scale)
    }

    fn walk(&self) -> Walk<'_> {
        let Range { start, end } = self.layout.series.clone();
        Walk::new(self.file(), start, end, series_align(self.version))
    }

    /// The id of the series whose entry starts there.
    fn id_of(&self, start: usize) -> u32 {
        let scale = if self.version == 1 { 1 } else { SERIES_ALIGN };
        u32::try_from(start / scale).unwrap_or(u32::MAX)
    }

    fn note_lost_series(&self, error: DecodeError) {
        self.note(self.damage(Part::IndexSeries, Consequence::SeriesMissing, error));
    }

    /// What was read from a range of the file, if that is still there.
    fn checked<T>(&self, read: Result<T, DecodeError>, range: impl Fn(&T) -> Range<usize>) -> Result<T, Fault> {
        let value = read.map_err(|error| match self.map.check(0..self.map.len()) {
            Ok(()) => Fault::Decode(error),
            // Zeros stand where pages are missing: no wonder that they make no sense.
            Err(lost) => Fault::Lost(lost),
        })?;
        self.map.check(range(&value)).map_err(Fault::Lost)?;
        Ok(value)
    }

    fn fault(&self, part: Part, consequence: Consequence, fault: Fault) -> Damage {
        match fault {
            Fault::Decode(error) => self.damage(part, consequence, error),
            Fault::Lost(error) => Damage::new(self.path(), part, error.kind().to_string(), consequence),
        }
    }

    fn damage(&self, part: Part, consequence: Consequence, error: DecodeError) -> Damage {
        let offset = error.offset() as u64;
        match error.kind() {
            DecodeErrorKind::ChecksumMismatch { stored, computed } => {
                let damage = Damage::new(self.path(), part, "checksum mismatch", consequence);
                damage.at(offset).values(format!("{computed:08x}"), format!("{stored:08x}"))
            }
            kind => Damage::new(self.path(), part, kind.to_string(), consequence).at(offset),
        }
    }

    fn note(&self, damage: Damage) {
        let mut damages = self.damages.lock().unwrap_or_else(PoisonError::into_inner);
        if damages.len() < MAX_DAMAGES && !damages.contains(&damage) {
            damages.push(damage);
        }
    }
}

/// Why a part cannot be used.
enum Fault {
    Decode(DecodeError),
    Lost(promd_fs::Error),
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index").field("path", &self.path()).field("version", &self.version).finish_non_exhaustive()
    }
}
