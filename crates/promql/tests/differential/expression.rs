//! Expressions made up by type, and made smaller again.

use std::fmt;

use promd_promql_parser::{Function, ValueType};

use super::data::{CLASSIC, COUNTERS, GAUGES, MIXED, NATIVE, START};
use super::random::Random;

/// Functions that Prometheus 3.5 does not have.
const LATER: [&str; 10] = [
    "end",
    "first_over_time",
    "histogram_quantiles",
    "max_of",
    "min_of",
    "range",
    "start",
    "start_timestamp",
    "step",
    "ts_of_first_over_time",
];

/// An expression: text with others in it.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    kind: ValueType,
    /// Whether it needs parentheses as an operand.
    loose: bool,
    /// One more than `kids`, which stand between them.
    parts: Vec<String>,
    kids: Vec<Node>,
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (part, kid) in self.parts.iter().zip(&self.kids) {
            f.write_str(part)?;
            if self.loose && kid.loose { write!(f, "({kid})")? } else { write!(f, "{kid}")? }
        }
        f.write_str(&self.parts[self.kids.len()])
    }
}

impl Node {
    fn leaf(kind: ValueType, text: impl Into<String>) -> Self {
        Self { kind, loose: false, parts: vec![text.into()], kids: Vec::new() }
    }

    fn binary(kind: ValueType, left: Self, operator: impl Into<String>, right: Self) -> Self {
        let operator = format!(" {} ", operator.into());
        Self { kind, loose: true, parts: vec![String::new(), operator, String::new()], kids: vec![left, right] }
    }

    /// `name(kids)`
    fn call(kind: ValueType, name: &str, kids: Vec<Self>) -> Self {
        let mut parts = vec![format!("{name}(")];
        parts.extend((1..kids.len()).map(|_| ", ".to_owned()));
        if !kids.is_empty() {
            parts.push(")".to_owned());
        } else {
            parts[0].push(')');
        }
        Self { kind, loose: false, parts, kids }
    }

    /// Whether some part of it holds a text.
    pub(crate) fn mentions(&self, text: &str) -> bool {
        self.parts.iter().any(|part| part.contains(text)) || self.kids.iter().any(|kid| kid.mentions(text))
    }

    /// The text in front of all others.
    pub(crate) fn head(&self) -> &str {
        &self.parts[0]
    }

    /// Simpler expressions of the same type: a part of it in its place, or with a part made simpler.
    pub(crate) fn simpler(&self) -> Vec<Self> {
        let mut all = Vec::new();
        self.inner(self.kind, &mut all);
        let simplest = match self.kind {
            ValueType::Scalar => Self::leaf(ValueType::Scalar, "1"),
            ValueType::Vector => Self::leaf(ValueType::Vector, "vector(1)"),
            ValueType::Matrix => Self::leaf(ValueType::Matrix, "vector(1)[1m:30s]"),
            ValueType::String => Self::leaf(ValueType::String, "\"x\""),
        };
        if self.kids.len() + self.parts[0].len() > simplest.parts[0].len() {
            all.push(simplest);
        }
        for at in 0..self.kids.len() {
            for kid in self.kids[at].simpler() {
                let mut copy = self.clone();
                copy.kids[at] = kid;
                all.push(copy);
            }
        }
        // Without modifiers of selectors, one by one.
        if self.kids.is_empty() {
            for (at, _) in self.parts[0].match_indices(' ') {
                let text = self.parts[0][..at].to_owned();
                if text.matches('{').count() == text.matches('}').count() && text.matches('"').count().is_multiple_of(2)
                {
                    all.push(Self::leaf(self.kind, text));
                }
            }
        }
        all
    }

    fn inner(&self, kind: ValueType, all: &mut Vec<Self>) {
        for kid in &self.kids {
            if kid.kind == kind {
                all.push(kid.clone());
            }
            kid.inner(kind, all);
        }
    }
}

/// Makes expressions up.
#[derive(Debug)]
pub(crate) struct Generator {
    pub(crate) random: Random,
    /// Whether what is made up is evaluated at several steps.
    pub(crate) range: bool,
}

impl Generator {
    /// Of a type that may stand by itself.
    pub(crate) fn any(&mut self) -> Node {
        match self.random.below(20) {
            0 => self.scalar(2),
            1 if !self.range => self.matrix(1),
            2..=11 => self.vector(2),
            _ => self.vector(3),
        }
    }

    fn vector(&mut self, depth: usize) -> Node {
        if depth == 0 {
            return self.selector();
        }
        match self.random.below(22) {
            0..=1 => self.selector(),
            2..=9 => self.call(depth, ValueType::Vector),
            10..=13 => self.aggregate(depth),
            14..=18 => self.two_vectors(depth),
            19..=20 => {
                let operator = self.operator();
                let (vector, scalar) = (self.vector(depth - 1), self.scalar(depth - 1));
                let (left, right) = if self.random.one_in(3) { (scalar, vector) } else { (vector, scalar) };
                let operator = self.maybe_bool(operator);
                Node::binary(ValueType::Vector, left, operator, right)
            }
            _ => {
                let kid = self.vector(depth - 1);
                let parts = vec!["-".to_owned(), String::new()];
                Node { kind: ValueType::Vector, loose: true, parts, kids: vec![kid] }
            }
        }
    }

    fn operator(&mut self) -> &'static str {
        self.random.pick(&["+", "-", "*", "/", "%", "^", "atan2", "==", "!=", "<", ">", "<=", ">="])
    }

    fn maybe_bool(&mut self, operator: &str) -> String {
        let compares = operator.contains(['=', '<', '>']);
        if compares && self.random.one_in(3) { format!("{operator} bool") } else { operator.to_owned() }
    }

    fn two_vectors(&mut self, depth: usize) -> Node {
        let set = self.random.one_in(4);
        let operator = if set { self.random.pick(&["and", "or", "unless"]) } else { self.operator() };
        let mut operator = if set { operator.to_owned() } else { self.maybe_bool(operator) };
        let left = self.vector(depth - 1);
        // The same on both sides matches, which two selectors seldom do.
        let right = if self.random.one_in(2) { left.clone() } else { self.vector(depth - 1) };
        if self.random.one_in(2) {
            operator += [" on (", " ignoring ("][self.random.below(2)];
            operator += &self.names();
            operator += ")";
            if !set && self.random.one_in(2) {
                operator += [" group_left", " group_right"][self.random.below(2)];
                // In both lists a label is an error, and now and then that is what is wanted.
                let both = self.random.one_in(8);
                let include = ["", "code", "version", "le"]
                    .into_iter()
                    .filter(|name| both || name.is_empty() || !operator.contains(name));
                let include: Vec<&str> = include.collect();
                operator += &format!(" ({})", self.random.pick(&include));
            }
        }
        Node::binary(ValueType::Vector, left, operator, right)
    }

    /// A list of labels.
    fn names(&mut self) -> String {
        let all = ["job", "instance", "code", "le", "i", "version"];
        let names: Vec<&str> = all.into_iter().filter(|_| self.random.one_in(3)).collect();
        names.join(", ")
    }

    fn aggregate(&mut self, depth: usize) -> Node {
        let operators = [
            "sum",
            "avg",
            "min",
            "max",
            "count",
            "group",
            "stddev",
            "stdvar",
            "topk",
            "bottomk",
            "count_values",
            "quantile",
            "limitk",
            "limit_ratio",
        ];
        let operator = self.random.pick(&operators);
        let param = match operator {
            "topk" | "bottomk" | "limitk" => {
                Some(self.number(&["1", "2", "3", "2", "0", "-1", "1.9", "scalar(flag{job=\"api\"})"]))
            }
            "quantile" => Some(self.phi()),
            "limit_ratio" => Some(self.number(&["0.5", "-0.5", "0.1", "-0.9", "1.1", "-2", "0"])),
            "count_values" => Some(Node::leaf(ValueType::String, ["\"v\"", "\"job\""][self.random.below(2)])),
            _ => None,
        };
        let grouping = match self.random.below(4) {
            0 => String::new(),
            1 => format!(" without ({})", self.names()),
            _ => format!(" by ({})", self.names()),
        };
        // Of equal values those that come first are chosen, and over several steps functions of Prometheus give series in an
        // order that changes from one evaluation to the next.
        let chooses = matches!(operator, "topk" | "bottomk" | "limitk");
        let kid = if chooses && self.range { self.selector() } else { self.vector(depth - 1) };
        Node::call(ValueType::Vector, &format!("{operator}{grouping} "), param.into_iter().chain([kid]).collect())
    }

    fn number(&mut self, texts: &[&str]) -> Node {
        Node::leaf(ValueType::Scalar, self.random.pick(texts))
    }

    fn phi(&mut self) -> Node {
        self.number(&["0.5", "0.9", "0", "1", "0.25", "0.99", "-0.1", "1.5", "scalar(flag{job=\"db\"})", "NaN"])
    }

    fn scalar(&mut self, depth: usize) -> Node {
        if depth == 0 || self.random.one_in(2) {
            return self
                .number(&["1", "2", "0", "-1", "0.5", "100", "1e3", "2.5", "-0.3", "Inf", "NaN", "5m", "time()"]);
        }
        match self.random.below(4) {
            0 => Node::call(ValueType::Scalar, "scalar", vec![self.vector(depth - 1)]),
            1 => self.call(depth, ValueType::Scalar),
            _ => {
                let operator = self.operator();
                let compares = operator.contains(['=', '<', '>']);
                let operator = if compares { format!("{operator} bool") } else { operator.to_owned() };
                Node::binary(ValueType::Scalar, self.scalar(depth - 1), operator, self.scalar(depth - 1))
            }
        }
    }

    fn call(&mut self, depth: usize, kind: ValueType) -> Node {
        let known: Vec<&Function> =
            Function::all().iter().filter(|f| f.result == kind && !LATER.contains(&f.name)).collect();
        let function = known[self.random.below(known.len())];
        let at_most = function.max_args().unwrap_or(function.args.len() + 1);
        let count = function.min_args() + self.random.below(at_most - function.min_args() + 1);
        let kids = (0..count).map(|at| self.argument(function, at, depth)).collect();
        Node::call(kind, function.name, kids)
    }

    fn argument(&mut self, function: &Function, at: usize, depth: usize) -> Node {
        let kind = function.arg_type(at).unwrap();
        match (function.name, at, kind) {
            ("info", 1, _) => {
                let matchers = ["{version=~\".+\"}", "{__name__=\"target_info\"}", "{zone=\"x\"}", "{version=\"1.1\"}"];
                Node::leaf(ValueType::Vector, self.random.pick(&matchers))
            }
            ("histogram_quantile" | "histogram_fraction", _, ValueType::Scalar) => self.phi(),
            ("quantile_over_time", _, ValueType::Scalar) => self.phi(),
            ("double_exponential_smoothing", _, ValueType::Scalar) => self.number(&["0.3", "0.7", "0.01", "0.99", "1"]),
            ("predict_linear", _, ValueType::Scalar) => self.number(&["60", "3600", "-60", "0"]),
            ("round", _, ValueType::Scalar) => self.number(&["1", "10", "0.1", "0.5", "3", "0", "-2"]),
            ("label_replace" | "label_join" | "sort_by_label" | "sort_by_label_desc", _, ValueType::String) => {
                let texts: &[&str] = match (function.name, at) {
                    ("label_replace", 1) => &["\"job\"", "\"new\"", "\"__name__\"", "\"instance\""],
                    ("label_replace", 2) => &["\"$1\"", "\"x-$1-$2\"", "\"\"", "\"${1}y\""],
                    ("label_replace", 3) => &["\"job\"", "\"instance\"", "\"__name__\"", "\"none\""],
                    ("label_replace", 4) => &["\"(.*)\"", "\"(a)(.*)\"", "\"[01]\"", "\"(d.*)\"", "\"\""],
                    ("label_join", 2) => &["\"-\"", "\"\""],
                    _ => &["\"job\"", "\"instance\"", "\"new\"", "\"__name__\""],
                };
                Node::leaf(ValueType::String, self.random.pick(texts))
            }
            (name, _, ValueType::Vector) if name.starts_with("histogram_") && !self.random.one_in(8) => {
                self.histograms(depth)
            }
            (_, _, ValueType::Vector) => self.vector(depth - 1),
            (_, _, ValueType::Scalar) => self.scalar(depth - 1),
            (_, _, ValueType::Matrix) => self.matrix(depth - 1),
            (_, _, ValueType::String) => Node::leaf(ValueType::String, "\"job\""),
        }
    }

    /// What functions of histograms are made for.
    fn histograms(&mut self, depth: usize) -> Node {
        let names: Vec<&str> = CLASSIC.into_iter().chain(NATIVE).collect();
        let name = self.random.pick(&names);
        let selector = Node::leaf(ValueType::Vector, name);
        let range = |range: &str| Node::leaf(ValueType::Matrix, format!("{name}[{range}]"));
        match self.random.below(4) {
            0 if depth > 1 => {
                let rate = Node::call(ValueType::Vector, "rate", vec![range("5m")]);
                let by = if CLASSIC.contains(&name) { "sum by (job, le) " } else { "sum by (job) " };
                Node::call(ValueType::Vector, by, vec![rate])
            }
            1 => Node::call(ValueType::Vector, "rate", vec![range(["2m", "5m", "10m"][self.random.below(3)])]),
            2 if depth > 1 => self.vector(depth - 1),
            _ => selector,
        }
    }

    fn matrix(&mut self, depth: usize) -> Node {
        let ranges = ["1m", "2m", "5m", "10m", "33s", "90s", "3m7s", "20m"];
        let range = self.random.pick(&ranges);
        if depth > 0 && self.random.one_in(4) {
            let steps = ["30s", "1m", "17s", "2m", ""];
            let step = self.random.pick(&steps);
            let modifier = self.modifier();
            let range_outside = std::mem::replace(&mut self.range, true);
            let kid = self.vector(depth);
            self.range = range_outside;
            let parts = vec!["(".to_owned(), format!(")[{range}:{step}]{modifier}")];
            return Node { kind: ValueType::Matrix, loose: false, parts, kids: vec![kid] };
        }
        let (selector, modifier) = (self.plain_selector(), self.modifier());
        Node::leaf(ValueType::Matrix, format!("{selector}[{range}]{modifier}"))
    }

    fn selector(&mut self) -> Node {
        let text = self.plain_selector() + &self.modifier();
        Node::leaf(ValueType::Vector, text)
    }

    fn plain_selector(&mut self) -> String {
        let several = [
            "{__name__=~\"dup_.\"}",
            "{__name__=~\"reqs_total|errs_total\"}",
            "{__name__=~\"nat.*\"}",
            "{job=\"api\"}",
            "{__name__=~\"nhcb|nat\", job=\"api\"}",
            "{__name__=~\"temp|nat\"}",
            "nothing",
        ];
        let name = match self.random.below(16) {
            0 => return self.random.pick(&several).to_owned(),
            1..=5 => self.random.pick(&COUNTERS),
            6..=9 => self.random.pick(&GAUGES),
            10 => self.random.pick(&CLASSIC),
            11..=14 => self.random.pick(&NATIVE),
            _ => self.random.pick(&MIXED),
        };
        let matchers = ["job=\"api\"", "job!=\"db\"", "instance=~\"0|1\"", "code=~\"5..\"", "le=\"\"", "job=~\".*\""];
        let matchers: Vec<&str> = matchers.into_iter().filter(|_| self.random.one_in(6)).collect();
        if matchers.is_empty() { name.to_owned() } else { format!("{name}{{{}}}", matchers.join(", ")) }
    }

    fn modifier(&mut self) -> String {
        let offset = match self.random.below(12) {
            0 => " offset 1m",
            1 => " offset -90s",
            2 => " offset 7m",
            _ => "",
        };
        let at = match self.random.below(20) {
            0 => " @ start()".to_owned(),
            1 => " @ end()".to_owned(),
            2 => format!(" @ {}", START / 1000 + 600 + self.random.below(1200) as i64),
            _ => String::new(),
        };
        format!("{offset}{at}")
    }
}
