//! See `cuadrilla_fuzz::bundle`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_fuzz::bundle(bytes));
