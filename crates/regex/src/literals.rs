//! A set of literal values.

use std::fmt;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// Up to this many values are compared one by one; above, they are hashed.
const MAX_COMPARED: usize = 8;

/// A sorted set of texts in one allocation, fast to look a value up in however many they are.
#[derive(Clone, Default)]
pub struct Literals {
    text: Box<str>,
    /// Where each value ends in `text`.
    ends: Box<[u32]>,
    /// Bit `n`: there is a value of `n` bytes, or of 63 and more.
    lengths: u64,
    /// Numbers of the values, by hash.
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Literals {
    /// The set of `values`; `None` if they take more than 4 GiB.
    pub(crate) fn new<'v>(values: impl IntoIterator<Item = &'v str>) -> Option<Self> {
        let mut values: Vec<&str> = values.into_iter().collect();
        values.sort_unstable();
        values.dedup();
        let mut text = String::with_capacity(values.iter().map(|value| value.len()).sum());
        let mut ends = Vec::with_capacity(values.len());
        for value in &values {
            text.push_str(value);
            ends.push(u32::try_from(text.len()).ok()?);
        }
        let lengths = values.iter().fold(0, |lengths, value| lengths | length_bit(value));
        let hasher = DefaultHashBuilder::default();
        let mut table = HashTable::new();
        if values.len() > MAX_COMPARED {
            let hash_of = |number: &u32| hasher.hash_one(values.get(*number as usize).copied().unwrap_or_default());
            table.reserve(values.len(), hash_of);
            for number in (0..u32::try_from(values.len()).ok()?).rev() {
                table.insert_unique(hash_of(&number), number, hash_of);
            }
        }
        Some(Self { text: text.into_boxed_str(), ends: ends.into_boxed_slice(), lengths, table, hasher })
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Whether `value` is in the set.
    #[must_use]
    pub fn contains(&self, value: &str) -> bool {
        if self.lengths & length_bit(value) == 0 {
            return false;
        }
        if self.len() <= MAX_COMPARED {
            return self.iter().any(|own| own == value);
        }
        self.table.find(self.hasher.hash_one(value), |number| self.get(*number as usize) == value).is_some()
    }

    /// The values, sorted by bytes, without duplicates.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len()).map(|number| self.get(number))
    }

    /// The value `number` in order.
    pub(crate) fn get(&self, number: usize) -> &str {
        let start = number.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(number).copied().unwrap_or(start);
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    /// The last value that is not greater than `bound`.
    pub(crate) fn at_or_before(&self, bound: &str) -> Option<&str> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.get(middle) <= bound {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low.checked_sub(1).map(|number| self.get(number))
    }

    /// Bytes on the heap.
    pub(crate) fn memory_usage(&self) -> usize {
        self.text.len() + size_of_val(&*self.ends) + self.table.allocation_size()
    }
}

impl fmt::Debug for Literals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl PartialEq for Literals {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.ends == other.ends
    }
}

impl Eq for Literals {}

fn length_bit(value: &str) -> u64 {
    1 << value.len().min(63)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_large_sets_hold_what_was_put_in() {
        for count in [0, 1, 2, 8, 9, 100, 5000] {
            let values: Vec<String> = (0..count).map(|number| format!("value-{}", number * 7919 % 10_007)).collect();
            let set = Literals::new(values.iter().map(String::as_str)).unwrap();
            assert_eq!(set.len(), count);
            assert_eq!(set.is_empty(), count == 0);
            assert!(set.iter().is_sorted());
            assert!(values.iter().all(|value| set.contains(value)));
            for absent in ["", "value-", "value-x", "value-10008", "value-1234567"] {
                assert!(!set.contains(absent), "{absent} in {count}");
            }
        }
    }

    #[test]
    fn duplicates_and_the_empty_value() {
        let set = Literals::new(["b", "", "a", "b"]).unwrap();
        assert_eq!(set.iter().collect::<Vec<_>>(), ["", "a", "b"]);
        assert!(set.contains(""));
        assert!(!set.contains("ab"));
    }

    #[test]
    fn values_longer_than_the_mask_counts() {
        let (long, longer) = ("x".repeat(63), "x".repeat(64));
        let set = Literals::new([longer.as_str()]).unwrap();
        assert!(set.contains(&longer));
        assert!(!set.contains(&long));
    }

    #[test]
    fn the_neighbour_below() {
        let set = Literals::new(["b", "d"]).unwrap();
        assert_eq!(set.at_or_before("a"), None);
        assert_eq!(set.at_or_before("b"), Some("b"));
        assert_eq!(set.at_or_before("cz"), Some("b"));
        assert_eq!(set.at_or_before("z"), Some("d"));
    }
}
