//! Pointing at a place in a query.

use std::io::{self, Write};

use promd_promql_parser::Span;
use serde_json::{Value, json};

use super::Source;

/// Writes what there is to say, the line that it is about, and carets below the place:
///
/// ```text
/// 1:5: parse error: unclosed left parenthesis
///   |
/// 1 | sum(
///   |     ^
/// ```
pub(super) fn point_at(out: &mut dyn Write, source: &Source, span: Span, said: &str) -> io::Result<()> {
    let text = &source.text;
    let place = span.line_column(text);
    if let Some(file) = &source.file {
        write!(out, "{file}:")?;
    }
    writeln!(out, "{place}: {said}")?;
    let start = (span.start as usize).min(text.len());
    let (before, behind) = text.split_at_checked(start).unwrap_or((text, ""));
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = start + behind.find('\n').unwrap_or(behind.len());
    let line = text.get(line_start..line_end).unwrap_or_default();
    // A tab stays one, so that the carets are below what they point at however wide it is.
    let indent: String =
        before.get(line_start..).unwrap_or_default().chars().map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    let pointed = Span::new(span.start, span.end.min(u32::try_from(line_end).unwrap_or(u32::MAX)));
    let carets = "^".repeat(pointed.slice(text).map_or(0, |text| text.chars().count()).max(1));
    let number = place.line.to_string();
    let margin = " ".repeat(number.len());
    writeln!(out, "{margin} |\n{number} | {line}\n{margin} | {indent}{carets}")
}

/// What there is to say, with the place beside it.
pub(super) fn as_json(source: &Source, span: Span, mut said: Value) -> Value {
    let place = span.line_column(&source.text);
    said["line"] = json!(place.line);
    said["column"] = json!(place.column);
    said["start"] = json!(span.start);
    said["end"] = json!(span.end);
    said
}
