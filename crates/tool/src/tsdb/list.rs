//! `tsdb list`.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use promd_block::Meta;
use promd_model::Millis;

use super::DEFAULT_PATH;
use super::view::View;
use crate::text::{Base2Bytes, GoDuration, GoTime};
use crate::{Context, table};

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Print times and sizes for people.
    #[arg(short = 'r', long)]
    human_readable: bool,
    /// The data directory.
    #[arg(value_name = "db path", default_value = DEFAULT_PATH)]
    path: PathBuf,
}

impl List {
    pub(crate) fn execute(self, context: &mut Context<'_>) -> anyhow::Result<()> {
        let view = View::blocks(context, &self.path)?;
        let blocks: Vec<_> = view.opened().iter().map(|block| (block.meta(), block.size())).collect();
        print(context.out, &blocks, true, self.human_readable)?;
        view.complain(context.err)
    }
}

/// Prints the table of blocks.
pub(super) fn print(out: &mut dyn Write, blocks: &[(&Meta, u64)], header: bool, readable: bool) -> anyhow::Result<()> {
    let mut rows = Vec::with_capacity(blocks.len() + 1);
    if header {
        let names =
            ["BLOCK ULID", "MIN TIME", "MAX TIME", "DURATION", "NUM SAMPLES", "NUM CHUNKS", "NUM SERIES", "SIZE"];
        rows.push(names.map(str::to_owned));
    }
    let time = |t: i64| if readable { GoTime(Millis(t)).to_string() } else { t.to_string() };
    for (meta, size) in blocks {
        rows.push([
            meta.id.to_string(),
            time(meta.min_time),
            time(meta.max_time),
            GoDuration::from_millis(meta.max_time.saturating_sub(meta.min_time)).to_string(),
            meta.stats.num_samples.to_string(),
            meta.stats.num_chunks.to_string(),
            meta.stats.num_series.to_string(),
            if readable { Base2Bytes(*size).to_string() } else { size.to_string() },
        ]);
    }
    table::write(out, &rows)?;
    Ok(())
}
