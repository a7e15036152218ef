//! `tsdb verify`.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use promd_block::{BlockError, scan};
use promd_fs::Fs;
use promd_wal::record::{Record, is_strict};
use promd_wal::{Cause, Event, LogKind, LogReader, ReadOptions};

use super::DEFAULT_PATH;
use super::progress::Progress;
use crate::Context;

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The data directory.
    #[arg(value_name = "db path", default_value = DEFAULT_PATH)]
    path: PathBuf,
}

/// A thing to look at, and how large it is.
struct Part {
    name: String,
    kind: Kind,
    bytes: u64,
}

enum Kind {
    Block(PathBuf),
    Log(LogKind, PathBuf),
}

impl Verify {
    pub(crate) fn execute(self, context: &mut Context<'_>) -> anyhow::Result<u8> {
        let found = scan(&*context.fs, &self.path)?;
        let mut damage: Vec<String> =
            found.without_index.iter().map(|dir| format!("{} has no index: it is left alone", dir.display())).collect();
        let parts = parts(&context.fs, &self.path)?;
        let mut progress = Progress::new(context.err, context.terminal, parts.iter().map(|part| part.bytes).sum());
        let (mut samples, mut records) = (0, 0);
        let mut before = 0;
        for part in &parts {
            progress.at(before, &part.name);
            match &part.kind {
                Kind::Block(dir) => {
                    let seen = verify_block(&context.fs, dir, &part.name, &mut progress, &mut damage)?;
                    samples += seen;
                }
                Kind::Log(kind, dir) => {
                    records += verify_log(&context.fs, dir, *kind, &part.name, &mut damage)?;
                }
            }
            before += part.bytes;
        }
        progress.clear();
        for text in &damage {
            writeln!(context.out, "{text}")?;
        }
        let blocks = parts.iter().filter(|part| matches!(part.kind, Kind::Block(_))).count();
        let verdict = match damage.len() {
            0 => "all sound".to_owned(),
            1 => "1 damage".to_owned(),
            count => format!("{count} damages"),
        };
        writeln!(context.out, "{blocks} blocks with {samples} samples, logs with {records} records: {verdict}")?;
        Ok(u8::from(!damage.is_empty()))
    }
}

/// Everything there is to look at, blocks first.
fn parts(fs: &Arc<dyn Fs>, data: &Path) -> anyhow::Result<Vec<Part>> {
    let mut parts = Vec::new();
    for block in scan(&**fs, data)?.blocks {
        let bytes = size(&**fs, &block.dir)? + size(&**fs, &block.dir.join("chunks")).unwrap_or(0);
        parts.push(Part { name: format!("block {}", block.id), kind: Kind::Block(block.dir), bytes });
    }
    for (name, kind) in [("wal", LogKind::Wal), ("wbl", LogKind::Wbl)] {
        let dir = data.join(name);
        if fs.exists(&dir)? {
            parts.push(Part { name: name.to_owned(), bytes: size(&**fs, &dir)?, kind: Kind::Log(kind, dir) });
        }
    }
    Ok(parts)
}

/// The bytes of the files in a folder.
fn size(fs: &dyn Fs, dir: &Path) -> promd_fs::Result<u64> {
    Ok(fs.read_dir(dir)?.iter().map(|entry| entry.size).sum())
}

/// Reads a block, and returns how many samples it has.
fn verify_block(
    fs: &Arc<dyn Fs>,
    dir: &Path,
    name: &str,
    progress: &mut Progress<'_>,
    damage: &mut Vec<String>,
) -> anyhow::Result<u64> {
    let before = progress.done();
    let watch = &mut |seen: &promd_block::Progress| {
        progress.at(before + seen.bytes, name);
        ControlFlow::Continue(())
    };
    match promd_block::verify(fs, dir, watch) {
        Ok(verified) => {
            damage.extend(verified.damage.iter().map(ToString::to_string));
            Ok(verified.seen.samples)
        }
        Err(BlockError::NotABlock(_)) => Ok(0),
        Err(error) => Err(error.into()),
    }
}

/// Reads a log, and returns how many records it has.
fn verify_log(
    fs: &Arc<dyn Fs>,
    dir: &Path,
    kind: LogKind,
    name: &str,
    damage: &mut Vec<String>,
) -> anyhow::Result<u64> {
    let mut log = LogReader::open(Arc::clone(fs), dir, kind, ReadOptions::default())?;
    let mut records = 0;
    while let Some(event) = log.next()? {
        match event {
            Event::Record(record) => {
                records += 1;
                let unknown = matches!(Record::parse(record.bytes), Ok(Record::Unknown(_)));
                if !unknown && !is_strict(record.bytes) {
                    damage.push(format!("{name}: the record at {} cannot be decoded", record.position()));
                }
            }
            // A write that a kill cut short took nothing that was acknowledged.
            Event::Damage(found) if found.cause == Cause::Torn => {}
            Event::Damage(found) => damage.push(format!("{name}: {found}")),
        }
    }
    Ok(records)
}
