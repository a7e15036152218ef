//! The real Prometheus on damaged directories that were opened here: it starts, and answers all that we answer.

#[path = "../../block/tests/answer/mod.rs"]
mod answer;
mod fixture;
mod real_server;
mod support;

use std::collections::BTreeMap;

use fixture::{copy, fixtures, injury, name};
use promd_testkit::peer;
use real_server::{config, differences, end_of, everything_of, launch};
use support::{everything, open_real};

#[test]
fn the_real_server_answers_what_we_do() {
    let Some(program) = peer("prometheus") else { return };
    let (mut compared, mut directories) = (0, 0);
    for fixture in fixtures() {
        let Some(injury) = injury(&fixture) else { continue };
        let data = copy(&fixture);
        let db = open_real(data.path());
        db.tick().unwrap();
        // What is found by reading is repaired by the next round.
        everything(&db);
        db.tick().unwrap();
        let (ours, _) = everything(&db);
        assert!(!ours.is_empty());
        db.close().unwrap();

        let server = launch(&program, data.path(), &config(&fixture));
        let theirs = everything_of(&server, end_of(&fixture));
        assert_eq!(differences(&ours, &theirs), [""; 0], "{}: {}", name(&fixture), injury["damage"]);
        compared += ours.values().map(BTreeMap::len).sum::<usize>();
        directories += 1;
    }
    println!("{directories} directories, {compared} samples");
    assert!(compared > 100_000, "{compared} samples");
}
