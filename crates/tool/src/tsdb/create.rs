//! `tsdb create-blocks-from openmetrics`.

mod source;

use std::collections::HashMap;
use std::collections::hash_map::Entry as MapEntry;
use std::hash::{BuildHasher, RandomState};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use promd_block::{Block, BlockId, Meta, WriteOptions};
use promd_clock::{Clock, RealClock};
use promd_exposition::{Entry, OpenMetricsParser, Options, Parser};
use promd_model::{Columns, Duration, Labels, LabelsBuilder, float, same_bits};

use super::list;
use crate::Context;
use source::Gathered;

/// The shortest block, in milliseconds, and what the next longer ones are multiples by.
const SHORTEST: i64 = 2 * 60 * 60 * 1_000;
const FACTOR: i64 = 3;
const LENGTHS: usize = 10;

/// How many samples promtool appends before it commits, which decides whether a sample out of order is an error.
const COMMIT_EVERY: usize = 5_000;

#[derive(Debug, Args)]
pub(crate) struct FromOpenMetrics {
    /// Print times and sizes for people.
    #[arg(short = 'r', long)]
    human_readable: bool,
    /// Do not print created blocks.
    #[arg(short = 'q', long)]
    quiet: bool,
    /// Label to attach to metrics. Can be given several times. Example --label=label_name=label_value
    #[arg(long = "label", value_name = "NAME=VALUE")]
    labels: Vec<String>,
    /// The longest block.
    #[arg(long, default_value = "2h", hide = true)]
    max_block_duration: Duration,
    /// OpenMetrics file to read samples from.
    #[arg(value_name = "input file")]
    input: PathBuf,
    /// Where blocks go.
    #[arg(value_name = "output directory", default_value = super::DEFAULT_PATH)]
    output: PathBuf,
}

impl FromOpenMetrics {
    pub(crate) fn execute(self, context: &mut Context<'_>) -> anyhow::Result<()> {
        let labels = self.labels.iter().map(|text| custom_label(text)).collect::<anyhow::Result<Vec<_>>>()?;
        let body = read_input(&self.input)?;
        context.fs.create_dir_all(&self.output).context("create output dir")?;
        let times = times(&body).context("getting min and max timestamp")?;
        let Some((first, last)) = times else { return Ok(()) };

        let length = block_length(self.max_block_duration.as_millis());
        let mut header = true;
        let mut begin = Some(first.div_euclid(length) * length);
        while let Some(from) = begin.filter(|from| *from <= last) {
            let until = from.saturating_add(length);
            let part = gather(&body, from, until, &labels)
                .and_then(|part| self.write(context, &mut header, part))
                .context("block creation: process blocks")?;
            // Ranges without a sample are passed over.
            begin = part.map(|next| next.div_euclid(length) * length);
        }
        Ok(())
    }

    /// Writes one block, prints its line, and says when the next sample is.
    fn write(&self, context: &mut Context<'_>, header: &mut bool, mut part: Part) -> anyhow::Result<Option<i64>> {
        if part.ignored > 0 {
            writeln!(context.err, "{} samples were left out: their series had newer ones already", part.ignored)?;
        }
        let Some((min, max)) = part.gathered.times() else { return Ok(part.next) };
        let meta = Meta::new(new_block_id(), min, max.saturating_add(1));
        let watch = &mut |_: &_| ControlFlow::Continue(());
        let written =
            promd_block::write(&context.fs, &self.output, meta, &mut part.gathered, &WriteOptions::default(), watch)
                .context("flush")?;
        if let Some(written) = written.filter(|_| !self.quiet) {
            let size = Block::open(&context.fs, &written.dir)?.size();
            list::print(context.out, &[(&written.meta, size)], *header, self.human_readable)?;
            *header = false;
        }
        Ok(part.next)
    }
}

/// A new name for a block, of the time of day and of random bits.
pub(super) fn new_block_id() -> BlockId {
    let random = || u128::from(RandomState::new().hash_one(()));
    let now = RealClock::new().wall().millis();
    BlockId::new(u64::try_from(now).unwrap_or_default(), random() << 64 | random())
}

fn custom_label(text: &str) -> anyhow::Result<(String, String)> {
    let (name, value) = text.split_once('=').ok_or_else(|| anyhow!("expected KEY=VALUE got '{text}'"))?;
    Ok((name.to_owned(), value.to_owned()))
}

fn read_input(path: &Path) -> anyhow::Result<Vec<u8>> {
    // Not a part of any data directory, and perhaps a pipe.
    std::fs::read(path).map_err(|error| anyhow!("open {}: {error}", path.display()))
}

/// The longest block that Prometheus would make by itself, and that is not longer than `most`.
fn block_length(most: i64) -> i64 {
    std::iter::successors(Some(SHORTEST), |length| length.checked_mul(FACTOR))
        .take(LENGTHS)
        .take_while(|length| *length <= most)
        .last()
        .unwrap_or(SHORTEST)
}

/// The first and the last timestamp of all samples.
fn times(body: &[u8]) -> anyhow::Result<Option<(i64, i64)>> {
    let mut parser = OpenMetricsParser::new(body, Options::default());
    let mut times: Option<(i64, i64)> = None;
    while let Some(entry) = parser.next().context("next")? {
        let Entry::Series(sample) = entry else { continue };
        let Some(t) = sample.timestamp else { bail!("expected timestamp for series got none") };
        times = Some(times.map_or((t, t), |(min, max)| (min.min(t), max.max(t))));
    }
    Ok(times)
}

/// The samples of one block, and when the next one begins.
struct Part {
    gathered: Gathered,
    next: Option<i64>,
    ignored: usize,
}

/// A series in the making.
#[derive(Default)]
struct Growing {
    samples: Columns,
    /// The sample that was newest at the last commit.
    committed: Option<(i64, f64)>,
}

fn gather(body: &[u8], from: i64, until: i64, custom: &[(String, String)]) -> anyhow::Result<Part> {
    let mut parser = OpenMetricsParser::new(body, Options::default());
    let mut by_bytes: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut by_labels: HashMap<Labels, usize> = HashMap::new();
    let mut series: Vec<Growing> = Vec::new();
    let mut builder = LabelsBuilder::new();
    let (mut next, mut ignored, mut uncommitted) = (None, 0, 0);
    while let Some(entry) = parser.next().context("parse")? {
        let Entry::Series(sample) = entry else { continue };
        let Some(t) = sample.timestamp else { bail!("expected timestamp for series, got none") };
        if t >= until {
            next = Some(next.map_or(t, |next: i64| next.min(t)));
        }
        if t < from || t >= until {
            continue;
        }
        let number = match by_bytes.get(sample.series) {
            Some(number) => *number,
            None => {
                builder.reset(&Labels::empty());
                sample.for_each_label(|name, value| {
                    builder.set(name, value);
                });
                for (name, value) in custom {
                    builder.set(name, value);
                }
                let labels = builder.build().context("add sample")?;
                let number = match by_labels.entry(labels) {
                    MapEntry::Occupied(known) => *known.get(),
                    MapEntry::Vacant(place) => {
                        series.push(Growing::default());
                        *place.insert(series.len() - 1)
                    }
                };
                by_bytes.insert(sample.series.to_vec(), number);
                number
            }
        };
        ignored += usize::from(!series[number].push(t, sample.value)?);
        uncommitted += 1;
        if uncommitted == COMMIT_EVERY {
            series.iter_mut().for_each(Growing::commit);
            uncommitted = 0;
        }
    }
    let samples = by_labels.into_iter().map(|(labels, number)| (labels, std::mem::take(&mut series[number].samples)));
    Ok(Part { gathered: Gathered::new(samples.collect())?, next, ignored })
}

impl Growing {
    /// Adds a sample behind the newest one. Against what is committed a sample out of order is an error; against the rest
    /// of its batch it is passed over.
    fn push(&mut self, t: i64, v: f64) -> anyhow::Result<bool> {
        match self.committed {
            Some((newest, _)) if t < newest => bail!("add sample: out of order sample"),
            Some((newest, existing)) if t == newest && !same_bits(existing, v) => bail!(
                "add sample: duplicate sample for timestamp {t}; overrides not allowed: existing {}, new value {}",
                float::g(existing),
                float::g(v)
            ),
            _ => {}
        }
        if self.samples.times().last().is_some_and(|newest| t <= *newest) {
            return Ok(false);
        }
        self.samples.push_float(t, v);
        Ok(true)
    }

    fn commit(&mut self) {
        let newest = self.samples.as_floats().and_then(|run| Some((*run.t.last()?, *run.v.last()?)));
        self.committed = newest.or(self.committed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ExponentialBlockRanges(2h, 10, 3)` of `tsdb/compact.go`, by arithmetic.
    #[test]
    fn blocks_are_as_long_as_prometheus_makes_them() {
        for (most, hours) in [
            (0, 2),
            (SHORTEST, 2),
            (SHORTEST * 3 - 1, 2),
            (SHORTEST * 3, 6),
            (SHORTEST * 10, 18),
            (i64::MAX, 2 * 19_683),
        ] {
            assert_eq!(block_length(most), hours * 3_600_000, "{most}");
        }
    }

    #[test]
    fn a_label_needs_a_value() {
        assert_eq!(custom_label("a=b=c").unwrap(), ("a".to_owned(), "b=c".to_owned()));
        assert_eq!(custom_label("a").unwrap_err().to_string(), "expected KEY=VALUE got 'a'");
    }
}
