//! Rule files: what is wrong with them, and where. The expected texts are those of promtool 3.5.3 on these files.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use promd_config::{RuleFile, RuleOptions};

#[track_caller]
fn check(text: &str, expect: &[&str]) {
    let mut options = RuleOptions::default();
    options.expression = &|text| if text.contains('(') { Err("unclosed".to_owned()) } else { Ok(()) };
    let errors = RuleFile::parse(text.as_bytes(), &options).unwrap_err();
    let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(errors, expect, "{text}");
}

/// A block stands where its indicator stands, not where its text begins.
#[test]
fn blocks_stand_where_they_are_announced() {
    for (block, place) in
        [("|\n      sum(\n        up", "5:11"), (">- # why\n\n      sum(\n      by", "5:11"), ("sum(", "5:11")]
    {
        let text = format!("groups:\n- name: g\n  rules:\n  - record: a\n    expr: {block}\n");
        check(&text, &[&format!("{place}: group \"g\", rule 1, \"a\": could not parse expression: unclosed")]);
    }
}

/// The second reading is one for places, into types of their own.
#[test]
fn what_is_of_the_wrong_type_is_told_twice() {
    let twice = |what: &str, again: &str| {
        [what, again].map(|what| format!("yaml: unmarshal errors:\n  line 1: cannot unmarshal {what}"))
    };
    for (text, what, again) in [
        ("groups\n", "!!str `groups` into rulefmt.RuleGroups", "!!str `groups` into rulefmt.ruleGroups"),
        ("groups: {}\n", "!!map into []rulefmt.RuleGroup", "!!map into []rulefmt.RuleGroupNode"),
        ("groups: [{name: g, rules: [a]}]\n", "!!str `a` into rulefmt.Rule", "!!str `a` into rulefmt.RuleNode"),
    ] {
        let expect = twice(what, again);
        check(text, &expect.each_ref().map(String::as_str));
    }
    let text = "groups:\n- name: g\n  rules:\n  - record: {}\n    expr: up\n";
    check(text, &["yaml: unmarshal errors:\n  line 4: cannot unmarshal !!map into string"]);
}
