//! Plans against those of the real Prometheus: `testdata/compactor/plans.tsv` says how they were got.
#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::collections::BTreeMap;

use promd_block::{BlockId, Meta};
use promd_compactor::{Candidate, Class, Ranges, Uploads, merged_meta, plan};
use promd_testkit::testdata;

/// A line of the table.
struct Layout {
    ranges: Ranges,
    blocks: Vec<Meta>,
    held: Vec<bool>,
    steps: Vec<Step>,
}

/// A compaction that Prometheus did.
#[derive(Debug)]
struct Step {
    sources: Vec<u128>,
    /// The number and times of the block that it made, unless that was empty.
    made: Option<(u128, i64, i64)>,
}

#[test]
fn plans_are_those_of_prometheus() {
    let table = table();
    let mut compared = (0, 0);
    for (name, layout) in &table {
        if layout.is_excused() {
            continue;
        }
        let mut blocks = layout.blocks.clone();
        for step in &layout.steps {
            assert_eq!(planned(layout, &blocks), step.sources, "{name}: of {blocks:?}");
            let (sources, rest): (Vec<Meta>, Vec<Meta>) = blocks.into_iter().partition(|block| is_source(block, step));
            blocks = rest;
            if let Some((number, min, max)) = step.made {
                let mut made = merged_meta(id(number), &sources).unwrap();
                assert_eq!((made.min_time, made.max_time), (min, max), "{name}");
                made.stats.num_series = 1;
                blocks.push(made);
            }
        }
        assert_eq!(planned(layout, &blocks), [], "{name}: nothing is left to be done of {blocks:?}");
        compared = (compared.0 + 1, compared.1 + layout.steps.len() + 1);
    }
    assert!(compared.0 >= 120 && compared.1 >= 200, "{compared:?} layouts and plans compared");
}

/// Prometheus 3.5 does not know that blocks made from a part of the head stay apart (3.14 does). Its plan for each class alone
/// gives the plan for all: the first that is not empty, of plain blocks, stale ones, selected ones.
#[test]
fn classes_of_blocks_stay_apart() {
    let table = table();
    let mut compared = 0;
    for (name, layout) in table.iter().filter(|(_, layout)| layout.has_classes()) {
        let parts = [("plain", Class::Plain), ("stale", Class::Stale), ("selected", Class::Selected)];
        let first = parts.into_iter().find_map(|(part, class)| {
            let alone = table.get(&format!("{name}.{part}"))?;
            let step = alone.steps.first()?;
            // The part has the blocks of the class in the same order, and numbers of its own.
            let numbers: Vec<u128> =
                (1..).zip(&layout.blocks).filter(|(_, block)| Class::of(block) == class).map(|(n, _)| n).collect();
            assert_eq!(numbers.len(), alone.blocks.len(), "{name}.{part}");
            Some(step.sources.iter().map(|source| numbers[usize::try_from(*source).unwrap() - 1]).collect::<Vec<_>>())
        });
        assert_eq!(planned(layout, &layout.blocks), first.unwrap_or_default(), "{name}");
        compared += 1;
    }
    assert!(compared >= 7, "{compared} layouts compared");
}

/// Prometheus 3.5 does not know blocks that wait for their upload (3.14 does). Its plan for the blocks whose names sort before the
/// first of them gives the plan for all.
#[test]
fn blocks_behind_one_that_waits_are_not_looked_at() {
    let table = table();
    let mut compared = 0;
    for (name, layout) in table.iter().filter(|(_, layout)| layout.held.contains(&true)) {
        let before = table.get(&format!("{name}.before")).and_then(|before| before.steps.first());
        assert_eq!(planned(layout, &layout.blocks), before.map_or(vec![], |step| step.sources.clone()), "{name}");
        compared += 1;
    }
    assert!(compared >= 5, "{compared} layouts compared");
}

/// The numbers of the blocks that are to be compacted.
fn planned(layout: &Layout, blocks: &[Meta]) -> Vec<u128> {
    let uploaded: Vec<String> = layout
        .blocks
        .iter()
        .zip(&layout.held)
        .filter(|(_, held)| !**held)
        .map(|(block, _)| format!("\"{}\"", block.id))
        .collect();
    let uploads = Uploads::parse(format!("{{\"uploaded\": [{}]}}", uploaded.join(",")).as_bytes()).unwrap();
    let candidates: Vec<Candidate> =
        blocks.iter().map(|block| Candidate { held: uploads.holds(block), ..Candidate::new(block) }).collect();
    let blocks = plan(&layout.ranges, &candidates).map(|plan| plan.blocks).unwrap_or_default();
    blocks.into_iter().map(number).collect()
}

impl Layout {
    fn has_classes(&self) -> bool {
        let first = self.blocks.first().map(Class::of);
        self.blocks.iter().any(|block| Some(Class::of(block)) != first)
    }

    fn is_excused(&self) -> bool {
        self.has_classes() || self.held.contains(&true)
    }
}

fn table() -> BTreeMap<String, Layout> {
    let text = std::fs::read_to_string(testdata("compactor/plans.tsv")).unwrap();
    text.lines().map(parse).collect()
}

fn parse(line: &str) -> (String, Layout) {
    let fields: Vec<&str> = line.split('\t').collect();
    let [name, ranges, blocks, steps] = fields[..] else { panic!("{line}") };
    let (shortest, longest) = ranges.split_once("..").unwrap();
    let (blocks, held) = (1..).zip(blocks.split(' ')).map(|(number, block)| parse_block(number, block)).unzip();
    let steps = if steps == "none" { Vec::new() } else { steps.split(' ').map(parse_step).collect() };
    let ranges = Ranges::exponential(shortest.parse().unwrap(), longest.parse().unwrap());
    (name.to_owned(), Layout { ranges, blocks, held, steps })
}

fn parse_block(number: u128, text: &str) -> (Meta, bool) {
    let mut parts = text.split(',');
    let (min, max) = parse_times(parts.next().unwrap());
    let mut meta = Meta::new(id(number), min, max);
    meta.stats.num_series = 1;
    let mut held = false;
    for part in parts {
        match part.split_once('=').unwrap_or((part, "")) {
            ("failed", _) => meta.compaction.failed = true,
            ("held", _) => held = true,
            ("stale", _) => meta.compaction.hints.push("from-stale-series".into()),
            ("selected", _) => meta.compaction.hints.push("from-selected-series".into()),
            ("ooo", _) => meta.compaction.hints.push("from-out-of-order".into()),
            ("level", value) => meta.compaction.level = value.parse().unwrap(),
            ("series", value) => meta.stats.num_series = value.parse().unwrap(),
            ("tombstones", value) => meta.stats.num_tombstones = value.parse().unwrap(),
            _ => panic!("{text}"),
        }
    }
    (meta, held)
}

fn parse_step(text: &str) -> Step {
    let (sources, made) = text.split_once('>').map_or((text, None), |(sources, made)| (sources, Some(made)));
    let made = made.map(|made| {
        let (number, times) = made.split_once(':').unwrap();
        let (min, max) = parse_times(times);
        (number.parse().unwrap(), min, max)
    });
    Step { sources: sources.split('+').map(|source| source.parse().unwrap()).collect(), made }
}

/// `MIN-MAX`, either of which may be negative.
fn parse_times(text: &str) -> (i64, i64) {
    let dash = text[1..].find('-').unwrap() + 1;
    (text[..dash].parse().unwrap(), text[dash + 1..].parse().unwrap())
}

fn id(number: u128) -> BlockId {
    BlockId::new(0, number)
}

fn number(id: BlockId) -> u128 {
    (1..1_000).find(|number| self::id(*number) == id).unwrap()
}

fn is_source(block: &Meta, step: &Step) -> bool {
    step.sources.contains(&number(block.id))
}
