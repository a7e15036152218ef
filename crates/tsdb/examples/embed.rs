//! A database in ten lines: `cargo run --example embed -- DIR`.
#![expect(clippy::print_stdout, reason = "that is what it is for")]

use std::error::Error;
use std::sync::Arc;

use promd_clock::{Clock, RealClock};
use promd_fs::RealFs;
use promd_model::{Interval, Labels};
use promd_storage::Batch;
use promd_tsdb::{Db, Options};

fn main() -> Result<(), Box<dyn Error>> {
    let dir = std::env::args().nth(1).ok_or("which directory?")?;
    let clock = Arc::new(RealClock::new());
    let db = Db::open(Arc::new(RealFs::new()), clock.clone(), dir, Options::default())?;
    let (mut appender, mut batch, mut verdicts) = (db.appender(), Batch::new(), Vec::new());
    let series = appender.series(Labels::from_pairs([("__name__", "runs_total")])?.view())?;
    batch.float(series, clock.wall().millis(), 1.0);
    appender.append(&batch, &mut verdicts);
    appender.commit()?;
    let names =
        db.reader(Interval::ALL).label_values("__name__", &promd_storage::LabelQuery::new(&[], Interval::ALL))?;
    println!("{verdicts:?}, and there are the metrics {:?}", names.texts);
    Ok(db.close()?)
}
