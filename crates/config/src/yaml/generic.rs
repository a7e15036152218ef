//! Values of any type.

use std::collections::BTreeMap;

use promd_model::quote;

use super::decode::Decoder;
use super::node::{Kind, Node};
use super::resolve::Resolved;
use super::tree::Tree;
use super::value::{Key, Value};
use crate::error::Error;

/// A value whose type the configuration leaves open, such as a claim of a token.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Any {
    /// Nothing.
    #[default]
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number that is too large for an [`Any::Int`].
    Uint(u64),
    /// Another number.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Any>),
    /// Values with names.
    Map(BTreeMap<String, Any>),
}

impl Value for Any {
    fn go_type() -> String {
        "interface {}".to_owned()
    }

    fn zero() -> Self {
        Self::Null
    }

    fn is_zero(&self) -> bool {
        *self == Self::Null
    }

    fn decode(&mut self, node: &Node, decoder: &mut Decoder<'_>) -> Result<bool, Error> {
        *self = match &node.kind {
            Kind::Sequence(_) => {
                let mut items = Vec::new();
                items.decode(node, decoder)?;
                Self::List(items)
            }
            Kind::Mapping(_) | Kind::Alias { .. } => {
                let mut fields = BTreeMap::new();
                fields.decode(node, decoder)?;
                Self::Map(fields)
            }
            Kind::Scalar { value, .. } => match super::resolve::resolve(node)?.1 {
                Resolved::Null => Self::Null,
                Resolved::Bool(value) => Self::Bool(value),
                Resolved::Int(value) => Self::Int(value),
                Resolved::Uint(value) => Self::Uint(value),
                Resolved::Float(value) => Self::Float(value),
                Resolved::Binary(bytes) => Self::Text(String::from_utf8_lossy(&bytes).into_owned()),
                Resolved::Text => Self::Text(value.clone()),
            },
        };
        Ok(true)
    }

    fn tree(&self) -> Tree {
        match self {
            Self::Null => Tree::Null,
            Self::Bool(value) => value.tree(),
            Self::Int(value) => value.tree(),
            Self::Uint(value) => value.tree(),
            Self::Float(value) => value.tree(),
            Self::Text(value) => value.tree(),
            Self::List(items) => items.tree(),
            Self::Map(fields) => fields.tree(),
        }
    }
}

/// A label name, as a key or by itself: anything but the empty text.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LabelName(pub(crate) String);

impl Value for LabelName {
    fn go_type() -> String {
        "model.LabelName".to_owned()
    }

    fn zero() -> Self {
        Self::default()
    }

    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    fn decode(&mut self, node: &Node, decoder: &mut Decoder<'_>) -> Result<bool, Error> {
        let check = |text: &str| match text {
            "" => Err(format!("{} is not a valid label name", quote::go(text))),
            name => Ok(Self(name.to_owned())),
        };
        let Some(name) = super::value::parsed(node, decoder, check)? else { return Ok(false) };
        *self = name;
        Ok(true)
    }

    fn tree(&self) -> Tree {
        Tree::Text(self.0.clone())
    }
}

impl Key for LabelName {
    fn shown(&self) -> String {
        quote::go(&self.0).to_string()
    }

    fn text(&self) -> String {
        self.0.clone()
    }
}
