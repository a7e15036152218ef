//! Several readers as one.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use promd_model::{Exemplar, Interval, Labels, Matcher};

use crate::{Hints, LabelQuery, Listed, Reader, Select, Series, SeriesExemplars, SeriesSet, StorageError, Warnings};

/// Several readers as one: blocks and the head of a database, or a database and stores over the network.
///
/// A series that several have is one series. Where they have samples of the same time, the reader that was put in first
/// counts. What a *secondary* reader cannot answer is left out, with a warning; if any other fails, so does the answer.
///
/// ```
/// use promd_model::{Interval, LabelsBuilder};
/// use promd_storage::{LabelQuery, MemStorage, Merge, Reader, Storage};
///
/// let (local, remote) = (MemStorage::new(), MemStorage::new());
/// let mut appender = remote.appender();
/// appender.series(LabelsBuilder::new().set("job", "node").view()?)?;
/// appender.commit()?;
///
/// let merge = Merge::new().with(local.reader(Interval::ALL)?).with_secondary(remote.reader(Interval::ALL)?);
/// assert_eq!(merge.label_names(&LabelQuery::new(&[], Interval::ALL))?.texts, ["job"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Merge<'a> {
    parts: Vec<Part<'a>>,
}

struct Part<'a> {
    reader: Box<dyn Reader + 'a>,
    secondary: bool,
}

impl<'a> Merge<'a> {
    /// No reader: all answers are empty.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a reader that must answer.
    #[must_use]
    pub fn with(mut self, reader: Box<dyn Reader + 'a>) -> Self {
        self.parts.push(Part { reader, secondary: false });
        self
    }

    /// Adds a reader that may fail.
    #[must_use]
    pub fn with_secondary(mut self, reader: Box<dyn Reader + 'a>) -> Self {
        self.parts.push(Part { reader, secondary: true });
        self
    }

    /// What the readers answer to a question that is answered at once.
    fn collect<T>(
        &self,
        warnings: &mut Warnings,
        ask: impl Fn(&dyn Reader) -> Result<T, StorageError>,
    ) -> Result<Vec<T>, StorageError> {
        let mut answers = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            answers.extend(part.tolerate(ask(&*part.reader), warnings)?);
        }
        Ok(answers)
    }

    fn list(
        &self,
        limit: Option<usize>,
        ask: impl Fn(&dyn Reader) -> Result<Listed, StorageError>,
    ) -> Result<Listed, StorageError> {
        let mut all = Listed::default();
        for listed in self.collect(&mut all.warnings, ask)? {
            all.warnings.extend(listed.warnings);
            all.texts = if all.texts.is_empty() { listed.texts } else { union(all.texts, listed.texts) };
        }
        all.limit(limit);
        Ok(all)
    }
}

impl Part<'_> {
    /// Makes a warning of the error of a secondary reader.
    fn tolerate<T>(&self, answer: Result<T, StorageError>, warnings: &mut Warnings) -> Result<Option<T>, StorageError> {
        tolerate(self.secondary, answer, warnings)
    }
}

fn tolerate<T>(
    secondary: bool,
    answer: Result<T, StorageError>,
    warnings: &mut Warnings,
) -> Result<Option<T>, StorageError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if secondary && !matches!(error, StorageError::Cancelled) => {
            warnings.add(error.to_string());
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

impl Reader for Merge<'_> {
    fn select(&self, select: &Select<'_>) -> Result<Box<dyn SeriesSet + '_>, StorageError> {
        if let [Part { reader, secondary: false }] = self.parts.as_slice() {
            return reader.select(select);
        }
        let mut warnings = Warnings::new();
        let mut sources = Vec::with_capacity(self.parts.len());
        // Series are the same if all their labels are, so all are needed here.
        let hints = Hints { projection: None, ..select.hints };
        let whole = select.with_hints(hints).ordered();
        for part in &self.parts {
            if let Some(set) = part.tolerate(part.reader.select(&whole), &mut warnings)? {
                sources.push(Source { set, head: Series::default(), state: State::Taken, secondary: part.secondary });
            }
        }
        Ok(Box::new(MergeSet { sources, warnings, left: select.limit.unwrap_or(usize::MAX) }))
    }

    fn label_names(&self, query: &LabelQuery<'_>) -> Result<Listed, StorageError> {
        self.list(query.limit, |reader| reader.label_names(query))
    }

    fn label_values(&self, name: &str, query: &LabelQuery<'_>) -> Result<Listed, StorageError> {
        self.list(query.limit, |reader| reader.label_values(name, query))
    }

    fn exemplars(&self, selectors: &[Vec<Matcher>], times: Interval) -> Result<Vec<SeriesExemplars>, StorageError> {
        // There is no place for warnings in this answer; a secondary reader without one has nothing to add.
        let answers = self.collect(&mut Warnings::new(), |reader| reader.exemplars(selectors, times))?;
        let mut by_labels: BTreeMap<Labels, Vec<Exemplar>> = BTreeMap::new();
        for SeriesExemplars { labels, exemplars } in answers.into_iter().flatten() {
            let all = by_labels.entry(labels).or_default();
            for exemplar in exemplars {
                if !all.contains(&exemplar) {
                    all.push(exemplar);
                }
            }
        }
        Ok(by_labels
            .into_iter()
            .map(|(labels, mut exemplars)| {
                exemplars.sort_by_key(|exemplar| exemplar.timestamp);
                SeriesExemplars { labels, exemplars }
            })
            .collect())
    }
}

/// The union of two ascending lists.
fn union(a: Vec<String>, b: Vec<String>) -> Vec<String> {
    let mut all = Vec::with_capacity(a.len().max(b.len()));
    let (mut a, mut b) = (a.into_iter().peekable(), b.into_iter().peekable());
    loop {
        let order = match (a.peek(), b.peek()) {
            (Some(x), Some(y)) => x.cmp(y),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return all,
        };
        if order.is_le() {
            all.extend(a.next());
        }
        if order.is_eq() {
            b.next();
        } else if order.is_gt() {
            all.extend(b.next());
        }
    }
}

/// What has become of the series that a source showed last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// It waits for its turn.
    Waiting,
    /// It was handed out: the source must be asked for the next one.
    Taken,
    /// There are no more.
    Done,
}

struct Source<'a> {
    set: Box<dyn SeriesSet + 'a>,
    head: Series,
    state: State,
    secondary: bool,
}

struct MergeSet<'a> {
    sources: Vec<Source<'a>>,
    warnings: Warnings,
    left: usize,
}

impl SeriesSet for MergeSet<'_> {
    fn next(&mut self, series: &mut Series) -> Result<bool, StorageError> {
        series.clear();
        if self.left == 0 {
            return Ok(false);
        }
        for source in self.sources.iter_mut().filter(|source| source.state == State::Taken) {
            let more = tolerate(source.secondary, source.set.next(&mut source.head), &mut self.warnings)?;
            source.state = if more == Some(true) { State::Waiting } else { State::Done };
        }
        // A handful of sources: a scan is quicker than a heap, and keeps them in their order.
        let waiting = self.sources.iter().filter(|source| source.state == State::Waiting);
        let Some(least) = waiting.map(|source| &source.head.labels).min().cloned() else { return Ok(false) };
        let mut sources = 0;
        for source in &mut self.sources {
            if source.state == State::Waiting && source.head.labels == least {
                series.chunks.append(&mut source.head.chunks);
                source.state = State::Taken;
                sources += 1;
            }
        }
        series.labels = least;
        if sources > 1 {
            series.settle();
        }
        self.left -= 1;
        Ok(true)
    }

    fn warnings(&self) -> Warnings {
        let mut all = self.warnings.clone();
        self.sources.iter().for_each(|source| all.extend(source.set.warnings()));
        all
    }
}
