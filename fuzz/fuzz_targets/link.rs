//! See `cuadrilla_fuzz::link`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_fuzz::link(bytes));
