//! The entry of a series: its labels, as references to symbols, and its chunks.
//!
//! | bytes | what |
//! |---|---|
//! | uvarint | length of the body |
//! | uvarint, then two uvarints each | labels: symbol of the name, symbol of the value |
//! | uvarint | number of chunks |
//! | varint, uvarint, uvarint | first chunk: first time, last time less first, reference |
//! | uvarint, uvarint, varint | others: first time less last of the one before, last less first, reference less the one before |
//! | 4 | CRC-32C of the body |

use promd_codec::{DecodeError, DecodeErrorKind, Reader};

use super::format::ChunkMeta;

/// The body of the entry that starts at `offset`, verified, and where the entry ends.
pub(super) fn body(file: &[u8], offset: usize, end: usize) -> Result<(Reader<'_>, usize), DecodeError> {
    let past_end = DecodeError::new(DecodeErrorKind::UnexpectedEnd, offset);
    let mut reader = Reader::with_offset(file.get(offset..end).ok_or(past_end)?, offset);
    let length = reader.uvarint_count(1)?;
    // The number of labels and that of chunks take a byte each. Padding is not taken for an entry without either, although
    // zero is the checksum of nothing.
    if length < 2 {
        return Err(DecodeError::new(DecodeErrorKind::OutOfRange { value: length as u64 }, offset));
    }
    let body = reader.sub(length)?;
    reader.crc32c_of(body.rest())?;
    Ok((body, reader.position()))
}

/// Shows the references of each label, name and value, and leaves `body` in front of the chunks.
pub(super) fn labels(body: &mut Reader<'_>, mut label: impl FnMut(u32, u32)) -> Result<(), DecodeError> {
    for _ in 0..body.uvarint_count(2)? {
        label(body.uvarint_u32()?, body.uvarint_u32()?);
    }
    Ok(())
}

/// Appends the chunks. Differences wrap around, as they were written.
pub(super) fn chunks(body: &mut Reader<'_>, chunks: &mut Vec<ChunkMeta>) -> Result<(), DecodeError> {
    let count = body.uvarint_count(3)?;
    chunks.reserve(count);
    let mut before: Option<ChunkMeta> = None;
    for _ in 0..count {
        let min = match before {
            None => body.varint()?,
            Some(before) => before.max.wrapping_add_unsigned(body.uvarint()?),
        };
        let max = min.wrapping_add_unsigned(body.uvarint()?);
        let reference = match before {
            None => body.uvarint()?,
            Some(before) => before.reference.wrapping_add_signed(body.varint()?),
        };
        let chunk = ChunkMeta { min, max, reference };
        chunks.push(chunk);
        before = Some(chunk);
    }
    body.expect_end()
}

/// Walks over a section of series, and over what is damaged of it to the next entry that is whole.
pub(super) struct Walk<'f> {
    file: &'f [u8],
    position: usize,
    end: usize,
    align: usize,
    /// How many bytes may still be read in search of entries. Damage that is made to look like the start of long entries
    /// everywhere would otherwise take time by the square of its length.
    budget: usize,
}

/// One step of a walk.
pub(super) enum Step<'f> {
    /// An entry that starts and ends there.
    Entry { start: usize, end: usize, body: Reader<'f> },
    /// No entry from there on, up to the next step.
    Damaged(DecodeError),
}

impl<'f> Walk<'f> {
    /// From `start`, which is where the section starts or an entry ends.
    pub(super) fn new(file: &'f [u8], start: usize, end: usize, align: usize) -> Self {
        let end = end.min(file.len());
        Self { file, position: start, end, align, budget: end.saturating_sub(start).saturating_mul(8) }
    }

    fn resume(&mut self, from: usize) {
        self.position = from;
        while self.position < self.end {
            let tried = body(self.file, self.position, self.end);
            if tried.is_ok() {
                return;
            }
            let claimed = match tried {
                Err(error) if matches!(error.kind(), DecodeErrorKind::ChecksumMismatch { .. }) => {
                    error.offset().saturating_sub(self.position)
                }
                _ => 1,
            };
            self.budget = self.budget.saturating_sub(claimed);
            if self.budget == 0 {
                self.position = self.end;
            }
            self.position = self.position.saturating_add(self.align);
        }
    }
}

impl<'f> Iterator for Walk<'f> {
    type Item = Step<'f>;

    fn next(&mut self) -> Option<Step<'f>> {
        let start = self.position.checked_next_multiple_of(self.align)?;
        if start >= self.end {
            return None;
        }
        Some(match body(self.file, start, self.end) {
            Ok((body, end)) => {
                self.position = end;
                Step::Entry { start, end, body }
            }
            Err(error) => {
                self.resume(start.saturating_add(self.align));
                Step::Damaged(error)
            }
        })
    }
}
