//! See `cuadrilla_fuzz::segment`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_fuzz::segment(bytes));
