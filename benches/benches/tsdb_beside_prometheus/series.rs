//! Series as targets have them, and what they say.

use promd_model::{Labels, LabelsBuilder};

/// How many series a target has.
pub(crate) const SCRAPE: usize = 2_000;

/// A third are counters that move by up to nine, a third are gauges of small numbers, a third hardly change.
#[expect(clippy::cast_precision_loss, reason = "numbers of samples")]
pub(crate) fn value(index: usize, scrape: u64) -> f64 {
    let mixed = mix(index as u64 ^ (scrape << 32));
    match index % 3 {
        0 => (scrape * 5) as f64 + (mixed % 5) as f64 + index as f64,
        1 => (mixed % 16) as f64,
        _ => (index % 100) as f64 + f64::from(u8::from(scrape % 61 < index as u64 % 3)),
    }
}

/// Splitmix64's finisher.
fn mix(of: u64) -> u64 {
    let mut mixed = of.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

/// Ten labels; `per_value` series have the same value of the label that has the most values.
pub(crate) fn labels(builder: &mut LabelsBuilder, index: usize, generation: u8, per_value: usize) -> Labels {
    builder.reset(&Labels::empty());
    let target = index / SCRAPE;
    let many = index / per_value;
    let texts = [
        ("__name__", format!("http_requests_{}_total", index % 200)),
        ("cluster", "eu-west-1".to_owned()),
        ("code", ["200", "404", "500"][index % 3].to_owned()),
        ("generation", generation.to_string()),
        ("handler", format!("/api/v1/{}", index % 40)),
        ("instance", format!("10.0.{}.{}:9100", target / 250, target % 250)),
        ("job", format!("job-{}", target % 10)),
        ("method", ["GET", "POST"][index % 2].to_owned()),
        ("pod", format!("pod-{many:08x}-{index_in:x}", index_in = mix(many as u64) & 0xffff)),
        ("series", (index % SCRAPE / 200).to_string()),
    ];
    for (name, value) in &texts {
        builder.set(name, value);
    }
    builder.build().unwrap()
}
