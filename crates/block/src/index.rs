//! The index of a block: which series it has, what they are called, where their chunks are.
//!
//! # The file
//!
//! | section | what it holds |
//! |---|---|
//! | header | magic `baaad700` and a version: 2 is written, 1 and 3 are read too |
//! | symbols | every name and value once, sorted |
//! | series | for each series its labels, as references to symbols, and its chunks; sorted by labels |
//! | posting lists | for each name and value the ids of the series that have it; first the list of all series |
//! | postings offset table | each name and value as text, sorted, and where its list is |
//! | table of contents | where the sections start, in the last 52 bytes |
//!
//! The id of a series is the offset of its entry divided by 16. (In version 1 it is the offset, entries are not aligned,
//! symbols are referred to by offset, and the offset table is not sorted.) Prometheus up to 3.5 also wrote the values of each
//! name, before the posting lists and behind them; nothing reads that.
//!
//! # What is checked, and when
//!
//! An index is mapped and not read: what is opened are 52 bytes. Everything is covered by a checksum, which is verified where
//! the cost is that of using the bytes anyhow:
//!
//! - The **symbols** and the **offset table** are verified as a whole when they are first used, in the pass that
//!   remembers the place of every 32nd entry. That is once for as long as the index is open, so ten thousand small blocks
//!   are opened at once, and no query pays for a large table twice.
//! - A **posting list** and a **series** are verified each time that they are read: they are read whole.
//! - The **map** is asked after each of those, and after each look at symbols or table, whether a page of it was lost.
//!
//! No checksum covers magic and version: an impossible one is compared with the first series. Nor does any cover the padding,
//! up to 15 zeros before a series and 3 before the posting lists: they mean nothing and are not looked at.
//!
//! # What is damaged
//!
//! | part | is made again from | in memory |
//! |---|---|---|
//! | table of contents | a search of the file | nothing |
//! | posting list | the series | the list |
//! | offset table | the series | all lists |
//! | symbols | the offset table and the posting lists, which tell of each reference of a series what it means | all symbols |
//! | series | nothing: it is missing | nothing |
//!
//! A posting list is never taken for empty: `a!="x"` would then find series that it must not. If the symbols cannot be made
//! again, because a list or the table is damaged as well, no label is known, and the block is to be left out of answers.
//!
//! What was found is remembered ([`Index::damages`]); an error has it as a value ([`BlockError::Damaged`](crate::BlockError)).
//!
//! # Memory
//!
//! Of 32 symbols and of 32 entries of the offset table four bytes are kept. A lookup decodes less than 64 entries of
//! the table. [`IndexWriter`] keeps about sixteen bytes a symbol, and a bounded buffer.

mod entry;
mod format;
mod layout;
mod pass;
mod reader;
mod rebuild;
mod section;
mod symbols;
mod table;
mod writer;

pub use format::{ChunkMeta, Toc};
pub(crate) use pass::Pass;
pub use reader::Index;
pub use symbols::SymbolsIter;
pub(crate) use writer::DEFAULT_INDEX_MEMORY;
pub use writer::IndexWriter;
