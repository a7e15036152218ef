//! What the tests of reading share.
#![allow(dead_code, reason = "each test uses a part of it")]

pub(crate) mod made;
pub(crate) mod peer;
pub(crate) mod replay;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use promd_fs::{Fs, OpenMode, RealFs, SimFs};
use promd_wal::{Damage, Event, LogKind, LogReader, ReadOptions, SegmentId};

/// A record that was read, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) segment: SegmentId,
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) bytes: Vec<u8>,
}

/// All records of a log, and all damage.
pub(crate) fn read(fs: Arc<dyn Fs>, dir: &Path, kind: LogKind) -> (Vec<Found>, Vec<Damage>) {
    let mut log = LogReader::open(fs, dir, kind, ReadOptions::default()).unwrap();
    let (mut records, mut damage) = (Vec::new(), Vec::new());
    while let Some(event) = log.next().unwrap() {
        match event {
            Event::Record(record) => records.push(Found {
                segment: record.segment,
                start: record.start,
                end: record.end,
                bytes: record.bytes.to_vec(),
            }),
            Event::Damage(found) => damage.push(found),
        }
    }
    (records, damage)
}

pub(crate) fn read_real(dir: &Path, kind: LogKind) -> (Vec<Found>, Vec<Damage>) {
    read(Arc::new(RealFs::new()), dir, kind)
}

pub(crate) fn kind_of(dir: &Path) -> LogKind {
    if dir.ends_with("wbl") { LogKind::Wbl } else { LogKind::Wal }
}

/// The data directories of the conformance data, by name.
pub(crate) fn fixtures() -> Option<Vec<PathBuf>> {
    let root = promd_testkit::conformance("tsdb")?;
    let mut all: Vec<PathBuf> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    Some(all)
}

/// Copies a directory into a simulated file system, everything synced.
pub(crate) fn load(sim: &SimFs, from: &Path, to: &Path) {
    sim.create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            load(sim, &path, &target);
        } else {
            put(sim, &target, &fs::read(&path).unwrap());
        }
    }
    sync_all(sim, to);
}

/// Syncs a directory and those above it.
pub(crate) fn sync_all(sim: &SimFs, dir: &Path) {
    dir.ancestors().for_each(|dir| sim.sync_dir(dir).unwrap());
}

/// Writes a file and syncs it.
pub(crate) fn put(fs: &dyn Fs, path: &Path, bytes: &[u8]) {
    let file = fs.open(path, OpenMode::Truncate).unwrap();
    file.write_all_at(bytes, 0).unwrap();
    file.sync_data().unwrap();
}

/// Copies a directory of the real file system, writable.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::write(target, fs::read(&path).unwrap()).unwrap();
        }
    }
}
