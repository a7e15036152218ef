//! Random blocks, made by `promtool tsdb create-blocks-from openmetrics` and read by us: the samples that were in the text.
//!
//! `PROMD_BLOCKS` says how many; a few by default.

mod answer;
mod made;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use answer::Answer;
use made::{Random, TWO_HOURS, blocks_to_make};
use promd_fs::{Fs, RealFs};

#[test]
fn blocks_of_promtool_are_read() {
    let Some(promtool) = promd_testkit::peer("promtool") else { return };
    let fs: Arc<dyn Fs> = Arc::new(RealFs::new());
    let mut random = Random::new(2);
    let folder = tempfile::tempdir().unwrap();
    let (input, data) = (folder.path().join("input.om"), folder.path().join("data"));

    // One block for each two hours.
    let mut expected = Answer::new();
    for block in 0..blocks_to_make() {
        for _ in 0..1 + random.below(8) {
            let labels = random.labels(block % 5);
            let times = random.times(made::HOURS.min + block * TWO_HOURS, TWO_HOURS);
            let samples = times.into_iter().map(|t| (t, answer::number(random.value())));
            expected.entry(labels).or_default().extend(samples.filter(|(_, value)| value != "NaN"));
        }
    }
    let mut text = String::new();
    let mut families: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for (labels, samples) in &expected {
        families.entry(labels.metric_name().unwrap()).or_default().push((labels, samples));
    }
    for (name, all) in families {
        writeln!(text, "# TYPE {name} gauge").unwrap();
        for (labels, samples) in all {
            let labels = labels.without_metric_name();
            for (t, value) in samples {
                writeln!(text, "{name}{} {value} {}.{:03}", labels.display_compact(), t / 1000, t % 1000).unwrap();
            }
        }
    }
    text.push_str("# EOF\n");
    std::fs::write(&input, text).unwrap();
    let mut command = Command::new(promtool);
    let output =
        command.args(["tsdb", "create-blocks-from", "openmetrics", "-q"]).args([&input, &data]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let (got, damage) = answer::of_directory(&fs, &data);
    assert_eq!(damage, []);
    assert_eq!(got.len(), expected.len());
    for (labels, samples) in &expected {
        assert_eq!(got.get(labels), Some(samples), "{labels}");
    }
    let blocks = promd_block::scan(&*fs, Path::new(&data)).unwrap().blocks.len();
    assert_eq!(i64::try_from(blocks).unwrap(), blocks_to_make());
}
