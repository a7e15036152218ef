//! A pass over a block on disk holds little of it in memory.
#![expect(clippy::unwrap_used, reason = "a failure to set up is a failure of the test")]

use std::path::Path;
use std::sync::Arc;

use promd_block::{DEFAULT_SEGMENT_SIZE, SegmentWriter, Segments};
use promd_chunk::Encoding;
use promd_fs::{Access, Fs, RealFs};

/// How many bytes of the maps of files in `dir` are in the memory of this process, as the kernel counts.
fn resident(dir: &Path) -> usize {
    let all = std::fs::read_to_string("/proc/self/smaps").unwrap();
    let dir = dir.to_str().unwrap();
    let (mut of_ours, mut sum) = (false, 0);
    for line in all.lines() {
        if let Some(rss) = line.strip_prefix("Rss:") {
            let rss: usize = rss.trim().trim_end_matches(" kB").parse().unwrap();
            sum += if of_ours { rss * 1024 } else { 0 };
        } else if line.split(' ').next().is_some_and(|range| range.contains('-')) {
            // The line of the next map, of a file or not.
            of_ours = line.contains(dir);
        }
    }
    sum
}

/// Reads all chunks of a segment of 16 MiB twice, and returns the most that was resident at once.
fn most_resident(access: Access) -> usize {
    let dir = tempfile::tempdir().unwrap();
    let fs: Arc<dyn Fs> = Arc::new(RealFs::new());
    let mut writer = SegmentWriter::create(&*fs, dir.path(), DEFAULT_SEGMENT_SIZE).unwrap();
    let chunk = |number: usize| vec![u8::try_from(number % 256).unwrap(); 1024];
    let all: Vec<_> = (0..16 << 10).map(|number| writer.write(Encoding::Xor, &chunk(number)).unwrap()).collect();
    writer.finish().unwrap();
    let segments = Segments::open(&*fs, dir.path(), access).unwrap();
    let mut most = 0;
    for _ in 0..2 {
        for (number, reference) in all.iter().enumerate() {
            let read = segments.read(*reference).unwrap();
            if number % 256 == 0 {
                most = most.max(resident(dir.path()));
                assert_eq!(read.bytes, chunk(number));
            }
        }
    }
    most
}

#[test]
fn a_pass_does_not_keep_what_it_has_read() {
    // Half a MiB behind the reader, and what the kernel fetches at once.
    let most = most_resident(Access::Sequential);
    assert!(most < 1 << 20, "{most}");
}

#[test]
fn a_query_keeps_what_it_has_read() {
    let most = most_resident(Access::Random);
    assert!(most >= 16 << 20, "{most}");
}
