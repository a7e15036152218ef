//! Trees as text, as Go's `yaml.v2` prints them: two blanks a level, sequences not indented, lines broken at blanks
//! behind column 80.

use std::fmt::Write as _;

use super::resolve::{is_base_60, plain_scalar};
use super::tree::Tree;
use super::{libyaml, node};

/// Where lines are broken if they can be.
const WIDTH: usize = 80;

/// A document with nothing but `tree`.
pub(crate) fn emit(tree: &Tree) -> String {
    let mut emitter = Emitter::default();
    emitter.value(tree, Place::Root);
    emitter.break_line();
    emitter.out
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    Root,
    /// Behind `key:`.
    Field,
    /// Behind `- `.
    Item,
}

#[derive(Default)]
struct Emitter {
    out: String,
    column: usize,
    /// Of the collection that is being written, in blanks.
    indent: usize,
}

impl Emitter {
    fn value(&mut self, tree: &Tree, place: Place) {
        if place == Place::Field && !matches!(tree, Tree::Map(fields) if !fields.is_empty()) {
            let block = matches!(tree, Tree::Seq { items, flow: false } if !items.is_empty());
            if !block {
                self.write(" ");
            }
        }
        match tree {
            Tree::Null => self.write("null"),
            Tree::Plain(text) => self.write(text),
            Tree::Text(text) => self.scalar(text, Context::Block),
            Tree::Seq { items, flow: false } if !items.is_empty() => self.sequence(items, place),
            Tree::Seq { items, .. } => self.flow_sequence(items),
            Tree::Map(fields) if fields.is_empty() => self.write("{}"),
            Tree::Map(fields) => self.mapping(fields, place),
        }
    }

    /// In a field a sequence is as far to the right as the key.
    fn sequence(&mut self, items: &[Tree], place: Place) {
        let outer = self.indent;
        for (at, item) in items.iter().enumerate() {
            match place {
                Place::Item if at == 0 => self.indent = outer + 2,
                Place::Root if at == 0 => {}
                _ => self.new_line(),
            }
            self.write("- ");
            let level = self.indent;
            self.value(item, Place::Item);
            self.indent = level;
        }
        self.indent = outer;
    }

    fn mapping(&mut self, fields: &[(String, Tree)], place: Place) {
        let outer = self.indent;
        if place != Place::Root {
            self.indent += 2;
        }
        for (at, (key, value)) in fields.iter().enumerate() {
            if at > 0 || place == Place::Field {
                self.new_line();
            }
            if is_simple_key(key) {
                self.scalar(key, Context::Key);
            } else {
                self.write("? ");
                self.scalar(key, Context::Block);
                self.new_line();
            }
            self.write(":");
            self.value(value, Place::Field);
        }
        self.indent = outer;
    }

    fn flow_sequence(&mut self, items: &[Tree]) {
        self.write("[");
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.write(",");
            }
            if self.column > WIDTH {
                self.indent += 2;
                self.new_line();
                self.indent -= 2;
            } else if at > 0 {
                self.write(" ");
            }
            match item {
                Tree::Text(text) => self.scalar(text, Context::Flow),
                other => self.value(other, Place::Item),
            }
        }
        self.write("]");
    }

    fn scalar(&mut self, text: &str, context: Context) {
        let analysis = Analysis::of(text);
        match analysis.style(text, context) {
            Style::Plain => self.broken(text, context != Context::Key, 0),
            Style::Single => {
                self.write("'");
                self.broken(&text.replace('\'', "''"), context != Context::Key, 1);
                self.write("'");
            }
            Style::Double => self.double_quoted(text, context != Context::Key),
            Style::Literal => self.literal(text),
        }
    }

    /// Writes text, with a line break for a single blank behind the width; not for the first or last `margin` characters.
    fn broken(&mut self, text: &str, breaks: bool, margin: usize) {
        let chars: Vec<char> = text.chars().collect();
        let mut after_blank = false;
        for (at, c) in chars.iter().enumerate() {
            let inside = at >= margin && at + margin < chars.len();
            let single = !after_blank && chars.get(at + 1) != Some(&' ');
            if *c == ' ' && breaks && single && inside && self.column > WIDTH {
                self.continuation();
            } else {
                self.write(c.encode_utf8(&mut [0; 4]));
            }
            after_blank = *c == ' ';
        }
    }

    fn double_quoted(&mut self, text: &str, breaks: bool) {
        self.write("\"");
        let chars: Vec<char> = text.chars().collect();
        let mut after_blank = false;
        for (at, c) in chars.iter().copied().enumerate() {
            if c == ' ' && breaks && !after_blank && at > 0 && at + 1 < chars.len() && self.column > WIDTH {
                self.continuation();
                if chars.get(at + 1) == Some(&' ') {
                    self.write("\\");
                }
            } else {
                self.write(&escaped(c));
            }
            after_blank = c == ' ';
        }
        self.write("\"");
    }

    fn literal(&mut self, text: &str) {
        self.write("|");
        if text.starts_with([' ', '\n']) {
            self.write("2");
        }
        let trimmed = text.trim_end_matches('\n');
        match text.len() - trimmed.len() {
            0 => self.write("-"),
            1 if !trimmed.is_empty() => {}
            _ => self.write("+"),
        }
        let mut lines = text.split('\n').peekable();
        self.indent += 2;
        while let Some(line) = lines.next() {
            if lines.peek().is_none() && line.is_empty() {
                break;
            }
            if line.is_empty() {
                self.break_line();
            } else {
                self.new_line();
                self.write(line);
            }
        }
        self.indent -= 2;
    }

    /// A line within a scalar.
    fn continuation(&mut self) {
        self.indent += 2;
        self.new_line();
        self.indent -= 2;
    }

    fn new_line(&mut self) {
        self.break_line();
        self.out.extend(std::iter::repeat_n(' ', self.indent));
        self.column = self.indent;
    }

    fn break_line(&mut self) {
        self.out.push('\n');
        self.column = 0;
    }

    fn write(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
    }
}

/// Keys that are longer, or longer than a line, are written with a question mark.
fn is_simple_key(key: &str) -> bool {
    key.len() <= 128 && !key.contains('\n')
}

fn escaped(c: char) -> String {
    let printable = libyaml::is_printable(c);
    match c {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\0' => "\\0".to_owned(),
        '\x07' => "\\a".to_owned(),
        '\x08' => "\\b".to_owned(),
        '\t' => "\\t".to_owned(),
        '\n' => "\\n".to_owned(),
        '\x0b' => "\\v".to_owned(),
        '\x0c' => "\\f".to_owned(),
        '\r' => "\\r".to_owned(),
        '\x1b' => "\\e".to_owned(),
        '\u{85}' => "\\N".to_owned(),
        '\u{a0}' => "\\_".to_owned(),
        '\u{2028}' => "\\L".to_owned(),
        '\u{2029}' => "\\P".to_owned(),
        _ if printable => c.to_string(),
        _ => {
            let mut out = String::new();
            let code = u32::from(c);
            match code {
                0..=0xff => write!(out, "\\x{code:02X}"),
                0x100..=0xffff => write!(out, "\\u{code:04X}"),
                _ => write!(out, "\\U{code:08X}"),
            }
            .expect("writing to a string does not fail");
            out
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Context {
    Block,
    Flow,
    Key,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

/// In which styles a text can be written without meaning something else.
struct Analysis {
    flow_plain: bool,
    block_plain: bool,
    single: bool,
    block: bool,
}

impl Analysis {
    fn of(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let mut flow_indicator = text.starts_with("---") || text.starts_with("...");
        let mut block_indicator = flow_indicator;
        let (mut special, mut breaks, mut blank_break, mut break_blank) = (false, false, false, false);
        let is_break = |c: char| matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}');
        let is_blank_or_end = |c: Option<&char>| c.is_none_or(|c| matches!(c, ' ' | '\t') || is_break(*c));
        let mut previous: Option<char> = None;
        for (at, c) in chars.iter().copied().enumerate() {
            let blank_before = is_blank_or_end(previous.as_ref());
            let blank_after = is_blank_or_end(chars.get(at + 1));
            match c {
                '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`'
                    if at == 0 =>
                {
                    (flow_indicator, block_indicator) = (true, true);
                }
                '?' | ':' if at == 0 => {
                    flow_indicator = true;
                    block_indicator |= blank_after;
                }
                '-' if at == 0 && blank_after => (flow_indicator, block_indicator) = (true, true),
                ',' | '?' | '[' | ']' | '{' | '}' => flow_indicator = true,
                ':' => {
                    flow_indicator = true;
                    block_indicator |= blank_after;
                }
                '#' if blank_before => (flow_indicator, block_indicator) = (true, true),
                _ => {}
            }
            special |= !libyaml::is_printable(c);
            breaks |= is_break(c);
            blank_break |= is_break(c) && previous == Some(' ');
            break_blank |= c == ' ' && previous.is_some_and(is_break);
            previous = Some(c);
        }
        let blank = |c: &char| *c == ' ' || is_break(*c);
        let edges = chars.first().is_some_and(blank) || chars.last().is_some_and(blank);
        let unsafe_plain = edges || break_blank || blank_break || special || breaks;
        Self {
            flow_plain: !unsafe_plain && !flow_indicator,
            block_plain: !unsafe_plain && !block_indicator,
            single: !break_blank && !blank_break && !special,
            block: chars.last() != Some(&' ') && !blank_break && !special,
        }
    }

    fn style(&self, text: &str, context: Context) -> Style {
        let means_text = plain_scalar(text).0 == node::STR && !is_base_60(text);
        if text.contains('\n') {
            return if self.block && context == Context::Block { Style::Literal } else { Style::Double };
        }
        if !means_text {
            return Style::Double;
        }
        let plain = if context == Context::Flow { self.flow_plain } else { self.block_plain };
        match (plain, self.single) {
            (true, _) => Style::Plain,
            (false, true) => Style::Single,
            (false, false) => Style::Double,
        }
    }
}
