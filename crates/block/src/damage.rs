//! Damage as a value: what is broken, where, and what it costs.

use std::fmt;
use std::path::PathBuf;

/// A place in a file that is not what was written there.
///
/// Its text names the file and the offset, what stands there and what should, and what is lost by it:
///
/// ```
/// use promd_block::{Consequence, Damage, Part};
///
/// let damage = Damage::new("01HX/chunks/000001", Part::Chunk, "checksum mismatch", Consequence::ChunkMissing)
///     .at(4711)
///     .values("0x8da98752", "0x8da98753");
/// assert_eq!(
///     damage.to_string(),
///     "01HX/chunks/000001: chunk at offset 4711: checksum mismatch: got 0x8da98752, expected 0x8da98753: \
///      this chunk is missing",
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Damage {
    /// The file.
    pub file: PathBuf,
    /// The part of the file.
    pub part: Part,
    /// The first byte concerned; none if it is the file as a whole.
    pub offset: Option<u64>,
    /// What is wrong.
    pub what: String,
    /// What stands there, and what should, where the two can be told.
    pub values: Option<(String, String)>,
    /// What it costs.
    pub consequence: Consequence,
}

impl Damage {
    /// Damage of a part of a file.
    #[must_use]
    pub fn new(file: impl Into<PathBuf>, part: Part, what: impl Into<String>, consequence: Consequence) -> Self {
        Self { file: file.into(), part, offset: None, what: what.into(), values: None, consequence }
    }

    /// Whether an answer from the block must carry a warning: if samples may be lacking, and while a part of the index, of the
    /// chunks or of the tombstones is damaged, although the answer was saved. Not for what is rebuilt without a trace: `meta.json` and
    /// the index' table of contents.
    #[must_use]
    pub const fn must_warn(&self) -> bool {
        self.consequence.loses_samples() || !matches!(self.part, Part::Meta | Part::IndexToc)
    }

    /// The same damage, at this byte.
    #[must_use]
    pub fn at(mut self, offset: u64) -> Self {
        self.offset = Some(offset);
        self
    }

    /// The same damage, with what was read there and what should have been.
    #[must_use]
    pub fn values(mut self, got: impl ToString, expected: impl ToString) -> Self {
        self.values = Some((got.to_string(), expected.to_string()));
        self
    }
}

impl std::error::Error for Damage {}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.part)?;
        if let Some(offset) = self.offset {
            write!(f, " at offset {offset}")?;
        }
        write!(f, ": {}", self.what)?;
        if let Some((got, expected)) = &self.values {
            write!(f, ": got {got}, expected {expected}")?;
        }
        write!(f, ": {}", self.consequence)
    }
}

/// What part of a block is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Part {
    /// One chunk.
    Chunk,
    /// A chunk segment: its header, or all of it.
    ChunkSegment,
    /// The entry of a series in the index.
    IndexSeries,
    /// A posting list.
    IndexPostings,
    /// The table that says where the posting lists are.
    IndexPostingsTable,
    /// The symbol table.
    IndexSymbols,
    /// The table of contents of the index.
    IndexToc,
    /// Anything else of the index: its header, its length.
    Index,
    /// `tombstones`.
    Tombstones,
    /// `meta.json`, or the copy of its facts.
    Meta,
    /// The list of known holes.
    Holes,
}

impl Part {
    /// One word or two, as the text of [`Damage`] has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chunk => "chunk",
            Self::ChunkSegment => "chunk segment",
            Self::IndexSeries => "series entry",
            Self::IndexPostings => "posting list",
            Self::IndexPostingsTable => "postings offset table",
            Self::IndexSymbols => "symbol table",
            Self::IndexToc => "table of contents",
            Self::Index => "index",
            Self::Tombstones => "tombstones",
            Self::Meta => "meta",
            Self::Holes => "list of holes",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What damage costs, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Consequence {
    /// Nothing: what was damaged has been made again from the rest.
    Rebuilt,
    /// Nothing: what should stand there is known or means nothing, and the rest has checksums of its own.
    Harmless,
    /// The samples of one chunk.
    ChunkMissing,
    /// What cannot be read of the file, which is told when it is asked for.
    Unreadable,
    /// The samples of all chunks of one segment.
    SegmentMissing,
    /// All samples of one series in this block.
    SeriesMissing,
    /// Which samples were lost before is not known any more.
    HolesForgotten,
    /// All samples of the block: it must be left out of answers.
    BlockLeftOut,
}

impl Consequence {
    /// Whether an answer from the block can lack samples.
    #[must_use]
    pub const fn loses_samples(self) -> bool {
        !matches!(self, Self::Rebuilt | Self::Harmless)
    }
}

impl fmt::Display for Consequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rebuilt => "it was rebuilt, nothing is lost",
            Self::Harmless => "nothing is lost",
            Self::ChunkMissing => "this chunk is missing",
            Self::Unreadable => "what cannot be read is missing",
            Self::SegmentMissing => "the chunks of this segment are missing",
            Self::SeriesMissing => "this series is missing from the block",
            Self::HolesForgotten => "which samples were lost before is not known any more",
            Self::BlockLeftOut => "the block is left out of answers",
        })
    }
}
