#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| promd_fuzz::block::block_chunks(bytes));
