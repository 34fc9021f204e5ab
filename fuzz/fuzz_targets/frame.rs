//! See `cuadrilla_hostile::frame`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_hostile::frame(bytes));
