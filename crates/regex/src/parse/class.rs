//! Character classes: `[...]`, `\d`, `\pN`, `\p{Greek}`, `[:alpha:]`.

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use super::Parser;
use super::cursor::check_utf8;
use super::escape::escaped;
use super::node::Node;
use crate::error::{Error, ErrorKind};
use crate::unicode::{self, ascii};

/// Ranges in no order that may overlap.
pub(super) type Ranges = Vec<ClassUnicodeRange>;

/// What a range takes; it is charged while a class is built and for what stays.
const RANGE_BYTES: usize = size_of::<ClassUnicodeRange>();

impl<'p> Parser<'p> {
    /// Reads a class in brackets.
    pub(super) fn class(&mut self) -> Result<(), Error> {
        let start = self.cursor.at();
        self.cursor.advance(1);
        let negated = self.cursor.eat(b'^');
        let mut ranges = Ranges::new();
        let mut is_first = true;
        // A `]` that comes first stands for itself.
        while is_first || !self.cursor.eat(b']') {
            is_first = false;
            let more = match self.posix_class()? {
                Some(more) => more,
                None => match self.class_escape()? {
                    Some(more) => more,
                    None => self.class_range(start)?,
                },
            };
            self.charge(more.len() * RANGE_BYTES)?;
            ranges.extend(more);
        }
        self.push_ranges(ranges, negated)
    }

    pub(super) fn push_ranges(&mut self, ranges: Ranges, negated: bool) -> Result<(), Error> {
        self.charge(ranges.len() * RANGE_BYTES)?;
        let mut class = ClassUnicode::new(ranges);
        if self.flags.fold {
            unicode::fold(&mut class);
        }
        if negated {
            class.negate();
        }
        self.push(Node::class(class))
    }

    /// Reads a character or a range of them. `class` is where the class around it began.
    fn class_range(&mut self, class: usize) -> Result<Ranges, Error> {
        let start = self.cursor.at();
        let low = self.class_char(class)?;
        let mut high = low;
        // A `-` that comes last stands for itself.
        let ends = self.cursor.peek_at(1).is_none_or(|byte| byte == b']');
        if self.cursor.peek() == Some(b'-') && !ends {
            self.cursor.advance(1);
            high = self.class_char(class)?;
            if high < low {
                return Err(self.since(start, ErrorKind::InvalidCharRange));
            }
        }
        Ok(unicode::range(low, high).into_iter().collect())
    }

    fn class_char(&mut self, class: usize) -> Result<u32, Error> {
        if self.cursor.peek() == Some(b'\\') {
            return escaped(&mut self.cursor);
        }
        match self.cursor.next_char()? {
            Some(character) => Ok(character.into()),
            None => Err(self.since(class, ErrorKind::MissingBracket)),
        }
    }

    /// Reads `[:name:]` if it comes next.
    fn posix_class(&mut self) -> Result<Option<Ranges>, Error> {
        if !self.cursor.starts_with(b"[:") {
            return Ok(None);
        }
        let start = self.cursor.at();
        let inside = self.cursor.rest().get(2..).unwrap_or_default();
        let Some(length) = memchr::memmem::find(inside, b":]") else { return Ok(None) };
        self.cursor.advance(length + 4);
        let name = inside.get(..length).unwrap_or_default();
        let (name, negated) = name.strip_prefix(b"^").map_or((name, false), |name| (name, true));
        match ascii::posix(name) {
            Some(class) => Ok(Some(self.group(class, negated))),
            None => Err(self.since(start, ErrorKind::InvalidCharRange)),
        }
    }

    /// Reads `\d` and its like, `\pN` or `\p{Name}` if one comes next.
    pub(super) fn class_escape(&mut self) -> Result<Option<Ranges>, Error> {
        if self.cursor.peek() != Some(b'\\') {
            return Ok(None);
        }
        let Some(letter) = self.cursor.peek_at(1) else { return Ok(None) };
        if matches!(letter, b'p' | b'P') {
            return self.unicode_class().map(Some);
        }
        let Some(class) = ascii::perl(letter.to_ascii_lowercase()) else { return Ok(None) };
        self.cursor.advance(2);
        Ok(Some(self.group(class, letter.is_ascii_uppercase())))
    }

    /// The ranges of a class of ASCII under the flags: folded first, then negated.
    fn group(&self, class: &[(char, char)], negated: bool) -> Ranges {
        let mut class = ClassUnicode::new(class.iter().map(|&(low, high)| ClassUnicodeRange::new(low, high)));
        if self.flags.fold {
            unicode::fold(&mut class);
        }
        if negated {
            class.negate();
        }
        class.ranges().to_vec()
    }

    /// Reads `\pN`, `\PN`, `\p{Name}`, `\p{^Name}`, `\P{Name}` or `\P{^Name}`.
    fn unicode_class(&mut self) -> Result<Ranges, Error> {
        let start = self.cursor.at();
        let rest = self.cursor.rest();
        let mut negated = self.cursor.peek_at(1) == Some(b'P');
        self.cursor.advance(2);
        let begin = self.cursor.at();
        let name = if self.cursor.next_char()? == Some('{') {
            let Some(length) = self.cursor.rest().iter().position(|byte| *byte == b'}') else {
                check_utf8(rest)?;
                return Err(Error::new(ErrorKind::InvalidCharRange, rest));
            };
            let name = self.cursor.rest().get(..length).unwrap_or_default();
            self.cursor.advance(length + 1);
            name
        } else {
            self.cursor.since(begin)
        };
        let name: &'p str = check_utf8(name)?;
        let name = name.strip_prefix('^').map_or(name, |name| {
            negated = !negated;
            name
        });
        let (fold, spelling) = (self.flags.fold, self.spelling);
        let class = self.classes.entry((name, fold)).or_insert_with(|| {
            let mut class = unicode::named(name, spelling)?;
            if fold {
                unicode::fold(&mut class);
            }
            Some(class)
        });
        let Some(class) = class else { return Err(self.since(start, ErrorKind::InvalidCharRange)) };
        if !negated {
            return Ok(class.ranges().to_vec());
        }
        let mut class = class.clone();
        class.negate();
        Ok(class.ranges().to_vec())
    }
}
