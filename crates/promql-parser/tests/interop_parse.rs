//! The running Prometheus reads what this crate reads: 10 000 queries out of a seed, through `/api/v1/parse_query` and
//! `/api/v1/format_query`. `PROMD_SEED` gives another seed.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, fs};

use promd_promql_parser::{Formatter, Options, Parser};
use serde_json::Value;
use support::Generator;

const QUERIES: usize = 10_000;

/// A difference: since which version there is one, and which answers it excuses.
type Excuse = (&'static str, fn(&Case<'_>) -> bool);

/// What 3.5.3, which answers, does otherwise than 3.14, which counts.
const EXCUSED: [Excuse; 9] = [
    // `@@` was `"<Item 57400>" <op:@>`.
    ("3.6: the operator @ has a name", |case| case.theirs.contains("<Item 57")),
    // 3.6 added step(), 3.13 min_of() and max_of(), and the texts say what is expected.
    ("3.6: durations have calls", |case| {
        let place = |text: &'static str| move |said: &str| said.split(text).next().map(ToOwned::to_owned);
        let same = |text| place(text)(case.ours) == place(text)(case.theirs);
        case.ours.contains("step()") && (same(" in subquery") || same(" in offset"))
            || case.theirs.ends_with("in duration expression: ','")
    }),
    // A call was sometimes taken to end at an earlier parenthesis, and an operator behind it to begin there.
    ("3.6: where a call ends", |case| {
        let said = |text: &str| text.split_once(": parse error: ").map(|(_, said)| said.to_owned());
        let ours = said(case.ours).unwrap_or_default();
        let of_operator = ["bool modifier", "comparisons between", "must not occur in ON"];
        of_operator.iter().any(|text| ours.contains(text)) && said(case.theirs) == Some(ours)
    }),
    // In brackets a word was taken for a colon.
    ("3.6: words in brackets", |case| {
        let both = |text| case.ours.contains(text) && case.theirs.contains(text);
        case.ours.ends_with("expected ':'") || both("in duration expression: ")
    }),
    ("3.6: ignoring () is printed", |case| {
        case.ours.contains("ignoring () group_") && !case.theirs.contains("ignoring () group_")
    }),
    // Where 3.5.3 panics and says so.
    ("3.7: info() of an expression", |case| case.theirs.contains("unexpected error")),
    // Names that need quotes had none in on(), ignoring() and group_left().
    ("3.9: quotes in groupings", |case| {
        let plain = |text: &str| text.replace(['"', ' ', '\n'], "");
        plain(case.ours) == plain(case.theirs)
    }),
    // Prometheus turns it into whatever number the processor makes of it.
    ("no version: an offset of NaN is refused", |case| {
        case.ours.ends_with("duration out of range") && case.query.contains("NaN")
    }),
    ("3.12: start() and end() are functions", |case| {
        case.theirs.contains("unexpected \"(\"") && (case.query.contains("start") || case.query.contains("end"))
    }),
];

struct Case<'a> {
    query: &'a str,
    ours: &'a str,
    theirs: &'a str,
}

struct Server {
    process: Child,
    connection: BufReader<TcpStream>,
}

impl Server {
    fn start(binary: &Path, folder: &Path) -> Self {
        let config = folder.join("prometheus.yml");
        fs::write(&config, "").unwrap();
        // The port is free for as long as it takes to start the program.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut process = Command::new(binary)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--enable-feature=promql-experimental-functions,promql-duration-expr")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It says when it is ready.
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("Server is ready") {
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "the server did not start");
        }
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        let connection = TcpStream::connect(address).unwrap();
        connection.set_nodelay(true).unwrap();
        connection.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Self { process, connection: BufReader::new(connection) }
    }

    /// Asks on the one connection, and gives `data` or else the error.
    fn ask(&mut self, path: &str, query: &str) -> Result<Value, String> {
        let body: String = query.bytes().map(|b| format!("%{b:02X}")).collect();
        let body = format!("query={body}");
        // In one write, since the system would hold back the second of two small ones.
        let request = format!(
            "POST /api/v1/{path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.connection.get_mut().write_all(request.as_bytes()).unwrap();
        let mut length = None;
        let mut chunked = false;
        loop {
            let mut line = String::new();
            self.connection.read_line(&mut line).unwrap();
            let line = line.trim().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = Some(value.trim().parse::<usize>().unwrap());
            }
            chunked |= line == "transfer-encoding: chunked";
        }
        let mut answer = vec![0; length.unwrap_or(0)];
        self.connection.read_exact(&mut answer).unwrap();
        while chunked {
            let mut line = String::new();
            self.connection.read_line(&mut line).unwrap();
            let size = usize::from_str_radix(line.trim(), 16).unwrap();
            let mut chunk = vec![0; size + 2];
            self.connection.read_exact(&mut chunk).unwrap();
            answer.extend(&chunk[..size]);
            chunked = size > 0;
        }
        let mut answer: Value = serde_json::from_slice(&answer).unwrap();
        match answer["status"].as_str() {
            Some("success") => Ok(answer["data"].take()),
            _ => {
                let error = answer["error"].as_str().unwrap();
                Err(error.strip_prefix("invalid parameter \"query\": ").unwrap_or(error).to_owned())
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Takes away what 3.5.3 has no key for.
fn without_new_keys(value: &mut Value) {
    match value {
        Value::Object(object) => {
            for key in ["fillValues", "rangeExpr", "offsetExpr", "stepExpr", "anchored", "smoothed"] {
                object.remove(key);
            }
            object.values_mut().for_each(without_new_keys);
        }
        Value::Array(values) => values.iter_mut().for_each(without_new_keys),
        _ => {}
    }
}

#[test]
fn prometheus_parses_the_same() {
    let Some(binary) = promd_testkit::peer("prometheus") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(&binary, folder.path());
    let seed = env::var("PROMD_SEED").map_or(0x5eed, |seed| seed.parse().unwrap());
    let mut generator = Generator::new(seed);
    let parser = Parser::new(Options::all());
    let (mut valid, mut invalid, mut wrong) = (0, 0, 0);
    let mut excused = [0; EXCUSED.len()];
    for index in 0..QUERIES {
        let query = if index % 2 == 0 { generator.query() } else { generator.broken() };
        let ours = parser.parse(&query);
        let tree = match &ours {
            Ok(expr) => {
                let mut tree = serde_json::to_value(expr).unwrap();
                without_new_keys(&mut tree);
                tree.to_string()
            }
            Err(errors) => errors.to_string(),
        };
        let pretty = ours.as_ref().map_or_else(ToString::to_string, |expr| Formatter::default().format(expr));
        let as_text = |value: Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        for (path, ours) in [("parse_query", tree), ("format_query", pretty)] {
            let theirs = server.ask(path, &query);
            *(if theirs.is_ok() { &mut valid } else { &mut invalid }) += 1;
            let theirs = theirs.map_or_else(|error| error, as_text);
            if ours == theirs {
                continue;
            }
            let case = Case { query: &query, ours: &ours, theirs: &theirs };
            match EXCUSED.iter().position(|(_, excuses)| excuses(&case)) {
                Some(excuse) => excused[excuse] += 1,
                None => {
                    wrong += 1;
                    println!("{path} of {query:?}\n    ours {ours}\n  theirs {theirs}");
                }
            }
        }
    }
    println!("seed {seed}: {valid} valid and {invalid} invalid answers, {wrong} differ");
    for ((excuse, _), count) in EXCUSED.iter().zip(excused) {
        println!("excused {count}: {excuse}");
    }
    assert!(valid > QUERIES / 2 && invalid > QUERIES / 2, "the generator makes too little of one kind");
    assert_eq!(wrong, 0);
}
