//! What libyaml, of which Go's package is a translation, says of text that is not YAML, and which text it reads at all.

use granit_parser::{ErrorKind, ScanError};

use crate::error::{Error, Location};

/// What the reader lets through.
pub(super) fn is_readable(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
}

/// What the emitter writes as it is.
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..) && c != '\u{feff}'
}

pub(super) fn location_at(bytes: &[u8], offset: usize) -> Location {
    let before = bytes.get(..offset).unwrap_or(bytes);
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    Location::new(line, before.len() - line_start + 1)
}

/// Which of libyaml's two passes complains; they count lines differently.
enum Pass {
    /// Counts from 1, and does not tell the first line.
    Scanner,
    /// Names the line before, and nothing for the first.
    Parser,
}

/// The error of the parser in the words of libyaml where it has words for it, with the line that Go gives.
///
/// libyaml finds some mistakes later than `granit-parser` does, so that words and lines are those of the usual causes;
/// `tests.rs` has the list of what was compared.
pub(super) fn error(error: &ScanError, text: &str) -> Error {
    let marker = error.marker();
    let here = Location::new(marker.line(), marker.col() + 1);
    let Some((pass, location, problem)) = translate(error.kind(), here, text) else {
        return match error.kind() {
            ErrorKind::UnknownAnchor => {
                Error::syntax(None, format!("unknown anchor '{}' referenced", alias_at(text, here)))
            }
            _ => Error::syntax(Some(here), error.info()),
        };
    };
    let (line, first) = match pass {
        Pass::Scanner => (location.line, 2),
        Pass::Parser => (location.line.saturating_sub(1), 1),
    };
    Error::syntax((line >= first).then(|| Location::new(line, location.column)), problem)
}

fn translate(kind: &ErrorKind, here: Location, text: &str) -> Option<(Pass, Location, &'static str)> {
    let end = location_at(text.as_bytes(), text.len());
    let below = Location::new(here.line + 1, 1);
    let scanner = |problem| Some((Pass::Scanner, here, problem));
    let parser = |problem| Some((Pass::Parser, here, problem));
    match kind {
        ErrorKind::UnexpectedCharacter { .. } | ErrorKind::TabInBlockIndentation | ErrorKind::TabNotAllowed => {
            scanner("found character that cannot start any token")
        }
        ErrorKind::MappingValueNotAllowed => scanner("mapping values are not allowed in this context"),
        ErrorKind::BlockSequenceEntryNotAllowed => scanner("block sequence entries are not allowed in this context"),
        ErrorKind::MissingAnchorOrAliasName => scanner("did not find expected alphabetic or numeric character"),
        ErrorKind::UnknownQuotedScalarEscape => scanner("found unknown escape character"),
        ErrorKind::InvalidQuotedScalarHexEscape => scanner("did not find expected hexdecimal number"),
        ErrorKind::UnclosedVerbatimTag => scanner("did not find the expected '>'"),
        ErrorKind::ZeroBlockScalarIndent => scanner("found an indentation indicator equal to 0"),
        ErrorKind::InvalidBlockScalarHeader => scanner("did not find expected comment or line break"),
        ErrorKind::DocumentIndicatorInQuotedScalar => scanner("found unexpected document indicator"),
        ErrorKind::RecursionLimitExceeded => scanner("document is nested too deeply"),
        ErrorKind::SimpleKeyExpected => Some((Pass::Scanner, below, "could not find expected ':'")),
        ErrorKind::TabInPlainScalar => Some((Pass::Scanner, below, "found a tab character that violates indentation")),
        // At the end of the text there is nothing to be moved to the right.
        ErrorKind::InvalidQuotedScalarIndent
            if offset(text, here) == Some(text.len()) || here.line > last_line(text) =>
        {
            Some((Pass::Scanner, end, "found unexpected end of stream"))
        }
        ErrorKind::InvalidQuotedScalarIndent => scanner("found unexpected document indicator"),
        ErrorKind::UnclosedQuotedScalar => Some((Pass::Scanner, end, "found unexpected end of stream")),
        ErrorKind::ExpectedBlockSequenceEntry => parser("did not find expected '-' indicator"),
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::InvalidTrailingDoubleQuotedScalar
        | ErrorKind::InvalidTrailingSingleQuotedScalar => parser("did not find expected key"),
        ErrorKind::CommentInterceptedScalar => Some((Pass::Parser, below, "did not find expected key")),
        ErrorKind::ExpectedFlowMappingSeparator => parser("did not find expected ',' or '}'"),
        ErrorKind::ExpectedFlowSequenceSeparator | ErrorKind::InvalidColonPlacement => {
            parser("did not find expected ',' or ']'")
        }
        ErrorKind::MisplacedFlowCollectionEnd => {
            let before = text.get(..offset(text, here)?)?.trim_end();
            let empty = before.is_empty() || before.ends_with([':', '-', '?']);
            parser(if empty { "did not find expected node content" } else { "did not find expected key" })
        }
        ErrorKind::UnclosedFlowCollection { open } => {
            let problem = match open {
                _ if text.trim_end().ends_with(['[', '{', ',']) => "did not find expected node content",
                '[' => "did not find expected ',' or ']'",
                _ => "did not find expected ',' or '}'",
            };
            Some((Pass::Parser, end, problem))
        }
        ErrorKind::UndeclaredTagHandle => parser("found undefined tag handle"),
        ErrorKind::DuplicateVersionDirective => parser("found duplicate %YAML directive"),
        ErrorKind::UnsupportedYamlMajorVersion => parser("found incompatible YAML document"),
        ErrorKind::ExpectedDocumentStart => parser("did not find expected <document start>"),
        _ => None,
    }
}

/// The last line that has something in it.
fn last_line(text: &str) -> usize {
    text.trim_end().lines().count()
}

fn alias_at(text: &str, place: Location) -> &str {
    let alias = offset(text, place).and_then(|offset| text.get(offset..)).unwrap_or_default();
    let alias = alias.trim_start_matches('*');
    let end = alias.find(|c: char| c.is_whitespace() || ",[]{}".contains(c)).unwrap_or(alias.len());
    alias.get(..end).unwrap_or_default()
}

/// Where the place is in the text, in bytes.
fn offset(text: &str, place: Location) -> Option<usize> {
    let before = place.line.checked_sub(1)?;
    let line = text.split_inclusive('\n').nth(before)?;
    let within = line.char_indices().nth(place.column - 1).map_or(line.len(), |(at, _)| at);
    Some(text.split_inclusive('\n').take(before).map(str::len).sum::<usize>() + within)
}

/// `text` with the line of the error moved to the right, if the error is that a text in quotes goes on too far to the
/// left, which libyaml does not mind. Blanks at the start of such a line mean nothing.
pub(super) fn indented(error: &ScanError, text: &str) -> Option<String> {
    if *error.kind() != ErrorKind::InvalidQuotedScalarIndent {
        return None;
    }
    let start = offset(text, Location::new(error.marker().line(), 1))?;
    let (before, line) = text.split_at_checked(start)?;
    if line.starts_with("---") || line.starts_with("...") {
        return None;
    }
    let blanks = before.lines().map(|line| line.len() - line.trim_start_matches([' ', '-']).len()).max();
    Some(format!("{before}{}{line}", " ".repeat(blanks.unwrap_or_default() + 1)))
}
