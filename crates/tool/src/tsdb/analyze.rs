//! `tsdb analyze`.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use promd_block::index::{ChunkMeta, Index};
use promd_block::postings::{Postings, select};
use promd_block::{Block, BlockError, ChunkRef};
use promd_chunk::Encoding;
use promd_model::{Columns, LabelsBuilder, Matcher, Run};

use super::view::{View, selector};
use super::{DEFAULT_PATH, buckets};
use crate::Context;
use crate::text::GoDuration;

#[derive(Debug, Args)]
pub(crate) struct Analyze {
    /// How many items to show in each list.
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// Run extended analysis.
    #[arg(long)]
    extended: bool,
    /// Series selector to analyze. Only one.
    #[arg(long = "match", value_name = "SELECTOR")]
    matching: Option<String>,
    /// The data directory.
    #[arg(value_name = "db path", default_value = DEFAULT_PATH)]
    path: PathBuf,
    /// Block to analyze (default is the last block).
    #[arg(value_name = "block id")]
    block: Option<String>,
}

/// What the series of a block have in common.
#[derive(Default)]
struct Tally {
    /// For each name, and for each name and value, for how many milliseconds of the block its series had no samples.
    names_uncovered: HashMap<String, u64>,
    pairs_uncovered: HashMap<String, u64>,
    pairs: HashMap<String, u64>,
    entries: u64,
    metrics: BTreeMap<String, u64>,
    values: BTreeMap<String, BTreeMap<String, ()>>,
}

impl Analyze {
    pub(crate) fn execute(self, context: &mut Context<'_>) -> anyhow::Result<()> {
        let matchers = self.matching.as_deref().map(selector).transpose()?;
        let view = View::blocks(context, &self.path)?;
        view.complain(context.err)?;
        let block = match &self.block {
            None => view.opened().iter().max_by_key(|block| block.meta().id),
            Some(id) => view.opened().iter().find(|block| block.meta().id.to_string() == *id),
        };
        let Some(block) = block else {
            match &self.block {
                None => bail!("no blocks found"),
                Some(id) => bail!("block {id} not found"),
            }
        };
        let mut out = BufWriter::new(&mut *context.out);
        self.print(&mut out, block, matchers.as_deref())?;
        out.flush()?;
        Ok(())
    }

    fn print(&self, out: &mut dyn Write, block: &Block, matchers: Option<&[Matcher]>) -> anyhow::Result<()> {
        let (meta, index) = (block.meta(), block.index());
        let selected = select(index, matchers.unwrap_or_default())?;
        let length = u64::try_from(meta.max_time.saturating_sub(meta.min_time)).unwrap_or(0).max(1);
        let tally = tally(index, &selected, length)?;
        writeln!(out, "Block ID: {}", meta.id)?;
        writeln!(out, "Duration: {}", GoDuration::from_millis(meta.max_time.saturating_sub(meta.min_time)))?;
        writeln!(out, "Total Series: {}", meta.stats.num_series)?;
        if let Some(text) = &self.matching {
            writeln!(out, "Matcher: {text}")?;
        }
        writeln!(out, "Label names: {}", tally.values.len())?;
        if matchers.is_some() {
            writeln!(out, "Matched series: {}", selected.len())?;
        }
        writeln!(out, "Postings (unique label pairs): {}", tally.pairs.len())?;
        writeln!(out, "Postings entries (total label pairs): {}", tally.entries)?;

        // As Prometheus counts it: by a division of floats, cut to a whole number.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "milliseconds that lie far below 2^53"
        )]
        let series = |uncovered: &u64| (*uncovered as f64 / length as f64) as u64;
        let whole = |map: &HashMap<String, u64>| map.iter().map(|(key, ms)| (series(ms), key.clone())).collect();
        let size = |values: &BTreeMap<String, ()>| values.keys().map(|value| value.len() as u64).sum();
        let lists: [(&str, Vec<(u64, String)>); 6] = [
            ("Label pairs most involved in churning", whole(&tally.pairs_uncovered)),
            ("Label names most involved in churning", whole(&tally.names_uncovered)),
            ("Most common label pairs", tally.pairs.iter().map(|(pair, count)| (*count, pair.clone())).collect()),
            (
                "Label names with highest cumulative label value length",
                tally.values.iter().map(|(name, values)| (size(values), name.clone())).collect(),
            ),
            (
                "Highest cardinality labels",
                tally.values.iter().map(|(name, values)| (values.len() as u64, name.clone())).collect(),
            ),
            (
                "Highest cardinality metric names",
                tally.metrics.iter().map(|(name, count)| (*count, name.clone())).collect(),
            ),
        ];
        for (title, mut list) in lists {
            writeln!(out, "\n{title}:")?;
            // Of equal rank, by text: Prometheus has no order there.
            list.sort_by(|(a, x), (b, y)| b.cmp(a).then_with(|| x.cmp(y)));
            for (count, text) in list.iter().take(self.limit) {
                writeln!(out, "{count} {text}")?;
            }
        }
        if self.extended { print_chunks(out, block, &selected) } else { Ok(()) }
    }
}

fn tally(index: &Index, selected: &Postings, length: u64) -> Result<Tally, BlockError> {
    let mut tally = Tally::default();
    let (mut labels, mut chunks): (_, Vec<ChunkMeta>) = (LabelsBuilder::new(), Vec::new());
    for id in selected {
        index.series(id, &mut labels, &mut chunks)?;
        let covered = chunks.first().zip(chunks.last()).map_or(0, |(first, last)| last.max.abs_diff(first.min));
        let uncovered = length.saturating_sub(covered);
        for label in labels.iter() {
            let pair = format!("{}={}", label.name, label.value);
            *tally.names_uncovered.entry(label.name.to_owned()).or_default() += uncovered;
            *tally.pairs_uncovered.entry(pair.clone()).or_default() += uncovered;
            *tally.pairs.entry(pair).or_default() += 1;
            tally.values.entry(label.name.to_owned()).or_default().insert(label.value.to_owned(), ());
            if label.name == promd_model::METRIC_NAME {
                *tally.metrics.entry(label.value.to_owned()).or_default() += 1;
            }
            tally.entries += 1;
        }
    }
    Ok(tally)
}

/// How full chunks are.
fn print_chunks(out: &mut dyn Write, block: &Block, selected: &Postings) -> anyhow::Result<()> {
    let (mut labels, mut chunks) = (LabelsBuilder::new(), Vec::new());
    let mut columns = Columns::new();
    let (mut samples, mut bytes) = (Vec::new(), Vec::new());
    let (mut histogram_samples, mut histogram_bytes, mut histogram_buckets) = (Vec::new(), Vec::new(), Vec::new());
    let mut total = 0;
    for id in selected {
        block.index().series(id, &mut labels, &mut chunks)?;
        for meta in &chunks {
            let read = block.chunk(ChunkRef::from(meta.reference))?;
            total += 1;
            let (count, size) = (u64::from(read.chunk().claimed_samples()?), read.bytes.len() as u64);
            if matches!(read.encoding, Encoding::Xor | Encoding::Xor2) {
                samples.push(count);
                bytes.push(size);
                continue;
            }
            columns.clear();
            read.chunk().decode_into(&mut columns)?;
            let buckets: usize = columns
                .runs()
                .map(|run| match run {
                    Run::Floats(_) => 0,
                    Run::Histograms(run) => run.buckets.len(),
                    Run::FloatHistograms(run) => run.buckets.len(),
                })
                .sum();
            histogram_samples.push(count);
            histogram_bytes.push(size);
            histogram_buckets.push(buckets as u64);
        }
    }
    writeln!(out, "\nCompaction analysis:\n")?;
    buckets::draw(out, "samples per float chunk", &mut samples, total)?;
    buckets::draw(out, "bytes per float chunk", &mut bytes, total)?;
    buckets::draw(out, "samples per histogram chunk", &mut histogram_samples, total)?;
    buckets::draw(out, "bytes per histogram chunk", &mut histogram_bytes, total)?;
    buckets::draw(out, "buckets per histogram chunk", &mut histogram_buckets, total)?;
    Ok(())
}
