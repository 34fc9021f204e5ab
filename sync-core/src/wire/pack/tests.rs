//! Tests of the pack.
