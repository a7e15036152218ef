//! Comparing without regard to case: texts are brought to one canonical spelling.

use std::borrow::Cow;
use std::collections::BTreeMap;

use regex_syntax::hir::ClassUnicode;

use crate::unicode;

/// The canonical spelling of every character that some pattern holds in any case.
///
/// ASCII becomes lower case. Of other characters only those matter that the pattern can match: all else stays as it is,
/// and so differs from everything in the pattern.
#[derive(Debug, Default)]
pub(super) struct FoldTable(BTreeMap<char, char>);

impl FoldTable {
    /// Learns `character` with those that differ from it only in case.
    pub(super) fn learn(&mut self, character: char) -> char {
        self.learn_orbit(&unicode::orbit(character), character)
    }

    /// The canonical characters of a class, or `None` if it is not closed under folding.
    pub(super) fn learn_class(&mut self, class: &ClassUnicode) -> Option<Vec<char>> {
        let mut folded = class.clone();
        unicode::fold(&mut folded);
        if folded != *class {
            return None;
        }
        let characters = class.iter().flat_map(|range| range.start()..=range.end());
        let mut canonical: Vec<char> = characters.map(|character| self.learn(character)).collect();
        canonical.sort_unstable();
        canonical.dedup();
        Some(canonical)
    }

    fn learn_orbit(&mut self, orbit: &ClassUnicode, character: char) -> char {
        let members = || orbit.iter().flat_map(|range| range.start()..=range.end());
        let ascii = members().find(char::is_ascii).map(|ascii| ascii.to_ascii_lowercase());
        let canonical = ascii.or_else(|| members().next()).unwrap_or(character);
        self.0.extend(members().filter(|member| !member.is_ascii()).map(|member| (member, canonical)));
        canonical
    }

    /// The canonical spelling of `text`.
    pub(super) fn apply<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let as_it_is = |character: char| {
            if character.is_ascii() { !character.is_ascii_uppercase() } else { !self.0.contains_key(&character) }
        };
        if text.chars().all(as_it_is) {
            return Cow::Borrowed(text);
        }
        let canonical = |character: char| {
            if character.is_ascii() {
                character.to_ascii_lowercase()
            } else {
                self.0.get(&character).copied().unwrap_or(character)
            }
        };
        Cow::Owned(text.chars().map(canonical).collect())
    }

    pub(super) fn memory_usage(&self) -> usize {
        // Nodes of the map are about two thirds full.
        self.0.len() * size_of::<(char, char)>() * 3 / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Orbits as Unicode's CaseFolding.txt has them (status C and S).
    #[test]
    fn characters_of_one_orbit_become_one() {
        let mut table = FoldTable::default();
        for character in ['k', 'S', 'Σ', '-'] {
            table.learn(character);
        }
        assert_eq!(table.apply("KkK"), "kkk");
        assert_eq!(table.apply("sSſ"), "sss");
        assert_eq!(table.apply("σςΣ"), table.apply("ΣΣΣ"));
        assert_eq!(table.apply("É-é"), "É-é");
        assert!(matches!(table.apply("as it is: é"), Cow::Borrowed(_)));
    }

    #[test]
    fn only_closed_classes_are_learnt() {
        let class = |text: &str| unicode::class_of(&regex_syntax::parse(text).unwrap()).unwrap();
        assert_eq!(FoldTable::default().learn_class(&class("[Aa]")), Some(vec!['a']));
        assert_eq!(FoldTable::default().learn_class(&class("[0-2]")), Some(vec!['0', '1', '2']));
        assert_eq!(FoldTable::default().learn_class(&class("[a]")), None);
        assert_eq!(FoldTable::default().learn_class(&class("[Kk]")), None, "the Kelvin sign is missing");
    }
}
