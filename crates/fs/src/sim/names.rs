//! The names of files: what a reader sees, what is safe, and in which orders a power loss may take the difference.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;

use super::random::Random;

/// The number of a file or directory.
pub(super) type Ino = u64;

/// The entries of one directory.
#[derive(Clone, Debug, Default)]
pub(super) struct Directory {
    pub(super) live: BTreeMap<OsString, Ino>,
    pub(super) synced: BTreeMap<OsString, Ino>,
}

/// The directories, by number.
pub(super) type Tree = BTreeMap<Ino, Directory>;

/// What a change of names is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intent {
    Create,
    Rename,
    Link,
    Remove,
}

/// A name and what it stands for after the change; `None`: nothing.
pub(super) type Edit = (Ino, OsString, Option<Ino>);

/// A change of names: all of its edits happen at once, also on disk.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) intent: Intent,
    pub(super) edits: Vec<Edit>,
    /// It gives a directory another place.
    pub(super) moves_directory: bool,
    /// The directory, empty by then, that it removes or replaces.
    pub(super) buries: Option<Ino>,
}

/// The changes that no directory sync has covered, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Journal(Vec<Change>);

impl Journal {
    /// Makes a change that every reader sees at once.
    pub(super) fn change(&mut self, tree: &mut Tree, change: Change) {
        for (dir, name, to) in &change.edits {
            if let Some(dir) = tree.get_mut(dir) {
                set(&mut dir.live, name, *to);
            }
        }
        self.0.push(change);
    }

    /// Makes durable what touches a directory, and what that depends on.
    pub(super) fn sync(&mut self, tree: &mut Tree, dir: Ino) {
        let durable = self.with_causes(|change| change.edits.iter().any(|(at, ..)| *at == dir));
        self.settle(tree, &durable);
    }

    /// Lets a power loss choose: each change alone survives or not, but not without those it depends on. Returns what was
    /// lost.
    pub(super) fn lose(&mut self, tree: &mut Tree, random: &mut Random) -> Vec<Intent> {
        let mode = random.below(8);
        let survivors = self.with_causes(|_| match mode {
            0 => false,
            1 => true,
            _ => random.one_in(2),
        });
        self.settle(tree, &survivors);
        self.0.drain(..).map(|change| change.intent).collect()
    }

    /// The files and directories that a change, not yet durable, gives a name.
    pub(super) fn named(&self) -> impl Iterator<Item = Ino> {
        self.0.iter().flat_map(|change| change.edits.iter().filter_map(|(_, _, to)| *to))
    }

    /// The changes that `wanted` says, and all that they depend on.
    fn with_causes(&self, mut wanted: impl FnMut(&Change) -> bool) -> BTreeSet<usize> {
        let mut chosen: BTreeSet<usize> = BTreeSet::new();
        for (index, change) in self.0.iter().enumerate() {
            if wanted(change) {
                chosen.insert(index);
            }
        }
        // A cause precedes its effect, so one pass from the back finds causes of causes.
        for (index, change) in self.0.iter().enumerate().rev() {
            if chosen.contains(&index) {
                let causes = self.0.iter().enumerate().take(index).filter(|(_, earlier)| change.depends_on(earlier));
                chosen.extend(causes.map(|(index, _)| index));
            }
        }
        chosen
    }

    fn settle(&mut self, tree: &mut Tree, durable: &BTreeSet<usize>) {
        let mut index = 0;
        self.0.retain(|change| {
            let stays = !durable.contains(&index);
            index += 1;
            if !stays {
                for (dir, name, to) in &change.edits {
                    if let Some(dir) = tree.get_mut(dir) {
                        set(&mut dir.synced, name, *to);
                    }
                }
            }
            stays
        });
    }
}

impl Change {
    pub(super) fn new(intent: Intent, edits: Vec<Edit>) -> Self {
        Self { intent, edits, moves_directory: false, buries: None }
    }

    /// Whether a file system that keeps its own structure whole must write `earlier` first.
    fn depends_on(&self, earlier: &Self) -> bool {
        let same_name = |(dir, name, _): &Edit| earlier.edits.iter().any(|(d, n, _)| d == dir && n == name);
        // The history of one name is kept in order.
        self.edits.iter().any(same_name)
            // Two directories must not end up in each other.
            || (self.moves_directory && earlier.moves_directory)
            // A directory goes after it was emptied: what was moved out of it is not lost with it.
            || self.buries.is_some_and(|buried| earlier.edits.iter().any(|(dir, ..)| *dir == buried))
    }
}

fn set(entries: &mut BTreeMap<OsString, Ino>, name: &OsString, to: Option<Ino>) {
    match to {
        Some(ino) => _ = entries.insert(name.clone(), ino),
        None => _ = entries.remove(name),
    }
}
