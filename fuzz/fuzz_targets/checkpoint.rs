//! See `cuadrilla_hostile::checkpoint`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_hostile::checkpoint(bytes));
