//! See `cuadrilla_hostile::bundle`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_hostile::bundle(bytes));
