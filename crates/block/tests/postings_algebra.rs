//! Set algebra over lists of every kind, against `BTreeSet`; and selection, against matching the labels of every series.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by panicking, too")]

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use promd_block::postings::{DiskIds, List, Postings, PostingsSource, Union, intersect, select, subtract};
use promd_model::{Labels, MatchOp, Matcher};
use proptest::prelude::*;

/// Ids of a list: few or many, dense or scattered over several containers of a bitmap.
fn ids() -> impl Strategy<Value = BTreeSet<u32>> {
    prop_oneof![
        prop::collection::btree_set(0u32..50, 0..4),
        prop::collection::btree_set(0u32..200, 0..150),
        prop::collection::btree_set(0u32..3_000, 60..1_000),
        prop::collection::btree_set((0u32..300).prop_map(|id| id * 1009), 0..250),
        prop::collection::btree_set(prop_oneof![0u32..100, 65_500u32..65_600, u32::MAX - 100..=u32::MAX], 0..90),
        (0u32..70_000, 0u32..70_000).prop_map(|(start, length)| (start..start + length).collect()),
    ]
}

/// A set with the bytes of a list on disk, and how it is given to the functions that are tested.
#[derive(Debug, Clone)]
struct Given {
    set: BTreeSet<u32>,
    bytes: Vec<u8>,
    memory: Postings,
    kind: usize,
}

fn given() -> impl Strategy<Value = Given> {
    (ids(), 0usize..3).prop_map(|(set, kind)| Given {
        bytes: set.iter().flat_map(|id| id.to_be_bytes()).collect(),
        memory: set.iter().copied().collect(),
        set,
        kind,
    })
}

impl Given {
    fn list(&self) -> List<'_> {
        match self.kind {
            0 => List::Disk(DiskIds::new(&self.bytes)),
            1 => List::Memory(&self.memory),
            _ => List::Owned(self.memory.clone()),
        }
    }
}

fn as_set(postings: &Postings) -> BTreeSet<u32> {
    let ids: Vec<u32> = postings.iter().collect();
    assert!(ids.is_sorted_by(|a, b| a < b));
    assert_eq!(ids.len(), postings.len());
    assert_eq!(ids.is_empty(), postings.is_empty());
    ids.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn intersections(lists in prop::collection::vec(given(), 1..6)) {
        let expected = lists.iter().map(|given| given.set.clone()).reduce(|all, set| &all & &set).unwrap();
        prop_assert_eq!(as_set(&intersect(lists.iter().map(Given::list).collect())), expected);
    }

    #[test]
    fn unions(lists in prop::collection::vec(given(), 0..8)) {
        let expected: BTreeSet<u32> = lists.iter().flat_map(|given| given.set.iter().copied()).collect();
        let mut union = Union::new();
        for given in &lists {
            union.add(given.list());
        }
        prop_assert_eq!(as_set(&union.finish()), expected);
    }

    #[test]
    fn differences(base in given(), minus in given()) {
        prop_assert_eq!(as_set(&subtract(base.list(), &minus.list())), &base.set - &minus.set);
    }

    #[test]
    fn seeking_gives_the_next_that_is_not_below(list in given(), targets in prop::collection::vec(0u32..70_000, 1..40)) {
        let list = (list.list(), list.set.clone());
        let mut cursor = list.0.cursor();
        let mut expected: Vec<u32> = list.1.into_iter().collect();
        for target in targets {
            let passed = expected.partition_point(|&id| id < target);
            expected.drain(..passed);
            let first = (!expected.is_empty()).then(|| expected.remove(0));
            prop_assert_eq!(cursor.seek(target), first);
        }
    }

    #[test]
    fn inserting_and_removing(actions in prop::collection::vec((any::<bool>(), 0u32..150), 0..400)) {
        let (mut postings, mut set) = (Postings::new(), BTreeSet::new());
        for (insert, id) in actions {
            if insert {
                prop_assert_eq!(postings.insert(id), set.insert(id));
            } else {
                prop_assert_eq!(postings.remove(id), set.remove(&id));
            }
            prop_assert_eq!(postings.contains(id), set.contains(&id));
            prop_assert_eq!(&postings, &set.iter().copied().collect::<Postings>());
        }
        prop_assert_eq!(as_set(&postings), set);
    }

    /// A list that does not ascend gives some set and no panic; what is in none of the lists does not come out.
    #[test]
    fn lists_out_of_order_do_no_harm(raw in prop::collection::vec(0u32..500, 0..300), other in given()) {
        let bytes: Vec<u8> = raw.iter().flat_map(|id| id.to_be_bytes()).collect();
        let list = || List::Disk(DiskIds::new(&bytes));
        let known = |ids: BTreeSet<u32>| ids.iter().all(|id| raw.contains(id));
        prop_assert!(known(as_set(&intersect(vec![list(), other.list()]))));
        prop_assert!(known(as_set(&subtract(list(), &other.list()))));
        let mut union = Union::new();
        union.add(list());
        prop_assert_eq!(as_set(&union.finish()), raw.iter().copied().collect());
    }
}

/// Posting lists of series, as a head would keep them.
struct Head {
    series: Vec<Labels>,
    all: Postings,
    lists: BTreeMap<(String, String), Postings>,
}

impl Head {
    fn new(series: Vec<Labels>) -> Self {
        let mut lists: BTreeMap<(String, String), Postings> = BTreeMap::new();
        for (id, labels) in (0..).zip(&series) {
            for label in labels {
                lists.entry((label.name.to_owned(), label.value.to_owned())).or_default().insert(id);
            }
        }
        Self { all: (0..u32::try_from(series.len()).unwrap()).collect(), series, lists }
    }

    /// Whether selection finds the series whose labels match.
    fn check(&self, matchers: &[Matcher]) {
        let expected: Vec<u32> = (0..)
            .zip(&self.series)
            .filter(|(_, labels)| matchers.iter().all(|matcher| matcher.matches_labels(labels.view())))
            .map(|(id, _)| id)
            .collect();
        let Ok(selected) = select(self, matchers);
        assert_eq!(selected.iter().collect::<Vec<_>>(), expected, "{matchers:?}");
    }
}

impl PostingsSource for Head {
    type Error = Infallible;

    fn all(&self) -> Result<List<'_>, Infallible> {
        Ok(List::Memory(&self.all))
    }

    fn list(&self, name: &str, value: &str) -> Result<List<'_>, Infallible> {
        Ok(self.lists.get(&(name.to_owned(), value.to_owned())).map_or_else(List::default, List::Memory))
    }

    fn lists(
        &self,
        name: &str,
        prefix: &str,
        keep: &mut dyn FnMut(&str) -> bool,
        union: &mut Union,
    ) -> Result<(), Infallible> {
        for ((own, value), list) in &self.lists {
            if own == name && value.starts_with(prefix) && keep(value) {
                union.add(List::Memory(list));
            }
        }
        Ok(())
    }
}

/// Every operator with every kind of expression: those that match the empty value, those that match nothing else, sets,
/// prefixes, everything, nothing.
#[test]
fn matchers_select_what_they_match() {
    let values = ["", "a", "ab", "b", "bc", "1"];
    let mut series = Vec::new();
    for x in values {
        for y in values {
            let pairs = [("name", "up"), ("x", x), ("y", y)].into_iter().filter(|(_, value)| !value.is_empty());
            series.push(Labels::from_pairs(pairs).unwrap());
        }
    }
    let head = Head::new(series);
    let patterns =
        ["", "a", "nothing", ".*", ".+", "a|b", "a|", "|", "a.*", "a.+", "b.*", ".*b", "[ab]", "(a|b)?", "a?.", "x*"];
    let mut matchers = Vec::new();
    for op in [MatchOp::Equal, MatchOp::NotEqual, MatchOp::Regex, MatchOp::NotRegex] {
        for pattern in patterns {
            for name in ["x", "y", "absent"] {
                matchers.push(Matcher::new(op, name, pattern).unwrap());
            }
        }
    }
    head.check(&[]);
    head.check(&[Matcher::equal("", "")]);
    for first in &matchers {
        head.check(std::slice::from_ref(first));
        for second in &matchers {
            head.check(&[first.clone(), second.clone()]);
            head.check(&[Matcher::equal("name", "up"), first.clone(), second.clone()]);
        }
    }
}
