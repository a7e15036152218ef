//! The program `promd`: it hands its command line to what knows what to do with it.
#![forbid(unsafe_code)]

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use promd_tool::{Context, Tool};

/// Prometheus built again in Rust.
#[derive(Debug, Parser)]
#[command(name = "promd", version)]
struct Promd {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Tools for the data of Prometheus, as promtool has them.
    Tool(Tool),
}

fn main() -> ExitCode {
    let Promd { command: Command::Tool(tool) } = Promd::parse();
    let (mut out, mut err) = (io::stdout().lock(), io::stderr().lock());
    let mut context = Context::new(&mut out, &mut err);
    context.terminal = io::stderr().is_terminal();
    match tool.execute(&mut context) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            // A reader that went away, such as `head`, is not worth a word.
            let gone = error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe);
            if !gone {
                // If even this cannot be printed, nobody is there to read it.
                let _ = writeln!(context.err, "promd: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}
