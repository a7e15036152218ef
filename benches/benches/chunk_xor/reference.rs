//! The XOR encoding written down as the format description reads: bit by bit where it speaks of bits, byte by byte
//! where of bytes.

use promd_benches::patterns::Sample;

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    /// Bits left in the last byte.
    free: u32,
}

impl Bits {
    fn bit(&mut self, bit: bool) {
        if self.free == 0 {
            self.bytes.push(0);
            self.free = 8;
        }
        self.free -= 1;
        if bit {
            *self.bytes.last_mut().unwrap() |= 1 << self.free;
        }
    }

    fn byte(&mut self, byte: u8) {
        if self.free == 0 {
            self.bytes.push(byte);
            return;
        }
        *self.bytes.last_mut().unwrap() |= byte >> (8 - self.free);
        self.bytes.push(byte << self.free);
    }

    fn bits(&mut self, value: u64, mut count: u32) {
        while count >= 8 {
            count -= 8;
            self.byte((value >> count & 0xff) as u8);
        }
        while count > 0 {
            count -= 1;
            self.bit(value >> count & 1 == 1);
        }
    }

    fn uvarint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.byte((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.byte(value as u8);
    }
}

pub(crate) fn encode(samples: &[Sample]) -> Vec<u8> {
    let mut bits = Bits { bytes: Vec::with_capacity(128), free: 0 };
    bits.bits(0, 16);
    let (mut t0, mut delta, mut v0) = (0i64, 0i64, 0u64);
    let mut window: Option<(u32, u32)> = None;
    for (i, (t, v)) in samples.iter().enumerate() {
        let v = v.to_bits();
        match i {
            0 => {
                bits.uvarint((t << 1 ^ t >> 63) as u64);
                bits.bits(v, 64);
            }
            1 => {
                delta = t - t0;
                bits.uvarint(delta as u64);
                put_value(&mut bits, v0 ^ v, &mut window);
            }
            _ => {
                let change = t - t0 - delta;
                delta = t - t0;
                let fits = |n: u32| -((1 << (n - 1)) - 1) <= change && change <= 1 << (n - 1);
                if change == 0 {
                    bits.bit(false);
                } else if fits(14) {
                    bits.bits(0b10, 2);
                    bits.bits(change as u64, 14);
                } else if fits(17) {
                    bits.bits(0b110, 3);
                    bits.bits(change as u64, 17);
                } else if fits(20) {
                    bits.bits(0b1110, 4);
                    bits.bits(change as u64, 20);
                } else {
                    bits.bits(0b1111, 4);
                    bits.bits(change as u64, 64);
                }
                put_value(&mut bits, v0 ^ v, &mut window);
            }
        }
        (t0, v0) = (*t, v);
        let count = (i + 1) as u16;
        bits.bytes[..2].copy_from_slice(&count.to_be_bytes());
    }
    bits.bytes
}

fn put_value(bits: &mut Bits, difference: u64, window: &mut Option<(u32, u32)>) {
    if difference == 0 {
        bits.bit(false);
        return;
    }
    bits.bit(true);
    let (leading, trailing) = (difference.leading_zeros().min(31), difference.trailing_zeros());
    match *window {
        Some((l, t)) if leading >= l && trailing >= t => {
            bits.bit(false);
            bits.bits(difference >> t, 64 - l - t);
        }
        _ => {
            *window = Some((leading, trailing));
            bits.bit(true);
            bits.bits(u64::from(leading), 5);
            bits.bits(u64::from(64 - leading - trailing) & 63, 6);
            bits.bits(difference >> trailing, 64 - leading - trailing);
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn bit(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(bit == 1)
    }

    fn byte(&mut self) -> Option<u8> {
        let shift = self.at % 8;
        let high = *self.bytes.get(self.at / 8)?;
        let byte = if shift == 0 { high } else { high << shift | self.bytes.get(self.at / 8 + 1)? >> (8 - shift) };
        self.at += 8;
        Some(byte)
    }

    fn bits(&mut self, mut count: u32) -> Option<u64> {
        let mut value = 0;
        while count >= 8 {
            value = value << 8 | u64::from(self.byte()?);
            count -= 8;
        }
        while count > 0 {
            value = value << 1 | u64::from(self.bit()?);
            count -= 1;
        }
        Some(value)
    }

    fn uvarint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
}

pub(crate) fn decode(bytes: &[u8], times: &mut Vec<i64>, values: &mut Vec<f64>) -> Option<()> {
    let mut reader = Reader { bytes, at: 0 };
    let count = reader.bits(16)?;
    let (mut t, mut delta, mut v) = (0i64, 0i64, 0u64);
    let mut window = (0, 0);
    for i in 0..count {
        match i {
            0 => {
                let zigzag = reader.uvarint()?;
                t = (zigzag >> 1) as i64 ^ -((zigzag & 1) as i64);
                v = reader.bits(64)?;
            }
            _ => {
                if i == 1 {
                    delta = reader.uvarint()? as i64;
                } else {
                    let mut ones = 0;
                    while ones < 4 && reader.bit()? {
                        ones += 1;
                    }
                    let width = [0, 14, 17, 20, 64][ones];
                    let mut change = reader.bits(width)?;
                    if (1..64).contains(&width) && change > 1 << (width - 1) {
                        change = change.wrapping_sub(1 << width);
                    }
                    delta += change as i64;
                }
                t += delta;
                if reader.bit()? {
                    if reader.bit()? {
                        let leading = reader.bits(5)? as u32;
                        let length = match reader.bits(6)? as u32 {
                            0 => 64,
                            length => length,
                        };
                        window = (leading, 64 - leading - length);
                    }
                    v ^= reader.bits(64 - window.0 - window.1)? << window.1;
                }
            }
        }
        times.push(t);
        values.push(f64::from_bits(v));
    }
    Some(())
}
