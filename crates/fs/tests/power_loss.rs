//! What a power loss may take, what it must not take, and that it takes each of the things it may.
#![expect(clippy::unwrap_used, reason = "a failure to set up is a failure of the test")]

use std::collections::BTreeSet;
use std::path::Path;

use promd_fs::{ErrorKind, Failure, FaultPlan, Faults, Fs, Op, OpenMode, SimFs, Tear};

/// The outcomes that a test looks at. Each outcome that is asserted to occur has a chance of 1/100 or more, so that the
/// chance to miss it in so many is below 1/10 000; and the seeds are fixed, so a test that passes once passes for ever.
const OUTCOMES: usize = 1000;

const CAP: u64 = 1 << 20;

fn path(path: &str) -> &Path {
    Path::new(path)
}

fn write(fs: &SimFs, name: &str, bytes: &[u8]) {
    fs.open(path(name), OpenMode::Create).unwrap().write_all_at(bytes, 0).unwrap();
}

/// Writes a file that no power loss can take.
fn write_durably(fs: &SimFs, name: &str, bytes: &[u8]) {
    write(fs, name, bytes);
    fs.open(path(name), OpenMode::Write).unwrap().sync_data().unwrap();
    fs.sync_dir(path("/")).unwrap();
}

fn read(fs: &SimFs, name: &str) -> Option<Vec<u8>> {
    match fs.read_to_vec(path(name), CAP) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.is_not_found() => None,
        Err(error) => panic!("{error}\n{}", fs.log()),
    }
}

/// The names in a directory, as one text.
fn names(fs: &SimFs, dir: &str) -> String {
    let entries = fs.read_dir(path(dir)).unwrap();
    entries.iter().map(|entry| entry.text().unwrap()).collect::<Vec<_>>().join(" ")
}

/// Every distinct answer to a question, over the outcomes of one power loss.
fn outcomes<T: Ord>(fs: &SimFs, ask: impl Fn(&SimFs) -> T) -> BTreeSet<T> {
    (0..OUTCOMES).map(|_| ask(&fs.power_loss())).collect()
}

fn faults(fs: &SimFs) -> Faults {
    let mut sum = Faults::default();
    (0..OUTCOMES).for_each(|_| sum += fs.power_loss().faults());
    sum
}

/// Every subset of some names.
fn subsets(of: &[&str]) -> BTreeSet<String> {
    let chosen = |bits: usize| of.iter().enumerate().filter(move |(n, _)| bits >> n & 1 == 1).map(|(_, name)| *name);
    (0..1 << of.len()).map(|bits: usize| chosen(bits).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn what_was_synced_stays() {
    let fs = SimFs::new(1);
    write_durably(&fs, "/a", &[7; 10_000]);
    assert_eq!(outcomes(&fs, |fs| read(fs, "/a")), BTreeSet::from([Some(vec![7; 10_000])]));
    let faults = faults(&fs);
    assert_eq!(faults.to_string(), format!("power_losses {OUTCOMES}"));
}

#[test]
fn the_same_seed_loses_the_same() {
    let run = |seed| {
        let fs = SimFs::new(seed);
        write(&fs, "/a", &[1; 5000]);
        fs.open(path("/a"), OpenMode::Write).unwrap().sync_data().unwrap();
        write(&fs, "/b", &[2; 5000]);
        let left = fs.power_loss();
        (names(&left, "/"), read(&left, "/a"), read(&left, "/b"))
    };
    assert!((0..50).all(|seed| run(seed) == run(seed)));
    assert!((0..50).map(run).collect::<BTreeSet<_>>().len() > 3);
}

#[test]
fn unsynced_bytes_may_go_and_the_rest_of_the_file_stays() {
    let fs = SimFs::new(2);
    write_durably(&fs, "/a", &[1; 1024]);
    fs.open(path("/a"), OpenMode::Write).unwrap().write_all_at(&[2; 1024], 1024).unwrap();
    let seen = outcomes(&fs, |fs| read(fs, "/a").unwrap());
    assert!(seen.iter().all(|bytes| bytes.starts_with(&[1; 1024])));
    // The length is either; a sector is there, or zeros are.
    let expected =
        [vec![], [[0; 512], [0; 512]].concat(), [[2; 512], [0; 512]].concat(), [[0; 512], [2; 512]].concat()]
            .into_iter()
            .chain([vec![2; 1024]])
            .map(|tail| [vec![1; 1024], tail].concat())
            // A write that reached the disk in order as far as the first sector.
            .chain([[vec![1; 1024], vec![2; 512]].concat()])
            .collect();
    assert_eq!(seen, expected);
    assert!(faults(&fs).lost_writes > 0);
}

#[test]
fn a_write_is_torn_between_its_sectors_only() {
    for (tear, unit) in [(Tear::Sector, 512), (Tear::Sector4K, 4096)] {
        let fs = SimFs::new(3);
        fs.set_plan(FaultPlan::new().tear(tear));
        write_durably(&fs, "/a", &[1; 16384]);
        write(&fs, "/a", &[2; 16384]);
        let seen = outcomes(&fs, |fs| read(fs, "/a").unwrap());
        let sectors = |bytes: &Vec<u8>| bytes.chunks(unit).map(<[u8]>::to_vec).collect::<BTreeSet<_>>();
        assert_eq!(seen.iter().flat_map(sectors).collect::<BTreeSet<_>>(), [vec![1; unit], vec![2; unit]].into());
        assert!(seen.iter().any(|bytes| sectors(bytes).len() == 2), "some are torn");
        assert!(faults(&fs).torn_writes > 100);
    }
}

#[test]
fn a_write_is_torn_at_any_byte_if_the_plan_says_so() {
    let fs = SimFs::new(4);
    fs.set_plan(FaultPlan::new().tear(Tear::Byte));
    write_durably(&fs, "/a", &[1; 100]);
    write(&fs, "/a", &[2; 100]);
    let ends = outcomes(&fs, |fs| read(fs, "/a").unwrap().iter().filter(|byte| **byte == 2).count());
    assert!(ends.len() > 50, "{ends:?}");
    assert!(faults(&fs).torn_writes > 100);
    // Also in the middle of a write whose end was written.
    let fs = fs.crash_process();
    write_durably(&fs, "/b", &[1; 1024]);
    write(&fs, "/b", &[2; 1024]);
    let torn_before_whole =
        |bytes: Vec<u8>| bytes[..512].contains(&1) && bytes[..512].contains(&2) && bytes[512..] == [2; 512];
    assert!(outcomes(&fs, |fs| torn_before_whole(read(fs, "/b").unwrap())).contains(&true));
}

#[test]
fn all_and_nothing_are_outcomes_too_however_much_was_done() {
    let fs = SimFs::new(21);
    write_durably(&fs, "/a", &[1; 51_200]);
    write(&fs, "/a", &[2; 51_200]);
    let names: Vec<String> = (0..100).map(|n| format!("/{n}")).collect();
    names.iter().for_each(|name| write(&fs, name, b""));
    let bytes = outcomes(&fs, |fs| read(fs, "/a").unwrap());
    assert!(bytes.contains(&vec![1; 51_200]) && bytes.contains(&vec![2; 51_200]));
    let entries = outcomes(&fs, |fs| fs.read_dir(path("/")).unwrap().len());
    assert!(entries.contains(&1) && entries.contains(&101), "{entries:?}");
}

#[test]
fn a_later_write_survives_an_earlier_one() {
    let fs = SimFs::new(5);
    write_durably(&fs, "/a", &[0; 1024]);
    let file = fs.open(path("/a"), OpenMode::Write).unwrap();
    file.write_all_at(&[1; 512], 0).unwrap();
    file.write_all_at(&[2; 512], 512).unwrap();
    let seen = outcomes(&fs, |fs| read(fs, "/a").map(|bytes| (bytes[0], bytes[512])).unwrap());
    assert_eq!(seen, [(0, 0), (1, 0), (0, 2), (1, 2)].into());
}

#[test]
fn a_sector_may_hold_what_it_held_between_two_writes_whatever_its_neighbour_holds() {
    let fs = SimFs::new(6);
    write_durably(&fs, "/a", &[0; 1024]);
    write(&fs, "/a", &[1; 1024]);
    write(&fs, "/a", &[2; 1024]);
    let seen = outcomes(&fs, |fs| read(fs, "/a").map(|bytes| (bytes[0], bytes[512])).unwrap());
    assert_eq!(seen, (0..3).flat_map(|first| (0..3).map(move |second| (first, second))).collect());
}

#[test]
fn a_file_may_have_any_length_that_it_had_and_zeros_in_it() {
    let fs = SimFs::new(22);
    write_durably(&fs, "/a", b"");
    let file = fs.open(path("/a"), OpenMode::Write).unwrap();
    file.write_all_at(&[1; 1024], 0).unwrap();
    file.write_all_at(&[2; 1024], 1024).unwrap();
    let seen = outcomes(&fs, |fs| read(fs, "/a").unwrap());
    assert!(seen.contains(&[[0; 512], [1; 512]].concat()));
    assert!(seen.contains(&[[0; 512], [1; 512], [0; 512], [2; 512]].concat()));
}

#[test]
fn a_cut_may_be_undone() {
    let fs = SimFs::new(7);
    write_durably(&fs, "/a", &[1; 1024]);
    fs.open(path("/a"), OpenMode::Truncate).unwrap();
    let seen = outcomes(&fs, |fs| read(fs, "/a").unwrap());
    assert!(seen.contains(&vec![]) && seen.contains(&vec![1; 1024]), "{seen:?}");
}

#[test]
fn creations_survive_one_by_one() {
    let fs = SimFs::new(8);
    for name in ["/a", "/b", "/c"] {
        write(&fs, name, b"");
    }
    assert_eq!(outcomes(&fs, |fs| names(fs, "/")), subsets(&["a", "b", "c"]));
    assert!(faults(&fs).lost_creates > 500);
}

#[test]
fn the_sync_of_a_file_does_not_cover_its_name() {
    let fs = SimFs::new(9);
    write(&fs, "/a", b"bytes");
    fs.open(path("/a"), OpenMode::Write).unwrap().sync_all().unwrap();
    assert_eq!(outcomes(&fs, |fs| read(fs, "/a")), [None, Some(b"bytes".to_vec())].into());
}

#[test]
fn the_sync_of_a_directory_covers_neither_the_bytes_in_it_nor_its_own_name() {
    let fs = SimFs::new(10);
    write(&fs, "/a", b"bytes");
    fs.create_dir(path("/dir")).unwrap();
    fs.sync_dir(path("/")).unwrap();
    assert_eq!(outcomes(&fs, |fs| names(fs, "/")), ["a dir".to_owned()].into());
    assert!(outcomes(&fs, |fs| read(fs, "/a").unwrap()).contains(&vec![]));

    let fs = SimFs::new(10);
    fs.create_dir(path("/dir")).unwrap();
    write(&fs, "/dir/a", b"bytes");
    fs.open(path("/dir/a"), OpenMode::Write).unwrap().sync_all().unwrap();
    fs.sync_dir(path("/dir")).unwrap();
    assert_eq!(outcomes(&fs, |fs| read(fs, "/dir/a")), [None, Some(b"bytes".to_vec())].into());
}

#[test]
fn a_rename_survives_whole_or_not_at_all() {
    let fs = SimFs::new(11);
    fs.create_dir_all(path("/to")).unwrap();
    write_durably(&fs, "/a", b"new");
    write(&fs, "/to/b", b"old");
    fs.open(path("/to/b"), OpenMode::Write).unwrap().sync_data().unwrap();
    fs.sync_dir(path("/to")).unwrap();
    fs.rename(path("/a"), path("/to/b")).unwrap();
    let seen = outcomes(&fs, |fs| (read(fs, "/a"), read(fs, "/to/b")));
    let (old, new) = (Some(b"old".to_vec()), Some(b"new".to_vec()));
    assert_eq!(seen, [(new.clone(), old), (None, new.clone())].into());
    assert!(faults(&fs).lost_renames > 100);
    // The sync of either directory makes it durable.
    let fs = fs.crash_process();
    fs.sync_dir(path("/")).unwrap();
    assert_eq!(outcomes(&fs, |fs| (read(fs, "/a"), read(fs, "/to/b"))), [(None, new)].into());
}

#[test]
fn a_removal_may_be_undone_or_survive_what_replaced_the_file() {
    let fs = SimFs::new(12);
    write_durably(&fs, "/old", b"old");
    write(&fs, "/new", b"new");
    fs.remove_file(path("/old")).unwrap();
    assert_eq!(outcomes(&fs, |fs| names(fs, "/")), subsets(&["new", "old"]));
    assert!(faults(&fs).lost_removes > 100);
    assert!(outcomes(&fs, |fs| read(fs, "/old")).contains(&Some(b"old".to_vec())), "with its bytes");
}

#[test]
fn a_link_may_be_lost() {
    let fs = SimFs::new(13);
    write_durably(&fs, "/a", b"bytes");
    fs.hard_link(path("/a"), path("/b")).unwrap();
    assert_eq!(outcomes(&fs, |fs| read(fs, "/b")), [None, Some(b"bytes".to_vec())].into());
    assert!(faults(&fs).lost_links > 100);
}

#[test]
fn the_history_of_one_name_is_kept_in_order() {
    let fs = SimFs::new(14);
    for bytes in [b"1", b"2", b"3"] {
        write(&fs, "/a.tmp", bytes);
        fs.open(path("/a.tmp"), OpenMode::Write).unwrap().sync_data().unwrap();
        fs.rename(path("/a.tmp"), path("/a")).unwrap();
    }
    let seen = outcomes(&fs, |fs| (read(fs, "/a"), read(fs, "/a.tmp")));
    let text = |text: &str| (!text.is_empty()).then(|| text.as_bytes().to_vec());
    // Nothing, then each file under its first name, then under its second.
    let states = [("", ""), ("", "1"), ("1", ""), ("1", "2"), ("2", ""), ("2", "3"), ("3", "")];
    assert_eq!(seen, states.map(|(a, tmp)| (text(a), text(tmp))).into());
}

#[test]
fn directories_are_moved_in_order() {
    let fs = SimFs::new(23);
    fs.create_dir(path("/a")).unwrap();
    fs.create_dir(path("/b")).unwrap();
    fs.sync_dir(path("/")).unwrap();
    fs.rename(path("/a"), path("/x")).unwrap();
    fs.rename(path("/b"), path("/y")).unwrap();
    assert_eq!(outcomes(&fs, |fs| names(fs, "/")), ["a b", "b x", "x y"].map(str::to_owned).into());
}

#[test]
fn what_was_moved_out_of_a_directory_outlives_it() {
    let fs = SimFs::new(15);
    fs.create_dir(path("/dir")).unwrap();
    write(&fs, "/dir/a", b"bytes");
    fs.open(path("/dir/a"), OpenMode::Write).unwrap().sync_data().unwrap();
    fs.sync_dir(path("/dir")).unwrap();
    fs.sync_dir(path("/")).unwrap();
    fs.rename(path("/dir/a"), path("/a")).unwrap();
    fs.remove_dir(path("/dir")).unwrap();
    let seen = outcomes(&fs, |fs| names(fs, "/"));
    assert_eq!(seen, ["dir", "a dir", "a"].map(str::to_owned).into());
    // The same when a directory goes by being replaced.
    let fs = fs.crash_process();
    fs.create_dir(path("/one")).unwrap();
    write(&fs, "/one/b", b"");
    fs.create_dir(path("/two")).unwrap();
    fs.sync_dir(path("/one")).unwrap();
    fs.sync_dir(path("/")).unwrap();
    fs.rename(path("/one/b"), path("/b")).unwrap();
    fs.rename(path("/two"), path("/one")).unwrap();
    assert_eq!(outcomes(&fs, |fs| names(fs, "/")), ["a one two", "a b one two", "a b one"].map(str::to_owned).into());
}

#[test]
fn a_failed_sync_forgets_for_ever_what_can_still_be_read() {
    let fs = SimFs::new(16);
    write_durably(&fs, "/a", &[1; 4096]);
    let file = fs.open(path("/a"), OpenMode::Write).unwrap();
    let mut lost = 0;
    for round in 0..100 {
        let fs = fs.crash_process();
        let file = fs.open(path("/a"), OpenMode::Write).unwrap();
        file.write_all_at(&[2; 4096], 0).unwrap();
        fs.inject(Failure::of(Op::Sync));
        assert_eq!(file.sync_data().unwrap_err().kind(), ErrorKind::Io);
        assert_eq!(fs.faults().sync_errors, 1);
        assert_eq!(read(&fs, "/a").unwrap(), [2; 4096], "the page cache shows it");
        file.sync_data().unwrap();
        let left = outcomes(&fs, |fs| read(fs, "/a").unwrap());
        assert_eq!(left.len(), 1, "round {round}: it was decided when the sync failed");
        lost += usize::from(!left.contains(&vec![2; 4096]));
        // Written again, it is safe.
        let fs = fs.crash_process();
        let file = fs.open(path("/a"), OpenMode::Write).unwrap();
        file.write_all_at(&[2; 4096], 0).unwrap();
        file.sync_data().unwrap();
        assert_eq!(read(&fs.power_loss(), "/a").unwrap(), [2; 4096]);
    }
    assert!(lost > 50, "{lost}");
    assert_eq!(file.size().unwrap_err().kind(), ErrorKind::Stopped);
}

#[test]
fn a_failed_sync_of_a_directory_makes_nothing_safe() {
    let fs = SimFs::new(17);
    write(&fs, "/a", b"");
    fs.inject(Failure::of(Op::SyncDir));
    fs.sync_dir(path("/")).unwrap_err();
    assert_eq!(outcomes(&fs, |fs| names(fs, "/")), subsets(&["a"]));
}

#[test]
fn bits_flip_at_rest_if_the_plan_says_so() {
    let fs = SimFs::new(18);
    write_durably(&fs, "/a", &[0; 1000]);
    fs.set_plan(FaultPlan::new().flips(3));
    let ones = |fs: &SimFs| read(fs, "/a").unwrap().iter().map(|byte| byte.count_ones()).sum::<u32>();
    // Two flips of the same bit cancel.
    assert!(outcomes(&fs, ones).is_subset(&[1, 3].into()));
    assert_eq!(fs.power_loss().faults().flipped_bits, 3);
}

#[test]
fn a_killed_process_loses_nothing_until_the_power_goes_too() {
    let fs = SimFs::new(19);
    write(&fs, "/a", b"unsynced");
    let fs = fs.crash_process();
    assert_eq!(read(&fs, "/a").unwrap(), b"unsynced");
    assert_eq!(fs.faults().process_crashes, 1);
    assert!(outcomes(&fs, |fs| read(fs, "/a")).contains(&None));
}

#[test]
fn the_composites_are_safe_at_every_operation() {
    let prepared = || {
        let fs = SimFs::new(20);
        fs.create_dir(path("/to")).unwrap();
        fs.sync_dir(path("/")).unwrap();
        fs.write_atomically(path("/a"), b"old").unwrap();
        fs
    };
    let act = |fs: &SimFs| {
        fs.write_atomically(path("/a"), b"fresh")?;
        fs.rename_durably(path("/a"), path("/to/a"))
    };
    let whole = prepared();
    let before = whole.ops();
    act(&whole).unwrap();
    assert_eq!(outcomes(&whole, |fs| read(fs, "/to/a")), [Some(b"fresh".to_vec())].into(), "durable on return");
    let mut seen = BTreeSet::new();
    for op in before + 1..=whole.ops() {
        let fs = prepared();
        fs.set_plan(FaultPlan::new().tear(Tear::Byte).stop_at(op));
        assert_eq!(act(&fs).unwrap_err().kind(), ErrorKind::Stopped);
        seen.append(&mut outcomes(&fs, |fs| read(fs, "/a").or_else(|| read(fs, "/to/a")).unwrap()));
    }
    assert_eq!(seen, [b"old".to_vec(), b"fresh".to_vec()].into());
}
