//! A data directory, opened to be looked at. Nothing is written.

use std::io::Write;
use std::path::Path;

use anyhow::Context as _;
use promd_block::{Block, scan};
use promd_model::{Interval, Labels, MatchOp, Matcher};
use promd_promql_parser::Parser;
use promd_storage::{Merge, Storage};

use super::log::{self, Head};
use crate::Context;

/// The blocks of a data directory, and perhaps its head.
pub(super) struct View {
    blocks: Vec<Block>,
    head: Option<Head>,
    /// What cannot be opened, and why.
    broken: Vec<String>,
}

impl View {
    /// Opens the blocks alone, oldest first.
    pub(super) fn blocks(context: &Context<'_>, path: &Path) -> anyhow::Result<Self> {
        let found = scan(&*context.fs, path)?;
        let mut view = Self { blocks: Vec::new(), head: None, broken: Vec::new() };
        for block in found.blocks {
            match Block::open(&context.fs, &block.dir) {
                Ok(block) => view.blocks.push(block),
                Err(error) => view.broken.push(format!("block {}: {error}", block.id)),
            }
        }
        view.broken.extend(found.without_index.iter().map(|dir| format!("{} has no index", dir.display())));
        view.blocks.sort_by_key(|block| (block.meta().min_time, block.meta().id));
        Ok(view)
    }

    /// Opens the blocks and reads the head from its logs.
    pub(super) fn all(context: &Context<'_>, path: &Path) -> anyhow::Result<Self> {
        let mut view = Self::blocks(context, path)?;
        let in_order = |block: &&Block| !block.meta().compaction.hints.iter().any(|hint| hint == "from-out-of-order");
        let blocks = view.blocks.iter().filter(in_order);
        let min_valid = blocks.map(|block| block.meta().max_time).max().unwrap_or(i64::MIN);
        view.head = Some(log::read(&context.fs, path, min_valid)?);
        Ok(view)
    }

    /// The blocks that could be opened, by their times.
    pub(super) fn opened(&self) -> &[Block] {
        &self.blocks
    }

    /// All of it as one store.
    pub(super) fn reader(&self) -> anyhow::Result<Merge<'_>> {
        let mut merge = Merge::new();
        for block in &self.blocks {
            merge = merge.with(Box::new(block));
        }
        if let Some(head) = &self.head {
            merge = merge.with(head.storage.reader(Interval::ALL)?);
        }
        Ok(merge)
    }

    /// What is missing from it that no answer tells of.
    pub(super) fn damage(&self) -> impl Iterator<Item = String> {
        self.broken.iter().chain(self.head.iter().flat_map(|head| &head.damage)).cloned()
    }

    /// Tells of that.
    pub(super) fn complain(&self, out: &mut dyn Write) -> anyhow::Result<()> {
        for damage in self.damage() {
            writeln!(out, "{damage}")?;
        }
        Ok(())
    }
}

/// Series selectors, of which a series must match one.
pub(super) struct Selectors {
    sets: Vec<Vec<Matcher>>,
    /// What every series matches that matches one of them.
    pub(super) wide: Vec<Matcher>,
}

impl Selectors {
    pub(super) fn matches(&self, labels: &Labels) -> bool {
        let matches = |set: &Vec<Matcher>| set.iter().all(|matcher| matcher.matches_labels(labels.view()));
        self.sets.len() == 1 || self.sets.iter().any(matches)
    }
}

/// Reads selectors as they stand on a command line.
pub(super) fn selectors(texts: &[String]) -> anyhow::Result<Selectors> {
    let sets = texts.iter().map(|text| selector(text)).collect::<anyhow::Result<Vec<_>>>()?;
    let wide = match sets.as_slice() {
        [one] => one.clone(),
        _ => vec![Matcher::new(MatchOp::Regex, "__name__", ".*").context("a selector of everything")?],
    };
    Ok(Selectors { sets, wide })
}

/// Reads one selector.
pub(super) fn selector(text: &str) -> anyhow::Result<Vec<Matcher>> {
    Ok(Parser::default().parse_selector(text)?)
}
