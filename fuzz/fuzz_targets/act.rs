//! See `cuadrilla_fuzz::act`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_fuzz::act(bytes));
