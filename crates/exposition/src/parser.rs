//! What all parsers have in common.

use crate::{Entry, ParseError};

/// A pull parser over one body.
///
/// The end of the body is `None`; after it, or after an error, a parser must not be asked again (it may answer anything,
/// but does not panic).
pub trait Parser {
    /// Moves to the next entry; `false` at the end of the body.
    ///
    /// # Errors
    ///
    /// If what follows is not in the format.
    fn advance(&mut self) -> Result<bool, ParseError>;

    /// The entry that the last [`advance`](Self::advance) moved to.
    fn entry(&self) -> Entry<'_>;

    /// Moves to the next entry and returns it.
    ///
    /// # Errors
    ///
    /// If what follows is not in the format.
    fn next(&mut self) -> Result<Option<Entry<'_>>, ParseError> {
        // Not `self.entry()`: that would find the method of `&mut Self`, which borrows the local reference.
        Ok(if self.advance()? { Some(Self::entry(self)) } else { None })
    }
}

impl<P: Parser + ?Sized> Parser for &mut P {
    fn advance(&mut self) -> Result<bool, ParseError> {
        (**self).advance()
    }

    fn entry(&self) -> Entry<'_> {
        (**self).entry()
    }
}

impl<P: Parser + ?Sized> Parser for Box<P> {
    fn advance(&mut self) -> Result<bool, ParseError> {
        (**self).advance()
    }

    fn entry(&self) -> Entry<'_> {
        (**self).entry()
    }
}

/// How a body is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Options {
    /// Add the labels `__type__` and `__unit__` to each series whose family has them, in the place of labels of these
    /// names in the body (`--enable-feature=type-and-unit-labels`).
    pub type_and_unit_labels: bool,
    /// Leave out the `_created` series of OpenMetrics, which are then only read by
    /// [`Sample::start_timestamp`](crate::Sample::start_timestamp).
    pub skip_created_series: bool,
    /// Read native histograms as if only their classic buckets stood there.
    pub ignore_native_histograms: bool,
    /// Yield classic buckets also of histograms that are native, or are converted to native ones
    /// (`always_scrape_classic_histograms`).
    pub keep_classic_histograms: bool,
    /// Convert classic histograms to native ones with custom buckets (`convert_classic_histograms_to_nhcb`).
    pub convert_classic_histograms: bool,
}
