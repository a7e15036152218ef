//! What does not make sense in a rule file.

use promd_model::METRIC_NAME;

use super::{Rule, RuleError, RuleFile, RuleFileError, RuleOptions};
use crate::error::Location;

pub(super) fn check(file: &RuleFile, options: &RuleOptions<'_>) -> Vec<RuleFileError> {
    let mut errors = Vec::new();
    for (at, group) in file.groups.iter().enumerate() {
        // Prometheus means to say where the group stands, and always says this.
        if group.name.is_empty() {
            errors.push(RuleFileError::Group("0:0: Groupname must not be empty".to_owned()));
        }
        if file.groups.iter().take(at).any(|earlier| earlier.name == group.name) {
            let text = format!("0:0: groupname: \"{}\" is repeated in the same file", group.name);
            errors.push(RuleFileError::Group(text));
        }
        for name in group.labels.keys().filter(|name| !is_label(name, options)) {
            errors.push(RuleFileError::Group(format!("invalid label name: {name}")));
        }
        for (at, rule) in group.rules.iter().enumerate() {
            let name = if rule.alert.is_empty() { &rule.record } else { &rule.alert };
            let error = |Problem(locations, text)| {
                let (group, name) = (group.name.clone(), name.value.clone());
                RuleFileError::Rule(RuleError { locations, group, rule: at + 1, name, text })
            };
            errors.extend(rule.problems(options).into_iter().map(error));
        }
    }
    errors
}

fn is_label(name: &str, options: &RuleOptions<'_>) -> bool {
    options.scheme.is_label_name(name) && name != METRIC_NAME
}

struct Problem(Vec<Option<Location>>, String);

impl Rule {
    fn problems(&self, options: &RuleOptions<'_>) -> Vec<Problem> {
        let mut problems = Vec::new();
        let record = self.record.location;
        let mut problem = |locations: &[Option<Location>], text: String| {
            problems.push(Problem(locations.to_vec(), text));
        };
        match (self.record.is_empty(), self.alert.is_empty()) {
            (false, false) => {
                problem(&[record, self.alert.location], "only one of 'record' and 'alert' must be set".to_owned());
            }
            (true, true) => {
                problem(&[record, self.alert.location], "one of 'record' or 'alert' must be set".to_owned());
            }
            _ => {}
        }
        if self.expr.is_empty() {
            problem(&[self.expr.location], "field 'expr' must be set in rule".to_owned());
        } else if let Err(text) = (options.expression)(&self.expr) {
            problem(&[self.expr.location], format!("could not parse expression: {text}"));
        }
        if !self.record.is_empty() {
            let fields = [
                ("annotations", !self.annotations.is_empty()),
                ("for", self.hold.as_nanos() != 0),
                ("keep_firing_for", self.keep_firing_for.as_nanos() != 0),
            ];
            for (field, _) in fields.iter().filter(|(_, used)| *used) {
                problem(&[record], format!("invalid field '{field}' in recording rule"));
            }
            let name = &self.record.value;
            if !options.scheme.is_metric_name(name) {
                problem(&[record], format!("invalid recording rule name: {name}"));
            }
            // Any UTF-8 is a name, but an expression in the place of one is a mistake that is easily made.
            if name.contains(['{', '}']) {
                let text = format!("braces present in the recording rule name; should it be in expr?: {name}");
                problem(&[record], text);
            }
        }
        for name in self.labels.keys().filter(|name| !is_label(name, options)) {
            problem(&[], format!("invalid label name: {name}"));
        }
        for name in self.annotations.keys().filter(|name| !options.scheme.is_label_name(name)) {
            problem(&[], format!("invalid annotation name: {name}"));
        }
        problems
    }
}
