//! See `cuadrilla_hostile::proof`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_hostile::proof(bytes));
