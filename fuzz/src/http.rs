//! HTTP: what stands in headers, rules, certificates and paths. None of it panics, and none of it leads where it must not.

use promd_http::fuzzing;

/// Longest text: the rest of an input says nothing more.
const MAX_LEN: usize = 4_096;

/// The first byte says which reader the rest is for.
pub fn text(data: &[u8]) {
    let Some((which, rest)) = data.split_first() else { return };
    let rest = &rest[..rest.len().min(MAX_LEN)];
    match which {
        b'e' => fuzzing::encodings(rest),
        b'b' => {
            if let Some((user, _)) = fuzzing::basic(rest) {
                assert!(!user.contains(':'), "{user:?}");
            }
        }
        b'n' => {
            let text = String::from_utf8_lossy(rest);
            let (rules, host) = text.split_once('\n').unwrap_or((&text, "host.example"));
            assert!(fuzzing::no_proxy(rules, "127.0.0.1"), "the machine itself is never reached through a proxy");
            let _ = fuzzing::no_proxy(rules, host);
        }
        b'c' => drop(fuzzing::names(rest)),
        b'l' => {
            if let Some((uri, is_home)) = fuzzing::redirected(rest) {
                let host = uri.host().unwrap_or_default().to_ascii_lowercase();
                assert!(matches!(uri.scheme_str(), Some("http" | "https")), "{uri}");
                assert_eq!(is_home, host == "home.example" || host.ends_with(".home.example"), "{uri}");
            }
        }
        b'r' => {
            if let Some(to) = fuzzing::routed(&String::from_utf8_lossy(rest)) {
                assert!(to.starts_with("/prefix"), "{to}");
            }
        }
        _ => {}
    }
}
