//! See `cuadrilla_hostile::reply`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_hostile::reply(bytes));
