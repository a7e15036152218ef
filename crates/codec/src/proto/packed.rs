//! Repeated scalars, packed or not, without allocation.

use super::{ProtoError, ProtoErrorKind};
use crate::varint;

/// The values of a field of repeated varints.
///
/// At most one error comes, as the last item.
#[derive(Debug, Clone)]
pub struct Varints<'a> {
    one: Option<u64>,
    rest: &'a [u8],
    end: usize,
}

impl<'a> Varints<'a> {
    pub(super) fn one(value: u64) -> Self {
        Self { one: Some(value), rest: &[], end: 0 }
    }

    pub(super) fn packed(bytes: &'a [u8], offset: usize) -> Self {
        Self { one: None, rest: bytes, end: offset.saturating_add(bytes.len()) }
    }

    #[cold]
    fn fail(&mut self, kind: ProtoErrorKind) -> ProtoError {
        let offset = self.end - self.rest.len();
        self.rest = &[];
        ProtoError::new(kind, offset)
    }
}

impl Iterator for Varints<'_> {
    type Item = Result<u64, ProtoError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self.rest {
            [] => self.one.take().map(Ok),
            [byte @ 0..=0x7f, rest @ ..] => {
                self.rest = rest;
                Some(Ok(u64::from(*byte)))
            }
            _ => match varint::decode_proto(self.rest) {
                Ok((value, len)) => {
                    self.rest = self.rest.get(len..).unwrap_or_default();
                    Some(Ok(value))
                }
                Err(error) => Some(Err(self.fail(error.into()))),
            },
        }
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        let one = usize::from(self.one.is_some());
        (one, Some(one + self.rest.len()))
    }
}

macro_rules! fixed_width {
    ($(#[$doc:meta])* $name:ident, $number:ty, $width:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name<'a> {
            one: Option<$number>,
            packed: std::slice::Iter<'a, [u8; $width]>,
        }

        impl<'a> $name<'a> {
            pub(super) fn one(value: $number) -> Self {
                Self { one: Some(value), packed: [].iter() }
            }

            /// `None` if the bytes are not a whole number of values.
            pub(super) fn packed(bytes: &'a [u8]) -> Option<Self> {
                let (values, rest) = bytes.as_chunks::<$width>();
                rest.is_empty().then(|| Self { one: None, packed: values.iter() })
            }
        }

        impl Iterator for $name<'_> {
            type Item = $number;

            #[inline]
            fn next(&mut self) -> Option<$number> {
                match self.packed.next() {
                    Some(bytes) => Some(<$number>::from_le_bytes(*bytes)),
                    None => self.one.take(),
                }
            }

            #[inline]
            fn size_hint(&self) -> (usize, Option<usize>) {
                let len = self.packed.len() + usize::from(self.one.is_some());
                (len, Some(len))
            }
        }

        impl ExactSizeIterator for $name<'_> {}
    };
}

fixed_width! {
    /// The values of a field of repeated doubles or fixed 64-bit integers. Their number is checked when the field is.
    Fixed64s, u64, 8
}

fixed_width! {
    /// The values of a field of repeated floats or fixed 32-bit integers. Their number is checked when the field is.
    Fixed32s, u32, 4
}
