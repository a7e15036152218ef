//! `test`: tests that users write, run.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use promd_promql::test::run;

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
    /// The scripts.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

impl Test {
    pub(crate) fn execute(self, context: &mut Context<'_>) -> anyhow::Result<u8> {
        let Command::Promql(Promql { files }) = self.command;
        let (mut passed, mut failed) = (0, 0);
        for file in &files {
            let name = file.display().to_string();
            let script = std::fs::read_to_string(file).with_context(|| format!("read {name}"))?;
            let report = run(&name, &script);
            writeln!(context.out, "{report}")?;
            passed += report.passed;
            failed += report.failures.len();
        }
        writeln!(context.out, "total: {passed} passed, {failed} failed")?;
        Ok(u8::from(failed > 0))
    }
}
