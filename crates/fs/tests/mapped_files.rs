//! Maps of real files, and what becomes of a reader whose file goes away.
//!
//! All of it rests on Linux: a read past the end of a mapped file is SIGBUS, which ends a process that does not handle it.
#![expect(clippy::unwrap_used, reason = "a failure to set up is a failure of the test")]

use std::fs;
use std::io::Read as _;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use promd_fs::{Access, ErrorKind, Fs, Map, OpenMode, RealFs};

const PAGE: usize = 4096;

/// A file of so many pages, in each byte the number of its page.
fn file(dir: &Path, pages: usize) -> PathBuf {
    let path = dir.join("mapped");
    let bytes: Vec<u8> = (0..pages).flat_map(|page| [u8::try_from(page % 251 + 1).unwrap(); PAGE]).collect();
    fs::write(&path, bytes).unwrap();
    path
}

fn cut(path: &Path, len: usize) {
    fs::OpenOptions::new().write(true).open(path).unwrap().set_len(len as u64).unwrap();
}

fn map(path: &Path) -> Map {
    RealFs::new().map(path, Access::Random).unwrap()
}

fn kind<T: std::fmt::Debug>(result: promd_fs::Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}

#[test]
fn a_map_is_the_file_and_outlives_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), 3);
    for access in [Access::Normal, Access::Random, Access::Sequential] {
        assert_eq!(RealFs::new().map(&path, access).unwrap().bytes(), &fs::read(&path).unwrap());
    }
    let map = map(&path);
    let part = map.slice(PAGE - 1..PAGE + 1).unwrap();
    fs::remove_file(&path).unwrap();
    map.check(0..3 * PAGE).unwrap();
    drop(map);
    assert_eq!(part, [1, 2].as_slice());
}

/// How many bytes of the map are in the memory of this process, as the kernel counts.
fn resident(map: &Map) -> usize {
    let address = map.bytes().as_ptr().addr();
    let all = fs::read_to_string("/proc/self/smaps").unwrap();
    let mut lines = all.lines().skip_while(|line| {
        let range = line.split(' ').next().and_then(|range| range.split_once('-'));
        let number = |text: &str| usize::from_str_radix(text, 16).ok();
        range.is_none_or(|(start, end)| !matches!((number(start), number(end)), (Some(start), Some(end)) if (start..end).contains(&address)))
    });
    let rss = lines.find_map(|line| line.strip_prefix("Rss:")).unwrap();
    rss.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
}

#[test]
fn what_is_forgotten_leaves_the_memory_and_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let map = RealFs::new().map(&file(dir.path(), 100), Access::Sequential).unwrap();
    let sum = |map: &Map| map.bytes().iter().map(|byte| usize::from(*byte)).sum::<usize>();
    // 1 to 100, each a page long.
    assert_eq!((sum(&map), resident(&map)), (5050 * PAGE, 100 * PAGE));
    // Pages that lie within it: the first is not whole, nor is the last.
    map.forget(1..99 * PAGE - 1);
    assert_eq!(resident(&map), 3 * PAGE);
    for nothing in [5..5, 0..101 * PAGE, 200 * PAGE..300 * PAGE] {
        map.forget(nothing);
    }
    assert_eq!(sum(&map), 5050 * PAGE);
    map.check(0..100 * PAGE).unwrap();
}

#[test]
fn what_was_lost_is_lost_when_it_is_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), 8);
    let map = map(&path);
    cut(&path, 4 * PAGE);
    assert_eq!(kind(map.read(5 * PAGE..6 * PAGE, |bytes| bytes[0])), ErrorKind::LostPages);
    map.forget(0..8 * PAGE);
    assert_eq!(kind(map.read(5 * PAGE..6 * PAGE, |bytes| bytes[0])), ErrorKind::LostPages);
    // In memory when the file was cut or not: what is forgotten is fetched again, or lost.
    assert_eq!(kind(map.read(7 * PAGE..8 * PAGE, |bytes| bytes[0])), ErrorKind::LostPages);
    assert_eq!(map.read(0..PAGE, |bytes| bytes[0]).unwrap(), 1);
}

#[test]
fn a_cut_file_is_reported_and_the_process_lives() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), 8);
    let other = tempfile::tempdir().unwrap();
    let other = map(&file(other.path(), 8));
    let map = map(&path);
    let lost_before = promd_fs::lost_pages();
    cut(&path, 2 * PAGE + 10);

    // What is left is there. Of the page that was cut, the rest is zeros, which no map can tell.
    assert_eq!(
        map.read(0..2 * PAGE + 10, |bytes| bytes.iter().map(|b| u64::from(*b)).sum::<u64>()).unwrap(),
        3 * 4096 + 30
    );
    assert!(map.read(2 * PAGE + 10..3 * PAGE, |bytes| bytes.iter().all(|b| *b == 0)).unwrap());
    // What is gone reads as zeros, once it is read.
    map.check(3 * PAGE..8 * PAGE).unwrap();
    let mut seen = None;
    assert_eq!(kind(map.read(5 * PAGE..5 * PAGE + 8, |bytes| seen = Some(bytes.to_vec()))), ErrorKind::LostPages);
    assert_eq!(seen, Some(vec![0; 8]));
    assert_eq!(kind(map.slice(5 * PAGE..6 * PAGE)), ErrorKind::LostPages);
    // Its neighbours were not read; other maps do not suffer.
    map.check(0..5 * PAGE).unwrap();
    map.check(6 * PAGE..8 * PAGE).unwrap();
    other.read(0..8 * PAGE, <[u8]>::to_vec).unwrap();
    assert!(promd_fs::lost_pages() > lost_before);
}

#[test]
fn every_page_that_a_reader_misses_is_reported_to_every_thread() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), 1000);
    let map = map(&path);
    cut(&path, 0);
    let readers = std::thread::scope(|scope| {
        let read = |_| scope.spawn(|| (0..1000).all(|page| map.read(page * PAGE..page * PAGE + 1, |b| b[0]).is_err()));
        (0..4).map(read).collect::<Vec<_>>().into_iter().all(|reader| reader.join().unwrap())
    });
    assert!(readers);
}

#[test]
fn lost_bytes_that_the_kernel_reads_are_an_error_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), 2);
    let map = map(&path);
    cut(&path, 0);
    let copy = RealFs::new().open(&dir.path().join("copy"), OpenMode::Create).unwrap();
    assert_eq!(kind(copy.write_all_at(map.bytes(), 0)), ErrorKind::LostPages);
}

#[test]
fn a_map_in_place_of_a_lost_one_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), 4);
    let lost = map(&path);
    cut(&path, 0);
    lost.read(0..1, <[u8]>::to_vec).unwrap_err();
    drop(lost);
    file(dir.path(), 4);
    assert_eq!(map(&path).read(0..4 * PAGE, |bytes| bytes[3 * PAGE]).unwrap(), 4);
}

#[test]
fn without_maps_there_is_nothing_to_lose() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), 4);
    let map = RealFs::without_maps().map(&path, Access::Random).unwrap();
    cut(&path, 0);
    assert_eq!(map.read(3 * PAGE..4 * PAGE, |bytes| bytes[0]).unwrap(), 4);
}

#[test]
fn an_empty_file_is_an_empty_map() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), 0);
    let map = map(&path);
    assert!(map.is_empty());
    map.check(0..0).unwrap();
    assert_eq!(kind(map.check(0..1)), ErrorKind::UnexpectedEnd);
}

/// Runs a test of this file, one that does nothing otherwise, in a process of its own.
fn child(test: &str, dir: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env("PROMD_FS_CHILD_DIR", dir).stdout(Stdio::piped());
    command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// The directory of a child process; in the test run proper there is none.
fn child_dir() -> Option<PathBuf> {
    std::env::var_os("PROMD_FS_CHILD_DIR").map(PathBuf::from)
}

/// SIGBUS of Linux on x86 and ARM.
fn ended_by_sigbus(status: ExitStatus) -> bool {
    status.signal() == Some(7)
}

#[test]
fn child_reads_a_lost_page_of_a_foreign_map() {
    let Some(dir) = child_dir() else { return };
    let path = file(&dir, 4);
    // Ours is lost first, and survived.
    let ours = map(&path);
    // SAFETY: the file changes under the map, which is the point; no reference to its bytes outlives the next line but one.
    #[expect(unsafe_code, reason = "a map that the handler knows nothing of")]
    let foreign = unsafe { memmap2::Mmap::map(&fs::File::open(&path).unwrap()).unwrap() };
    cut(&path, 0);
    ours.read(0..1, <[u8]>::to_vec).unwrap_err();
    println!("survived {}", foreign[PAGE]);
}

#[test]
fn a_fault_elsewhere_still_ends_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let output = child("child_reads_a_lost_page_of_a_foreign_map", dir.path()).wait_with_output().unwrap();
    assert!(ended_by_sigbus(output.status), "{output:?}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("survived"));
}

#[test]
fn child_waits_for_a_signal() {
    let Some(dir) = child_dir() else { return };
    let _map = map(&file(&dir, 1));
    println!("ready");
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

#[test]
fn a_signal_that_was_sent_still_ends_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = child("child_waits_for_a_signal", dir.path());
    let mut output = child.stdout.take().unwrap();
    let (mut seen, mut byte) = (Vec::new(), [0]);
    while !seen.ends_with(b"ready\n") {
        assert_eq!(output.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&seen));
        seen.push(byte[0]);
    }
    // Rust's own handler, which was there before, answers the first by stepping aside for the second.
    for _ in 0..1000 {
        assert!(Command::new("kill").args(["-BUS", &child.id().to_string()]).status().unwrap().success());
        if let Some(status) = child.try_wait().unwrap() {
            assert!(ended_by_sigbus(status), "{status}");
            return;
        }
    }
    child.kill().unwrap();
    panic!("still alive");
}

#[test]
fn child_runs_out_of_maps() {
    let Some(dir) = child_dir() else { return };
    let path = file(&dir, 8);
    let doomed = map(&path);
    // The kernel joins neighbours that map the same file back to back; two files in turn stay apart.
    let others = [dir.join("1"), dir.join("2")];
    others.iter().for_each(|path| fs::write(path, [1; PAGE]).unwrap());
    let mut maps = Vec::new();
    let refused = loop {
        match RealFs::new().map(&others[maps.len() % 2], Access::Normal) {
            Ok(map) => maps.push(map),
            Err(error) => break error,
        }
    };
    println!("refused {:?} {refused}", refused.kind());
    cut(&path, PAGE);
    let lost = doomed.read(4 * PAGE..4 * PAGE + 1, |bytes| bytes[0]);
    println!("lost {:?}, first {:?}", kind(lost), doomed.check(0..1));
    maps.pop();
    println!("again {:?}", RealFs::new().map(&others[0], Access::Normal).is_ok());
}

/// The kernel's limit, unless it is so high that a test should not try to reach it: some distributions set a million.
fn map_limit() -> Option<usize> {
    let limit: usize = fs::read_to_string("/proc/sys/vm/max_map_count").unwrap().trim().parse().unwrap();
    Some(limit).filter(|limit| *limit <= 100_000)
}

#[test]
fn too_many_maps_are_an_error_and_a_lost_page_is_survived_even_then() {
    if map_limit().is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let output = child("child_runs_out_of_maps", dir.path()).wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("refused TooManyMaps mmap "), "{output:?}");
    assert!(text.contains("lost LostPages, first Ok(())"), "{output:?}");
    assert!(text.contains("again true"), "{output:?}");
}

#[test]
fn child_misses_every_other_page_of_a_large_file() {
    let Some(dir) = child_dir() else { return };
    let path = file(&dir, 1);
    let pages = map_limit().unwrap() * 2;
    cut(&path, pages * PAGE);
    let map = map(&path);
    cut(&path, 0);
    let missed = (0..pages).step_by(2).filter(|page| map.read(page * PAGE..page * PAGE + 1, |b| b[0]).is_err()).count();
    let records = fs::read_to_string("/proc/self/maps").unwrap().lines().count();
    println!("missed all {}, few records {}", missed == pages / 2, records < map_limit().unwrap() / 4);
    map.check(PAGE..2 * PAGE).unwrap_err();
}

#[test]
fn many_lost_pages_are_survived_by_giving_up_the_whole_map() {
    if map_limit().is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let output = child("child_misses_every_other_page_of_a_large_file", dir.path()).wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("missed all true, few records true"), "{output:?}");
}
