//! See `cuadrilla_hostile::segment`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_hostile::segment(bytes));
