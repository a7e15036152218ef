//! The parser: Go's syntax (the documentation of `regexp/syntax`, Perl flags as `regexp.Compile` sets them) to `Hir`.
//!
//! One pass over the pattern with an explicit stack of open groups, so that no pattern can exhaust the call stack, and
//! a budget in bytes for what is built, so that none can exhaust memory. What is refused, where and in which words
//! follows Go, also in the order in which mistakes are found.

mod class;
mod cursor;
mod escape;
mod group;
mod node;

use std::collections::BTreeMap;

use regex_syntax::hir::{ClassUnicode, Hir, Look};

use crate::error::{Error, ErrorKind};
use crate::unicode::{self, Spelling};
use cursor::Cursor;
pub(crate) use node::Node;
use node::{Count, MAX_COPIES};

/// What the tree of one pattern may take. The automaton has a limit of its own (`engine.rs`).
const MAX_TREE_BYTES: usize = 64 << 20;

/// About what a `Hir` with its properties takes.
const NODE_BYTES: usize = 256;

/// The flags that a pattern sets by `(?imsU)`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Flags {
    /// `i`: letters match in any case.
    pub(crate) fold: bool,
    /// `m`: `^` and `$` match at lines.
    pub(crate) multi_line: bool,
    /// `s`: `.` matches a newline.
    pub(crate) dot_newline: bool,
    /// `U`: repetitions prefer few unless followed by `?`.
    pub(crate) ungreedy: bool,
}

/// A pattern that is valid.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) node: Node,
    /// The names of the capturing groups from 1 on.
    pub(crate) groups: Vec<Option<Box<str>>>,
}

/// Parses all of `pattern`, beginning with `flags`.
pub(crate) fn parse(pattern: &[u8], flags: Flags, spelling: Spelling) -> Result<Parsed, Error> {
    let mut parser = Parser {
        cursor: Cursor::new(pattern),
        flags,
        spelling,
        open: Vec::new(),
        sequence: Sequence::default(),
        groups: Vec::new(),
        classes: BTreeMap::new(),
        budget: MAX_TREE_BYTES,
    };
    parser.run()?;
    if !parser.open.is_empty() {
        return Err(parser.whole(ErrorKind::MissingParen));
    }
    let node = parser.finish_sequence()?;
    Ok(Parsed { node, groups: parser.groups })
}

struct Parser<'p> {
    cursor: Cursor<'p>,
    flags: Flags,
    /// Of the names of Unicode classes.
    spelling: Spelling,
    /// The groups around the position, the outermost first.
    open: Vec<Open>,
    /// The innermost group's content so far.
    sequence: Sequence,
    groups: Vec<Option<Box<str>>>,
    /// Unicode classes in use, by name and whether they are folded.
    classes: BTreeMap<(&'p str, bool), Option<ClassUnicode>>,
    /// Bytes left for the tree.
    budget: usize,
}

/// A group whose `)` is still to come.
struct Open {
    /// Index of the capturing group.
    capture: Option<u32>,
    /// The flags outside, which come back after the group.
    flags: Flags,
    /// What stands before the group.
    before: Sequence,
}

/// The inside of a group: finished alternatives and the one at work.
#[derive(Default)]
struct Sequence {
    alternatives: Vec<Node>,
    nodes: Vec<Node>,
    /// Literal characters after `nodes`, of which the last may still be repeated.
    text: String,
}

impl Sequence {
    /// Makes the pending characters a node.
    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.nodes.push(Node::literal(&self.text));
            self.text.clear();
        }
    }

    fn push(&mut self, node: Node) {
        self.flush();
        self.nodes.push(node);
    }

    /// Takes what a repetition operator applies to.
    fn pop(&mut self) -> Option<Node> {
        let Some(last) = self.text.pop() else { return self.nodes.pop() };
        self.flush();
        Some(Node::literal(last.encode_utf8(&mut [0; 4])))
    }

    fn finish_alternative(&mut self) -> Result<(), ErrorKind> {
        self.flush();
        self.alternatives.push(Node::concat(std::mem::take(&mut self.nodes))?);
        Ok(())
    }
}

impl<'p> Parser<'p> {
    fn run(&mut self) -> Result<(), Error> {
        // Where the repetition operator began that ends at the position, if one does.
        let mut repeated = None;
        while let Some(byte) = self.cursor.peek() {
            let previous = repeated.take();
            match byte {
                b'(' => self.open_group()?,
                b')' => self.close_group()?,
                b'|' => {
                    self.cursor.advance(1);
                    self.charge(NODE_BYTES)?;
                    self.sequence.finish_alternative().map_err(|kind| self.whole(kind))?;
                }
                b'^' => self.line_look(Look::Start, Look::StartLF)?,
                b'$' => self.line_look(Look::End, Look::EndLF)?,
                b'.' => self.dot()?,
                b'[' => self.class()?,
                b'\\' => self.escape()?,
                b'*' | b'+' | b'?' => {
                    let start = self.cursor.at();
                    self.cursor.advance(1);
                    let (min, max) = match byte {
                        b'*' => (0, None),
                        b'+' => (1, None),
                        _ => (0, Some(1)),
                    };
                    self.repeat(start, Count { min, max, braces: false }, previous)?;
                    repeated = Some(start);
                }
                b'{' => {
                    let start = self.cursor.at();
                    match self.count()? {
                        Some(count) => {
                            self.repeat(start, count, previous)?;
                            repeated = Some(start);
                        }
                        None => {
                            self.cursor.advance(1);
                            self.literal('{')?;
                        }
                    }
                }
                _ => {
                    if let Some(character) = self.cursor.next_char()? {
                        self.literal(character)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// An error that concerns the pattern as a whole.
    fn whole(&self, kind: ErrorKind) -> Error {
        Error::new(kind, self.cursor.text())
    }

    /// An error that concerns what was read since `start`.
    fn since(&self, start: usize, kind: ErrorKind) -> Error {
        Error::new(kind, self.cursor.since(start))
    }

    fn charge(&mut self, bytes: usize) -> Result<(), Error> {
        match self.budget.checked_sub(bytes) {
            Some(left) => {
                self.budget = left;
                Ok(())
            }
            None => Err(self.whole(ErrorKind::TooLarge)),
        }
    }

    fn push(&mut self, node: Node) -> Result<(), Error> {
        self.charge(NODE_BYTES)?;
        self.sequence.push(node);
        Ok(())
    }

    fn literal(&mut self, character: char) -> Result<(), Error> {
        if self.flags.fold && unicode::may_fold(character) {
            let orbit = unicode::orbit(character);
            if orbit.literal().is_none() {
                return self.push(Node::class(orbit));
            }
        }
        self.charge(character.len_utf8())?;
        self.sequence.text.push(character);
        Ok(())
    }

    fn line_look(&mut self, text: Look, line: Look) -> Result<(), Error> {
        self.cursor.advance(1);
        self.push(Node::look(if self.flags.multi_line { line } else { text }))
    }

    fn dot(&mut self) -> Result<(), Error> {
        self.cursor.advance(1);
        self.push(Node::class(if self.flags.dot_newline { unicode::any() } else { unicode::any_but_newline() }))
    }

    /// Repeats what stands before the operator that began at `start` and was read.
    fn repeat(&mut self, start: usize, count: Count, previous: Option<usize>) -> Result<(), Error> {
        let few = self.cursor.eat(b'?');
        if let Some(previous) = previous {
            return Err(self.since(previous, ErrorKind::InvalidRepeatOp));
        }
        let greedy = few == self.flags.ungreedy;
        self.charge(NODE_BYTES)?;
        let Some(node) = self.sequence.pop() else {
            return Err(self.since(start, ErrorKind::MissingRepeatArgument));
        };
        let node = node.repeat(count, greedy).map_err(|kind| self.whole(kind))?;
        if node.copies > MAX_COPIES {
            return Err(self.since(start, ErrorKind::InvalidRepeatSize));
        }
        self.sequence.push(node);
        Ok(())
    }

    /// Reads `{n}`, `{n,}` or `{n,m}`; anything else is no repetition and is not read.
    fn count(&mut self) -> Result<Option<Count>, Error> {
        let start = self.cursor.at();
        let mut ahead = self.cursor.clone();
        ahead.advance(1);
        let Some(min) = number(&mut ahead) else { return Ok(None) };
        let max = if ahead.eat(b',') {
            if ahead.peek() == Some(b'}') {
                None
            } else {
                let Some(max) = number(&mut ahead) else { return Ok(None) };
                Some(max)
            }
        } else {
            Some(min)
        };
        if !ahead.eat(b'}') {
            return Ok(None);
        }
        self.cursor = ahead;
        if min.max(max.unwrap_or(min)) > MAX_COPIES || max.is_some_and(|max| max < min) {
            return Err(self.since(start, ErrorKind::InvalidRepeatSize));
        }
        Ok(Some(Count { min, max, braces: true }))
    }

    /// Everything read since the innermost open group began, as one node.
    fn finish_sequence(&mut self) -> Result<Node, Error> {
        self.sequence
            .finish_alternative()
            .and_then(|()| Node::alternation(std::mem::take(&mut self.sequence.alternatives)))
            .map_err(|kind| self.whole(kind))
    }
}

/// A decimal number without leading zeros; a very large one is only known to be that.
fn number(cursor: &mut Cursor<'_>) -> Option<u32> {
    let digit = |cursor: &Cursor<'_>| cursor.peek().filter(u8::is_ascii_digit);
    let start = cursor.at();
    let mut value = 0u32;
    while let Some(digit) = digit(cursor) {
        value = value.saturating_mul(10).saturating_add(u32::from(digit - b'0'));
        cursor.advance(1);
    }
    match cursor.since(start) {
        [] | [b'0', _, ..] => None,
        _ => Some(value),
    }
}

/// A tree that matches `text` alone.
pub(crate) fn anchored(node: Node) -> Result<Node, ErrorKind> {
    Node::concat(vec![Node::look(Look::Start), node, Node::look(Look::End)])
}

/// Whether the tree can match only from the first to the last byte of a text.
pub(crate) fn spans_text(hir: &Hir) -> bool {
    use regex_syntax::hir::HirKind;
    let is_look = |hir: Option<&Hir>, look| matches!(hir.map(Hir::kind), Some(HirKind::Look(found)) if *found == look);
    match hir.kind() {
        HirKind::Concat(parts) => is_look(parts.first(), Look::Start) && is_look(parts.last(), Look::End),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
