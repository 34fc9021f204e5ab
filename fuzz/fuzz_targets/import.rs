//! See `cuadrilla_hostile::import`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_hostile::import(bytes));
