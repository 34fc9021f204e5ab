//! See `cuadrilla_fuzz::request`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_fuzz::request(bytes));
