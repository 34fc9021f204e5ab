//! See `cuadrilla_hostile::work`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_hostile::work(bytes));
