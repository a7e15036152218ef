//! A monitoring system that can just walk: it scrapes one page again and again, stores what it finds, and answers instant selectors as
//! Prometheus does. `cargo run --example walking_skeleton -- DIR 127.0.0.1:9100 127.0.0.1:9090`, and then
//! `curl 'http://127.0.0.1:9090/api/v1/query?query=node_load1'`.
//!
//! What is between the socket and the disk: `exposition` reads the page, the database judges and logs its samples, `promql-parser` reads
//! selectors, and a chunk is decoded into columns when somebody asks. The database is synchronous and knows no runtime; what calls
//! it runs on threads that may block.
#![expect(clippy::print_stdout, reason = "that is what it is for")]

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use promd_clock::{Clock, RealClock};
use promd_exposition::{Entry, Parser, TextParser};
use promd_fs::RealFs;
use promd_model::{Columns, Interval, Labels, LabelsBuilder, float, is_stale};
use promd_storage::{Batch, Decoder, Select, Series};
use promd_tsdb::{Db, Options};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// How far back a selector looks, in milliseconds.
const LOOKBACK: i64 = 5 * 60 * 1000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().ok_or("which directory?")?;
    let target = arguments.next().ok_or("which target?")?;
    let listener = TcpListener::bind(arguments.next().ok_or("which address?")?).await?;

    let clock: Arc<dyn Clock> = Arc::new(RealClock::new());
    let db = Arc::new(Db::open(Arc::new(RealFs::new()), Arc::clone(&clock), dir, Options::default())?);
    tokio::spawn(serve(Arc::clone(&db), Arc::clone(&clock), listener));
    let mut ticks = tokio::time::interval(Duration::from_secs(15));
    loop {
        ticks.tick().await;
        let now = clock.wall().millis();
        match scrape(&db, &target, now).await {
            Ok(samples) => println!("{now}: {samples} samples"),
            Err(error) => println!("{now}: {error}"),
        }
        let db = Arc::clone(&db);
        tokio::task::spawn_blocking(move || db.tick_log().and_then(|_| db.tick())).await??;
    }
}

/// Fetches the page of a target, and appends what it says as one commit. Returns how many samples are stored.
pub(crate) async fn scrape(db: &Arc<Db>, target: &str, now: i64) -> Result<usize, Failure> {
    let stream = TcpStream::connect(target).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = Request::get("/metrics").header("host", target).body(Empty::<Bytes>::new())?;
    let body = sender.send_request(request).await?.into_body().collect().await?.to_bytes();
    let (db, target) = (Arc::clone(db), target.to_owned());
    tokio::task::spawn_blocking(move || append(&db, &target, &body, now)).await?
}

fn append(db: &Db, target: &str, body: &[u8], now: i64) -> Result<usize, Failure> {
    let (mut appender, mut batch, mut labels) = (db.appender(), Batch::new(), LabelsBuilder::new());
    let mut parser = TextParser::new(body, promd_exposition::Options::default());
    while let Some(entry) = parser.next()? {
        if let Entry::Series(sample) = entry {
            labels.reset(&Labels::empty());
            sample.for_each_label(|name, value| {
                labels.set(name, value);
            });
            let series = appender.series(labels.set("instance", target).view()?)?;
            batch.float(series, sample.timestamp.unwrap_or(now), sample.value);
        }
    }
    let mut verdicts = Vec::new();
    appender.append(&batch, &mut verdicts);
    appender.commit()?;
    Ok(verdicts.iter().filter(|verdict| verdict.is_accepted()).count())
}

/// Answers `/api/v1/query`, and nothing else.
pub(crate) async fn serve(db: Arc<Db>, clock: Arc<dyn Clock>, listener: TcpListener) -> Result<(), Failure> {
    loop {
        let (stream, _) = listener.accept().await?;
        let (db, clock) = (Arc::clone(&db), Arc::clone(&clock));
        let service = service_fn(move |request: Request<Incoming>| {
            let (db, now) = (Arc::clone(&db), clock.wall().millis());
            async move {
                let answered = tokio::task::spawn_blocking(move || answer(&db, request.uri().query(), now)).await;
                let (status, value) = match answered {
                    Ok(Ok(result)) => {
                        (200, json!({"status": "success", "data": {"resultType": "vector", "result": result}}))
                    }
                    Ok(Err(error)) => {
                        (400, json!({"status": "error", "errorType": "bad_data", "error": error.to_string()}))
                    }
                    Err(error) => {
                        (500, json!({"status": "error", "errorType": "internal", "error": error.to_string()}))
                    }
                };
                let mut response = Response::new(Full::new(Bytes::from(value.to_string())));
                *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
                Ok::<_, Infallible>(response)
            }
        });
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

/// The newest sample of each series that a selector matches.
fn answer(db: &Db, query: Option<&str>, now: i64) -> Result<Vec<Value>, Failure> {
    let mut parameters = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let selector = parameters.find(|(name, _)| name == "query").ok_or("which query?")?.1;
    let matchers = promd_promql_parser::Parser::default().parse_selector(&selector)?;
    let times = Interval::new(now.saturating_sub(LOOKBACK - 1), now);
    let reader = db.reader(times);
    let mut found = reader.select(&Select::new(&matchers, times).ordered())?;
    let (mut series, mut decoder, mut columns) = (Series::default(), Decoder::new(), Columns::new());
    let mut result = Vec::new();
    while found.next(&mut series)? {
        columns.clear();
        decoder.decode(&series, times, &mut columns)?;
        // Of native histograms it knows nothing.
        let Some((t, v)) =
            columns.as_floats().and_then(|floats| floats.t.last().copied().zip(floats.v.last().copied()))
        else {
            continue;
        };
        if !is_stale(v) {
            let metric: serde_json::Map<String, Value> =
                series.labels.iter().map(|label| (label.name.to_owned(), label.value.into())).collect();
            #[expect(clippy::cast_precision_loss, reason = "Prometheus writes it as a float")]
            let seconds = t as f64 / 1000.0;
            result.push(json!({"metric": metric, "value": [seconds, float::f(v)]}));
        }
    }
    Ok(result)
}
