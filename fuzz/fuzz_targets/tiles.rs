//! See `cuadrilla_hostile::tiles`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_hostile::tiles(bytes));
