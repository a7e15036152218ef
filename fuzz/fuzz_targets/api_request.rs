#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| promd_fuzz::api::request(data));
