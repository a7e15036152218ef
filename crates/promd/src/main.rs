//! The program `promd`: a server, as `prometheus` is one, and `promd tool`, as `promtool` is.
#![forbid(unsafe_code)]

mod absent;
mod config;
mod features;
mod flags;
mod life;
mod log;
mod memory;
mod process;
mod query_log;
mod scraping;
mod self_metrics;
mod server;
mod settings;
mod store;
mod systemd;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use promd_tool::{Context, Tool};

use flags::{Asked, FlagError, Flags};
use settings::Settings;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let mut arguments: Vec<_> = std::env::args_os().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "tool") {
        return tool(arguments);
    }
    let arguments = arguments.drain(..).map(|argument| argument.to_string_lossy().into_owned());
    // If nothing can be printed, nobody is there to read it.
    let say = |text: &str| drop(io::stdout().write_all(text.as_bytes()));
    let complain = |text: &str| drop(io::stderr().write_all(text.as_bytes()));
    let flags = match Flags::parse(arguments) {
        Ok(Asked::Server(flags)) => flags,
        Ok(Asked::Help) => {
            say(&flags::help());
            return ExitCode::SUCCESS;
        }
        Ok(Asked::Version) => {
            let build = promd_api::BuildInfo::default();
            say(&format!(
                "prometheus, version {} (branch: {}, revision: {})\n",
                build.version, build.branch, build.revision
            ));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            complain(&format!("Error parsing command line arguments: {error}\n"));
            if let FlagError::Value(_) = error {
                say(&flags::help());
                return ExitCode::from(2);
            }
            complain(&format!("promd: error: {error}\n"));
            if let FlagError::Unknown { suggestion: Some(name), .. } = error {
                complain(&format!("promd: there is a flag '--{name}'\n"));
            }
            return ExitCode::FAILURE;
        }
    };
    let style = if flags.text("log.format") == "json" { log::Style::Json } else { log::Style::Logfmt };
    log::start(flags.text("log.level"), style);
    match Settings::of(flags) {
        Ok(settings) => server::run(settings),
        Err(unusable) => {
            complain(&format!("{}\n", unusable.text));
            ExitCode::from(unusable.code)
        }
    }
}

/// The tools, which read a command line of their own.
fn tool(arguments: Vec<std::ffi::OsString>) -> ExitCode {
    let tool = Tool::parse_from(arguments);
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
