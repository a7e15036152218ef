use promd_fs::{OpenMode, SimFs};

use super::*;

fn lost(name: Option<&str>, min: i64, max: i64, cause: &str) -> LostSeries {
    let labels = name.map(|name| Labels::from_pairs([("__name__", name), ("job", "a\"b\\c\u{1f600}")]).unwrap());
    LostSeries { labels, hole: Hole { interval: Interval::new(min, max), cause: cause.into() } }
}

fn holes(all: &[LostSeries]) -> Holes {
    let mut holes = Holes::new();
    all.iter().cloned().for_each(|one| holes.add(one));
    holes
}

#[test]
fn what_is_written_is_read() {
    let fs = SimFs::new(1);
    let dir = Path::new("/");
    assert_eq!(Holes::read(&fs, dir), Ok(Holes::new()));
    let written = holes(&[
        lost(Some("up"), 1, 2, "x"),
        lost(Some("up"), 5, i64::MAX, "y"),
        lost(None, i64::MIN, 0, "z"),
        lost(Some("down"), 3, 3, ""),
    ]);
    written.write(&fs, dir).unwrap();
    assert_eq!(Holes::read(&fs, dir), Ok(written));
}

#[test]
fn holes_of_one_cause_that_touch_are_one() {
    let all = holes(&[lost(Some("up"), 1, 2, "x"), lost(Some("up"), 3, 4, "x"), lost(Some("up"), 5, 6, "y")]);
    let intervals: Vec<_> = all.iter().map(|(_, hole)| (hole.interval.min, hole.interval.max)).collect();
    assert_eq!(intervals, [(1, 4), (5, 6)]);
}

#[test]
fn an_unknown_series_may_be_any() {
    let all = holes(&[lost(Some("up"), 1, 2, "x"), lost(None, 8, 9, "y")]);
    let touching = |name: &str, min, max| {
        let labels = lost(Some(name), 0, 0, "").labels.unwrap();
        all.touching(&labels.view(), &Interval::new(min, max)).count()
    };
    assert_eq!((touching("up", 0, 10), touching("up", 3, 7), touching("down", 0, 10)), (2, 0, 1));
}

#[test]
fn a_damaged_list_is_reported() {
    let fs = SimFs::new(1);
    let dir = Path::new("/");
    holes(&[lost(Some("up"), 1, 2, "x")]).write(&fs, dir).unwrap();
    let mut bytes = fs.read_to_vec(&dir.join(FILE), 1000).unwrap();
    // The cause, which no syntax protects.
    let at = bytes.iter().rposition(|byte| *byte == b'x').unwrap();
    bytes[at] = b'z';
    fs.open(&dir.join(FILE), OpenMode::Write).unwrap().write_all_at(&bytes, 0).unwrap();
    let damage = Holes::read(&fs, dir).unwrap_err();
    assert_eq!((damage.part, damage.what.as_str()), (Part::Holes, "checksum mismatch"));
}
