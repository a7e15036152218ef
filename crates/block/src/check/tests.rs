use std::path::PathBuf;

use promd_fs::{OpenMode, SimFs};

use super::*;

const ID: &str = "01M7XK239NFNPV4R1TCWCB8NTA";

/// A block with samples at 1000 to 1999 in 2 chunks of 1 series.
struct Sound;

impl Witness for Sound {
    fn survey(&mut self) -> Result<Survey, BlockError> {
        Ok(Survey { times: Some((1000, 1999)), series: 1, chunks: 2, complete: true })
    }

    fn count_samples(&mut self) -> Result<SampleCount, BlockError> {
        Ok(SampleCount { floats: 10, histograms: 0 })
    }
}

/// A witness that must not be asked.
struct Unasked;

impl Witness for Unasked {
    fn survey(&mut self) -> Result<Survey, BlockError> {
        Err(BlockError::Invalid("asked for a survey".into()))
    }

    fn count_samples(&mut self) -> Result<SampleCount, BlockError> {
        Err(BlockError::Invalid("asked for samples".into()))
    }
}

fn sound() -> Meta {
    let mut meta = Meta::new(ID.parse().unwrap(), 0, 7_200_000);
    meta.stats.num_series = 1;
    meta.stats.num_chunks = 2;
    meta.stats.num_samples = 10;
    meta.stats.num_float_samples = 10;
    meta.compaction.level = 3;
    meta
}

/// A folder with this `meta.json`, and a copy of the sound one if `copied`.
fn folder(meta: Option<&[u8]>, copied: bool) -> (SimFs, PathBuf) {
    let fs = SimFs::new(1);
    let dir = Path::new("/").join(ID);
    fs.create_dir(&dir).unwrap();
    if copied {
        Facts::new(sound(), Vec::new()).write(&fs, &dir).unwrap();
    }
    if let Some(bytes) = meta {
        fs.open(&dir.join(meta::FILE), OpenMode::Create).unwrap().write_all_at(bytes, 0).unwrap();
    }
    (fs, dir)
}

#[track_caller]
fn check(change: impl FnOnce(&mut Meta), copied: bool, what: &str, expected: impl FnOnce(&mut Meta)) {
    let mut changed = sound();
    change(&mut changed);
    let (fs, dir) = folder(Some(&changed.to_json()), copied);
    let witness: &mut dyn Witness = if copied { &mut Unasked } else { &mut Sound };
    let settled = settle(&fs, &dir, witness).unwrap();
    let mut right = sound();
    expected(&mut right);
    assert_eq!(settled.meta, right);
    let found: Vec<_> = settled.damage.iter().map(|damage| damage.what.as_str()).collect();
    assert_eq!(found.join("; "), what);
    assert_eq!(settled.rebuilt, !what.is_empty());
}

#[test]
fn a_sound_block_is_believed() {
    check(|_| (), false, "", |_| ());
    check(|_| (), true, "", |_| ());
}

#[test]
fn the_index_contradicts_times_that_hide_samples() {
    check(|meta| meta.max_time = 1000, false, "maxTime lies before samples of the index", |meta| meta.max_time = 2000);
    check(|meta| meta.min_time = 1001, false, "minTime lies behind samples of the index", |meta| meta.min_time = 1000);
}

#[test]
fn times_far_from_all_samples_are_not_believed() {
    let far = 40 * 24 * 3_600_000;
    let what = "maxTime lies more than 31 days behind all samples";
    check(|meta| meta.max_time = far, false, what, |meta| meta.max_time = 2000);
    let what = "minTime lies more than 31 days before all samples";
    check(|meta| meta.min_time = -far, false, what, |meta| meta.min_time = 1000);
}

#[test]
fn the_index_knows_the_numbers() {
    check(|meta| meta.stats.num_series = 7, false, "numSeries is not that of the index", |_| ());
    check(|meta| meta.stats.num_chunks = 7, false, "numChunks is not that of the index", |_| ());
    // Left out, as other programs do.
    check(|meta| meta.stats.num_chunks = 0, false, "", |meta| meta.stats.num_chunks = 0);
}

#[test]
fn the_copy_knows_everything() {
    let times = "the times differ from those in promd-meta";
    check(|meta| meta.max_time = 7_200_001, true, times, |_| ());
    check(|meta| meta.min_time = 1, true, times, |_| ());
    check(|meta| meta.compaction.level = 2, true, "it differs from its copy in promd-meta", |_| ());
}

#[test]
fn prometheus_may_mark_a_block_and_delete_from_it() {
    let mark = |meta: &mut Meta| {
        meta.compaction.failed = true;
        meta.compaction.deletable = true;
        meta.stats.num_tombstones = 5;
    };
    check(mark, true, "", mark);
}

#[test]
fn what_other_programs_add_is_theirs() {
    // As Thanos does, at the top and in `compaction`.
    let add = |meta: &mut Meta| {
        meta.other
            .insert("thanos".into(), serde_json::json!({"labels": {"replica": "a"}, "downsample": {"resolution": 0}}));
        meta.compaction.other.insert("note".into(), 1.into());
        meta.stats.other.insert("bytes".into(), 2.into());
    };
    check(add, true, "", add);
    check(add, false, "", add);
    // In a file that is damaged otherwise nobody knows what is whole.
    let damaged = |meta: &mut Meta| {
        add(meta);
        meta.compaction.level = 2;
    };
    check(damaged, true, "it differs from its copy in promd-meta", |_| ());
}

#[test]
fn a_name_that_is_not_that_of_the_folder_is_wrong() {
    let other = "01M7XK23CJXQ412T2MM0RSXNGP".parse().unwrap();
    check(|meta| meta.id = other, true, "not the name of the folder", |_| ());
}

#[test]
fn without_meta_json_the_copy_or_the_index_stands_in() {
    for meta in [None, Some(b"{".as_slice())] {
        let (fs, dir) = folder(meta, true);
        assert_eq!(settle(&fs, &dir, &mut Unasked).unwrap().meta, sound());

        let (fs, dir) = folder(meta, false);
        let settled = settle(&fs, &dir, &mut Sound).unwrap();
        assert_eq!((settled.meta.min_time, settled.meta.max_time), (1000, 2000));
        assert_eq!((settled.meta.compaction.level, settled.meta.stats), (1, sound().stats));
    }
}
