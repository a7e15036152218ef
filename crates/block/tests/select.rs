//! A block as a store to read from: what the source of a block shows, chosen by matchers and time.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use promd_block::{Block, BlockSource, SourceSeries, scan};
use promd_fs::{Fs, RealFs};
use promd_model::{Columns, Interval, Labels, MatchOp, Matcher};
use promd_storage::{Decoder, Hints, LabelQuery, Reader, Select, Series};

type Samples = Vec<i64>;

/// Every series by the way of the compactor: deletions applied here, by hand.
fn expected(block: &Block, times: Interval) -> Vec<(Labels, Samples)> {
    let (mut source, mut series, mut all) = (block.source(), SourceSeries::default(), Vec::new());
    while source.next_series(&mut series).unwrap() {
        let mut samples = Vec::new();
        for chunk in &series.chunks {
            let mut columns = Columns::new();
            chunk.chunk().decode_into(&mut columns).unwrap();
            samples.extend(columns.times().iter().filter(|t| times.contains(**t) && !series.deleted.contains(**t)));
        }
        all.push((series.labels.clone(), samples));
    }
    all.retain(|(_, samples)| !samples.is_empty());
    all
}

fn selected(block: &Block, matchers: &[Matcher], times: Interval) -> Vec<(Labels, Samples)> {
    let mut set = block.select(&Select::new(matchers, times)).unwrap();
    let (mut series, mut decoder, mut columns, mut all) =
        (Series::default(), Decoder::new(), Columns::new(), Vec::new());
    while set.next(&mut series).unwrap() {
        columns.clear();
        decoder.decode(&series, times, &mut columns).unwrap();
        if !columns.is_empty() {
            all.push((series.labels.clone(), columns.times().to_vec()));
        }
    }
    all
}

fn blocks(fixture: &Path) -> Vec<Block> {
    let fs: Arc<dyn Fs> = Arc::new(RealFs::new());
    let found = scan(&*fs, &fixture.join("data")).unwrap();
    found.blocks.iter().filter_map(|found| Block::open(&fs, &found.dir).ok()).collect()
}

#[test]
fn a_block_of_prometheus_answers_by_matchers_and_time() {
    let Some(root) = promd_testkit::conformance("tsdb") else { return };
    let (mut blocks_seen, mut answers) = (0, 0);
    for name in
        ["blocks_float", "blocks_float_v253", "blocks_hist", "blocks_tombstones", "blocks_promtool", "inj_blocks"]
    {
        for block in blocks(&root.join(name)) {
            let whole = block.meta().interval();
            let middle = whole.min + (whole.max - whole.min) / 2;
            let all = expected(&block, Interval::ALL);
            let (label, value) =
                all[all.len() / 2].0.iter().last().map(|l| (l.name.to_owned(), l.value.to_owned())).unwrap();
            let matchers = [
                vec![],
                vec![Matcher::equal(&label, &value)],
                vec![Matcher::new(MatchOp::NotEqual, &label, &value).unwrap()],
                vec![
                    Matcher::new(MatchOp::Regex, "__name__", ".*_.*|up").unwrap(),
                    Matcher::new(MatchOp::NotRegex, &label, "[a-m].*").unwrap(),
                ],
                vec![Matcher::equal("nothing", "")],
                vec![Matcher::new(MatchOp::Regex, "nothing", ".+").unwrap()],
            ];
            for matchers in &matchers {
                for times in
                    [Interval::ALL, Interval::new(middle, middle + 600_000), Interval::new(whole.max + 1, i64::MAX)]
                {
                    let mut wanted = expected(&block, times);
                    wanted.retain(|(labels, _)| matchers.iter().all(|matcher| matcher.matches_labels(labels.view())));
                    assert_eq!(selected(&block, matchers, times), wanted, "{name}: {matchers:?} {times:?}");
                    answers += 1;
                }
                let query = LabelQuery::new(matchers, Interval::ALL);
                let matching = expected_labels(&block, matchers);
                let names: BTreeSet<_> =
                    matching.iter().flat_map(|labels| labels.iter().map(|l| l.name.to_owned())).collect();
                assert_eq!(
                    block.label_names(&query).unwrap().texts,
                    names.into_iter().collect::<Vec<_>>(),
                    "{name}: {matchers:?}"
                );
                let values: BTreeSet<_> =
                    matching.iter().filter_map(|labels| labels.get(&label).map(str::to_owned)).collect();
                let values: Vec<_> = values.into_iter().collect();
                assert_eq!(block.label_values(&label, &query).unwrap().texts, values, "{name}: {matchers:?}");
                let limited = LabelQuery { limit: Some(1), ..query };
                assert_eq!(block.label_values(&label, &limited).unwrap().texts, values[..values.len().min(1)]);
            }
            let select = Select::new(&[], Interval::ALL)
                .with_limit(2)
                .with_hints(Hints { labels_only: true, ..Hints::default() });
            let (mut set, mut series) = (block.select(&select).unwrap(), Series::default());
            for (labels, _) in all.iter().take(2) {
                assert!(set.next(&mut series).unwrap());
                assert_eq!((&series.labels, series.chunks.len()), (labels, 0));
            }
            assert!(!set.next(&mut series).unwrap());
            assert!(set.warnings().is_empty());
            blocks_seen += 1;
        }
    }
    assert!(blocks_seen >= 15, "{blocks_seen}");
    println!("{blocks_seen} blocks, {answers} answers");
}

fn expected_labels(block: &Block, matchers: &[Matcher]) -> Vec<Labels> {
    let (mut source, mut series, mut all) = (block.source(), SourceSeries::default(), Vec::new());
    while source.next_series(&mut series).unwrap() {
        if matchers.iter().all(|matcher| matcher.matches_labels(series.labels.view())) {
            all.push(series.labels.clone());
        }
    }
    all
}

/// One chunk of a block is damaged: all others answer, and a warning names block, series and time.
#[test]
fn a_damaged_chunk_makes_a_warning() {
    let Some(root) = promd_testkit::conformance("tsdb") else { return };
    let mut warned = 0;
    for block in blocks(&root.join("bad_chunk")) {
        let mut set = block.select(&Select::new(&[], Interval::ALL)).unwrap();
        let mut series = Series::default();
        let mut count = 0;
        while set.next(&mut series).unwrap() {
            count += 1;
        }
        assert!(count > 0);
        for text in set.warnings().texts() {
            let id = block.meta().id.to_string();
            assert!(text.starts_with(&format!("block {id}: {{__name__=")), "{text}");
            assert!(text.contains("}: samples from ") && text.contains(" are missing: "), "{text}");
            warned += 1;
        }
    }
    assert_eq!(warned, 1);
}

/// What was deleted is not known, so nothing may be shown.
#[test]
fn a_block_without_sound_tombstones_is_left_out() {
    let Some(root) = promd_testkit::conformance("tsdb") else { return };
    let left_out: Vec<_> = blocks(&root.join("bad_tombstones")).into_iter().filter(Block::is_left_out).collect();
    assert_eq!(left_out.len(), 1);
    assert_eq!(selected(&left_out[0], &[], Interval::ALL), []);
    let names = left_out[0].label_names(&LabelQuery::new(&[], Interval::ALL)).unwrap();
    assert!(names.texts.is_empty() && !names.warnings.is_empty());
}
