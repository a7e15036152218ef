//! Names, values and posting lists of an index.

use std::ops::Range;
use std::sync::PoisonError;

use promd_codec::{DecodeError, DecodeErrorKind};

use super::{Fault, Index};
use crate::index::entry::{self, Step};
use crate::index::rebuild::{Lists, ListsBuilder};
use crate::index::section;
use crate::index::table::{OffsetTable, TableEntry};
use crate::postings::{DiskIds, List, Postings, PostingsSource, Union};
use crate::{BlockError, Consequence, Part};

/// A name with more values than this is leapt over, when names are listed.
const FEW_VALUES: usize = 64;

/// So many damaged lists are made again one by one.
const MAX_REMADE: usize = 8;

impl Index {
    /// The names of all labels, ascending.
    pub fn label_names(&self) -> Result<Vec<&str>, BlockError> {
        let Some(table) = self.offset_table() else {
            return Ok(self.rebuilt_lists()?.by_name.keys().map(|name| &**name).collect());
        };
        let mut names: Vec<&str> = Vec::new();
        // The empty name is that of the list of all series.
        let mut entries = table.from(self.file(), |name, _| name.is_empty());
        while let Some(entry) = entries.next() {
            names.push(entry.name);
            let mut ahead = entries.clone();
            let next = ahead.by_ref().take(FEW_VALUES).position(|other| other.name != entry.name);
            match next {
                Some(passed) if passed > 0 => drop(entries.nth(passed - 1)),
                Some(_) => {}
                None => entries = table.from(self.file(), |name, _| name <= entry.name),
            }
        }
        self.map.check(table.range())?;
        Ok(names)
    }

    /// Shows the values of a label that begin with `prefix`, ascending, until `visit` returns `false`.
    pub fn label_values<'i>(
        &'i self,
        name: &str,
        prefix: &str,
        mut visit: impl FnMut(&'i str) -> bool,
    ) -> Result<(), BlockError> {
        let Some(table) = self.offset_table() else {
            let _all = self.rebuilt_lists()?.values(name, prefix).all(|(value, _)| visit(value));
            return Ok(());
        };
        let _all = entries_of(table, self.file(), name, prefix).all(|entry| visit(entry.value));
        Ok(self.map.check(table.range())?)
    }

    /// The offset table, or `None` if it is damaged.
    pub(super) fn offset_table(&self) -> Option<&OffsetTable> {
        let read = || {
            let read = self.layout.postings_table.map(|offset| OffsetTable::read(self.file(), offset));
            let read = read.unwrap_or_else(|| Err(DecodeError::new(DecodeErrorKind::UnexpectedEnd, self.map.len())));
            match self.checked(read, OffsetTable::range) {
                Ok(table) => Some(table),
                Err(fault) => {
                    self.note(self.fault(Part::IndexPostingsTable, Consequence::Rebuilt, fault));
                    None
                }
            }
        };
        self.table.get_or_init(read).as_ref()
    }

    /// All lists, made from the series, since the table is damaged.
    fn rebuilt_lists(&self) -> Result<&Lists, BlockError> {
        // Not within: an error of the symbols is told as such.
        let symbols = self.symbol_table()?;
        let build = || {
            let mut builder = ListsBuilder::default();
            for step in self.walk() {
                match step {
                    Step::Entry { start, mut body, .. } => {
                        let id = self.id_of(start);
                        builder.series(id);
                        let read = entry::labels(&mut body, |name, value| builder.label(name, value, id));
                        if let Err(error) = read {
                            self.note_lost_series(error);
                        }
                    }
                    Step::Damaged(error) => self.note_lost_series(error),
                }
            }
            Ok(builder.finish(symbols, self.file()))
        };
        self.lists.get_or_init(build).as_ref().map_err(|damage: &crate::Damage| damage.clone().into())
    }

    /// The ids of the list at this offset, verified.
    pub(super) fn ids_at(&self, offset: u64) -> Result<DiskIds<'_>, Fault> {
        let read = || {
            let mut reader = section::contents(self.file(), offset)?;
            let count = reader.u32_be()? as usize;
            let range = reader.position()..reader.position() + reader.remaining();
            let ids = reader.bytes(count.saturating_mul(4))?;
            reader.expect_end()?;
            Ok((DiskIds::new(ids), range))
        };
        Ok(self.checked(read(), |(_, range): &(_, Range<usize>)| range.clone())?.0)
    }

    /// The list of an entry of the table; made from the series if it is damaged.
    fn list_of(&self, entry: TableEntry<'_>) -> Result<List<'_>, BlockError> {
        let fault = match self.ids_at(entry.offset) {
            Ok(ids) => return Ok(List::Disk(ids)),
            Err(fault) => fault,
        };
        let remade = || self.remade.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(postings) = remade().get(&entry.offset) {
            return Ok(List::Owned(Postings::clone(postings)));
        }
        self.note(self.fault(Part::IndexPostings, Consequence::Rebuilt, fault));
        // Each costs a pass over the series. Where many are damaged, one pass makes all.
        if remade().len() >= MAX_REMADE {
            return self.rebuilt_list(entry.name, entry.value);
        }
        let postings = self.remake(entry)?;
        remade().insert(entry.offset, postings.clone());
        Ok(List::Owned(postings))
    }

    /// A list of those that were all made again.
    fn rebuilt_list(&self, name: &str, value: &str) -> Result<List<'_>, BlockError> {
        let lists = self.rebuilt_lists()?;
        if name.is_empty() && value.is_empty() {
            return Ok(List::Memory(&lists.all));
        }
        let list = lists.by_name.get(name).and_then(|values| values.get(value));
        Ok(list.map_or_else(List::default, List::Memory))
    }

    /// The series with this label, by a pass over all.
    fn remake(&self, wanted: TableEntry<'_>) -> Result<Postings, BlockError> {
        let symbols = self.symbol_table()?;
        let is_all = wanted.name.is_empty() && wanted.value.is_empty();
        // The references of the two, once they were met.
        let (mut known_name, mut known_value) = (None, None);
        let mut ids = Vec::new();
        let is = |known: &mut Option<u32>, reference: u32, text: &str| {
            if known.is_none() && symbols.get(self.file(), reference) == Some(text) {
                *known = Some(reference);
            }
            *known == Some(reference)
        };
        for step in self.walk() {
            let (start, mut body) = match step {
                Step::Entry { start, body, .. } => (start, body),
                Step::Damaged(error) => {
                    self.note_lost_series(error);
                    continue;
                }
            };
            let mut found = is_all;
            let read = entry::labels(&mut body, |name, value| {
                found |= is(&mut known_name, name, wanted.name) && is(&mut known_value, value, wanted.value);
            });
            match read {
                Ok(()) if found => ids.push(self.id_of(start)),
                Ok(()) => {}
                Err(error) => self.note_lost_series(error),
            }
        }
        Ok(Postings::from_ascending(ids))
    }

    pub(super) fn verify_lists(&self) -> Result<(), BlockError> {
        let Some(table) = self.offset_table() else { return self.rebuilt_lists().map(|_| ()) };
        for entry in table.iter(self.file()) {
            self.list_of(entry)?;
        }
        Ok(self.map.check(table.range())?)
    }
}

/// The entries of a name whose values begin so.
fn entries_of<'f>(
    table: &'f OffsetTable,
    file: &'f [u8],
    name: &str,
    prefix: &str,
) -> impl Iterator<Item = TableEntry<'f>> {
    table
        .from(file, |own, value| (own, value) < (name, prefix))
        .take_while(move |entry| entry.name == name && entry.value.starts_with(prefix))
}

impl PostingsSource for Index {
    type Error = BlockError;

    fn all(&self) -> Result<List<'_>, BlockError> {
        self.list("", "")
    }

    fn list(&self, name: &str, value: &str) -> Result<List<'_>, BlockError> {
        let Some(table) = self.offset_table() else {
            return self.rebuilt_list(name, value);
        };
        let entry = table.find(self.file(), name, value);
        self.map.check(table.range())?;
        entry.map_or_else(|| Ok(List::default()), |entry| self.list_of(entry))
    }

    fn lists(
        &self,
        name: &str,
        prefix: &str,
        keep: &mut dyn FnMut(&str) -> bool,
        union: &mut Union,
    ) -> Result<(), BlockError> {
        let Some(table) = self.offset_table() else {
            let values = self.rebuilt_lists()?.values(name, prefix);
            values.filter(|(value, _)| keep(value)).for_each(|(_, list)| union.add(List::Memory(list)));
            return Ok(());
        };
        for entry in entries_of(table, self.file(), name, prefix) {
            if keep(entry.value) {
                union.add(self.list_of(entry)?);
            }
        }
        Ok(self.map.check(table.range())?)
    }
}
