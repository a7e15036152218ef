//! The cache against what `scrape/scrape.go` keeps in maps.

use super::*;

const NONE_AT_ALL: [u64; 0] = [];

/// Scrapes texts, each of which stands for the series whose number is its length; those that begin with `-` are dropped.
fn scrape(cache: &mut SeriesCache, texts: &[&str]) -> Vec<u64> {
    cache.begin_pass();
    for text in texts {
        match cache.find(text.as_bytes()) {
            Found::Unknown(key) if text.starts_with('-') => {
                let _ = cache.insert(key, None).unwrap();
            }
            Found::Unknown(key) => {
                let at = cache.insert(key, Some(SeriesRef(text.len() as u64))).unwrap();
                assert!(cache.stored(at, true));
            }
            Found::Dropped => assert!(text.starts_with('-')),
            Found::Series { at, series, again } => {
                assert_eq!(series, SeriesRef(text.len() as u64));
                assert!(again || !cache.stored(at, true));
            }
        }
    }
    end(cache, true)
}

fn end(cache: &mut SeriesCache, flush: bool) -> Vec<u64> {
    let mut vanished = Vec::new();
    cache.vanished(&mut vanished);
    cache.end_scrape(flush, 0);
    vanished.into_iter().map(|series| series.0).collect()
}

#[test]
fn what_is_not_there_any_more_has_vanished_once() {
    let mut cache = SeriesCache::new(7, promd_budget::Ledger::unlimited().root());
    assert_eq!(scrape(&mut cache, &["a", "bb", "ccc", "-d"]), NONE_AT_ALL);
    assert_eq!(scrape(&mut cache, &["ccc", "-d", "a"]), [2]);
    assert_eq!(scrape(&mut cache, &["ccc", "a", "ccc"]), NONE_AT_ALL);
    assert_eq!(cache.len(), 2, "what was not in the body is forgotten");
    assert_eq!(scrape(&mut cache, &["eeeee"]), [1, 3]);
}

#[test]
fn a_failed_scrape_is_the_end_of_all_but_forgets_nothing() {
    let mut cache = SeriesCache::new(7, promd_budget::Ledger::unlimited().root());
    scrape(&mut cache, &["a", "bb"]);
    cache.begin_pass();
    assert_eq!(end(&mut cache, false), [1, 2]);
    assert_eq!(cache.len(), 2);
    cache.begin_pass();
    assert_eq!(end(&mut cache, false), NONE_AT_ALL, "they have been ended already");
    assert_eq!(scrape(&mut cache, &["a", "bb"]), NONE_AT_ALL);
}

#[test]
fn a_series_under_another_text_has_not_vanished() {
    let mut cache = SeriesCache::new(7, promd_budget::Ledger::unlimited().root());
    scrape(&mut cache, &["aa", "b"]);
    assert_eq!(scrape(&mut cache, &["xx", "b"]), NONE_AT_ALL);
}

#[test]
fn what_is_met_again_is_said_to_be() {
    let mut cache = SeriesCache::new(7, promd_budget::Ledger::unlimited().root());
    scrape(&mut cache, &["a", "bb"]);
    cache.begin_pass();
    for again in [false, true] {
        assert!(matches!(cache.find(b"a"), Found::Series { again: found, .. } if found == again));
    }
}

#[test]
fn a_cache_that_grows_without_success_is_flushed() {
    let mut cache = SeriesCache::new(7, promd_budget::Ledger::unlimited().root());
    cache.begin_pass();
    for at in 0..1001_u64 {
        let Found::Unknown(key) = cache.find(&at.to_le_bytes()) else { panic!("{at} is new") };
        let entry = cache.insert(key, Some(SeriesRef(at))).unwrap();
        cache.stored(entry, true);
    }
    assert!(cache.end_scrape(false, 0), "more than twice as many as at the last success, and 1000");
    cache.begin_pass();
    assert!(cache.end_scrape(false, 0));
    assert_eq!(cache.len(), 0);
    assert!(!cache.end_scrape(false, 0));
}

#[test]
fn a_text_of_which_nothing_was_stored_is_forgotten() {
    let mut cache = SeriesCache::new(7, promd_budget::Ledger::unlimited().root());
    cache.begin_pass();
    let Found::Unknown(key) = cache.find(b"a") else { panic!("it is new") };
    let at = cache.insert(key, Some(SeriesRef(1))).unwrap();
    cache.forget_unless_stored(at);
    assert_eq!(cache.len(), 0);
    assert!(matches!(cache.find(b"a"), Found::Unknown(_)));
}

/// A number that counts how often numbers are compared.
#[derive(Debug, PartialEq, Eq)]
struct Counted(u32);

thread_local! {
    static COMPARISONS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

impl Ord for Counted {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        COMPARISONS.set(COMPARISONS.get() + 1);
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Counted {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

#[test]
fn a_target_whose_texts_are_all_new_costs_no_square() {
    const COUNT: u32 = 1 << 16;
    let mut before: Vec<Counted> = (0..COUNT).rev().map(Counted).collect();
    COMPARISONS.set(0);
    // All but every hundredth are there under other texts.
    retain_absent(&mut before, (0..COUNT).filter(|number| number % 100 != 0).map(Counted));
    assert_eq!(before.len(), 656);
    assert!(before.iter().all(|number| number.0 % 100 == 0));
    // Twice n times its logarithm, and some more.
    assert!(COMPARISONS.get() < 3 * 16 * u64::from(COUNT), "{} comparisons", COMPARISONS.get());
}
