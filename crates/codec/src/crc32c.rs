//! CRC-32C (Castagnoli), the checksum of every Prometheus file format, with the instruction of the CPU where it has one.

/// The CRC-32C of `bytes`.
///
/// ```
/// assert_eq!(promd_codec::crc32c(b"123456789"), 0xe306_9283);
/// ```
#[must_use]
#[inline]
pub fn crc32c(bytes: &[u8]) -> u32 {
    ::crc32c::crc32c(bytes)
}

/// The CRC-32C of bytes that come in pieces.
///
/// ```
/// let mut crc = promd_codec::Crc32c::new();
/// crc.update(b"1234");
/// crc.update(b"56789");
/// assert_eq!(crc.finish(), promd_codec::crc32c(b"123456789"));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Crc32c(u32);

impl Crc32c {
    /// The checksum of no bytes.
    #[must_use]
    pub const fn new() -> Self {
        Self(0)
    }

    /// Adds `bytes` to what is covered.
    #[inline]
    pub fn update(&mut self, bytes: &[u8]) {
        self.0 = ::crc32c::crc32c_append(self.0, bytes);
    }

    /// The checksum of all that was added; more can be added still.
    #[must_use]
    #[inline]
    pub const fn finish(&self) -> u32 {
        self.0
    }
}
