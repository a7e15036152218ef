#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| promd_fuzz::exposition::text(body));
