//! See `cuadrilla_fuzz::change`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_fuzz::change(bytes));
