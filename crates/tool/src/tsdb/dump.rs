//! `tsdb dump` and `tsdb dump-openmetrics`.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use promd_model::{Columns, HistogramRun, Interval, Label, Labels, Population, Run, float};
use promd_storage::{Decoder, Order, Reader as _, Select, Series};

use super::DEFAULT_PATH;
use super::view::{View, selectors};
use crate::Context;

#[derive(Debug, Args)]
struct Range {
    /// Where a copy of the head is kept while it is read. promd reads it in place and needs none.
    #[arg(long, value_name = "DIR")]
    sandbox_dir_root: Option<PathBuf>,
    /// The first timestamp to dump, in milliseconds.
    #[arg(long, default_value_t = i64::MIN, allow_negative_numbers = true)]
    min_time: i64,
    /// The last timestamp to dump, in milliseconds.
    #[arg(long, default_value_t = i64::MAX, allow_negative_numbers = true)]
    max_time: i64,
    /// Series selector. Can be given several times.
    #[arg(long = "match", value_name = "SELECTOR", default_value = "{__name__=~'(?s:.*)'}")]
    matches: Vec<String>,
    /// The data directory.
    #[arg(value_name = "db path", default_value = DEFAULT_PATH)]
    path: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Dump {
    #[command(flatten)]
    range: Range,
    /// What to print.
    #[arg(long, value_enum, default_value_t = Format::Prom)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Each sample on a line: labels, value, milliseconds.
    Prom,
    /// The labels of each series as JSON.
    Seriesjson,
}

#[derive(Debug, Args)]
pub(crate) struct DumpOpenMetrics {
    #[command(flatten)]
    range: Range,
}

impl Dump {
    pub(crate) fn execute(self, context: &mut Context<'_>) -> anyhow::Result<()> {
        match self.format {
            Format::Prom => self.range.each(context, |out, labels, columns| {
                for run in columns.runs() {
                    write_run(out, labels, &run)?;
                }
                Ok(())
            }),
            Format::Seriesjson => self.range.each(context, |out, labels, _| {
                write_json(out, labels)?;
                Ok(())
            }),
        }
    }
}

impl DumpOpenMetrics {
    pub(crate) fn execute(self, context: &mut Context<'_>) -> anyhow::Result<()> {
        self.range.each(context, |out, labels, columns| {
            let name = labels.metric_name().unwrap_or_default();
            let rest = labels.without_metric_name();
            // A histogram ends the dump of its series: what stands behind it would be taken for all there is.
            let first = columns.runs().next();
            if let Some(Run::Floats(run)) = first {
                let mut number = Vec::new();
                for (t, v) in run.t.iter().zip(run.v) {
                    number.clear();
                    float::write_g(&mut number, *v);
                    write!(out, "{name}{} ", rest.display_compact())?;
                    out.write_all(&number)?;
                    writeln!(out, " {}", Seconds(*t))?;
                }
            }
            Ok(())
        })?;
        writeln!(context.out, "# EOF")?;
        Ok(())
    }
}

impl Range {
    /// Shows every series that matches to `print`, in label order. Warnings are an error once everything is printed.
    fn each(
        &self,
        context: &mut Context<'_>,
        mut print: impl FnMut(&mut dyn Write, &Labels, &Columns) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let selectors = selectors(&self.matches)?;
        let view = View::all(context, &self.path)?;
        let times = Interval::new(self.min_time, self.max_time);
        let reader = view.reader()?;
        let mut out = BufWriter::with_capacity(1 << 16, &mut *context.out);
        let (mut series, mut decoder, mut columns) = (Series::default(), Decoder::new(), Columns::new());
        let mut damage = Vec::new();
        let mut set = reader.select(&Select { order: Order::Labels, ..Select::new(&selectors.wide, times) })?;
        while set.next(&mut series)? {
            if !selectors.matches(&series.labels) {
                continue;
            }
            columns.clear();
            if let Err(damaged) = decoder.decode(&series, times, &mut columns) {
                damage.push(format!("{}: {damaged}", series.labels));
            }
            if !columns.is_empty() {
                print(&mut out, &series.labels, &columns)?;
            }
        }
        out.flush()?;
        drop(out);
        damage.extend(set.warnings().texts().map(str::to_owned));
        damage.extend(view.damage());
        if damage.is_empty() { Ok(()) } else { Err(anyhow::anyhow!(damage.join("\n"))) }
    }
}

fn write_run(out: &mut dyn Write, labels: &Labels, run: &Run<'_>) -> anyhow::Result<()> {
    match run {
        Run::Floats(run) => {
            let labels = labels.to_string();
            let mut number = Vec::new();
            for (t, v) in run.t.iter().zip(run.v) {
                number.clear();
                float::write_g(&mut number, *v);
                out.write_all(labels.as_bytes())?;
                out.write_all(b" ")?;
                out.write_all(&number)?;
                writeln!(out, " {t}")?;
            }
        }
        Run::Histograms(run) => {
            each_row(run, |row, t| writeln!(out, "{labels} {} {t}", run.histogram(row)))?;
        }
        Run::FloatHistograms(run) => {
            each_row(run, |row, t| writeln!(out, "{labels} {} {t}", run.float_histogram(row)))?;
        }
    }
    Ok(())
}

fn each_row<C: Population>(
    run: &HistogramRun<'_, C>,
    mut print: impl FnMut(usize, i64) -> std::io::Result<()>,
) -> std::io::Result<()> {
    run.t.iter().enumerate().try_for_each(|(row, t)| print(row, *t))
}

/// As Go's JSON encoder writes a map: `<`, `>` and `&` too are escaped.
fn write_json(out: &mut dyn Write, labels: &Labels) -> std::io::Result<()> {
    out.write_all(b"{")?;
    for (number, Label { name, value }) in labels.iter().enumerate() {
        if number > 0 {
            out.write_all(b",")?;
        }
        json_string(out, name)?;
        out.write_all(b":")?;
        json_string(out, value)?;
    }
    out.write_all(b"}\n")
}

fn json_string(out: &mut dyn Write, text: &str) -> std::io::Result<()> {
    out.write_all(b"\"")?;
    for c in text.chars() {
        match c {
            '"' => out.write_all(b"\\\"")?,
            '\\' => out.write_all(b"\\\\")?,
            '\n' => out.write_all(b"\\n")?,
            '\r' => out.write_all(b"\\r")?,
            '\t' => out.write_all(b"\\t")?,
            '\u{8}' => out.write_all(b"\\b")?,
            '\u{c}' => out.write_all(b"\\f")?,
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => write!(out, "\\u{:04x}", u32::from(c))?,
            c => write!(out, "{c}")?,
        }
    }
    out.write_all(b"\"")
}

/// Milliseconds as seconds with three digits.
struct Seconds(i64);

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let millis = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:03}", millis / 1_000, millis % 1_000)
    }
}
