//! The faults that a simulated machine meets while it runs: each knob, and that nothing happens without it.
#![expect(clippy::unwrap_used, reason = "a failure to set up is a failure of the test")]

use std::path::Path;
use std::sync::Arc;

use promd_fs::{Access, Appender, ErrorKind, Failure, FaultPlan, Faults, File, Fs, FsKind, Map, Op, OpenMode, SimFs};

const PATH: &str = "/a";

fn path(path: &str) -> &Path {
    Path::new(path)
}

fn with_plan(plan: FaultPlan) -> (SimFs, Arc<dyn File>) {
    let fs = SimFs::new(1);
    let file = fs.open(path(PATH), OpenMode::Create).unwrap();
    fs.set_plan(plan);
    (fs, file)
}

fn kind<T: std::fmt::Debug>(result: promd_fs::Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}

#[test]
fn without_a_plan_nothing_goes_wrong() {
    let (fs, file) = with_plan(FaultPlan::new());
    for n in 0..1000 {
        assert_eq!(file.write_at(&[1; 100], n * 100).unwrap(), 100);
        assert_eq!(file.read_at(&mut [0; 100], n * 100).unwrap(), 100);
        file.sync_data().unwrap();
        fs.sync_dir(path("/")).unwrap();
    }
    assert_eq!(fs.faults(), Faults::default());
}

#[test]
fn a_full_disk_takes_what_fits_and_then_fails() {
    let (fs, file) = with_plan(FaultPlan::new().capacity(8192));
    assert_eq!(fs.space(path("/")).unwrap().free, 8192);
    assert_eq!(file.write_at(&[1; 10_000], 0).unwrap(), 8192);
    assert_eq!(kind(file.write_at(&[1], 8192)), ErrorKind::DiskFull);
    assert_eq!((fs.faults().short_writes, fs.faults().disk_full), (1, 1));
    assert_eq!(fs.space(path("/")).unwrap().free, 0);
    // Blocks that are taken can be written again, and a hole takes none.
    assert_eq!(file.write_at(&[2; 4096], 4096).unwrap(), 4096);
    file.set_len(100_000).unwrap();
    // A file that is removed while it is open keeps its space.
    fs.remove_file(path(PATH)).unwrap();
    assert_eq!(fs.space(path("/")).unwrap().free, 0);
    drop(file);
    let space = fs.space(path("/")).unwrap();
    assert_eq!((space.total, space.free, space.available), (8192, 8192, 8192));
}

#[test]
fn reserved_space_is_there_when_the_disk_is_full() {
    let (fs, file) = with_plan(FaultPlan::new().capacity(3 * 4096));
    assert!(file.preallocate(8192).unwrap());
    assert_eq!(file.size().unwrap(), 0);
    let other = fs.open(path("/b"), OpenMode::Create).unwrap();
    assert_eq!(kind(other.preallocate(8192)), ErrorKind::DiskFull);
    assert_eq!(kind(other.write_all_at(&[1; 8192], 0)), ErrorKind::DiskFull);
    file.write_all_at(&[1; 8192], 0).unwrap();
    // Cutting gives it back.
    file.set_len(4096).unwrap();
    other.write_all_at(&[1; 8192], 0).unwrap();
}

#[test]
fn an_appender_leaves_no_fragment_behind_a_full_disk() {
    let (fs, file) = with_plan(FaultPlan::new().capacity(8192));
    let filler = fs.open(path("/filler"), OpenMode::Create).unwrap();
    filler.write_all_at(&[0; 4096], 0).unwrap();
    let mut appender = Appender::new(Arc::clone(&file)).unwrap();
    assert_eq!(appender.append(&[1; 3000]).unwrap(), 0);
    assert_eq!(kind(appender.append(&[2; 3000])), ErrorKind::DiskFull);
    assert_eq!(file.size().unwrap(), 4096, "a fragment");
    appender.roll_back().unwrap();
    assert_eq!(file.size().unwrap(), 3000);
    // Without `roll_back` the next append does it.
    assert_eq!(kind(appender.append(&[2; 3000])), ErrorKind::DiskFull);
    assert_eq!(appender.append(&[3; 10]).unwrap(), 3000);
    assert_eq!((appender.end(), file.size().unwrap()), (3010, 3010));
    fs.remove_file(path("/filler")).unwrap();
    drop(filler);
    assert_eq!(appender.append(&[4; 3000]).unwrap(), 3010);
}

#[test]
fn reads_and_writes_are_short_if_the_plan_says_so() {
    let (fs, file) = with_plan(FaultPlan::new().short_writes(2));
    let short = (0..100).filter(|n| file.write_at(&[1; 100], n * 100).unwrap() < 100).count();
    assert!(short > 10);
    assert_eq!(fs.faults().short_writes, short as u64);
    file.write_all_at(&[2; 10_000], 0).unwrap();
    fs.set_plan(FaultPlan::new().short_reads(2));
    let short = (0..100).filter(|n| file.read_at(&mut [0; 100], n * 100).unwrap() < 100).count();
    assert!(short > 10);
    assert_eq!(fs.faults().short_reads, short as u64);
    // Loops get it all.
    let mut all = [0; 10_000];
    file.read_exact_at(&mut all, 0).unwrap();
    assert_eq!(all, [2; 10_000]);
    assert_eq!(fs.read_to_vec(path(PATH), 10_000).unwrap(), all);
}

#[test]
fn operations_fail_as_often_as_the_plan_says() {
    let often =
        |plan: FaultPlan, count: fn(&Faults) -> u64, run: &dyn Fn(&SimFs, &dyn File) -> promd_fs::Result<()>| {
            let (fs, file) = with_plan(plan);
            let failed = (0..1000).filter(|_| run(&fs, &*file).is_err()).count();
            assert_eq!(count(&fs.faults()), failed as u64);
            // One in ten of a thousand: ten standard deviations to either side.
            assert!((5..195).contains(&failed), "{failed}");
        };
    let plan = FaultPlan::new();
    often(plan.clone().read_errors(10), |f| f.read_errors, &|_, file| file.read_at(&mut [0], 0).map(drop));
    often(plan.clone().write_errors(10), |f| f.write_errors, &|_, file| file.write_at(&[0], 0).map(drop));
    often(plan.clone().sync_errors(10), |f| f.sync_errors, &|_, file| file.sync_data());
    often(plan.clone().sync_errors(10), |f| f.sync_errors, &|_, file| file.sync_all());
    often(plan.sync_errors(10), |f| f.sync_errors, &|fs, _| fs.sync_dir(path("/")));
}

#[test]
fn a_write_that_fails_writes_nothing() {
    let (fs, file) = with_plan(FaultPlan::new());
    fs.inject(Failure::of(Op::Write));
    assert_eq!(kind(file.write_at(&[1; 10], 0)), ErrorKind::Io);
    assert_eq!(file.size().unwrap(), 0);
}

#[test]
fn a_failure_hits_where_it_was_told_to() {
    let (fs, _) = with_plan(FaultPlan::new());
    fs.inject(Failure::of(Op::CreateDir).on("x").after(1).times(2).kind(ErrorKind::ReadOnly));
    let made: Vec<_> = ["/x1", "/y", "/x2", "/x3", "/x4"].map(|dir| fs.create_dir(path(dir)).is_ok()).into();
    assert_eq!(made, [true, true, false, false, true]);
    assert_eq!(fs.faults().other_errors, 2);
    fs.inject(Failure::of(Op::Rename).kind(ErrorKind::ReadOnly));
    let error = fs.rename(path(PATH), path("/b")).unwrap_err();
    assert_eq!(error.to_string(), "rename /a /b: read-only file system");
    assert!(fs.exists(path(PATH)).unwrap());
}

#[test]
fn the_machine_stops_at_the_chosen_operation_and_in_the_middle_of_a_write() {
    let mut lens = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let fs = SimFs::new(seed);
        let file = fs.open(path(PATH), OpenMode::Create).unwrap();
        fs.set_plan(FaultPlan::new().stop_at(fs.ops() + 2));
        file.write_all_at(b"12", 0).unwrap();
        assert!(!fs.is_stopped());
        assert_eq!(kind(file.write_all_at(b"345", 2)), ErrorKind::Stopped);
        assert!(fs.is_stopped());
        assert_eq!(fs.faults().stops, 1);
        assert_eq!(kind(file.read_at(&mut [0], 0)), ErrorKind::Stopped);
        assert_eq!(kind(fs.metadata(path("/"))), ErrorKind::Stopped);
        lens.insert(fs.crash_process().metadata(path(PATH)).unwrap().size);
    }
    assert_eq!(lens, [2, 3, 4, 5].into());
}

#[test]
fn anything_but_a_write_is_not_begun_when_the_machine_stops() {
    let (fs, file) = with_plan(FaultPlan::new());
    fs.set_plan(FaultPlan::new().stop_at(fs.ops() + 1));
    assert_eq!(kind(fs.rename(path(PATH), path("/b"))), ErrorKind::Stopped);
    assert_eq!(kind(file.sync_data()), ErrorKind::Stopped);
    let left = fs.crash_process();
    for _ in 0..10 {
        assert!(left.exists(path(PATH)).unwrap(), "and the plan does not stop the machine again");
    }
}

#[test]
fn damage_at_rest_is_read() {
    let (fs, file) = with_plan(FaultPlan::new());
    file.write_all_at(&[0; 2000], 0).unwrap();
    assert_eq!(kind(fs.flip_bit(path(PATH), 1000, 3)), ErrorKind::UnexpectedEnd, "nothing is at rest");
    file.sync_data().unwrap();
    fs.flip_bit(path(PATH), 1000, 3).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, 1000).unwrap();
    assert_eq!(byte, [1 << 3]);
    assert_eq!(fs.faults().flipped_bits, 1);

    fs.break_range(path(PATH), 512..1024).unwrap();
    let mut buffer = [0; 2000];
    assert_eq!(file.read_at(&mut buffer, 0).unwrap(), 512, "as far as it can be read");
    assert_eq!(kind(file.read_at(&mut buffer, 512)), ErrorKind::Io);
    assert_eq!(kind(file.read_at(&mut buffer, 1023)), ErrorKind::Io);
    assert_eq!(file.read_at(&mut buffer, 1024).unwrap(), 976);
    assert_eq!(fs.faults().read_errors, 2);
}

#[test]
fn a_map_of_a_broken_file_says_which_part_is_lost() {
    let (fs, file) = with_plan(FaultPlan::new());
    file.write_all_at(&[1; 2000], 0).unwrap();
    fs.break_range(path(PATH), 512..1024).unwrap();
    let map = fs.map(path(PATH), Access::Random).unwrap();
    map.check(0..512).unwrap();
    map.check(1024..2000).unwrap();
    assert_eq!(kind(map.check(0..2000)), ErrorKind::LostPages);
    assert_eq!(kind(map.slice(511..513)), ErrorKind::LostPages);
    assert_eq!(kind(map.read(1023..1024, <[u8]>::len)), ErrorKind::LostPages);
    assert_eq!(kind(map.slice(1999..2001)), ErrorKind::UnexpectedEnd);
    assert_eq!(kind(map.read(2000..2001, <[u8]>::len)), ErrorKind::UnexpectedEnd);
    assert_eq!(map.slice(1024..1026).unwrap(), [1, 1].as_slice());
    assert_eq!(map.bytes()[510..514], [1, 1, 0, 0], "as a real map would read");
}

#[test]
fn a_mapped_file_refuses_to_change_until_the_last_of_its_bytes_is_dropped() {
    let (fs, file) = with_plan(FaultPlan::new());
    file.write_all_at(b"sealed", 0).unwrap();
    let map: Map = fs.map(path(PATH), Access::Normal).unwrap();
    let bytes = map.slice(0..3).unwrap();
    drop(map);
    assert_eq!(kind(file.write_at(b"x", 0)), ErrorKind::Busy);
    assert_eq!(kind(file.set_len(0)), ErrorKind::Busy);
    assert_eq!(kind(fs.open(path(PATH), OpenMode::Truncate)), ErrorKind::Busy);
    assert_eq!(fs.faults().mapped_writes, 3);
    fs.remove_file(path(PATH)).unwrap();
    assert_eq!(bytes, b"sea".as_slice());
    drop(bytes);
    file.write_at(b"x", 0).unwrap();
}

#[test]
fn a_lock_holds_until_it_is_dropped_or_the_machine_restarts() {
    let fs = SimFs::new(1);
    let lock = fs.lock(path("/lock")).unwrap();
    assert!(!lock.existed());
    assert_eq!(kind(fs.lock(path("/lock"))), ErrorKind::Locked);
    drop(lock);
    let lock = fs.lock(path("/lock")).unwrap();
    assert!(lock.existed(), "a drop leaves the file, as a crash does");
    let restarted = fs.crash_process();
    let again = restarted.lock(path("/lock")).unwrap();
    drop(lock);
    assert_eq!(kind(restarted.lock(path("/lock"))), ErrorKind::Locked, "the old machine has no say in the new one");
    again.release().unwrap();
    assert!(!restarted.exists(path("/lock")).unwrap());
}

#[test]
fn the_kind_of_file_system_is_a_knob() {
    let (fs, _) = with_plan(FaultPlan::new().kind(FsKind::Nfs));
    assert!(fs.kind(path("/")).unwrap().is_network());
    assert!(!SimFs::new(1).kind(path("/")).unwrap().is_network());
}

#[test]
fn a_file_cannot_grow_without_bound() {
    let (_fs, file) = with_plan(FaultPlan::new());
    for len in [1 << 31, u64::MAX] {
        assert_eq!(kind(file.set_len(len)), ErrorKind::TooLarge);
        assert_eq!(kind(file.write_at(b"x", len)), ErrorKind::TooLarge);
        assert_eq!(kind(file.preallocate(len)), ErrorKind::TooLarge);
        assert_eq!(file.read_at(&mut [0], len).unwrap(), 0);
    }
}

#[test]
fn the_log_tells_what_happened() {
    let fs = SimFs::new(1);
    let file = fs.open(path("/a"), OpenMode::CreateNew).unwrap();
    file.write_at(b"abc", 7).unwrap();
    fs.remove_dir(path("/b")).unwrap_err();
    let log = fs.power_loss().log();
    assert_eq!(
        log,
        "1 open /a CreateNew\n\
         2 write /a 3 at 7\n\
         3 remove /b (directory): no such file or directory\n\
         -- power loss --\n"
    );
    assert_eq!(fs.ops(), 3);
}
