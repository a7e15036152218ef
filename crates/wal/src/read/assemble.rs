//! Records out of fragments.
//!
//! A header byte may be wrong although the checksum holds, so neither the part nor the compression of a fragment is
//! believed outright. The judge is the record itself: known type, every byte used, label names ascending. With kinds that
//! agree with their places, and a record that decodes, nothing is tried and nothing is copied that lies in one page.
//!
//! Where they do not agree, what is more likely is tried first: a first fragment nearly always fills its page by being
//! cut there, and hardly ever by chance, so what follows it on the next page belongs to it unless that is disproven. What
//! was cut is never tried on its own if its rest is known to be lost: the begin of a record can look like a shorter one.

use std::ops::Range;

use promd_codec::compress::Decoder;

use super::damage::Cause;
use super::judge::{Verdict, judge};
use super::scan::Fragment;
use crate::{Compression, Part};

/// How many fragments of one record may contradict their places before it is given up.
const MAX_DOUBTS: u32 = 4;

/// What a fragment led to.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) found: Option<Found>,
    /// The fragment belongs to what comes next, and has to be fed again.
    pub(super) again: bool,
}

/// A record or the loss of one, at offsets of the file.
#[derive(Debug)]
pub(super) enum Found {
    Record { range: Range<u64>, at: Place, compression: Compression, mended: bool },
    Lost { range: Range<u64>, cause: Cause },
}

/// Where the bytes of a record are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the page, not compressed.
    Page(Range<usize>),
    /// In the page, and decompressed in `decoded`.
    PageDecoded(Range<usize>),
    /// In `payload`, not compressed; so many bytes of it.
    Payload(usize),
    /// In `payload`, and decompressed in `decoded`.
    PayloadDecoded(usize),
}

/// A record that may go on in the next page.
#[derive(Clone, Copy, Debug)]
struct Open {
    start: u64,
    end: u64,
    first: Option<Part>,
    compression: Option<Compression>,
    doubts: u32,
    mended: bool,
}

#[derive(Debug)]
pub(super) struct Assembler {
    open: Option<Open>,
    payload: Vec<u8>,
    decoded: Vec<u8>,
    decoder: Decoder,
    max_record: usize,
    /// The fragment before this place is lost, so that a record may have lost its begin.
    orphaned: bool,
}

impl Assembler {
    pub(super) fn new(max_record: usize) -> Self {
        let (payload, decoded) = (Vec::new(), Vec::new());
        Self { open: None, payload, decoded, decoder: Decoder::new(), max_record, orphaned: false }
    }

    /// Begins at another place. `orphaned`: a record may have begun before it.
    pub(super) fn reset(&mut self, orphaned: bool) {
        self.open = None;
        self.orphaned = orphaned;
    }

    pub(super) fn payload(&self) -> &[u8] {
        &self.payload
    }

    pub(super) fn decoded(&self) -> &[u8] {
        &self.decoded
    }

    /// The next fragment, of the page that begins at `offset` of the file.
    #[inline]
    pub(super) fn feed(&mut self, fragment: &Fragment, page: &[u8], offset: u64) -> Outcome {
        let data = page.get(fragment.data.clone()).unwrap_or_default();
        match self.open {
            Some(open) => self.go_on(open, fragment, data, offset),
            None => self.begin(fragment, data, offset),
        }
    }

    /// What stood here is lost, and with it the record that it belonged to, whose begin is returned.
    pub(super) fn lose(&mut self) -> Option<u64> {
        self.orphaned = true;
        self.open.take().map(|open| open.start)
    }

    /// Nothing more comes. What is open was not written to its end.
    pub(super) fn finish(&mut self) -> Option<Found> {
        let cut = self.open.is_some_and(|open| matches!(open.first, Some(Part::First | Part::Middle) | None));
        self.give_up(if cut { Cause::Torn } else { Cause::Undecodable })
    }

    fn give_up(&mut self, cause: Cause) -> Option<Found> {
        self.open.take().map(|open| Found::Lost { range: open.start..open.end, cause })
    }

    fn begin(&mut self, fragment: &Fragment, data: &[u8], offset: u64) -> Outcome {
        let part = fragment.part();
        let range = offset + fragment.start as u64..offset + fragment.data.end as u64;
        if fragment.begins_page() && self.orphaned && !matches!(part, Some(Part::Full | Part::First)) {
            // Goes on if it fills its page and does not say that it is the last.
            self.orphaned = fragment.fills_page() && part != Some(Part::Last);
            return Outcome::found(Found::Lost { range, cause: Cause::Part });
        }
        self.orphaned = false;
        let ends_here = matches!(part, Some(Part::Full | Part::Last));
        if ends_here || !fragment.fills_page() {
            let claimed = fragment.compression();
            if let Some(chosen) = self.judge_slice(claimed, data, part == Some(Part::Full)) {
                let mended = fragment.mended || part != Some(Part::Full) || claimed != Some(chosen);
                let at = match chosen {
                    Compression::None => Place::Page(fragment.data.clone()),
                    _ => Place::PageDecoded(fragment.data.clone()),
                };
                return Outcome::found(Found::Record { range, at, compression: chosen, mended });
            }
        }
        if !fragment.fills_page() {
            return Outcome::found(Found::Lost { range, cause: Cause::Undecodable });
        }
        let (doubts, mended) = (u32::from(part != Some(Part::First)), fragment.mended);
        let compression = fragment.compression();
        self.open = Some(Open { start: range.start, end: range.end, first: part, compression, doubts, mended });
        self.payload.clear();
        self.payload.extend_from_slice(data);
        Outcome::nothing()
    }

    fn go_on(&mut self, mut open: Open, fragment: &Fragment, data: &[u8], offset: u64) -> Outcome {
        let part = fragment.part();
        let before = self.payload.len();
        if before + data.len() > self.max_record {
            let limit = self.max_record;
            self.orphaned = true;
            return Outcome { found: self.give_up(Cause::TooLarge { limit }), again: true };
        }
        self.payload.extend_from_slice(data);
        let mut whole = open;
        whole.end = offset + fragment.data.end as u64;
        whole.compression = open.compression.or(fragment.compression());
        whole.mended |= fragment.mended || fragment.compression() != whole.compression;
        if fragment.fills_page() && matches!(part, Some(Part::Middle) | None) {
            whole.doubts += u32::from(part.is_none());
            return self.keep_open(whole);
        }
        let agrees = part == Some(Part::Last) && whole.doubts == 0 && !whole.mended;
        whole.mended |= !agrees;
        if let Some(found) = self.close(whole, self.payload.len(), agrees) {
            return Outcome::found(found);
        }
        match part {
            // It may have been a middle one.
            Some(Part::Last) if fragment.fills_page() => {
                whole.doubts += 1;
                self.keep_open(whole)
            }
            _ => {
                open.mended = true;
                if let Some(found) = self.close(open, before, false) {
                    return Outcome { found: Some(found), again: true };
                }
                if matches!(part, Some(Part::Full | Part::First)) {
                    return Outcome { found: self.give_up(Cause::Part), again: true };
                }
                self.open = Some(whole);
                Outcome { found: self.give_up(Cause::Undecodable), again: false }
            }
        }
    }

    fn keep_open(&mut self, open: Open) -> Outcome {
        self.open = Some(open);
        if open.doubts <= MAX_DOUBTS {
            return Outcome::nothing();
        }
        self.orphaned = true;
        Outcome { found: self.give_up(Cause::Undecodable), again: false }
    }

    /// The record that the first `len` bytes of the payload make, if they make one.
    fn close(&mut self, open: Open, len: usize, agrees: bool) -> Option<Found> {
        // Taken out so that the decoder can be borrowed beside it; a vector moves without its bytes.
        let payload = std::mem::take(&mut self.payload);
        let chosen = self.judge_slice(open.compression, payload.get(..len).unwrap_or_default(), agrees);
        self.payload = payload;
        let compression = chosen?;
        self.open = None;
        let at = match compression {
            Compression::None => Place::Payload(len),
            _ => Place::PayloadDecoded(len),
        };
        let mended = open.mended || open.compression != Some(compression);
        Some(Found::Record { range: open.start..open.end, at, compression, mended })
    }

    /// Under which compression the bytes are a record: the one that is claimed, if it is possible, else another.
    ///
    /// A record of a type that is not known, as a later version may write, is taken only if everything about its
    /// fragments `agrees`, and no other compression makes a better one of it.
    #[inline]
    fn judge_slice(&mut self, claimed: Option<Compression>, bytes: &[u8], agrees: bool) -> Option<Compression> {
        let mut foreign = None;
        if let Some(claimed) = claimed {
            match self.judge_as(claimed, bytes) {
                Verdict::Sound => return Some(claimed),
                Verdict::Foreign if agrees => foreign = Some(claimed),
                _ => {}
            }
        }
        let others = Compression::ALL.into_iter().filter(|&other| Some(other) != claimed);
        for other in others {
            if self.judge_as(other, bytes) == Verdict::Sound {
                return Some(other);
            }
        }
        // The attempts overwrote what the claimed one gave.
        foreign.filter(|&claimed| self.judge_as(claimed, bytes) == Verdict::Foreign)
    }

    #[inline]
    fn judge_as(&mut self, compression: Compression, bytes: &[u8]) -> Verdict {
        if compression == Compression::None {
            return if bytes.len() <= self.max_record { judge(bytes) } else { Verdict::Broken };
        }
        match self.decoder.decode(compression.codec(), bytes, self.max_record, &mut self.decoded) {
            Ok(()) => judge(&self.decoded),
            Err(_) => Verdict::Broken,
        }
    }
}

impl Outcome {
    fn nothing() -> Self {
        Self { found: None, again: false }
    }

    fn found(found: Found) -> Self {
        Self { found: Some(found), again: false }
    }
}
