//! See `cuadrilla_fuzz::entry`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_fuzz::entry(bytes));
