//! See `cuadrilla_hostile::link`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_hostile::link(bytes));
