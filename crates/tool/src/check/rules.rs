//! Rule files.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Read};
use std::path::Path;

use promd_config::{ExpressionCheck, RuleFile, RuleOptions};
use promd_model::Labels;

use super::Verdict;
use crate::Context;

/// More than this is no rule file.
const MAX_BYTES: u64 = 128 << 20;

/// What is looked for in rule files.
pub(super) struct RuleLints<'c> {
    duplicates: bool,
    ignore_unknown_fields: bool,
    expression: ExpressionCheck<'c>,
}

impl<'c> RuleLints<'c> {
    pub(super) fn new(lint: &str, ignore_unknown_fields: bool, expression: ExpressionCheck<'c>) -> Self {
        let names = |name| lint.split(',').any(|option| option == name);
        Self { duplicates: names("all") || names("duplicate-rules"), ignore_unknown_fields, expression }
    }

    pub(super) fn unknown(lint: &str) -> impl Iterator<Item = &str> {
        lint.split(',').filter(|option| !["", "all", "duplicate-rules", "none"].contains(option))
    }
}

pub(super) fn check(files: &[String], lints: &RuleLints<'_>, context: &mut Context<'_>) -> io::Result<Verdict> {
    let mut verdict = Verdict::Fine;
    for file in files {
        writeln!(context.out, "Checking {file}")?;
        let of_file = match context.fs.read_to_vec(Path::new(file), MAX_BYTES) {
            Ok(text) => check_text(&text, &format!("{file}: "), lints, context)?,
            Err(error) => {
                writeln!(context.err, "  FAILED:\n{file}: {error}")?;
                Verdict::Wrong
            }
        };
        if of_file != Verdict::Wrong {
            writeln!(context.out)?;
        }
        verdict = verdict.max(of_file);
    }
    Ok(verdict)
}

pub(super) fn check_input(lints: &RuleLints<'_>, context: &mut Context<'_>) -> io::Result<Verdict> {
    writeln!(context.out, "Checking standard input")?;
    let mut text = Vec::new();
    context.input.by_ref().take(MAX_BYTES).read_to_end(&mut text)?;
    let verdict = check_text(&text, "", lints, context)?;
    if verdict != Verdict::Wrong {
        writeln!(context.out)?;
    }
    Ok(verdict)
}

fn check_text(text: &[u8], file: &str, lints: &RuleLints<'_>, context: &mut Context<'_>) -> io::Result<Verdict> {
    let mut options = RuleOptions::default();
    options.ignore_unknown_fields = lints.ignore_unknown_fields;
    options.expression = lints.expression;
    let rules = match RuleFile::parse(text, &options) {
        Ok(rules) => rules,
        Err(errors) => {
            writeln!(context.err, "  FAILED:")?;
            for error in errors {
                writeln!(context.err, "{file}{error}")?;
            }
            return Ok(Verdict::Wrong);
        }
    };
    let twice = if lints.duplicates { duplicates(&rules) } else { Vec::new() };
    if twice.is_empty() {
        let count: usize = rules.groups.iter().map(|group| group.rules.len()).sum();
        writeln!(context.out, "  SUCCESS: {count} rules found")?;
        return Ok(Verdict::Fine);
    }
    let mut said = format!("{} duplicate rule(s) found.\n", twice.len());
    for (name, labels) in &twice {
        // Nothing fails that writes to a string.
        let _ = writeln!(said, "Metric: {name}\nLabel(s):");
        for label in labels {
            let _ = writeln!(said, "\t{}: {}", label.name, label.value);
        }
    }
    writeln!(context.err, "  FAILED:\nlint error {said}Might cause inconsistency while recording expressions")?;
    Ok(Verdict::Found)
}

/// The name of a rule and its labels, in order.
type Named<'r> = (&'r str, Vec<(&'r str, &'r str)>);

/// Names and labels that more than one rule has, in order.
fn duplicates(rules: &RuleFile) -> Vec<(&str, Labels)> {
    let mut known: BTreeMap<Named<'_>, usize> = BTreeMap::new();
    for group in &rules.groups {
        for rule in &group.rules {
            let name = if rule.alert.is_empty() { rule.record.as_str() } else { rule.alert.as_str() };
            let labels: BTreeMap<&str, &str> =
                group.labels.iter().chain(&rule.labels).map(|(name, value)| (name.as_str(), value.as_str())).collect();
            *known.entry((name, labels.into_iter().collect())).or_default() += 1;
        }
    }
    let twice = known.into_iter().filter(|(_, count)| *count > 1);
    twice.map(|((name, labels), _)| (name, Labels::from_pairs(labels).unwrap_or_else(|_| Labels::empty()))).collect()
}
