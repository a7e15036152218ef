#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| promd_fuzz::promql::promql_script(bytes));
