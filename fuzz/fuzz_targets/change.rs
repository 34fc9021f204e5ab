//! See `cuadrilla_hostile::change`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_hostile::change(bytes));
