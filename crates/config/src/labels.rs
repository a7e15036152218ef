//! Label sets and relabel rules in files.

use std::collections::BTreeMap;
use std::ops::Deref;

use promd_model::{Labels, ValidationScheme, quote};
use promd_regex::Anchored;
use promd_relabel::{Action, Rule};

use crate::error::Error;
use crate::list::List;
use crate::yaml::generic::LabelName;
use crate::yaml::value::{Key, null_or_mismatch, parsed};
use crate::yaml::{Decoder, Environment, Id, Kind, Node, Section, Tree, Value};

impl Value for Labels {
    fn go_type() -> String {
        "map[string]string".to_owned()
    }

    fn zero() -> Self {
        Self::empty()
    }

    fn is_zero(&self) -> bool {
        self.is_empty()
    }

    fn decode(&mut self, node: &Node, decoder: &mut Decoder<'_>) -> Result<bool, Error> {
        check_values(node, decoder)?;
        let mut pairs: BTreeMap<String, String> = BTreeMap::new();
        if !pairs.decode(node, decoder)? {
            return Ok(false);
        }
        // What is no name is refused by the section, which knows which names are valid; the empty one is no name at all.
        if pairs.contains_key("") {
            return Err(Error::invalid(Some(node.location), "\"\" is not a valid label name"));
        }
        *self = Self::from_pairs(pairs).map_err(|error| Error::invalid(Some(node.location), error.to_string()))?;
        Ok(true)
    }

    fn tree(&self) -> Tree {
        let pairs: BTreeMap<String, String> =
            self.iter().map(|label| (label.name.to_owned(), label.value.to_owned())).collect();
        pairs.tree()
    }
}

/// Refuses values that are bytes but no text, in Prometheus' words.
fn check_values(node: &Node, decoder: &Decoder<'_>) -> Result<(), Error> {
    let Kind::Mapping(pairs) = &node.kind else { return Ok(()) };
    for (_, value) in pairs {
        let node = decoder.resolved_node(*value);
        if let Some(bytes) = crate::yaml::value::not_text(node) {
            let text = format!("{} is not a valid label value", quote::go(&bytes));
            return Err(Error::invalid(Some(node.location), text));
        }
    }
    Ok(())
}

/// Labels whose names are checked where they stand: those of a target group, for instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelSet(Labels);

impl Deref for LabelSet {
    type Target = Labels;

    fn deref(&self) -> &Labels {
        &self.0
    }
}

impl From<Labels> for LabelSet {
    fn from(labels: Labels) -> Self {
        Self(labels)
    }
}

impl Value for LabelSet {
    fn go_type() -> String {
        "model.LabelSet".to_owned()
    }

    fn zero() -> Self {
        Self::default()
    }

    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    fn decode(&mut self, node: &Node, decoder: &mut Decoder<'_>) -> Result<bool, Error> {
        if !matches!(node.kind, Kind::Mapping(_)) {
            return null_or_mismatch(node, decoder, &Self::go_type());
        }
        check_values(node, decoder)?;
        let mut pairs: BTreeMap<LabelName, String> = BTreeMap::new();
        if !pairs.decode(node, decoder)? {
            return Ok(false);
        }
        let pairs = pairs.into_iter().map(|(name, value)| (name.text(), value));
        self.0 = Labels::from_pairs(pairs).map_err(|error| Error::invalid(Some(node.location), error.to_string()))?;
        Ok(true)
    }

    fn tree(&self) -> Tree {
        self.0.tree()
    }
}

impl Value for Rule {
    fn go_type() -> String {
        "relabel.plain".to_owned()
    }

    fn item_type() -> String {
        "relabel.Config".to_owned()
    }

    fn zero() -> Self {
        Self::default()
    }

    fn is_zero(&self) -> bool {
        false
    }

    fn decode(&mut self, node: &Node, decoder: &mut Decoder<'_>) -> Result<bool, Error> {
        decoder.section(node, self)
    }

    fn tree(&self) -> Tree {
        let mut fields = Vec::new();
        let mut field = |key: &str, tree: Tree| fields.push((key.to_owned(), tree));
        if let Some(names) = self.source_labels.as_ref().filter(|names| !names.is_empty()) {
            field("source_labels", names.tree().into_flow());
        }
        field("separator", self.separator.tree());
        if let Some(regex) = &self.regex {
            field("regex", Tree::Text(regex.as_str().to_owned()));
        }
        if self.modulus != 0 {
            field("modulus", self.modulus.tree());
        }
        if !self.target_label.is_empty() {
            field("target_label", self.target_label.tree());
        }
        field("replacement", self.replacement.tree());
        field("action", Tree::Text(self.action.to_string()));
        Tree::Map(fields)
    }
}

impl Section for Rule {
    fn fresh(_: Environment<'_>) -> Option<Self> {
        Some(Self::default())
    }

    fn set(&mut self, key: &str, id: Id, decoder: &mut Decoder<'_>) -> Result<bool, Error> {
        match key {
            "source_labels" => {
                let mut names = LabelNames::default();
                decoder.value(id, &mut names)?;
                let names = names.0;
                let is_null = decoder.resolved_node(id).is_null();
                self.source_labels = (!is_null).then(|| names.iter().map(Key::text).collect());
            }
            "separator" => drop(decoder.value(id, &mut self.separator)?),
            "regex" => {
                // Null is not the default here, but the expression that matches the empty text.
                let mut regex = Regex(Anchored::wrapped("").map_err(|e| Error::invalid(None, e.to_string()))?);
                decoder.value(id, &mut regex)?;
                self.regex = Some(regex.0);
            }
            "modulus" => drop(decoder.value(id, &mut self.modulus)?),
            "target_label" => drop(decoder.value(id, &mut self.target_label)?),
            "replacement" => drop(decoder.value(id, &mut self.replacement)?),
            "action" => {
                let node = decoder.resolved_node(id);
                if node.is_null() {
                    return Err(Error::invalid(Some(node.location), "relabel action cannot be empty"));
                }
                let mut action = ActionText(self.action);
                decoder.value(id, &mut action)?;
                self.action = action.0;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// `source_labels`.
#[derive(Debug, Default)]
struct LabelNames(Vec<LabelName>);

impl Value for LabelNames {
    fn go_type() -> String {
        "model.LabelNames".to_owned()
    }

    fn zero() -> Self {
        Self::default()
    }

    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    fn decode(&mut self, node: &Node, decoder: &mut Decoder<'_>) -> Result<bool, Error> {
        match node.kind {
            Kind::Sequence(_) => self.0.decode(node, decoder),
            _ => null_or_mismatch(node, decoder, &Self::go_type()),
        }
    }

    fn tree(&self) -> Tree {
        self.0.tree()
    }
}

#[derive(Debug)]
struct Regex(Anchored);

impl Value for Regex {
    fn go_type() -> String {
        "relabel.Regexp".to_owned()
    }

    fn zero() -> Self {
        Self(Anchored::wrapped("").expect("the empty expression compiles"))
    }

    fn is_zero(&self) -> bool {
        false
    }

    fn decode(&mut self, node: &Node, decoder: &mut Decoder<'_>) -> Result<bool, Error> {
        let compile = |text: &str| Anchored::wrapped(text).map_err(|error| error.to_string());
        let Some(regex) = parsed(node, decoder, compile)? else { return Ok(false) };
        self.0 = regex;
        Ok(true)
    }

    fn tree(&self) -> Tree {
        Tree::Text(self.0.as_str().to_owned())
    }
}

#[derive(Debug)]
struct ActionText(Action);

impl Value for ActionText {
    fn go_type() -> String {
        "relabel.Action".to_owned()
    }

    fn zero() -> Self {
        Self(Action::default())
    }

    fn is_zero(&self) -> bool {
        false
    }

    fn decode(&mut self, node: &Node, decoder: &mut Decoder<'_>) -> Result<bool, Error> {
        let parse = |text: &str| text.parse().map_err(|error: promd_relabel::ActionError| error.to_string());
        let Some(action) = parsed(node, decoder, parse)? else { return Ok(false) };
        self.0 = action;
        Ok(true)
    }

    fn tree(&self) -> Tree {
        Tree::Text(self.0.to_string())
    }
}

/// Checks each of the rules where names are valid by `scheme`.
pub(crate) fn check_rules(rules: &List<Rule>, scheme: ValidationScheme) -> Result<(), String> {
    rules.iter().try_for_each(|rule| rule.validate(scheme)).map_err(|error| error.to_string())
}

/// Checks names by `scheme`.
pub(crate) fn check_names(labels: &Labels, scheme: ValidationScheme) -> Result<(), String> {
    let invalid = labels.iter().find(|label| !scheme.is_label_name(label.name));
    invalid.map_or(Ok(()), |label| Err(format!("{} is not a valid label name", quote::go(label.name))))
}
