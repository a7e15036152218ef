//! What is on the simulated disk: names, files, and the space they take. Knows no faults; only what Linux allows.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path};
use std::sync::Arc;

use super::disk::FileData;
use super::faults::Faults;
use super::names::{Change, Directory, Ino, Intent, Journal, Tree};
use super::plan::Tear;
use super::random::Random;
use crate::ErrorKind;

const ROOT: Ino = 0;

type Result<T> = std::result::Result<T, ErrorKind>;

#[derive(Debug)]
pub(super) struct Volume {
    tree: Tree,
    journal: Journal,
    files: BTreeMap<Ino, Node>,
    next: Ino,
}

/// A file, under whatever names.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) data: FileData,
    links: usize,
    /// Shared with every handle, so that the file outlives its names for them.
    pub(super) handles: Arc<()>,
    /// Shared with every map.
    pub(super) maps: Arc<()>,
}

impl Node {
    fn new(data: FileData, links: usize) -> Self {
        Self { data, links, ..Self::default() }
    }

    pub(super) fn is_mapped(&self) -> bool {
        Arc::strong_count(&self.maps) > 1
    }

    fn is_open(&self) -> bool {
        self.is_mapped() || Arc::strong_count(&self.handles) > 1
    }
}

/// What a path leads to, and where a name would be put that is not there.
struct Place {
    /// The directories from the root to the one that holds the name.
    dirs: Vec<Ino>,
    /// `None`: the root, or a path that ends in `..`, which cannot be renamed or removed.
    name: Option<OsString>,
    found: Option<Ino>,
}

impl Place {
    fn dir(&self) -> Ino {
        self.dirs.last().copied().unwrap_or(ROOT)
    }

    /// The entry, if it can be given another name or none.
    fn entry(self) -> Result<(Ino, OsString)> {
        let dir = self.dir();
        Ok((dir, self.name.ok_or(ErrorKind::Busy)?))
    }
}

impl Volume {
    pub(super) fn new() -> Self {
        let tree = Tree::from([(ROOT, Directory::default())]);
        Self { tree, journal: Journal::default(), files: BTreeMap::new(), next: ROOT + 1 }
    }

    pub(super) fn file(&mut self, ino: Ino) -> Result<&mut Node> {
        self.files.get_mut(&ino).ok_or(ErrorKind::Io)
    }

    pub(super) fn is_dir(&self, ino: Ino) -> bool {
        self.tree.contains_key(&ino)
    }

    /// The file or directory at a path.
    pub(super) fn find(&self, path: &Path) -> Result<Ino> {
        self.place(path)?.found.ok_or(ErrorKind::NotFound)
    }

    /// The file at a path.
    pub(super) fn find_file(&self, path: &Path) -> Result<Ino> {
        let ino = self.find(path)?;
        if self.is_dir(ino) { Err(ErrorKind::IsADirectory) } else { Ok(ino) }
    }

    /// The length of a file; of a directory, none.
    pub(super) fn len(&self, ino: Ino) -> Option<u64> {
        self.files.get(&ino).map(|node| node.data.live.len() as u64)
    }

    /// The entries of a directory.
    pub(super) fn list(&self, path: &Path) -> Result<impl Iterator<Item = (&OsStr, Option<u64>)>> {
        let dir = self.tree.get(&self.find(path)?).ok_or(ErrorKind::NotADirectory)?;
        Ok(dir.live.iter().map(|(name, ino)| (name.as_os_str(), self.len(*ino))))
    }

    /// The file at a path, made if it is missing; and whether it was there.
    pub(super) fn find_or_create(&mut self, path: &Path) -> Result<(Ino, bool)> {
        let place = self.place(path)?;
        match place.found {
            Some(ino) if self.is_dir(ino) => Err(ErrorKind::IsADirectory),
            Some(ino) => Ok((ino, true)),
            None => {
                let ino = self.enter(place)?;
                self.files.insert(ino, Node::new(FileData::default(), 1));
                Ok((ino, false))
            }
        }
    }

    pub(super) fn create_new(&mut self, path: &Path) -> Result<Ino> {
        match self.place(path)?.found {
            Some(_) => Err(ErrorKind::AlreadyExists),
            None => Ok(self.find_or_create(path)?.0),
        }
    }

    pub(super) fn create_dir(&mut self, path: &Path) -> Result<()> {
        let place = self.place(path)?;
        if place.found.is_some() {
            return Err(ErrorKind::AlreadyExists);
        }
        let ino = self.enter(place)?;
        self.tree.insert(ino, Directory::default());
        Ok(())
    }

    /// Refuses in the order in which Linux looks (`do_renameat2` and `vfs_rename` in `fs/namei.c`).
    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> Result<()> {
        let (from, to) = (self.place(from)?, self.place(to)?);
        if from.name.is_none() || to.name.is_none() {
            return Err(ErrorKind::Busy);
        }
        let moved = from.found.ok_or(ErrorKind::NotFound)?;
        if to.dirs.contains(&moved) {
            return Err(ErrorKind::InvalidInput);
        }
        let directory = self.is_dir(moved);
        let mut buries = None;
        if let Some(replaced) = to.found {
            if from.dirs.contains(&replaced) {
                return Err(ErrorKind::DirectoryNotEmpty);
            }
            if replaced == moved {
                return Ok(());
            }
            match (directory, self.tree.get(&replaced)) {
                (true, None) => return Err(ErrorKind::NotADirectory),
                (false, Some(_)) => return Err(ErrorKind::IsADirectory),
                (true, Some(dir)) if !dir.live.is_empty() => return Err(ErrorKind::DirectoryNotEmpty),
                (true, Some(_)) => buries = Some(replaced),
                (false, None) => self.unlink(replaced),
            }
        }
        let (from_dir, from_name) = from.entry()?;
        let (to_dir, to_name) = to.entry()?;
        let edits = vec![(from_dir, from_name, None), (to_dir, to_name, Some(moved))];
        self.change(Change { moves_directory: directory, buries, ..Change::new(Intent::Rename, edits) });
        Ok(())
    }

    pub(super) fn hard_link(&mut self, original: &Path, link: &Path) -> Result<()> {
        let ino = self.find(original)?;
        let place = self.place(link)?;
        if place.found.is_some() {
            return Err(ErrorKind::AlreadyExists);
        }
        let node = self.files.get_mut(&ino).ok_or(ErrorKind::PermissionDenied)?;
        node.links += 1;
        let (dir, name) = place.entry()?;
        self.change(Change::new(Intent::Link, vec![(dir, name, Some(ino))]));
        Ok(())
    }

    pub(super) fn remove_file(&mut self, path: &Path) -> Result<()> {
        let place = self.place(path)?;
        let ino = place.found.ok_or(ErrorKind::NotFound)?;
        if self.is_dir(ino) {
            return Err(ErrorKind::IsADirectory);
        }
        let (dir, name) = place.entry()?;
        self.unlink(ino);
        self.change(Change::new(Intent::Remove, vec![(dir, name, None)]));
        Ok(())
    }

    pub(super) fn remove_dir(&mut self, path: &Path) -> Result<()> {
        let place = self.place(path)?;
        let ino = place.found.ok_or(ErrorKind::NotFound)?;
        let held = self.tree.get(&ino).ok_or(ErrorKind::NotADirectory)?;
        if place.name.is_some() && !held.live.is_empty() {
            return Err(ErrorKind::DirectoryNotEmpty);
        }
        let (dir, name) = place.entry()?;
        self.change(Change { buries: Some(ino), ..Change::new(Intent::Remove, vec![(dir, name, None)]) });
        Ok(())
    }

    pub(super) fn sync_dir(&mut self, path: &Path) -> Result<()> {
        let dir = self.find(path)?;
        if !self.is_dir(dir) {
            return Err(ErrorKind::NotADirectory);
        }
        self.journal.sync(&mut self.tree, dir);
        self.forget_unnamed();
        Ok(())
    }

    /// The blocks that files take which have a name or are open.
    pub(super) fn used_blocks(&self) -> u64 {
        let present = self.files.values().filter(|node| node.links > 0 || node.is_open());
        present.map(|node| node.data.blocks.len() as u64).sum()
    }

    /// What a process that was killed leaves: everything but what only it held open.
    pub(super) fn after_process_crash(&self) -> Self {
        let files = self.files.iter().map(|(ino, node)| (*ino, Node::new(node.data.clone(), node.links))).collect();
        let mut left = Self { tree: self.tree.clone(), journal: self.journal.clone(), files, next: self.next };
        left.forget_unnamed();
        left
    }

    /// What the machine finds when it starts again.
    pub(super) fn after_power_loss(&self, random: &mut Random, tear: Tear, faults: &mut Faults) -> Self {
        let mut tree = self.tree.clone();
        for intent in self.journal.clone().lose(&mut tree, random) {
            match intent {
                Intent::Create => faults.lost_creates += 1,
                Intent::Rename => faults.lost_renames += 1,
                Intent::Link => faults.lost_links += 1,
                Intent::Remove => faults.lost_removes += 1,
            }
        }
        let mut left = Self { tree: Tree::new(), journal: Journal::default(), files: BTreeMap::new(), next: self.next };
        // What no path leads to any more is gone, as after a check of the file system.
        let mut queue = VecDeque::from([ROOT]);
        while let Some(dir) = queue.pop_front() {
            let Some(synced) = tree.remove(&dir).map(|dir| dir.synced) else { continue };
            for ino in synced.values() {
                match self.files.get(ino) {
                    None => queue.push_back(*ino),
                    Some(node) => {
                        let node = left.files.entry(*ino).or_insert_with(|| {
                            let (data, fate) = node.data.rebooted(random, tear);
                            faults.count(fate);
                            Node::new(data, 0)
                        });
                        node.links += 1;
                    }
                }
            }
            left.tree.insert(dir, Directory { live: synced.clone(), synced });
        }
        left
    }

    /// Flips a bit of the disk at random. `false`: nothing is on the disk.
    pub(super) fn flip(&mut self, random: &mut Random) -> bool {
        let candidates: Vec<Ino> =
            self.files.iter().filter(|(_, node)| node.data.synced_len() > 0).map(|(ino, _)| *ino).collect();
        let Some(node) = candidates.get(random.below(candidates.len())).and_then(|ino| self.files.get_mut(ino)) else {
            return false;
        };
        let offset = random.below(node.data.synced_len());
        node.data.flip(offset, random.next())
    }

    fn place(&self, path: &Path) -> Result<Place> {
        let mut dirs = vec![ROOT];
        let mut last: Option<(OsString, Option<Ino>)> = None;
        if path.as_os_str().is_empty() {
            return Err(ErrorKind::NotFound);
        }
        for component in path.components() {
            // What precedes a component has to be a directory.
            if let Some((_, found)) = last.take() {
                let ino = found.ok_or(ErrorKind::NotFound)?;
                if !self.is_dir(ino) {
                    return Err(ErrorKind::NotADirectory);
                }
                dirs.push(ino);
            }
            match component {
                Component::Normal(name) => {
                    let dir = dirs.last().and_then(|dir| self.tree.get(dir));
                    last = Some((name.to_os_string(), dir.and_then(|dir| dir.live.get(name).copied())));
                }
                Component::ParentDir if dirs.len() > 1 => _ = dirs.pop(),
                Component::ParentDir | Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
            }
        }
        Ok(match last {
            Some((name, found)) => Place { dirs, name: Some(name), found },
            None => Place { found: dirs.last().copied(), dirs, name: None },
        })
    }

    fn enter(&mut self, place: Place) -> Result<Ino> {
        let (dir, name) = place.entry()?;
        let ino = self.next;
        self.next += 1;
        self.change(Change::new(Intent::Create, vec![(dir, name, Some(ino))]));
        Ok(ino)
    }

    fn unlink(&mut self, ino: Ino) {
        if let Some(node) = self.files.get_mut(&ino) {
            node.links -= 1;
        }
    }

    fn change(&mut self, change: Change) {
        self.journal.change(&mut self.tree, change);
    }

    /// Lets go of files and directories that can neither be reached nor come back.
    fn forget_unnamed(&mut self) {
        let mut named: BTreeSet<Ino> = self.journal.named().collect();
        named.insert(ROOT);
        for dir in self.tree.values() {
            named.extend(dir.live.values().chain(dir.synced.values()));
        }
        self.files.retain(|ino, node| named.contains(ino) || node.is_open());
        self.tree.retain(|ino, _| named.contains(ino));
    }
}
