//! `tsdb salvage`.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use promd_block::{BlockError, SalvageOptions, scan};
use promd_wal::{LogKind, RepairOptions};

use super::DEFAULT_PATH;
use super::create::new_block_id;
use crate::Context;

#[derive(Debug, Args)]
pub(crate) struct Salvage {
    /// Salvage blocks whose tombstones are damaged, too: what was deleted from them comes back.
    #[arg(long)]
    undelete: bool,
    /// Only say what would be done.
    #[arg(long)]
    dry_run: bool,
    /// The data directory. No server may be running on it.
    #[arg(value_name = "db path", default_value = DEFAULT_PATH)]
    path: PathBuf,
}

impl Salvage {
    pub(crate) fn execute(self, context: &mut Context<'_>) -> anyhow::Result<u8> {
        // A server that runs would write what is being mended. `lock` is what keeps it out, and us.
        let lock = if self.dry_run { None } else { Some(context.fs.lock(&self.path.join("lock"))?) };
        let aside = self.path.join("promd").join("aside");
        let mut refused = 0;
        for block in scan(&*context.fs, &self.path)?.blocks {
            let watch = &mut |_: &_| ControlFlow::Continue(());
            let damage = promd_block::verify(&context.fs, &block.dir, watch)?.damage;
            if damage.is_empty() {
                continue;
            }
            for text in &damage {
                writeln!(context.out, "{text}")?;
            }
            if self.dry_run {
                writeln!(context.out, "block {}: would be written anew", block.id)?;
                continue;
            }
            let mut options = SalvageOptions::default();
            options.bring_back_deleted = self.undelete;
            match promd_block::salvage(&context.fs, &block.dir, new_block_id(), &aside, &options, watch) {
                Ok(salvaged) => {
                    let now = salvaged.written.map_or("nothing was left of it".to_owned(), |written| {
                        format!("is now {} with {} samples", written.meta.id, written.meta.stats.num_samples)
                    });
                    writeln!(context.out, "block {}: {now}; the original is {}", block.id, salvaged.aside.display())?;
                }
                Err(BlockError::Damaged(damage)) => {
                    writeln!(context.err, "block {}: it is left as it is: {damage}", block.id)?;
                    refused += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
        for (name, kind) in [("wal", LogKind::Wal), ("wbl", LogKind::Wbl)] {
            let dir = self.path.join(name);
            if self.dry_run || !context.fs.exists(&dir)? {
                continue;
            }
            let promd = self.path.join("promd");
            let mut options = RepairOptions::new(kind, &aside);
            if kind == LogKind::Wal {
                options = options.cursors(promd.join("cursors")).series(promd.join("series"));
            }
            let report = promd_wal::repair(&Arc::clone(&context.fs), &dir, &options)?;
            for damage in &report.damage {
                writeln!(context.out, "{name}: {damage}")?;
            }
            for rewritten in &report.rewritten {
                writeln!(
                    context.out,
                    "{name}: segment {} was written anew with {} records; the original is {}",
                    rewritten.segment,
                    rewritten.records,
                    rewritten.original.display()
                )?;
            }
        }
        if let Some(lock) = lock {
            lock.release()?;
        }
        Ok(u8::from(refused > 0))
    }
}
