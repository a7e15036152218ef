//! Replacement templates with the meaning of Go's `Regexp.Expand`.

use crate::unicode;

/// What a `$` stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reference<'t> {
    Index(usize),
    Name(&'t str),
}

/// Numbers from here on are names (of groups that cannot exist).
const MAX_INDEX: usize = 100_000_000;

/// Appends `template` to `out`, each reference replaced by what `resolve` appends for it.
pub(crate) fn expand(template: &str, out: &mut String, mut resolve: impl FnMut(Reference<'_>, &mut String)) {
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some((reference, after)) = reference(after) {
            resolve(reference, out);
            rest = after;
        } else {
            // Malformed: the dollar is text.
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
}

/// Splits off the name that follows a `$`, as long as possible, or in braces.
fn reference(text: &str) -> Option<(Reference<'_>, &str)> {
    let (name, rest) = match text.strip_prefix('{') {
        Some(inside) => {
            let (name, rest) = split_name(inside);
            (name, rest.strip_prefix('}')?)
        }
        None => split_name(text),
    };
    (!name.is_empty()).then(|| (Reference::new(name), rest))
}

fn split_name(text: &str) -> (&str, &str) {
    text.split_at(text.find(|character| !unicode::is_word(character)).unwrap_or(text.len()))
}

impl<'t> Reference<'t> {
    /// A number without leading zeros is an index; anything else is a name.
    fn new(name: &'t str) -> Self {
        let is_number = name.bytes().all(|byte| byte.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
        match name.parse() {
            Ok(index) if is_number && index < MAX_INDEX * 10 => Self::Index(index),
            _ => Self::Name(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values follow the documentation of Go's `Regexp.Expand`; `tests/golden.rs` compares with Go itself.
    #[track_caller]
    fn check(template: &str, expect: &str) {
        let mut out = String::new();
        expand(template, &mut out, |reference, out| match reference {
            Reference::Index(index) => out.push_str(&format!("<{index}>")),
            Reference::Name(name) => out.push_str(&format!("<{name}!>")),
        });
        assert_eq!(out, expect, "{template}");
    }

    #[test]
    fn references() {
        check("", "");
        check("plain", "plain");
        check("$1", "<1>");
        check("${1}x", "<1>x");
        check("$1x", "<1x!>");
        check("$10", "<10>");
        check("${name}-$name_2", "<name!>-<name_2!>");
        check("$01", "<01!>");
        check("$0", "<0>");
        check("$99999999999999999999", "<99999999999999999999!>");
        check("$é-$٣", "<é!>-<٣!>");
    }

    #[test]
    fn dollars_that_are_text() {
        check("$$1", "$1");
        check("$", "$");
        check("a$-b", "a$-b");
        check("${", "${");
        check("${}", "${}");
        check("${a", "${a");
        check("${a-b}", "${a-b}");
        check("$$$1", "$<1>");
    }
}
