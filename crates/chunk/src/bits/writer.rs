//! Writing bits, in place, into a buffer that grows by size classes.
//!
//! A head holds one open chunk for every series, mostly half full: what a `Vec` that doubles leaves unused would be a good
//! part of its memory. So the buffer grows through [`CLASSES`], each about a quarter larger than the one before and a
//! size that allocators have a bin for. Bits are gathered in a register and stored a word at a time, once an append.

use super::BitReader;
use crate::ChunkError;

/// Capacities in bytes. A chunk is cut at 1 KiB (`tsdb/head_append.go`), which a last sample may pass by a little.
const CLASSES: [u16; 20] =
    [32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896, 1024, 1280];

/// A word in the making. Whole words are stored; the last one is stored at the end of every append.
const WORD: usize = 8;

/// What bits are written into.
pub(crate) trait Buffer {
    /// The word at an offset, made if it is not there.
    fn word(&mut self, base: usize) -> Option<&mut [u8; WORD]>;
}

/// Grows.
impl Buffer for Vec<u8> {
    #[inline]
    fn word(&mut self, base: usize) -> Option<&mut [u8; WORD]> {
        if self.len() < base + WORD {
            grow(self, base + WORD);
        }
        self.get_mut(base..)?.first_chunk_mut()
    }
}

/// What one sample takes at most, with the word that it begins in.
pub(crate) type Scratch = [u8; 5 * WORD];

impl Buffer for Scratch {
    #[inline]
    fn word(&mut self, base: usize) -> Option<&mut [u8; WORD]> {
        self.get_mut(base..)?.first_chunk_mut()
    }
}

#[derive(Debug, Clone)]
pub(crate) struct BitWriter<B = Vec<u8>> {
    /// Zero behind the last word.
    buffer: B,
    /// Where the word in the making goes.
    base: usize,
    /// Its bits so far, from the most significant one on.
    word: u64,
    /// How many they are: less than 64.
    filled: u32,
}

impl BitWriter<Scratch> {
    /// Goes on in the middle of a word of which `filled` bits are taken.
    #[inline]
    pub(crate) fn within(word: u64, filled: u32) -> Self {
        Self { buffer: [0; 5 * WORD], base: 0, word, filled }
    }

    /// How many bits there are, those of the first word included.
    #[inline]
    pub(crate) fn bits(&self) -> usize {
        self.base * 8 + self.filled as usize
    }

    /// What was written up to the last [`flush`](Self::flush), and zeros.
    #[inline]
    pub(crate) fn scratch(&self) -> &Scratch {
        &self.buffer
    }
}

impl BitWriter {
    pub(crate) const fn new() -> Self {
        Self { buffer: Vec::new(), base: 0, word: 0, filled: 0 }
    }

    /// Goes on behind `bits` bits of `bytes`, which are taken over.
    pub(crate) fn resume(bytes: &[u8], bits: usize) -> Result<Self, ChunkError> {
        let mut reader = BitReader::new(bytes);
        let mut writer = Self::new();
        let mut left = bits;
        while left > 0 {
            let step = left.min(64);
            #[expect(clippy::cast_possible_truncation, reason = "at most 64")]
            writer.put(reader.bits_u64(step as u32)?, step as u32);
            left -= step;
        }
        writer.flush();
        Ok(writer)
    }

    /// What was written up to the last [`flush`](Self::flush).
    pub(crate) fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.base + self.filled.div_ceil(8) as usize).unwrap_or_default()
    }

    /// What the buffer takes from the allocator.
    pub(crate) fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    /// Overwrites the first bytes of what was flushed.
    #[inline]
    pub(crate) fn overwrite<const N: usize>(&mut self, head: [u8; N]) {
        if let Some(place) = self.buffer.first_chunk_mut() {
            *place = head;
        }
        // The head is still in the making.
        if self.base == 0 {
            let mut word = self.word.to_be_bytes();
            if let Some(place) = word.first_chunk_mut() {
                *place = head;
            }
            self.word = u64::from_be_bytes(word);
        }
    }
}

impl<B: Buffer> BitWriter<B> {
    /// Writes the low `count` bits of `value`; `count` is from 1 to 64, and the bits above are zero.
    #[inline]
    pub(crate) fn put(&mut self, value: u64, count: u32) {
        debug_assert!(
            (1..=64).contains(&count) && (count == 64 || value >> count == 0),
            "{value:#x} has more than {count} bits"
        );
        let free = 64 - self.filled;
        if count < free {
            self.word |= value << (free - count);
            self.filled += count;
            return;
        }
        let rest = count - free;
        self.word |= value >> rest;
        self.store();
        self.base += WORD;
        // Not `64 - rest` alone: with no rest, that is a shift by 64.
        self.word = if rest == 0 { 0 } else { value << (64 - rest) };
        self.filled = rest;
    }

    /// Makes what was written visible in the buffer.
    #[inline]
    pub(crate) fn flush(&mut self) {
        self.store();
    }

    #[inline]
    fn store(&mut self) {
        if let Some(place) = self.buffer.word(self.base) {
            *place = self.word.to_be_bytes();
        }
    }

    /// An unsigned varint of whole bytes, at any position.
    pub(crate) fn uvarint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.put(value & 0x7f | 0x80, 8);
            value >>= 7;
        }
        self.put(value, 8);
    }

    /// A signed (zigzag) varint.
    pub(crate) fn varint(&mut self, value: i64) {
        self.uvarint((value << 1 ^ value >> 63).cast_unsigned());
    }
}

#[cold]
fn grow(buffer: &mut Vec<u8>, needed: usize) {
    let capacity = size_class(needed);
    buffer.reserve_exact(capacity - buffer.len());
    buffer.resize(capacity, 0);
}

/// The size that a buffer of at least `needed` bytes has.
pub(crate) fn size_class(needed: usize) -> usize {
    let class = CLASSES.iter().map(|class| usize::from(*class)).find(|class| *class >= needed);
    class.unwrap_or_else(|| needed.next_multiple_of(512))
}
