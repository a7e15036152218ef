//! Hostile patterns: refused with Go's text or answered, within bounded stack and memory.

#![expect(clippy::unwrap_used, reason = "a thread that cannot start or panics fails the test")]

use std::thread;

use promd_regex::{Anchored, Error, ErrorKind, Regex};
use promd_testkit::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Runs `work` with as little stack as a thread of some runtimes has.
fn on_small_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        thread::Builder::new().stack_size(256 << 10).spawn_scoped(scope, work).unwrap().join().unwrap()
    })
}

fn nested(open: &str, inside: &str, close: &str, times: usize) -> String {
    [open.repeat(times), inside.into(), close.repeat(times)].concat()
}

/// All three ways to compile.
fn compile_all(pattern: &str) -> [Result<(), Error>; 3] {
    [Regex::new(pattern).map(drop), Anchored::new(pattern).map(drop), Anchored::wrapped(pattern).map(drop)]
}

/// Go allows a tree of height 1000 (`maxHeight` in `regexp/syntax`); with anchors around, Prometheus 3.5.3 takes 998 groups
/// in a matcher, and for 999 it shows the anchors in the error.
#[test]
fn groups_may_nest_up_to_gos_limit() {
    let at_limit = nested("(", "a", ")", 999);
    assert!(Regex::new(&at_limit).is_ok());
    let above = nested("(", "a", ")", 1000);
    let text = |shown: &str| format!("error parsing regexp: expression nests too deeply: `{shown}`");
    assert_eq!(Regex::new(&above).unwrap_err().to_string(), text(&above));

    assert!(Anchored::new(&nested("(", "a", ")", 998)).unwrap().is_match("a"));
    assert_eq!(Anchored::new(&at_limit).unwrap_err().to_string(), text(&format!("^(?s:{at_limit})$")));
    assert_eq!(Anchored::new(&above).unwrap_err().to_string(), text(&above));
}

/// Each of these recurses somewhere in a naive compiler, printer, comparison or destructor.
#[test]
fn deep_patterns_need_little_stack() {
    on_small_stack(|| {
        for (open, close) in [
            ("(", ")"),
            ("(?:", ")*"),
            ("(?:x", ")*"),
            ("(?:", ")?"),
            ("(?:x", "|bcd)"),
            ("(?:[ab]x*", "|[ab]x*)"),
            ("(?:(?i:k)", "|.*y)"),
            ("(?:", ""),
            ("(?i", ")"),
            ("[", "]"),
            ("(?P<n>", ")"),
        ] {
            for times in [100, 330, 499, 999, 100_000] {
                let pattern = nested(open, "a", close, times);
                for result in compile_all(&pattern) {
                    if let Err(error) = result {
                        assert!(error.expression().len() <= pattern.len() + 8);
                    }
                }
            }
        }
        assert!(Regex::new(&nested("(?:", "a", ")", 100_000)).unwrap().is_match("a"));
        assert!(Anchored::new(&nested("(?:x", "a", "|bcd)", 300)).unwrap().is_match("xxxbcd"));
    });
}

/// What may be asked of the allocator (all that was ever asked for, freed or not) for a pattern of a MiB or less.
const MAX_ALLOCATED: u64 = 2 << 30;

#[track_caller]
fn check_bounded(pattern: &str) -> Vec<Option<ErrorKind>> {
    let (results, allocated) = CountingAllocator::during(|| compile_all(pattern));
    assert!(allocated.bytes < MAX_ALLOCATED, "{} bytes for {:.40}", allocated.bytes, pattern);
    results.into_iter().map(|result| result.err().map(|error| error.kind())).collect()
}

#[test]
fn large_patterns_take_bounded_memory() {
    let too_large = vec![Some(ErrorKind::TooLarge); 3];
    // Go refuses this one as well: 3 million instructions.
    assert_eq!(check_bounded(&format!("(?:{}){{1000}}", "(xx?)".repeat(1000))), too_large);
    assert_eq!(check_bounded(&format!("(?:{}){{1000,}}", "(xx?)".repeat(1000))), too_large);
    // Go takes these: a class is a single instruction there.
    assert_eq!(check_bounded(r"\pL{1000}"), too_large);
    assert_eq!(check_bounded(&format!("(?:{}){{1000}}", r"\pL".repeat(30))), too_large);
    assert_eq!(check_bounded(&r"\pL".repeat(100_000)), too_large);
    assert_eq!(check_bounded(&format!("[{}]", r"\pL".repeat(100_000))), too_large);
    assert_eq!(check_bounded(&format!("(?i)[{}]", r"\PL".repeat(100_000))), too_large);
    assert_eq!(check_bounded(&"(?i:k)".repeat(300_000)), too_large);
    assert_eq!(check_bounded(&format!("(?i){}", "k".repeat(1 << 20))), too_large);
    // Groups times states: only where groups are asked for.
    assert_eq!(check_bounded(&"(a)|".repeat(10_000)), [Some(ErrorKind::TooLarge), None, Some(ErrorKind::TooLarge)]);
    for pattern in ["()", "a*", "[ab]", ".*a", "a|", "^", "(?:a?)", ".{1000}", "a{1000}.*", r"\Q(\E"] {
        check_bounded(&pattern.repeat(2000));
        check_bounded(&pattern.repeat((1 << 20) / pattern.len()));
    }
}

#[test]
fn a_limit_leaves_what_is_used() {
    assert!(Anchored::new(r"\pL{500}").unwrap().is_match(&"é".repeat(500)));
    assert!(Regex::new(r"(?:\pL\pN){200}").unwrap().is_match(&"é1".repeat(200)));
    let words = (0..20_000).map(|number| format!("pod-{number}")).collect::<Vec<_>>().join("|");
    let matcher = Anchored::new(&format!("(?:{words})[0-9a-f]+-.*")).unwrap();
    assert!(matcher.is_match("pod-19999cafe-1"));
    assert!(!matcher.is_match("pod-x"));
}

/// A matcher with too many groups to be tracked still matches, and tells the whole.
#[test]
fn untracked_groups() {
    let matcher = Anchored::new(&format!("{}[bc]d*", "(a)|".repeat(5000))).unwrap();
    let captures = matcher.captures("bd").unwrap();
    assert_eq!((captures.get(0), captures.get(1)), (Some("bd"), None));
    assert_eq!(matcher.replace_all("bd", "<$0$1>"), "<bd>");
}

#[test]
fn large_sets_are_small_and_quick_to_ask() {
    let words: Vec<String> = (0..10_000).map(|number| format!("instance-{number:05}.example.org:9090")).collect();
    let text: usize = words.iter().map(String::len).sum();
    let escaped = words.join("|").replace('.', r"\.");
    // With a parser and without one.
    for pattern in [escaped.clone(), format!("({escaped})"), words.join("|").replace('.', "-")] {
        let matcher = Anchored::new(&pattern).unwrap();
        // The pattern, the packed values, five bytes of end and hash each: nothing per value besides.
        assert!(matcher.memory_usage() < pattern.len() + text + 24 * words.len(), "{}", matcher.memory_usage());
        let (found, allocated) =
            CountingAllocator::during(|| words.iter().filter(|word| matcher.is_match(word)).count());
        assert_eq!((found, allocated.calls), (if pattern.contains('.') { 10_000 } else { 0 }, 0));
    }
}

/// No shortcut allocates to decide a value in lower case.
#[test]
fn shortcuts_do_not_allocate() {
    for pattern in
        ["", ".*", ".+", "abc", "a|b|c", "ab.*", "ab.+|cd.*", ".*cd", ".*b.*d.*", "(?i)abcdefghijk", "(?i).*bcd.*"]
    {
        let matcher = Anchored::new(pattern).unwrap();
        for text in ["", "abc", "abcd", "no such value in a long text"] {
            let (_, allocated) = CountingAllocator::during(|| matcher.is_match(text));
            assert_eq!(allocated.calls, 0, "{pattern} on {text:?}");
        }
    }
}
