//! Patterns for paths, as Go's `filepath.Glob` has them.

use std::path::Path;

use promd_fs::Fs;

/// A pattern ends within brackets, or behind a backslash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("syntax error in pattern")]
pub struct BadPattern;

/// The paths that there are by a pattern, folder by folder in the order of names. Folders that cannot be read hold nothing.
///
/// # Errors
///
/// If it is no pattern.
pub fn glob(fs: &dyn Fs, pattern: &str) -> Result<Vec<String>, BadPattern> {
    matches(pattern, "")?;
    if !has_meta(pattern) {
        let exists = fs.exists(Path::new(pattern)).unwrap_or(false);
        return Ok(if exists { vec![pattern.to_owned()] } else { Vec::new() });
    }
    let (folder, name) = match pattern.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some((folder, name)) => (folder, name),
        None => ("", pattern),
    };
    let folders = if has_meta(folder) { glob(fs, folder)? } else { vec![folder.to_owned()] };
    let mut found = Vec::new();
    for folder in folders {
        let read = fs.read_dir(Path::new(if folder.is_empty() { "." } else { &folder })).unwrap_or_default();
        let mut names: Vec<&str> = read.iter().filter_map(promd_fs::Entry::text).collect();
        names.sort_unstable();
        for entry in names {
            if matches(name, entry)? {
                found.push(crate::path::join(&folder, entry));
            }
        }
    }
    Ok(found)
}

fn has_meta(pattern: &str) -> bool {
    pattern.contains(['*', '?', '[', '\\'])
}

/// Whether all of `name` matches: `*` is any text, `?` any character, `[a-z]` and `[^a-z]` are classes, `\` quotes.
fn matches(pattern: &str, name: &str) -> Result<bool, BadPattern> {
    let tokens = tokens(pattern)?;
    let name: Vec<char> = name.chars().collect();
    // Positions of the name that the tokens so far can reach.
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    for token in &tokens {
        let mut next = vec![false; name.len() + 1];
        for at in 0..=name.len() {
            if !reached[at] {
                continue;
            }
            match token {
                Token::Any => next[at..].iter_mut().for_each(|reached| *reached = true),
                Token::One(class) => {
                    if name.get(at).is_some_and(|c| class.contains(*c)) {
                        next[at + 1] = true;
                    }
                }
            }
        }
        reached = next;
    }
    Ok(reached[name.len()])
}

enum Token {
    Any,
    One(Class),
}

struct Class {
    ranges: Vec<(char, char)>,
    negated: bool,
}

impl Class {
    fn contains(&self, c: char) -> bool {
        self.ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != self.negated
    }
}

fn tokens(pattern: &str) -> Result<Vec<Token>, BadPattern> {
    let mut tokens = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        let class = match c {
            '*' => {
                tokens.push(Token::Any);
                continue;
            }
            '?' => Class { ranges: vec![('\0', char::MAX)], negated: false },
            '\\' => {
                let c = chars.next().ok_or(BadPattern)?;
                Class { ranges: vec![(c, c)], negated: false }
            }
            '[' => {
                let negated = chars.next_if_eq(&'^').is_some();
                let mut ranges = Vec::new();
                while ranges.is_empty() || chars.next_if_eq(&']').is_none() {
                    let mut bound = || match chars.next() {
                        Some('\\') => chars.next().ok_or(BadPattern),
                        Some('-' | ']') | None => Err(BadPattern),
                        Some(c) => Ok(c),
                    };
                    let low = bound()?;
                    let high = if chars.next_if_eq(&'-').is_some() {
                        match chars.next() {
                            Some('\\') => chars.next().ok_or(BadPattern)?,
                            Some('-' | ']') | None => return Err(BadPattern),
                            Some(c) => c,
                        }
                    } else {
                        low
                    };
                    ranges.push((low, high));
                }
                Class { ranges, negated }
            }
            c => Class { ranges: vec![(c, c)], negated: false },
        };
        tokens.push(Token::One(class));
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values are from the table of Go's own test of `filepath.Match`.
    #[test]
    fn as_go_matches() {
        for (pattern, name, expect) in [
            ("abc", "abc", Ok(true)),
            ("*", "abc", Ok(true)),
            ("*c", "abc", Ok(true)),
            ("a*", "a", Ok(true)),
            ("a*b*c*d*e*", "axbxcxdxexxx", Ok(true)),
            ("ab[c]", "abc", Ok(true)),
            ("ab[b-d]", "abc", Ok(true)),
            ("ab[e-g]", "abc", Ok(false)),
            ("ab[^c]", "abc", Ok(false)),
            ("ab[^e-g]", "abc", Ok(true)),
            ("a\\*b", "a*b", Ok(true)),
            ("a?b", "a☺b", Ok(true)),
            ("a???b", "a☺b", Ok(false)),
            ("[\\]a]", "]", Ok(true)),
            ("[\\-x]", "-", Ok(true)),
            ("[]a]", "]", Err(BadPattern)),
            ("[-]", "-", Err(BadPattern)),
            ("[x-]", "x", Err(BadPattern)),
            ("[a-b-c]", "a", Err(BadPattern)),
            ("[", "a", Err(BadPattern)),
            ("[^bc", "a", Err(BadPattern)),
            ("a[", "a", Err(BadPattern)),
            ("*x", "xxx", Ok(true)),
        ] {
            assert_eq!(matches(pattern, name), expect, "{pattern} {name}");
        }
    }
}
