//! The labels of a series or an exemplar, as they stand in a record.
//!
//! ```text
//! uvarint count | ( uvarint len | name | uvarint len | value )*
//! ```

use promd_codec::{DecodeError, Reader, Writer};
use promd_model::{Labels, LabelsBuilder, LabelsError, LabelsRef};

/// Names and values, borrowed from a record.
///
/// They are as they were found: Prometheus writes them ascending by name, but nothing has checked that. What is a label
/// set comes out of [`view`](Self::view).
#[derive(Debug, Clone, Copy)]
pub struct LabelPairs<'a> {
    count: usize,
    /// All pairs, each length within what follows it.
    pairs: &'a [u8],
    /// Whether each length takes one byte and no value is empty.
    plain: bool,
}

impl<'a> LabelPairs<'a> {
    /// Reads a count and so many pairs.
    pub fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let count = reader.uvarint_count(2)?;
        let rest = reader.rest();
        let (mut text, mut empty) = (0, false);
        for _ in 0..count {
            let name = reader.uvarint_bytes()?;
            let value = reader.uvarint_bytes()?;
            text += name.len() + value.len();
            empty |= value.is_empty();
        }
        let pairs = rest.get(..rest.len() - reader.remaining()).unwrap_or_default();
        Ok(Self { count, pairs, plain: !empty && pairs.len() == text + 2 * count })
    }

    /// The number of pairs.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The names and values, in the order in which they stand.
    #[must_use]
    pub const fn iter(&self) -> LabelPairsIter<'a> {
        LabelPairsIter { reader: Reader::new(self.pairs) }
    }

    /// Whether the names ascend and none comes twice, as whoever writes a log sees to.
    #[must_use]
    pub fn names_ascend(&self) -> bool {
        self.iter().is_sorted_by(|(a, _), (b, _)| a < b)
    }

    /// The label set.
    ///
    /// As a rule the bytes of the record are those of a packed label set, and it is borrowed from them. Where a text has 128
    /// bytes or more, a value is empty or the names do not ascend, it is put together in `scratch`, which allocates
    /// nothing once it has grown. Empty values are left out there, since they mean that the label is absent.
    ///
    /// # Errors
    ///
    /// If a name comes twice or is empty, or a text is not UTF-8 or too long. Prometheus takes such labels as they stand,
    /// and then cannot find the series by them; it never writes any.
    pub fn view<'s>(&self, scratch: &'s mut LabelsBuilder) -> Result<LabelsRef<'s>, LabelsError>
    where
        'a: 's,
    {
        if self.plain {
            match LabelsRef::from_packed(self.pairs) {
                Err(LabelsError::Unordered { .. }) => {}
                result => return result,
            }
        }
        scratch.reset(&Labels::empty());
        let mut pairs = self.iter();
        let mut offset = 0;
        while let Some((name, value)) = pairs.next() {
            let (Ok(name), Ok(value)) = (std::str::from_utf8(name), std::str::from_utf8(value)) else {
                return Err(LabelsError::NotUtf8 { offset });
            };
            if name.is_empty() {
                return Err(LabelsError::EmptyName);
            }
            if scratch.get(name).is_some() {
                return Err(LabelsError::Duplicate { name: name.to_owned() });
            }
            scratch.set(name, value);
            offset = pairs.reader.position();
        }
        scratch.view()
    }
}

impl<'a> IntoIterator for LabelPairs<'a> {
    type Item = (&'a [u8], &'a [u8]);
    type IntoIter = LabelPairsIter<'a>;

    fn into_iter(self) -> LabelPairsIter<'a> {
        self.iter()
    }
}

/// The names and values of [`LabelPairs`].
#[derive(Debug, Clone)]
pub struct LabelPairsIter<'a> {
    reader: Reader<'a>,
}

impl<'a> Iterator for LabelPairsIter<'a> {
    type Item = (&'a [u8], &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        // They were walked over once: an error is the end.
        Some((self.reader.uvarint_bytes().ok()?, self.reader.uvarint_bytes().ok()?))
    }
}

impl std::iter::FusedIterator for LabelPairsIter<'_> {}

/// Writes a count and the pairs.
pub(super) fn put_pairs<'p>(
    pairs: impl IntoIterator<Item = (&'p [u8], &'p [u8]), IntoIter: Clone>,
    writer: &mut Writer<'_>,
) {
    let pairs = pairs.into_iter();
    writer.put_uvarint(pairs.clone().count() as u64);
    for (name, value) in pairs {
        writer.put_uvarint_bytes(name);
        writer.put_uvarint_bytes(value);
    }
}
