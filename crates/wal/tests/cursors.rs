//! Every rule about cursors, one test a rule.
#![expect(clippy::unwrap_used, reason = "a file system in memory that fails is a failed test")]

#[path = "reading/mod.rs"]
mod reading;

use std::path::Path;
use std::sync::Arc;

use promd_fs::{ErrorKind, Fs, SimFs};
use promd_wal::{Cursor, Cursors, Fresh, Position, Start, StartReason};
use reading::made::{crash_everywhere, samples, write_log};
use reading::{put, sync_all};

const FOLDER: &str = "/promd/cursors";

fn cursors(sim: &SimFs) -> Cursors {
    Cursors::open(Arc::new(sim.clone()), Path::new(FOLDER))
}

/// A log of the segments 3 to 5, each of one record.
fn with_log() -> (SimFs, Cursors) {
    let sim = SimFs::new(3);
    write_log(&sim, Path::new("/wal"), &(0..6).map(|n| vec![samples(1, n * 10, 3)]).collect::<Vec<_>>());
    for name in ["00000000", "00000001", "00000002"] {
        sim.remove_file(&Path::new("/wal").join(name)).unwrap();
    }
    let cursors = cursors(&sim);
    (sim, cursors)
}

#[track_caller]
fn check(stored: Option<Position>, fresh: Fresh, position: Position, reason: StartReason) {
    let (_, cursors) = with_log();
    if let Some(stored) = stored {
        cursors.store("x", stored).unwrap();
    }
    assert_eq!(cursors.start("x", Path::new("/wal"), fresh).unwrap(), Start { position, reason });
}

#[test]
fn where_a_reader_begins() {
    let size = with_log().0.metadata(Path::new("/wal/00000005")).unwrap().size;
    let at = Position::new;
    check(Some(at(4, 5)), Fresh::Begin, at(4, 5), StartReason::Cursor);
    check(Some(at(5, size)), Fresh::Begin, at(5, size), StartReason::Cursor);
    check(None, Fresh::Begin, at(3, 0), StartReason::Fresh);
    check(None, Fresh::End, at(5, size), StartReason::Fresh);
    check(Some(at(1, 999)), Fresh::End, at(3, 0), StartReason::Gap { segments: 2 });
    check(Some(at(9, 7)), Fresh::Begin, at(5, size), StartReason::BeyondEnd { cursor: at(9, 7) });
    check(Some(at(5, size + 1)), Fresh::Begin, at(5, size), StartReason::BeyondEnd { cursor: at(5, size + 1) });
}

#[test]
fn every_damaged_byte_is_noticed_and_begins_at_the_begin() {
    let (sim, cursors) = with_log();
    cursors.store("x", Position::new(4, 5)).unwrap();
    let path = Path::new(FOLDER).join("x");
    let sound = sim.read_to_vec(&path, 100).unwrap();
    assert_eq!(sound.len(), 4 + 1 + 8 + 8 + 4);
    for at in 0..sound.len() {
        let mut bytes = sound.clone();
        bytes[at] ^= 0x10;
        put(&sim, &path, &bytes);
        assert_eq!(cursors.load("x").unwrap(), Cursor::Damaged, "byte {at}");
    }
    for other in [&[][..], &sound[..10], &[0; 1000]] {
        put(&sim, &path, other);
        assert_eq!(cursors.load("x").unwrap(), Cursor::Damaged);
    }
    let start = cursors.start("x", Path::new("/wal"), Fresh::End).unwrap();
    assert_eq!(start, Start { position: Position::new(3, 0), reason: StartReason::Damaged });
    assert_eq!(cursors.oldest().unwrap(), Some(Position::default()), "what it needs is not known");
}

#[test]
fn a_renamed_destination_goes_on_and_never_over_another() {
    let (_, cursors) = with_log();
    cursors.store("old", Position::new(4, 5)).unwrap();
    cursors.store("taken", Position::new(3, 0)).unwrap();
    assert_eq!(cursors.rename("old", "taken").unwrap_err().kind(), ErrorKind::AlreadyExists);
    cursors.rename("old", "new").unwrap();
    assert_eq!(cursors.load("new").unwrap(), Cursor::At(Position::new(4, 5)));
    assert_eq!(cursors.load("old").unwrap(), Cursor::Missing);
}

#[test]
fn a_removed_destination_holds_back_nothing() {
    let (_, cursors) = with_log();
    cursors.store("a", Position::new(4, 5)).unwrap();
    cursors.store("b", Position::new(3, 1)).unwrap();
    assert_eq!(cursors.oldest().unwrap(), Some(Position::new(3, 1)));
    assert_eq!(cursors.retain(["a", "c"]).unwrap(), 1);
    assert_eq!(cursors.oldest().unwrap(), Some(Position::new(4, 5)));
    cursors.remove("a").unwrap();
    cursors.remove("a").unwrap();
    assert_eq!(cursors.oldest().unwrap(), None);
}

#[test]
fn any_name_is_a_file_in_the_folder() {
    let (sim, cursors) = with_log();
    let names = ["../../etc/passwd", "a.tmp", "a/b", "a%2fb", "ä", "A", "a", " "];
    for (n, name) in (1..).zip(names) {
        cursors.store(name, Position::new(n, n)).unwrap();
    }
    for (n, name) in (1..).zip(names) {
        assert_eq!(cursors.load(name).unwrap(), Cursor::At(Position::new(n, n)), "{name}");
    }
    assert_eq!(sim.read_dir(Path::new(FOLDER)).unwrap().len(), names.len());
    for name in [String::new(), "x".repeat(300)] {
        assert_eq!(cursors.store(&name, Position::default()).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}

#[test]
fn a_power_loss_leaves_the_old_position_or_the_new_one() {
    let (old, new) = (Position::new(1, 2), Position::new(3, 4));
    let build = || {
        let sim = SimFs::new(5);
        cursors(&sim).store("x", old).unwrap();
        sync_all(&sim, Path::new(FOLDER));
        sim
    };
    let act = |fs: &Arc<dyn Fs>| Cursors::open(Arc::clone(fs), Path::new(FOLDER)).store("x", new).is_ok();
    crash_everywhere(build, act, |sim, when| {
        let found = cursors(sim).load("x").unwrap();
        assert!([Cursor::At(old), Cursor::At(new)].contains(&found), "{found:?} {when}");
    });
    // The first one, in a folder that has to be made: nothing or all of it.
    crash_everywhere(
        || SimFs::new(6),
        act,
        |sim, when| {
            let found = cursors(sim).load("x").unwrap();
            assert!([Cursor::Missing, Cursor::At(new)].contains(&found), "{found:?} {when}");
        },
    );
    let sim = SimFs::new(8);
    cursors(&sim).store("x", new).unwrap();
    assert_eq!(cursors(&sim.power_loss()).load("x").unwrap(), Cursor::At(new), "durable on return");
}
