//! Rules that change nothing, and rules that set what they have set before, allocate nothing.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use promd_model::{Labels, LabelsBuilder, ValidationScheme};
use promd_regex::Anchored;
use promd_relabel::{Action, Rule, Rules, Scratch};
use promd_testkit::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn rule(action: Action, regex: &str, target: &str) -> Rule {
    let mut rule = Rule::default();
    rule.action = action;
    rule.regex = Some(Anchored::wrapped(regex).unwrap());
    rule.target_label = target.to_owned();
    if !matches!(action, Action::LabelDrop | Action::LabelKeep) {
        rule.source_labels = Some(vec!["job".to_owned(), "instance".to_owned()]);
    }
    rule
}

fn allocations(rules: Vec<Rule>) -> u64 {
    let rules = Rules::new(rules, ValidationScheme::Utf8).unwrap();
    let labels = Labels::from_pairs([("instance", "host:9100"), ("job", "node"), ("__name__", "up")]).unwrap();
    let (mut builder, mut scratch) = (LabelsBuilder::new(), Scratch::new());
    let mut once = || assert!(rules.apply(builder.reset(&labels), &mut scratch));
    once();
    CountingAllocator::during(once).1.calls
}

#[test]
fn rules_that_do_not_match() {
    let mut map = rule(Action::LabelMap, "meta_(.+)", "");
    map.replacement = "$1".to_owned();
    let rules = vec![
        rule(Action::Drop, "other;.*", ""),
        rule(Action::Replace, "oth[e]r;(.*)", "x"),
        rule(Action::Keep, "node;[a-z]+:[0-9]+", ""),
        rule(Action::LabelDrop, "meta_.+", ""),
        map,
    ];
    assert_eq!(allocations(rules), 0);
}

#[test]
fn rules_that_set_labels() {
    let mut shard = rule(Action::HashMod, ".*", "shard");
    shard.modulus = 16;
    let rules = vec![shard, rule(Action::Replace, "(.*);(.*):(.*)", "port"), rule(Action::LabelDrop, "instance", "")];
    assert_eq!(allocations(rules), 0);
}
