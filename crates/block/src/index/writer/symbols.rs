//! The symbols while an index is written: from text to number for the series, and back for the posting lists.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashTable;
use promd_codec::Reader;
use promd_fs::File;
use xxhash_rust::xxh64::xxh64;

use super::window::Window;
use crate::BlockError;
use crate::index::format::SAMPLE_EVERY;

/// The numbers of symbols, by hash. The text is in the file alone; what is kept of a symbol is its hash, a slot that
/// points there, and the place of every 32nd.
///
/// A hash of 64 bits stands for its symbol as long as no other symbol has the same. Whether one has is seen when it is
/// added; then both are kept as text. So a symbol is never taken for another.
pub(super) struct Symbols {
    window: Window,
    hashes: Vec<u64>,
    slots: HashTable<u32>,
    /// Symbols whose hash is not theirs alone.
    alike: BTreeMap<Box<[u8]>, u32>,
    /// Where every 32nd symbol starts.
    samples: Vec<u64>,
    /// Where the last one ends.
    end: u64,
    last: String,
    hash: fn(&[u8]) -> u64,
}

impl Symbols {
    /// No symbols; the first will be written to `file` at `start`.
    pub(super) fn new(file: Arc<dyn File>, start: u64) -> Self {
        Self::hashed_by(file, start, |symbol| xxh64(symbol, 0))
    }

    fn hashed_by(file: Arc<dyn File>, start: u64, hash: fn(&[u8]) -> u64) -> Self {
        Self {
            window: Window::new(file),
            hashes: Vec::new(),
            slots: HashTable::new(),
            alike: BTreeMap::new(),
            samples: Vec::new(),
            end: start,
            last: String::new(),
            hash,
        }
    }

    /// Adds the next symbol, which takes `offset..end` of the file.
    pub(super) fn push(&mut self, symbol: &str, offset: u64, end: u64) {
        if self.hashes.len().is_multiple_of(SAMPLE_EVERY) {
            self.samples.push(offset);
        }
        self.hashes.push((self.hash)(symbol.as_bytes()));
        self.end = end;
        self.last.clear();
        self.last.push_str(symbol);
    }

    /// Whether a symbol may be next: they ascend.
    pub(super) fn precedes(&self, symbol: &str) -> bool {
        self.hashes.is_empty() || self.last.as_str() < symbol
    }

    pub(super) fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Gets ready to find symbols, all of which are in the file.
    pub(super) fn close(&mut self) -> Result<(), BlockError> {
        let mut alike = Vec::new();
        let hash_of = |hashes: &[u64], ordinal: u32| hashes.get(ordinal as usize).copied().unwrap_or_default();
        self.slots.reserve(self.hashes.len(), |_| 0);
        for (ordinal, &hash) in (0..).zip(&self.hashes) {
            match self.slots.find(hash, |&other| hash_of(&self.hashes, other) == hash) {
                Some(&other) => alike.extend([other, ordinal]),
                None => {
                    self.slots.insert_unique(hash, ordinal, |&other| hash_of(&self.hashes, other));
                }
            }
        }
        for ordinal in alike {
            let text = self.text(ordinal)?.into();
            self.alike.insert(text, ordinal);
        }
        Ok(())
    }

    /// The number of a symbol.
    pub(super) fn ordinal(&self, symbol: &[u8]) -> Option<u32> {
        if let Some(ordinal) = self.alike.get(symbol) {
            return Some(*ordinal);
        }
        let hash = (self.hash)(symbol);
        self.slots.find(hash, |&ordinal| self.hashes.get(ordinal as usize) == Some(&hash)).copied()
    }

    /// The text of a symbol, read back from the file.
    pub(super) fn text(&mut self, ordinal: u32) -> Result<&[u8], BlockError> {
        let ordinal = ordinal as usize;
        let Some(&offset) = self.samples.get(ordinal / SAMPLE_EVERY) else { return Err(self.window.lost()) };
        // Symbols are short: the window is enlarged for the group that holds a long one.
        let mut least = 4 << 10;
        loop {
            let bytes = self.window.get(offset, least, self.end)?;
            let mut reader = Reader::new(bytes);
            let found = (0..ordinal % SAMPLE_EVERY).try_for_each(|_| reader.uvarint_bytes().map(|_| ()));
            if found.and_then(|()| reader.uvarint_bytes()).is_ok() {
                break;
            }
            if least > bytes.len() {
                return Err(self.window.lost());
            }
            least = bytes.len().saturating_mul(2);
        }
        // Once more, for the borrow that is returned.
        let mut reader = Reader::new(self.window.get(offset, least, self.end)?);
        let mut text = reader.uvarint_bytes();
        for _ in 0..ordinal % SAMPLE_EVERY {
            text = reader.uvarint_bytes();
        }
        Ok(text.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use promd_codec::Writer;
    use promd_fs::{Fs, OpenMode, SimFs};

    use super::*;

    /// Every symbol is found by its text and its number, whatever the hash is worth.
    fn check(hash: fn(&[u8]) -> u64) {
        let texts: Vec<String> = (0..2000).map(|number| format!("{number:05}{}", "x".repeat(number % 97))).collect();
        let file = SimFs::new(1).open("/symbols".as_ref(), OpenMode::CreateNew).unwrap();
        let mut bytes = Vec::new();
        let mut symbols = Symbols::hashed_by(Arc::clone(&file), 3, hash);
        for text in &texts {
            assert!(symbols.precedes(text));
            let start = 3 + bytes.len() as u64;
            Writer::new(&mut bytes).put_uvarint_bytes(text.as_bytes());
            symbols.push(text, start, 3 + bytes.len() as u64);
            assert!(!symbols.precedes(text));
        }
        file.write_all_at(&bytes, 3).unwrap();
        symbols.close().unwrap();
        for (ordinal, text) in (0..).zip(&texts) {
            assert_eq!(symbols.ordinal(text.as_bytes()), Some(ordinal));
            assert_eq!(symbols.text(ordinal).unwrap(), text.as_bytes());
        }
    }

    #[test]
    fn symbols_are_found_by_hash() {
        check(|symbol| xxh64(symbol, 0));
    }

    #[test]
    fn symbols_whose_hashes_are_alike_are_told_apart() {
        check(|symbol| symbol.len() as u64);
        check(|_| 0);
    }

    /// The window holds 256 KiB; this symbol does not fit.
    #[test]
    fn a_long_symbol_is_read_back() {
        let file = SimFs::new(1).open("/symbols".as_ref(), OpenMode::CreateNew).unwrap();
        let mut bytes = Vec::new();
        let mut symbols = Symbols::new(Arc::clone(&file), 0);
        for text in ["a".to_owned(), "b".repeat(1 << 20), "c".to_owned()] {
            let start = bytes.len() as u64;
            Writer::new(&mut bytes).put_uvarint_bytes(text.as_bytes());
            symbols.push(&text, start, bytes.len() as u64);
        }
        file.write_all_at(&bytes, 0).unwrap();
        assert_eq!(symbols.text(1).unwrap().len(), 1 << 20);
        assert_eq!(symbols.text(2).unwrap(), b"c");
    }
}
