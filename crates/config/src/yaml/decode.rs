//! Nodes into values, strictly, as Go's decoder does it.

use std::collections::HashMap;

use super::node::{self, Document, Id, Kind, Node, short_tag};
use super::resolve::{Resolved, resolve};
use super::value::Value;
use crate::error::{Error, Location, Problem};

/// How far one value may lie in another. Only merges and values of any type can get near it.
const MAX_DEPTH: usize = 1000;

/// Which of Go's packages reads the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Everything but rule files.
    V2,
    /// Rule files.
    V3,
}

/// Where variables of the environment come from.
pub(crate) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A section of a file: a record that may have defaults of its own and can be checked as a whole.
pub(crate) trait Section: Value {
    /// What the section is before its fields are read; `None` leaves it as the section around it has it.
    fn fresh(_environment: Environment<'_>) -> Option<Self> {
        None
    }

    /// Completes the section once its fields are read, or says in Prometheus' words what does not make sense.
    fn check(&mut self, _environment: Environment<'_>) -> Result<(), String> {
        Ok(())
    }

    /// Reads the field called `key`; `false` if there is none.
    fn set(&mut self, key: &str, id: Id, decoder: &mut Decoder<'_>) -> Result<bool, Error>;
}

/// What is done with each mapping that is merged.
type Each<'e, 'd> = dyn FnMut(&mut Decoder<'d>, &'d [(Id, Id)]) -> Result<(), Error> + 'e;

pub(crate) struct Decoder<'d> {
    document: &'d Document,
    dialect: Dialect,
    /// Whether unknown fields are wrong.
    strict: bool,
    /// Whether of values that know where they stand that is all that is wanted.
    only_places: bool,
    pub(crate) environment: Environment<'d>,
    problems: Vec<Problem>,
    /// The aliases that are being followed.
    following: Vec<Id>,
    depth: usize,
    decoded: u64,
    decoded_by_alias: u64,
}

impl<'d> Decoder<'d> {
    pub(crate) fn new(document: &'d Document, dialect: Dialect, strict: bool, environment: Environment<'d>) -> Self {
        Self {
            document,
            dialect,
            strict,
            only_places: false,
            environment,
            problems: Vec::new(),
            following: Vec::new(),
            depth: 0,
            decoded: 0,
            decoded_by_alias: 0,
        }
    }

    /// Reads, if `only`, nothing but places where those are kept.
    pub(crate) fn with_places(mut self, only: bool) -> Self {
        self.only_places = only;
        self
    }

    pub(crate) fn only_places(&self) -> bool {
        self.only_places
    }

    /// Fills `out` from the whole document; nothing in it leaves `out` as it is.
    pub(crate) fn run<T: Value>(mut self, out: &mut T) -> Result<(), Error> {
        if let Some(root) = self.document.root {
            self.value(root, out)?;
        }
        if self.problems.is_empty() { Ok(()) } else { Err(Error::types(self.problems)) }
    }

    pub(crate) fn node(&self, id: Id) -> &'d Node {
        self.document.node(id)
    }

    /// The node that is meant by `id`, through aliases.
    pub(crate) fn resolved_node(&self, id: Id) -> &'d Node {
        let mut node = self.node(id);
        // An alias never names another alias, which has no anchor.
        while let Kind::Alias { target, .. } = node.kind {
            node = self.node(target);
        }
        node
    }

    /// Fills `out`; `false` if the value does not fit, which has been noted.
    pub(crate) fn value<T: Value>(&mut self, id: Id, out: &mut T) -> Result<bool, Error> {
        self.count()?;
        let node = self.node(id);
        if let Kind::Alias { name, target } = &node.kind {
            if self.following.contains(target) {
                return Err(Error::syntax(None, format!("anchor '{name}' value contains itself")));
            }
            self.following.push(*target);
            let done = self.value(*target, out);
            self.following.pop();
            return done;
        }
        if node.is_null() {
            out.decode_null(node);
            return Ok(true);
        }
        if self.depth >= MAX_DEPTH {
            return Err(Error::syntax(Some(node.location), "document is nested too deeply"));
        }
        self.depth += 1;
        let done = out.decode(node, self);
        self.depth -= 1;
        done
    }

    /// Go's protection against documents that grow by aliases.
    fn count(&mut self) -> Result<(), Error> {
        self.decoded += 1;
        self.decoded_by_alias += u64::from(!self.following.is_empty());
        let (low, high) = (400_000.0, 4_000_000.0);
        let position = (self.decoded as f64 - low) / (high - low);
        let allowed = 0.99 - 0.89 * position.clamp(0.0, 1.0);
        let share = self.decoded_by_alias as f64 / self.decoded as f64;
        if self.decoded_by_alias > 100 && self.decoded > 1000 && share > allowed {
            return Err(Error::syntax(None, "document contains excessive aliasing"));
        }
        Ok(())
    }

    pub(crate) fn problem(&mut self, location: Location, text: String) {
        self.problems.push(Problem { location: Some(location), text });
    }

    pub(crate) fn problems(&self) -> usize {
        self.problems.len()
    }

    /// Notes that `node`, which by itself would be a `tag`, is no `go_type`.
    pub(crate) fn mismatch(&mut self, node: &Node, tag: &str, go_type: &str) {
        let tag = if node.tag.is_empty() { tag } else { &node.tag };
        let value = match &node.kind {
            Kind::Scalar { value, .. } if value.len() > 10 => {
                // Go cuts bytes; here a character is not cut.
                let end = (0..=7).rev().find(|end| value.is_char_boundary(*end)).unwrap_or_default();
                format!(" `{}...`", value.get(..end).unwrap_or_default())
            }
            Kind::Scalar { value, .. } => format!(" `{value}`"),
            _ if tag == node::SEQ || tag == node::MAP => String::new(),
            _ => " ``".to_owned(),
        };
        self.problem(node.location, format!("cannot unmarshal {}{value} into {go_type}", short_tag(tag)));
    }

    /// As [`mismatch`](Self::mismatch), with the tag that `node` has by itself.
    pub(crate) fn mismatched(&mut self, node: &Node, go_type: &str) -> Result<bool, Error> {
        let tag = match &node.kind {
            Kind::Sequence(_) => node::SEQ,
            Kind::Mapping(_) | Kind::Alias { .. } => node::MAP,
            Kind::Scalar { .. } => resolve(node)?.0,
        };
        self.mismatch(node, tag, go_type);
        Ok(false)
    }

    /// The meaning of a scalar; anything else is noted as no `go_type`.
    pub(crate) fn scalar<'n>(&mut self, node: &'n Node, go_type: &str) -> Result<Option<(&'n str, Resolved)>, Error> {
        match &node.kind {
            Kind::Scalar { value, .. } => Ok(Some((value, resolve(node)?.1))),
            _ => self.mismatched(node, go_type).map(|_| None),
        }
    }

    /// Reads a section: its defaults, its fields, and if they are all right its check.
    pub(crate) fn section<T: Section>(&mut self, node: &Node, out: &mut T) -> Result<bool, Error> {
        let before = self.problems();
        if let Some(fresh) = T::fresh(self.environment) {
            *out = fresh;
        }
        match &node.kind {
            Kind::Mapping(pairs) if self.is_unique(pairs) => self.fields(pairs, out)?,
            Kind::Mapping(_) => {}
            Kind::Scalar { .. } if resolve(node)?.1 == Resolved::Null => *out = T::zero(),
            _ => {
                self.mismatched(node, &T::go_type())?;
            }
        }
        if self.problems() > before {
            return Ok(false);
        }
        out.check(self.environment).map_err(|text| Error::invalid(Some(node.location), text))?;
        Ok(true)
    }

    /// Notes keys that are there twice, where that is found before anything else: in `yaml.v3`.
    pub(crate) fn is_unique(&mut self, pairs: &[(Id, Id)]) -> bool {
        if self.dialect == Dialect::V2 {
            return true;
        }
        let before = self.problems();
        let mut seen: HashMap<&str, Location> = HashMap::new();
        for (key, _) in pairs {
            let node = self.document.node(*key);
            let Kind::Scalar { value, .. } = &node.kind else { continue };
            match seen.get(value.as_str()) {
                Some(Location { line, .. }) => {
                    let key = promd_model::quote::go(value.as_str());
                    self.problem(node.location, format!("mapping key {key} already defined at line {line}"));
                }
                None => drop(seen.insert(value, node.location)),
            }
        }
        self.problems() == before
    }

    fn fields<T: Section>(&mut self, pairs: &[(Id, Id)], out: &mut T) -> Result<(), Error> {
        let mut seen: Vec<String> = Vec::new();
        for &(key_id, value) in pairs {
            let key_node = self.node(key_id);
            if key_node.is_merge() {
                self.merge(value, &mut |decoder, pairs| decoder.fields(pairs, out))?;
                continue;
            }
            let mut key = String::new();
            if !self.value(key_id, &mut key)? {
                continue;
            }
            let location = key_node.location;
            if seen.contains(&key) {
                self.problem(location, format!("field {key} already set in type {}", T::go_type()));
                continue;
            }
            match out.set(&key, value, self)? {
                true => seen.push(key),
                false if self.strict => {
                    self.problem(location, format!("field {key} not found in type {}", T::go_type()));
                }
                false => {}
            }
        }
        Ok(())
    }

    /// Goes through the mappings that a merge names, the one that counts most last.
    pub(crate) fn merge(&mut self, id: Id, each: &mut Each<'_, 'd>) -> Result<(), Error> {
        let wanted = || Error::syntax(None, "map merge requires map or sequence of maps as the value");
        self.count()?;
        let node = self.node(id);
        let (target, aliased) = match &node.kind {
            Kind::Alias { target, .. } => (self.node(*target), Some(*target)),
            _ => (node, None),
        };
        match &target.kind {
            Kind::Mapping(pairs) => {
                self.depth += 1;
                if self.depth >= MAX_DEPTH || aliased.is_some_and(|target| self.following.contains(&target)) {
                    return Err(Error::syntax(Some(node.location), "document is nested too deeply"));
                }
                self.following.extend(aliased);
                let done = each(self, pairs);
                self.following.truncate(self.following.len() - usize::from(aliased.is_some()));
                self.depth -= 1;
                done
            }
            Kind::Sequence(items) if aliased.is_none() => {
                let is_map = |id: &Id| matches!(self.resolved_node(*id).kind, Kind::Mapping(_));
                if !items.iter().all(is_map) {
                    return Err(wanted());
                }
                items.iter().rev().try_for_each(|item| self.merge(*item, each))
            }
            _ => Err(wanted()),
        }
    }
}
