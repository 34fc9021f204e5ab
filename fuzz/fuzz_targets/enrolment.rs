//! See `cuadrilla_fuzz::enrolment`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_fuzz::enrolment(bytes));
