//! See `cuadrilla_fuzz::checkpoint`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_fuzz::checkpoint(bytes));
