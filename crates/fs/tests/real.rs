//! The real file system, against what other programs and the standard library say of it.
#![expect(clippy::unwrap_used, reason = "a failure to set up is a failure of the test")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use promd_fs::{EntryKind, ErrorKind, Fs, FsKind, OpenMode, RealFs};

fn kind<T: std::fmt::Debug>(result: promd_fs::Result<T>) -> ErrorKind {
    result.unwrap_err().kind()
}

/// What `stat --file-system` of coreutils says.
fn stat(format: &str, path: &Path) -> Vec<u64> {
    let output = Command::new("stat").args(["--file-system", "--format", format]).arg(path).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace()
        .map(|word| u64::from_str_radix(word, if format == "%t" { 16 } else { 10 }).unwrap())
        .collect()
}

#[test]
fn size_and_kind_are_those_that_stat_reports() {
    let dir = tempfile::tempdir().unwrap();
    let fs = RealFs::new();
    // Others write to the disk while the test runs: the total stands still, what is free nearly so.
    let space = fs.space(dir.path()).unwrap();
    let [block, total, free, available] = stat("%S %b %f %a", dir.path())[..] else { panic!("four numbers") };
    assert_eq!(space.total, total * block);
    let near = |got: u64, expected: u64| got.abs_diff(expected * block) < space.total / 10;
    assert!(near(space.free, free) && near(space.available, available), "{space:?}");
    assert_eq!(fs.kind(dir.path()).unwrap(), FsKind::from_magic(stat("%t", dir.path())[0]));
    assert_eq!(fs.kind("/proc".as_ref()).unwrap().to_string(), "9fa0", "PROC_SUPER_MAGIC has no name of its own");
    assert_eq!(kind(fs.space(&dir.path().join("missing"))), ErrorKind::NotFound);
}

#[test]
fn a_listing_is_sorted_and_tells_links_from_what_they_lead_to() {
    let dir = tempfile::tempdir().unwrap();
    let names = ["b", "a", "10", "9", "ä", "_"];
    for name in names {
        fs::write(dir.path().join(name), name).unwrap();
    }
    fs::create_dir(dir.path().join("dir")).unwrap();
    symlink("dir", dir.path().join("link")).unwrap();
    let entries = RealFs::new().read_dir(dir.path()).unwrap();
    let seen: Vec<_> = entries.iter().map(|entry| (entry.text().unwrap(), entry.kind, entry.size)).collect();
    use EntryKind::{Directory, File, Symlink};
    // Bytewise: digits, `_`, letters, then what UTF-8 writes with high bytes, in two.
    let expected =
        [("10", File, 2), ("9", File, 1), ("_", File, 1), ("a", File, 1), ("b", File, 1), ("dir", Directory, 0)];
    assert_eq!(seen, [&expected[..], &[("link", Symlink, 0), ("ä", File, 2)]].concat());
    assert_eq!(RealFs::new().metadata(&dir.path().join("link")).unwrap().kind, Directory, "a path is followed");
}

#[test]
fn removing_a_tree_does_not_follow_links() {
    let dir = tempfile::tempdir().unwrap();
    let inside = dir.path().join("tree/a/b/c");
    fs::create_dir_all(&inside).unwrap();
    fs::write(inside.join("file"), "").unwrap();
    fs::create_dir(dir.path().join("outside")).unwrap();
    fs::write(dir.path().join("outside/file"), "").unwrap();
    symlink(dir.path().join("outside"), inside.join("link")).unwrap();
    RealFs::new().remove_dir_all(&dir.path().join("tree")).unwrap();
    assert!(!dir.path().join("tree").exists());
    assert!(dir.path().join("outside/file").exists());
}

#[test]
fn reserved_space_is_taken_and_does_not_show_in_the_length() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    let file = RealFs::new().open(&path, OpenMode::CreateNew).unwrap();
    if file.preallocate(1 << 20).unwrap() {
        let found = fs::metadata(&path).unwrap();
        assert_eq!(found.len(), 0);
        // In units of 512 bytes, whatever the block size (stat(2)).
        assert!(found.blocks() >= (1 << 20) / 512);
    }
}

#[test]
fn a_file_is_not_read_beyond_its_cap() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    fs::write(&path, [1; 100]).unwrap();
    assert_eq!(RealFs::new().read_to_vec(&path, 100).unwrap(), [1; 100]);
    assert_eq!(kind(RealFs::new().read_to_vec(&path, 99)), ErrorKind::TooLarge);
}

#[test]
fn a_full_device_is_told_from_a_broken_one() {
    // Linux' device that is always full.
    let full = RealFs::new().open("/dev/full".as_ref(), OpenMode::Write).unwrap();
    let error = full.write_all_at(b"x", 0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DiskFull);
    assert_eq!(error.to_string(), "write /dev/full: no space left on device");
}

#[test]
fn a_path_that_no_kernel_takes_is_an_error() {
    let long = "x".repeat(300);
    for name in ["a\0b", &*long] {
        assert_eq!(kind(RealFs::new().open(name.as_ref(), OpenMode::Create)), ErrorKind::InvalidInput);
    }
}

#[test]
fn a_lock_is_seen_by_flock_and_sees_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lock");
    let fs = RealFs::new();
    let taken = || !Command::new("flock").arg("-n").arg(&path).arg("true").status().unwrap().success();
    let lock = fs.lock(&path).unwrap();
    assert!(!lock.existed());
    assert!(taken());
    assert_eq!(kind(fs.lock(&path)), ErrorKind::Locked, "also within one process");
    drop(lock);
    assert!(!taken());

    // flock(1) holds it until its child, who waits for input, has ended.
    let mut flock = Command::new("flock");
    flock.arg("-n").arg(&path).args(["sh", "-c", "echo held; read line"]);
    let mut holder = flock.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    wait_for(BufReader::new(holder.stdout.take().unwrap()), "held");
    assert_eq!(kind(fs.lock(&path)), ErrorKind::Locked);
    drop(holder.stdin.take());
    holder.wait().unwrap();
    let lock = fs.lock(&path).unwrap();
    assert!(lock.existed());
    lock.release().unwrap();
    assert!(!path.exists());
}

#[test]
fn one_lock_at_a_time_is_held_while_others_release_theirs() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lock");
    let held = AtomicUsize::new(0);
    let contend = || {
        for _ in 0..1000 {
            match RealFs::new().lock(&path) {
                Ok(lock) => {
                    assert_eq!(held.fetch_add(1, SeqCst), 0);
                    // Whoever locked a file that had been removed would see another lock come and go.
                    assert!((0..20).all(|_| path.exists()));
                    assert_eq!(held.fetch_sub(1, SeqCst), 1);
                    lock.release().unwrap();
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::Locked),
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(contend);
        }
    });
}

fn wait_for(lines: impl BufRead, what: &str) {
    let mut seen = String::new();
    for line in lines.lines().map(Result::unwrap) {
        seen = seen + &line + "\n";
        if line.contains(what) {
            return;
        }
    }
    panic!("it ended without {what:?}:\n{seen}");
}
