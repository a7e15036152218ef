//! Bodies on their way into a store.

use promd_config::{Config, Options, ScrapeConfig};
use promd_model::Labels;
use promd_scrape::{BodyAppender, ScrapeOptions, Starts};
use promd_storage::MemStorage;

/// Jobs that take different ways through a scrape.
const JOBS: [&str; 4] = [
    "",
    "honor_labels: true, convert_classic_histograms_to_nhcb: true, always_scrape_classic_histograms: true",
    "sample_limit: 3, label_limit: 5, label_value_length_limit: 9, track_timestamps_staleness: true",
    "native_histogram_bucket_limit: 2, scrape_native_histograms: true, metric_relabel_configs: \
     [{regex: 'l(.*)', action: labelmap, replacement: $1}, {source_labels: [a], regex: x, action: drop}]",
];

fn job(options: &str) -> ScrapeConfig {
    let text = format!("scrape_configs: [{{job_name: j, {options}}}]");
    Config::parse(text.as_bytes(), &Options::default()).expect("it is valid").scrape_configs[0].clone()
}

/// The first byte says how: the job, the format, what is done with starts. The rest is two bodies, parted by a byte that
/// stands in no text. Whatever is in them, nothing panics, counts agree, and no more series are known than there were samples.
pub fn append(bytes: &[u8]) {
    let Some((how, bodies)) = bytes.split_first() else { return };
    let content_type = match (how >> 2) & 3 {
        0 | 3 => "text/plain",
        1 => "application/openmetrics-text",
        _ => "application/vnd.google.protobuf",
    };
    let mut options = ScrapeOptions::default();
    options.type_and_unit_labels = how & 64 != 0;
    options.metadata = how & 128 != 0;
    options.starts = match (how >> 4) & 3 {
        0 => Starts::Ignored,
        1 => Starts::AsZeros,
        _ => Starts::Stored,
    };
    let target = Labels::from_pairs([("job", "j"), ("instance", "i")]).expect("they are labels");
    let mut target = BodyAppender::new(&job(JOBS[usize::from(how & 3)]), target, &options).expect("the job is valid");
    let storage = MemStorage::new();
    let mut scraped = 0;
    for (body, time) in bodies.split(|byte| *byte == 0xff).take(3).zip([1_000, 2_000, 3_000]) {
        let appended = target.append(&storage, body, content_type, time);
        if let Ok(counts) = appended
            && !body.is_empty()
        {
            assert!(counts.added <= counts.kept && counts.kept <= counts.scraped);
            scraped = scraped.max(counts.scraped);
            assert!(counts.scraped <= body.len(), "a sample has at least a byte");
            assert!(target.known_series() <= counts.scraped, "what is not in the body is forgotten");
        }
    }
}
