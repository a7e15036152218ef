//! The packed form of a label set.
//!
//! ```text
//! ┌───────────┬──────┬───────────┬───────┬───────────┬──────┬─────
//! │ len(name) │ name │ len(value)│ value │ len(name) │ name │ ...
//! └───────────┴──────┴───────────┴───────┴───────────┴──────┴─────
//! len: one byte if below 255, else 0xff and three bytes, the least significant first
//! ```
//!
//! It is that of Prometheus (`model/labels/labels_stringlabels.go`), because its hash is the hash of a label set there.

use super::LabelsError;

/// The byte before a length of three bytes.
const LONG: u8 = 0xff;

/// How many bytes a label takes.
pub(super) fn packed_len(name: &str, value: &str) -> usize {
    let prefix = |text: &str| if text.len() < usize::from(LONG) { 1 } else { 4 };
    prefix(name) + name.len() + prefix(value) + value.len()
}

/// Appends one label. Three bytes of length are the limit.
pub(super) fn push_label(packed: &mut Vec<u8>, name: &str, value: &str) -> Result<(), LabelsError> {
    if name.is_empty() {
        return Err(LabelsError::EmptyName);
    }
    push_text(packed, name)?;
    push_text(packed, value)
}

fn push_text(packed: &mut Vec<u8>, text: &str) -> Result<(), LabelsError> {
    let too_long = LabelsError::TooLong { len: text.len() };
    match u8::try_from(text.len()) {
        Ok(len) if len < LONG => packed.push(len),
        _ => match u32::try_from(text.len()).map(u32::to_le_bytes) {
            Ok([low, middle, high, 0]) => packed.extend_from_slice(&[LONG, low, middle, high]),
            _ => return Err(too_long),
        },
    }
    packed.extend_from_slice(text.as_bytes());
    Ok(())
}

/// Takes the first text off `rest`. `None` if `rest` ends too early, or if a short length is written in the long form.
#[inline]
fn take_text<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (&first, after) = rest.split_first()?;
    let (len, after) = if first < LONG { (usize::from(first), after) } else { take_long_len(after)? };
    let (text, after) = after.split_at_checked(len)?;
    *rest = after;
    Some(text)
}

#[cold]
fn take_long_len(rest: &[u8]) -> Option<(usize, &[u8])> {
    let ([low, middle, high], after) = rest.split_first_chunk()?;
    let len = usize::from(*low) | usize::from(*middle) << 8 | usize::from(*high) << 16;
    (len >= usize::from(LONG)).then_some((len, after))
}

/// Takes the first label, name and value, off `rest`. `None` at the end, and where bytes are not packed labels.
#[inline]
pub(super) fn take_label<'a>(rest: &mut &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    Some((take_text(rest)?, take_text(rest)?))
}

/// A label with its packed form.
#[derive(Clone, Copy)]
pub(super) struct PackedLabel<'a> {
    pub(super) name: &'a [u8],
    pub(super) value: &'a [u8],
    pub(super) packed: &'a [u8],
}

/// Takes the first label off `rest`, as [`take_label`].
#[inline]
pub(super) fn take_packed_label<'a>(rest: &mut &'a [u8]) -> Option<PackedLabel<'a>> {
    let before = *rest;
    let (name, value) = take_label(rest)?;
    let (packed, _) = before.split_at_checked(before.len() - rest.len())?;
    Some(PackedLabel { name, value, packed })
}

/// Checks that `packed` is the packed form of a label set: the lengths fit, names are not empty and ascend, all is UTF-8.
pub(super) fn validate(packed: &[u8]) -> Result<(), LabelsError> {
    let mut rest = packed;
    let mut previous: &[u8] = b"";
    while !rest.is_empty() {
        let offset = packed.len() - rest.len();
        let (name, value) = take_label(&mut rest).ok_or(LabelsError::Malformed { offset })?;
        if name.is_empty() {
            return Err(LabelsError::EmptyName);
        }
        let text = std::str::from_utf8(name).map_err(|_| LabelsError::NotUtf8 { offset })?;
        std::str::from_utf8(value).map_err(|_| LabelsError::NotUtf8 { offset })?;
        match previous.cmp(name) {
            std::cmp::Ordering::Less => previous = name,
            std::cmp::Ordering::Equal => return Err(LabelsError::Duplicate { name: text.to_owned() }),
            std::cmp::Ordering::Greater => return Err(LabelsError::Unordered { offset }),
        }
    }
    Ok(())
}
