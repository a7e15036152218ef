//! What is worth saying of an answer that is given all the same.

/// Texts that travel with an answer, each once, in the order in which they came up.
///
/// A store with ten thousand damaged chunks does not make ten thousand warnings: behind the first few only their number is kept.
///
/// ```
/// use promd_storage::Warnings;
///
/// let mut warnings = Warnings::new();
/// warnings.add("chunk 17 is damaged");
/// warnings.add("chunk 17 is damaged");
/// assert_eq!(warnings.texts().collect::<Vec<_>>(), ["chunk 17 is damaged"]);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Warnings {
    texts: Vec<String>,
    more: usize,
}

impl Warnings {
    /// How many texts are kept.
    pub const MOST: usize = 64;

    /// No warnings.
    #[must_use]
    pub const fn new() -> Self {
        Self { texts: Vec::new(), more: 0 }
    }

    /// Adds a text, unless it is there already.
    pub fn add(&mut self, text: impl Into<String>) {
        let text = text.into();
        if self.texts.contains(&text) {
            return;
        }
        if self.texts.len() < Self::MOST {
            self.texts.push(text);
        } else {
            self.more += 1;
        }
    }

    /// Adds those of another answer.
    pub fn extend(&mut self, other: Self) {
        other.texts.into_iter().for_each(|text| self.add(text));
        self.more += other.more;
    }

    /// Whether there is nothing to say.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The texts that were kept.
    pub fn texts(&self) -> impl ExactSizeIterator<Item = &str> {
        self.texts.iter().map(String::as_str)
    }

    /// How many came behind those that were kept.
    #[must_use]
    pub const fn more(&self) -> usize {
        self.more
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_not_kept() {
        let mut warnings = Warnings::new();
        (0..100).for_each(|number| warnings.add(format!("chunk {number}")));
        assert_eq!((warnings.texts().len(), warnings.more()), (64, 36));
        let mut all = Warnings::new();
        all.add("first");
        all.extend(warnings);
        assert_eq!((all.texts().next(), all.texts().len(), all.more()), (Some("first"), 64, 37));
    }
}
