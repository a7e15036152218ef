//! An open XOR chunk whose bytes lie elsewhere.

use super::state::State;
use super::{ChunkFull, Window, XorDecoder};
use crate::ChunkError;
use crate::bits::{BitWriter, Scratch, size_class};

const WORD: usize = 8;

/// An open XOR chunk whose bytes lie in a buffer of the caller: 32 bytes that stand for the end of it. A store with
/// millions of open chunks keeps these in its series, and the buffers in slabs of a few sizes.
///
/// The same buffer must be passed each time; it may be a longer one into which its bytes were copied.
///
/// ```
/// use promd_chunk::{Chunk, Encoding, OpenXor};
/// use promd_model::Columns;
///
/// let (mut open, mut buffer) = (OpenXor::new(), Vec::new());
/// for (t, v) in [(1_000, 1.0), (16_000, 1.0), (31_000, 2.0)] {
///     while let Err(refused) = open.append(&mut buffer, t, v) {
///         buffer.resize(refused.needs().expect("this chunk is far from full"), 0);
///     }
/// }
/// let mut columns = Columns::new();
/// Chunk::new(Encoding::Xor, &buffer[..open.len()]).decode_into(&mut columns)?;
/// assert_eq!(columns.times(), [1_000, 16_000, 31_000]);
/// assert_eq!(std::mem::size_of::<OpenXor>(), 32);
/// # Ok::<(), promd_chunk::ChunkError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct OpenXor {
    t: i64,
    delta: u64,
    value: u64,
    /// How many bits there are. A chunk that ends at 1 KiB, or even at four, is far from what this can count.
    bits: u16,
    count: u16,
    window: Window,
}

/// The bytes that a sample adds to a chunk, with those of the word that it begins in.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    length: usize,
    scratch: &'a Scratch,
}

impl<'a> Piece<'a> {
    /// The bytes.
    #[inline]
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.scratch.get(..self.length).unwrap_or_default()
    }

    /// The same bytes as words, and zeros behind them: five words, of which the first [`words_used`](Self::words_used) count.
    #[inline]
    #[must_use]
    pub const fn padded(&self) -> &'a [u8; 5 * WORD] {
        self.scratch
    }

    /// How many words the bytes begin.
    #[inline]
    #[must_use]
    pub const fn words_used(&self) -> usize {
        self.length.div_ceil(WORD)
    }
}

/// Why a sample is not in the chunk, which is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenRefused {
    /// The buffer is too short.
    #[error("the chunk needs a buffer of {0} bytes")]
    NeedsRoom(usize),
    /// The chunk is as long as one can be.
    #[error(transparent)]
    Full(#[from] ChunkFull),
}

impl OpenRefused {
    /// The size that the buffer should have; nothing if no size helps.
    #[must_use]
    pub const fn needs(&self) -> Option<usize> {
        match self {
            Self::NeedsRoom(bytes) => Some(*bytes),
            Self::Full(_) => None,
        }
    }
}

impl Default for OpenXor {
    fn default() -> Self {
        Self::new()
    }
}

impl OpenXor {
    /// An empty chunk.
    #[must_use]
    pub const fn new() -> Self {
        Self { t: 0, delta: 0, value: 0, bits: 0, count: 0, window: Window::NONE }
    }

    /// The end of a chunk that was read back.
    ///
    /// # Errors
    ///
    /// If `bytes` are not a sound chunk, or one of more than 8 KiB.
    pub fn resume(bytes: &[u8]) -> Result<Self, ChunkError> {
        let mut decoder = XorDecoder::new(bytes)?;
        while decoder.next()?.is_some() {}
        if decoder.count() == 0 {
            return Ok(Self::new());
        }
        let State { t, delta, value, window, .. } = State::behind(&decoder);
        let Ok(bits) = u16::try_from(decoder.position()) else {
            return Err(ChunkError::Truncated { bit: usize::from(u16::MAX), bits: decoder.position() });
        };
        Ok(Self { t, delta, value, bits, count: decoder.count(), window })
    }

    /// Adds a sample.
    ///
    /// # Errors
    ///
    /// If the buffer must be longer first, or the chunk is full. Nothing has changed then.
    #[inline]
    pub fn append(&mut self, buffer: &mut [u8], t: i64, value: f64) -> Result<(), OpenRefused> {
        let at = self.word_offset();
        let mut missing = None;
        self.append_with(word_at(buffer, at), t, value, |piece| {
            // Two words at once, if they fit: what lies behind the end does not count.
            if let (Some(place), Some(words)) =
                (buffer.get_mut(at..).and_then(<[u8]>::first_chunk_mut::<16>), piece.scratch.first_chunk::<16>())
                && piece.length <= 16
            {
                *place = *words;
            } else if let Some(place) = buffer.get_mut(at..at + piece.length) {
                place.copy_from_slice(piece.bytes());
            } else {
                missing = Some(at + piece.length);
            }
            missing.is_none()
        })?;
        if let Some(length) = missing {
            return Err(OpenRefused::NeedsRoom(size_class(length)));
        }
        if let Some(place) = buffer.first_chunk_mut() {
            *place = self.count.to_be_bytes();
        }
        Ok(())
    }

    /// Where the word lies that the next sample begins in: a multiple of eight.
    #[inline]
    #[must_use]
    pub const fn word_offset(&self) -> usize {
        (self.bits / 64) as usize * WORD
    }

    /// Adds a sample, for those who keep bytes in pieces. `word` is what stands at [`word_offset`](Self::word_offset) now
    /// (big-endian; bytes that were never written may be anything); `put` lays the bytes down there, and says whether it
    /// did: if not, nothing has changed. The first two bytes of a chunk are its count, which is not among the bytes.
    ///
    /// # Errors
    ///
    /// If the chunk is full.
    #[inline(always)]
    pub fn append_with(
        &mut self,
        word: u64,
        t: i64,
        value: f64,
        put: impl FnOnce(Piece<'_>) -> bool,
    ) -> Result<(), ChunkFull> {
        let filled = u32::from(self.bits % 64);
        // What was left behind the end of the chunk is not zero.
        let mut writer = BitWriter::<Scratch>::within(word & !(u64::MAX >> filled), filled);
        let mut state = State {
            t: self.t,
            delta: self.delta,
            value: self.value,
            window: self.window,
            count: u32::from(self.count),
        };
        state.put(&mut writer, t, value)?;
        writer.flush();

        let length = writer.bits().div_ceil(8);
        let Ok(bits) = u16::try_from(self.word_offset() * 8 + writer.bits()) else { return Err(ChunkFull(self.count)) };
        if put(Piece { length, scratch: writer.scratch() }) {
            let State { t, delta, value, window, count } = state;
            // `put` of the state refuses what this cannot count.
            *self = Self { t, delta, value, bits, count: u16::try_from(count).unwrap_or(u16::MAX), window };
        }
        Ok(())
    }

    /// How many bytes of the buffer the chunk has.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.bits.div_ceil(8) as usize
    }

    /// Whether there is no sample.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many samples were appended.
    #[must_use]
    pub const fn count(&self) -> u16 {
        self.count
    }

    /// The time and value of the newest sample, if there is one.
    #[must_use]
    pub fn last(&self) -> Option<(i64, f64)> {
        (self.count > 0).then(|| (self.t, f64::from_bits(self.value)))
    }
}

/// The bytes from an offset on, of which there may be fewer than eight.
#[inline]
fn word_at(buffer: &[u8], base: usize) -> u64 {
    let rest = buffer.get(base..).unwrap_or_default();
    if let Some(word) = rest.first_chunk() {
        return u64::from_be_bytes(*word);
    }
    let mut word = [0; WORD];
    word.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    u64::from_be_bytes(word)
}
