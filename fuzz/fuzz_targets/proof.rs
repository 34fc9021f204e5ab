//! See `cuadrilla_fuzz::proof`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_fuzz::proof(bytes));
