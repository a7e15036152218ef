//! That what may wait cannot fail.

use std::fs;

use regex_automata::nfa::thompson;

use super::*;
use crate::parse::{Flags, parse};
use crate::unicode::Spelling;

/// What an automaton has besides states: byte classes, the start of a search, an empty table.
const FIXED_BYTES: u64 = 4 << 10;

fn check(pattern: &str) -> bool {
    let Ok(parsed) = parse(pattern.as_bytes(), Flags::default(), Spelling::Loose) else { return false };
    let node = parsed.node;
    if !can_wait(&node) {
        return false;
    }
    for reverse in [false, true] {
        let captures = if reverse { WhichCaptures::None } else { WhichCaptures::Implicit };
        let config = thompson::Config::new().reverse(reverse).which_captures(captures);
        let nfa = thompson::Compiler::new().configure(config).build_from_hir(&node.hir).unwrap();
        let bytes = nfa.memory_usage() as u64;
        assert!(bytes <= node.bulk + FIXED_BYTES, "{pattern:.40}: {bytes} bytes, foreseen {}", node.bulk);
    }
    true
}

/// Of all patterns that Go was asked about.
#[test]
fn no_automaton_is_larger_than_foreseen() {
    let table = fs::read_to_string(promd_testkit::testdata("regex/matches.tsv")).unwrap();
    let patterns = table.lines().filter_map(|line| line.split('\t').next()).map(|field| {
        let mut parts = field.split('%');
        let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
        for part in parts {
            let (code, rest) = part.split_at(2);
            bytes.push(u8::from_str_radix(code, 16).unwrap());
            bytes.extend_from_slice(rest.as_bytes());
        }
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let checked = patterns.filter(|pattern| check(pattern)).count();
    assert!(checked > 2_000, "{checked}");
}

/// Where an automaton has most states for each byte of its pattern.
#[test]
fn nor_where_it_is_dense() {
    // Each range lies in two lengths of UTF-8, and begins and ends within the last byte.
    let ranges = |step: u32| -> String {
        let starts = (0x80..0x10f000).step_by(step as usize).filter(|start| !(0xd000..0xe000).contains(start));
        starts.map(|start| format!(r"\x{{{start:x}}}-\x{{{:x}}}", start + step / 2)).collect()
    };
    for pattern in [
        r"\pL".to_owned(),
        r"(?i)[\PLk]".to_owned(),
        ".{30}".to_owned(),
        r"(?:\pN?){20}".to_owned(),
        r"((a*)+|b?){100}".to_owned(),
        r"(?:a|bc|def){0,200}".to_owned(),
        format!("[{}]", ranges(0xfff7)),
        format!("[{}]{{2}}", ranges(0x7f3)),
        r"[\x{7f}-\x{10fffe}]{50}".to_owned(),
        "(?:(?:(?:a?){10}){10}){10}".to_owned(),
    ] {
        assert!(check(&pattern), "{pattern:.40} cannot wait");
    }
    for pattern in [r"\pL{600}", "(?:(?:(?:a?b?c?d?e?){10}){10}){10}(?:.{900})*"] {
        let large = pattern.repeat(20);
        assert!(!check(&large), "{pattern:.40} can wait");
    }
}
