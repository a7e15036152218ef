//! How single types are read and printed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use promd_model::{ByteSize, Duration, quote};

use super::decode::Decoder;
use super::node::{Kind, Node};
use super::resolve::Resolved;
use super::tree::Tree;
use crate::error::Error;
use crate::secret::Secret;

/// Something that stands in a file.
pub(crate) trait Value: Sized {
    /// What Go calls the type, for errors.
    fn go_type() -> String;

    /// What Go calls it in a list of pointers. A type that reads itself does so as another, without methods, which errors within
    /// it name.
    fn item_type() -> String {
        Self::go_type()
    }

    /// What null makes of it: Go's zero value, which need not be the default.
    fn zero() -> Self;

    /// Whether it is Go's zero value, and so left out where that is asked for.
    fn is_zero(&self) -> bool;

    /// Reads a node, which is not null, over what is there; `false` if it does not fit, which is noted.
    fn decode(&mut self, node: &Node, decoder: &mut Decoder<'_>) -> Result<bool, Error>;

    /// Reads a node, which is not null, where Go has a pointer.
    fn decode_option(out: &mut Option<Self>, node: &Node, decoder: &mut Decoder<'_>) -> Result<bool, Error> {
        out.get_or_insert_with(Self::zero).decode(node, decoder)
    }

    /// Reads a node that is null.
    fn decode_null(&mut self, _node: &Node) {
        *self = Self::zero();
    }

    /// As it is printed.
    fn tree(&self) -> Tree;

    /// Joins the relative paths in it to `directory`.
    fn join_paths(&mut self, _directory: &str) {}
}

/// Reads a scalar as text, whatever it looks like.
pub(crate) fn text(node: &Node, decoder: &mut Decoder<'_>, go_type: &str) -> Result<Option<String>, Error> {
    let Some((value, resolved)) = decoder.scalar(node, go_type)? else { return Ok(None) };
    match resolved {
        Resolved::Null => Ok(Some(String::new())),
        Resolved::Binary(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(error) => {
                let text = format!("{} is not valid UTF-8", quote::go(error.as_bytes()));
                Err(Error::invalid(Some(node.location), text))
            }
        },
        _ => Ok(Some(value.to_owned())),
    }
}

/// The bytes of a scalar that are no text.
pub(crate) fn not_text(node: &Node) -> Option<Vec<u8>> {
    match super::resolve::resolve(node) {
        Ok((_, Resolved::Binary(bytes))) if str::from_utf8(&bytes).is_err() => Some(bytes),
        _ => None,
    }
}

/// Reads text and makes something of it; what cannot be made ends the reading.
pub(crate) fn parsed<T>(
    node: &Node,
    decoder: &mut Decoder<'_>,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<T>, Error> {
    let Some(text) = text(node, decoder, "string")? else { return Ok(None) };
    parse(&text).map(Some).map_err(|text| Error::invalid(Some(node.location), text))
}

/// A type that is read by parsing a text and printed as one.
macro_rules! textual {
    ($ty:ty, $zero:expr, $go:literal, $parse:expr) => {
        impl $crate::yaml::Value for $ty {
            fn go_type() -> String {
                $go.to_owned()
            }

            fn zero() -> Self {
                $zero
            }

            fn is_zero(&self) -> bool {
                *self == Self::zero()
            }

            fn decode(
                &mut self,
                node: &$crate::yaml::Node,
                decoder: &mut $crate::yaml::Decoder<'_>,
            ) -> Result<bool, $crate::error::Error> {
                let Some(value) = $crate::yaml::value::parsed(node, decoder, $parse)? else { return Ok(false) };
                *self = value;
                Ok(true)
            }

            fn tree(&self) -> $crate::yaml::Tree {
                $crate::yaml::Tree::Text(self.to_string())
            }
        }
    };
}
pub(crate) use textual;

textual!(Duration, Duration::ZERO, "model.Duration", |text| text
    .parse()
    .map_err(|error: promd_model::DurationError| error.to_string()));

impl Value for ByteSize {
    fn go_type() -> String {
        "units.Base2Bytes".to_owned()
    }

    fn zero() -> Self {
        Self::default()
    }

    fn is_zero(&self) -> bool {
        self.bytes() == 0
    }

    fn decode(&mut self, node: &Node, decoder: &mut Decoder<'_>) -> Result<bool, Error> {
        let Some((value, resolved)) = decoder.scalar(node, &Self::go_type())? else { return Ok(false) };
        *self = match resolved {
            Resolved::Null => Self::zero(),
            _ => value
                .parse()
                .map_err(|error: promd_model::ByteSizeError| Error::invalid(Some(node.location), error.to_string()))?,
        };
        Ok(true)
    }

    fn tree(&self) -> Tree {
        Tree::Text(self.to_string())
    }
}

impl Value for String {
    fn go_type() -> String {
        "string".to_owned()
    }

    fn zero() -> Self {
        Self::new()
    }

    fn is_zero(&self) -> bool {
        self.is_empty()
    }

    fn decode(&mut self, node: &Node, decoder: &mut Decoder<'_>) -> Result<bool, Error> {
        let Some(value) = text(node, decoder, "string")? else { return Ok(false) };
        *self = value;
        Ok(true)
    }

    fn tree(&self) -> Tree {
        Tree::Text(self.clone())
    }
}

impl Value for Secret {
    fn go_type() -> String {
        "config.plain".to_owned()
    }

    fn zero() -> Self {
        Self::default()
    }

    fn is_zero(&self) -> bool {
        self.is_empty()
    }

    fn decode(&mut self, node: &Node, decoder: &mut Decoder<'_>) -> Result<bool, Error> {
        let Some(value) = text(node, decoder, "config.plain")? else { return Ok(false) };
        *self = Self::new(&value);
        Ok(true)
    }

    fn tree(&self) -> Tree {
        if self.is_empty() { Tree::Null } else { Tree::Text(crate::secret::HIDDEN.to_owned()) }
    }
}

impl Value for bool {
    fn go_type() -> String {
        "bool".to_owned()
    }

    fn zero() -> Self {
        false
    }

    fn is_zero(&self) -> bool {
        !self
    }

    fn decode(&mut self, node: &Node, decoder: &mut Decoder<'_>) -> Result<bool, Error> {
        match decoder.scalar(node, "bool")? {
            Some((_, Resolved::Bool(value))) => *self = value,
            Some((_, Resolved::Null)) => *self = false,
            Some(_) => return decoder.mismatched(node, "bool"),
            None => return Ok(false),
        }
        Ok(true)
    }

    fn tree(&self) -> Tree {
        Tree::Plain(self.to_string())
    }
}

macro_rules! integer {
    ($ty:ty, $go:literal) => {
        impl Value for $ty {
            fn go_type() -> String {
                $go.to_owned()
            }

            fn zero() -> Self {
                0
            }

            fn is_zero(&self) -> bool {
                *self == 0
            }

            fn decode(&mut self, node: &Node, decoder: &mut Decoder<'_>) -> Result<bool, Error> {
                let value = match decoder.scalar(node, $go)? {
                    Some((_, Resolved::Int(value))) => value.try_into().ok(),
                    Some((_, Resolved::Uint(value))) => value.try_into().ok(),
                    Some((_, Resolved::Float(value))) => whole(value).and_then(|value| value.try_into().ok()),
                    Some((_, Resolved::Null)) => Some(0),
                    Some(_) => None,
                    None => return Ok(false),
                };
                let Some(value) = value else { return decoder.mismatched(node, $go) };
                *self = value;
                Ok(true)
            }

            fn tree(&self) -> Tree {
                Tree::Plain(self.to_string())
            }
        }
    };
}

integer!(i64, "int");
integer!(u64, "uint");

/// A float cut to a whole number, as Go does it, if there is one.
fn whole(value: f64) -> Option<i128> {
    const LIMIT: f64 = 18_446_744_073_709_551_616.0;
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked and cutting is what is wanted")]
    (-LIMIT..=LIMIT).contains(&value).then_some(value as i128)
}

impl Value for f64 {
    fn go_type() -> String {
        "float64".to_owned()
    }

    fn zero() -> Self {
        0.0
    }

    fn is_zero(&self) -> bool {
        *self == 0.0
    }

    fn decode(&mut self, node: &Node, decoder: &mut Decoder<'_>) -> Result<bool, Error> {
        *self = match decoder.scalar(node, "float64")? {
            Some((_, Resolved::Int(value))) => value as Self,
            Some((_, Resolved::Uint(value))) => value as Self,
            Some((_, Resolved::Float(value))) => value,
            Some((_, Resolved::Null)) => 0.0,
            Some(_) => return decoder.mismatched(node, "float64"),
            None => return Ok(false),
        };
        Ok(true)
    }

    fn tree(&self) -> Tree {
        let text = match *self {
            value if value.is_nan() => ".nan".to_owned(),
            value if value.is_infinite() => if value > 0.0 { ".inf" } else { "-.inf" }.to_owned(),
            value => promd_model::float::g(value),
        };
        Tree::Plain(text)
    }
}

/// A pointer of Go: null is none.
impl<T: Value> Value for Option<T> {
    fn go_type() -> String {
        T::go_type()
    }

    fn zero() -> Self {
        None
    }

    fn is_zero(&self) -> bool {
        self.is_none()
    }

    fn decode(&mut self, node: &Node, decoder: &mut Decoder<'_>) -> Result<bool, Error> {
        T::decode_option(self, node, decoder)
    }

    fn tree(&self) -> Tree {
        self.as_ref().map_or(Tree::Null, Value::tree)
    }

    fn join_paths(&mut self, directory: &str) {
        self.iter_mut().for_each(|value| value.join_paths(directory));
    }
}

/// A pointer of Go to something large.
impl<T: Value> Value for Box<T> {
    fn go_type() -> String {
        T::go_type()
    }

    fn zero() -> Self {
        Self::new(T::zero())
    }

    fn is_zero(&self) -> bool {
        (**self).is_zero()
    }

    fn decode(&mut self, node: &Node, decoder: &mut Decoder<'_>) -> Result<bool, Error> {
        (**self).decode(node, decoder)
    }

    fn tree(&self) -> Tree {
        (**self).tree()
    }

    fn join_paths(&mut self, directory: &str) {
        (**self).join_paths(directory);
    }
}

impl<T: Value> Value for Vec<T> {
    fn go_type() -> String {
        format!("[]{}", T::go_type())
    }

    fn zero() -> Self {
        Self::new()
    }

    fn is_zero(&self) -> bool {
        self.is_empty()
    }

    fn decode(&mut self, node: &Node, decoder: &mut Decoder<'_>) -> Result<bool, Error> {
        let Kind::Sequence(items) = &node.kind else {
            self.clear();
            return null_or_mismatch(node, decoder, &Self::go_type());
        };
        self.clear();
        for item in items {
            let mut value = T::zero();
            if decoder.value(*item, &mut value)? {
                self.push(value);
            }
        }
        Ok(true)
    }

    fn tree(&self) -> Tree {
        Tree::Seq { items: self.iter().map(Value::tree).collect(), flow: false }
    }

    fn join_paths(&mut self, directory: &str) {
        self.iter_mut().for_each(|value| value.join_paths(directory));
    }
}

/// Notes that a node is no `go_type`, unless it is one of the spellings of null that only scalars know.
pub(crate) fn null_or_mismatch(node: &Node, decoder: &mut Decoder<'_>, go_type: &str) -> Result<bool, Error> {
    if matches!(node.kind, Kind::Scalar { .. }) && super::resolve::resolve(node)?.1 == Resolved::Null {
        return Ok(true);
    }
    decoder.mismatched(node, go_type)
}

/// The key of a map: text, or a name that is checked.
pub(crate) trait Key: Value + Ord {
    /// As Go prints it with `%#v`.
    fn shown(&self) -> String;
    /// As the map is printed.
    fn text(&self) -> String;
}

impl Key for String {
    fn shown(&self) -> String {
        quote::go(self).to_string()
    }

    fn text(&self) -> String {
        self.clone()
    }
}

impl<K: Key, T: Value> Value for BTreeMap<K, T> {
    fn go_type() -> String {
        format!("map[{}]{}", K::go_type(), T::go_type())
    }

    fn zero() -> Self {
        Self::new()
    }

    fn is_zero(&self) -> bool {
        self.is_empty()
    }

    fn decode(&mut self, node: &Node, decoder: &mut Decoder<'_>) -> Result<bool, Error> {
        let Kind::Mapping(pairs) = &node.kind else { return null_or_mismatch(node, decoder, &Self::go_type()) };
        entries(pairs, decoder, self)?;
        Ok(true)
    }

    fn tree(&self) -> Tree {
        let mut fields: Vec<(String, Tree)> = self.iter().map(|(key, value)| (key.text(), value.tree())).collect();
        fields.sort_by(|(a, _), (b, _)| super::tree::key_order(a, b));
        Tree::Map(fields)
    }

    fn join_paths(&mut self, directory: &str) {
        self.values_mut().for_each(|value| value.join_paths(directory));
    }
}

fn entries<K: Key, T: Value>(
    pairs: &[(super::Id, super::Id)],
    decoder: &mut Decoder<'_>,
    out: &mut BTreeMap<K, T>,
) -> Result<(), Error> {
    if !decoder.is_unique(pairs) {
        return Ok(());
    }
    for &(key_id, value_id) in pairs {
        if decoder.node(key_id).is_merge() {
            decoder.merge(value_id, &mut |decoder, pairs| entries(pairs, decoder, out))?;
            continue;
        }
        let (mut key, mut value) = (K::zero(), T::zero());
        if !decoder.value(key_id, &mut key)? || !decoder.value(value_id, &mut value)? {
            continue;
        }
        match out.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(value);
            }
            Entry::Occupied(entry) => {
                let location = decoder.node(value_id).location;
                decoder.problem(location, format!("key {} already set in map", entry.key().shown()));
            }
        }
    }
    Ok(())
}
