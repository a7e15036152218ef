//! Regular expressions: no pattern panics, shortcuts decide as the automaton does, and what has the same meaning in the
//! `regex` crate finds the same there.

use arbitrary::{Arbitrary, Unstructured};
use promd_regex::{Anchored, Candidates, Regex};

/// Longest pattern and text: the rest of an input says nothing more.
const MAX_LEN: usize = 256;

/// The first byte says which of the two the rest is for.
pub fn regex(data: &[u8]) {
    match data.split_first() {
        Some((b'#', rest)) => same_as_the_regex_crate(rest),
        _ => raw(data),
    }
}

/// A pattern, a newline, and a text to match.
fn raw(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (pattern, text) = data.split_at(end);
    let pattern = &pattern[..pattern.len().min(MAX_LEN)];
    let text = String::from_utf8_lossy(&text[..text.len().min(MAX_LEN)]);
    let text = text.strip_prefix('\n').unwrap_or(&text);

    let general = Regex::new(pattern);
    if let Ok(regex) = &general {
        assert_eq!(regex.is_match(text), regex.find(text).is_some());
        assert_eq!(regex.find(text), regex.captures(text).and_then(|captures| captures.span(0)));
        let replaced = regex.replace_all(text, "<$0|$1>");
        assert!(regex.is_match(text) || replaced == text);
    }
    if let Ok(wrapped) = Anchored::wrapped(pattern) {
        let whole = Regex::new(&[b"^(?s:", pattern, b")$"].concat()).expect("it is what was wrapped");
        check(&wrapped, &whole, text);
        if let Ok(alone) = Anchored::new(pattern) {
            check(&alone, &whole, text);
        }
    }
}

/// A matcher answers as the general expression.
fn check(matcher: &Anchored, whole: &Regex, text: &str) {
    let expected = whole.is_match(text);
    assert_eq!(matcher.is_match(text), expected);
    assert_eq!(matcher.replace_all(text, "<$0|$1>"), whole.replace_all(text, "<$0|$1>"));
    let may_match = match matcher.candidates() {
        Candidates::All => true,
        Candidates::NonEmpty => !text.is_empty(),
        Candidates::Literals(values) => {
            assert!(values.iter().take(8).all(|value| whole.is_match(value)));
            values.contains(text)
        }
        Candidates::Prefix(prefix) => text.starts_with(prefix),
        Candidates::Unknown { prefix } => text.starts_with(prefix) && expected,
        _ => expected,
    };
    assert_eq!(may_match, expected);
}

fn same_as_the_regex_crate(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let (Ok(tree), Ok(text)) = (Tree::arbitrary(&mut input), Vec::<Letter>::arbitrary(&mut input)) else { return };
    let text: String = text.iter().take(MAX_LEN).map(|letter| letter.text()).collect();
    let (mut go, mut rust) = (String::new(), String::new());
    tree.print(Dialect::Go, DEPTH, &mut go);
    tree.print(Dialect::Rust, DEPTH, &mut rust);
    let (Ok(ours), Ok(theirs)) = (Regex::new(&go), regex::Regex::new(&rust)) else { return };

    assert_eq!(ours.is_match(&text), theirs.is_match(&text), "{go} on {text:?}");
    let found = ours.captures(&text);
    let expected = theirs.captures(&text);
    assert_eq!(found.is_some(), expected.is_some(), "{go} on {text:?}");
    if let (Some(found), Some(expected)) = (found, expected) {
        for index in 0..expected.len() {
            let span = expected.get(index).map(|group| group.range());
            assert_eq!(found.span(index), span, "group {index} of {go} on {text:?}");
        }
    }
    assert_eq!(ours.replace_all(&text, "<$0>"), theirs.replace_all(&text, "<$0>"), "{go} on {text:?}");

    let whole = regex::Regex::new(&format!("^(?s:{rust})$")).expect("it compiles without anchors");
    let matcher = Anchored::new(&go).expect("it compiles unanchored");
    assert_eq!(matcher.is_match(&text), whole.is_match(&text), "{go} on all of {text:?}");
}

/// Levels of a tree that are printed.
const DEPTH: u32 = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Go,
    Rust,
}

/// A text that both dialects can mean.
#[derive(Debug, Arbitrary)]
enum Letter {
    A,
    B,
    Ab,
    UpperA,
    Digit,
    Dash,
    Space,
    Newline,
}

impl Letter {
    fn text(&self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
            Self::Ab => "ab",
            Self::UpperA => "A",
            Self::Digit => "1",
            Self::Dash => "-",
            Self::Space => " ",
            Self::Newline => "\n",
        }
    }
}

/// An expression with the same meaning in both dialects.
#[derive(Debug, Arbitrary)]
enum Tree {
    Empty,
    Letter(Letter),
    Any,
    AnyButNewline,
    Class(Class),
    Look(Look),
    Concat(Vec<Tree>),
    Alternation(Vec<Tree>),
    Group(Box<Tree>),
    Flag(Flag, Box<Tree>),
    Repeat(Times, bool, Box<Tree>),
}

#[derive(Debug, Arbitrary)]
enum Class {
    Ab,
    NotA,
    Digit,
    NotDigit,
    Word,
    Space,
}

#[derive(Debug, Arbitrary)]
enum Look {
    Start,
    End,
    StartText,
    EndText,
    Word,
    NotWord,
}

#[derive(Debug, Arbitrary)]
enum Flag {
    Lines,
    Ungreedy,
    AnyCase,
}

#[derive(Debug, Arbitrary)]
enum Times {
    Star,
    Plus,
    Maybe,
    Exactly(u8),
    AtLeast(u8),
    Between(u8, u8),
}

impl Tree {
    fn print(&self, dialect: Dialect, depth: u32, out: &mut String) {
        let Some(depth) = depth.checked_sub(1) else { return };
        let go = dialect == Dialect::Go;
        match self {
            Self::Empty => {}
            Self::Letter(letter) => out.push_str(letter.text()),
            Self::Any => out.push_str("(?s:.)"),
            Self::AnyButNewline => out.push_str("(?-s:.)"),
            Self::Class(class) => out.push_str(match class {
                Class::Ab => "[ab]",
                Class::NotA => "[^a]",
                Class::Digit if go => r"\d",
                Class::Digit => "[0-9]",
                Class::NotDigit if go => r"\D",
                Class::NotDigit => "[^0-9]",
                Class::Word if go => "[[:word:]]",
                Class::Word => "[0-9A-Za-z_]",
                Class::Space if go => r"\s",
                Class::Space => r"[\t\n\f\r ]",
            }),
            Self::Look(look) => out.push_str(match look {
                Look::Start => "^",
                Look::End => "$",
                Look::StartText => r"\A",
                Look::EndText => r"\z",
                Look::Word if go => r"\b",
                Look::Word => r"(?-u:\b)",
                // Texts are ASCII, and there it is the same as the Unicode one.
                Look::NotWord => r"\B",
            }),
            Self::Concat(parts) => {
                for part in parts.iter().take(6) {
                    out.push_str("(?:");
                    part.print(dialect, depth, out);
                    out.push(')');
                }
            }
            Self::Alternation(parts) => {
                out.push_str("(?:");
                for (index, part) in parts.iter().take(6).enumerate() {
                    if index > 0 {
                        out.push('|');
                    }
                    part.print(dialect, depth, out);
                }
                if !go && parts.len() > 1 {
                    // Nothing matches it. It keeps the crate from lifting what all alternatives begin with, which
                    // changes what is preferred: `(?:a|ab)c|(?:a|ab)bcd` finds `abcd` there.
                    out.push_str("|[a&&b]");
                }
                out.push(')');
            }
            Self::Group(inner) => {
                out.push('(');
                inner.print(dialect, depth, out);
                out.push(')');
            }
            Self::Flag(flag, inner) => {
                out.push_str(match flag {
                    Flag::Lines => "(?m:",
                    Flag::Ungreedy => "(?U:",
                    Flag::AnyCase => "(?i:",
                });
                inner.print(dialect, depth, out);
                out.push(')');
            }
            Self::Repeat(times, few, inner) => {
                out.push_str("(?:");
                inner.print(dialect, depth, out);
                out.push(')');
                let small = |count: &u8| count % 4;
                match times {
                    Times::Star => out.push('*'),
                    Times::Plus => out.push('+'),
                    Times::Maybe => out.push('?'),
                    Times::Exactly(count) => out.push_str(&format!("{{{}}}", small(count))),
                    Times::AtLeast(count) => out.push_str(&format!("{{{},}}", small(count))),
                    Times::Between(count, more) => {
                        out.push_str(&format!("{{{},{}}}", small(count), small(count) + small(more)));
                    }
                }
                if *few {
                    out.push('?');
                }
            }
        }
    }
}
