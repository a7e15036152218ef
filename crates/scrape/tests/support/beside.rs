//! The real Prometheus and this crate, side by side: programs to scrape, both scrapers on one configuration, and what each of
//! them knows.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use promd_clock::{Clock, RealClock};
use promd_model::{Interval, Labels, Matcher, Run, is_stale};
use promd_scrape::{Executor, HttpFetchFactory, Manager, Parts, ScrapeOptions, Target};
use promd_storage::{MemStorage, Storage};
use promd_testkit::{Launch, Server};
use serde_json::Value;

/// A program to scrape. It is killed when the test ends.
pub(crate) struct Exporter {
    process: Child,
    pub(crate) address: String,
}

impl Exporter {
    /// One of the usual flags, which says in its log where it listens.
    pub(crate) fn start(program: &Path, flags: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(flags).arg("--web.listen-address=127.0.0.1:0").stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let log = process.stderr.take().unwrap();
        Self::told(process, log, |line| {
            let (_, port) = line.split_once("address=127.0.0.1:")?;
            Some(port.to_owned())
        })
    }

    /// One that writes its port to its output.
    pub(crate) fn script(interpreter: &Path, script: &Path) -> Self {
        let mut command = Command::new(interpreter);
        let mut process = command.arg(script).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let output = process.stdout.take().unwrap();
        Self::told(process, output, |line| Some(line.to_owned()))
    }

    /// Waits for the line that says where a program listens, and reads on, aside, so that the program can go on writing.
    fn told(process: Child, log: impl Read + Send + 'static, port: impl Fn(&str) -> Option<String>) -> Self {
        // From here on a panic ends the process.
        let mut exporter = Self { process, address: String::new() };
        let mut log = BufReader::new(log);
        let mut line = String::new();
        let port = loop {
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "the exporter ended");
            if let Some(port) = port(line.trim()) {
                break port;
            }
        };
        exporter.address = format!("127.0.0.1:{}", port.trim());
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        exporter
    }

    /// One that is told where to listen, and does not say when it does.
    pub(crate) fn on_free_port(program: &Path, flags: impl Fn(&str) -> Vec<String>) -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let mut command = Command::new(program);
        command.args(flags(&address)).stdout(Stdio::null()).stderr(Stdio::null());
        Self { process: command.spawn().unwrap(), address }
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Both scrapers.
pub(crate) struct Beside {
    pub(crate) server: Server,
    pub(crate) manager: Manager,
    pub(crate) storage: Arc<MemStorage>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Beside {
    /// Starts the real one with `theirs`, and ours with `ours`: the same, but for what one of the versions does not know.
    pub(crate) async fn start(launch: Launch, theirs: String, ours: &str) -> Self {
        Self::start_with(launch, theirs, ours, ScrapeOptions::default()).await
    }

    /// The same with options of ours, which are flags of the other.
    pub(crate) async fn start_with(launch: Launch, theirs: String, ours: &str, mut options: ScrapeOptions) -> Self {
        let server = tokio::task::spawn_blocking(move || launch.config(theirs).start()).await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(RealClock::new());
        let storage = Arc::new(MemStorage::new());
        options.host_name = promd_scrape::host_name().await;
        let parts = Parts {
            storage: Arc::clone(&storage) as _,
            clock: Arc::clone(&clock),
            fetch: Arc::new(HttpFetchFactory::new("promd/test", Arc::clone(&clock))),
            executor: Executor::bounded(2),
        };
        let manager = Manager::new(options, "promd/test", parts);
        let jobs = super::jobs(ours);
        let sets = super::sets(&jobs);
        manager.apply(jobs, &Labels::empty()).await.unwrap();
        manager.set_targets(sets).await;
        Self { server, manager, storage, clock }
    }

    /// The only target of a job, as ours knows it.
    pub(crate) fn target(&self, job: &str) -> Arc<Target> {
        Arc::clone(&self.manager.targets()[job].active[0])
    }

    /// The samples of ours whose series have this name.
    pub(crate) fn ours(&self, name: &str) -> BTreeMap<String, Vec<super::Float>> {
        super::floats(&*self.storage, &[Matcher::equal("__name__", name)])
    }

    /// The series of a job of which the newest sample is no stale marker.
    pub(crate) fn present(&self, job: &str) -> BTreeSet<String> {
        let mut present = BTreeSet::new();
        super::each(&*self.storage, &[Matcher::equal("job", job)], |labels, columns| {
            let is_stale = columns.runs().last().is_none_or(|run| {
                let last = run.times().len() - 1;
                match run {
                    Run::Floats(floats) => is_stale(floats.v[last]),
                    Run::Histograms(run) => run.histogram(last).is_stale(),
                    Run::FloatHistograms(run) => run.float_histogram(last).is_stale(),
                }
            });
            if !is_stale {
                present.insert(labels.to_string());
            }
        });
        present
    }

    /// The same of the real one.
    pub(crate) fn their_present(&self, job: &str) -> BTreeSet<String> {
        let answer = self.server.query(&format!("{{job=\"{job}\"}}"), &now()).unwrap();
        answer["result"].as_array().unwrap().iter().map(|one| series(&one["metric"])).collect()
    }

    /// Metadata of the target of a job: name, type, help, unit; theirs and ours.
    pub(crate) fn metadata(&self, job: &str) -> [BTreeSet<[String; 4]>; 2] {
        let path = format!("/api/v1/targets/metadata?match_target=%7Bjob%3D%22{job}%22%7D");
        let metadata = self.server.get(&path).data().unwrap();
        let field = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
        let theirs = metadata
            .as_array()
            .unwrap()
            .iter()
            .map(|one| ["metric", "type", "help", "unit"].map(|name| field(one, name)))
            .collect();
        let known = self.target(job).metadata().list().into_iter();
        let ours = known
            .map(|one| [one.family, one.metadata.metric_type.to_string(), one.metadata.help, one.metadata.unit])
            .collect();
        [theirs, ours]
    }

    /// All exemplars: series, labels, value; theirs and ours. Those without a time of their own carry that of a scrape.
    pub(crate) fn exemplars(&self) -> [BTreeSet<(String, String, String)>; 2] {
        let path = "/api/v1/query_exemplars?query=%7Bjob%3D~%22.%2B%22%7D&start=0&end=9999999999";
        let answer = self.server.get(path).data().unwrap();
        let mut theirs = BTreeSet::new();
        for one in answer.as_array().unwrap() {
            for exemplar in one["exemplars"].as_array().unwrap() {
                let labels = series(&exemplar["labels"]);
                theirs.insert((series(&one["seriesLabels"]), labels, exemplar["value"].to_string()));
            }
        }
        let mut ours = BTreeSet::new();
        let reader = self.storage.reader(Interval::ALL).unwrap();
        for one in reader.exemplars(&[vec![]], Interval::ALL).unwrap() {
            for exemplar in &one.exemplars {
                let value = promd_model::float::json(exemplar.value);
                ours.insert((one.labels.to_string(), exemplar.labels.to_string(), value));
            }
        }
        [theirs, ours]
    }
}

/// The present, as the API takes it.
pub(crate) fn now() -> String {
    (RealClock::new().wall().millis() / 1000 + 1).to_string()
}

pub(crate) fn series(labels: &Value) -> String {
    let pairs = labels.as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap()));
    Labels::from_pairs(pairs).unwrap().to_string()
}

/// What the real server has, by labels: the values of its newest samples, where `name` says so.
pub(crate) fn values(server: &Server, query: &str) -> BTreeMap<String, String> {
    let answer = server.query(query, &now()).unwrap();
    let result = answer["result"].as_array().unwrap().iter();
    result.map(|one| (series(&one["metric"]), one["value"][1].as_str().unwrap().to_owned())).collect()
}

/// When the real server scraped, in milliseconds, by job.
pub(crate) fn moments(server: &Server) -> BTreeMap<String, Vec<i64>> {
    let answer = server.query("up[1m]", &now()).unwrap();
    let times = |one: &Value| {
        let samples = one["values"].as_array().unwrap();
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds of these years")]
        samples.iter().map(|sample| (sample[0].as_f64().unwrap() * 1e3).round() as i64).collect()
    };
    let all = answer["result"].as_array().unwrap().iter();
    all.map(|one| (one["metric"]["job"].as_str().unwrap().to_owned(), times(one))).collect()
}
