//! Groups and the flags that begin with `(?`.

use super::cursor::check_utf8;
use super::node::Node;
use super::{NODE_BYTES, Open, Parser};
use crate::error::{Error, ErrorKind};

impl Parser<'_> {
    /// Reads `(`, `(?P<name>`, `(?<name>`, `(?flags:` or `(?flags)`.
    pub(super) fn open_group(&mut self) -> Result<(), Error> {
        if !self.cursor.starts_with(b"(?") {
            self.cursor.advance(1);
            return self.open_capture(None);
        }
        // A name needs at least one more byte; without it the text is read as flags and refused as such.
        let rest = self.cursor.rest();
        let named = [&b"(?P<"[..], b"(?<"].into_iter().find(|open| rest.starts_with(open) && rest.len() > open.len());
        match named {
            Some(open) => self.open_named(open.len()),
            None => self.open_flags(),
        }
    }

    fn open_capture(&mut self, name: Option<Box<str>>) -> Result<(), Error> {
        self.charge(name.as_ref().map_or(0, |name| name.len()))?;
        self.groups.push(name);
        let index = u32::try_from(self.groups.len()).map_err(|_| self.whole(ErrorKind::TooLarge))?;
        self.open(Some(index))
    }

    fn open(&mut self, capture: Option<u32>) -> Result<(), Error> {
        self.charge(NODE_BYTES)?;
        let before = std::mem::take(&mut self.sequence);
        self.open.push(Open { capture, flags: self.flags, before });
        Ok(())
    }

    /// Reads a group's name that begins `skip` bytes on.
    fn open_named(&mut self, skip: usize) -> Result<(), Error> {
        let start = self.cursor.at();
        let rest = self.cursor.rest();
        let Some(end) = rest.iter().position(|byte| *byte == b'>') else {
            check_utf8(rest)?;
            return Err(Error::new(ErrorKind::InvalidNamedCapture, rest));
        };
        self.cursor.advance(end + 1);
        let name = check_utf8(rest.get(skip..end).unwrap_or_default())?;
        let is_valid = !name.is_empty() && name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
        if !is_valid {
            return Err(self.since(start, ErrorKind::InvalidNamedCapture));
        }
        self.open_capture(Some(name.into()))
    }

    fn open_flags(&mut self) -> Result<(), Error> {
        let start = self.cursor.at();
        self.cursor.advance(2);
        let mut flags = self.flags;
        let mut value = true;
        // A `-` must be followed by a flag.
        let mut complete = true;
        while let Some(character) = self.cursor.next_char()? {
            let flag = match character {
                'i' => &mut flags.fold,
                'm' => &mut flags.multi_line,
                's' => &mut flags.dot_newline,
                'U' => &mut flags.ungreedy,
                '-' if value => {
                    (value, complete) = (false, false);
                    continue;
                }
                ':' if complete => {
                    self.open(None)?;
                    self.flags = flags;
                    return Ok(());
                }
                ')' if complete => {
                    self.flags = flags;
                    return Ok(());
                }
                _ => break,
            };
            *flag = value;
            complete = true;
        }
        Err(self.since(start, ErrorKind::InvalidPerlOp))
    }

    pub(super) fn close_group(&mut self) -> Result<(), Error> {
        let inside = self.finish_sequence()?;
        let Some(Open { capture, flags, before }) = self.open.pop() else {
            return Err(self.whole(ErrorKind::UnexpectedParen));
        };
        self.cursor.advance(1);
        self.flags = flags;
        self.sequence = before;
        let node: Node = match capture {
            Some(index) => inside.capture(index).map_err(|kind| self.whole(kind))?,
            None => inside,
        };
        self.push(node)
    }
}
