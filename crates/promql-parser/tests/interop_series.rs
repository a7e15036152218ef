//! promtool reads series as this crate does: 2 000 notations out of a seed, each the data of a unit test of rules.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use promd_promql_parser::series;

/// A stream of numbers (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % limit as u64).unwrap()
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

const METRICS: [&str; 10] =
    ["m", "a:b", "sum", "{}", "m{}", "m{a=\"b\"}", "{\"x.y\",c='d',}", "on", "m{a", "m{a=\"b\" c=\"d\"}"];
const PIECES: [&str; 58] = [
    "1",
    "2.5",
    "-3",
    "+4",
    "1e3",
    "NaN",
    "Inf",
    "_",
    "stale",
    "stal",
    "0x1f",
    "5m",
    "1.5",
    ".5",
    "1_0",
    "x3",
    "x0",
    "x",
    "x1.5",
    "+1",
    "-2",
    "+",
    "-",
    "+1x2",
    "-1x1",
    "_x2",
    "{{}}",
    "{{ }}",
    "{{schema:1}}",
    "{{schema:0 sum:1}}",
    "{{buckets:[1 2]}}",
    "{{buckets:[1 -2 ] offset:-1 n_buckets:[3]}}",
    "{{count:NaN sum:-Inf}}",
    "{{",
    "}}",
    "}",
    "{",
    "{{schema:-53 custom_values:[1 2]}}",
    "{{counter_reset_hint:gauge}}",
    "{{counter_reset_hint:x}}",
    "{{sum:1 sum:2}}",
    "{{sum 1}}",
    "{{ sum:1}}",
    "{{buckets:[]}}",
    "{{buckets:[1-2]}}",
    "{{buckets:[1,2]}}",
    "{{buckets:[ 1]}}",
    "{{offset:x}}",
    "{{sum:1 gauge}}",
    "{{z_bucket_w:-1}}",
    "{{schema:1.5}}",
    "{{foo:1}}",
    "{{sum:}}",
    ",",
    "sum",
    "and",
    "\"s\"",
    "[",
];

fn notation(random: &mut Random) -> String {
    let known = if random.below(4) == 0 { METRICS.len() } else { 7 };
    let mut text = random.pick(&METRICS[..known]).to_owned();
    for _ in 0..random.below(4) {
        text.push(' ');
        for _ in 0..1 + random.below(3) {
            let glued = random.below(3) == 0;
            text.push_str(random.pick(&PIECES));
            if !glued {
                break;
            }
        }
    }
    text
}

/// What promtool says of each notation: nothing, or an error. It does not say of which, so each is followed by one whose
/// error is known.
fn promtool(notations: &[String]) -> BTreeMap<usize, String> {
    let promtool = promd_testkit::peer("promtool").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut file = String::from("tests:\n");
    let mut add = |text: &str| {
        let (series, values) = text.split_once(' ').unwrap_or((text, ""));
        let quoted = |text: &str| serde_json::to_string(text).unwrap();
        writeln!(
            file,
            "- interval: 1m\n  input_series:\n  - series: {}\n    values: {}",
            quoted(series),
            quoted(values)
        )
        .unwrap();
    };
    for (index, text) in notations.iter().enumerate() {
        add(text);
        add(&format!("m mark{index}"));
    }
    let path = folder.path().join("tests.yml");
    fs::write(&path, file).unwrap();
    let output = Command::new(promtool).args(["test", "rules"]).arg(&path).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    let mut answers = BTreeMap::new();
    let mut last = None;
    for line in said.lines().filter(|line| line.contains(": parse error: ")) {
        match line.split_once("identifier \"mark").and_then(|(_, rest)| rest.split_once('"')) {
            Some((index, _)) => answers.extend(last.take().map(|error| (index.parse().unwrap(), error))),
            None => last = Some(line.to_owned()),
        }
    }
    answers
}

#[test]
fn promtool_reads_the_same() {
    if promd_testkit::peer("promtool").is_none() {
        return;
    }
    let mut random = Random(7);
    let notations: Vec<String> = (0..2_000).map(|_| notation(&mut random)).collect();
    let answers = promtool(&notations);
    let (mut valid, mut wrong) = (0, Vec::new());
    for (index, text) in notations.iter().enumerate() {
        let ours = series::parse(text).err().map(|error| error.to_string());
        let theirs = answers.get(&index);
        valid += usize::from(theirs.is_none());
        // Their line counts from the start of the script; what is compared is the column and what is said.
        let said = |error: &str| {
            let (place, said) = error.split_once(": parse error: ")?;
            // 3.14 has more tokens than 3.5.3, so those without a name have other numbers.
            let number = said.split_once("<Item ").and_then(|(_, rest)| rest.split_once('>'));
            Some((place.rsplit(':').next()?.to_owned(), number.map_or(said, |(_, rest)| rest).to_owned()))
        };
        if ours.as_deref().and_then(said) != theirs.map(String::as_str).and_then(said) {
            wrong.push(format!("{text:?}\n    ours {ours:?}\n  theirs {theirs:?}"));
        }
    }
    assert!(valid > 400 && valid < 1_600, "{valid} of 2000 are valid");
    assert!(wrong.is_empty(), "{} of 2000 differ:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
}
