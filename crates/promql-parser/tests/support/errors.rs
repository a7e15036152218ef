//! Texts with errors.

/// Texts with several errors, and what is said about each. Positions are counted by hand. The first error is Prometheus', which
/// the running one is asked for; the texts of the others are those that it has for each where it is the only one.
pub(crate) const SEVERAL: &[(&str, &[&str])] = &[
    ("a b + no_such(1)", &[r#"1:3: unexpected identifier "b""#, r#"1:7: unknown function with name "no_such""#]),
    ("(a b) + no_such(1)", &[r#"1:4: unexpected identifier "b""#, r#"1:9: unknown function with name "no_such""#]),
    ("(a b + no_such(1))", &[r#"1:4: unexpected identifier "b""#, r#"1:8: unknown function with name "no_such""#]),
    ("(a, b) + no_such(1)", &[r#"1:3: unexpected ",""#, r#"1:10: unknown function with name "no_such""#]),
    ("a b + c d", &[r#"1:3: unexpected identifier "b""#, r#"1:9: unexpected identifier "d""#]),
    ("a 1 + c \"x\"", &["1:3: unexpected number \"1\"", r#"1:9: unexpected string "\"x\"""#]),
    ("no_such(1) b", &[r#"1:1: unknown function with name "no_such""#, r#"1:12: unexpected identifier "b""#]),
    (
        "no_such(1) other(2)",
        &[
            r#"1:1: unknown function with name "no_such""#,
            r#"1:12: unexpected identifier "other""#,
            r#"1:12: unknown function with name "other""#,
        ],
    ),
    (
        "sum(a) b{x=}",
        &[r#"1:8: unexpected identifier "b""#, r#"1:12: unexpected "}" in label matching, expected string"#],
    ),
    (
        "a b / c{x=} + no_such(1)",
        &[
            r#"1:3: unexpected identifier "b""#,
            r#"1:11: unexpected "}" in label matching, expected string"#,
            r#"1:15: unknown function with name "no_such""#,
        ],
    ),
    (
        "a b + (c d) / (e f)",
        &[
            r#"1:3: unexpected identifier "b""#,
            r#"1:10: unexpected identifier "d""#,
            r#"1:18: unexpected identifier "f""#,
        ],
    ),
    (
        "rate(a b[5m]) + no_such(1) + sum()",
        &[
            r#"1:8: unexpected identifier "b""#,
            r#"1:17: unknown function with name "no_such""#,
            "1:30: no arguments for aggregate expression provided",
        ],
    ),
    (
        "1 offset (1m) b + no_such(1)",
        &[
            "1:1: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery",
            r#"1:15: unexpected identifier "b""#,
            r#"1:19: unknown function with name "no_such""#,
        ],
    ),
    (
        "topk(a) b",
        &[
            "1:1: wrong number of arguments for aggregate expression provided, expected 2, got 1",
            r#"1:9: unexpected identifier "b""#,
        ],
    ),
    (
        "a{b} + c + rate(d[])",
        &[
            r#"1:4: unexpected "}" in label matching, expected label matching operator"#,
            r#"1:19: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()"#,
        ],
    ),
    (
        "a + * b + e c + d offset",
        &[
            "1:5: unexpected <op:*>",
            r#"1:13: unexpected identifier "c""#,
            "1:25: unexpected end of input in offset, expected number, duration, step(), or range()",
        ],
    ),
    (
        "sum by (x y) (z) + abs(",
        &[
            r#"1:11: unexpected identifier "y" in grouping opts, expected "," or ")""#,
            "1:24: unclosed left parenthesis",
        ],
    ),
    (
        "a b + rate(c)",
        &[
            r#"1:3: unexpected identifier "b""#,
            r#"1:12: expected type range vector in call to function "rate", got instant vector"#,
        ],
    ),
    ("a, no_such(1)", &[r#"1:2: unexpected ",""#, r#"1:4: unknown function with name "no_such""#]),
    (
        "a , * no_such(1)",
        &[r#"1:3: unexpected ",""#, "1:5: unexpected <op:*>", r#"1:7: unknown function with name "no_such""#],
    ),
    (
        "(a, no_such(1)) + b c",
        &[
            r#"1:3: unexpected ",""#,
            r#"1:5: unknown function with name "no_such""#,
            r#"1:21: unexpected identifier "c""#,
        ],
    ),
    (
        "a b, c d, e f",
        &[
            r#"1:3: unexpected identifier "b""#,
            r#"1:4: unexpected ",""#,
            r#"1:8: unexpected identifier "d""#,
            r#"1:9: unexpected ",""#,
            r#"1:13: unexpected identifier "f""#,
        ],
    ),
    ("a,", &[r#"1:2: unexpected ",""#]),
    ("(a,)", &[r#"1:3: unexpected ",""#]),
    ("a b c", &[r#"1:3: unexpected identifier "b""#]),
    ("a = * b", &[r#"1:3: unexpected "=""#, "1:5: unexpected <op:*>"]),
    (
        "{a=b,c=d} + {e=f}",
        &[
            r#"1:4: unexpected identifier "b" in label matching, expected string"#,
            r#"1:8: unexpected identifier "d" in label matching, expected string"#,
            r#"1:16: unexpected identifier "f" in label matching, expected string"#,
        ],
    ),
    (
        "sum by (5, 6) (a) + c d",
        &[
            r#"1:9: unexpected number "5" in grouping opts, expected label"#,
            r#"1:12: unexpected number "6" in grouping opts, expected label"#,
            r#"1:23: unexpected identifier "d""#,
        ],
    ),
    (
        "a offset b + c d",
        &[
            r#"1:10: unexpected identifier "b" in offset, expected number, duration, step(), or range()"#,
            r#"1:16: unexpected identifier "d""#,
        ],
    ),
    (
        "abs(, no_such(1))",
        &[
            r#"1:5: unexpected ",""#,
            r#"1:7: unknown function with name "no_such""#,
            r#"1:1: expected 1 argument(s) in call to "abs", got 2"#,
        ],
    ),
    ("a $ b + c d", &["1:3: unexpected character: '$'", r#"1:11: unexpected identifier "d""#]),
    ("a + * b + * c", &["1:5: unexpected <op:*>", "1:11: unexpected <op:*>"]),
    ("(a + ) * (b + )", &[r#"1:6: unexpected ")""#, r#"1:15: unexpected ")""#]),
    (
        "sum by (x) rate(a) + c d",
        &[
            r#"1:12: unexpected identifier "rate" in aggregation"#,
            r#"1:24: unexpected identifier "d""#,
            r#"1:17: expected type range vector in call to function "rate", got instant vector"#,
        ],
    ),
    (
        "sum(a) by + no_such(1)",
        &[r#"1:11: unexpected <op:+> in grouping opts, expected "(""#, r#"1:13: unknown function with name "no_such""#],
    ),
];

/// Expressions that are wrong by themselves, and would be in the same way as parts of others.
pub(crate) const WRONG: &[&str] = &[
    "a b",
    "a + * b",
    "(a b)",
    "(a + )",
    "()",
    "a $ b",
    "a ; b",
    "\"\\q\"",
    // Selectors.
    "a{b=}",
    "a{b}",
    "a{b=c}",
    "a{b==\"c\"}",
    "a{b=\"c\" d=\"e\"}",
    "a{b=~\"(\"}",
    "a{__name__=\"b\"}",
    "{}",
    // Modifiers.
    "a offset b",
    "a @ b",
    "a[x]",
    "a[]",
    "a[0]",
    "a[5m x]",
    "a[5m:x]",
    "a[5m:5m 3]",
    "sum(a)[5m]",
    "1[5m]",
    "1 offset 5m",
    "a offset 1m offset 2m",
    "a @ 1 @ 2",
    // Aggregations.
    "sum()",
    "topk(a)",
    "count(1)",
    "sum by (5) (a)",
    "sum by (a b) (c)",
    "sum(a) by (x,,y)",
    "sum(a) by x",
    "sum by (x) (a b)",
    // Calls.
    "no_such(1)",
    "abs()",
    "abs(1)",
    "abs(a b)",
    "abs(a, )",
    "abs(,a)",
    "rate(a)",
    // Operators.
    "(1 == 1)",
    "(a + bool b)",
    "(a + on (x) group_left (x) b)",
    "(a + on x b)",
    "(1 and 2)",
];
