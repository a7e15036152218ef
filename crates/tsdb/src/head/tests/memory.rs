//! What a head takes from the allocator.

use promd_testkit::CountingAllocator;

use super::*;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Neither chunks nor commits go anywhere.
struct Nowhere;

impl ChunkStore for Nowhere {
    fn write(&self, _: u64, _: i64, _: i64, _: Encoding, _: bool, _: &[u8]) -> Result<u64, TsdbError> {
        Ok(0)
    }

    fn read(&self, at: u64) -> Result<ReadChunk, Damage> {
        Err(Damage::new("nowhere", Part::Chunk, "there is no chunk", Consequence::ChunkMissing).at(at))
    }
}

impl CommitLog for Nowhere {
    fn log(&self, _: &Commit<'_>) -> Result<Position, TsdbError> {
        Ok(Position(1))
    }
}

/// The appender itself, and now and then a page of cells.
#[test]
fn a_scrape_of_known_series_does_not_allocate_for_its_samples() {
    let head = Head::new(HeadOptions::default(), Arc::new(Nowhere), Arc::new(Nowhere));
    let mut appender = Box::new(head.appender());
    let series: Vec<SeriesRef> = (0..2000).map(|n| appender.series(ten_labels(n).view()).unwrap()).collect();
    appender.commit().unwrap();
    let (mut batch, mut verdicts, mut most) = (Batch::new(), Vec::new(), 0);
    for scrape in 0..500_i64 {
        batch.clear();
        verdicts.clear();
        for (n, reference) in (0..).zip(&series) {
            batch.float(*reference, scrape * 15_000, f64::from(n) * f64::from(i32::try_from(scrape).unwrap()));
        }
        let (committed, allocated) = CountingAllocator::during(|| {
            let mut appender = Box::new(head.appender());
            appender.append(&batch, &mut verdicts);
            appender.commit()
        });
        assert!(committed.is_ok() && verdicts.iter().all(|verdict| verdict.is_accepted()));
        // Buffers grow in the first scrapes.
        if scrape > 2 {
            most = most.max(allocated.calls);
        }
    }
    // A page holds 256 cells: 2000 series can ask for sixteen pages and a few more in one scrape.
    assert!(most <= 80, "{most} allocations for 2000 samples");
}

const SERIES: u32 = 50_000;

/// Ten labels, one of them unique for each forty series.
fn ten_labels(n: u32) -> Labels {
    let pairs = [
        ("__name__", format!("metric_name_{}_total", n % 250)),
        ("code", format!("code{}", n / 250 % 5)),
        ("handler", format!("/api/v1/handler{}", n / 250 % 20)),
        ("instance", format!("10.1.{}.{}:9100", n / 40 / 250, n / 40 % 250)),
        ("job", format!("job-{}", n / 40 % 10)),
        ("method", ["GET", "POST"][n as usize % 2].to_owned()),
        ("namespace", format!("namespace-{}", n / 40 % 17)),
        ("pod", format!("pod-{}", n / 40 % 100)),
        ("region", "eu-west-1".to_owned()),
        ("zone", ["a", "b", "c"][n as usize / 40 % 3].to_owned()),
    ];
    Labels::from_pairs(pairs).unwrap()
}

/// The limit is that of the whole database (500 bytes a series), less what the rest of it takes.
#[test]
fn fifty_thousand_series_for_an_hour() {
    let (head, world) = head();
    let mut appender = Box::new(head.appender());
    let series: Vec<SeriesRef> = (0..SERIES).map(|n| appender.series(ten_labels(n).view()).unwrap()).collect();
    appender.commit().unwrap();
    assert_eq!(head.series_count(), SERIES as usize);
    let mut batch = Batch::new();
    for scrape in 0..240_i64 {
        batch.clear();
        for (n, reference) in (0..).zip(&series) {
            // A counter that grows by different steps, most of the time.
            let v = f64::from(n % 100) * f64::from(i32::try_from(scrape - scrape % 3).unwrap());
            batch.float(*reference, scrape * 15_000 + i64::from(n % 15_000), v);
        }
        let (mut appender, mut verdicts) = (Box::new(head.appender()), Vec::new());
        appender.append(&batch, &mut verdicts);
        assert!(verdicts.iter().all(|verdict| verdict.is_accepted()));
        appender.commit().unwrap();
        // What is logged would lie in a file.
        world.commits.lock().clear();
    }
    let memory = head.memory();
    let each = |bytes: usize| bytes / SERIES as usize;
    println!(
        "bytes a series: {} (pairs {}, labels {}, slots {}, chunks {}, references {})",
        each(memory.total()),
        each(memory.pairs),
        each(memory.labels),
        each(memory.slots),
        each(memory.chunks),
        each(memory.references),
    );
    assert!(each(memory.total()) < 450, "{memory:?}");
    // Written chunks have the samples that they should.
    let lengths: Vec<usize> = world
        .chunks
        .lock()
        .iter()
        .map(|stored| usize::from(u16::from_be_bytes([stored.bytes[0], stored.bytes[1]])))
        .collect();
    assert!(lengths.iter().all(|length| (30..=240).contains(length)));
    // Everything that goes gives its memory back.
    let gone = head.truncate(i64::MAX);
    assert_eq!(gone.len(), SERIES as usize);
    let left = head.memory();
    assert!(left.chunks + left.references < (memory.chunks + memory.references) / 20, "{left:?}");
}
