//! Events into nodes.

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Tag};

use super::libyaml;
use super::node::{Document, Id, Kind, Node};
use crate::error::{Error, Location};

/// The largest text that is read. The largest configurations known have some tens of megabytes.
pub(crate) const MAX_BYTES: usize = 128 << 20;

/// Reads the first document of `bytes`.
pub(crate) fn parse(bytes: &[u8]) -> Result<Document, Error> {
    if bytes.len() > MAX_BYTES {
        return Err(Error::syntax(None, format!("the text has {} bytes, the limit is {MAX_BYTES}", bytes.len())));
    }
    let text = str::from_utf8(bytes).map_err(|error| {
        let location = libyaml::location_at(bytes, error.valid_up_to());
        Error::syntax((location.line > 1).then_some(location), "invalid leading UTF-8 octet")
    })?;
    if text.contains(|c| !libyaml::is_readable(c)) {
        return Err(Error::syntax(None, "control characters are not allowed"));
    }
    let mut text = Cow::Borrowed(text);
    for _ in 0..MAX_INDENTED {
        match Builder::default().build(&text) {
            Ok(document) => return Ok(document),
            Err(Failure::Scan(error)) => match libyaml::indented(&error, &text) {
                Some(indented) => text = Cow::Owned(indented),
                None => return Err(libyaml::error(&error, &text)),
            },
            Err(Failure::Other(error)) => return Err(error),
        }
    }
    Err(Error::syntax(None, format!("more than {MAX_INDENTED} lines of quoted text are not indented")))
}

/// How often a text is read again with one line moved to the right.
const MAX_INDENTED: usize = 1000;

enum Failure {
    Scan(ScanError),
    Other(Error),
}

/// A collection whose end has not come.
struct Open {
    id: Id,
    items: Vec<Id>,
    is_mapping: bool,
}

#[derive(Default)]
struct Builder {
    document: Document,
    open: Vec<Open>,
    /// By the parser's number.
    anchors: HashMap<usize, Id>,
}

/// Where the `|` or `>` of a block stands, which is where Go says that the block is; the parser names where its text begins.
fn block_indicator(before: &str) -> Option<Location> {
    let before = before.trim_end();
    let line = before.rsplit('\n').next()?;
    let header = line.split(" #").next()?.trim_end();
    let header = header.trim_end_matches(|c: char| c.is_ascii_digit() || c == '+' || c == '-');
    let above = header.strip_suffix(['|', '>'])?;
    Some(Location::new(before.matches('\n').count() + 1, above.chars().count() + 1))
}

impl Builder {
    fn build(mut self, text: &str) -> Result<Document, Failure> {
        let mut started = false;
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(Failure::Scan)?;
            let mut location = Location::new(span.start.line(), span.start.col() + 1);
            match event {
                Event::DocumentStart(..) if started => {
                    self.document.more = true;
                    break;
                }
                Event::DocumentStart(..) => started = true,
                Event::Scalar(value, style, anchor, tag) => {
                    if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
                        let before = span.byte_range().and_then(|range| text.get(..range.start));
                        location = before.and_then(block_indicator).unwrap_or(location);
                    }
                    let kind = Kind::Scalar { value: value.into_owned(), plain: style == ScalarStyle::Plain };
                    let id = self.node(kind, tag.as_deref(), location, anchor);
                    self.place(id);
                }
                Event::SequenceStart(_, anchor, tag) => {
                    let id = self.node(Kind::Sequence(Vec::new()), tag.as_deref(), location, anchor);
                    self.open.push(Open { id, items: Vec::new(), is_mapping: false });
                }
                Event::MappingStart(_, anchor, tag) => {
                    let id = self.node(Kind::Mapping(Vec::new()), tag.as_deref(), location, anchor);
                    self.open.push(Open { id, items: Vec::new(), is_mapping: true });
                }
                Event::SequenceEnd | Event::MappingEnd => self.close(),
                Event::Alias(anchor) => {
                    let name = span.byte_range().and_then(|range| text.get(range)).unwrap_or_default();
                    let name = name.trim_start_matches('*').to_owned();
                    let Some(&target) = self.anchors.get(&anchor) else {
                        let error = Error::syntax(None, format!("unknown anchor '{name}' referenced"));
                        return Err(Failure::Other(error));
                    };
                    let id = self.node(Kind::Alias { name, target }, None, location, 0);
                    self.place(id);
                }
                _ => {}
            }
        }
        Ok(self.document)
    }

    fn node(&mut self, kind: Kind, tag: Option<&Tag>, location: Location, anchor: usize) -> Id {
        let id = Id(self.document.nodes.len());
        let tag = tag.map(|tag| format!("{}{}", tag.handle(), tag.suffix())).unwrap_or_default();
        // `!` alone says that a scalar is not to be interpreted.
        let tag = if tag == "!" { String::new() } else { tag };
        self.document.nodes.push(Node { kind, tag, location });
        if anchor > 0 {
            self.anchors.insert(anchor, id);
        }
        id
    }

    /// Puts a complete node where it belongs.
    fn place(&mut self, id: Id) {
        match self.open.last_mut() {
            Some(open) => open.items.push(id),
            None => self.document.root = Some(id),
        }
    }

    fn close(&mut self) {
        let Some(Open { id, items, is_mapping }) = self.open.pop() else { return };
        if let Some(node) = self.document.nodes.get_mut(id.0) {
            node.kind = match is_mapping {
                true => Kind::Mapping(items.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()),
                false => Kind::Sequence(items),
            };
        }
        self.place(id);
    }
}
