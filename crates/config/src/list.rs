//! Lists of sections.

use std::ops::Deref;

use crate::error::Error;
use crate::yaml::{Decoder, Kind, Node, Tree, Value};

/// A list of sections, none of which may be null. It is a slice.
#[derive(Debug, Clone, PartialEq)]
pub struct List<T> {
    items: Vec<T>,
    /// Whether there was a null among them; only while the file is read.
    has_null: bool,
}

impl<T> List<T> {
    /// `Err` with `text` if there is a null among the items.
    pub(crate) fn without_null(&self, text: &str) -> Result<(), String> {
        if self.has_null { Err(text.to_owned()) } else { Ok(()) }
    }

    pub(crate) fn iter_mut(&mut self) -> std::slice::IterMut<'_, T> {
        self.items.iter_mut()
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { items: Vec::new(), has_null: false }
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.items
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(items: Vec<T>) -> Self {
        Self { items, has_null: false }
    }
}

impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

impl<T: Value> Value for List<T> {
    fn go_type() -> String {
        format!("[]*{}", T::item_type())
    }

    fn zero() -> Self {
        Self::default()
    }

    fn is_zero(&self) -> bool {
        self.items.is_empty()
    }

    fn decode(&mut self, node: &Node, decoder: &mut Decoder<'_>) -> Result<bool, Error> {
        *self = Self::default();
        let Kind::Sequence(ids) = &node.kind else {
            return crate::yaml::value::null_or_mismatch(node, decoder, &Self::go_type());
        };
        for id in ids {
            self.has_null |= decoder.resolved_node(*id).is_null();
            let mut item = T::zero();
            if decoder.value(*id, &mut item)? {
                self.items.push(item);
            }
        }
        Ok(true)
    }

    fn tree(&self) -> Tree {
        self.items.tree()
    }

    fn join_paths(&mut self, directory: &str) {
        self.items.join_paths(directory);
    }
}
