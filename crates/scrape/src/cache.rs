//! Which series a target's texts stand for.
//!
//! An entry is 48 bytes, whatever the labels: the text is known by 128 bits of a seeded hash, and the labels are made
//! again from the body in the rare case that the store has forgotten a series. A text is looked for first behind the one
//! that came before it in the last scrape, since targets hardly ever change their order.

use hashbrown::{HashMap, HashTable};
use promd_budget::{Account, Charge, Refused};
use promd_storage::SeriesRef;
use xxhash_rust::xxh3::xxh3_128_with_seed;

/// No entry.
const NONE: u32 = u32::MAX;

/// How a target's series are known. One scrape at a time uses it.
#[derive(Debug)]
pub(crate) struct SeriesCache {
    seed: u64,
    table: HashTable<u32>,
    entries: Vec<Entry>,
    free: Vec<u32>,
    /// Which of the entries the last scrape began with.
    first: u32,
    /// The entry that was looked up last in this pass.
    last: u32,
    /// The pass over a body. More than one belong to a scrape whose first met series that the store has forgotten.
    pass: u32,
    /// How many entries this pass has met.
    met: usize,
    /// The scrape. It counts on when a scrape is done, failed ones included.
    scrape: u32,
    /// How many entries carry the number of the scrape before as theirs.
    tracked_before: usize,
    /// How many carry the number of this one, and how many of those carried that of the one before.
    tracked: usize,
    continued: usize,
    /// How many entries there were after the last successful scrape.
    successful: usize,
    /// When the series of an entry started to count, where that is followed.
    starts: HashMap<u32, i64>,
    /// The series that a scrape adds of its own.
    pub(crate) reports: [Option<SeriesRef>; 8],
    /// What entries and table are paid with: a short body can have many series.
    charge: Charge,
}

/// How many entries there is room for at first.
const FIRST_ENTRIES: usize = 64;
/// What an entry costs: itself, its place in the table, and the room that a table of hashes keeps free.
const ENTRY_BYTES: usize = size_of::<Entry>() + 12;

#[derive(Debug, Clone, Copy)]
struct Entry {
    key: u128,
    series: u64,
    /// The pass that met it last.
    pass: u32,
    /// The last scrape whose sample of it was stored, if its staleness is to be followed.
    tracked: u32,
    /// Which entry followed it the last time.
    next: u32,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No entry: its place may be taken.
    Free,
    /// Relabelling has dropped it.
    Dropped,
    /// It was met for the first time, and nothing of it is stored yet.
    New,
    Known,
}

/// What is known of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing.
    Unknown(u128),
    /// That relabelling drops it.
    Dropped,
    /// The series.
    Series {
        at: u32,
        series: SeriesRef,
        /// Whether it has been met in this pass before.
        again: bool,
    },
}

impl SeriesCache {
    /// An empty one, whose memory is charged to `account`.
    pub(crate) fn new(seed: u64, account: &Account) -> Self {
        Self {
            seed,
            table: HashTable::new(),
            entries: Vec::new(),
            free: Vec::new(),
            first: NONE,
            last: NONE,
            pass: 0,
            met: 0,
            scrape: 2,
            tracked_before: 0,
            tracked: 0,
            continued: 0,
            successful: 0,
            starts: HashMap::new(),
            reports: [None; 8],
            charge: Charge::empty(account),
        }
    }

    /// How many texts it knows.
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// Begins to go over a body.
    pub(crate) fn begin_pass(&mut self) {
        self.pass = self.pass.wrapping_add(1);
        self.met = 0;
        self.last = NONE;
    }

    /// Looks a text up, and notes that it is there.
    pub(crate) fn find(&mut self, text: &[u8]) -> Found {
        let key = xxh3_128_with_seed(text, self.seed);
        let expected = match self.entries.get(self.last as usize) {
            Some(last) => last.next,
            None => self.first,
        };
        let guess = self.entries.get(expected as usize);
        let at = if guess.is_some_and(|guess| guess.key == key && guess.state != State::Free) {
            expected
        } else {
            let entries = &self.entries;
            let found = self.table.find(short(key), |at| entries.get(*at as usize).is_some_and(|e| e.key == key));
            let Some(at) = found.copied() else { return Found::Unknown(key) };
            self.link(at);
            at
        };
        self.last = at;
        let pass = self.pass;
        let Some(entry) = self.entries.get_mut(at as usize) else { return Found::Unknown(key) };
        let again = std::mem::replace(&mut entry.pass, pass) == pass;
        self.met += usize::from(!again);
        match entry.state {
            State::Dropped => Found::Dropped,
            _ => Found::Series { at, series: SeriesRef(entry.series), again },
        }
    }

    /// Notes that the entry comes behind the last one.
    fn link(&mut self, at: u32) {
        match self.entries.get_mut(self.last as usize) {
            Some(last) => last.next = at,
            None => self.first = at,
        }
    }

    /// Makes room for as many entries again, if there is memory for them.
    fn grow(&mut self) -> Result<(), Refused> {
        let capacity = self.entries.capacity().saturating_mul(2).max(FIRST_ENTRIES);
        self.charge.grow_to(capacity.saturating_mul(ENTRY_BYTES))?;
        self.entries.reserve_exact(capacity - self.entries.len());
        Ok(())
    }

    /// Notes which series a text stands for, or that it stands for none.
    pub(crate) fn insert(&mut self, key: u128, series: Option<SeriesRef>) -> Result<u32, Refused> {
        let state = if series.is_some() { State::New } else { State::Dropped };
        let series = series.map_or(0, |series| series.0);
        let entry = Entry { key, series, pass: self.pass, tracked: 0, next: NONE, state };
        let at = match self.free.pop() {
            Some(at) => at,
            None => {
                if self.entries.len() == self.entries.capacity() {
                    self.grow()?;
                }
                let at = u32::try_from(self.entries.len()).expect("a body has fewer lines than 2^32");
                self.entries.push(entry);
                at
            }
        };
        if let Some(place) = self.entries.get_mut(at as usize) {
            *place = entry;
        }
        let entries = &self.entries;
        self.table.insert_unique(short(key), at, |at| entries.get(*at as usize).map_or(0, |entry| short(entry.key)));
        self.link(at);
        self.last = at;
        self.met += 1;
        Ok(at)
    }

    /// Notes that a sample of this scrape was stored; `true` for the first one of its text. If `follow`, a stale marker
    /// is due when the series is not there any more.
    pub(crate) fn stored(&mut self, at: u32, follow: bool) -> bool {
        let scrape = self.scrape;
        let Some(entry) = self.entries.get_mut(at as usize) else { return false };
        if follow && entry.tracked != scrape {
            self.continued += usize::from(entry.tracked == scrape - 1);
            self.tracked += 1;
            entry.tracked = scrape;
        }
        std::mem::replace(&mut entry.state, State::Known) == State::New
    }

    /// Notes when a series started to count, and says whether that is news.
    pub(crate) fn starts_at(&mut self, at: u32, start: i64) -> bool {
        self.starts.insert(at, start) != Some(start)
    }

    /// Forgets a text that was met for the first time if nothing of it was stored.
    pub(crate) fn forget_unless_stored(&mut self, at: u32) {
        if self.entries.get(at as usize).is_some_and(|entry| entry.state == State::New) {
            self.remove(at);
        }
    }

    /// Forgets a text: the store does not know its series any more.
    pub(crate) fn remove(&mut self, at: u32) {
        let Some(entry) = self.entries.get_mut(at as usize) else { return };
        if entry.state == State::Free {
            return;
        }
        entry.state = State::Free;
        if entry.tracked == self.scrape {
            self.tracked -= 1;
        } else if entry.tracked == self.scrape - 1 {
            self.tracked_before -= 1;
        }
        entry.tracked = 0;
        let key = entry.key;
        if let Ok(found) = self.table.find_entry(short(key), |other| *other == at) {
            found.remove();
            self.free.push(at);
            self.starts.remove(&at);
        }
    }

    /// The series that were there in the scrape before, and are not in this one. A series that is there under another text
    /// has not vanished.
    pub(crate) fn vanished(&self, out: &mut Vec<SeriesRef>) {
        out.clear();
        if self.continued == self.tracked_before {
            return;
        }
        let with = |scrape: u32| move |entry: &&Entry| entry.tracked == scrape && entry.state != State::Free;
        let before = self.entries.iter().filter(with(self.scrape - 1));
        out.extend(before.map(|entry| SeriesRef(entry.series)));
        let now = self.entries.iter().filter(with(self.scrape));
        retain_absent(out, now.map(|entry| SeriesRef(entry.series)));
    }

    /// Ends a scrape. A successful one with samples flushes: it forgets what was not in its body. `others` are entries that
    /// are kept elsewhere. Answers whether it flushed against its will, since the cache has grown much without a success.
    pub(crate) fn end_scrape(&mut self, flush: bool, others: usize) -> bool {
        let count = self.len() + others;
        let forced = !flush && count > self.successful * 2 + 1000;
        if flush {
            self.successful = count;
        }
        if (flush || forced) && self.met != self.len() {
            for at in 0..self.entries.len() {
                let at = u32::try_from(at).unwrap_or(NONE);
                if self.entries.get(at as usize).is_some_and(|entry| entry.pass != self.pass) {
                    self.remove(at);
                }
            }
        }
        self.tracked_before = self.tracked;
        (self.tracked, self.continued) = (0, 0);
        self.scrape += 1;
        forced
    }
}

/// Sorts `before`, takes out what stands there twice, and what is in `now`, which may be as long: a target that changes its
/// format has all of its texts anew.
fn retain_absent<T: Ord>(before: &mut Vec<T>, now: impl Iterator<Item = T>) {
    before.sort_unstable();
    before.dedup();
    let mut present = vec![false; before.len()];
    for one in now {
        if let Ok(at) = before.binary_search(&one)
            && let Some(present) = present.get_mut(at)
        {
            *present = true;
        }
    }
    let mut present = present.into_iter();
    before.retain(|_| !present.next().unwrap_or(false));
}

/// The part of a key that the table looks at.
#[expect(clippy::cast_possible_truncation, reason = "half of a hash is a hash")]
fn short(key: u128) -> u64 {
    key as u64
}

#[cfg(test)]
mod tests;
