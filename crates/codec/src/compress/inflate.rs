//! gzip members and zlib streams, fed in pieces.
//!
//! ```text
//! member: 1f 8b 08 | flags u8 | time u32 | extra flags u8 | system u8
//!       | extra: length u16 LE, bytes       if flags & 4
//!       | name: bytes, 0                    if flags & 8
//!       | comment: bytes, 0                 if flags & 16
//!       | CRC-32 of the header, low 16 bits if flags & 2
//!       | deflate stream | CRC-32 u32 LE | decoded length modulo 2^32 u32 LE
//! ```
//!
//! What is accepted is what Go's `compress/gzip` accepts: any number of members but at least one, nothing after them,
//! names and comments below 512 bytes, reserved flags ignored. The checksum of every member is verified.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::{Compression, DecompressError, reserve_within};

/// The longest name or comment, with the zero after it.
const MAX_TEXT: usize = 512;
const FLAG_CRC: u8 = 0x02;
const FLAG_EXTRA: u8 = 0x04;
const FLAG_NAME: u8 = 0x08;
const FLAG_COMMENT: u8 = 0x10;

/// Where in a member the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Fixed,
    ExtraLength,
    Extra {
        left: usize,
    },
    Name {
        length: usize,
    },
    Comment {
        length: usize,
    },
    HeaderCrc,
    Body,
    Trailer,
    /// After a zlib stream: whatever follows is not looked at, as in Go.
    End,
}

/// The state of a decoder. It is of a fixed size, and its memory is used again after [`reset`](Self::reset).
#[derive(Debug)]
pub(super) struct Inflate {
    compression: Compression,
    raw: Decompress,
    state: State,
    /// The fixed-width fields of header and trailer, gathered byte by byte.
    held: [u8; 10],
    held_len: usize,
    /// The parts of the header that are still to come.
    flags: u8,
    /// Of the header while it is read, of the decoded bytes after it.
    crc: Crc,
    members: u64,
}

impl Inflate {
    /// A decoder of gzip members.
    pub(super) fn gzip() -> Self {
        Self::new(Compression::Gzip)
    }

    /// A decoder of a zlib stream.
    pub(super) fn zlib() -> Self {
        Self::new(Compression::Deflate)
    }

    fn new(compression: Compression) -> Self {
        let zlib = compression == Compression::Deflate;
        Self {
            compression,
            raw: Decompress::new(zlib),
            state: if zlib { State::Body } else { State::Fixed },
            held: [0; 10],
            held_len: 0,
            flags: 0,
            crc: Crc::new(),
            members: 0,
        }
    }

    /// Forgets the input so far.
    pub(super) fn reset(&mut self) {
        let zlib = self.compression == Compression::Deflate;
        self.raw.reset(zlib);
        self.state = if zlib { State::Body } else { State::Fixed };
        self.held_len = 0;
        self.crc.reset();
        self.members = 0;
    }

    pub(super) const fn compression(&self) -> Compression {
        self.compression
    }

    /// Whether the next bytes are for [`inflate`](Self::inflate), and not for [`framing`](Self::framing).
    pub(super) fn in_body(&self) -> bool {
        self.state == State::Body
    }

    /// Whether nothing more is to come, whatever follows.
    pub(super) fn is_done(&self) -> bool {
        self.state == State::End
    }

    /// What the end of the input means here.
    pub(super) fn at_end(&self) -> Result<(), DecompressError> {
        let between = self.state == State::Fixed && self.held_len == 0 && self.members > 0;
        if between || self.is_done() {
            return Ok(());
        }
        Err(DecompressError::UnexpectedEnd { compression: self.compression })
    }

    /// Runs the deflate decoder once: `run` gives it input and output, and returns what was decoded.
    /// Returns how many bytes of input that took.
    pub(super) fn inflate<'o>(
        &mut self,
        run: impl FnOnce(&mut Decompress) -> (Result<Status, flate2::DecompressError>, &'o [u8]),
    ) -> Result<usize, DecompressError> {
        let before = self.raw.total_in();
        let (status, decoded) = run(&mut self.raw);
        let used = usize::try_from(self.raw.total_in() - before).unwrap_or(usize::MAX);
        match status {
            Ok(Status::Ok | Status::BufError) => {}
            Ok(Status::StreamEnd) if self.compression == Compression::Deflate => self.state = State::End,
            Ok(Status::StreamEnd) => self.state = State::Trailer,
            Err(_) => return Err(self.corrupt("corrupt input")),
        }
        if self.compression == Compression::Gzip {
            self.crc.update(decoded);
        }
        Ok(used)
    }

    /// Reads of header and trailer what `input` has of them. Returns how many bytes that took.
    pub(super) fn framing(&mut self, input: &[u8]) -> Result<usize, DecompressError> {
        let mut rest = input;
        while !rest.is_empty() {
            match self.state {
                State::Body | State::End => break,
                State::Fixed => {
                    let Some([magic @ .., flags, _, _, _, _, _, _]) = self.gather::<10>(&mut rest) else { break };
                    if magic != [0x1f, 0x8b, 0x08] {
                        return Err(self.corrupt("invalid header"));
                    }
                    self.flags = flags;
                    self.next_part();
                }
                State::ExtraLength => {
                    let Some(length) = self.gather::<2>(&mut rest) else { break };
                    match usize::from(u16::from_le_bytes(length)) {
                        0 => self.next_part(),
                        left => self.state = State::Extra { left },
                    }
                }
                State::Extra { left } => {
                    let taken = rest.len().min(left);
                    self.cover(&mut rest, taken);
                    match left - taken {
                        0 => self.next_part(),
                        left => self.state = State::Extra { left },
                    }
                }
                State::Name { length } => match self.text(&mut rest, length)? {
                    Some(length) => self.state = State::Name { length },
                    None => self.next_part(),
                },
                State::Comment { length } => match self.text(&mut rest, length)? {
                    Some(length) => self.state = State::Comment { length },
                    None => self.next_part(),
                },
                State::HeaderCrc => {
                    let computed = self.crc.sum().to_le_bytes();
                    let Some(stored) = self.gather::<2>(&mut rest) else { break };
                    if !computed.starts_with(&stored) {
                        return Err(self.corrupt("invalid header"));
                    }
                    self.next_part();
                }
                State::Trailer => {
                    let (crc, amount) = (self.crc.sum().to_le_bytes(), self.crc.amount().to_le_bytes());
                    let Some(trailer) = self.gather::<8>(&mut rest) else { break };
                    if !trailer.starts_with(&crc) || !trailer.ends_with(&amount) {
                        return Err(self.corrupt("invalid checksum"));
                    }
                    self.members += 1;
                    self.raw.reset(false);
                    self.crc.reset();
                    self.state = State::Fixed;
                }
            }
        }
        Ok(input.len() - rest.len())
    }

    /// Goes on to the next part of the header that the flags announce, in the order of the format, and then to the body.
    fn next_part(&mut self) {
        let mut take = |flag: u8| {
            let announced = self.flags & flag != 0;
            self.flags &= !flag;
            announced
        };
        self.state = if take(FLAG_EXTRA) {
            State::ExtraLength
        } else if take(FLAG_NAME) {
            State::Name { length: 0 }
        } else if take(FLAG_COMMENT) {
            State::Comment { length: 0 }
        } else if take(FLAG_CRC) {
            State::HeaderCrc
        } else {
            self.crc.reset();
            State::Body
        };
    }

    /// Gathers a field of `N` bytes, or as many of them as there are. Header fields go into the checksum; that of the
    /// header itself and the trailer are compared with a checksum that was taken before.
    fn gather<const N: usize>(&mut self, rest: &mut &[u8]) -> Option<[u8; N]> {
        while self.held_len < N {
            let (byte, after) = rest.split_first()?;
            *self.held.get_mut(self.held_len)? = *byte;
            self.held_len += 1;
            *rest = after;
        }
        self.held_len = 0;
        let field = *self.held.first_chunk::<N>()?;
        if matches!(self.state, State::Fixed | State::ExtraLength) {
            self.crc.update(&field);
        }
        Some(field)
    }

    /// Passes over `count` bytes of the header.
    fn cover(&mut self, rest: &mut &[u8], count: usize) {
        let (taken, after) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        self.crc.update(taken);
        *rest = after;
    }

    /// Passes over text up to its zero, of which `length` bytes have been seen: `None` if it ends here, otherwise the
    /// bytes seen so far.
    fn text(&mut self, rest: &mut &[u8], length: usize) -> Result<Option<usize>, DecompressError> {
        let zero = rest.iter().position(|byte| *byte == 0);
        let taken = zero.map_or(rest.len(), |zero| zero + 1);
        if length + taken > MAX_TEXT || (zero.is_none() && length + taken == MAX_TEXT) {
            return Err(self.corrupt("invalid header"));
        }
        self.cover(rest, taken);
        Ok(if zero.is_some() { None } else { Some(length + taken) })
    }

    fn corrupt(&self, what: &'static str) -> DecompressError {
        DecompressError::Corrupt { compression: self.compression, what }
    }
}

/// Decodes all of `input` into `out`, which is replaced.
pub(super) fn decode(
    inflate: &mut Inflate,
    input: &[u8],
    limit: usize,
    out: &mut Vec<u8>,
) -> Result<(), DecompressError> {
    out.clear();
    inflate.reset();
    let mut rest = input;
    while !inflate.is_done() {
        let before = out.len();
        let used = if inflate.in_body() {
            grow(out, rest.len(), limit);
            inflate.inflate(|raw| {
                let status = raw.decompress_vec(rest, out, FlushDecompress::None);
                (status, out.get(before..).unwrap_or_default())
            })?
        } else {
            inflate.framing(rest)?
        };
        if out.len() > limit {
            return Err(DecompressError::TooLarge { compression: inflate.compression(), limit, declared: None });
        }
        // There was room for output: without any, and without input that was used, more input is what is needed.
        if used == 0 && out.len() == before {
            break;
        }
        rest = rest.get(used..).unwrap_or_default();
    }
    inflate.at_end()
}

/// Makes room for more output if there is none: for four times the input that is left at first, which is what text
/// commonly gives, and never for more than one byte above the limit. That one byte tells an output that ends at the limit
/// from one that goes beyond it.
fn grow(out: &mut Vec<u8>, input_left: usize, limit: usize) {
    const MIN: usize = 64;
    if out.len() < out.capacity() {
        return;
    }
    let wanted = if out.is_empty() { input_left.saturating_mul(4).max(MIN) } else { 1 };
    let most = limit.saturating_add(1);
    reserve_within(out, wanted.min(most.saturating_sub(out.len())), most);
}
