//! A node of the tree and its counters: the path of a charge.
//!
//! All counters are relaxed: they publish no other memory, and each of them is changed by read-modify-write only, so
//! what was added is taken away again exactly.

use std::collections::BTreeMap;
use std::iter::successors;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::limit::Limit;
use crate::refused::{Identity, Kind, Refused};

/// One part in so many of a limit may be lent to meters as slack, all meters together: 5 %.
pub(crate) const SLACK_DIVISOR: usize = 20;

/// The most that one meter is lent. With charges of 1 KiB a meter meets the shared counters once in a hundred charges or
/// more, which makes their cost disappear (`budget_charge` in the benches).
const MAX_SLACK: usize = 256 << 10;

/// Below this a meter would refill at every other charge; it then goes without slack.
const MIN_SLACK: usize = 64;

/// A meter is lent this part of the slack that is left, so that a few early ones do not take it from the many.
const SLACK_SHARE: usize = 8;

pub(crate) struct Node {
    counters: Counters,
    pub(crate) identity: Arc<Identity>,
    parent: Option<Arc<Node>>,
    /// The node's key in its parent's list.
    serial: u64,
    /// The limit in bytes; `usize::MAX` is none.
    fixed: AtomicUsize,
    /// A limit that is computed, beside the fixed one.
    computed: Limit,
    /// Locked while an account is made, dropped or listed; never on the path of a charge. No other lock is taken
    /// while it is held, other than those of the nodes below, parents first.
    children: Mutex<Children>,
}

/// What charges write, on cache lines of its own: the fields beside it are only read.
#[repr(align(128))]
#[derive(Default)]
struct Counters {
    used: AtomicUsize,
    /// Slack that is lent to the meters of this node and of those below.
    slack: AtomicUsize,
    peak: AtomicUsize,
    limit_hits: AtomicU64,
    refused: AtomicU64,
    revoked: AtomicBool,
}

#[derive(Default)]
struct Children {
    next: u64,
    /// By serial number, so oldest first.
    live: BTreeMap<u64, Weak<Node>>,
}

impl Node {
    pub(crate) fn new(identity: Identity, limit: Limit, parent: Option<Arc<Node>>) -> Arc<Node> {
        let (fixed, computed) = match limit {
            Limit::Bytes(bytes) => (bytes, Limit::None),
            computed => (usize::MAX, computed),
        };
        let serial = parent.as_ref().map_or(0, |parent| {
            let mut siblings = parent.lock_children();
            siblings.next += 1;
            siblings.next
        });
        let node = Arc::new(Node {
            counters: Counters::default(),
            identity: Arc::new(identity),
            parent,
            serial,
            fixed: AtomicUsize::new(fixed),
            computed,
            children: Mutex::default(),
        });
        if let Some(parent) = &node.parent {
            parent.lock_children().live.insert(serial, Arc::downgrade(&node));
        }
        node
    }

    /// The node and its ancestors, the root last.
    fn path(&self) -> impl Iterator<Item = &Node> {
        successors(Some(self), |node| node.parent.as_deref())
    }

    /// The part of the path that is not also on the path of `other`.
    fn path_below(&self, other: Option<&Node>) -> impl Iterator<Item = &Node> {
        self.path().take_while(move |node| !other.is_some_and(|other| other.path().any(|n| std::ptr::eq(n, *node))))
    }

    pub(crate) fn parent(&self) -> Option<&Arc<Node>> {
        self.parent.as_ref()
    }

    pub(crate) fn children(&self) -> Vec<Arc<Node>> {
        self.lock_children().live.values().filter_map(Weak::upgrade).collect()
    }

    fn lock_children(&self) -> MutexGuard<'_, Children> {
        // A panic while it was held cannot have left the map half-changed.
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn used(&self) -> usize {
        self.counters.used.load(Relaxed)
    }

    pub(crate) fn slack(&self) -> usize {
        self.counters.slack.load(Relaxed)
    }

    pub(crate) fn peak(&self) -> usize {
        self.counters.peak.load(Relaxed)
    }

    pub(crate) fn limit_hits(&self) -> u64 {
        self.counters.limit_hits.load(Relaxed)
    }

    pub(crate) fn refused(&self) -> u64 {
        self.counters.refused.load(Relaxed)
    }

    pub(crate) fn is_revoked(&self) -> bool {
        self.path().any(|node| node.counters.revoked.load(Relaxed))
    }

    pub(crate) fn revoke(&self) {
        self.counters.revoked.store(true, Relaxed);
    }

    /// The limit at this moment; `usize::MAX` is none.
    pub(crate) fn limit(&self) -> usize {
        self.fixed.load(Relaxed).min(self.computed.now())
    }

    pub(crate) fn set_limit(&self, bytes: usize) {
        self.fixed.store(bytes, Relaxed);
    }

    /// How far `used` may go: the limit, and what meters hold without using it.
    fn ceiling(&self) -> usize {
        let limit = self.limit();
        limit.saturating_add(self.slack().min(limit / SLACK_DIVISOR))
    }

    /// How many bytes could be charged to this node and all above it at this moment.
    pub(crate) fn available(&self) -> usize {
        self.path().map(|node| node.ceiling().saturating_sub(node.used())).min().unwrap_or(0)
    }

    /// Charges the node and every ancestor, or none of them.
    pub(crate) fn charge(&self, bytes: usize) -> Result<(), Refused> {
        self.try_charge(bytes, None).map_err(|(kind, owner)| self.refuse(kind, owner, bytes))
    }

    /// As [`Node::charge`], but a failure is neither counted nor described.
    pub(crate) fn charge_quietly(&self, bytes: usize) -> bool {
        self.try_charge(bytes, None).is_ok()
    }

    /// Charges the nodes that are not also ancestors of `from` and takes the bytes from those of `from` that are not
    /// ours. What both have in common is left alone, so a move within a full parent succeeds.
    pub(crate) fn charge_from(&self, from: &Node, bytes: usize) -> Result<(), Refused> {
        self.try_charge(bytes, Some(from)).map_err(|(kind, owner)| self.refuse(kind, owner, bytes))?;
        from.path_below(Some(self)).for_each(|node| node.sub(bytes));
        Ok(())
    }

    /// Charges without asking: for bytes that are already allocated and cannot be refused.
    pub(crate) fn force(&self, bytes: usize) {
        // The sum of all bytes that are really allocated fits into the address space.
        self.path().for_each(|node| _ = node.counters.used.fetch_add(bytes, Relaxed));
        self.note_peak(None);
    }

    pub(crate) fn release(&self, bytes: usize) {
        self.path().for_each(|node| node.sub(bytes));
    }

    fn try_charge<'a>(&'a self, bytes: usize, besides: Option<&'a Node>) -> Result<(), (Kind, &'a Node)> {
        if bytes == 0 {
            return Ok(());
        }
        if let Some(node) = self.path().find(|node| node.counters.revoked.load(Relaxed)) {
            return Err((Kind::Revoked, node));
        }
        // A look at all levels first: whoever does not fit leaves no trace that could get another one refused.
        if let Some(node) = self.path_below(besides).find(|node| !node.has_room(bytes)) {
            return Err((Kind::Full, node));
        }
        for (below, node) in self.path_below(besides).enumerate() {
            if !node.add(bytes) {
                self.path_below(besides).take(below).for_each(|node| node.sub(bytes));
                return Err((Kind::Full, node));
            }
        }
        self.note_peak(besides);
        Ok(())
    }

    fn has_room(&self, bytes: usize) -> bool {
        self.used().checked_add(bytes).is_some_and(|sum| sum <= self.ceiling())
    }

    /// Adds to this node alone, unless it would go over its ceiling.
    fn add(&self, bytes: usize) -> bool {
        let ceiling = self.ceiling();
        let sum = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= ceiling);
        self.counters.used.fetch_update(Relaxed, Relaxed, sum).is_ok()
    }

    fn sub(&self, bytes: usize) {
        let before = self.counters.used.fetch_sub(bytes, Relaxed);
        debug_assert!(before >= bytes, "{} gives back {bytes} of {before} bytes", self.identity.name);
    }

    /// Peaks are noted once a charge stands, so they never show what was taken back at once.
    fn note_peak(&self, besides: Option<&Node>) {
        for node in self.path_below(besides) {
            let used = node.used();
            if used > node.peak() {
                node.counters.peak.fetch_max(used, Relaxed);
            }
        }
    }

    #[cold]
    fn refuse(&self, kind: Kind, owner: &Node, asked: usize) -> Refused {
        if kind == Kind::Full {
            owner.counters.limit_hits.fetch_add(1, Relaxed);
        }
        self.path().for_each(|node| _ = node.counters.refused.fetch_add(1, Relaxed));
        Refused {
            kind,
            consumer: Arc::clone(&self.identity),
            limit_owner: Arc::clone(&owner.identity),
            asked,
            used: owner.used(),
            limit: owner.limit(),
        }
    }

    /// Lends slack to a meter: so much that all levels stay within their 5 %, possibly nothing.
    pub(crate) fn lend_slack(&self) -> usize {
        let share = |node: &Node| match node.limit() {
            usize::MAX => MAX_SLACK,
            limit => (limit / SLACK_DIVISOR).saturating_sub(node.slack()) / SLACK_SHARE,
        };
        let slack = self.path().map(share).min().unwrap_or(0).min(MAX_SLACK);
        if slack < MIN_SLACK {
            return 0;
        }
        for (below, node) in self.path().enumerate() {
            let room = node.limit() / SLACK_DIVISOR;
            let sum = |lent: usize| lent.checked_add(slack).filter(|sum| *sum <= room);
            if node.counters.slack.fetch_update(Relaxed, Relaxed, sum).is_err() {
                self.path().take(below).for_each(|node| _ = node.counters.slack.fetch_sub(slack, Relaxed));
                return 0;
            }
        }
        slack
    }

    pub(crate) fn return_slack(&self, slack: usize) {
        self.path().for_each(|node| _ = node.counters.slack.fetch_sub(slack, Relaxed));
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Charges and meters hold the account, so whoever drops the node dropped the last of them.
        debug_assert_eq!(*self.counters.used.get_mut(), 0, "{} is dropped with bytes charged", self.identity.name);
        if let Some(parent) = &self.parent {
            parent.lock_children().live.remove(&self.serial);
        }
    }
}
