//! One piece of a parsed expression: its `Hir` and what Go's limits need to know of it.
//!
//! Heights and sizes are kept as each piece is made, so that no limit needs a walk over the tree, and so that a tree
//! above the limits is never made.

use regex_syntax::hir::{Capture, Class, ClassUnicode, Hir, HirKind, Look, Repetition};

use crate::error::ErrorKind;

/// How high a tree of expressions may be (`maxHeight` in Go's `regexp/syntax`).
const MAX_HEIGHT: u32 = 1000;

/// How many instructions of Go's an expression may make: 128 MiB at 40 bytes each.
const MAX_SIZE: u64 = (128 << 20) / 40;

/// How often the innermost piece of nested counted repetitions may occur.
pub(super) const MAX_COPIES: u32 = 1000;

/// What a state of an automaton takes at most, with one transition.
const STATE_BYTES: u64 = 64;

/// What a range of characters takes at most: in UTF-8 it falls into at most sixteen sequences of up to four bytes, each
/// byte a state.
const RANGE_BYTES: u64 = 16 * 4 * STATE_BYTES;

/// Alternatives higher than this are not compared with one another: the comparison recurses.
const MAX_COMPARED_HEIGHT: u32 = 64;

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) hir: Hir,
    shape: Shape,
    /// Levels of the tree as Go counts them: a plain group is none, a run of literals is one.
    pub(crate) height: u32,
    /// Instructions that Go's compiler would make.
    pub(crate) size: u64,
    /// Bytes of automaton that it makes, at most.
    pub(crate) bulk: u64,
    /// The greatest product of nested repeat counts within.
    pub(crate) copies: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// One character of some set.
    Class,
    Leaf,
    Concat,
    Alternation,
}

/// How often a piece is repeated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count {
    pub(super) min: u32,
    pub(super) max: Option<u32>,
    /// Written in braces: only those fall under the limit on copies.
    pub(super) braces: bool,
}

impl Node {
    fn leaf(hir: Hir, shape: Shape, size: u64) -> Self {
        let bulk = match hir.kind() {
            HirKind::Literal(literal) => STATE_BYTES * literal.0.len() as u64,
            HirKind::Class(Class::Unicode(class)) => STATE_BYTES + RANGE_BYTES * class.ranges().len() as u64,
            HirKind::Class(Class::Bytes(class)) => STATE_BYTES + RANGE_BYTES * class.ranges().len() as u64,
            _ => STATE_BYTES,
        };
        Self { hir, shape, height: 1, size: size.max(1), bulk, copies: 1 }
    }

    pub(super) fn empty() -> Self {
        Self::leaf(Hir::empty(), Shape::Leaf, 1)
    }

    pub(super) fn literal(text: &str) -> Self {
        let mut chars = text.chars();
        let shape = if chars.next().is_some() && chars.next().is_none() { Shape::Class } else { Shape::Leaf };
        Self::leaf(Hir::literal(text.as_bytes()), shape, text.chars().count() as u64)
    }

    pub(super) fn class(class: ClassUnicode) -> Self {
        Self::leaf(Hir::class(Class::Unicode(class)), Shape::Class, 1)
    }

    pub(crate) fn look(look: Look) -> Self {
        Self::leaf(Hir::look(look), Shape::Leaf, 1)
    }

    pub(super) fn capture(self, index: u32) -> Result<Self, ErrorKind> {
        let height = self.height + 1;
        let size = self.size.saturating_add(2);
        let bulk = self.bulk.saturating_add(2 * STATE_BYTES);
        // Names stay outside: Go lets several groups have one name, the automata do not.
        let hir = Hir::capture(Capture { index, name: None, sub: Box::new(self.hir) });
        Self { hir, shape: Shape::Leaf, height, size, bulk, copies: self.copies }.within_limits()
    }

    pub(super) fn repeat(self, count: Count, greedy: bool) -> Result<Self, ErrorKind> {
        let Count { min, max, braces } = count;
        let copies = match (braces, max.unwrap_or(min)) {
            (false, _) => self.copies,
            (true, 0) if max.is_some() => 1,
            (true, times) => self.copies.saturating_mul(times.max(1)),
        };
        let node = Self {
            shape: Shape::Leaf,
            height: self.height + 1,
            size: repeated_size(self.size, count),
            // Each copy, and a state to choose whether there is one more.
            bulk: self.bulk.saturating_add(2 * STATE_BYTES).saturating_mul(max.unwrap_or(min).max(1).into()),
            copies,
            hir: Hir::repetition(Repetition { min, max, greedy, sub: Box::new(self.hir) }),
        };
        node.within_limits()
    }

    /// One piece after the other.
    pub(crate) fn concat(mut nodes: Vec<Self>) -> Result<Self, ErrorKind> {
        match nodes.len() {
            0 => return Ok(Self::empty()),
            1 => return nodes.pop().ok_or(ErrorKind::TooLarge),
            _ => {}
        }
        let (height, size, copies) = measure(&nodes, Shape::Concat);
        let bulk = total_bulk(&nodes);
        let hir = Hir::concat(nodes.into_iter().map(|node| node.hir).collect());
        Self { hir, shape: Shape::Concat, height, size, bulk, copies }.within_limits()
    }

    /// One piece or the other, the earlier preferred.
    pub(super) fn alternation(mut nodes: Vec<Self>) -> Result<Self, ErrorKind> {
        if nodes.len() == 1 {
            return nodes.pop().ok_or(ErrorKind::TooLarge);
        }
        if nodes.iter().all(|node| node.shape == Shape::Class) {
            // Becomes a single class.
            let bulk = total_bulk(&nodes);
            return Ok(Self { bulk, ..Self::leaf(Hir::alternation(into_hirs(nodes)), Shape::Class, 1) });
        }
        let (height, mut size, copies) = measure(&nodes, Shape::Alternation);
        size = size.saturating_add(nodes.len() as u64 - 1);
        let bulk = total_bulk(&nodes);
        let keep_apart = keep_apart(&nodes);
        let mut hirs = into_hirs(nodes);
        if keep_apart {
            hirs.push(Hir::fail());
        }
        Self { hir: Hir::alternation(hirs), shape: Shape::Alternation, height, size, bulk, copies }.within_limits()
    }

    fn within_limits(self) -> Result<Self, ErrorKind> {
        if self.size > MAX_SIZE {
            return Err(ErrorKind::TooLarge);
        }
        if self.height > MAX_HEIGHT {
            return Err(ErrorKind::NestingDepth);
        }
        Ok(self)
    }
}

fn into_hirs(nodes: Vec<Node>) -> Vec<Hir> {
    nodes.into_iter().map(|node| node.hir).collect()
}

/// Height, size and copies of pieces joined into `shape`. A piece of the same shape is no level of its own.
fn measure(nodes: &[Node], shape: Shape) -> (u32, u64, u32) {
    nodes.iter().fold((0, 0, 1), |(height, size, copies), node| {
        let below = if node.shape == shape { node.height - 1 } else { node.height };
        (height.max(below + 1), node.size.saturating_add(size), copies.max(node.copies))
    })
}

/// Bytes of automaton of pieces, whether they are one after the other or alternatives between which a state chooses.
fn total_bulk(nodes: &[Node]) -> u64 {
    nodes.iter().fold(STATE_BYTES, |bulk, node| bulk.saturating_add(node.bulk).saturating_add(2 * STATE_BYTES))
}

fn repeated_size(size: u64, Count { min, max, .. }: Count) -> u64 {
    match (min, max) {
        (0, None) => size.saturating_add(2),
        (min, None) => size.saturating_mul(min.into()).saturating_add(1),
        (min, Some(max)) => size.saturating_mul(max.into()).saturating_add(u64::from(max.saturating_sub(min))).max(1),
    }
}

/// Whether `Hir::alternation` must be kept from lifting what all alternatives begin with.
///
/// It lifts any common prefix, which changes what is preferred: `(?:a|ab)c|(?:a|ab)bcd` finds `abc` in `abcd`, but
/// `(?:a|ab)(?:c|bcd)` finds `abcd`. That is sound only for a prefix that can match in a single way. One more
/// alternative, which never matches and is no concatenation, keeps the others as they are.
fn keep_apart(nodes: &[Node]) -> bool {
    if nodes.iter().any(|node| parts(node).is_empty()) {
        return false;
    }
    if nodes.iter().any(|node| node.height > MAX_COMPARED_HEIGHT) {
        return true;
    }
    let Some((first, others)) = nodes.split_first() else { return false };
    let lifted = others.iter().fold(parts(first).len(), |length, other| {
        parts(first).iter().zip(parts(other)).take(length).take_while(|(a, b)| a == b).count()
    });
    let single_way = |hir: &Hir| matches!(hir.kind(), HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_));
    !parts(first).iter().take(lifted).all(single_way)
}

/// What a concatenation consists of; nothing for anything else.
fn parts(node: &Node) -> &[Hir] {
    match node.hir.kind() {
        HirKind::Concat(parts) => parts,
        _ => &[],
    }
}
