//! What is in the data directory of a Prometheus: `cargo run --example read_prometheus -- DIR [METRIC]`.
//!
//! Nothing is written, and the server may be running.
#![expect(clippy::print_stdout, reason = "that is what it is for")]

use std::error::Error;
use std::sync::Arc;

use promd_clock::RealClock;
use promd_fs::RealFs;
use promd_model::{Columns, Interval, Matcher};
use promd_storage::{Decoder, Select, Series};
use promd_tsdb::Db;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().ok_or("which directory?")?;
    let metric = arguments.next().map(|name| Matcher::equal("__name__", &name));

    let db = Db::open_read_only(Arc::new(RealFs::new()), Arc::new(RealClock::new()), dir)?;
    for block in db.blocks() {
        println!("{}: {} to {}, {} series", block.id, block.min_time, block.max_time, block.stats.num_series);
    }

    let reader = db.reader(Interval::ALL);
    let mut set = reader.select(&Select::new(metric.as_slice(), Interval::ALL).ordered())?;
    let (mut series, mut decoder, mut columns) = (Series::default(), Decoder::new(), Columns::new());
    while set.next(&mut series)? {
        columns.clear();
        if let Err(damaged) = decoder.decode(&series, Interval::ALL, &mut columns) {
            println!("warning: {}: {damaged}", series.labels);
        }
        println!("{}: {} samples in {} chunks", series.labels, columns.times().len(), series.chunks.len());
    }
    set.warnings().texts().for_each(|warning| println!("warning: {warning}"));
    Ok(())
}
