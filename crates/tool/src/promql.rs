//! `promql`: queries, looked at without data.

mod outline;
mod report;

use std::io::Read;
use std::path::Path;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use promd_model::Duration;
use promd_promql_parser::lint::{Linter, Rule, apply};
use promd_promql_parser::{Formatter, Options, Parsed, Parser, ValueType};
use serde_json::json;

use crate::Context;
use report::{as_json, point_at};

/// What promtool exits with when a lint finds something.
const FOUND: u8 = 3;

/// More than this is no query.
const MAX_BYTES: u64 = 64 << 20;

#[derive(Debug, Args)]
pub(crate) struct Promql {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Find what a query hardly means.
    Lint(Lint),
    /// Write a query over several lines, with its comments.
    Format(Format),
    /// Show what a query consists of.
    Parse(Parse),
}

#[derive(Debug, Args)]
struct Input {
    /// A query, a file with one, or - for standard input.
    #[arg(value_name = "FILE|EXPR")]
    query: String,
    /// Say it as JSON.
    #[arg(long)]
    json: bool,
    /// Refuse what is experimental, as a server without feature flags does.
    #[arg(long)]
    stable: bool,
}

#[derive(Debug, Args)]
struct Lint {
    #[command(flatten)]
    input: Input,
    /// The query is the expression of an alert.
    #[arg(long)]
    alert: bool,
    /// How often targets are scraped.
    #[arg(long, value_name = "DURATION", default_value = "1m")]
    scrape_interval: Duration,
    /// The rules to apply; all of them unless given.
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = rule)]
    rules: Vec<Rule>,
    /// Print the query with everything fixed that can be, and complain about nothing.
    #[arg(long, conflicts_with = "json")]
    fix: bool,
}

#[derive(Debug, Args)]
struct Format {
    #[command(flatten)]
    input: Input,
    /// How many bytes a line may have.
    #[arg(long, default_value_t = 100)]
    width: usize,
}

#[derive(Debug, Args)]
struct Parse {
    #[command(flatten)]
    input: Input,
}

fn rule(name: &str) -> Result<Rule, String> {
    let known = || Rule::ALL.map(Rule::name).join(", ");
    Rule::find(name).ok_or_else(|| format!("there is no such rule; known are {}", known()))
}

/// A query and where it is from.
struct Source {
    /// The file; `None` for a query on the command line.
    file: Option<String>,
    text: String,
    parsed: Parsed,
}

impl Input {
    fn read(&self, context: &mut Context<'_>) -> anyhow::Result<Source> {
        let (file, text) = if self.query == "-" {
            let mut text = String::new();
            context.input.by_ref().take(MAX_BYTES).read_to_string(&mut text).context("read standard input")?;
            (Some("standard input".to_owned()), text)
        } else if Path::new(&self.query).is_file() {
            let text = std::fs::read_to_string(&self.query).with_context(|| format!("read {}", self.query))?;
            (Some(self.query.clone()), text)
        } else {
            (None, self.query.clone())
        };
        let options = if self.stable { Options::default() } else { Options::all() };
        let parsed = Parser::new(options).parse_recovering(&text);
        Ok(Source { file, text, parsed })
    }

    /// Says what is wrong with a query, and whether anything is.
    fn complain(&self, source: &Source, context: &mut Context<'_>) -> anyhow::Result<bool> {
        let errors = &source.parsed.errors;
        if errors.is_empty() {
            return Ok(false);
        }
        if self.json {
            let errors: Vec<_> = errors
                .iter()
                .map(|error| as_json(source, error.span(), json!({ "message": error.kind().to_string() })))
                .collect();
            writeln!(context.out, "{}", json!({ "valid": false, "errors": errors }))?;
        } else {
            for error in errors {
                point_at(context.err, source, error.span(), &format!("parse error: {}", error.kind()))?;
            }
        }
        Ok(true)
    }
}

impl Promql {
    pub(crate) fn execute(self, context: &mut Context<'_>) -> anyhow::Result<u8> {
        match self.command {
            Command::Lint(lint) => lint.execute(context),
            Command::Format(format) => format.execute(context),
            Command::Parse(parse) => parse.execute(context),
        }
    }
}

impl Lint {
    fn execute(self, context: &mut Context<'_>) -> anyhow::Result<u8> {
        let source = self.input.read(context)?;
        if self.input.complain(&source, context)? {
            return Ok(1);
        }
        let mut linter = Linter::default().for_alerts(self.alert).with_scrape_interval(self.scrape_interval);
        if !self.rules.is_empty() {
            linter = linter.with_rules(self.rules);
        }
        if self.fix {
            writeln!(context.out, "{}", fixed(&linter, source).trim_end())?;
            return Ok(0);
        }
        let findings = linter.lint(&source.text, &source.parsed.expr);
        if self.input.json {
            let findings: Vec<_> = findings
                .iter()
                .map(|finding| {
                    let fix = finding.fix.as_ref().map(
                        |fix| json!({ "start": fix.span.start, "end": fix.span.end, "replacement": fix.replacement }),
                    );
                    let said = json!({ "rule": finding.rule.name(), "message": finding.reason, "fix": fix });
                    as_json(&source, finding.span, said)
                })
                .collect();
            writeln!(context.out, "{}", json!({ "valid": true, "findings": findings }))?;
        } else {
            for finding in &findings {
                point_at(context.out, &source, finding.span, &finding.to_string())?;
            }
        }
        Ok(if findings.is_empty() { 0 } else { FOUND })
    }
}

/// The query with what can be fixed. What overlapped is fixed in another round.
fn fixed(linter: &Linter, source: Source) -> String {
    let (mut text, mut parsed) = (source.text, source.parsed);
    // Each round makes the text simpler, so this comes to an end; the bound is for a rule that does not.
    for _ in 0..100 {
        let better = apply(&text, &linter.lint(&text, &parsed.expr));
        if better == text {
            break;
        }
        parsed = Parser::new(Options::all()).parse_recovering(&better);
        text = better;
    }
    text
}

impl Format {
    fn execute(self, context: &mut Context<'_>) -> anyhow::Result<u8> {
        let source = self.input.read(context)?;
        if self.input.complain(&source, context)? {
            return Ok(1);
        }
        let formatted = Formatter::with_width(self.width).format_with_comments(&source.text, &source.parsed);
        if self.input.json {
            writeln!(context.out, "{}", json!({ "valid": true, "formatted": formatted }))?;
        } else {
            writeln!(context.out, "{formatted}")?;
        }
        Ok(0)
    }
}

impl Parse {
    fn execute(self, context: &mut Context<'_>) -> anyhow::Result<u8> {
        let source = self.input.read(context)?;
        if self.input.complain(&source, context)? {
            return Ok(1);
        }
        let expr = &source.parsed.expr;
        if self.input.json {
            let kind = expr.value_type().map(ValueType::as_str);
            let tree = json!({ "valid": true, "type": kind, "string": expr.to_string(), "tree": expr });
            writeln!(context.out, "{tree}")?;
        } else {
            outline::write(context.out, &source.text, expr)?;
        }
        Ok(0)
    }
}
