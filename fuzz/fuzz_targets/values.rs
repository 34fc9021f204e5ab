//! See `cuadrilla_hostile::values`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_hostile::values(bytes));
