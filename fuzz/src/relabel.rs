//! Relabel rules: what can be told of any rules on any labels.

use promd_model::{Labels, LabelsBuilder, ValidationScheme};
use promd_regex::Anchored;
use promd_relabel::{Action, Rule, Rules, Scratch};

/// Reads lines of `action,sources,separator,regex,modulus,target,replacement` and, behind an empty line, lines of
/// `name=value`, and applies the rules.
pub fn rules(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let (rules, labels) = text.split_once("\n\n").unwrap_or((text, ""));
    let rules: Vec<Rule> = rules.lines().take(8).filter_map(rule).collect();
    let Ok(labels) = Labels::from_pairs(labels.lines().take(32).filter_map(|line| line.split_once('='))) else {
        return;
    };
    for scheme in [ValidationScheme::Utf8, ValidationScheme::Legacy] {
        let Ok(rules) = Rules::new(rules.clone(), scheme) else { continue };
        let (mut builder, mut scratch) = (LabelsBuilder::new(), Scratch::new());
        builder.reset(&labels);
        let kept = rules.apply(&mut builder, &mut scratch);
        let whole = kept.then(|| builder.build()).transpose();

        // Step by step it is the same, and rules only ever see what the one before has left.
        let mut before = labels.without_empty();
        let mut still_kept = true;
        let mut error = None;
        for (at, step) in rules.steps(&labels).enumerate() {
            let Ok(step) = step else {
                error = step.err();
                break;
            };
            assert!(at == 0 || step.before == before);
            assert!(still_kept || !step.kept, "what is dropped stays dropped");
            assert!(step.kept || step.after.is_empty());
            (before, still_kept) = (step.after, step.kept);
        }
        match (whole, error) {
            (Ok(whole), None) => assert_eq!(whole, still_kept.then_some(before)),
            // An empty name may be taken away again by a later rule, but what a step shows must have names.
            (Ok(_) | Err(_), Some(_)) => {}
            (Err(error), None) => panic!("{error} at the end, but at no step"),
        }
    }
}

fn rule(line: &str) -> Option<Rule> {
    let mut fields = line.split(',');
    let mut rule = Rule::default();
    rule.action = fields.next()?.parse::<Action>().ok()?;
    let optional = |field: Option<&str>| field.filter(|text| !text.is_empty()).map(str::to_owned);
    rule.source_labels = optional(fields.next()).map(|names| names.split(' ').map(str::to_owned).collect());
    if let Some(separator) = optional(fields.next()) {
        rule.separator = separator;
    }
    if let Some(regex) = optional(fields.next()) {
        rule.regex = Some(Anchored::wrapped(&regex).ok()?);
    }
    rule.modulus = fields.next().and_then(|text| text.parse().ok()).unwrap_or_default();
    rule.target_label = fields.next().unwrap_or_default().to_owned();
    if let Some(replacement) = fields.next() {
        rule.replacement = replacement.to_owned();
    }
    Some(rule)
}
