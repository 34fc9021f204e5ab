//! See `cuadrilla_hostile::entry`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_hostile::entry(bytes));
