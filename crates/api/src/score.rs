//! How well a text fits what somebody types, for `/api/v1/search`: the scores of Prometheus, from 0 to 1.

/// How texts are compared with a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// All characters of the term are in the text, in their order.
    Subsequence,
    /// The term is in the text, or the two are near by the measure of Jaro and Winkler.
    JaroWinkler,
}

/// What texts are compared with.
pub(crate) struct Filter {
    terms: Vec<Vec<char>>,
    algorithm: Algorithm,
    /// Texts with less do not fit.
    threshold: f64,
    case_sensitive: bool,
}

impl Filter {
    /// A filter for texts that fit one of the terms; `None` if all texts do.
    pub(crate) fn new<'a>(
        terms: impl Iterator<Item = &'a str>,
        algorithm: Algorithm,
        threshold: f64,
        case_sensitive: bool,
    ) -> Option<Self> {
        let fold =
            |term: &str| if case_sensitive { term.chars().collect() } else { term.to_lowercase().chars().collect() };
        let terms: Vec<_> = terms.filter(|term| !term.is_empty()).map(fold).collect();
        (!terms.is_empty()).then_some(Self { terms, algorithm, threshold, case_sensitive })
    }

    /// How well a text fits, if it does.
    pub(crate) fn score(&self, text: &str) -> Option<f64> {
        let text: Vec<char> =
            if self.case_sensitive { text.chars().collect() } else { text.to_lowercase().chars().collect() };
        self.terms.iter().filter_map(|term| self.score_of(term, &text)).reduce(f64::max)
    }

    fn score_of(&self, term: &[char], text: &[char]) -> Option<f64> {
        match self.algorithm {
            Algorithm::Subsequence if text.starts_with(term) => Some(1.0),
            Algorithm::Subsequence => subsequence(term, text).filter(|score| *score > 0.0 && *score >= self.threshold),
            Algorithm::JaroWinkler => substring(term, text).or_else(|| {
                let near = (self.threshold > 0.0).then(|| jaro_winkler(term, text));
                near.filter(|score| *score >= self.threshold)
            }),
        }
    }
}

/// 1 at the front of the text, down to 0.1 at its end.
fn substring(term: &[char], text: &[char]) -> Option<f64> {
    let at = text.windows(term.len()).position(|window| window == term)?;
    let last = text.len() - term.len();
    Some(if at == 0 { 1.0 } else { 1.0 - 0.9 * at as f64 / last as f64 })
}

/// The best of all ways to find the term in the text from left to right, each taken greedily: the squares of the lengths
/// of runs, less what lies between them (and half of what lies behind) in lengths of the text, by the square of the
/// term's length. Only the text itself has 1.
fn subsequence(term: &[char], text: &[char]) -> Option<f64> {
    if term == text {
        return Some(1.0);
    }
    let starts = (0..=text.len().checked_sub(term.len())?).filter(|start| text.get(*start) == term.first());
    let scores = starts.map_while(|start| greedy(term, text, start));
    let best = scores.reduce(f64::max).filter(|score| *score >= 0.0)?;
    Some(best / (term.len() * term.len()) as f64 * 0.999)
}

/// The score of the term found from `start` on, before it is made comparable.
fn greedy(term: &[char], text: &[char], start: usize) -> Option<f64> {
    let unit = 1.0 / text.len() as f64;
    let (mut score, mut run, mut end) = (0.0, 0_usize, 0);
    let mut places = text.iter().enumerate().skip(start);
    for wanted in term {
        let (at, _) = places.find(|(_, c)| *c == wanted)?;
        if at > end || run == 0 {
            score += (run * run) as f64 - (at - end) as f64 * unit;
            run = 0;
        }
        run += 1;
        end = at + 1;
    }
    Some(score + (run * run) as f64 - (text.len() - end) as f64 * unit * 0.5)
}

/// The similarity of Jaro, raised by up to four equal characters at the front as Winkler has it.
fn jaro_winkler(a: &[char], b: &[char]) -> f64 {
    if a == b {
        return 1.0;
    }
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let reach = (long.len() / 2).saturating_sub(1);
    let mut taken = vec![false; long.len()];
    // The characters of the shorter text that have a partner near by in the longer one.
    let mut partners = Vec::new();
    for (i, c) in short.iter().enumerate() {
        let from = i.saturating_sub(reach);
        let mut near = long.iter().zip(&mut taken).skip(from).take(i + reach + 1 - from);
        if let Some((_, taken)) = near.find(|(other, taken)| !**taken && *other == c) {
            *taken = true;
            partners.push(*c);
        }
    }
    if partners.is_empty() {
        return 0.0;
    }
    let in_order = long.iter().zip(&taken).filter(|(_, taken)| **taken).map(|(c, _)| *c);
    let displaced = partners.iter().zip(in_order).filter(|(a, b)| *a != b).count() as f64 / 2.0;
    let matches = partners.len() as f64;
    let jaro = (matches / short.len() as f64 + matches / long.len() as f64 + (matches - displaced) / matches) / 3.0;
    let prefix = short.iter().zip(long).take(4).take_while(|(a, b)| a == b).count() as f64;
    jaro + prefix * 0.1 * (1.0 - jaro)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chars(text: &str) -> Vec<char> {
        text.chars().collect()
    }

    #[track_caller]
    fn check(expected: f64, got: f64) {
        assert!((expected - got).abs() < 1e-9, "expected {expected}, got {got}");
    }

    /// By hand from the formula; the third case is also one of `util/strutil/subsequence_test.go`.
    #[test]
    fn a_subsequence_is_worth_its_runs_less_its_gaps() {
        let score = |term: &str, text: &str| subsequence(&chars(term), &chars(text));
        check(1.0, score("abc", "abc").unwrap());
        assert_eq!(score("abc", "acb"), None);
        // Two in a row, thirteen of fifteen behind them.
        check((4.0 - 13.0 / 30.0) / 4.0 * 0.999, score("my", "my awesome text").unwrap());
        // One behind a gap of one, one behind another, one left over.
        check((1.0 - 1.0 / 5.0 + 1.0 - 1.0 / 5.0 - 0.5 / 5.0) / 4.0 * 0.999, score("bd", "abcde").unwrap());
        // The second start is the better one.
        check((4.0 - 2.0 / 4.0) / 4.0 * 0.999, score("ab", "axab").unwrap());
        check((1.0 - 1.0 / 2.0) * 0.999, score("\u{e9}", "x\u{e9}").unwrap());
    }

    /// Published values of the measure (W. E. Winkler, "String Comparator Metrics", 1990).
    #[test]
    fn jaro_and_winkler_agree() {
        let score = |a: &str, b: &str| (jaro_winkler(&chars(a), &chars(b)) * 1000.0).round() / 1000.0;
        check(0.961, score("martha", "marhta"));
        check(0.840, score("dwayne", "duane"));
        check(0.813, score("dixon", "dicksonx"));
        check(0.0, score("abc", "xyz"));
    }

    #[test]
    fn terms_are_alternatives() {
        let filter =
            |terms: &[&str], algorithm, threshold, case| Filter::new(terms.iter().copied(), algorithm, threshold, case);
        assert!(filter(&["", ""], Algorithm::Subsequence, 0.0, true).is_none());
        let either = filter(&["load", "cpu"], Algorithm::JaroWinkler, 0.0, true).unwrap();
        assert_eq!(either.score("cpu_seconds"), Some(1.0));
        // "load" is behind five of the six places that it could be behind.
        check(1.0 - 0.9 * 5.0 / 6.0, either.score("node_load1").unwrap());
        assert_eq!(either.score("Load"), None);
        let folded = filter(&["LOAD"], Algorithm::JaroWinkler, 0.0, false).unwrap();
        assert_eq!(folded.score("Load1"), Some(1.0));
        let strict = filter(&["ab"], Algorithm::Subsequence, 0.9, true).unwrap();
        assert_eq!((strict.score("a_b"), strict.score("abc")), (None, Some(1.0)));
    }
}
