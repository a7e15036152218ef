//! A set of literal values.

use std::fmt;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// Up to this many values are compared one by one; above, they are hashed.
const MAX_COMPARED: usize = 8;

/// Up to so many different lengths of prefixes are each looked up; with more, the nearest is searched for.
const MAX_LENGTHS: u32 = 4;

/// A sorted set of texts in one allocation, fast to look a value up in however many they are.
#[derive(Clone, Default)]
pub struct Literals {
    text: Box<str>,
    /// Where each value ends in `text`.
    ends: Box<[u32]>,
    /// Bit `n`: there is a value of `n` bytes, or of 63 and more.
    lengths: u64,
    /// How many bytes all values begin with.
    common: usize,
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
        let lengths = values.iter().fold(0, |lengths, value| lengths | length_bit(value.as_bytes()));
        let common = match (values.first(), values.last()) {
            (Some(first), Some(last)) => first.bytes().zip(last.bytes()).take_while(|(a, b)| a == b).count(),
            _ => 0,
        };
        let hasher = DefaultHashBuilder::default();
        let mut table = HashTable::new();
        if values.len() > MAX_COMPARED {
            let hash_of =
                |number: &u32| hasher.hash_one(values.get(*number as usize).copied().unwrap_or_default().as_bytes());
            table.reserve(values.len(), hash_of);
            for number in (0..u32::try_from(values.len()).ok()?).rev() {
                table.insert_unique(hash_of(&number), number, hash_of);
            }
        }
        Some(Self { text: text.into_boxed_str(), ends: ends.into_boxed_slice(), lengths, common, table, hasher })
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
        self.contains_bytes(value.as_bytes())
    }

    pub(crate) fn contains_bytes(&self, value: &[u8]) -> bool {
        let has_length = self.lengths & length_bit(value) != 0;
        if !has_length || value.is_empty() {
            return has_length;
        }
        let is_value = |number: &u32| self.get(*number as usize).as_bytes() == value;
        if self.len() <= MAX_COMPARED {
            return self.iter().any(|own| own.as_bytes() == value);
        }
        self.table.find(self.hasher.hash_one(value), is_value).is_some()
    }

    /// The length of the value that `text` begins with, in a set where no value begins with another.
    pub(crate) fn prefix_of(&self, text: &[u8]) -> Option<usize> {
        if self.len() <= MAX_COMPARED {
            return self.iter().find(|own| text.starts_with(own.as_bytes())).map(str::len);
        }
        if text.get(..self.common) != self.text.as_bytes().get(..self.common) {
            return None;
        }
        if self.lengths.count_ones() <= MAX_LENGTHS && self.lengths < length_bit(&[0; 63]) {
            let lengths = (1..63).filter(|length| self.lengths & (1 << length) != 0);
            return lengths
                .take_while(|length| *length <= text.len())
                .find(|&length| text.get(..length).is_some_and(|prefix| self.contains_bytes(prefix)));
        }
        // Only the nearest value below the text can be one that it begins with.
        self.at_or_before(text).filter(|prefix| text.starts_with(prefix.as_bytes())).map(str::len)
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
    fn at_or_before(&self, bound: &[u8]) -> Option<&str> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.get(middle).as_bytes() <= bound {
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

fn length_bit(value: &[u8]) -> u64 {
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
    fn prefixes_of_a_text() {
        let of_few = |number: u32| format!("p{number:04}");
        let of_many = |number: u32| format!("p{number:04}{}", "x".repeat(number as usize % 7));
        let of_long = |number: u32| format!("p{number:04}{}", "x".repeat(70));
        let short = |number: u32| format!("p{number}");
        for (make, count) in [(&of_few as &dyn Fn(u32) -> String, 100), (&of_many, 100), (&of_long, 100), (&short, 8)] {
            let values: Vec<String> = (0..count).map(make).collect();
            let set = Literals::new(values.iter().map(String::as_str)).unwrap();
            for value in &values {
                assert_eq!(set.prefix_of(format!("{value}-more").as_bytes()), Some(value.len()));
                assert_eq!(set.prefix_of(value.as_bytes()), Some(value.len()));
                assert_eq!(set.prefix_of(&value.as_bytes()[..value.len() - 1]), None, "{value}");
            }
            for absent in ["", "a", "p", "p9999", "q0000"] {
                assert_eq!(set.prefix_of(absent.as_bytes()), None);
            }
        }
    }
}
