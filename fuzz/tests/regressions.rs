//! Replays, through the bodies of the fuzz targets, every seed and every input that once failed.

use std::fs;
use std::path::Path;

use arbitrary::Unstructured;

macro_rules! replay {
    ($($target:ident => $body:path),+ $(,)?) => {
        $(#[test]
        fn $target() {
            replay(stringify!($target), |bytes| $body(bytes));
        })+
    };
}

fn replay(target: &str, body: impl Fn(&[u8])) {
    let mut inputs = 0;
    for folder in ["seeds", "regressions"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(target);
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            println!("{}", path.display());
            body(&fs::read(&path).unwrap());
            inputs += 1;
        }
    }
    assert!(inputs > 0, "no input for {target}");
}

/// The one target that takes more than bytes.
fn round_trip(bytes: &[u8]) {
    if let Ok(families) = Unstructured::new(bytes).arbitrary() {
        promd_fuzz::exposition_protobuf::round_trip(families);
    }
}

// All targets, by name: `cargo xtask tidy` sees to it that none is missing.
replay! {
    api_request => promd_fuzz::api::request,
    block_chunks => promd_fuzz::block::block_chunks,
    block_index => promd_fuzz::block_index::index,
    block_meta => promd_fuzz::block::block_meta,
    block_tombstones => promd_fuzz::block::block_tombstones,
    chunk_decode => promd_fuzz::chunk::chunk_decode,
    chunk_round_trip => promd_fuzz::chunk::chunk_round_trip,
    codec_gzip => promd_fuzz::codec::gzip,
    codec_proto => promd_fuzz::codec::proto,
    codec_reader => promd_fuzz::codec::reader,
    codec_snappy => promd_fuzz::codec::snappy,
    codec_zstd => promd_fuzz::codec::zstd,
    compactor_merge => promd_fuzz::compactor::merge,
    config_prometheus => promd_fuzz::config::prometheus,
    config_rules => promd_fuzz::config::rules,
    config_web => promd_fuzz::config::web,
    discovery_dns => promd_fuzz::discovery::dns,
    exposition_openmetrics => promd_fuzz::exposition::openmetrics,
    exposition_protobuf => promd_fuzz::exposition_protobuf::parse,
    exposition_round_trip => round_trip,
    exposition_text => promd_fuzz::exposition::text,
    http_text => promd_fuzz::http::text,
    model_duration => promd_fuzz::model::model_duration,
    model_escape => promd_fuzz::model::model_escape,
    model_float => promd_fuzz::model::model_float,
    model_histogram => promd_fuzz::model_histogram::model_histogram,
    model_labels => promd_fuzz::model::model_labels,
    promql_evaluate => promd_fuzz::promql::promql_evaluate,
    promql_parse => promd_fuzz::promql::promql_parse,
    promql_script => promd_fuzz::promql::promql_script,
    regex => promd_fuzz::regex::regex,
    relabel_rules => promd_fuzz::relabel::rules,
    scrape_append => promd_fuzz::scrape::append,
    tsdb_chunks_head => promd_fuzz::tsdb::tsdb_chunks_head,
    wal_record => promd_fuzz::wal_record::wal_record,
    wal_segment => promd_fuzz::wal_segment::wal_segment,
}
