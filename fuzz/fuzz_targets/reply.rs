//! See `cuadrilla_fuzz::reply`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_fuzz::reply(bytes));
