//! See `cuadrilla_hostile::pack`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_hostile::pack(bytes));
