//! Writes an index, from front to back.

mod output;
mod postings;
mod symbols;
mod window;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use promd_codec::{Crc32c, Writer};
use promd_fs::{Fs, OpenMode};
use promd_model::Labels;

use self::output::{Output, Spool, spool_path};
use self::postings::{Postings, Series};
use self::symbols::Symbols;
use self::window::Window;
use super::format::{ChunkMeta, HEADER_LEN, MAGIC, SERIES_ALIGN, Toc};
use crate::BlockError;

/// How many bytes of labels are gathered for posting lists: an index of less than five million labels takes one pass.
pub(crate) const DEFAULT_INDEX_MEMORY: usize = 64 << 20;

/// Writes an index of version 2, byte for byte as Prometheus 3.14 does for the same series.
///
/// Symbols come first, ascending and distinct; then series, ascending by labels; then [`finish`](Self::finish) writes the
/// posting lists. Memory does not grow with the number of series: it is that of about sixteen bytes a symbol, and
/// 64 MiB while posting lists are made, or less if that is asked for.
///
/// The file is durable when `finish` has returned; its name is when the caller has synced the directory. After an error
/// the file is of no use, and is left to be removed.
///
/// ```
/// use std::sync::Arc;
///
/// use promd_block::index::{ChunkMeta, IndexWriter};
/// use promd_fs::{Fs, SimFs};
/// use promd_model::Labels;
///
/// let fs: Arc<dyn Fs> = Arc::new(SimFs::new(1));
/// let mut index = IndexWriter::create(&fs, "/index".as_ref())?;
/// index.symbols(["", "__name__", "up"])?;
/// let labels = Labels::from_pairs([("__name__", "up")])?;
/// index.series(&labels, &[ChunkMeta { min: 0, max: 15_000, reference: 8 }])?;
/// index.finish()?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub struct IndexWriter {
    fs: Arc<dyn Fs>,
    path: PathBuf,
    output: Output,
    toc: Toc,
    symbols: Symbols,
    stage: Stage,
    memory: usize,
    /// The body of the series that is being written.
    body: Vec<u8>,
    previous: Previous,
    series: u64,
    /// Those of all series together.
    labels: u64,
}

/// What can be written next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Symbols,
    Series,
}

/// The series that was written last. Neighbours share most labels, whose numbers are taken from here.
#[derive(Default)]
struct Previous {
    labels: Labels,
    /// Name and value of each label.
    ordinals: Vec<(u32, u32)>,
    /// Those of the next series.
    next: Vec<(u32, u32)>,
    reference: u64,
}

impl IndexWriter {
    /// Begins the index called `path`, in the place of what may be there.
    pub fn create(fs: &Arc<dyn Fs>, path: &Path) -> Result<Self, BlockError> {
        let mut output = Output::new(fs.open(path, OpenMode::Truncate)?);
        output.put(|writer| {
            writer.put_u32_be(MAGIC);
            writer.put_u8(2);
            // The length and the number of the symbols, once they are known.
            writer.put_zeros(8);
        })?;
        let symbols = Symbols::new(Arc::clone(output.file()), output.position());
        Ok(Self {
            fs: Arc::clone(fs),
            path: path.to_path_buf(),
            output,
            toc: Toc { symbols: HEADER_LEN as u64, ..Toc::default() },
            symbols,
            stage: Stage::Symbols,
            memory: DEFAULT_INDEX_MEMORY,
            body: Vec::new(),
            previous: Previous::default(),
            series: 0,
            labels: 0,
        })
    }

    /// The same writer, which gathers at most so many bytes at once for posting lists. Less memory means more passes over
    /// the series.
    #[must_use]
    pub fn with_memory(mut self, bytes: usize) -> Self {
        self.memory = bytes;
        self
    }

    /// Writes symbols: all names and values of the series that follow, ascending bytewise, each once.
    pub fn symbols<S: AsRef<str>>(&mut self, symbols: impl IntoIterator<Item = S>) -> Result<(), BlockError> {
        symbols.into_iter().try_for_each(|symbol| self.symbol(symbol.as_ref()))
    }

    /// Writes the next symbol.
    pub fn symbol(&mut self, symbol: &str) -> Result<(), BlockError> {
        if self.stage != Stage::Symbols {
            return Err(invalid(format!("symbol {symbol:?} comes after the first series")));
        }
        if !self.symbols.precedes(symbol) {
            return Err(invalid(format!("symbol {symbol:?} out-of-order")));
        }
        let offset = self.output.position();
        self.output.put(|writer| writer.put_uvarint_bytes(symbol.as_bytes()))?;
        self.symbols.push(symbol, offset, self.output.position());
        Ok(())
    }

    /// Writes the next series, and returns its id. Chunks ascend in time and by reference, also from series to series.
    pub fn series(&mut self, labels: &Labels, chunks: &[ChunkMeta]) -> Result<u32, BlockError> {
        self.close_symbols()?;
        let Previous { labels: last, .. } = &self.previous;
        if labels <= last {
            return Err(invalid(format!("out-of-order series added with label set {labels}, last label set {last}")));
        }
        let reference = check_chunks(labels, chunks, self.previous.reference)?;
        self.previous.number(labels, &self.symbols)?;

        self.body.clear();
        let mut body = Writer::new(&mut self.body);
        put_labels(&mut body, &self.previous.next);
        put_chunks(&mut body, chunks);

        self.output.pad(SERIES_ALIGN)?;
        let id = u32::try_from(self.output.position() / SERIES_ALIGN as u64)
            .map_err(|_| invalid(format!("{:?} exceeding max size of 64GiB", self.path)))?;
        self.output.put(|writer| {
            writer.put_uvarint(self.body.len() as u64);
            let start = writer.position();
            writer.put_bytes(&self.body);
            writer.put_crc32c_from(start);
        })?;

        self.labels += self.previous.next.len() as u64;
        self.previous.labels.clone_from(labels);
        self.previous.reference = reference;
        std::mem::swap(&mut self.previous.ordinals, &mut self.previous.next);
        self.series += 1;
        Ok(id)
    }

    /// Writes what follows from the series, and makes the file durable.
    pub fn finish(mut self) -> Result<(), BlockError> {
        self.close_symbols()?;
        self.toc.label_indices = self.output.position();
        self.toc.postings = self.toc.label_indices;
        self.output.flush()?;

        let mut table = Spool::new(Arc::clone(&self.fs), spool_path(&self.path));
        let series = Series::new(Arc::clone(self.output.file()), self.toc.series..self.toc.label_indices);
        let postings = Postings::new(series, self.labels, &mut self.symbols, &mut self.output, &mut table, self.memory);
        let lists = postings.write(self.series)?;

        self.toc.postings_table = self.output.position();
        self.toc.label_indices_table = self.toc.postings_table;
        self.write_table(&mut table, lists)?;
        self.output.put(|writer| self.toc.encode(writer))?;
        self.output.sync()
    }

    /// Fills in the length and the number of the symbols, and gets ready to find them.
    fn close_symbols(&mut self) -> Result<(), BlockError> {
        if self.stage != Stage::Symbols {
            return Ok(());
        }
        let end = self.output.position();
        // Counted from behind the length, as Prometheus counts it.
        let start = self.toc.symbols + 4;
        let length = u32::try_from(end - start)
            .map_err(|_| invalid(format!("symbol table size exceeds {} bytes: {}", u32::MAX, end - start)))?;
        // A symbol takes a byte at least.
        let count = u32::try_from(self.symbols.len()).unwrap_or(u32::MAX);
        self.output.patch(self.toc.symbols, &length.to_be_bytes())?;
        self.output.patch(start, &count.to_be_bytes())?;

        // The checksum covers the count, which was not known until now.
        let mut window = Window::new(Arc::clone(self.output.file()));
        let mut crc = Crc32c::new();
        let mut offset = start;
        while offset < end {
            let bytes = window.get(offset, 1, end)?;
            crc.update(bytes);
            offset += bytes.len() as u64;
        }
        self.output.put(|writer| writer.put_u32_be(crc.finish()))?;
        self.symbols.close()?;
        self.toc.series = self.output.position();
        self.stage = Stage::Series;
        Ok(())
    }

    fn write_table(&mut self, table: &mut Spool, lists: u64) -> Result<(), BlockError> {
        let too_large = || invalid(format!("postings offset table of {lists} entries: length size exceeds 4 bytes"));
        let count = u32::try_from(lists).map_err(|_| too_large())?;
        let length = u32::try_from(table.len() + 4).map_err(|_| too_large())?;
        let mut crc = Crc32c::new();
        crc.update(&count.to_be_bytes());
        self.output.put(|writer| {
            writer.put_u32_be(length);
            writer.put_u32_be(count);
        })?;
        table.drain(|piece| {
            crc.update(piece);
            self.output.put(|writer| writer.put_bytes(piece))
        })?;
        self.output.put(|writer| writer.put_u32_be(crc.finish()))
    }
}

impl fmt::Debug for IndexWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IndexWriter").field("path", &self.path).field("series", &self.series).finish_non_exhaustive()
    }
}

impl Previous {
    /// Puts the numbers of `labels` into `next`, looking up only what the previous series had not in the same place.
    fn number(&mut self, labels: &Labels, symbols: &Symbols) -> Result<(), BlockError> {
        let Self { labels: last, ordinals: known, next, .. } = self;
        next.clear();
        let find = |symbol: &[u8]| {
            let absent = || invalid(format!("symbol entry for {:?} does not exist", String::from_utf8_lossy(symbol)));
            symbols.ordinal(symbol).ok_or_else(absent)
        };
        let mut last = last.iter_bytes().zip(known.iter().copied());
        for (name, value) in labels.iter_bytes() {
            let numbers = match last.next() {
                Some((own, numbers)) if own == (name, value) => numbers,
                Some(((own, _), (number, _))) if own == name => (number, find(value)?),
                _ => (find(name)?, find(value)?),
            };
            next.push(numbers);
        }
        Ok(())
    }
}

/// Refuses what Prometheus refuses, and returns the last reference.
fn check_chunks(labels: &Labels, chunks: &[ChunkMeta], mut reference: u64) -> Result<u64, BlockError> {
    let mut before: Option<&ChunkMeta> = None;
    for chunk in chunks {
        if chunk.reference < reference {
            let text = format!("unsorted chunk reference: {}, previous: {reference}", chunk.reference);
            return Err(invalid(format!("{labels}: {text}")));
        }
        reference = chunk.reference;
        if let Some(max) = before.map(|before| before.max).filter(|&max| chunk.min <= max) {
            let text = format!("chunk minT {} is not higher than previous chunk maxT {max}", chunk.min);
            return Err(invalid(format!("{labels}: {text}")));
        }
        if chunk.max < chunk.min {
            return Err(invalid(format!("{labels}: chunk maxT {} is less than minT {}", chunk.max, chunk.min)));
        }
        before = Some(chunk);
    }
    Ok(reference)
}

fn put_labels(body: &mut Writer<'_>, ordinals: &[(u32, u32)]) {
    body.put_uvarint(ordinals.len() as u64);
    for &(name, value) in ordinals {
        body.put_uvarint(name.into());
        body.put_uvarint(value.into());
    }
}

/// Differences wrap around, as Go's do: the reader adds them the same way.
fn put_chunks(body: &mut Writer<'_>, chunks: &[ChunkMeta]) {
    body.put_uvarint(chunks.len() as u64);
    let mut before: Option<&ChunkMeta> = None;
    for chunk in chunks {
        match before {
            None => body.put_varint(chunk.min),
            Some(before) => body.put_uvarint(chunk.min.wrapping_sub(before.max).cast_unsigned()),
        }
        body.put_uvarint(chunk.max.wrapping_sub(chunk.min).cast_unsigned());
        match before {
            None => body.put_uvarint(chunk.reference),
            Some(before) => body.put_varint(chunk.reference.wrapping_sub(before.reference).cast_signed()),
        }
        before = Some(chunk);
    }
}

fn invalid(text: String) -> BlockError {
    BlockError::Invalid(text)
}
