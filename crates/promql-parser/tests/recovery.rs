//! What is wrong with a text is said in one pass, all of it.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a test may fail, and says why")]

#[path = "support/errors.rs"]
mod errors;

use errors::{SEVERAL, WRONG};
use promd_promql_parser::ast::{Grouping, Name};
use promd_promql_parser::{ErrorKind, Expr, Options, Parser};

fn parser() -> Parser {
    Parser::new(Options::all())
}

/// Where each error is, and what it says.
fn errors(text: &str) -> Vec<(u32, String)> {
    let errors = parser().parse_recovering(text).errors;
    // What is within the parentheses of an aggregation may be said to be.
    let said = |kind: &ErrorKind| kind.to_string().replace(" in aggregation", "");
    errors.iter().map(|error| (error.span().start, said(error.kind()))).collect()
}

#[test]
fn each_error_is_named_with_its_place() {
    let mut wrong = 0;
    for (query, expect) in SEVERAL {
        let errors = parser().parse_recovering(query).errors;
        let errors: Vec<String> =
            errors.iter().map(|error| error.to_string().replacen("parse error: ", "", 1)).collect();
        if errors != *expect {
            wrong += 1;
            println!("{query:?}\n     got {errors:#?}\n  expect {expect:#?}");
        }
    }
    assert_eq!(wrong, 0);
}

/// The text with the pieces in the places of `@`s, and where each piece is.
fn joined(template: &str, pieces: &[&str]) -> (String, Vec<usize>) {
    let mut parts = template.split('@');
    let mut text = parts.next().unwrap().to_owned();
    let mut places = Vec::new();
    for (piece, part) in pieces.iter().zip(parts) {
        places.push(text.len());
        text += piece;
        text += part;
    }
    (text, places)
}

/// Whatever is wrong with each piece by itself, when `alone` is around it, is said of the whole; and the first error is that of
/// the first piece, or the joint's.
fn check_joined(alone: &str, template: &str, all: &[&str], count: usize) -> usize {
    let own: Vec<Vec<(u32, String)>> = all
        .iter()
        .map(|piece| {
            let (text, places) = joined(alone, &[piece]);
            let errors = errors(&text);
            assert!(!errors.is_empty(), "{text:?} is right");
            // Some are about what is around it.
            errors
                .into_iter()
                .filter_map(|(at, said)| Some((at.checked_sub(u32::try_from(places[0]).unwrap())?, said)))
                .collect()
        })
        .collect();
    let mut hidden = 0;
    for index in 0..all.len().pow(u32::try_from(count).unwrap()) {
        let chosen = (0..count).map(|digit| index / all.len().pow(u32::try_from(digit).unwrap()) % all.len());
        let chosen: Vec<usize> = chosen.collect();
        let pieces: Vec<&str> = chosen.iter().map(|piece| all[*piece]).collect();
        let (text, places) = joined(template, &pieces);
        let found = errors(&text);
        for (piece, place) in chosen.iter().zip(places) {
            for (at, said) in &own[*piece] {
                let error = (at + u32::try_from(place).unwrap(), said.clone());
                if !found.contains(&error) {
                    hidden += 1;
                    println!("{text:?} does not say {error:?}, only {found:?}");
                }
            }
        }
    }
    hidden
}

#[test]
fn what_is_wrong_with_one_part_hides_nothing_of_another() {
    let mut hidden = 0;
    for template in ["@ + @", "@ or @", "@, @", "(@) * (@)", "(@, @)", "abs(@) - sum by (x) (@)", "(@ / @)[5m:]"] {
        hidden += check_joined("@", template, WRONG, 2);
    }
    for template in ["clamp(@, @, @)", "@, @, @", "@ + @ + @"] {
        let some: Vec<&str> = WRONG.iter().copied().step_by(3).collect();
        hidden += check_joined("@", template, &some, 3);
    }
    let matchers = ["b=c", "b", "b=", "5=\"x\"", "b==\"c\"", "b=~\"(\"", "b=\"x\" c", "\"q\" 5", "b=$", "!"];
    for template in ["{@,@,}", "a{x=\"y\", @, @, y=\"z\"}", "a{@,} + b{@,}"] {
        hidden += check_joined("a{@,}", template, &matchers, 2);
    }
    let labels = ["5", "x y", "1m", "$", "\"\""];
    for template in ["sum by (@, @) (a)", "sum by (x) (a) + on (@) group_left (@) b"] {
        hidden += check_joined("sum by (@) (a)", template, &labels, 2);
    }
    assert_eq!(hidden, 0);
}

#[test]
fn several_errors_in_one_pass() {
    let parsed = parser().parse_recovering("sum(rate(a[5m]) +) by (x,,y) / foo{b=} + no_such(1)");
    let errors: Vec<String> = parsed.errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        errors,
        [
            r#"1:18: parse error: unexpected ")" in aggregation"#,
            r#"1:26: parse error: unexpected "," in grouping opts, expected label"#,
            r#"1:38: parse error: unexpected "}" in label matching, expected string"#,
            r#"1:42: parse error: unknown function with name "no_such""#,
        ]
    );
    let Expr::Binary(sum) = &parsed.expr else { panic!("{:?}", parsed.expr) };
    let Expr::Binary(quotient) = &sum.lhs else { panic!("{:?}", sum.lhs) };
    let Expr::Aggregate(aggregate) = &quotient.lhs else { panic!("{:?}", quotient.lhs) };
    let Some(Grouping { labels, .. }) = &aggregate.grouping else { panic!("{aggregate:?}") };
    let labels: Vec<&str> = labels.iter().map(|Name { text, .. }| &**text).collect();
    assert_eq!(labels, ["x", "y"]);
}

/// What stands side by side is kept, as the parts of one error that is where they are.
#[test]
fn expressions_side_by_side_are_parts_of_an_error() {
    for (query, expect) in [
        ("a b + c", &["a", "b + c"][..]),
        ("a * b c * d", &["a * b", "c * d"]),
        ("a b c", &["a", "b", "c"]),
        ("sum(a) b{c=\"d\"}", &["sum(a)", "b{c=\"d\"}"]),
    ] {
        let parsed = parser().parse_recovering(query);
        let Expr::Error(error) = &parsed.expr else { panic!("{query:?}: {:?}", parsed.expr) };
        let parts: Vec<&str> = error.parts.iter().map(|part| part.span().slice(query).unwrap()).collect();
        assert_eq!((parts.as_slice(), error.span.slice(query)), (expect, Some(query)));
    }
}
