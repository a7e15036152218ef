//! The expression of label matchers and relabelling, which must match all of a text.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use regex_syntax::hir::literal::{ExtractKind, Extractor};
use regex_syntax::hir::{Hir, HirKind};

use crate::candidates::Candidates;
use crate::captures::{Captures, Groups, replace_all};
use crate::engine::{self, Engine, Track};
use crate::error::Error;
use crate::parse::{self, Flags, Node, Parsed};
use crate::shortcut::{Plan, strip_prefix, strip_suffix};
use crate::unicode::Spelling;

/// A regular expression in Go's syntax that matches all of a text or none, and whose `.` matches newlines too: the
/// `^(?s:…)$` of label matchers and relabelling.
///
/// Most are decided without an automaton, and [`candidates`](Self::candidates) tells an index which values to look at.
/// Cloning is cheap and clones share everything; matching from several threads at once is fine.
///
/// Where there must be an automaton it is built when it is first asked for, which takes 10 to 100 µs and some KiB: whoever
/// only parses queries pays for none. All that can be wrong with a pattern is found by [`new`](Self::new) nevertheless: a
/// pattern whose automaton might be too large is compiled at once.
///
/// ```
/// # fn main() -> Result<(), promd_regex::Error> {
/// use promd_regex::Anchored;
///
/// let matcher = Anchored::new("node-(a|b)")?;
/// assert!(matcher.is_match("node-a"));
/// assert!(!matcher.is_match("node-ab"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Anchored(Arc<Inner>);

struct Inner {
    pattern: Box<str>,
    form: Form,
    groups: Groups,
    /// Whether a match is always all of the text.
    spans_text: bool,
    /// Whether a match is always all of the text and each group is around all of the expression.
    groups_span_text: bool,
    decision: Decision,
    /// What every match begins with, as far as the decision does not tell.
    prefix: Box<str>,
    /// Tells groups; built when they are first asked for. `None` if they are too many.
    tracker: OnceLock<Option<Engine>>,
}

/// How the pattern becomes an anchored expression; that shows in error texts and in patterns like `a)(b`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Form {
    /// Parsed alone.
    Alone,
    /// Parsed between `^(?s:` and `)$`.
    Wrapped,
}

/// How a text is decided.
enum Decision {
    Plan(Plan),
    Automaton {
        /// Built when it is first asked for, unless it may be too large.
        engine: OnceLock<Option<Engine>>,
        /// What every match ends with.
        suffix: Box<str>,
        /// No match is shorter.
        shortest: usize,
    },
}

/// An expression up to this size (in Go's instructions) can always have its groups tracked: what they add to the
/// automaton that decides stays below `engine::GROUPS_BYTES`. Of a larger one that is known once it was tried.
const MAX_UNTRIED_SIZE: u64 = 10_000;

/// Prefixes are looked for in trees up to this height, since the search recurses.
const MAX_HEIGHT_FOR_LITERALS: u32 = 64;

impl Anchored {
    /// Compiles a label matcher's `pattern`, which may hold bytes that are not UTF-8, to be told so.
    ///
    /// # Errors
    ///
    /// If the pattern is not one of Go's, or too large. The text is the one that Prometheus gives for a matcher: it
    /// shows the pattern alone.
    pub fn new(pattern: &(impl AsRef<[u8]> + ?Sized)) -> Result<Self, Error> {
        Self::compile(pattern.as_ref(), Form::Alone)
    }

    /// Compiles `pattern` as relabelling, `label_replace` and the CORS setting do: what is parsed is `^(?s:pattern)$` as
    /// one text.
    ///
    /// It differs from [`new`](Self::new) in error texts, which show the text around the pattern too, in the spelling
    /// of Unicode classes (`\p{greek}` is refused in a matcher), and where parentheses do not pair up within the
    /// pattern:
    ///
    /// ```
    /// use promd_regex::{Anchored, Error};
    ///
    /// let error = |result: Result<Anchored, Error>| result.unwrap_err().to_string();
    /// assert_eq!(error(Anchored::new("[a")), "error parsing regexp: missing closing ]: `[a`");
    /// assert_eq!(error(Anchored::wrapped("[a")), "error parsing regexp: missing closing ]: `[a)$`");
    /// assert_eq!(error(Anchored::new("a)(b")), "error parsing regexp: unexpected ): `a)(b`");
    /// assert!(Anchored::wrapped("a)(b").unwrap().is_match("ab"));
    /// ```
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new); also if so many groups cannot be tracked.
    pub fn wrapped(pattern: &(impl AsRef<[u8]> + ?Sized)) -> Result<Self, Error> {
        Self::compile(pattern.as_ref(), Form::Wrapped)
    }

    fn compile(pattern: &[u8], form: Form) -> Result<Self, Error> {
        let inner = match plain_literals(pattern) {
            Some((pattern, plan)) => Inner {
                pattern: pattern.into(),
                form,
                groups: Groups::default(),
                spans_text: true,
                groups_span_text: true,
                decision: Decision::Plan(plan),
                prefix: Box::default(),
                tracker: OnceLock::new(),
            },
            None => Inner::new(pattern, form)?,
        };
        Ok(Self(Arc::new(inner)))
    }

    /// The pattern as it was given, without the anchors.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.pattern
    }

    /// Whether all of `text` matches.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        match &self.0.decision {
            Decision::Plan(plan) => plan.is_match(text),
            Decision::Automaton { engine, suffix, shortest } => {
                let (prefix, suffix) = (&*self.0.prefix, &**suffix);
                text.len() >= *shortest
                    && strip_prefix(text.as_bytes(), prefix).is_some()
                    && strip_suffix(text.as_bytes(), suffix).is_some()
                    && self.0.engine(engine).is_some_and(|engine| engine.is_match(text))
            }
        }
    }

    /// Which values can match at most.
    #[must_use]
    pub fn candidates(&self) -> Candidates<'_> {
        let unknown = Candidates::Unknown { prefix: &self.0.prefix };
        let Decision::Plan(plan) = &self.0.decision else { return unknown };
        match plan {
            Plan::All => Candidates::All,
            Plan::NonEmpty => Candidates::NonEmpty,
            Plan::Literals(literals) => Candidates::Literals(literals),
            Plan::Union(_) => plan.as_prefix().map_or(unknown, Candidates::Prefix),
        }
    }

    /// The groups, if all of `text` matches.
    ///
    /// For a matcher made by [`new`](Self::new) with so many groups that keeping track of them would take hundreds of
    /// MiB, there is only group 0.
    #[must_use]
    pub fn captures<'h>(&self, text: &'h str) -> Option<Captures<'_, 'h>> {
        if !self.is_match(text) {
            return None;
        }
        let groups = &self.0.groups;
        if self.0.groups_span_text {
            return Some(Captures::whole(groups, text));
        }
        let Some(tracker) = self.0.tracker() else { return Some(Captures::untracked(groups, text)) };
        let mut captures = Captures::new(groups, text);
        captures.search(tracker, 0).then_some(captures)
    }

    /// Replaces `text`, if it matches, by `template`, in which groups are referred to as in [`Captures::expand`].
    #[must_use]
    pub fn replace_all<'h>(&self, text: &'h str, template: &str) -> Cow<'h, str> {
        if !self.0.spans_text {
            let general = |tracker| replace_all(tracker, &self.0.groups, text, template);
            return self.0.tracker().map_or(Cow::Borrowed(text), general);
        }
        let Some(captures) = self.captures(text) else { return Cow::Borrowed(text) };
        let mut out = String::new();
        captures.expand(template, &mut out);
        Cow::Owned(out)
    }

    /// The names of the groups from 1 on; `None` for one without.
    pub fn group_names(&self) -> impl Iterator<Item = Option<&str>> {
        self.0.groups.names()
    }

    /// Bytes on the heap so far, without the caches that searches make (up to a few MiB for each thread that searches at
    /// the same time with an automaton).
    #[must_use]
    pub fn memory_usage(&self) -> usize {
        let Inner { pattern, groups, decision, prefix, tracker, .. } = &*self.0;
        let built =
            |engine: &OnceLock<Option<Engine>>| engine.get().and_then(Option::as_ref).map_or(0, Engine::memory_usage);
        let decision = match decision {
            Decision::Plan(plan) => plan.memory_usage(),
            Decision::Automaton { engine, suffix, .. } => built(engine) + suffix.len(),
        };
        let tracker = built(tracker);
        size_of::<Inner>() + pattern.len() + groups.memory_usage() + decision + prefix.len() + tracker
    }
}

impl Inner {
    fn new(pattern: &[u8], form: Form) -> Result<Self, Error> {
        let Parsed { node, groups } = form.parse(pattern)?;
        let groups = Groups::new(groups);
        let spans_text = parse::spans_text(&node.hir);
        let groups_span_text = spans_text && nested_groups(&node.hir) == groups.len();
        let tracker = OnceLock::new();
        if !groups_span_text && (node.size > MAX_UNTRIED_SIZE || !engine::can_track(&node, groups.len())) {
            let tried = engine::compile_tracker(&node, groups.len(), &form.text(pattern));
            match form {
                Form::Alone => tracker.get_or_init(|| tried.ok()),
                Form::Wrapped => {
                    let engine = tried?;
                    tracker.get_or_init(|| Some(engine))
                }
            };
        }
        let decision = match Plan::new(&node.hir) {
            Some(plan) => Decision::Plan(plan),
            None => {
                let engine = OnceLock::new();
                if !engine::can_wait(&node) {
                    let compiled = engine::compile(&node, Track::Match, &form.text(pattern))?;
                    engine.get_or_init(|| Some(compiled));
                }
                let shortest = node.hir.properties().minimum_len().unwrap_or_default();
                Decision::Automaton { engine, suffix: affix(&node, ExtractKind::Suffix), shortest }
            }
        };
        let prefix = affix(&node, ExtractKind::Prefix);
        // What parses is UTF-8.
        let pattern = String::from_utf8_lossy(pattern).into();
        Ok(Self { pattern, form, groups, spans_text, groups_span_text, decision, prefix, tracker })
    }

    /// The automaton. That there is one was made sure of when the pattern was read.
    fn engine<'a>(&self, engine: &'a OnceLock<Option<Engine>>) -> Option<&'a Engine> {
        let build = || {
            let Parsed { node, .. } = self.form.parse(self.pattern.as_bytes()).ok()?;
            engine::compile(&node, Track::Match, self.pattern.as_bytes()).ok()
        };
        let engine = engine.get_or_init(build).as_ref();
        debug_assert!(engine.is_some(), "{:?} parsed, and its automaton is small", self.pattern);
        engine
    }

    fn tracker(&self) -> Option<&Engine> {
        let build = || {
            let Parsed { node, groups } = self.form.parse(self.pattern.as_bytes()).ok()?;
            engine::compile_tracker(&node, groups.len(), self.pattern.as_bytes()).ok()
        };
        self.tracker.get_or_init(build).as_ref()
    }
}

impl Form {
    /// The text that errors show.
    fn text(self, pattern: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Self::Alone => Cow::Borrowed(pattern),
            Self::Wrapped => Cow::Owned(wrap(pattern)),
        }
    }

    fn parse(self, pattern: &[u8]) -> Result<Parsed, Error> {
        if self == Self::Wrapped {
            return parse::parse(&wrap(pattern), Flags::default(), Spelling::Loose);
        }
        let flags = Flags { dot_newline: true, ..Flags::default() };
        let Parsed { node, groups } = parse::parse(pattern, flags, Spelling::Exact)?;
        // Prometheus parses what it has parsed a second time between the anchors, and then they count.
        let node = parse::anchored(node).map_err(|kind| Error::new(kind, &wrap(pattern)))?;
        Ok(Parsed { node, groups })
    }
}

fn wrap(pattern: &[u8]) -> Vec<u8> {
    [b"^(?s:", pattern, b")$"].concat()
}

/// A pattern of literals between bars needs no parser, however many they are.
fn plain_literals(pattern: &[u8]) -> Option<(&str, Plan)> {
    if pattern.iter().any(|byte| br"\.+*?()[]{}^$".contains(byte)) {
        return None;
    }
    let pattern = str::from_utf8(pattern).ok()?;
    Some((pattern, Plan::literals(pattern.split('|'))?))
}

/// How many groups stand one in the other around all that lies between the anchors.
fn nested_groups(hir: &Hir) -> usize {
    let HirKind::Concat(parts) = hir.kind() else { return 0 };
    let [_, inner, _] = &parts[..] else { return 0 };
    let mut inner = inner;
    let mut count = 0;
    while let HirKind::Capture(capture) = inner.kind() {
        inner = &capture.sub;
        count += 1;
    }
    count
}

/// What every match begins or ends with.
fn affix(node: &Node, kind: ExtractKind) -> Box<str> {
    if node.height > MAX_HEIGHT_FOR_LITERALS || !parse::spans_text(&node.hir) {
        return Box::default();
    }
    let literals = Extractor::new().kind(kind.clone()).extract(&node.hir);
    let common = match kind {
        ExtractKind::Suffix => literals.longest_common_suffix(),
        _ => literals.longest_common_prefix(),
    };
    // What is common may end or begin within a character.
    let common = common.unwrap_or_default();
    let is_boundary = |byte: &u8| !matches!(byte, 0x80..=0xbf);
    let start = common.iter().position(is_boundary).unwrap_or(common.len());
    let chunk = common.get(start..).and_then(|common| common.utf8_chunks().next());
    chunk.map_or_else(Box::default, |chunk| chunk.valid().into())
}

impl FromStr for Anchored {
    type Err = Error;

    fn from_str(pattern: &str) -> Result<Self, Error> {
        Self::new(pattern)
    }
}

impl fmt::Display for Anchored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Anchored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Anchored").field(&self.as_str()).finish()
    }
}

/// Expressions are equal if their patterns are and they were made the same way.
impl PartialEq for Anchored {
    fn eq(&self, other: &Self) -> bool {
        self.0.form == other.0.form && self.as_str() == other.as_str()
    }
}

impl Eq for Anchored {}

impl Hash for Anchored {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}
