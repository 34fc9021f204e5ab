//! See `cuadrilla_hostile::ledger`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_hostile::ledger(bytes));
