//! Rules at work.

use promd_model::{LabelsBuilder, ValidationScheme};

use crate::action::Action;
use crate::case;
use crate::rule::{Rule, RuleError};
use crate::scratch::{Order, Scratch};

/// A chain of valid rules.
///
/// ```
/// use promd_model::{Labels, LabelsBuilder, ValidationScheme};
/// use promd_relabel::{Action, Rule, Rules, Scratch};
///
/// let mut drop_tests = Rule::default();
/// drop_tests.source_labels = Some(vec!["env".to_owned()]);
/// drop_tests.regex = Some(promd_regex::Anchored::wrapped("test.*")?);
/// drop_tests.action = Action::Drop;
/// let rules = Rules::new(vec![drop_tests], ValidationScheme::Utf8)?;
///
/// let mut scratch = Scratch::new();
/// let mut builder = LabelsBuilder::new();
/// builder.reset(&Labels::from_pairs([("env", "prod")])?);
/// assert!(rules.apply(&mut builder, &mut scratch));
/// builder.reset(&Labels::from_pairs([("env", "test-2")])?);
/// assert!(!rules.apply(&mut builder, &mut scratch));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    rules: Vec<Rule>,
    scheme: ValidationScheme,
    /// Whether the order in which labels are set can matter.
    maps: bool,
}

impl Rules {
    /// The chain of these rules, if they are valid where names are by `scheme`.
    ///
    /// # Errors
    ///
    /// What is wrong with the first rule that is not valid.
    pub fn new(rules: Vec<Rule>, scheme: ValidationScheme) -> Result<Self, RuleError> {
        rules.iter().try_for_each(|rule| rule.validate(scheme))?;
        let maps = rules.iter().any(|rule| rule.action == Action::LabelMap);
        Ok(Self { rules, scheme, maps })
    }

    /// The rules, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether there is no rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Applies the rules in order to the labels in `builder`; `false` if one of them drops the label set, after which
    /// there is no telling what `builder` holds.
    ///
    /// Where `labelmap` makes one name of several labels, the last one stays: labels that the rules have set come last,
    /// in the order in which they were set, and before them all others in the order of their names. (Prometheus counts
    /// labels as set that its own code has put into the builder before the first rule; here they are among the others.)
    ///
    /// Rules can make an empty label name; [`LabelsBuilder::build`] refuses it.
    #[must_use]
    pub fn apply(&self, builder: &mut LabelsBuilder, scratch: &mut Scratch) -> bool {
        scratch.order.clear();
        self.rules.iter().all(|rule| self.apply_rule(rule, builder, scratch))
    }

    /// Applies one of the rules; `false` drops the label set.
    pub(crate) fn apply_rule(&self, rule: &Rule, builder: &mut LabelsBuilder, scratch: &mut Scratch) -> bool {
        let Scratch { value, name, replacement, copies, order } = scratch;
        join(builder, rule, value);
        let mut target = Target { builder, order: self.maps.then_some(order) };
        match rule.action {
            Action::Keep => return rule.regex().is_match(value),
            Action::Drop => return !rule.regex().is_match(value),
            Action::KeepEqual => return target.builder.get(&rule.target_label).unwrap_or_default() == value,
            Action::DropEqual => return target.builder.get(&rule.target_label).unwrap_or_default() != value,
            Action::Replace => {
                let Some(captures) = rule.regex().captures(value) else { return true };
                let expand = |template: &str, out: &mut String| {
                    out.clear();
                    captures.expand(template, out);
                };
                expand(&rule.target_label, name);
                if self.scheme.is_label_name(name) {
                    expand(&rule.replacement, replacement);
                    target.set(name, replacement);
                }
            }
            Action::Lowercase | Action::Uppercase => {
                replacement.clear();
                let push = if rule.action == Action::Lowercase { case::push_lower } else { case::push_upper };
                push(replacement, value);
                target.set(&rule.target_label, replacement);
            }
            Action::HashMod => {
                replacement.clear();
                push_decimal(replacement, hash(value).checked_rem(rule.modulus).unwrap_or_default());
                target.set(&rule.target_label, replacement);
            }
            Action::LabelMap => {
                copies.clear();
                for label in target.builder.iter().filter(|label| rule.regex().is_match(label.name)) {
                    let rank = target.order.as_deref().map_or(0, |order| order.rank(label.name));
                    copies.push(rank, &rule.regex().replace_all(label.name, &rule.replacement), label.value);
                }
                copies.sort();
                copies.iter().for_each(|(name, value)| target.set(name, value));
            }
            Action::LabelDrop => target.retain(|name| !rule.regex().is_match(name)),
            Action::LabelKeep => target.retain(|name| rule.regex().is_match(name)),
        }
        true
    }
}

/// Labels being changed, with the order of the changes where it matters.
struct Target<'a> {
    builder: &'a mut LabelsBuilder,
    order: Option<&'a mut Order>,
}

impl Target<'_> {
    fn set(&mut self, name: &str, value: &str) {
        self.builder.set(name, value);
        match self.order.as_deref_mut() {
            Some(order) if value.is_empty() => order.retain(|set| set != name),
            Some(order) => order.set(name),
            None => {}
        }
    }

    fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.builder.retain(&keep);
        if let Some(order) = self.order.as_deref_mut() {
            order.retain(&keep);
        }
    }
}

/// The values of the source labels with the separator between them.
fn join(builder: &LabelsBuilder, rule: &Rule, value: &mut String) {
    value.clear();
    for (at, name) in rule.source_labels.iter().flatten().enumerate() {
        if at > 0 {
            value.push_str(&rule.separator);
        }
        value.push_str(builder.get(name).unwrap_or_default());
    }
}

/// The last eight bytes of the MD5.
fn hash(value: &str) -> u64 {
    let [.., a, b, c, d, e, f, g, h] = md5::compute(value).0;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

fn push_decimal(out: &mut String, number: u64) {
    use std::fmt::Write as _;
    write!(out, "{number}").expect("writing to a string does not fail");
}
