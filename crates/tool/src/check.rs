//! `check`: whether files are valid. Lines and exit codes are promtool's.

mod config;
mod rules;
mod targets;

use std::path::Path;

use clap::{Args, Subcommand};
use promd_config::WebConfig;
use promd_model::Duration;
use promd_promql_parser::{Options, Parser};

use crate::Context;
use rules::RuleLints;

/// What promtool exits with when something is wrong, and when only a lint finds something.
const FAILED: u8 = 1;
const FOUND: u8 = 3;

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// How far back a query looks for a sample.
    #[arg(long = "query.lookback-delta", value_name = "DURATION", default_value = "5m", global = true)]
    lookback_delta: Duration,
    /// The server's feature flags, of which those about expressions count.
    #[arg(long = "enable-feature", value_name = "NAME", value_delimiter = ',', global = true)]
    features: Vec<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check configurations.
    Config(Config),
    /// Check rule files.
    Rules(Rules),
    /// Check web configurations.
    WebConfig(Web),
}

#[derive(Debug, Args)]
struct Config {
    /// The configurations.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
    /// Look at the files themselves only, not at those that they name.
    #[arg(long)]
    syntax_only: bool,
    /// The configurations are of servers that only scrape and send.
    #[arg(long)]
    agent: bool,
    /// What is looked for beyond validity: all, duplicate-rules, too-long-scrape-interval, none.
    #[arg(long, default_value = "duplicate-rules")]
    lint: String,
    #[command(flatten)]
    shared: Shared,
}

#[derive(Debug, Args)]
struct Rules {
    /// The rule files; standard input if there are none.
    #[arg(value_name = "FILE")]
    files: Vec<String>,
    /// What is looked for beyond validity: all, duplicate-rules, none.
    #[arg(long, default_value = "duplicate-rules")]
    lint: String,
    #[command(flatten)]
    shared: Shared,
}

#[derive(Debug, Args)]
struct Shared {
    /// Fail, with exit code 3, on what only a lint finds.
    #[arg(long)]
    lint_fatal: bool,
    /// Pass over fields that no rule has.
    #[arg(long)]
    ignore_unknown_fields: bool,
}

#[derive(Debug, Args)]
struct Web {
    /// The web configurations.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
}

/// What was found so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Fine,
    /// A lint found something.
    Found,
    /// Something is wrong.
    Wrong,
}

impl Verdict {
    fn code(self, lint_fatal: bool) -> u8 {
        match self {
            Self::Wrong => FAILED,
            Self::Found if lint_fatal => FOUND,
            Self::Found | Self::Fine => 0,
        }
    }
}

impl Check {
    pub(crate) fn execute(self, context: &mut Context<'_>) -> anyhow::Result<u8> {
        let parser = Parser::new(options(&self.features));
        let check = |text: &str| parser.parse(text).map(drop).map_err(|errors| errors.to_string());
        match self.command {
            Command::Config(Config { files, syntax_only, agent, lint, shared }) => {
                let lints = RuleLints::new(&lint, shared.ignore_unknown_fields, &check);
                let names = |name| lint.split(',').any(|option| option == name);
                let long_intervals = (names("all") || names("too-long-scrape-interval")) && !names("none");
                let lookback = long_intervals.then_some(self.lookback_delta);
                let options = config::Options { syntax_only, agent, lookback, lints };
                let verdict = config::check(&files, &options, context)?;
                Ok(verdict.code(shared.lint_fatal))
            }
            Command::Rules(Rules { files, lint, shared }) => {
                let lints = RuleLints::new(&lint, shared.ignore_unknown_fields, &check);
                for unknown in RuleLints::unknown(&lint) {
                    writeln!(context.out, "WARNING: unknown lint option: {}", promd_model::quote::go(unknown))?;
                }
                let verdict = if files.is_empty() {
                    rules::check_input(&lints, context)?
                } else {
                    rules::check(&files, &lints, context)?
                };
                Ok(verdict.code(shared.lint_fatal))
            }
            Command::WebConfig(Web { files }) => web(&files, context),
        }
    }
}

/// What the feature flags of the server allow in expressions.
fn options(features: &[String]) -> Options {
    let has = |name: &str| features.iter().any(|feature| feature == name);
    let mut options = Options::default();
    options.experimental_functions = has("promql-experimental-functions");
    options.extended_range_selectors = has("promql-extended-range-selectors");
    options.fill_modifiers = has("promql-binop-fill-modifiers");
    options
}

fn web(files: &[String], context: &mut Context<'_>) -> anyhow::Result<u8> {
    let mut failed = false;
    for file in files {
        match check_web(file, context) {
            Ok(()) => writeln!(context.err, "{file} SUCCESS")?,
            Err(error) => {
                writeln!(context.err, "{file} FAILED: {error}")?;
                failed = true;
            }
        }
    }
    Ok(if failed { FAILED } else { 0 })
}

fn check_web(file: &str, context: &Context<'_>) -> Result<(), String> {
    let config = WebConfig::load(&*context.fs, file).map_err(|error| error.to_string())?;
    for (key, file) in [("cert_file", &config.tls.cert_file), ("key_file", &config.tls.key_file)] {
        if !file.is_empty() && !exists(file, context) {
            return Err(format!("failed to read {key} ({file}): open {file}: no such file or directory"));
        }
    }
    Ok(())
}

fn exists(file: &str, context: &Context<'_>) -> bool {
    context.fs.exists(Path::new(file)).unwrap_or(false)
}
