//! See `cuadrilla_hostile::rule`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_hostile::rule(bytes));
