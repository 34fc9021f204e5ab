//! See `cuadrilla_fuzz::rule`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_fuzz::rule(bytes));
