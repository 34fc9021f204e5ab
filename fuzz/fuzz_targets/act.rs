//! See `cuadrilla_hostile::act`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_hostile::act(bytes));
