//! What a query consists of, a line for each part.

use std::io::{self, Write};

use promd_promql_parser::Expr;

/// How much of the text of a part is shown.
const SHOWN: usize = 60;

/// Writes the tree: kind, type, place and text of each node, the deeper the further to the right.
pub(super) fn write(out: &mut dyn Write, text: &str, expr: &Expr) -> io::Result<()> {
    let mut result = Ok(());
    expr.walk(&mut |node, path| {
        if result.is_ok() {
            result = line(out, text, node, path.len());
        }
    });
    result
}

fn line(out: &mut dyn Write, text: &str, node: &Expr, depth: usize) -> io::Result<()> {
    let kind = match node {
        Expr::Aggregate(e) => format!("aggregation {}", e.op),
        Expr::Binary(e) => format!("operator {}", e.op),
        Expr::Call(e) => format!("call {}", e.function.name),
        Expr::Matrix(_) => "range selector".to_owned(),
        Expr::Number(_) => "number".to_owned(),
        Expr::Paren(_) => "parentheses".to_owned(),
        Expr::String(_) => "text".to_owned(),
        Expr::Subquery(_) => "subquery".to_owned(),
        Expr::Unary(e) => format!("sign {}", e.op),
        Expr::Vector(_) => "selector".to_owned(),
        _ => "error".to_owned(),
    };
    let value = node.value_type().map_or("unknown", |value| value.documented());
    let place = node.span().line_column(text);
    let words = node.span().slice(text).unwrap_or_default().split_whitespace();
    let mut shown = words.collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = shown.char_indices().nth(SHOWN) {
        shown.truncate(end);
        shown.push('…');
    }
    writeln!(out, "{:indent$}{kind} ({value}) at {place}: {shown}", "", indent = 2 * depth)
}
