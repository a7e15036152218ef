//! The command line.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::sync::Arc;

use clap::{Parser, Subcommand};
use promd_fs::{Fs, RealFs};

use crate::{check, config, promql, test, tsdb};

/// What the tools work with: where they read, where they print, and whether someone watches.
pub struct Context<'a> {
    /// Where files are.
    pub fs: Arc<dyn Fs>,
    /// Where results go.
    pub out: &'a mut dyn Write,
    /// Where complaints and progress go.
    pub err: &'a mut dyn Write,
    /// What is read where a file is called `-`.
    pub input: Box<dyn Read + 'a>,
    /// Whether `err` is a terminal, on which progress can be drawn.
    pub terminal: bool,
}

impl<'a> Context<'a> {
    /// The real file system, standard input, and no terminal.
    pub fn new(out: &'a mut dyn Write, err: &'a mut dyn Write) -> Self {
        Self { fs: Arc::new(RealFs::new()), out, err, input: Box::new(std::io::stdin()), terminal: false }
    }
}

/// The tools of Prometheus, in one place.
#[derive(Debug, Parser)]
#[command(name = "tool", bin_name = "promd tool", about = "Tools for the data, rules and configuration of Prometheus")]
pub struct Tool {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Look at a data directory, check it, mend it, fill it.
    Tsdb(tsdb::Tsdb),
    /// Check whether files are valid.
    Check(check::Check),
    /// Compare configurations.
    Config(config::Config),
    /// Look at queries: parse them, format them, find what they hardly mean.
    Promql(promql::Promql),
    /// Run tests.
    Test(test::Test),
}

impl Tool {
    /// Runs a command line, without the name of the program. The exit code is 0 if all is well, and 1 if it is not, which has
    /// been printed then.
    ///
    /// ```
    /// use promd_tool::{Context, Tool};
    ///
    /// let (mut out, mut err) = (Vec::new(), Vec::new());
    /// let code = Tool::run(["tsdb", "list", "/no/such/directory"], &mut Context::new(&mut out, &mut err));
    /// assert_eq!(code, 1);
    /// assert!(String::from_utf8(err)?.contains("/no/such/directory"));
    /// # Ok::<(), std::string::FromUtf8Error>(())
    /// ```
    pub fn run<T: Into<OsString>>(arguments: impl IntoIterator<Item = T>, context: &mut Context<'_>) -> u8 {
        let arguments = std::iter::once(OsString::from("tool")).chain(arguments.into_iter().map(Into::into));
        let tool = match Self::try_parse_from(arguments) {
            Ok(tool) => tool,
            Err(error) => {
                // Help is an answer, not a complaint.
                let (place, code): (&mut dyn Write, u8) =
                    if error.use_stderr() { (context.err, 1) } else { (context.out, 0) };
                return write!(place, "{error}").map_or(1, |()| code);
            }
        };
        match tool.execute(context) {
            Ok(code) => code,
            Err(error) => {
                // If even this cannot be printed, nobody is there to read it.
                let _ = writeln!(context.err, "{error:#}");
                1
            }
        }
    }

    /// Runs a command line that was parsed as a part of a larger one.
    ///
    /// # Errors
    ///
    /// If the command could not do its work.
    pub fn execute(self, context: &mut Context<'_>) -> anyhow::Result<u8> {
        match self.command {
            Command::Tsdb(tsdb) => tsdb.execute(context),
            Command::Check(check) => check.execute(context),
            Command::Config(config) => config.execute(context),
            Command::Promql(promql) => promql.execute(context),
            Command::Test(test) => test.execute(context),
        }
    }
}
