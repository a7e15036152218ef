#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| promd_fuzz::tsdb::tsdb_chunks_head(bytes));
