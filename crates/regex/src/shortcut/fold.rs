//! Comparing without regard to case: texts are brought to one canonical spelling.

use std::collections::BTreeMap;

use regex_syntax::hir::ClassUnicode;
use smallvec::SmallVec;

use crate::unicode;

/// Room for a label's value of common length without an allocation.
pub(super) type Buffer = SmallVec<[u8; 128]>;

/// The canonical spelling of every character that some pattern holds in any case.
///
/// ASCII becomes lower case. Of other characters only those matter that the pattern can match: all else stays as it is,
/// and so differs from everything in the pattern.
#[derive(Debug, Default)]
pub(super) struct FoldTable(BTreeMap<char, char>);

impl FoldTable {
    /// The canonical characters of a class, or `None` if it is not closed under folding.
    pub(super) fn learn_class(&mut self, class: &ClassUnicode) -> Option<Vec<char>> {
        let mut canonical = Vec::new();
        for character in class.iter().flat_map(|range| range.start()..=range.end()) {
            let orbit = unicode::orbit(character);
            let mut members = orbit.iter().flat_map(|range| range.start()..=range.end());
            if !members.all(|member| unicode::contains(class, member)) {
                return None;
            }
            canonical.push(self.learn_orbit(&orbit, character));
        }
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

    /// The canonical spelling of `text`, in `buffer` if it is another than that of `text`.
    pub(super) fn apply<'t>(&self, text: &'t str, buffer: &'t mut Buffer) -> &'t [u8] {
        let bytes = text.as_bytes();
        if text.is_ascii() {
            if !bytes.iter().any(u8::is_ascii_uppercase) {
                return bytes;
            }
            buffer.extend_from_slice(bytes);
            buffer.make_ascii_lowercase();
            return buffer;
        }
        for character in text.chars() {
            let lower = character.to_ascii_lowercase();
            let canonical = self.0.get(&lower).copied().unwrap_or(lower);
            buffer.extend_from_slice(canonical.encode_utf8(&mut [0; 4]).as_bytes());
        }
        buffer
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
            table.learn_class(&unicode::orbit(character));
        }
        let apply = |text| String::from_utf8(table.apply(text, &mut SmallVec::new()).to_vec()).unwrap();
        assert_eq!(apply("K\u{212a}k"), "kkk");
        assert_eq!(apply("sSſ"), "sss");
        assert_eq!(apply("σςΣ"), apply("ΣΣΣ"));
        assert_eq!(apply("É-éA"), "É-éa");
        assert_eq!(apply("Plain-1"), "plain-1");
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
