//! See `cuadrilla_hostile::enrolment`.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| cuadrilla_hostile::enrolment(bytes));
