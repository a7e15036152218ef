//! Every chore of the workspace, as `cargo xtask NAME`.
//!
//! One file a chore. Each is an ordinary function that returns an error with a reason; nothing here knows what the
//! crates do. Continuous integration is `cargo xtask ci` and nothing more, so whatever it checks a developer can check
//! with the same words.
#![expect(clippy::print_stdout, reason = "a chore talks to the person at the terminal")]

mod bench;
mod ci;
mod codegen;
mod fuzz;
mod package;
mod peers;
mod run;
mod tidy;

use std::env;
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask NAME [ARGUMENTS]

  ci [STAGE]...             run the stages (all of them unless named), each with a budget of minutes
  tidy                      check floors and edges, READMEs, CHANGELOGs, lengths of files, fuzz targets
  codegen                   make anew what generators make and is committed
  peers [DIR]               fetch the real Prometheus and its friends into DIR (target/peers)
  fuzz-smoke [-s N] [NAME]...  run each fuzz target for N seconds (10) on the stable compiler
  package [CRATE]...        pack crates as for a registry, each with the crates that it stands on
  bench [--quick] [--save|--compare NAME] [FILTER]...  run the benches, print ratios against their references
  help                      this text

stages of ci: fmt clippy tidy deny doc package test shuttle fuzz-smoke interop
";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (name, rest) = match arguments.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("help", &[][..]),
    };
    let outcome = match name {
        "ci" => ci::run(rest),
        "codegen" => codegen::run(),
        "tidy" => tidy::run(),
        "peers" => peers::run(rest),
        "fuzz-smoke" => fuzz::run(rest),
        "package" => package::run(rest),
        "bench" => bench::run(rest),
        "help" | "-h" | "--help" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(anyhow::anyhow!("there is no chore `{other}`\n\n{HELP}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
