//! See `cuadrilla_fuzz::ledger`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_fuzz::ledger(bytes));
