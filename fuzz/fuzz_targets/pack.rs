//! See `cuadrilla_fuzz::pack`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_fuzz::pack(bytes));
