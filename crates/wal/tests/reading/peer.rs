//! The real Prometheus on a data directory.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::BTreeMap;
use std::path::Path;

use promd_testkit::Server;
use serde_json::Value;

/// Series, by their labels as JSON, and their samples: by time in milliseconds the text of the value.
pub(crate) type Answer = BTreeMap<String, BTreeMap<i64, String>>;

/// Starts Prometheus on a data directory and asks it for everything.
pub(crate) fn ask(prometheus: &Path, home: &Path, config: &str) -> Answer {
    let flags = ["--storage.tsdb.retention.time=100y", "--enable-feature=native-histograms"];
    let server = Server::launch(prometheus, home).flags(flags).config(config).start();
    // From the year 2026 a hundred years back.
    let found = server.query("{__name__=~\".+\"}[100y]", "1798761600").unwrap();
    assert!(!server.log().contains("orrupt"), "Prometheus found damage:\n{}", server.log());
    found["result"].as_array().unwrap().iter().map(series).collect()
}

/// A series as the API and the fixtures show it.
pub(crate) fn series(json: &Value) -> (String, BTreeMap<i64, String>) {
    let mut samples = BTreeMap::new();
    for kind in ["values", "histograms"] {
        for pair in json[kind].as_array().into_iter().flatten() {
            #[expect(clippy::cast_possible_truncation, reason = "times of these years")]
            let time = (pair[0].as_f64().unwrap() * 1000.0).round() as i64;
            let value = pair[1].as_str().map_or_else(|| histogram(&pair[1]), ToOwned::to_owned);
            samples.insert(time, value);
        }
    }
    (json["metric"].to_string(), samples)
}

/// What two readers of a histogram are compared by.
fn histogram(json: &Value) -> String {
    let number = |name: &str| json[name].as_str().unwrap().parse::<f64>().unwrap();
    format!("count {:?} sum {:?}", number("count"), number("sum"))
}
