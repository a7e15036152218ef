//! Random rules on random label sets against the real Prometheus.
//!
//! One Prometheus scrapes a hundred jobs once, each with a hundred series and metric relabel rules of its own, and then
//! tells what it has stored. All jobs are served by this test. A label `id`, which no rule touches, tells series apart.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use promd_model::{Labels, LabelsBuilder, ValidationScheme};
use promd_regex::Anchored;
use promd_relabel::{Action, Rule, Rules, Scratch};
use promd_testkit::{Server, encode};
use serde_json::{Value, json};

const JOBS: usize = 100;
const SERIES: usize = 100;

/// Names that rules may touch. `z` is set by rules only.
const NAMES: [&str; 8] = ["a", "aa", "ab", "b", "b1", "b.2", "cC", "d"];

const VALUES: [&str; 12] =
    ["x", "y", "foo", "foobar", "Foo;Bar", "10", "a b", "GRÖßE", "ᾳΣς", "host-1.example:9100", "line\nbreak", "\\\"$1"];

const REGEXES: [&str; 14] = [
    "(.*)",
    ".+",
    "",
    "x|y",
    "(fo+)(.*)",
    "([^;]*);?(.*)",
    "(?i)foo.*",
    "host-(?P<n>[0-9]+)\\.(.+):(\\d+)",
    ".*;.*",
    "[a-z]+",
    "(?s)line.break",
    "(a|b|c)?(.*)",
    "\\w+",
    ".*\\$1",
];

const NAME_REGEXES: [&str; 8] = ["a.*", "(a|b)(.*)", "b\\.?(.)", "[abd]", "c(C)", "x.*", "(aa|b1|d|z)", "z?"];

const TEMPLATES: [&str; 10] = ["$1", "", "const", "$0", "${1}-$2", "$2$1", "$n", "${n}x$$", "$", "$9"];

const TARGETS: [&str; 10] = ["a", "ab", "b1", "z", "z_new", "$1", "z_${1}", "b.2", "d", "${2}z"];

/// Rules that a seed decides.
struct Random(promd_testkit::Random);

impl Random {
    fn one_in(&mut self, n: u64) -> bool {
        self.0.one_in(n)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.0.below(n)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        self.0.pick(from)
    }

    fn names(&mut self) -> Vec<String> {
        (0..=self.below(3)).map(|_| self.pick(&NAMES).to_owned()).collect()
    }

    /// A rule that is valid, never touches `id` or `__name__`, and seldom drops all.
    fn rule(&mut self) -> Rule {
        let mut rule = Rule::default();
        rule.action = self.pick(&Action::ALL);
        let by_name = matches!(rule.action, Action::LabelMap | Action::LabelDrop | Action::LabelKeep);
        let equals = matches!(rule.action, Action::KeepEqual | Action::DropEqual);
        if !by_name {
            rule.source_labels = Some(self.names());
        }
        if !matches!(rule.action, Action::LabelDrop | Action::LabelKeep) && !equals && self.one_in(4) {
            rule.separator = self.pick(&["", ",", "--"]).to_owned();
        }
        if by_name || !equals && !self.one_in(4) {
            let regex = self.pick(if by_name { &NAME_REGEXES[..] } else { &REGEXES });
            let spared =
                if rule.action == Action::LabelKeep { format!("__name__|id|{regex}") } else { regex.to_owned() };
            rule.regex = Some(Anchored::wrapped(&spared).unwrap());
        }
        match rule.action {
            Action::Replace => {
                rule.target_label = self.pick(&TARGETS).to_owned();
                rule.replacement = self.pick(&TEMPLATES).to_owned();
            }
            Action::LabelMap => rule.replacement = self.pick(&["z", "z_$1", "a", "b$2", "y.$1"]).to_owned(),
            Action::HashMod => rule.modulus = self.pick(&[1, 7, 1 << 40, u64::MAX]),
            _ => {}
        }
        if equals || matches!(rule.action, Action::HashMod | Action::Lowercase | Action::Uppercase) {
            rule.target_label = self.pick(&["a", "b1", "z", "b.2"]).to_owned();
        }
        rule
    }

    fn labels(&mut self, id: &str) -> Labels {
        let mut labels = BTreeMap::from([("__name__", "metric"), ("id", id)]);
        for name in NAMES {
            if !self.one_in(3) {
                labels.insert(name, self.pick(&VALUES));
            }
        }
        Labels::from_pairs(labels).unwrap()
    }
}

struct Job {
    rules: Vec<Rule>,
    series: Vec<Labels>,
}

impl Job {
    fn random(random: &mut Random, job: usize) -> Self {
        let rules = (0..=random.below(5)).map(|_| random.rule()).collect();
        let series = (0..SERIES).map(|at| random.labels(&format!("{job}-{at}"))).collect();
        Self { rules, series }
    }

    /// What the scrape of the job answers.
    fn page(&self) -> String {
        let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        self.series.iter().fold(String::new(), |mut page, labels| {
            let pairs = labels.iter().filter(|label| label.name != "__name__");
            let pairs: Vec<_> = pairs.map(|label| format!("\"{}\"=\"{}\"", label.name, quoted(label.value))).collect();
            writeln!(page, "metric{{{}}} 1", pairs.join(",")).unwrap();
            page
        })
    }

    fn config(&self, job: usize, address: &str) -> Value {
        let rules: Vec<Value> = self.rules.iter().map(rule_config).collect();
        json!({
            "job_name": format!("{job}"),
            "metrics_path": format!("/{job}"),
            "static_configs": [{"targets": [address]}],
            "metric_relabel_configs": rules,
        })
    }

    /// What Prometheus should store of the job's series, by `id`.
    fn expect(&self, job: usize, address: &str) -> BTreeMap<String, Labels> {
        let rules = Rules::new(self.rules.clone(), ValidationScheme::Utf8).unwrap();
        let (mut builder, mut scratch) = (LabelsBuilder::new(), Scratch::new());
        let mut expect = BTreeMap::new();
        for labels in &self.series {
            builder.reset(labels).set("instance", address).set("job", &job.to_string());
            if rules.apply(&mut builder, &mut scratch) {
                expect.insert(labels.get("id").unwrap().to_owned(), builder.build().unwrap());
            }
        }
        expect
    }
}

/// The rule as a configuration has it, with what is not given left out.
fn rule_config(rule: &Rule) -> Value {
    let mut config = json!({"action": rule.action.as_str()});
    if let Some(names) = &rule.source_labels {
        config["source_labels"] = json!(names);
    }
    if rule.separator != Rule::DEFAULT_SEPARATOR {
        config["separator"] = json!(rule.separator);
    }
    if let Some(regex) = &rule.regex {
        config["regex"] = json!(regex.as_str());
    }
    if rule.modulus != 0 {
        config["modulus"] = json!(rule.modulus);
    }
    if !rule.target_label.is_empty() {
        config["target_label"] = json!(rule.target_label);
    }
    if rule.replacement != Rule::DEFAULT_REPLACEMENT {
        config["replacement"] = json!(rule.replacement);
    }
    config
}

/// Serves the pages of the jobs, one connection after the other on each of four threads, until the process ends.
fn serve(pages: Vec<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let pages = Arc::new(pages);
    for _ in 0..4 {
        let (listener, pages) = (listener.try_clone().unwrap(), Arc::clone(&pages));
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                answer(stream, &pages);
            }
        });
    }
    address
}

fn answer(mut stream: TcpStream, pages: &[String]) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines().map_while(Result::ok);
    let request = lines.next()?;
    let end = lines.find(String::is_empty);
    let job: usize = request.split(' ').nth(1)?.trim_start_matches('/').parse().ok()?;
    let page = end.and_then(|_| pages.get(job))?;
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=1.0.0; escaping=allow-utf-8\r\nConnection: close";
    write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{page}", page.len()).ok()
}

/// The label sets that a query finds.
fn query(server: &Server, query: &str) -> Vec<Labels> {
    let labels = |series: &Value| {
        let metric = series["metric"].as_object().unwrap();
        Labels::from_pairs(metric.iter().map(|(name, value)| (name, value.as_str().unwrap()))).unwrap()
    };
    let answer = server.get(&format!("/api/v1/query?query={}", encode(query))).data().unwrap();
    answer["result"].as_array().unwrap().iter().map(labels).collect()
}

#[test]
fn rules_do_what_those_of_prometheus_do() {
    let Some(program) = promd_testkit::peer("prometheus") else { return };
    let mut random = Random(promd_testkit::Random::new(7));
    let jobs: Vec<Job> = (0..JOBS).map(|job| Job::random(&mut random, job)).collect();
    let target = serve(jobs.iter().map(Job::page).collect());
    let configs: Vec<Value> = jobs.iter().enumerate().map(|(at, job)| job.config(at, &target)).collect();
    let config = json!({"global": {"scrape_interval": "2s"}, "scrape_configs": configs});
    let folder = tempfile::tempdir().unwrap();
    let server = Server::launch(&program, folder.path()).config(config.to_string()).start();

    // What a scrape brings is stored together with its `up`. Each turn of the loop is a query, and some are enough.
    let ups = (0..20_000).find(|_| query(&server, "up == 1").len() == JOBS);
    assert!(ups.is_some(), "not all jobs were scraped: {:?}", query(&server, "up"));

    let stored: BTreeMap<String, Labels> =
        query(&server, "{id!=\"\"}").into_iter().map(|labels| (labels.get("id").unwrap().to_owned(), labels)).collect();
    let expect: BTreeMap<String, Labels> =
        jobs.iter().enumerate().flat_map(|(at, job)| job.expect(at, &target)).collect();
    for (id, labels) in &expect {
        let job: usize = id.split('-').next().unwrap().parse().unwrap();
        assert_eq!(stored.get(id), Some(labels), "series {id} by {:?}", jobs[job].rules);
    }
    assert_eq!(stored.len(), expect.len(), "series that should have been dropped");
    println!("{} label sets, {} dropped, equal", JOBS * SERIES, JOBS * SERIES - expect.len());
    assert!(expect.len() > JOBS * SERIES / 4, "too few are kept to tell much");
}
