//! Selecting series among a million, looking labels up in an index, and opening one.
//!
//! The reference of a selection is what Prometheus does (`tsdb/index/postings.go`): sorted lists of ids, passed over one id at a
//! time; lists of several values are merged through a heap. `memory` are the lists of a head, `disk` those of a block.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::convert::Infallible;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use promd_block::index::{Index, IndexWriter};
use promd_block::postings::{DiskIds, List, Postings, PostingsSource, Union, select};
use promd_codec::crc32c;
use promd_fs::{Fs, Map, SimFs};
use promd_model::{Labels, MatchOp, Matcher};

const SERIES: u32 = 1_000_000;

type Lists<L> = BTreeMap<(&'static str, String), L>;

/// `a`: a tenth has `x`, the others one of 900 values of which 100 begin with `b`. `f2` to `f6`: a label with 2 to 6 values,
/// spread so that neighbours differ.
fn lists() -> Lists<Vec<u32>> {
    let mut lists: Lists<Vec<u32>> = Lists::new();
    lists.insert(("", String::new()), (0..SERIES).collect());
    for id in 0..SERIES {
        // Multiplication by an odd number is a permutation: a spread that needs no generator.
        let mixed = id.wrapping_mul(0x9e37_79b1) >> 8;
        let letter = if mixed % 9 == 0 { 'b' } else { 'c' };
        let value = if mixed % 10 == 0 { "x".to_owned() } else { format!("{letter}{:03}", mixed / 10 % 100) };
        lists.entry(("a", value)).or_default().push(id);
        for (name, values) in [("f2", 2), ("f3", 3), ("f4", 4), ("f5", 5), ("f6", 6)] {
            lists.entry((name, (mixed % values).to_string())).or_default().push(id);
        }
    }
    lists
}

struct Memory(Lists<Postings>);

struct Disk(Lists<Vec<u8>>);

/// A source over a map of lists.
macro_rules! source {
    ($source:ty, $as_list:expr) => {
        impl PostingsSource for $source {
            type Error = Infallible;

            fn all(&self) -> Result<List<'_>, Infallible> {
                self.list("", "")
            }

            fn list(&self, name: &str, value: &str) -> Result<List<'_>, Infallible> {
                let found = self.0.iter().find(|((own, its), _)| *own == name && its == value);
                Ok(found.map_or_else(List::default, |(_, list)| $as_list(list)))
            }

            fn lists(
                &self,
                name: &str,
                prefix: &str,
                keep: &mut dyn FnMut(&str) -> bool,
                union: &mut Union,
            ) -> Result<(), Infallible> {
                for ((own, value), list) in &self.0 {
                    if *own == name && value.starts_with(prefix) && keep(value) {
                        union.add($as_list(list));
                    }
                }
                Ok(())
            }
        }
    };
}

source!(Memory, List::Memory);
source!(Disk, |bytes| List::Disk(DiskIds::new(bytes)));

fn count<S: PostingsSource<Error = Infallible>>(source: &S, matchers: &[Matcher]) -> usize {
    let Ok(selected) = select(source, matchers);
    selected.len()
}

fn without(all: &[u32], minus: &[u32]) -> Vec<u32> {
    let mut minus = minus.iter().copied().peekable();
    all.iter()
        .copied()
        .filter(|&id| {
            while minus.next_if(|&other| other < id).is_some() {}
            minus.peek() != Some(&id)
        })
        .collect()
}

fn merge(lists: &[&Vec<u32>]) -> Vec<u32> {
    let mut heads: BinaryHeap<_> = lists.iter().map(|list| Reverse((list[0], 0, *list))).collect();
    let mut merged: Vec<u32> = Vec::new();
    while let Some(Reverse((id, at, list))) = heads.pop() {
        if merged.last() != Some(&id) {
            merged.push(id);
        }
        if let Some(next) = list.get(at + 1) {
            heads.push(Reverse((*next, at + 1, list)));
        }
    }
    merged
}

fn intersect(lists: &[&Vec<u32>]) -> Vec<u32> {
    let mut rests: Vec<&[u32]> = lists.iter().map(|list| &list[..]).collect();
    let mut common = Vec::new();
    let mut candidate = 0;
    'candidates: loop {
        for rest in &mut rests {
            // The next one first, as most often that is it.
            while rest.first().is_some_and(|&id| id < candidate) {
                *rest = &rest[1..];
                if rest.first().is_some_and(|&id| id < candidate) {
                    *rest = &rest[rest.partition_point(|&id| id < candidate)..];
                }
            }
            match rest.first() {
                None => return common,
                Some(&id) if id > candidate => {
                    candidate = id;
                    continue 'candidates;
                }
                Some(_) => {}
            }
        }
        common.push(candidate);
        candidate += 1;
    }
}

fn selections(c: &mut Criterion) {
    let sorted = lists();
    let memory = Memory(sorted.iter().map(|(key, ids)| (key.clone(), ids.iter().copied().collect())).collect());
    let disk = Disk(
        sorted.iter().map(|(key, ids)| (key.clone(), ids.iter().flat_map(|id| id.to_be_bytes()).collect())).collect(),
    );
    let of = |name: &'static str, value: &str| &sorted[&(name, value.to_owned())];
    let matcher = |op, name, value| Matcher::new(op, name, value).expect("the expressions are right");
    let b: Vec<&Vec<u32>> =
        sorted.iter().filter(|((name, value), _)| *name == "a" && value.starts_with('b')).map(|(_, ids)| ids).collect();
    let five = ["f2", "f3", "f4", "f5", "f6"];

    let mut group = |name: &str, matchers: &[Matcher], reference: &dyn Fn() -> usize| {
        assert_eq!(count(&memory, matchers), reference());
        assert_eq!(count(&disk, matchers), reference());
        let mut group = c.benchmark_group(format!("block_postings/{name}/1M"));
        group.sample_size(10);
        group.bench_function("reference", |bencher| bencher.iter(|| black_box(reference())));
        group.bench_function("memory", |bencher| bencher.iter(|| black_box(count(&memory, matchers))));
        group.bench_function("disk", |bencher| bencher.iter(|| black_box(count(&disk, matchers))));
        group.finish();
    };
    group("not_equal", &[matcher(MatchOp::NotEqual, "a", "x")], &|| without(of("", ""), of("a", "x")).len());
    group("regex", &[matcher(MatchOp::Regex, "a", "b.*")], &|| merge(&b).len());
    let matchers: Vec<Matcher> = five.iter().map(|name| Matcher::equal(name, "1")).collect();
    group("and", &matchers, &|| intersect(&five.map(|name| of(name, "1"))).len());
}

/// An index of 50 000 series in one job, each with a label of its own.
fn index_bytes() -> Vec<u8> {
    let fs: Arc<dyn Fs> = Arc::new(SimFs::new(1));
    let path = Path::new("/index");
    let mut writer = IndexWriter::create(&fs, path).expect("the disk is in memory");
    let values: Vec<String> = (0..50_000).map(|value| format!("instance-{value:06}")).collect();
    writer.symbols(["", "__name__", "instance"]).expect("they ascend");
    writer.symbols(&values).expect("they ascend");
    writer.symbols(["job", "node", "up"]).expect("they ascend");
    for value in &values {
        let labels = Labels::from_pairs([("__name__", "up"), ("instance", value), ("job", "node")]);
        writer.series(&labels.expect("the names are unique"), &[]).expect("series ascend");
    }
    writer.finish().expect("the disk is in memory");
    fs.read_to_vec(path, 1 << 30).expect("it was written")
}

/// Against a table that is whole in memory, as Prometheus has it for version 1.
fn lookups(c: &mut Criterion) {
    let bytes = Bytes::from(index_bytes());
    let open = || Index::open(Map::new(Path::new("index"), bytes.clone())).expect("it was written a moment ago");
    let index = open();
    let mut table: HashMap<String, usize> = HashMap::new();
    index
        .label_values("instance", "", |value| table.insert(value.to_owned(), table.len()).is_none())
        .expect("it is whole");
    let wanted: Vec<String> = (0..1000).map(|number| format!("instance-{:06}", number * 7919 % 50_000)).collect();

    let mut group = c.benchmark_group("block_postings/lookup/1000_of_50k");
    group.bench_function("reference", |bencher| {
        bencher.iter(|| wanted.iter().filter_map(|value| table.get(value)).sum::<usize>());
    });
    group.bench_function("promd", |bencher| {
        let list = |value: &String| index.list("instance", value).map_or(0, |list| list.len());
        bencher.iter(|| wanted.iter().map(list).sum::<usize>());
    });
    group.finish();

    // Against reading all of the file, which is what a checksum at opening would cost.
    let mut group = c.benchmark_group("block_postings/open/50k");
    group.bench_function("reference", |bencher| bencher.iter(|| black_box(crc32c(&bytes))));
    group.bench_function("promd", |bencher| bencher.iter(|| black_box(open().version())));
    group.bench_function("first_query", |bencher| {
        bencher.iter(|| black_box(open().list("job", "node").map_or(0, |list| list.len())));
    });
    group.finish();
}

criterion_group!(benches, selections, lookups);
criterion_main!(benches);
