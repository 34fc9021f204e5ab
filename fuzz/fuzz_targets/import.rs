//! See `cuadrilla_fuzz::import`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_fuzz::import(bytes));
