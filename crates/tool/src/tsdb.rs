//! `tsdb`: data directories.

mod analyze;
mod buckets;
mod create;
mod dump;
mod list;
mod log;
mod progress;
mod salvage;
mod verify;
mod view;

use clap::{Args, Subcommand};

use crate::Context;

/// Where Prometheus keeps its data if nobody says otherwise.
const DEFAULT_PATH: &str = "data/";

#[derive(Debug, Args)]
pub(crate) struct Tsdb {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the blocks of a data directory.
    List(list::List),
    /// Analyze churn, label pair cardinality and compaction efficiency of a block.
    Analyze(analyze::Analyze),
    /// Dump samples from a data directory.
    Dump(dump::Dump),
    /// Dump floats from a data directory as OpenMetrics, without stale markers and native histograms, which it has no form for.
    DumpOpenmetrics(dump::DumpOpenMetrics),
    /// Make blocks of other data.
    #[command(subcommand)]
    CreateBlocksFrom(CreateBlocksFrom),
    /// Read every byte of all blocks and of the log, and name what is damaged. The exit code is 1 if something is.
    Verify(verify::Verify),
    /// Make sound blocks and a sound log of damaged ones. What was damaged moves to `promd/aside`; nothing is deleted.
    Salvage(salvage::Salvage),
}

#[derive(Debug, Subcommand)]
enum CreateBlocksFrom {
    /// Import samples from OpenMetrics input and produce blocks.
    Openmetrics(create::FromOpenMetrics),
}

impl Tsdb {
    pub(crate) fn execute(self, context: &mut Context<'_>) -> anyhow::Result<u8> {
        match self.command {
            Command::List(list) => list.execute(context).map(|()| 0),
            Command::Analyze(analyze) => analyze.execute(context).map(|()| 0),
            Command::Dump(dump) => dump.execute(context).map(|()| 0),
            Command::DumpOpenmetrics(dump) => dump.execute(context).map(|()| 0),
            Command::CreateBlocksFrom(CreateBlocksFrom::Openmetrics(create)) => create.execute(context).map(|()| 0),
            Command::Verify(verify) => verify.execute(context),
            Command::Salvage(salvage) => salvage.execute(context),
        }
    }
}
