//! Asking a store.

use promd_model::{Interval, Matcher};

use crate::{Series, SeriesExemplars, StorageError, Warnings};

/// In which order series come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// In that which costs the store the least.
    #[default]
    Any,
    /// Ascending by labels, which whoever merges needs.
    Labels,
}

/// Which labels an aggregation keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping<'a> {
    /// These.
    By(&'a [String]),
    /// All but these.
    Without(&'a [String]),
}

impl Grouping<'_> {
    /// Whether a label is kept.
    #[must_use]
    pub fn keeps(self, name: &str) -> bool {
        match self {
            Self::By(names) => names.iter().any(|other| other == name),
            Self::Without(names) => !names.iter().any(|other| other == name),
        }
    }
}

/// Which labels are needed at all. A store may hand out series with more of them, and several with the same.
pub type Projection<'a> = Grouping<'a>;

/// What a store may want to know of a query. It may use it, and need not.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hints<'a> {
    /// The function around the selector.
    pub function: Option<&'a str>,
    /// The width of a range selector in milliseconds, 0 if there is none.
    pub range: i64,
    /// The step of the query in milliseconds, 0 if it is of one instant.
    pub step: i64,
    /// The aggregation around the selector.
    pub grouping: Option<Grouping<'a>>,
    /// The labels that are needed.
    pub projection: Option<Projection<'a>>,
    /// Chunks are not needed, as when series are listed.
    pub labels_only: bool,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Select<'a> {
    /// What the labels of a series must be like: all of this.
    pub matchers: &'a [Matcher],
    /// When. Chunks that reach over the ends come whole.
    pub times: Interval,
    /// In which order.
    pub order: Order,
    /// No more series than this, if the store can count them.
    pub limit: Option<usize>,
    /// What else there is to know.
    pub hints: Hints<'a>,
}

impl<'a> Select<'a> {
    /// All series that match, in any order.
    #[must_use]
    pub fn new(matchers: &'a [Matcher], times: Interval) -> Self {
        Self { matchers, times, order: Order::Any, limit: None, hints: Hints::default() }
    }

    /// The same in label order.
    #[must_use]
    pub fn ordered(mut self) -> Self {
        self.order = Order::Labels;
        self
    }

    /// The same with hints.
    #[must_use]
    pub fn with_hints(mut self, hints: Hints<'a>) -> Self {
        self.hints = hints;
        self
    }

    /// The same with at most so many series.
    #[must_use]
    pub fn with_limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }
}

/// The series of an answer, one after the other.
pub trait SeriesSet: Send {
    /// Puts the next series into `series`, whatever it held before. `false` says that there are no more.
    ///
    /// # Errors
    ///
    /// If the answer cannot go on. Damage is not an error: what is damaged is left out.
    fn next(&mut self, series: &mut Series) -> Result<bool, StorageError>;

    /// What is to be said of the answer. Complete when there are no more series.
    fn warnings(&self) -> Warnings {
        Warnings::new()
    }
}

/// Which names or values of labels are asked for.
#[derive(Debug, Clone, Copy)]
pub struct LabelQuery<'a> {
    /// Only those of series like this; of all series if there are no matchers.
    pub matchers: &'a [Matcher],
    /// Only those of series that have samples then, as far as the store can tell cheaply.
    pub times: Interval,
    /// No more than this.
    pub limit: Option<usize>,
}

impl<'a> LabelQuery<'a> {
    /// Those of all series that match.
    #[must_use]
    pub const fn new(matchers: &'a [Matcher], times: Interval) -> Self {
        Self { matchers, times, limit: None }
    }
}

/// Names or values of labels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// Ascending, each once.
    pub texts: Vec<String>,
    /// What is to be said of the answer.
    pub warnings: Warnings,
}

impl Listed {
    pub(crate) fn limit(&mut self, limit: Option<usize>) {
        self.texts.truncate(limit.unwrap_or(usize::MAX));
    }
}

/// A store at one moment. What is committed while it lives is not seen through it.
pub trait Reader: Send + Sync {
    /// The series that match.
    ///
    /// # Errors
    ///
    /// If the store cannot answer.
    fn select(&self, select: &Select<'_>) -> Result<Box<dyn SeriesSet + '_>, StorageError>;

    /// The names of labels.
    ///
    /// # Errors
    ///
    /// If the store cannot answer.
    fn label_names(&self, query: &LabelQuery<'_>) -> Result<Listed, StorageError>;

    /// The values of a label.
    ///
    /// # Errors
    ///
    /// If the store cannot answer.
    fn label_values(&self, name: &str, query: &LabelQuery<'_>) -> Result<Listed, StorageError>;

    /// The exemplars of series that match one of several selectors, by labels.
    ///
    /// # Errors
    ///
    /// If the store cannot answer.
    fn exemplars(&self, selectors: &[Vec<Matcher>], times: Interval) -> Result<Vec<SeriesExemplars>, StorageError> {
        let _ = (selectors, times);
        Ok(Vec::new())
    }
}

/// Whoever holds a reader by reference, or shares it, can hand it on as one.
macro_rules! delegate {
    ($($of:ty),+) => {
        $(impl<R: Reader + ?Sized> Reader for $of {
            fn select(&self, select: &Select<'_>) -> Result<Box<dyn SeriesSet + '_>, StorageError> {
                (**self).select(select)
            }

            fn label_names(&self, query: &LabelQuery<'_>) -> Result<Listed, StorageError> {
                (**self).label_names(query)
            }

            fn label_values(&self, name: &str, query: &LabelQuery<'_>) -> Result<Listed, StorageError> {
                (**self).label_values(name, query)
            }

            fn exemplars(&self, selectors: &[Vec<Matcher>], times: Interval) -> Result<Vec<SeriesExemplars>, StorageError> {
                (**self).exemplars(selectors, times)
            }
        })+
    };
}

delegate!(&R, Box<R>, std::sync::Arc<R>);
