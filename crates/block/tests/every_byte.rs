//! Every bit of every file of a small block is flipped in turn: the answer is right but for the damaged part, which is named.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod answer;
mod made;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use answer::Answer;
use promd_block::postings::select;
use promd_block::{Block, BlockError, Consequence, Damage, Hole, Interval, Part, verify};
use promd_fs::{Fs, SimFs};
use promd_model::{Labels, LabelsBuilder, MatchOp, Matcher};

/// A block in a file system of its own, and what it answers.
struct Reference {
    sim: SimFs,
    fs: Arc<dyn Fs>,
    dir: PathBuf,
    files: Vec<(PathBuf, u64)>,
    undamaged: Answer,
}

impl Reference {
    fn new(with_facts: bool) -> Self {
        let sim = SimFs::new(1);
        let fs: Arc<dyn Fs> = Arc::new(sim.clone());
        let mut series = made::small();
        let interval = Interval::new(made::HOURS.min, made::HOURS.min + 1);
        series[1].holes.push(Hole { interval, cause: "lost before".into() });
        let dir = made::write(&fs, Path::new("/"), series).unwrap();
        if !with_facts {
            fs.remove_file(&dir.join("promd-meta")).unwrap();
        }
        let mut files = Vec::new();
        for folder in [dir.clone(), dir.join("chunks")] {
            let entries = fs.read_dir(&folder).unwrap().into_iter();
            files.extend(entries.map(|entry| (folder.join(entry.name), entry.size)).filter(|(_, size)| *size > 0));
        }
        let (undamaged, damage) = answer::of_directory(&fs, Path::new("/"));
        assert_eq!(damage, []);
        Self { sim, fs, dir, files, undamaged }
    }

    fn flipped(&self, path: &Path, offset: u64, bit: u32, look: impl FnOnce()) {
        self.sim.flip_bit(path, offset, bit).unwrap();
        look();
        self.sim.flip_bit(path, offset, bit).unwrap();
    }
}

fn count(answer: &Answer) -> usize {
    answer.values().map(BTreeMap::len).sum()
}

/// Nothing that was not there, and no other value.
fn assert_part_of(undamaged: &Answer, got: &Answer, place: &str) {
    for (series, samples) in got {
        let right = undamaged.get(series);
        for (t, value) in samples {
            assert_eq!(right.and_then(|samples| samples.get(t)), Some(value), "{place}: {series} at {t}");
        }
    }
}

/// What may be missing by the damage that was named: how many chunks, or series, or all.
fn worst(damage: &[Damage]) -> Consequence {
    damage.iter().map(|damage| damage.consequence).max().unwrap_or(Consequence::Harmless)
}

/// The series that a matcher picks; nothing if the block is left out.
fn picked(block: &Block, matcher: &Matcher) -> Option<Vec<Labels>> {
    let ids = match select(block.index(), std::slice::from_ref(matcher)) {
        Ok(ids) => ids,
        Err(BlockError::Damaged(_)) => return None,
        Err(error) => panic!("{error}"),
    };
    let (mut labels, mut chunks, mut all) = (LabelsBuilder::new(), Vec::new(), Vec::new());
    for id in &ids {
        match block.index().series(id, &mut labels, &mut chunks) {
            Ok(()) => all.push(labels.build().unwrap()),
            Err(BlockError::Damaged(damage)) if damage.part == Part::IndexSeries => {}
            Err(BlockError::Damaged(_)) => return None,
            Err(error) => panic!("{error}"),
        }
    }
    all.sort();
    Some(all)
}

fn check_flip(reference: &Reference, path: &Path, place: &str, matchers: &[Matcher]) -> Consequence {
    let (got, damage) = answer::of_directory(&reference.fs, Path::new("/"));
    assert_part_of(&reference.undamaged, &got, place);
    let missing = count(&reference.undamaged) - count(&got);
    let worst = worst(&damage);
    assert!(damage.iter().all(|damage| damage.file == path), "{place}: {damage:#?}");
    // The largest chunk has 100 samples, the largest series 120.
    let most = match worst {
        Consequence::ChunkMissing => 100,
        Consequence::SeriesMissing => 120,
        Consequence::BlockLeftOut => usize::MAX,
        _ => 0,
    };
    assert!(missing <= most, "{place}: {missing} samples are missing with {damage:#?}");
    let warned = damage.iter().any(Damage::must_warn);
    assert!(missing == 0 || warned, "{place}: {missing} samples are missing without a word");

    if worst != Consequence::BlockLeftOut {
        let block = Block::open(&reference.fs, &reference.dir).unwrap();
        for matcher in matchers {
            let expected: Vec<_> =
                reference.undamaged.keys().filter(|one| matcher.matches_labels(one.view())).collect();
            let Some(got) = picked(&block, matcher) else { panic!("{place}: {matcher:?} picks nothing") };
            assert!(got.iter().all(|one| expected.contains(&one)), "{place}: {matcher:?} picks {got:?}");
            let lost = usize::from(worst == Consequence::SeriesMissing);
            assert!(got.len() + lost >= expected.len(), "{place}: {matcher:?} picks {got:?} of {expected:?}");
        }
    }
    worst
}

fn matchers() -> Vec<Matcher> {
    let all = [
        (MatchOp::Equal, "job", "a"),
        (MatchOp::NotEqual, "job", "a"),
        (MatchOp::Equal, "__name__", "up"),
        (MatchOp::Regex, "__name__", "t.*|l.*"),
        (MatchOp::Equal, "none", ""),
    ];
    all.map(|(op, name, value)| Matcher::new(op, name, value).unwrap()).into()
}

/// The consequences by file, and how often each was met.
fn flip_all(reference: &Reference) -> BTreeMap<(String, Consequence), usize> {
    let matchers = matchers();
    let mut met = BTreeMap::new();
    for (path, size) in &reference.files {
        let file = path.strip_prefix(&reference.dir).unwrap().display().to_string();
        for offset in 0..*size {
            for bit in 0..8 {
                let place = format!("{file}, byte {offset}, bit {bit}");
                reference.flipped(path, offset, bit, || {
                    let worst = check_flip(reference, path, &place, &matchers);
                    *met.entry((file.clone(), worst)).or_default() += 1;
                });
            }
        }
    }
    met
}

fn met_in<'a>(met: &'a BTreeMap<(String, Consequence), usize>, file: &str) -> Vec<&'a Consequence> {
    met.keys().filter(|(name, _)| name == file).map(|(_, consequence)| consequence).collect()
}

#[test]
fn a_flipped_bit_costs_what_it_may() {
    use Consequence::{BlockLeftOut, ChunkMissing, Harmless, HolesForgotten, Rebuilt, SeriesMissing};
    for with_facts in [true, false] {
        let reference = Reference::new(with_facts);
        let met = flip_all(&reference);
        assert_eq!(met_in(&met, "chunks/000001"), [&Harmless, &ChunkMissing]);
        assert_eq!(met_in(&met, "meta.json"), [&Rebuilt, &Harmless]);
        assert_eq!(met_in(&met, "tombstones"), [&BlockLeftOut]);
        assert_eq!(met_in(&met, "promd-holes.json"), [&HolesForgotten]);
        let index = met_in(&met, "index");
        assert!(index.contains(&&Rebuilt) && index.contains(&&SeriesMissing), "{index:?}");
        // Symbols, posting lists and series all say what a label is: nothing in the index is worth the whole block.
        assert!(!index.contains(&&BlockLeftOut), "{met:#?}");
        assert_eq!(met_in(&met, "promd-meta").is_empty(), !with_facts);
    }
}

/// With `promd-meta`, also the bytes that mean nothing are watched over.
#[test]
fn verify_notices_every_bit_of_index_and_chunks() {
    let reference = Reference::new(true);
    let sound = verify(&reference.fs, &reference.dir, &mut made::go_on).unwrap();
    assert_eq!(sound.damage, []);
    // 120 + 3 + 15 + 7 samples in 6 chunks of 4 series.
    assert_eq!((sound.seen.samples, sound.seen.chunks, sound.seen.series), (145, 6, 4));
    for (path, size) in &reference.files {
        let watched = path.ends_with("index") || path.ends_with("000001") || path.ends_with("tombstones");
        for offset in (0..*size).filter(|_| watched) {
            reference.flipped(path, offset, 3, || {
                let found = verify(&reference.fs, &reference.dir, &mut made::go_on).unwrap();
                assert!(!found.damage.is_empty(), "{} at {offset}", path.display());
            });
        }
    }
}

/// Cut short anywhere, a file costs what it held.
#[test]
fn a_file_that_is_cut_costs_what_it_held() {
    for file in ["index", "chunks/000001", "tombstones", "meta.json", "promd-meta", "promd-holes.json"] {
        let whole = Reference::new(true);
        let path = whole.dir.join(file);
        let size = whole.fs.metadata(&path).unwrap().size;
        for len in (0..size).rev() {
            whole.fs.open(&path, promd_fs::OpenMode::Write).unwrap().set_len(len).unwrap();
            let (got, damage) = answer::of_directory(&whole.fs, Path::new("/"));
            let place = format!("{file} cut to {len}");
            assert_part_of(&whole.undamaged, &got, &place);
            let lost = got != whole.undamaged;
            assert!(!lost || damage.iter().any(Damage::must_warn), "{place}: {damage:#?}");
            if file.contains("meta") || file.contains("holes") {
                assert!(!lost, "{place}");
            }
            if file == "tombstones" {
                assert!(got.is_empty(), "{place}");
            }
        }
    }
}
