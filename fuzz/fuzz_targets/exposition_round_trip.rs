#![no_main]

libfuzzer_sys::fuzz_target!(|families: Vec<promd_fuzz::exposition_protobuf::Family>| {
    promd_fuzz::exposition_protobuf::round_trip(families)
});
