//! As much of a scraper as tells what a body means.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use promd_exposition::{
    BodyFormat, Entry, Exemplar, HistogramRef, MetricType, NhcbParser, OpenMetricsParser, Options, ParseError, Parser,
    ProtobufParser, ScrapeProtocol, TextParser, content_type,
};
use promd_model::{float, is_valid_schema};
use serde_json::{Value, json};

use crate::data::{Case, Labels};

/// When the scrape takes place; any time will do.
const NOW: i64 = 1_763_000_000_000;
/// How far back queries look.
const LOOKBACK: i64 = 5 * 60 * 1000;

/// What a scrape has stored, in the form that it is compared in.
#[derive(Default)]
pub(crate) struct Scraped {
    /// Why the scrape failed; then it stores no series.
    pub(crate) error: Option<String>,
    /// How many samples were parsed until then.
    pub(crate) samples: usize,
    pub(crate) series: BTreeMap<Labels, Value>,
    pub(crate) metadata: BTreeSet<String>,
    pub(crate) exemplars: BTreeSet<String>,
}

/// Scrapes a case. The `_created` series of OpenMetrics may be left out.
pub(crate) fn scrape(case: &Case, skip_created_series: bool) -> Scraped {
    // An empty answer is an empty scrape, whatever its header says.
    if case.body.is_empty() {
        return Scraped::default();
    }
    let fallback = case.fallback().and_then(|name| name.parse::<ScrapeProtocol>().ok());
    let format = match content_type(case.content_type.as_deref().unwrap_or_default(), fallback) {
        Ok((format, _)) => format,
        Err(error) => return Scraped { error: Some(error.to_string()), ..Scraped::default() },
    };
    let body = with_times(&case.body);
    let mut parser = parser(case, format, &body, skip_created_series);
    let mut scrape = Scrape { case, metadata: BTreeMap::new(), stored: HashMap::new(), scraped: Scraped::default() };
    if let Err(error) = scrape.run(&mut *parser) {
        scrape.scraped.error = Some(error);
        scrape.stored.clear();
    }
    scrape.finish()
}

/// The parser for a body, as Prometheus chooses it.
fn parser<'a>(case: &Case, format: BodyFormat, body: &'a [u8], skip_created_series: bool) -> Box<dyn Parser + 'a> {
    let mut options = Options::default();
    options.skip_created_series = skip_created_series;
    options.keep_classic_histograms = case.option("always_scrape_classic_histograms");
    options.convert_classic_histograms = case.option("convert_classic_histograms_to_nhcb");
    let text: Box<dyn Parser + 'a> = match format {
        BodyFormat::Text => Box::new(TextParser::new(body, options)),
        BodyFormat::OpenMetrics => Box::new(OpenMetricsParser::new(body, options)),
        BodyFormat::Protobuf => return Box::new(ProtobufParser::new(body, options)),
    };
    if options.convert_classic_histograms { Box::new(NhcbParser::new(text, options)) } else { text }
}

/// The body with its placeholders `@@MS@@`, `@@MS+n@@` and `@@S@@` replaced by times.
fn with_times(body: &[u8]) -> Vec<u8> {
    let mut parts = body.split_inclusive(|byte| *byte == b'@').peekable();
    let mut replaced: Vec<u8> = Vec::with_capacity(body.len());
    while let Some(part) = parts.next() {
        replaced.extend_from_slice(part);
        if !replaced.ends_with(b"@@") {
            continue;
        }
        let Some(name) = parts.peek().and_then(|name| name.strip_suffix(b"@")) else { continue };
        let name = String::from_utf8_lossy(name);
        let later = name.strip_prefix("MS+").and_then(|later| later.parse::<i64>().ok());
        let time = match (&*name, later) {
            ("S", _) => (NOW / 1000).to_string(),
            ("MS", _) => NOW.to_string(),
            (_, Some(later)) => (NOW + later).to_string(),
            _ => continue,
        };
        replaced.truncate(replaced.len() - 2);
        replaced.extend_from_slice(time.as_bytes());
        // The name and the second `@` behind it.
        parts.nth(1);
    }
    replaced
}

struct Scrape<'c> {
    case: &'c Case,
    /// Type, help and unit by family.
    metadata: BTreeMap<String, (MetricType, String, String)>,
    /// Time, value, and exemplars by series.
    stored: HashMap<Labels, (i64, Value, Vec<String>)>,
    scraped: Scraped,
}

impl Scrape<'_> {
    fn run(&mut self, parser: &mut dyn Parser) -> Result<(), String> {
        while let Some(entry) = parser.next().map_err(|error: ParseError| error.to_string())? {
            match entry {
                Entry::Type { name, metric_type } => self.family(name).0 = metric_type,
                Entry::Help { name, help } => self.family(name).1 = help.to_string(),
                Entry::Unit { name, unit } => self.family(name).2 = unit.to_owned(),
                Entry::Series(sample) => {
                    self.scraped.samples += 1;
                    let mut pairs = Vec::new();
                    sample.for_each_label(|name, value| pairs.push((name.to_owned(), value.to_owned())));
                    let exemplars = sample.exemplars().filter_map(exemplar).collect();
                    self.store(pairs, sample.timestamp, value(sample.value).into(), exemplars)?;
                }
                Entry::Histogram(sample) => {
                    self.scraped.samples += 1;
                    let mut pairs = Vec::new();
                    sample.for_each_label(|name, value| pairs.push((name.to_owned(), value.to_owned())));
                    // Of a histogram, storage takes no exemplars without a time.
                    let timed = sample.exemplars().filter(|exemplar| exemplar.timestamp.is_some());
                    let exemplars = timed.filter_map(exemplar).collect();
                    if let Some(histogram) = histogram(sample.value)? {
                        self.store(pairs, sample.timestamp, histogram, exemplars)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn family(&mut self, name: &str) -> &mut (MetricType, String, String) {
        self.metadata.entry(name.to_owned()).or_default()
    }

    fn store(
        &mut self,
        mut pairs: Vec<(String, String)>,
        timestamp: Option<i64>,
        value: Value,
        exemplars: Vec<String>,
    ) -> Result<(), String> {
        pairs.retain(|(_, value)| !value.is_empty());
        pairs.sort();
        if !pairs.iter().any(|(name, _)| name == "__name__") {
            return Err("missing metric name (__name__ label)".to_owned());
        }
        if let Some(twice) = pairs.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(format!("label name \"{}\" is not unique: invalid sample", twice[0].0));
        }
        let mut labels: Labels = pairs.into_iter().collect();
        for (name, target) in [("instance", "i"), ("job", self.case.name.as_str())] {
            if let Some(exposed) = labels.insert(name.to_owned(), target.to_owned()) {
                let mut renamed = format!("exported_{name}");
                while labels.contains_key(&renamed) {
                    renamed.insert_str(0, "exported_");
                }
                labels.insert(renamed, exposed);
            }
        }
        let timestamp = timestamp.filter(|_| self.case.option("honor_timestamps")).unwrap_or(NOW);
        // Of a series that stands there twice, the first counts.
        if (NOW - LOOKBACK + 1..=NOW).contains(&timestamp) {
            self.stored.entry(labels).or_insert((timestamp, value, exemplars));
        }
        Ok(())
    }

    fn finish(mut self) -> Scraped {
        for (labels, (_, value, exemplars)) in self.stored {
            self.scraped.exemplars.extend(exemplars.iter().map(|exemplar| format!("{labels:?} {exemplar}")));
            self.scraped.series.insert(labels, value);
        }
        for (name, (metric_type, help, unit)) in self.metadata {
            self.scraped.metadata.insert(format!("{:?}", [name, metric_type.to_string(), help, unit]));
        }
        self.scraped
    }
}

/// A value as the API has it.
fn value(value: f64) -> String {
    float::json(value).trim_matches('"').to_owned()
}

/// A histogram as the API has it; `None` if storage passes over its schema, and an error if it refuses it.
fn histogram(histogram: HistogramRef<'_>) -> Result<Option<Value>, String> {
    let (schema, valid) = match histogram {
        HistogramRef::Integer(integer) => (integer.schema, integer.validate()),
        HistogramRef::Float(float) => (float.schema, float.validate()),
    };
    if !is_valid_schema(schema) {
        return Ok(None);
    }
    valid.map_err(|error| error.to_string())?;
    let float = match histogram {
        HistogramRef::Integer(integer) => integer.to_float(),
        HistogramRef::Float(float) => float.clone(),
    };
    let buckets: Vec<Value> = float
        .all()
        .filter(|bucket| bucket.count != 0.0)
        .map(|bucket| {
            let bounds = match (bucket.lower_inclusive, bucket.upper_inclusive) {
                (false, true) => 0,
                (true, false) => 1,
                (false, false) => 2,
                (true, true) => 3,
            };
            json!([bounds, value(bucket.lower), value(bucket.upper), value(bucket.count)])
        })
        .collect();
    let mut json = json!({"count": value(float.count), "sum": value(float.sum)});
    if !buckets.is_empty() {
        json["buckets"] = Value::Array(buckets);
    }
    Ok(Some(json))
}

/// An exemplar as the data has it, unless it is too old for a query or refused by storage.
fn exemplar(exemplar: Exemplar<'_>) -> Option<String> {
    let is_old = exemplar.timestamp.is_some_and(|timestamp| timestamp <= NOW - LOOKBACK);
    if is_old || exemplar.label_chars() > Exemplar::MAX_LABEL_CHARS {
        return None;
    }
    let mut labels = Labels::new();
    exemplar.for_each_label(|name, value| {
        labels.insert(name.to_owned(), value.to_owned());
    });
    let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name:?}: {value:?}")).collect();
    Some(format!("[{{{}}}, {}]", labels.join(", "), float::json(exemplar.value)))
}
