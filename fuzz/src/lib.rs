//! The bodies of the fuzz targets.
//!
//! A target under `fuzz_targets/` is one line that calls a function of a module here, so that the same body runs under
//! libFuzzer and, over the inputs in `regressions/`, as an ordinary test (`tests/regressions.rs`).

pub mod api;
pub mod block;
pub mod block_index;
pub mod chunk;
pub mod codec;
pub mod compactor;
pub mod config;
pub mod discovery;
pub mod exposition;
pub mod exposition_protobuf;
pub mod http;
pub mod model;
pub mod model_histogram;
pub mod promql;
pub mod regex;
pub mod relabel;
pub mod scrape;
pub mod tsdb;
pub mod wal_record;
pub mod wal_segment;
