//! What is wrong with rules, in the words of `Config.Validate` of Prometheus (`model/relabel/relabel.go`).

use promd_model::ValidationScheme::{self, Legacy, Utf8};
use promd_regex::Anchored;
use promd_relabel::{Action, Rule};

#[track_caller]
fn check(action: Action, scheme: ValidationScheme, change: impl FnOnce(&mut Rule), expect: &str) {
    let mut rule = Rule::default();
    rule.action = action;
    change(&mut rule);
    let text = rule.validate(scheme).err().map(|error| error.to_string()).unwrap_or_default();
    assert_eq!(text, expect, "{rule:?}");
}

fn target(label: &str) -> impl FnOnce(&mut Rule) {
    move |rule| rule.target_label = label.to_owned()
}

fn replacement(text: &str) -> impl FnOnce(&mut Rule) {
    move |rule| rule.replacement = text.to_owned()
}

#[test]
fn a_target_is_needed() {
    for action in [Action::Replace, Action::Lowercase, Action::Uppercase, Action::KeepEqual, Action::DropEqual] {
        let expect = format!("relabel configuration for {action} action requires 'target_label' value");
        check(action, Utf8, |_| (), &expect);
        check(action, Utf8, target("a"), "");
        check(action, Utf8, target("a.b"), "");
        check(action, Legacy, target("a.b"), &format!("\"a.b\" is invalid 'target_label' for {action} action"));
    }
    check(Action::Keep, Utf8, |_| (), "");
    check(Action::Drop, Utf8, |_| (), "");
}

#[test]
fn hashmod_needs_a_modulus() {
    check(Action::HashMod, Utf8, |_| (), "relabel configuration for hashmod requires non-zero modulus");
    let sharded =
        |label: &'static str| move |rule: &mut Rule| (rule.modulus, rule.target_label) = (7, label.to_owned());
    check(Action::HashMod, Utf8, sharded(""), "relabel configuration for hashmod action requires 'target_label' value");
    check(Action::HashMod, Utf8, sharded("a-b"), "");
    check(Action::HashMod, Legacy, sharded("a-b"), "\"a-b\" is invalid 'target_label' for hashmod action");
}

/// The verdicts are those of the expression `relabelTargetLegacy`.
#[test]
fn targets_may_hold_groups() {
    for valid in ["$1", "${1}", "a_$1", "$1_a", "${3}2", "a$b${c}9", "_$x"] {
        check(Action::Replace, Legacy, target(valid), "");
        check(Action::LabelMap, Legacy, replacement(valid), "");
    }
    for invalid in ["$", "${", "${}", "a${b", "1$1", "a-$1", "$$", "a$", "${a-b}", "ä$1"] {
        check(
            Action::Replace,
            Legacy,
            target(invalid),
            &format!("\"{invalid}\" is invalid 'target_label' for replace action"),
        );
        let expect = format!("\"{invalid}\" is invalid 'replacement' for labelmap action");
        check(Action::LabelMap, Legacy, replacement(invalid), &expect);
        check(Action::Replace, Utf8, target(invalid), "");
    }
    check(Action::LabelMap, Utf8, replacement(""), "\"\" is invalid 'replacement' for labelmap action");
}

#[test]
fn fields_without_a_use_are_refused() {
    for action in [Action::Lowercase, Action::Uppercase, Action::KeepEqual, Action::DropEqual] {
        let change = |rule: &mut Rule| (rule.target_label, rule.replacement) = ("a".to_owned(), "b".to_owned());
        check(action, Utf8, change, &format!("'replacement' can not be set for {action} action"));
    }
    let default = || Anchored::wrapped("(.*)").ok();
    for action in [Action::KeepEqual, Action::DropEqual] {
        let expect = format!("{action} action requires only 'source_labels' and `target_label`, and no other fields");
        check(action, Utf8, |rule| (rule.target_label, rule.regex) = ("a".to_owned(), default()), &expect);
        check(action, Utf8, |rule| (rule.target_label, rule.separator) = ("a".to_owned(), String::new()), &expect);
        check(action, Utf8, |rule| (rule.target_label, rule.modulus) = ("a".to_owned(), 1), &expect);
    }
    for action in [Action::LabelDrop, Action::LabelKeep] {
        let expect = format!("{action} action requires only 'regex', and no other fields");
        check(action, Utf8, |rule| rule.regex = default(), "");
        check(action, Utf8, |rule| rule.source_labels = Some(Vec::new()), &expect);
        check(action, Utf8, target("a"), &expect);
        check(action, Utf8, replacement("a"), &expect);
        check(action, Utf8, |rule| rule.separator = ",".to_owned(), &expect);
        check(action, Utf8, |rule| rule.modulus = 1, &expect);
    }
}
