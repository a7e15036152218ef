//! The classes that hold ASCII only: Perl's and those of POSIX.

type AsciiClass = &'static [(char, char)];

const DIGIT: AsciiClass = &[('0', '9')];
const WORD: AsciiClass = &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];
/// `\s` leaves out the vertical tab, which `[:space:]` holds.
const PERL_SPACE: AsciiClass = &[('\t', '\n'), ('\x0c', '\r'), (' ', ' ')];

/// The class of `\d`, `\s` or `\w`.
pub(crate) fn perl(letter: u8) -> Option<AsciiClass> {
    match letter {
        b'd' => Some(DIGIT),
        b's' => Some(PERL_SPACE),
        b'w' => Some(WORD),
        _ => None,
    }
}

/// The class of `[:name:]`.
pub(crate) fn posix(name: &[u8]) -> Option<AsciiClass> {
    Some(match name {
        b"alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        b"alpha" => &[('A', 'Z'), ('a', 'z')],
        b"ascii" => &[('\0', '\x7f')],
        b"blank" => &[('\t', '\t'), (' ', ' ')],
        b"cntrl" => &[('\0', '\x1f'), ('\x7f', '\x7f')],
        b"digit" => DIGIT,
        b"graph" => &[('!', '~')],
        b"lower" => &[('a', 'z')],
        b"print" => &[(' ', '~')],
        b"punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        b"space" => &[('\t', '\r'), (' ', ' ')],
        b"upper" => &[('A', 'Z')],
        b"word" => WORD,
        b"xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return None,
    })
}
