//! A sound block is made of a damaged one, which is moved aside; what is lost is remembered.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod answer;
mod made;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use answer::Answer;
use promd_block::{Block, BlockError, BlockId, Consequence, Part, SalvageOptions, Salvaged, salvage, scan, verify};
use promd_codec::{Reader, Writer};
use promd_fs::{FaultPlan, Fs, OpenMode, SimFs};
use promd_model::Labels;

const DATA: &str = "/data";
const ASIDE: &str = "/data/promd/aside";

fn damaged(at: &str, offset: u64) -> (SimFs, Arc<dyn Fs>, PathBuf) {
    let sim = SimFs::new(3);
    let fs: Arc<dyn Fs> = Arc::new(sim.clone());
    sim.create_dir(Path::new(DATA)).unwrap();
    sim.sync_dir(Path::new("/")).unwrap();
    let dir = made::write(&fs, Path::new(DATA), made::small()).unwrap();
    if !at.is_empty() {
        sim.flip_bit(&dir.join(at), offset, 5).unwrap();
    }
    (sim, fs, dir)
}

fn other_id() -> BlockId {
    BlockId::new(1_736_035_200_001, 7)
}

fn salvaged(fs: &Arc<dyn Fs>, dir: &Path) -> Result<Salvaged, BlockError> {
    salvage(fs, dir, other_id(), Path::new(ASIDE), &SalvageOptions::default(), &mut made::go_on)
}

fn answers(fs: &Arc<dyn Fs>) -> Answer {
    answer::of_directory(fs, Path::new(DATA)).0
}

fn up_a() -> Labels {
    Labels::from_pairs([("__name__", "up"), ("job", "a")]).unwrap()
}

#[test]
fn what_is_left_goes_on_and_the_hole_is_remembered() {
    // The chunk that begins at 8 is the first of the first series, latency: 10 histograms.
    let (_, fs, dir) = damaged("chunks/000001", 20);
    let before = answers(&fs);
    let salvaged = salvaged(&fs, &dir).unwrap();
    assert_eq!(answers(&fs), before);
    assert_eq!(salvaged.damage.len(), 1);
    assert_eq!((salvaged.damage[0].part, salvaged.damage[0].offset), (Part::Chunk, Some(8)));

    // The damaged block is as it was, but for its place.
    assert!(!fs.exists(&dir).unwrap());
    assert_eq!(salvaged.aside, Path::new(ASIDE).join(made::ID));
    assert!(fs.exists(&salvaged.aside.join("promd-meta")).unwrap());

    let written = salvaged.written.unwrap();
    let block = Block::open(&fs, &written.dir).unwrap();
    let sound = verify(&fs, &written.dir, &mut made::go_on).unwrap();
    assert_eq!(sound.damage, []);
    let meta = block.meta();
    assert_eq!((meta.stats.num_samples, meta.stats.num_chunks, meta.stats.num_tombstones), (135, 5, 1));
    assert_eq!(meta.compaction.parents[0].id.to_string(), made::ID);
    assert_eq!(meta.compaction.sources[0].to_string(), made::ID);
    let holes: Vec<_> = block.holes().iter().collect();
    let [(Some(labels), hole)] = holes.as_slice() else { panic!("{holes:?}") };
    assert_eq!(labels.metric_name(), Some("latency"));
    let times: Vec<i64> = made::times(0, 10).collect();
    assert_eq!((hole.interval.min, hole.interval.max), (times[0], times[9]));
    assert!(hole.cause.contains("checksum mismatch"), "{}", hole.cause);
}

/// Replaces what the index says of the only series, so that its second chunk begins four steps before the first one ends; a third is
/// forgotten for the room that this takes.
fn overlap(fs: &Arc<dyn Fs>, dir: &Path, step: i64) {
    let path = dir.join("index");
    let index = fs.read_to_vec(&path, 1 << 20).unwrap();
    let block = Block::open(fs, dir).unwrap();
    let id = promd_block::postings::select(block.index(), &[]).unwrap().iter().next().unwrap();
    // A file that is mapped is not written.
    drop(block);
    let start = id as usize * 16;
    let mut entry = Reader::new(&index[start..]);
    let length = entry.uvarint().unwrap();
    let mut old = entry.sub(usize::try_from(length).unwrap()).unwrap();

    let mut body = Vec::new();
    let mut writer = Writer::new(&mut body);
    let labels = old.uvarint().unwrap();
    writer.put_uvarint(labels);
    (0..2 * labels).for_each(|_| writer.put_uvarint(old.uvarint().unwrap()));
    assert_eq!(old.uvarint().unwrap(), 3);
    writer.put_uvarint(2);
    writer.put_varint(old.varint().unwrap());
    (0..2).for_each(|_| writer.put_uvarint(old.uvarint().unwrap()));
    old.uvarint().unwrap();
    writer.put_uvarint((-4 * step).cast_unsigned());
    writer.put_uvarint(old.uvarint().unwrap());
    writer.put_varint(old.varint().unwrap());

    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes);
    writer.put_uvarint(body.len() as u64);
    let from = writer.position();
    writer.put_bytes(&body);
    writer.put_crc32c_from(from);
    let room = usize::try_from(length).unwrap() + from + 4;
    assert!(bytes.len() <= room, "{} of {room}", bytes.len());
    bytes.resize(room, 0);
    fs.open(&path, OpenMode::Write).unwrap().write_all_at(&bytes, start as u64).unwrap();
}

#[test]
fn chunks_of_one_series_that_overlap_are_made_one() {
    let sim = SimFs::new(3);
    let fs: Arc<dyn Fs> = Arc::new(sim);
    fs.create_dir_all(Path::new(DATA)).unwrap();
    // The writer refuses to write what overlaps, so it is told another time of the second chunk than that of its samples.
    let mut second = made::floats(made::times(5, 10), |_| 2.0);
    let shift = 100 * 15_000;
    (second.min, second.max) = (second.min + shift, second.max + shift);
    let chunks = vec![made::floats(made::times(0, 10), |_| 1.0), second, made::floats(made::times(300, 170), |_| 3.0)];
    let dir = made::write(&fs, Path::new(DATA), vec![made::series("up", "a", chunks)]).unwrap();
    overlap(&fs, &dir, 15_000);

    let salvaged = salvaged(&fs, &dir).unwrap();
    assert_eq!(salvaged.damage, []);
    let written = salvaged.written.unwrap();
    assert_eq!(verify(&fs, &written.dir, &mut made::go_on).unwrap().damage, []);
    assert_eq!((written.meta.stats.num_chunks, written.meta.stats.num_samples), (1, 15));
    // At the five times that both have, the first chunk counts.
    let expected = made::times(0, 15).zip((0..15).map(|n| if n < 10 { "1" } else { "2" }.to_owned())).collect();
    assert_eq!(answers(&fs), BTreeMap::from([(up_a(), expected)]));
}

#[test]
fn holes_are_remembered_from_block_to_block() {
    let (sim, fs, dir) = damaged("chunks/000001", 20);
    let first = salvaged(&fs, &dir).unwrap().written.unwrap();
    sim.flip_bit(&first.dir.join("chunks/000001"), 20, 5).unwrap();
    let (id, aside) = (BlockId::new(1_736_035_200_002, 7), Path::new(ASIDE));
    let options = SalvageOptions::default();
    let second = salvage(&fs, &first.dir, id, aside, &options, &mut made::go_on).unwrap().written.unwrap();
    // All chunks of the series are gone; its holes are not.
    let block = Block::open(&fs, &second.dir).unwrap();
    assert_eq!(block.holes().iter().filter(|(labels, _)| labels.is_some()).count(), 2);
    assert_eq!(block.meta().stats.num_series, 3);
}

#[test]
fn a_series_whose_entry_is_lost_is_a_hole_in_any_series() {
    let (sim, fs, dir) = damaged("", 0);
    let before = answers(&fs);
    // The first entry: series ids are offsets by 16.
    let block = Block::open(&fs, &dir).unwrap();
    let first = promd_block::postings::select(block.index(), &[]).unwrap().iter().next().unwrap();
    drop(block);
    sim.flip_bit(&dir.join("index"), u64::from(first) * 16 + 3, 5).unwrap();
    let written = salvaged(&fs, &dir).unwrap().written.unwrap();
    let after = answers(&fs);
    assert_eq!(after.len(), before.len() - 1);
    assert!(after.iter().all(|(series, samples)| before.get(series) == Some(samples)));
    assert_eq!(written.holes.unknown().len(), 1);
}

#[test]
fn a_damaged_header_costs_nothing() {
    let (_, fs, dir) = damaged("chunks/000001", 0);
    let before = answers(&fs);
    let salvaged = salvaged(&fs, &dir).unwrap();
    assert_eq!(salvaged.damage[0].consequence, Consequence::Harmless);
    let (after, damage) = answer::of_directory(&fs, Path::new(DATA));
    assert_eq!((after, damage), (before, vec![]));
    assert!(salvaged.written.unwrap().holes.is_empty());
}

#[test]
fn without_tombstones_the_operator_decides() {
    let (_, fs, dir) = damaged("tombstones", 8);
    assert!(answers(&fs).is_empty());
    let error = salvaged(&fs, &dir).unwrap_err();
    assert!(matches!(&error, BlockError::Damaged(damage) if damage.part == Part::Tombstones), "{error}");
    assert!(fs.exists(&dir).unwrap());

    let mut options = SalvageOptions::default();
    options.bring_back_deleted = true;
    salvage(&fs, &dir, other_id(), Path::new(ASIDE), &options, &mut made::go_on).unwrap();
    // 100 + 20 samples, the deleted ones among them.
    assert_eq!(answers(&fs)[&up_a()].len(), 120);
}

#[test]
fn wherever_the_power_goes_the_samples_are_there() {
    let (sim, fs, dir) = damaged("chunks/000001", 20);
    let before = answers(&fs);
    let start = sim.ops();
    salvaged(&fs, &dir).unwrap();
    let operations = sim.ops() - start;
    let mut both = 0;
    for op in 1..=operations {
        let (sim, fs, dir) = damaged("chunks/000001", 20);
        sim.set_plan(FaultPlan::new().stop_at(sim.ops() + op));
        assert!(salvaged(&fs, &dir).is_err());
        for _ in 0..4 {
            let rebooted: Arc<dyn Fs> = Arc::new(sim.power_loss());
            let found = scan(&*rebooted, Path::new(DATA)).unwrap();
            assert!(!found.blocks.is_empty(), "{}", sim.log());
            let mut all = Answer::new();
            for block in &found.blocks {
                let (mut one, mut damage) = (Answer::new(), Vec::new());
                answer::add_block(&Block::open(&rebooted, &block.dir).unwrap(), &mut one, &mut damage);
                one.into_iter().for_each(|(series, samples)| all.entry(series).or_default().extend(samples));
            }
            assert_eq!(all, before);
            both += usize::from(found.blocks.len() == 2);
        }
    }
    assert!(both > 0, "the two steps were never told apart");
}

/// The next opening believes `promd-meta`, and Prometheus finds a `meta.json` that is right.
#[test]
fn a_rebuilt_meta_json_is_written_down() {
    let (_, fs, dir) = damaged("meta.json", 0);
    let before = answers(&fs);
    let mut block = Block::open(&fs, &dir).unwrap();
    assert_eq!(block.damage()[0].part, Part::Meta);
    let right = block.meta().clone();
    block.adopt(&*fs).unwrap();
    let read = |name: &str| fs.read_to_vec(&dir.join(name), 10_000).unwrap();
    assert_eq!(read("meta.json"), right.to_json());
    assert_eq!(read("promd-damaged-meta.json")[0], b'{' ^ (1 << 5));
    let (after, damage) = answer::of_directory(&fs, Path::new(DATA));
    assert_eq!((after, damage), (before, vec![]));
}

/// A block of Prometheus has no `promd-meta`: adopting it makes one.
#[test]
fn a_block_without_a_copy_is_adopted() {
    let (_, fs, dir) = damaged("", 0);
    fs.remove_file(&dir.join("promd-meta")).unwrap();
    Block::open(&fs, &dir).unwrap().adopt(&*fs).unwrap();
    // From here on a wrong digit is noticed.
    let meta = String::from_utf8(fs.read_to_vec(&dir.join("meta.json"), 10_000).unwrap()).unwrap();
    fs.write_atomically(&dir.join("meta.json"), meta.replace("\"level\": 1", "\"level\": 3").as_bytes()).unwrap();
    let block = Block::open(&fs, &dir).unwrap();
    assert_eq!((block.meta().compaction.level, block.damage().len()), (1, 1));
}

#[test]
fn nothing_left_is_no_block() {
    let sim = SimFs::new(1);
    let fs: Arc<dyn Fs> = Arc::new(sim.clone());
    let only = made::series("up", "a", vec![made::floats(made::times(0, 3), |_| 1.0)]);
    let dir = made::write(&fs, Path::new(DATA), vec![only]).unwrap();
    sim.flip_bit(&dir.join("chunks/000001"), 12, 1).unwrap();
    let salvaged = salvaged(&fs, &dir).unwrap();
    assert_eq!(salvaged.written, None);
    assert!(fs.exists(&salvaged.aside).unwrap());
    assert_eq!(answers(&fs), BTreeMap::new());
}
