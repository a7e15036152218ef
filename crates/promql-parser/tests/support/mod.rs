//! Queries out of a seed.
//!
//! [`Generator::query`] makes queries by the grammar, of every construct that Prometheus 3.5 knows, with the right types more
//! often than not. [`Generator::broken`] loses, doubles, swaps and replaces tokens of one, which is wrong in all ways that
//! a parser can notice.

/// A stream of numbers (splitmix64).
pub(crate) struct Generator {
    state: u64,
    tokens: Vec<String>,
}

const FUNCTIONS_OF_VECTORS: [&str; 8] =
    ["abs", "ceil", "sort_desc", "absent", "histogram_avg", "ln", "sgn", "timestamp"];
const FUNCTIONS_OF_RANGES: [&str; 9] = [
    "rate",
    "increase",
    "delta",
    "irate",
    "max_over_time",
    "absent_over_time",
    "deriv",
    "mad_over_time",
    "last_over_time",
];
const NAMES: [&str; 12] =
    ["foo", "bar", "a:b", "up", "sum", "offset", "and", "by", "http_requests_total", "start", "bottomk", "without"];
const LABELS: [&str; 9] = ["job", "instance", "le", "on", "sum", "bool", "group_left", "by", "\"a.b\""];
const VALUES: [&str; 7] = ["\"x\"", "'y z'", "`raw`", "\"\\\"\\n\\u1234\"", "\"\"", "\"日本\"", "\"a|b\""];
const REGEXES: [&str; 6] = ["\".*\"", "\".+\"", "\"5..\"", "`a|b`", "\"(\"", "\"x{1,3}\""];
const NUMBERS: [&str; 14] =
    ["1", "0", "2.5", "1e3", "0x1f", "017", "1_000", ".5", "Inf", "NaN", "-3", "1h30m", "5m", "9.5e10"];
const DURATIONS: [&str; 10] = ["5m", "1h30m", "10", "1d", "1w", "0.5", "90s", "100ms", "1y", "0"];
const OPERATORS: [&str; 16] =
    ["+", "-", "*", "/", "%", "^", "atan2", "==", "!=", "<", "<=", ">", ">=", "and", "or", "unless"];
const NOISE: [&str; 31] = [
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "@",
    "=",
    "!=",
    "=~",
    "!~",
    "+",
    "-",
    "^",
    "==",
    "by",
    "on",
    "group_left",
    "offset",
    "bool",
    "foo",
    "sum",
    "\"s\"",
    "5m",
    "3",
    "start",
    "~",
    "!",
    "'\\q'",
];

impl Generator {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed, tokens: Vec::new() }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap_or_default()
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from[self.below(from.len())]
    }

    fn push(&mut self, token: &str) {
        self.tokens.push(token.to_owned());
    }

    fn push_one_of(&mut self, from: &[&'static str]) {
        let token = self.pick(from);
        self.push(token);
    }

    /// A query that may be right.
    pub(crate) fn query(&mut self) -> String {
        self.make();
        self.text()
    }

    /// A query that is hardly right.
    pub(crate) fn broken(&mut self) -> String {
        self.make();
        self.damage();
        self.text()
    }

    /// Another query, hardly right, for one that may be.
    #[allow(dead_code, reason = "not every test has queries of others")]
    pub(crate) fn near(&mut self, query: &str) -> String {
        let kind = |c: char| match c {
            _ if c.is_alphanumeric() || c == '_' || c == '.' => 0,
            _ if c.is_whitespace() => 1,
            _ => 2,
        };
        self.tokens.clear();
        let mut last = 2;
        for c in query.chars() {
            match self.tokens.last_mut() {
                Some(token) if kind(c) == last && last != 2 => token.push(c),
                _ => self.tokens.push(c.into()),
            }
            last = kind(c);
        }
        if self.tokens.is_empty() {
            self.push("foo");
        }
        self.damage();
        std::mem::take(&mut self.tokens).concat()
    }

    fn damage(&mut self) {
        for _ in 0..=self.below(3) {
            let at = self.below(self.tokens.len());
            match self.below(5) {
                0 if self.tokens.len() > 1 => drop(self.tokens.remove(at)),
                1 => {
                    let token = self.tokens[at].clone();
                    self.tokens.insert(at, token);
                }
                2 => {
                    let other = self.below(self.tokens.len());
                    self.tokens.swap(at, other);
                }
                3 => self.tokens[at] = self.pick(&NOISE).to_owned(),
                _ => {
                    let noise = self.pick(&NOISE).to_owned();
                    self.tokens.insert(at, noise);
                }
            }
        }
        if self.chance(20) {
            let keep = 1 + self.below(self.tokens.len());
            self.tokens.truncate(keep);
        }
    }

    fn make(&mut self) {
        self.tokens.clear();
        let depth = 1 + self.below(4);
        match self.below(10) {
            0 => self.scalar(depth),
            _ => self.vector(depth),
        }
    }

    /// The tokens, with spaces where they are needed and sometimes where not.
    fn text(&mut self) -> String {
        let mut text = String::new();
        for token in std::mem::take(&mut self.tokens) {
            let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || "_:.".contains(c));
            let joined = word(text.chars().last()) && word(token.chars().next());
            if joined || self.chance(15) {
                text.push_str(if self.chance(95) { " " } else { "\n\t" });
            }
            text.push_str(&token);
        }
        if self.chance(5) {
            text.push_str(" \n");
        }
        text
    }

    fn vector(&mut self, depth: usize) {
        if depth == 0 {
            return self.selector();
        }
        match self.below(12) {
            0..=2 => self.selector(),
            3 | 4 => self.aggregate(depth),
            5 => {
                self.push_one_of(&FUNCTIONS_OF_VECTORS);
                self.parens(|g| g.vector(depth - 1));
            }
            6 | 7 => {
                self.push_one_of(&FUNCTIONS_OF_RANGES);
                self.parens(|g| g.matrix(depth - 1));
            }
            8 => self.parens(|g| g.vector(depth - 1)),
            9 => {
                self.push_one_of(&["-", "+"]);
                self.vector(depth - 1);
            }
            10 => self.other_call(depth),
            _ => self.binary(depth),
        }
    }

    fn parens(&mut self, within: impl FnOnce(&mut Self)) {
        self.push("(");
        within(self);
        self.push(")");
    }

    fn other_call(&mut self, depth: usize) {
        match self.below(6) {
            0 => {
                self.push("histogram_quantile");
                self.parens(|g| {
                    g.scalar(0);
                    g.push(",");
                    g.vector(depth - 1);
                });
            }
            1 => {
                self.push("label_replace");
                self.parens(|g| {
                    g.vector(depth - 1);
                    for _ in 0..4 {
                        g.push(",");
                        g.push_one_of(&VALUES);
                    }
                });
            }
            2 => {
                self.push("round");
                self.parens(|g| {
                    g.vector(depth - 1);
                    if g.chance(50) {
                        g.push(",");
                        g.scalar(0);
                    }
                });
            }
            3 => {
                self.push("vector");
                self.parens(|g| g.scalar(depth - 1));
            }
            4 => {
                self.push_one_of(&["hour", "time", "sort_by_label", "no_such_function", "info"]);
                self.parens(|g| {
                    if g.chance(70) {
                        g.vector(depth - 1);
                    }
                });
            }
            _ => {
                self.push("clamp");
                self.parens(|g| {
                    g.vector(depth - 1);
                    g.push(",");
                    g.scalar(0);
                    g.push(",");
                    g.scalar(0);
                });
            }
        }
    }

    fn aggregate(&mut self, depth: usize) {
        let (op, param) = match self.below(8) {
            0 => ("topk", 1),
            1 => ("count_values", 2),
            2 => ("quantile", 1),
            3 => ("limitk", 1),
            4 => ("max", 0),
            5 => ("STDDEV", 0),
            _ => ("sum", 0),
        };
        self.push(op);
        let before = self.chance(40);
        if before {
            self.grouping();
        }
        self.parens(|g| {
            match param {
                1 => g.scalar(0),
                2 => g.push_one_of(&VALUES),
                _ => {}
            }
            if param > 0 {
                g.push(",");
            }
            g.vector(depth - 1);
        });
        if !before && self.chance(40) {
            self.grouping();
        }
    }

    fn grouping(&mut self) {
        self.push_one_of(&["by", "without"]);
        self.labels();
    }

    fn labels(&mut self) {
        let count = self.below(3);
        self.parens(|g| {
            for index in 0..count {
                if index > 0 {
                    g.push(",");
                }
                g.push_one_of(&LABELS);
            }
            if count > 0 && g.chance(10) {
                g.push(",");
            }
        });
    }

    fn binary(&mut self, depth: usize) {
        self.operand(depth - 1);
        self.push_one_of(&OPERATORS);
        if self.chance(15) {
            self.push("bool");
        }
        if self.chance(35) {
            self.push_one_of(&["on", "ignoring"]);
            self.labels();
            if self.chance(40) {
                self.push_one_of(&["group_left", "group_right"]);
                if self.chance(60) {
                    self.labels();
                }
            }
        }
        self.operand(depth - 1);
    }

    fn operand(&mut self, depth: usize) {
        if self.chance(25) { self.scalar(depth) } else { self.vector(depth) }
    }

    fn scalar(&mut self, depth: usize) {
        if depth == 0 {
            return self.push_one_of(&NUMBERS);
        }
        match self.below(6) {
            0 => {
                self.push("scalar");
                self.parens(|g| g.vector(depth - 1));
            }
            1 => self.push("time ( )"),
            2 => self.parens(|g| g.scalar(depth - 1)),
            3 => {
                self.scalar(depth - 1);
                self.push_one_of(&OPERATORS);
                self.scalar(depth - 1);
            }
            _ => self.push_one_of(&NUMBERS),
        }
    }

    fn matrix(&mut self, depth: usize) {
        if self.chance(25) {
            self.parens(|g| g.vector(depth));
            self.push("[");
            self.duration();
            self.push(":");
            if self.chance(60) {
                self.duration();
            }
            self.push("]");
        } else {
            self.plain_selector();
            self.push("[");
            self.duration();
            self.push("]");
        }
        self.modifiers();
    }

    fn duration(&mut self) {
        self.push_one_of(&DURATIONS);
        if self.chance(10) {
            self.push_one_of(&["+", "-", "*", "/", "%", "^"]);
            self.push_one_of(&DURATIONS);
        }
    }

    fn selector(&mut self) {
        self.plain_selector();
        self.modifiers();
    }

    fn plain_selector(&mut self) {
        let named = self.chance(85);
        if named {
            self.push_one_of(&NAMES);
        }
        if !named || self.chance(50) {
            self.push("{");
            let count = self.below(4).max(usize::from(!named));
            for index in 0..count {
                if index > 0 {
                    self.push(",");
                }
                self.matcher(named);
            }
            self.push("}");
        }
    }

    fn matcher(&mut self, named: bool) {
        if !named && self.chance(10) {
            return self.push("\"quoted.name\"");
        }
        self.push_one_of(&LABELS);
        if self.chance(70) {
            self.push_one_of(&["=", "!="]);
            self.push_one_of(&VALUES);
        } else {
            self.push_one_of(&["=~", "!~"]);
            self.push_one_of(&REGEXES);
        }
    }

    fn modifiers(&mut self) {
        if self.chance(15) {
            self.push("offset");
            if self.chance(20) {
                self.push("-");
            }
            self.push_one_of(&DURATIONS);
        }
        if self.chance(12) {
            self.push("@");
            self.push_one_of(&["1609746000", "12.345", "start()", "end()", "-1", "1e30"]);
        }
    }
}
