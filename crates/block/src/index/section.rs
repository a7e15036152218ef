//! A section: its length, its contents, and the checksum of the contents.

use promd_codec::{DecodeError, DecodeErrorKind, Reader};

/// The contents of the section that begins at `offset`, verified, as a reader that counts offsets of the file.
pub(super) fn contents(file: &[u8], offset: u64) -> Result<Reader<'_>, DecodeError> {
    let (reader, mut rest) = unverified(file, offset)?;
    rest.crc32c_of(reader.rest())?;
    Ok(reader)
}

/// The contents of the section at `offset`, not verified, and what follows them.
pub(super) fn unverified(file: &[u8], offset: u64) -> Result<(Reader<'_>, Reader<'_>), DecodeError> {
    let past_end = DecodeError::new(DecodeErrorKind::UnexpectedEnd, file.len());
    let start = usize::try_from(offset).map_err(|_| past_end)?;
    let mut reader = Reader::with_offset(file.get(start..).ok_or(past_end)?, start);
    let length = reader.u32_be()? as usize;
    Ok((reader.sub(length)?, reader))
}
