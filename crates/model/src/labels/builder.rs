//! Changes to a label set, and label sets from nothing.

use std::cmp::Ordering;
use std::ops::Range;

use super::packed::{PackedLabel, push_label, take_packed_label};
use super::view::text;
use super::{Label, Labels, LabelsError, LabelsRef};

/// A label set in the making: edits over a base.
///
/// Setting the empty value removes a label, since the two mean the same. Labels of the base that are empty are left out.
///
/// A builder is meant to be kept: after [`reset`](Self::reset) it works in the memory that it has, and all that
/// [`build`](Self::build) allocates is the label set; [`view`](Self::view) allocates nothing.
///
/// ```
/// use promd_model::{Labels, LabelsBuilder};
///
/// let target = Labels::from_pairs([("instance", "a:80"), ("__meta_zone", "b")])?;
/// let mut builder = LabelsBuilder::new();
/// builder.reset(&target).set("job", "api").remove("__meta_zone");
/// assert_eq!(builder.build()?.to_string(), r#"{instance="a:80", job="api"}"#);
/// # Ok::<_, promd_model::LabelsError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct LabelsBuilder {
    base: Labels,
    /// Ascending by name, each name once.
    edits: Vec<Edit>,
    /// The names and values of the edits.
    text: String,
    /// Where a label set is packed before its size is known.
    packed: Vec<u8>,
}

#[derive(Debug, Clone)]
struct Edit {
    name: Range<usize>,
    /// `None` removes the label.
    value: Option<Range<usize>>,
}

impl LabelsBuilder {
    /// A builder over the empty label set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets all edits and starts from `base`.
    pub fn reset(&mut self, base: &Labels) -> &mut Self {
        self.base.clone_from(base);
        self.edits.clear();
        self.text.clear();
        self
    }

    /// Gives the label called `name` the value `value`; the empty value removes it.
    pub fn set(&mut self, name: &str, value: &str) -> &mut Self {
        let value = (!value.is_empty()).then(|| self.store(value));
        self.edit(name, value)
    }

    /// Removes the label called `name`.
    pub fn remove(&mut self, name: &str) -> &mut Self {
        self.edit(name, None)
    }

    /// Removes all labels whose name does not please `keep`.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) -> &mut Self {
        for edit in &mut self.edits {
            if !keep(slice(&self.text, &edit.name)) {
                edit.value = None;
            }
        }
        let base = self.base.clone();
        for label in base.iter().filter(|label| !keep(label.name)) {
            self.remove(label.name);
        }
        self
    }

    /// The value that the label called `name` has at this point.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        match self.position(name) {
            Ok(at) => self.edits.get(at)?.value.as_ref().map(|value| slice(&self.text, value)),
            Err(_) => self.base.get(name).filter(|value| !value.is_empty()),
        }
    }

    /// The labels at this point, ascending by name.
    pub fn iter(&self) -> impl Iterator<Item = Label<'_>> {
        let mut merge = Merge::new(&self.base, &self.edits, &self.text);
        std::iter::from_fn(move || merge.next()).map(|merged| match merged {
            Merged::Base(label) => Label { name: text(label.name), value: text(label.value) },
            Merged::Edit(label) => label,
        })
    }

    /// The label set: the base itself if nothing was changed.
    pub fn build(&mut self) -> Result<Labels, LabelsError> {
        if self.edits.is_empty() && !self.base.has_empty_value() {
            return Ok(self.base.clone());
        }
        self.pack()?;
        // Edits need not change anything: a label was removed that was not there.
        Ok(if self.packed == self.base.as_packed() { self.base.clone() } else { Labels::trusted(&self.packed) })
    }

    /// The label set, borrowed from the builder: to look for a series that may exist already.
    pub fn view(&mut self) -> Result<LabelsRef<'_>, LabelsError> {
        self.pack()?;
        Ok(LabelsRef(&self.packed))
    }

    fn pack(&mut self) -> Result<(), LabelsError> {
        let Self { base, edits, text, packed } = self;
        packed.clear();
        let mut merge = Merge::new(base, edits, text);
        while let Some(merged) = merge.next() {
            match merged {
                Merged::Base(label) => packed.extend_from_slice(label.packed),
                Merged::Edit(label) => push_label(packed, label.name, label.value)?,
            }
        }
        Ok(())
    }

    fn edit(&mut self, name: &str, value: Option<Range<usize>>) -> &mut Self {
        match self.position(name) {
            Ok(at) => {
                if let Some(edit) = self.edits.get_mut(at) {
                    edit.value = value;
                }
            }
            Err(at) => {
                let name = self.store(name);
                self.edits.insert(at, Edit { name, value });
            }
        }
        self
    }

    fn store(&mut self, text: &str) -> Range<usize> {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }

    /// Where the edit of `name` is, or ought to be.
    fn position(&self, name: &str) -> Result<usize, usize> {
        // Most come in order.
        if self.edits.last().is_none_or(|last| slice(&self.text, &last.name) < name) {
            return Err(self.edits.len());
        }
        self.edits.binary_search_by(|edit| slice(&self.text, &edit.name).cmp(name))
    }
}

fn slice<'a>(text: &'a str, range: &Range<usize>) -> &'a str {
    text.get(range.clone()).expect("a range of an edit is that of a whole text stored since the last reset")
}

/// The merge of a base and its edits, without what is removed or empty.
struct Merge<'a> {
    /// The packed labels of the base that follow the next one.
    base: &'a [u8],
    /// The label of the base that is next.
    next: Option<PackedLabel<'a>>,
    edits: std::slice::Iter<'a, Edit>,
    text: &'a str,
}

enum Merged<'a> {
    Base(PackedLabel<'a>),
    Edit(Label<'a>),
}

impl<'a> Merge<'a> {
    fn new(base: &'a Labels, edits: &'a [Edit], text: &'a str) -> Self {
        let mut base = base.as_packed();
        let next = take_packed_label(&mut base);
        Self { base, next, edits: edits.iter(), text }
    }

    fn next(&mut self) -> Option<Merged<'a>> {
        loop {
            let edit = self.edits.as_slice().first().map(|edit| (slice(self.text, &edit.name), edit));
            let order = match (self.next, edit) {
                (Some(label), Some((edited, _))) => label.name.cmp(edited.as_bytes()),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return None,
            };
            if order == Ordering::Less {
                let label = self.next?;
                self.next = take_packed_label(&mut self.base);
                if !label.value.is_empty() {
                    return Some(Merged::Base(label));
                }
                continue;
            }
            if order == Ordering::Equal {
                self.next = take_packed_label(&mut self.base);
            }
            self.edits.next();
            if let Some((name, Edit { value: Some(value), .. })) = edit {
                return Some(Merged::Edit(Label { name, value: slice(self.text, value) }));
            }
        }
    }
}
