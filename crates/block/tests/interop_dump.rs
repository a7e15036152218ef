//! Random blocks, written by us and dumped by promtool 3.5.3: the same samples, line for line.
//!
//! `PROMD_BLOCKS` says how many; a few by default.
#![expect(clippy::unwrap_used, reason = "a peer that cannot be run fails the test")]

mod made;

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Arc;

use made::Random;
use promd_block::{BlockId, Interval, Meta, SourceSeries, WriteOptions};
use promd_chunk::Encoding;
use promd_fs::{Fs, RealFs};
use promd_model::{Columns, Run, float};

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The lines of `promtool tsdb dump` for a series, in order of time: its words for a sample are those of Go's `%g`.
fn dumped(series: &SourceSeries, lines: &mut Vec<String>) {
    let mut columns = Columns::new();
    for chunk in &series.chunks {
        chunk.chunk().decode_into(&mut columns).unwrap();
    }
    let mut line = |t: i64, value: &str| {
        if !series.deleted.contains(t) {
            lines.push(format!("{} {value} {t}", series.labels));
        }
    };
    for run in columns.runs() {
        match run {
            Run::Floats(run) => run.t.iter().zip(run.v).for_each(|(t, v)| line(*t, &float::g(*v))),
            Run::Histograms(run) => {
                (0..run.len()).for_each(|row| line(run.t[row], &run.float_histogram(row).to_string()));
            }
            Run::FloatHistograms(run) => {
                (0..run.len()).for_each(|row| line(run.t[row], &run.float_histogram(row).to_string()));
            }
        }
    }
}

/// How many samples at the start of a series promtool 3.5.3 does not dump, although it reads them: Prometheus 3.14 does.
fn lost_by_promtool(series: &SourceSeries) -> usize {
    match series.chunks[0].encoding {
        Encoding::Histogram => 2,
        Encoding::FloatHistogram => 1,
        _ => 0,
    }
}

#[test]
fn promtool_dumps_what_was_written() {
    let Some(promtool) = promd_testkit::peer("promtool") else { return };
    let fs: Arc<dyn Fs> = Arc::new(RealFs::new());
    let mut random = Random::new(1);
    let (mut left, mut samples) = (made::blocks_to_make(), 0);
    while left > 0 {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("wal")).unwrap();
        let (mut expected, mut optional) = (BTreeSet::new(), BTreeSet::new());
        // So many in one folder, since a dump takes a process.
        for number in 0..left.min(100) {
            let min = made::HOURS.min + number * made::TWO_HOURS;
            let all = random.block(Interval::new(min, min + made::TWO_HOURS - 1), number);
            for series in &all {
                let mut lines = Vec::new();
                dumped(series, &mut lines);
                let lost = lost_by_promtool(series).min(lines.len());
                optional.extend(lines.drain(..lost));
                expected.extend(lines);
            }
            let id = BlockId::new(min.cast_unsigned(), random.next().into());
            let meta = Meta::new(id, min, min + made::TWO_HOURS);
            let mut options = WriteOptions::default();
            // Several segments in some of the blocks.
            options.segment_size = [600, 4_000, 1 << 20][usize::try_from(number % 3).unwrap()];
            let mut source = made::Made::new(all);
            promd_block::write(&fs, folder.path(), meta, &mut source, &options, &mut made::go_on).unwrap().unwrap();
        }
        let dump = run(Command::new(&promtool).args(["tsdb", "dump"]).arg(folder.path()));
        let dump: BTreeSet<String> = dump.lines().map(str::to_owned).collect();
        let missing: Vec<_> = expected.difference(&dump).take(3).collect();
        assert!(missing.is_empty(), "not dumped: {missing:#?}");
        let surplus: Vec<_> =
            dump.iter().filter(|line| !expected.contains(*line) && !optional.contains(*line)).collect();
        assert!(surplus.is_empty(), "not written: {surplus:#?}");
        samples += dump.len();
        left -= 100;
    }
    assert!(samples > 1000, "{samples}");
}
