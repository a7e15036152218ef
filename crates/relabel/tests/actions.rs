//! Each action on small label sets. Expected values follow from what Prometheus documents of the actions, and the sums
//! of `hashmod` from `md5sum`; `interop_relabel.rs` compares with the running server.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use promd_model::{Labels, LabelsBuilder, ValidationScheme};
use promd_regex::Anchored;
use promd_relabel::{Action, Rule, Rules, Scratch};

/// Reads `action source,source separator regex target replacement`, in which `-` is what is left out.
fn rule(text: &str) -> Rule {
    let fields: Vec<&str> = text.split(' ').collect();
    let field = |at: usize| fields.get(at).copied().filter(|field| *field != "-");
    let mut rule = Rule::default();
    rule.action = field(0).unwrap().parse().unwrap();
    rule.source_labels = field(1).map(|names| names.split(',').map(str::to_owned).collect());
    rule.separator = field(2).unwrap_or(Rule::DEFAULT_SEPARATOR).to_owned();
    rule.regex = field(3).map(|regex| Anchored::wrapped(regex).unwrap());
    rule.target_label = field(4).unwrap_or_default().to_owned();
    rule.replacement = field(5).unwrap_or(Rule::DEFAULT_REPLACEMENT).trim_matches('\'').to_owned();
    if rule.action == Action::HashMod {
        rule.modulus = 1000;
    }
    rule
}

/// Reads `name=value name=value`.
fn labels(text: &str) -> Labels {
    Labels::from_pairs(text.split_whitespace().map(|pair| pair.split_once('=').unwrap())).unwrap()
}

fn apply(rules: &[&str], set: &str) -> Option<String> {
    let rules = Rules::new(rules.iter().map(|text| rule(text)).collect(), ValidationScheme::Utf8).unwrap();
    let mut builder = LabelsBuilder::new();
    builder.reset(&labels(set));
    let kept = rules.apply(&mut builder, &mut Scratch::new());
    let set = builder.build().unwrap();
    let pairs: Vec<String> = set.iter().map(|label| format!("{}={}", label.name, label.value)).collect();
    kept.then(|| pairs.join(" "))
}

#[track_caller]
fn check(rules: &[&str], set: &str, expect: &str) {
    assert_eq!(apply(rules, set).as_deref(), Some(expect), "{rules:?} on {set}");
}

#[track_caller]
fn drops(rules: &[&str], set: &str) {
    assert_eq!(apply(rules, set), None, "{rules:?} on {set}");
}

#[test]
fn replace() {
    check(&["replace a - f(.*) d ch${1}-ch${1}"], "a=foo b=bar", "a=foo b=bar d=choo-choo");
    check(&["replace a,b - f(.*);(.*)r a b${1}${2}m"], "a=foo b=bar c=baz", "a=boobam b=bar c=baz");
    check(&["replace a - .*(b).* d $1"], "a=boo", "a=boo d=b");
    check(&["replace a - nothing d $1"], "a=boo", "a=boo");
    check(&["replace - - - d x"], "a=1", "a=1 d=x");
    check(&["replace a - - b"], "a=1 b=2", "a=1 b=1");
    // An empty replacement removes.
    check(&["replace a - .* b ''"], "a=1 b=2", "a=1");
    check(&["replace a - .* b $1"], "a=1 b=2", "a=1");
    // The target may be made of groups; a name that is none changes nothing.
    check(&["replace a - some-([^-]+)-([^,]+) ${1} ${2}"], "a=some-name-value", "a=some-name-value name=value");
    check(&["replace a - some-([^-]+)-([^,]+) $3 x"], "a=some-name-value", "a=some-name-value");
    check(&["replace a,b - (.*);(.*) $1.x $2"], "a=1 b=2", "1.x=2 a=1 b=2");
    // `.` is any character, and absent labels are empty.
    check(&["replace a,none,b / (.+) d $1"], "a=1 b=2", "a=1 b=2 d=1//2");
}

#[test]
fn keep_and_drop() {
    drops(&["keep a - no-match"], "a=foo");
    drops(&["keep a - fo"], "a=foo");
    check(&["keep a - f|foo"], "a=foo", "a=foo");
    check(&["drop a - fo"], "a=foo", "a=foo");
    drops(&["drop a - fo+"], "a=foo");
    drops(&["drop none - "], "a=foo");
    drops(&["keep a - x", "replace a - .* b y"], "a=foo");
}

#[test]
fn keepequal_and_dropequal() {
    check(&["keepequal a - - b"], "a=main b=main", "a=main b=main");
    drops(&["keepequal a - - b"], "a=main b=other");
    drops(&["dropequal a,b - - c"], "a=x b=y c=x;y");
    check(&["dropequal a - - b"], "a=main b=other", "a=main b=other");
    drops(&["dropequal none - - other"], "a=1");
}

#[test]
fn hashmod() {
    // The sums of `foo` and of nothing, as `md5sum` prints them; the second half counts.
    let half = |sum: &str| u64::from_str_radix(&sum[16..], 16).unwrap() % 1000;
    let expect = half("acbd18db4cc2f85cedef654fccc4a4d8");
    check(&["hashmod a - - d"], "a=foo", &format!("a=foo d={expect}"));
    let expect = half("d41d8cd98f00b204e9800998ecf8427e");
    check(&["hashmod none - - d"], "a=foo", &format!("a=foo d={expect}"));
}

#[test]
fn labelmap() {
    check(&["labelmap - - (b.*)"], "a=foo b1=bar b2=baz", "a=foo b1=bar b2=baz");
    check(&["labelmap - - meta_(ng.*) - ${1}"], "a=foo meta_ng_x=bar", "a=foo meta_ng_x=bar ng_x=bar");
    check(&["labelmap - - b. - b"], "b1=x b2=y", "b=y b1=x b2=y");
    // What a rule has set comes behind what was there, whatever its name.
    check(&["replace - - - a9 set", "labelmap - - (a|b). - c"], "b1=there", "a9=set b1=there c=set");
    check(&["replace - - - a9 set", "labeldrop - - a9", "labelmap - - (a|b). - c"], "b1=there", "b1=there c=there");
    let removed_and_set_again =
        ["replace - - - z1 1", "replace - - - a1 2", "replace - - - z1 ''", "replace - - - z1 3"];
    check(&[&removed_and_set_again[..], &["labelmap - - .1 - c"]].concat(), "x=y", "a1=2 c=3 x=y z1=3");
}

#[test]
fn labeldrop_and_labelkeep() {
    check(&["labeldrop - - (b.*)"], "a=foo b1=bar b2=baz", "a=foo");
    check(&["labelkeep - - (b.*)"], "a=foo b1=bar b2=baz", "b1=bar b2=baz");
    check(&["replace a - - c x", "labelkeep - - c|d"], "a=1 b=2", "c=x");
}

#[test]
fn lowercase_and_uppercase() {
    check(&["lowercase a - - a", "uppercase b - - c"], "a=FooÄ b=straßE", "a=fooä b=straßE c=STRAßE");
    check(&["lowercase none - - a"], "a=X b=1", "b=1");
}

#[test]
fn steps_show_what_each_rule_does() {
    let rules = ["replace a - .* b 1", "drop b - 1", "labeldrop - - .*"].map(rule).to_vec();
    let rules = Rules::new(rules, ValidationScheme::Utf8).unwrap();
    let steps: Vec<_> = rules.steps(&labels("a=0")).map(Result::unwrap).collect();
    let shown: Vec<_> = steps.iter().map(|step| (step.before.to_string(), step.after.to_string(), step.kept)).collect();
    let expect = [(r#"{a="0"}"#, r#"{a="0", b="1"}"#, true), (r#"{a="0", b="1"}"#, "{}", false), ("{}", "{}", false)];
    assert_eq!(shown, expect.map(|(before, after, kept)| (before.to_owned(), after.to_owned(), kept)));
    assert_eq!(steps.iter().map(|step| step.rule).collect::<Vec<_>>(), rules.as_slice().iter().collect::<Vec<_>>());
}

#[test]
fn an_empty_name_is_refused_when_the_labels_are_built() {
    let rules = Rules::new(vec![rule("labelmap - - a(.*) - $1")], ValidationScheme::Utf8).unwrap();
    assert!(rules.steps(&labels("a=1")).next().unwrap().is_err());
}
