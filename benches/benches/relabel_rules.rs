//! Relabelling against the plainest way to do it: maps of strings, and the `regex` crate.
//!
//! The rules are a typical `metric_relabel_configs`: two that drop by name, one that rewrites a label of every fourth
//! series, one that removes labels by name. Most rules do not match most series, which is what a scrape sees.

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use promd_model::{Labels, LabelsBuilder, ValidationScheme};
use promd_regex::Anchored;
use promd_relabel::{Action, Rule, Rules, Scratch};
use regex::Regex;

type Map = BTreeMap<String, String>;

const SERIES: usize = 1000;

const DROPS: [&str; 2] = ["go_.*|process_.*", ".*_created"];
const MODE: &str = "(user|system)-.*";
const INTERNAL: &str = "internal_.+";

fn series() -> Vec<Map> {
    let names = ["node_cpu_seconds_total", "node_disk_io_time", "http_requests_total", "go_goroutines"];
    let modes = ["idle-0", "user-1", "iowait-2", "nice-3"];
    let pairs = |at: usize| {
        let fixed = [("cluster", "eu-west-1a"), ("env", "production"), ("job", "node"), ("team", "infrastructure")];
        let own = [("__name__", names[at % 4].to_owned()), ("mode", modes[at / 4 % 4].to_owned())];
        let fixed = fixed.map(|(name, value)| (name, value.to_owned()));
        own.into_iter().chain(fixed).chain([("instance", format!("host-{at}:9100"))])
    };
    (0..SERIES).map(|at| pairs(at).map(|(name, value)| (name.to_owned(), value)).collect()).collect()
}

fn rules() -> Rules {
    let regex = |text: &str| Some(Anchored::wrapped(text).expect("the expressions compile"));
    let rule = |action, source: &[&str], text: &str| {
        let mut rule = Rule::default();
        rule.action = action;
        rule.source_labels = (!source.is_empty()).then(|| source.iter().map(|name| (*name).to_owned()).collect());
        rule.regex = regex(text);
        rule
    };
    let mut mode = rule(Action::Replace, &["mode"], MODE);
    mode.target_label = "mode".to_owned();
    let drops = DROPS.map(|text| rule(Action::Drop, &["__name__"], text));
    let rules = drops.into_iter().chain([mode, rule(Action::LabelDrop, &[], INTERNAL)]).collect();
    Rules::new(rules, ValidationScheme::Utf8).expect("the rules are valid")
}

struct Reference {
    drops: [Regex; 2],
    mode: Regex,
    internal: Regex,
}

impl Reference {
    fn new() -> Self {
        let regex = |text: &str| Regex::new(&format!("^(?s:{text})$")).expect("the expressions compile");
        Self { drops: DROPS.map(regex), mode: regex(MODE), internal: regex(INTERNAL) }
    }

    fn reference(&self, series: &Map) -> Option<Map> {
        let mut labels = series.clone();
        let name = labels.get("__name__").cloned().unwrap_or_default();
        if self.drops.iter().any(|drop| drop.is_match(&name)) {
            return None;
        }
        let mode = labels.get("mode").cloned().unwrap_or_default();
        if let Some(captures) = self.mode.captures(&mode) {
            let mut value = String::new();
            captures.expand("$1", &mut value);
            labels.insert("mode".to_owned(), value);
        }
        labels.retain(|name, _| !self.internal.is_match(name));
        Some(labels)
    }
}

/// The reference on the whole page, so that the outcome can be compared once.
fn reference(rules: &Reference, series: &[Map]) -> usize {
    series.iter().filter_map(|series| rules.reference(series)).map(|labels| labels.len()).sum()
}

fn relabel(c: &mut Criterion) {
    let maps = series();
    let sets: Vec<Labels> = maps.iter().map(|map| Labels::from_pairs(map).expect("the names are unique")).collect();
    let (rules, naive) = (rules(), Reference::new());
    let (mut builder, mut scratch) = (LabelsBuilder::new(), Scratch::new());
    let mut ours = |sets: &[Labels]| {
        let mut count = 0;
        for labels in sets {
            if rules.apply(builder.reset(labels), &mut scratch) {
                count += builder.build().expect("the names are valid").len();
            }
        }
        count
    };
    assert_eq!(ours(&sets), reference(&naive, &maps));

    let mut group = c.benchmark_group("relabel/page/1000");
    group.bench_function("promd", |b| b.iter(|| ours(black_box(&sets))));
    group.bench_function("reference", |b| b.iter(|| reference(&naive, black_box(&maps))));
    group.finish();
}

criterion_group!(benches, relabel);
criterion_main!(benches);
