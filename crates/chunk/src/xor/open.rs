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
        // The sample is written apart from the buffer, from the word on that the chunk ends in, so that nothing is
        // half done if there is no room.
        let bits = usize::from(self.bits);
        let base = bits / 64 * WORD;
        let filled = u32::from(self.bits % 64);
        let word = if filled == 0 { 0 } else { word_at(buffer, base) & mask(filled) };
        let mut writer = BitWriter::<Scratch>::within(word, filled);
        let mut state = State {
            t: self.t,
            delta: self.delta,
            value: self.value,
            window: self.window,
            count: u32::from(self.count),
        };
        state.put(&mut writer, t, value)?;
        writer.flush();

        let end = base * 8 + writer.bits();
        let length = end.div_ceil(8);
        let Ok(bits) = u16::try_from(end) else { return Err(ChunkFull(self.count).into()) };
        // Two words at once, if they fit: what lies behind the end does not count.
        let scratch = writer.scratch();
        if let (Some(place), Some(words)) =
            (buffer.get_mut(base..).and_then(<[u8]>::first_chunk_mut::<16>), scratch.first_chunk::<16>())
            && length - base <= 16
        {
            *place = *words;
        } else if let (Some(place), Some(bytes)) = (buffer.get_mut(base..length), scratch.get(..length - base)) {
            place.copy_from_slice(bytes);
        } else {
            return Err(OpenRefused::NeedsRoom(size_class(length)));
        }
        let State { t, delta, value, window, count } = state;
        // `put` refuses what this cannot count.
        let count = u16::try_from(count).unwrap_or(u16::MAX);
        *self = Self { t, delta, value, bits, count, window };
        if let Some(place) = buffer.first_chunk_mut() {
            *place = count.to_be_bytes();
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

/// The first bits of a word. What was left behind the end of the chunk is not zero.
const fn mask(filled: u32) -> u64 {
    !(u64::MAX >> filled)
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
