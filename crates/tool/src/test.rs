//! `test`: tests that users write, run.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use promd_promql::test::run_with;
use promd_promql::{Engine, EngineOptions};

use crate::Context;

#[derive(Debug, Args)]
pub(crate) struct Test {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run scripts of PromQL evaluations, in the notation of Prometheus' own tests: `load`, `eval instant`, `eval range`.
    Promql(Promql),
}

#[derive(Debug, Args)]
struct Promql {
    /// Evaluate as a server does that was started with these features and no others, not with all that is experimental. Several
    /// are set apart by commas.
    #[arg(long, value_name = "FEATURE", value_delimiter = ',')]
    enable_feature: Vec<String>,
    /// The scripts.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

impl Test {
    pub(crate) fn execute(self, context: &mut Context<'_>) -> anyhow::Result<u8> {
        let Command::Promql(Promql { files, enable_feature }) = self.command;
        let mut options = EngineOptions::everything();
        if !enable_feature.is_empty() {
            options = EngineOptions::default();
            for feature in &enable_feature {
                // A server warns of others, and goes on.
                if !options.enable(feature) {
                    writeln!(context.out, "unknown option for --enable-feature: {feature}")?;
                }
            }
        }
        let engine = Engine::new(options);
        let (mut passed, mut failed) = (0, 0);
        for file in &files {
            let name = file.display().to_string();
            let script = std::fs::read_to_string(file).with_context(|| format!("read {name}"))?;
            let report = run_with(&name, &script, &engine);
            writeln!(context.out, "{report}")?;
            passed += report.passed;
            failed += report.failures.len();
        }
        writeln!(context.out, "total: {passed} passed, {failed} failed")?;
        Ok(u8::from(failed > 0))
    }
}
