//! Questions and answers as they go over the wire (RFC 1035, section 4).
//!
//! ```text
//! message: id u16 | flags u16 | questions u16 | answers u16 | authorities u16 | additional u16 | sections
//! question: name | type u16 | class u16
//! record:   name | type u16 | class u16 | ttl u32 | length u16 | data
//! name:     (length u8 < 64, bytes)* 0      or, at the end, 0xc000 | offset of an earlier one
//! ```
//!
//! An answer is untrusted: names are followed backwards only and end after 255 bytes, so that reading one takes a time
//! that its length bounds.

use std::net::{Ipv4Addr, Ipv6Addr};

pub(super) const A: u16 = 1;
pub(super) const NS: u16 = 2;
const CNAME: u16 = 5;
pub(super) const PTR: u16 = 12;
pub(super) const MX: u16 = 15;
pub(super) const AAAA: u16 = 28;
pub(super) const SRV: u16 = 33;
/// The pseudo-record that says how large an answer may be (RFC 6891).
const OPT: u16 = 41;
const INTERNET: u16 = 1;

/// How large an answer by UDP may be.
pub(super) const MAX_UDP: u16 = 4_096;

/// All was well.
pub(super) const SUCCESS: u8 = 0;
/// There is no such name.
pub(super) const NO_NAME: u8 = 3;

/// An answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(super) id: u16,
    /// There is more than fitted.
    pub(super) is_truncated: bool,
    /// What came of it.
    pub(super) code: u8,
    pub(super) records: Vec<Record>,
}

/// What is known of a name. Names in it end in a dot.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Record {
    A(Ipv4Addr),
    Aaaa(Ipv6Addr),
    Srv { target: String, port: u16 },
    Mx(String),
    Ns(String),
    Ptr(String),
    Alias,
    Other(u16),
}

/// A question about a full name. `None` if it is no name.
pub(super) fn question(id: u16, name: &str, kind: u16, with_size: bool) -> Option<Vec<u8>> {
    const RECURSION_DESIRED: u16 = 0x0100;
    const MAX_NAME: usize = 255;
    let mut message = Vec::with_capacity(64);
    for field in [id, RECURSION_DESIRED, 1, 0, 0, u16::from(with_size)] {
        message.extend(field.to_be_bytes());
    }
    let start = message.len();
    for label in name.trim_end_matches('.').split('.') {
        let length = u8::try_from(label.len()).ok().filter(|length| (1..=63).contains(length))?;
        message.push(length);
        message.extend(label.as_bytes());
    }
    message.push(0);
    if message.len() - start > MAX_NAME {
        return None;
    }
    for field in [kind, INTERNET] {
        message.extend(field.to_be_bytes());
    }
    if with_size {
        // The root as a name, and neither flags nor options.
        message.push(0);
        for field in [OPT, MAX_UDP, 0, 0, 0] {
            message.extend(field.to_be_bytes());
        }
    }
    Some(message)
}

/// Reads an answer; `None` if it is none.
pub(crate) fn decode(message: &[u8]) -> Option<Answer> {
    const IS_ANSWER: u16 = 0x8000;
    const IS_TRUNCATED: u16 = 0x0200;
    let mut at = Cursor { message, at: 0 };
    let (id, flags) = (at.u16()?, at.u16()?);
    let (questions, answers) = (at.u16()?, at.u16()?);
    at.skip(4)?;
    if flags & IS_ANSWER == 0 {
        return None;
    }
    let mut answer = Answer {
        id,
        is_truncated: flags & IS_TRUNCATED != 0,
        code: u8::try_from(flags & 0xf).unwrap_or_default(),
        records: Vec::new(),
    };
    if answer.is_truncated {
        // What is there need not be whole.
        return Some(answer);
    }
    for _ in 0..questions {
        at.name()?;
        at.skip(4)?;
    }
    for _ in 0..answers {
        at.name()?;
        let kind = at.u16()?;
        // Class and time to live.
        at.skip(6)?;
        let length = usize::from(at.u16()?);
        let end = at.at.checked_add(length).filter(|end| *end <= message.len())?;
        answer.records.push(at.record(kind, length)?);
        at.at = end;
    }
    Some(answer)
}

struct Cursor<'a> {
    message: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let bytes = *self.message.get(self.at..)?.first_chunk::<N>()?;
        self.at += N;
        Some(bytes)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        self.at = self.at.checked_add(count).filter(|at| *at <= self.message.len())?;
        Some(())
    }

    fn record(&mut self, kind: u16, length: usize) -> Option<Record> {
        Some(match kind {
            A if length == 4 => Record::A(Ipv4Addr::from(self.array::<4>()?)),
            AAAA if length == 16 => Record::Aaaa(Ipv6Addr::from(self.array::<16>()?)),
            NS => Record::Ns(self.name()?),
            PTR => Record::Ptr(self.name()?),
            MX => {
                // The preference.
                self.skip(2)?;
                Record::Mx(self.name()?)
            }
            SRV => {
                // Priority and weight.
                self.skip(4)?;
                let port = self.u16()?;
                Record::Srv { target: self.name()?, port }
            }
            CNAME => Record::Alias,
            A | AAAA => return None,
            other => Record::Other(other),
        })
    }

    /// A name as it is commonly written, with a dot at its end. What a dot, a blank or another sign with a meaning would be
    /// has a backslash before it, as in zone files.
    fn name(&mut self) -> Option<String> {
        const MAX_NAME: usize = 255;
        let mut name = String::new();
        let mut length = 0;
        let mut at = self.at;
        let mut is_elsewhere = false;
        loop {
            let head = *self.message.get(at)?;
            match head {
                0 => {
                    if !is_elsewhere {
                        self.at = at + 1;
                    }
                    break;
                }
                1..=63 => {
                    let label = self.message.get(at + 1..at + 1 + usize::from(head))?;
                    length += label.len() + 1;
                    if length >= MAX_NAME {
                        return None;
                    }
                    label.iter().for_each(|byte| push(&mut name, *byte));
                    name.push('.');
                    at += 1 + label.len();
                }
                0xc0.. => {
                    let to = usize::from(head & 0x3f) << 8 | usize::from(*self.message.get(at + 1)?);
                    if !is_elsewhere {
                        self.at = at + 2;
                        is_elsewhere = true;
                    }
                    // Always backwards: so it ends.
                    at = Some(to).filter(|to| *to < at)?;
                }
                _ => return None,
            }
        }
        if name.is_empty() {
            name.push('.');
        }
        Some(name)
    }
}

fn push(name: &mut String, byte: u8) {
    match byte {
        b'.' | b'\\' | b'"' | b'(' | b')' | b';' | b'@' | b' ' => name.extend(['\\', char::from(byte)]),
        b'!'..=b'~' => name.push(char::from(byte)),
        other => *name += &format!("\\{other:03}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes are put together by hand from RFC 1035, 2782 and 6891.
    #[test]
    fn a_question() {
        let mut expect = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1];
        expect.extend(b"\x05_http\x04_tcp\x01a\x00\x00\x21\x00\x01\x00\x00\x29\x10\x00\x00\x00\x00\x00\x00\x00");
        assert_eq!(question(0x1234, "_http._tcp.a.", SRV, true).unwrap(), expect);
        expect.truncate(expect.len() - 11);
        expect[11] = 0;
        assert_eq!(question(0x1234, "_http._tcp.a", SRV, false).unwrap(), expect);
        for name in ["", ".", "a..b", &"x".repeat(64), &"abc.".repeat(64)] {
            assert_eq!(question(1, name, A, false), None, "{name}");
        }
    }

    /// An answer with these records, each behind the name that was asked for.
    fn answer(flags: [u8; 2], records: &[(u16, &[u8])]) -> Vec<u8> {
        let count = u8::try_from(records.len()).unwrap();
        let mut message = vec![0, 7, flags[0], flags[1], 0, 1, 0, count, 0, 0, 0, 0];
        message.extend(b"\x01a\x07example\x00\x00\x01\x00\x01");
        for (kind, data) in records {
            message.extend(b"\xc0\x0c");
            message.extend(kind.to_be_bytes());
            message.extend(b"\x00\x01\x00\x00\x00\x3c");
            message.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
            message.extend(*data);
        }
        message
    }

    #[test]
    fn an_answer_of_every_type() {
        let message = answer(
            [0x81, 0x80],
            &[
                (CNAME, b"\xc0\x0c"),
                (A, &[192, 0, 2, 1]),
                (AAAA, &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
                (SRV, b"\x00\x01\x00\x02\x1f\x90\x01b\xc0\x0e"),
                (MX, b"\x00\x0a\x04mail\xc0\x0e"),
                (NS, b"\x03n.s\x00"),
                (16, b"\x03txt"),
            ],
        );
        let answer = decode(&message).unwrap();
        let expect = [
            Record::Alias,
            Record::A("192.0.2.1".parse().unwrap()),
            Record::Aaaa("2001:db8::1".parse().unwrap()),
            Record::Srv { target: "b.example.".to_owned(), port: 8080 },
            Record::Mx("mail.example.".to_owned()),
            Record::Ns("n\\.s.".to_owned()),
            Record::Other(16),
        ];
        assert_eq!((answer.id, answer.is_truncated, answer.code), (7, false, SUCCESS));
        assert_eq!(answer.records, expect);
        // Nothing that is cut off is an answer, and nothing that is damaged does harm.
        for end in 0..message.len() {
            assert_eq!(decode(&message[..end]), None, "{end}");
            for bit in 0..8 {
                let mut damaged = message.clone();
                damaged[end] ^= 1 << bit;
                let _ = decode(&damaged);
            }
        }
    }

    #[test]
    fn codes_and_what_is_no_answer() {
        assert_eq!(decode(&answer([0x81, 0x83], &[])).unwrap().code, NO_NAME);
        assert!(decode(&answer([0x83, 0x80], &[])).unwrap().is_truncated);
        assert_eq!(decode(&answer([0x01, 0x00], &[])), None);
        // A name that leads to itself, or forwards.
        assert_eq!(decode(&answer([0x81, 0x80], &[(NS, b"\xc0\x28")])), None);
        assert_eq!(decode(&answer([0x81, 0x80], &[(NS, b"\xc1\x00")])), None);
        // An address of another size.
        assert_eq!(decode(&answer([0x81, 0x80], &[(A, b"\x01\x02\x03")])), None);
    }
}
