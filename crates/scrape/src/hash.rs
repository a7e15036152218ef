//! The hashes that decide when a target is scraped, so that two servers of one configuration agree.

/// 64-bit FNV-1a, as Go's `hash/fnv` has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fnv(u64);

impl Fnv {
    pub(crate) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(crate) fn write(mut self, bytes: &[u8]) -> Self {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        self
    }

    pub(crate) const fn finish(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `hash/fnv/fnv_test.go` of Go.
    #[test]
    fn as_go_has_it() {
        let cases: [(&str, u64); 4] = [
            ("", 0xcbf2_9ce4_8422_2325),
            ("a", 0xaf63_dc4c_8601_ec8c),
            ("ab", 0x089c_4407_b545_986a),
            ("abc", 0xe71f_a219_0541_574b),
        ];
        for (text, hash) in cases {
            assert_eq!(Fnv::new().write(text.as_bytes()).finish(), hash, "{text}");
        }
    }
}
