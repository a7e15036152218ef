//! What holds after any operations and any power loss: no byte was never written, and nothing is lost once all is synced.
#![expect(clippy::unwrap_used, reason = "a failure to set up is a failure of the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use promd_fs::{EntryKind, FaultPlan, Fs, OpenMode, SimFs, Tear};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    SetLen(usize),
    Sync,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        // Few values, in runs, so that a wrong one in the wrong place shows.
        6 => (0..3000usize, 1..=9u8, 1..2000usize).prop_map(|(at, byte, len)| Change::Write(at, vec![byte; len])),
        2 => (0..4000usize).prop_map(Change::SetLen),
        1 => Just(Change::Sync),
    ]
}

/// Every state that the file was in since the last sync.
struct History(Vec<Vec<u8>>);

impl History {
    fn change(&mut self, change: &Change) {
        let mut bytes = self.0.last().cloned().unwrap_or_default();
        match change {
            Change::Write(at, written) => {
                let end = at + written.len();
                bytes.resize(bytes.len().max(end), 0);
                bytes[*at..end].copy_from_slice(written);
            }
            Change::SetLen(len) => bytes.resize(*len, 0),
            Change::Sync => self.0.clear(),
        }
        self.0.push(bytes);
    }

    /// Whether it was that long, or had been in the middle of the write that made it longer.
    fn allows_len(&self, len: usize) -> bool {
        let grew_past = |pair: &[Vec<u8>]| pair[0].len() < len && len < pair[1].len();
        self.0.iter().any(|state| state.len() == len) || self.0.windows(2).any(grew_past)
    }

    /// What a byte may be: what it was in one of the states, or zero where the file was too short for it.
    fn allows(&self, at: usize) -> BTreeSet<u8> {
        self.0.iter().map(|bytes| bytes.get(at).copied().unwrap_or(0)).collect()
    }
}

#[derive(Clone, Debug)]
enum Move {
    Create(usize),
    CreateDir(usize),
    Rename(usize, usize),
    Link(usize, usize),
    Remove(usize),
    SyncDir(usize),
}

const NAMES: [&str; 8] = ["/a", "/b", "/c", "/a/x", "/a/y", "/b/x", "/a/x/z", "/b/x/z"];

fn name_change() -> impl Strategy<Value = Move> {
    let name = || 0..NAMES.len();
    prop_oneof![
        2 => name().prop_map(Move::Create),
        3 => name().prop_map(Move::CreateDir),
        4 => (name(), name()).prop_map(|(from, to)| Move::Rename(from, to)),
        1 => (name(), name()).prop_map(|(from, to)| Move::Link(from, to)),
        1 => name().prop_map(Move::Remove),
        1 => name().prop_map(Move::SyncDir),
    ]
}

/// Tries it; what is not possible does not happen.
fn make(fs: &SimFs, step: &Move, number: usize) {
    let path = |n: &usize| Path::new(NAMES[*n]);
    let done = match step {
        Move::Create(n) => fs.open(path(n), OpenMode::CreateNew).and_then(|file| {
            file.write_all_at(number.to_string().as_bytes(), 0)?;
            file.sync_data()
        }),
        Move::CreateDir(n) => fs.create_dir(path(n)),
        Move::Rename(from, to) => fs.rename(path(from), path(to)),
        Move::Link(from, to) => fs.hard_link(path(from), path(to)),
        Move::Remove(n) => fs.remove_file(path(n)).or_else(|_| fs.remove_dir(path(n))),
        Move::SyncDir(n) => fs.sync_dir(path(n)),
    };
    done.ok();
}

/// Every path, with the content of files.
fn everything(fs: &SimFs) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut seen = BTreeMap::new();
    let mut queue = vec![PathBuf::from("/")];
    while let Some(dir) = queue.pop() {
        // Directories that hold each other would go on for ever.
        assert!(dir.components().count() < 20, "{}", fs.log());
        for entry in fs.read_dir(&dir).unwrap() {
            let path = dir.join(&entry.name);
            if entry.kind == EntryKind::Directory {
                queue.push(path.clone());
                seen.insert(path, None);
            } else {
                let bytes = fs.read_to_vec(&path, 100).unwrap();
                seen.insert(path, Some(bytes));
            }
        }
    }
    seen
}

proptest! {
    #[test]
    fn every_byte_is_one_that_was_there_since_the_last_sync(
        seed: u64,
        tear in prop::sample::select(vec![Tear::Byte, Tear::Sector, Tear::Sector4K]),
        changes in prop::collection::vec(change(), 1..12),
    ) {
        let fs = SimFs::new(seed);
        fs.set_plan(FaultPlan::new().tear(tear));
        let file = fs.open("/file".as_ref(), OpenMode::Create).unwrap();
        fs.sync_dir("/".as_ref()).unwrap();
        let mut history = History(vec![Vec::new()]);
        for change in &changes {
            match change {
                Change::Write(at, bytes) => file.write_all_at(bytes, *at as u64).unwrap(),
                Change::SetLen(len) => file.set_len(*len as u64).unwrap(),
                Change::Sync => file.sync_data().unwrap(),
            }
            history.change(change);
        }
        for _ in 0..20 {
            let left = fs.power_loss().read_to_vec("/file".as_ref(), 10_000).unwrap();
            prop_assert!(history.allows_len(left.len()), "{} bytes", left.len());
            for (at, byte) in left.iter().enumerate() {
                prop_assert!(history.allows(at).contains(byte), "byte {} is {}", at, byte);
            }
        }
    }

    #[test]
    fn names_stay_a_tree_and_are_safe_once_every_directory_is_synced(
        seed: u64,
        steps in prop::collection::vec(name_change(), 1..30),
    ) {
        let fs = SimFs::new(seed);
        for (number, step) in steps.iter().enumerate() {
            make(&fs, step, number);
        }
        let written: BTreeSet<Vec<u8>> = (0..steps.len()).map(|number| number.to_string().into_bytes()).collect();
        // A crash of the process first, so that the machine goes on after the power losses.
        let goes_on = fs.crash_process();
        for _ in 0..10 {
            // Files were synced as soon as they were made: they are whole, or gone.
            let left = everything(&fs.power_loss());
            prop_assert!(left.values().flatten().all(|bytes| written.contains(bytes)));
        }
        let live = everything(&goes_on);
        goes_on.sync_dir("/".as_ref()).unwrap();
        for dir in live.iter().filter(|(_, bytes)| bytes.is_none()).map(|(dir, _)| dir) {
            goes_on.sync_dir(dir).unwrap();
        }
        for _ in 0..10 {
            prop_assert_eq!(everything(&goes_on.power_loss()), live.clone());
        }
    }
}
