//! zstd, by the reference implementation.

use zstd::zstd_safe::zstd_sys::ZSTD_EndDirective;
use zstd::zstd_safe::{self, CCtx, CParameter, DCtx, InBuffer, OutBuffer};

use super::stream::{ROOM, Step};
use super::zstd_frame::{Fault, extent};
use super::{CompressError, Compression, DecompressError};

const COMPRESSION: Compression = Compression::Zstd;

/// Decodes all frames of `input` into `out`, which is replaced.
pub(super) fn decode(
    context: &mut DCtx<'static>,
    input: &[u8],
    limit: usize,
    out: &mut Vec<u8>,
) -> Result<(), DecompressError> {
    let extent = extent(input).map_err(|fault| match fault {
        Fault::UnexpectedEnd => DecompressError::UnexpectedEnd { compression: COMPRESSION },
        Fault::Corrupt(what) => DecompressError::Corrupt { compression: COMPRESSION, what },
    })?;
    let too_large = DecompressError::TooLarge { compression: COMPRESSION, limit, declared: extent.declared };
    if extent.declared.is_some_and(|declared| declared > limit as u64) {
        return Err(too_large);
    }
    let most = usize::try_from(extent.bound).map_or(limit, |bound| bound.min(limit));
    out.reserve_exact(most.saturating_sub(out.len()));
    // Not cleared before: only what the vector grows by is zeroed. What the vector has beyond that is not used, since
    // the room for the output decides which error an input gives that does not fit.
    out.resize(most, 0);
    // The output is its own window: decoding a whole input at once allocates nothing beside it.
    match context.decompress(out.as_mut_slice(), input) {
        Ok(written) => {
            out.truncate(written);
            Ok(())
        }
        Err(code) => {
            let what = zstd_safe::get_error_name(code);
            let full = what == DESTINATION_TOO_SMALL && extent.bound > limit as u64;
            Err(if full { too_large } else { DecompressError::Corrupt { compression: COMPRESSION, what } })
        }
    }
}

/// How the library names the error of an output that is full; its codes are not public.
const DESTINATION_TOO_SMALL: &str = "Destination buffer is too small";

/// A context for [`encode`].
pub(super) fn encoder() -> CCtx<'static> {
    let mut context = CCtx::create();
    // Prometheus' encoder writes checksums. A parameter of a fresh context that the library knows cannot be refused.
    context.set_parameter(CParameter::ChecksumFlag(true)).ok();
    context
}

/// Encodes `input` as one frame into `out`, which is replaced.
pub(super) fn encode(context: &mut CCtx<'static>, input: &[u8], out: &mut Vec<u8>) -> Result<(), CompressError> {
    out.clear();
    out.reserve(zstd_safe::compress_bound(input.len()));
    match context.compress2(out, input) {
        Ok(_) => Ok(()),
        Err(code) => Err(CompressError::Failed { compression: COMPRESSION, what: zstd_safe::get_error_name(code) }),
    }
}

/// Takes in a piece of a stream, and writes what it gives behind what `out` holds.
pub(super) fn stream(
    context: &mut CCtx<'static>,
    piece: &[u8],
    step: Step,
    out: &mut Vec<u8>,
) -> Result<(), CompressError> {
    let directive = match step {
        Step::More => ZSTD_EndDirective::ZSTD_e_continue,
        Step::Flush => ZSTD_EndDirective::ZSTD_e_flush,
        Step::End => ZSTD_EndDirective::ZSTD_e_end,
    };
    let mut input = InBuffer::around(piece);
    loop {
        if out.len() == out.capacity() {
            out.reserve(ROOM);
        }
        let written = out.len();
        let left = context.compress_stream2(&mut OutBuffer::around_pos(out, written), &mut input, directive).map_err(
            |code| CompressError::Failed { compression: COMPRESSION, what: zstd_safe::get_error_name(code) },
        )?;
        let is_done = if step == Step::More { input.pos() == piece.len() } else { left == 0 };
        if is_done {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The C library's memory is not that of Rust's allocator: the context itself says what it holds.
    #[test]
    fn the_context_does_not_grow_with_the_window() {
        let mut context = DCtx::create();
        let before = context.sizeof();
        let mut out = Vec::new();
        // Frames put together by hand from RFC 8878: one raw block of three bytes, windows of 1 KiB, 8 MiB and 3.75 TiB.
        for window in [0x00, 0x68, 0xff] {
            let input = [0x28, 0xb5, 0x2f, 0xfd, 0x00, window, 0x19, 0x00, 0x00, b'a', b'b', b'c'];
            let result = decode(&mut context, &input, 1_000, &mut out);
            assert!(result.is_err() || out == b"abc", "{result:?}");
            assert_eq!(context.sizeof(), before, "window {window:#x}");
        }
        let mut input = Vec::new();
        encode(&mut encoder(), &vec![b'a'; 10 << 20], &mut input).unwrap();
        decode(&mut context, &input, 10 << 20, &mut out).unwrap();
        assert_eq!((out.len(), context.sizeof()), (10 << 20, before));
    }
}
