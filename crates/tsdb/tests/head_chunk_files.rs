//! The files of head chunks: what Prometheus wrote is read, what is written is what Prometheus writes, and damage costs what it hits.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use promd_chunk::Encoding;
use promd_fs::{Failure, FaultPlan, Fs, Op, RealFs, SimFs};
use promd_testkit::conformance;
use promd_tsdb::chunks_head::{
    ChunkHead, ChunkPlace, HeadCause, HeadChunks, HeadDamage, Recovered, Scanned, recover, scan,
};

const DIR: &str = "/chunks_head";

fn head(series: u64, min: i64) -> ChunkHead {
    ChunkHead { series, min, max: min + 9, encoding: Encoding::Xor, out_of_order: false }
}

/// Data that tell to which chunk they belong.
fn data(n: u64) -> Vec<u8> {
    let len = 20 + usize::try_from(n * 37 % 180).unwrap();
    [&10u16.to_be_bytes()[..], &n.to_be_bytes()].concat().into_iter().chain(std::iter::repeat_n(0xA5, len)).collect()
}

fn open(fs: &Arc<dyn Fs>) -> (HeadChunks, Recovered) {
    HeadChunks::open(Arc::clone(fs), Path::new(DIR)).unwrap()
}

fn places(recovered: &Recovered) -> BTreeMap<ChunkPlace, u64> {
    let of_series = |(series, chunks): (&u64, &Vec<_>)| {
        chunks.iter().map(|chunk: &promd_tsdb::chunks_head::MappedChunk| (chunk.place, *series)).collect::<Vec<_>>()
    };
    recovered.chunks.iter().flat_map(of_series).collect()
}

#[test]
fn what_prometheus_wrote_is_written_again_byte_for_byte() {
    let Some(root) = conformance("tsdb") else { return };
    let (mut files, mut chunks) = (0, 0);
    for entry in fs::read_dir(root).unwrap() {
        let dir = entry.unwrap().path().join("data/chunks_head");
        let Ok(found) = fs::read_dir(&dir) else { continue };
        for file in found {
            let original = fs::read(file.unwrap().path()).unwrap();
            let simulated: Arc<dyn Fs> = Arc::new(SimFs::new(1));
            let (store, _) = open(&simulated);
            let mut damaged = original.get(..5) != Some(&[0x01, 0x30, 0xBC, 0x91, 1]);
            let mut expected = Vec::new();
            let end = scan(&original, |scanned| match scanned {
                Scanned::Chunk { at, head, data } => {
                    let place = store.write(&head, &original[data]).unwrap();
                    expected.push((at, place, head));
                }
                Scanned::Damage { .. } => damaged = true,
            });
            if damaged {
                continue;
            }
            store.flush().unwrap();
            let written = simulated.read_to_vec(&Path::new(DIR).join("000001"), 1 << 30).unwrap_or_default();
            if !expected.is_empty() {
                assert_eq!(written[..end], original[..end], "{}", dir.display());
                assert!(written[end..].iter().all(|byte| *byte == 0));
                assert_eq!(written.len(), end.max(128 << 10));
                files += 1;
            }
            for (at, place, head) in expected {
                assert_eq!((place.file, place.offset as usize), (1, at));
                assert_eq!(store.read(place).unwrap().head, head);
                chunks += 1;
            }
        }
    }
    // The test would pass over everything if nothing was found.
    assert!(files >= 10 && chunks >= 300, "{files} files, {chunks} chunks");
}

/// What each injury did stands in `promd.json` of the fixture.
#[test]
fn damage_that_was_done_is_named_and_costs_no_other_chunk() {
    let Some(root) = conformance("tsdb") else { return };
    let check = |fixture: &str, sound: &str, lost: usize, offset: u64, file_header: bool| {
        let read = |name: &str| recover(&RealFs::new(), &root.join(name).join("data/chunks_head"), false).unwrap();
        let (recovered, undamaged) = (read(fixture), read(sound));
        assert_eq!(undamaged.damage, [], "{sound}");
        let [damage] = &recovered.damage[..] else { panic!("{fixture}: {:?}", recovered.damage) };
        assert!(damage.range.contains(&offset), "{fixture}: {damage}");
        assert_eq!(damage.cause == HeadCause::FileHeader, file_header, "{damage}");
        let (found, all) = (places(&recovered), places(&undamaged));
        assert_eq!(found.len() + lost, all.len(), "{fixture}");
        assert!(found.iter().all(|chunk| all.contains_key(chunk.0)));
        assert_eq!(recovered.has_holes(), lost > 0);
    };
    check("bad_head_chunk", "checkpoint", 1, 48, false);
    check("bad_head_chunk_middle", "inj_head", 1, 5255, false);
    check("bad_head_chunk_magic", "inj_head", 0, 2, true);
}

#[test]
fn a_flipped_bit_costs_at_most_the_chunk_that_it_hits() {
    let sim: Arc<dyn Fs> = Arc::new(SimFs::new(2));
    let (store, _) = open(&sim);
    let chunks: Vec<_> = (0..8).map(|n| (store.write(&head(n + 1, 10), &data(n)).unwrap(), n)).collect();
    store.flush().unwrap();
    let bytes = sim.read_to_vec(&Path::new(DIR).join("000001"), 1 << 20).unwrap();
    let end = scan(&bytes, |_| {});
    for bit in 8 * 8..end * 8 {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let (mut sound, mut damaged) = (Vec::new(), Vec::new());
        scan(&bytes, |scanned| match scanned {
            Scanned::Chunk { at, .. } => sound.push(at),
            Scanned::Damage { range, .. } => damaged.push(range),
        });
        let hit = chunks.iter().rposition(|(place, _)| place.offset as usize <= bit / 8).unwrap();
        let others: Vec<_> =
            chunks.iter().enumerate().filter(|(n, _)| *n != hit).map(|(_, (place, _))| place.offset as usize).collect();
        assert_eq!(sound, others, "bit {bit}");
        assert!(damaged.len() == 1 && damaged[0].contains(&(bit / 8)), "bit {bit}: {damaged:?}");
    }
}

#[test]
fn chunks_are_read_from_memory_from_the_newest_file_and_from_older_ones() {
    let sim: Arc<dyn Fs> = Arc::new(SimFs::new(3));
    let (store, _) = open(&sim);
    let mut written = Vec::new();
    for n in 0..5_000u64 {
        // One that is longer than what is read at once, and one longer than the buffer.
        let mut data = data(n);
        data.resize(data.len() + [0, 5_000, 300_000][usize::from(n % 100 == 7) + usize::from(n == 1_007)], 7);
        let head = ChunkHead { out_of_order: n % 3 == 0, ..head(n + 1, i64::try_from(n).unwrap() * 100) };
        written.push((store.write(&head, &data).unwrap(), head, data));
        if n % 1_500 == 1_499 {
            // Nothing is old enough to go; the next chunk begins a file.
            store.truncate(0).unwrap();
        }
    }
    assert_eq!(written.last().unwrap().0.file, 4);
    for (place, head, data) in &written {
        let read = store.read(*place).unwrap();
        assert_eq!((read.head, &read.data[..]), (*head, &data[..]), "{place}");
    }
    let missing = store.read(ChunkPlace { file: 9, offset: 8 }).unwrap_err();
    assert_eq!(missing.cause, HeadCause::Missing);
    assert!(store.read(ChunkPlace { file: 1, offset: 9 }).is_err());
    assert!(store.read(ChunkPlace { file: 4, offset: u32::MAX }).is_err());

    // And by whoever opens them next.
    store.sync().unwrap();
    let (store, recovered) = open(&sim);
    assert_eq!(recovered.damage, []);
    assert!(!recovered.has_holes());
    assert_eq!(recovered.last, Some(written.last().unwrap().0));
    assert_eq!(places(&recovered).len(), written.len());
    for (place, head, data) in &written {
        let read = store.read(*place).unwrap();
        assert_eq!((read.head, &read.data[..]), (*head, &data[..]), "{place}");
    }
    assert_eq!(store.write(&head(1, 0), &data(1)).unwrap().file, 5);
}

#[test]
fn files_go_when_all_that_is_in_them_is_old() {
    let sim: Arc<dyn Fs> = Arc::new(SimFs::new(4));
    let (store, _) = open(&sim);
    for n in 0..4 {
        store.write(&head(1, n * 100), &data(1)).unwrap();
        store.truncate(0).unwrap();
    }
    let names = || -> Vec<String> {
        let entries = sim.read_dir(Path::new(DIR)).unwrap();
        entries.into_iter().map(|entry| entry.name.into_string().unwrap()).collect()
    };
    assert_eq!(names(), ["000001", "000002", "000003", "000004"]);
    // The second ends at 109.
    store.truncate(109).unwrap();
    assert_eq!(names(), ["000002", "000003", "000004"]);
    store.truncate(110).unwrap();
    assert_eq!(names(), ["000003", "000004"]);
    // The newest is ended first.
    store.truncate(i64::MAX).unwrap();
    assert_eq!(names(), ["000004"]);
    assert_eq!(store.write(&head(1, 900), &data(1)).unwrap().file, 5);
    store.truncate(900).unwrap();
    assert_eq!(names(), ["000005"]);
    assert_eq!(store.size().unwrap(), 128 << 10);
}

#[test]
fn a_full_disk_refuses_chunks_and_takes_none_away() {
    let sim = SimFs::new(5);
    let fs: Arc<dyn Fs> = Arc::new(sim.clone());
    let (store, _) = open(&fs);
    sim.set_plan(FaultPlan::default().capacity(512 << 10));
    let mut written = Vec::new();
    let mut refused = 0;
    for n in 0..9_000 {
        match store.write(&head(n + 1, 0), &data(n)) {
            Ok(place) => written.push((place, n)),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 0);
    let all_there = || {
        for (place, n) in &written {
            assert_eq!(store.read(*place).unwrap().data, data(*n), "{place}");
        }
    };
    all_there();
    sim.set_plan(FaultPlan::default());
    store.write(&head(10_000, 0), &data(1)).unwrap();
    all_there();
    store.sync().unwrap();
    assert_eq!(open(&fs).1.damage, []);
}

/// What the durability model of `promd_fs` allows, for many seeds, again and again on the same directory.
#[test]
fn power_losses_take_no_chunk_that_was_synced_and_leave_no_gap() {
    let mut torn = 0;
    for seed in 0..150 {
        let mut sim = SimFs::new(seed);
        let mut safe: BTreeMap<ChunkPlace, u64> = BTreeMap::new();
        let mut ever: BTreeMap<(ChunkPlace, u64), ()> = BTreeMap::new();
        let mut n = seed * 1_000;
        let mut oldest = 0;
        // The files that were the newest when the power went.
        let mut cut_off: BTreeSet<u32> = BTreeSet::new();
        for round in 0..6 {
            let fs: Arc<dyn Fs> = Arc::new(sim.clone());
            let (store, recovered) = open(&fs);
            let found = places(&recovered);
            for (place, series) in &found {
                assert!(ever.contains_key(&(*place, *series)), "seed {seed}: {place} was never written");
                assert_eq!(store.read(*place).unwrap().data, data(*series), "seed {seed}");
            }
            for (place, series) in &safe {
                assert!(place.file < oldest || found.get(place) == Some(series), "seed {seed}: {place} is lost");
            }
            // A file is synced before there is a newer one.
            cut_off.extend(recovered.files.keys().next_back().copied());
            let of_cut_off = |damage: &HeadDamage| cut_off.contains(&damage.file);
            assert!(recovered.damage.iter().all(of_cut_off), "seed {seed}: {:?}", recovered.damage);
            let numbers: Vec<_> = recovered.files.keys().copied().collect();
            assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "seed {seed}: {numbers:?}");
            torn += recovered.damage.len();

            let mut unsafe_yet = Vec::new();
            for step in 0..40 {
                n += 1;
                let time = i64::try_from(n).unwrap();
                let place = store.write(&head(n, time), &data(n)).unwrap();
                ever.insert((place, n), ());
                unsafe_yet.push((place, n));
                match (seed + round * 7 + step) % 13 {
                    0 => store.flush().unwrap(),
                    1 => {
                        store.sync().unwrap();
                        safe.extend(unsafe_yet.drain(..));
                    }
                    2 => {
                        store.truncate(time - 60).unwrap();
                        oldest = fs.read_dir(Path::new(DIR)).unwrap()[0].name.to_str().unwrap().parse().unwrap();
                    }
                    _ => {}
                }
            }
            sim = sim.power_loss();
        }
    }
    assert!(torn > 20, "only {torn} torn ends: the test does not test");
}

/// Samples of the log are passed over that are older than the newest chunk of their series: so no chunk may be there without those before.
#[test]
fn no_chunk_outlives_an_earlier_one_of_its_series_unnoticed() {
    for (seed, failing) in (0..60).flat_map(|seed| [(seed, false), (seed, true)]) {
        let sim = SimFs::new(seed);
        let fs: Arc<dyn Fs> = Arc::new(sim.clone());
        let (store, _) = open(&fs);
        let write = |store: &HeadChunks, n| store.write(&head(1, i64::try_from(n).unwrap()), &data(n)).unwrap();
        for n in 0..40 {
            write(&store, n);
        }
        store.flush().unwrap();
        // Killed, after which the next one begins a file of its own, and the disk may fail.
        drop(store);
        if failing {
            sim.inject(Failure::of(Op::Sync).on("000001"));
        }
        let (store, _) = open(&fs);
        write(&store, 40);
        store.sync().err();
        drop(store);
        let after: Arc<dyn Fs> = Arc::new(sim.power_loss());
        let (_, recovered) = open(&after);
        let found = recovered.chunks.get(&1).map_or(0, Vec::len);
        let newest = recovered.chunks.get(&1).and_then(|chunks| chunks.last()).map_or(0, |chunk| chunk.max);
        assert!(failing || found == 41, "seed {seed}: {found} chunks, {:?}", recovered.damage);
        assert!(found == 41 || newest < 40 || recovered.has_holes(), "seed {seed}: {found} chunks");
    }
}

/// The disk refuses a sync, which makes what is in memory look as if it were on the disk, and then the process is killed: nobody is left who
/// knows. Whoever opens the files next makes the end good.
#[test]
fn a_failed_sync_that_nobody_remembers_is_made_good() {
    for seed in 0..60 {
        let sim = SimFs::new(seed);
        let fs: Arc<dyn Fs> = Arc::new(sim.clone());
        let (store, _) = open(&fs);
        let write = |store: &HeadChunks, n| store.write(&head(1, i64::try_from(n).unwrap()), &data(n)).unwrap();
        for n in 0..40 {
            write(&store, n);
        }
        sim.inject(Failure::of(Op::Sync).on("000001"));
        store.sync().unwrap_err();
        drop(store);
        let killed = sim.crash_process();
        let fs: Arc<dyn Fs> = Arc::new(killed.clone());
        let (store, recovered) = open(&fs);
        assert_eq!(recovered.chunks[&1].len(), 40, "seed {seed}");
        write(&store, 40);
        store.sync().unwrap();
        drop(store);
        let after: Arc<dyn Fs> = Arc::new(killed.power_loss());
        let (_, recovered) = open(&after);
        let found = recovered.chunks.get(&1).map_or(0, Vec::len);
        assert_eq!((found, recovered.damage.len()), (41, 0), "seed {seed}: {:?}", recovered.damage);
    }
}

#[test]
fn a_gap_is_filled_and_a_header_mended_so_that_prometheus_starts() {
    let sim: Arc<dyn Fs> = Arc::new(SimFs::new(6));
    let (store, _) = open(&sim);
    for n in 0..4 {
        store.write(&head(1, n * 100), &data(1)).unwrap();
        store.truncate(0).unwrap();
    }
    store.sync().unwrap();
    drop(store);
    let path = |name: &str| Path::new(DIR).join(name);
    sim.remove_file(&path("000002")).unwrap();
    let file = sim.open(&path("000003"), promd_fs::OpenMode::Write).unwrap();
    file.write_all_at(&[0xFF; 3], 1).unwrap();
    // Being made when the power went.
    sim.write_atomically(&path("000005"), &[0; 4096]).unwrap();

    let before = recover(&*sim, Path::new(DIR), false).unwrap().damage;
    assert!(!sim.exists(&path("000002")).unwrap(), "reading changes nothing");
    let (store, recovered) = open(&sim);
    assert_eq!(before, recovered.damage);
    let causes: Vec<_> = recovered.damage.iter().map(|damage| (damage.file, damage.cause)).collect();
    assert_eq!(causes, [(2, HeadCause::Missing), (3, HeadCause::FileHeader)]);
    assert!(recovered.has_holes());
    assert_eq!(places(&recovered).len(), 3);

    drop(store);
    let (_, again) = open(&sim);
    assert_eq!(again.damage, []);
    assert_eq!(places(&again), places(&recovered));
    assert!(!sim.exists(&path("000005")).unwrap());
}
