//! The chunks of a file, past damage.

use std::ops::Range;

use super::damage::HeadCause;
use super::format::{CHECKSUM, ChunkHead, FIRST_CHUNK, MIN_CHUNK, Parsed, parse, parse_header};

/// How many times the length of the file may be summed up in search of the next sound chunk. Random bytes look like a
/// header once in fifty, and hostile ones always.
const SEARCH: usize = 8;

/// What a file holds, from its begin to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scanned {
    /// A sound chunk.
    Chunk {
        /// Where it begins.
        at: usize,
        /// What it says of itself.
        head: ChunkHead,
        /// Where its data are.
        data: Range<usize>,
    },
    /// Bytes that belong to no sound chunk.
    Damage {
        /// Where they are.
        range: Range<usize>,
        /// What a header among them says, if the length in it is right.
        suspect: Option<ChunkHead>,
        /// What is wrong with them.
        cause: HeadCause,
    },
}

/// Reads the bytes of a file, its header left out of account, and returns where its chunks end.
///
/// A damaged chunk costs itself: if its length still leads to a sound one, reading goes on there, else at the next place at
/// which a chunk has the right checksum. Bytes at the end that are no chunk are [`HeadCause::Torn`].
pub fn scan(bytes: &[u8], mut found: impl FnMut(Scanned)) -> usize {
    // Chunks may end in zeros, so this can lie inside the last one, but nothing begins behind it.
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let mut budget = bytes.len().saturating_mul(SEARCH);
    let mut at = FIRST_CHUNK;
    while at < used {
        let rest = bytes.get(at..).unwrap_or_default();
        let unsound = match parse(rest) {
            Ok(Parsed { head, data, end }) => {
                found(Scanned::Chunk { at, head, data: at + data.start..at + data.end });
                at += end;
                continue;
            }
            Err(unsound) => unsound,
        };
        // The length is believed if it leads to a chunk, or to the end, where a sum may end in zeros.
        let is_end = |next: usize| (used..=used + CHECKSUM).contains(&next);
        let led = unsound.end.map(|end| at + end).filter(|next| is_end(*next) || is_sound(bytes, *next, &mut budget));
        let next = led.or_else(|| search(bytes, at + 1, used, &mut budget));
        let zeros = rest.iter().take(24).all(|byte| *byte == 0);
        let cause = match (next, unsound.cause) {
            (None, _) => HeadCause::Torn,
            (Some(_), _) if zeros => HeadCause::Zeros,
            (Some(_), cause) => cause,
        };
        let end = next.unwrap_or(used).min(bytes.len());
        let suspect = if led.is_some() { unsound.suspect } else { None };
        found(Scanned::Damage { range: at..end, suspect, cause });
        at = end;
    }
    at.max(FIRST_CHUNK).min(bytes.len())
}

/// The next place at which a sound chunk begins.
fn search(bytes: &[u8], from: usize, used: usize, budget: &mut usize) -> Option<usize> {
    (from..used.checked_sub(MIN_CHUNK - CHECKSUM)? + 1).find(|at| is_sound(bytes, *at, budget))
}

fn is_sound(bytes: &[u8], at: usize, budget: &mut usize) -> bool {
    let Some(rest) = bytes.get(at..) else { return false };
    // Nearly everything is dismissed here, without a sum.
    let Some((Some(_), data)) = parse_header(rest) else { return false };
    let Ok(len) = usize::try_from(data.end) else { return false };
    if len > rest.len() || len > *budget {
        return false;
    }
    *budget -= len;
    parse(rest).is_ok()
}
