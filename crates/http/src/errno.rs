//! Errors of the operating system in the words that Go has for them.

use std::io;

/// The error as Go prints it: in lower case, without a number.
pub(crate) fn text(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => return "unexpected EOF".to_owned(),
        io::ErrorKind::TimedOut if error.raw_os_error().is_none() => return "i/o timeout".to_owned(),
        _ => {}
    }
    let text = error.to_string();
    if error.raw_os_error().is_none() {
        return text;
    }
    let text = text.rsplit_once(" (os error ").map_or(text.as_str(), |(text, _)| text);
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected texts are in Go's `syscall/zerrors_linux_amd64.go`.
    #[test]
    fn numbers_have_gos_texts() {
        for (number, expect) in [
            (number::ECONNREFUSED, "connection refused"),
            (number::ECONNRESET, "connection reset by peer"),
            (number::EADDRINUSE, "address already in use"),
            (number::ENETUNREACH, "network is unreachable"),
            (number::EHOSTUNREACH, "no route to host"),
            (number::EACCES, "permission denied"),
        ] {
            assert_eq!(text(&io::Error::from_raw_os_error(number)), expect);
        }
    }

    mod number {
        pub(super) const EACCES: i32 = 13;
        pub(super) const EADDRINUSE: i32 = 98;
        pub(super) const ENETUNREACH: i32 = 101;
        pub(super) const ECONNRESET: i32 = 104;
        pub(super) const ECONNREFUSED: i32 = 111;
        pub(super) const EHOSTUNREACH: i32 = 113;
    }
}
