//! The logs of the conformance data, sound and damaged: what is found, what is lost, what is said about it.
//!
//! Expected values: the fixtures tell in `promd.json` which byte was changed and which directory they were made from; the
//! records of a damaged one are those of the other, without the ones that a changed byte lies in.
#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read fails the test")]

mod reading;

use std::path::Path;

use promd_wal::Cause;
use reading::{Found, fixtures, kind_of, read_real};

#[test]
fn sound_directories_have_no_damage() {
    let Some(fixtures) = fixtures() else { return };
    let mut logs = 0;
    for fixture in fixtures.iter().filter(|path| !path.join("promd.json").exists()) {
        for log in ["data/wal", "data/wbl"] {
            let dir = fixture.join(log);
            let (records, damage) = read_real(&dir, kind_of(&dir));
            // One was cut by kill -9 in the middle of a record, which is no damage to anything that was acknowledged.
            let damage: Vec<_> = damage.iter().filter(|damage| damage.cause != Cause::Torn).collect();
            assert!(damage.is_empty(), "{}: {damage:?}", dir.display());
            logs += usize::from(!records.is_empty());
        }
    }
    assert!(logs >= 10, "only {logs} logs with records");
}

/// A file, and the offset of the change; `None` if the file is gone.
type Change = (String, Option<u64>);

/// The changes that a damaged fixture was made by, in its logs: the file, the offset, and whether bytes are gone.
fn changes(fixture: &Path) -> Option<(String, Vec<Change>)> {
    let text = std::fs::read(fixture.join("promd.json")).ok()?;
    let json: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let made_from = json["made_from"].as_str()?.to_owned();
    let changes: Vec<_> = json["damage"]
        .as_array()
        .unwrap()
        .iter()
        .map(|damage| (damage["file"].as_str().unwrap().to_owned(), damage["offset"].as_u64()))
        .filter(|(file, _)| file.starts_with("wal/") || file.starts_with("wbl/"))
        .collect();
    (!changes.is_empty()).then_some((made_from, changes))
}

#[test]
fn damaged_directories_lose_the_damaged_records_and_no_others() {
    let Some(fixtures) = fixtures() else { return };
    let mut tested = 0;
    for fixture in &fixtures {
        let Some((made_from, changes)) = changes(fixture) else { continue };
        let sound = fixture.with_file_name(made_from);
        for log in ["wal", "wbl"] {
            let name = fixture.file_name().unwrap().to_string_lossy();
            let (before, _) = read_real(&sound.join("data").join(log), kind_of(Path::new(log)));
            let (after, damage) = read_real(&fixture.join("data").join(log), kind_of(Path::new(log)));
            let changes: Vec<_> = changes
                .iter()
                .filter_map(|(file, offset)| Some((file.strip_prefix(log)?.strip_prefix('/')?, *offset)))
                .collect();
            // Whether a change touches a record: it lies in it, or the file is cut before its end, or is gone.
            let cut = |file: &str, offset: u64| {
                std::fs::metadata(fixture.join("data").join(log).join(file)).is_ok_and(|meta| meta.len() == offset)
            };
            let touched = |record: &Found| {
                let file = record.segment.to_string();
                changes.iter().any(|&(changed, offset)| {
                    changed == file
                        && match offset {
                            None => true,
                            Some(offset) if cut(changed, offset) => record.end > offset,
                            Some(offset) => (record.start..record.end).contains(&offset),
                        }
                })
            };
            let kept: Vec<_> = before.iter().filter(|record| !touched(record)).collect();
            let found: Vec<_> = after.iter().filter(|record| !touched(record)).collect();
            assert_eq!(found, kept, "{name}/{log}: records that no change touches");
            // What is left of those that are touched is as it was: a header that was mended.
            for record in after.iter().filter(|record| touched(record)) {
                assert!(
                    before.iter().any(|other| other.bytes == record.bytes),
                    "{name}/{log}: made up at {}",
                    record.start
                );
            }
            for &(changed, offset) in &changes {
                let told = damage.iter().any(|damage| {
                    damage.segment.to_string() == changed
                        && offset.is_none_or(|offset| damage.range.start <= offset && offset <= damage.range.end)
                });
                assert!(told, "{name}: {changed} at {offset:?} is not among {damage:?}");
                tested += 1;
            }
            assert!(
                damage.iter().filter(|damage| damage.cause != Cause::Torn).count() <= changes.len(),
                "{name}: {damage:?}"
            );
        }
    }
    assert!(tested >= 15, "only {tested} changes");
}
