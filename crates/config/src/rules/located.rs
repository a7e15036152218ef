//! Values that know where they stand.

use std::ops::Deref;

use crate::error::{Error, Location};
use crate::yaml::{Decoder, Node, Tree, Value};

/// A value with its place in the file; it is the value wherever the place does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it stands, if it does.
    pub location: Option<Location>,
}

impl<T> Deref for Located<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> From<T> for Located<T> {
    fn from(value: T) -> Self {
        Self { value, location: None }
    }
}

impl<T: Value> Value for Located<T> {
    fn go_type() -> String {
        T::go_type()
    }

    fn zero() -> Self {
        Self { value: T::zero(), location: None }
    }

    fn is_zero(&self) -> bool {
        self.value.is_zero()
    }

    fn decode(&mut self, node: &Node, decoder: &mut Decoder<'_>) -> Result<bool, Error> {
        self.location = Some(node.location);
        if decoder.only_places() { Ok(true) } else { self.value.decode(node, decoder) }
    }

    fn decode_null(&mut self, node: &Node) {
        *self = Self { value: T::zero(), location: Some(node.location) };
    }

    fn tree(&self) -> Tree {
        self.value.tree()
    }
}
