//! See `cuadrilla_hostile::request`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_hostile::request(bytes));
