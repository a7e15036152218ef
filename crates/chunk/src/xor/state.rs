//! What the next sample of a chunk is written relative to, and how.

use super::{ChunkFull, Window, XorDecoder};
use crate::bits::{BitWriter, Buffer};
use crate::varbit::in_range;

/// The most samples that a count of 16 bits can tell of.
const MOST_SAMPLES: u32 = 0xffff;

#[derive(Debug, Clone, Copy)]
pub(super) struct State {
    pub(super) t: i64,
    pub(super) delta: u64,
    pub(super) value: u64,
    pub(super) window: Window,
    // Wider than the format's: storing two bytes and loading four would wait for the store.
    pub(super) count: u32,
}

impl State {
    pub(super) const EMPTY: Self = Self { t: 0, delta: 0, value: 0, window: Window::NONE, count: 0 };

    /// Behind the samples that were decoded.
    pub(super) fn behind(decoder: &XorDecoder<'_>) -> Self {
        Self {
            t: decoder.t(),
            delta: decoder.delta(),
            value: decoder.value(),
            // As Prometheus' iterator leaves it: without a window, all bits.
            window: decoder.window(),
            count: u32::from(decoder.count()),
        }
    }

    /// Writes a sample, and room for the count in front of the first one.
    #[inline]
    pub(super) fn put<B: Buffer>(&mut self, bits: &mut BitWriter<B>, t: i64, value: f64) -> Result<(), ChunkFull> {
        let value = value.to_bits();
        match self.count {
            0 => {
                bits.put(0, 16);
                bits.varint(t);
                bits.put(value, 64);
            }
            1 => {
                self.delta = t.wrapping_sub(self.t).cast_unsigned();
                bits.uvarint(self.delta);
                self.window.put(bits, self.value, value);
            }
            MOST_SAMPLES => return Err(ChunkFull(u16::MAX)),
            _ => {
                let delta = t.wrapping_sub(self.t).cast_unsigned();
                if delta == self.delta && value == self.value {
                    bits.put(0, 2);
                } else {
                    put_change(bits, delta.wrapping_sub(self.delta).cast_signed());
                    self.delta = delta;
                    self.window.put(bits, self.value, value);
                }
            }
        }
        self.t = t;
        self.value = value;
        self.count += 1;
        Ok(())
    }

    pub(super) fn last(&self) -> Option<(i64, f64)> {
        (self.count > 0).then(|| (self.t, f64::from_bits(self.value)))
    }
}

/// Writes the change of the distance between samples.
#[inline]
fn put_change<B: Buffer>(bits: &mut BitWriter<B>, change: i64) {
    let low = |bits: u32| change.cast_unsigned() & ((1 << bits) - 1);
    if change == 0 {
        bits.put(0, 1);
    } else if in_range(change, 14) {
        bits.put(0b10 << 14 | low(14), 16);
    } else if in_range(change, 17) {
        bits.put(0b110 << 17 | low(17), 20);
    } else if in_range(change, 20) {
        bits.put(0b1110 << 20 | low(20), 24);
    } else {
        bits.put(0b1111, 4);
        bits.put(change.cast_unsigned(), 64);
    }
}
