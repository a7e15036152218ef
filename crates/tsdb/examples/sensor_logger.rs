//! A program that logs its sensors for days: `cargo run --example sensor_logger -- DIR`.
//!
//! Here it has no sensors and little time: the clock is a simulated one, which makes a day of readings in a moment. What to look
//! at is how a program goes about it. It asks for each series once and keeps the number, uses one batch again and again, waits for the
//! disk only where a reading must not be lost, and lets the database do its housekeeping when it suits.
#![expect(clippy::print_stdout, reason = "that is what it is for")]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use promd_clock::{Clock, SimClock, WallTime};
use promd_fs::RealFs;
use promd_model::{Columns, Interval, Labels, Matcher};
use promd_storage::{Batch, Decoder, Select, Series, SeriesRef, Verdict};
use promd_tsdb::{Db, Options, Retention};

const ROOMS: [&str; 3] = ["cellar", "kitchen", "attic"];

fn main() -> Result<(), Box<dyn Error>> {
    let dir = std::env::args().nth(1).ok_or("which directory?")?;
    // A day that is over.
    let clock = SimClock::new(WallTime::from_millis(1_736_035_200_000));
    let mut options = Options::default();
    options.retention = Retention { time: Some(30 * 24 * 3_600_000), ..Retention::default() };
    let db = Db::open(Arc::new(RealFs::new()), Arc::new(clock.clone()), dir, options)?;

    let rooms: Vec<SeriesRef> = ROOMS.iter().map(|room| series_of(&db, room)).collect::<Result<_, _>>()?;
    let (mut batch, mut verdicts) = (Batch::new(), Vec::new());
    for minute in 0..24 * 60_u32 {
        let now = clock.wall().millis();
        batch.clear();
        verdicts.clear();
        for (number, room) in (0_u32..).zip(&rooms) {
            batch.float(*room, now, temperature(number, minute));
        }
        let mut appender = db.appender();
        appender.append(&batch, &mut verdicts);
        let position = appender.commit()?;
        if let Some(refused) = verdicts.iter().find(|verdict| **verdict != Verdict::Accepted) {
            println!("a reading at {now} was not stored: {refused}");
        }
        clock.advance(Duration::from_mins(1));
        if minute % 60 == 59 {
            // Once an hour all of it shall be safe from a power cut, and what is old becomes a block.
            if let Some(durability) = db.durability() {
                durability.wait(position)?;
            }
            db.tick()?;
        }
    }

    let reader = db.reader(Interval::ALL);
    let mut found =
        reader.select(&Select::new(&[Matcher::equal("__name__", "temperature")], Interval::ALL).ordered())?;
    let (mut series, mut decoder, mut columns) = (Series::default(), Decoder::new(), Columns::new());
    while found.next(&mut series)? {
        columns.clear();
        decoder.decode(&series, Interval::ALL, &mut columns)?;
        println!("{}: {} readings in {} chunks", series.labels, columns.times().len(), series.chunks.len());
    }
    drop(found);
    drop(reader);
    println!("{} blocks", db.blocks().len());
    Ok(db.close()?)
}

fn series_of(db: &Db, room: &str) -> Result<SeriesRef, Box<dyn Error>> {
    let mut appender = db.appender();
    let series = appender.series(Labels::from_pairs([("__name__", "temperature"), ("room", room)])?.view())?;
    appender.commit()?;
    Ok(series)
}

fn temperature(room: u32, minute: u32) -> f64 {
    let of_day = f64::from(minute) / (24.0 * 60.0) * std::f64::consts::TAU;
    20.0 + f64::from(room) - 3.0 * of_day.cos()
}
