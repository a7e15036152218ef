//! Writing bits, in place, into a buffer that grows by size classes.
//!
//! A head holds one open chunk for every series, mostly half full: what a `Vec` that doubles leaves unused would be a good
//! part of its memory. So the buffer grows through [`CLASSES`], each about a quarter larger than the one before and a
//! size that allocators have a bin for. The buffer is kept zeroed behind its end, which lets a write put down whole words.

use crate::ChunkError;

/// Capacities in bytes. A chunk is cut at 1 KiB (`tsdb/head_append.go`), which a last sample may pass by a little.
const CLASSES: [u16; 20] =
    [32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896, 1024, 1280];

/// The longest write, in bytes: 64 bits at an offset of 7 touch nine of them, laid down as a word of sixteen.
const WORD: usize = 16;

#[derive(Debug, Clone)]
pub(crate) struct BitWriter {
    /// Zero from the end of what was written.
    buffer: Vec<u8>,
    /// How many bits were written.
    at: usize,
}

impl BitWriter {
    pub(crate) fn new() -> Self {
        Self { buffer: Vec::new(), at: 0 }
    }

    /// Goes on behind `bits` bits of `bytes`, which are taken over.
    pub(crate) fn resume(bytes: &[u8], bits: usize) -> Result<Self, ChunkError> {
        if bits > bytes.len() * 8 {
            return Err(ChunkError::Truncated { bit: bits, bits: bytes.len() * 8 });
        }
        let mut writer = Self { buffer: Vec::new(), at: bits };
        writer.reserve(bits.div_ceil(8));
        for (to, from) in writer.buffer.iter_mut().zip(bytes.iter().take(bits.div_ceil(8))) {
            *to = *from;
        }
        // Padding may be anything in a damaged chunk; writing needs zeros.
        if let Some(last) = writer.buffer.get_mut(bits / 8)
            && bits % 8 != 0
        {
            *last &= !(0xff >> (bits % 8));
        }
        Ok(writer)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.at.div_ceil(8)).unwrap_or_default()
    }

    /// How many bits were written.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// What the buffer takes from the allocator.
    pub(crate) fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    /// Overwrites what was written before, byte by byte.
    pub(crate) fn overwrite(&mut self, offset: usize, bytes: &[u8]) {
        debug_assert!(offset + bytes.len() <= self.at / 8, "only whole bytes that were written");
        for (to, from) in self.buffer.iter_mut().skip(offset).zip(bytes) {
            *to = *from;
        }
    }

    /// Writes the low `count` bits of `value`; `count` is at most 64.
    #[inline]
    pub(crate) fn put(&mut self, value: u64, count: u32) {
        debug_assert!(count <= 64 && (count == 64 || value >> count == 0), "{value:#x} has more than {count} bits");
        if count == 0 {
            return;
        }
        let byte = self.at / 8;
        if self.buffer.len() < byte + WORD {
            self.reserve(byte + WORD);
        }
        // The bits at their place in a word of 128 whose first byte is the one that is being filled.
        let used = (self.at % 8) as u32;
        let word = (u128::from(value) << (128 - count)) >> used;
        if let Some(place) = self.buffer.get_mut(byte..byte + WORD) {
            let filled = place.first().copied().unwrap_or_default();
            let word = word | u128::from(filled) << 120;
            place.copy_from_slice(&word.to_be_bytes());
        }
        self.at += count as usize;
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

    #[cold]
    fn reserve(&mut self, needed: usize) {
        let class = CLASSES.iter().map(|class| usize::from(*class)).find(|class| *class >= needed);
        let capacity = class.unwrap_or_else(|| needed.next_multiple_of(512));
        self.buffer.reserve_exact(capacity - self.buffer.len());
        self.buffer.resize(capacity, 0);
    }
}
