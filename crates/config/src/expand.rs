//! Variables in text, as Go's `os.Expand` fills them in.

use crate::yaml::Environment;

/// Replaces `$name` and `${name}`; `$$` is a dollar, and what is not set is nothing.
pub(crate) fn expand(text: &str, environment: Environment<'_>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let (name, len) = name(after);
        match name {
            Some("$") => out.push('$'),
            Some(name) => out.push_str(&environment(name).unwrap_or_default()),
            // A dollar with nothing behind it that could be a name is a dollar; what is no name in braces is eaten.
            None if len == 0 => out.push('$'),
            None => {}
        }
        rest = after.get(len..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// The name at the start of `text`, and how many bytes it takes with its braces.
fn name(text: &str) -> (Option<&str>, usize) {
    let is_special = |byte: u8| b"*#$@!?-0123456789".contains(&byte);
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    match text.as_bytes() {
        [] => (None, 0),
        [b'{', byte, b'}', ..] if is_special(*byte) => (text.get(1..2), 3),
        [b'{', b'}', ..] => (None, 2),
        [b'{', ..] => match text.find('}') {
            Some(end) => (text.get(1..end), end + 1),
            None => (None, 1),
        },
        [byte, ..] if is_special(*byte) => (text.get(..1), 1),
        bytes => match bytes.iter().take_while(|byte| is_name(byte)).count() {
            0 => (None, 0),
            len => (text.get(..len), len),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values are those of Go 1.19's `os.Expand` with a function that sets `a` to `1` and turns `$` into `$`.
    #[test]
    fn as_go_expands() {
        for (text, expect) in [
            ("$a", "1"),
            ("x${a}y", "x1y"),
            ("$ab$$a", "$a"),
            ("$", "$"),
            ("a$ b", "a$ b"),
            ("${}x", "x"),
            ("${a", "a"),
            ("$-x", "x"),
            ("${$}", "$"),
            ("$é", "$é"),
        ] {
            let environment = |name: &str| (name == "a").then(|| "1".to_owned());
            assert_eq!(expand(text, &environment), expect, "{text}");
        }
    }
}
