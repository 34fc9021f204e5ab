//! Routes: one file for each group of handlers.

pub mod app;
pub mod blobs;
pub mod checkpoint;
pub mod events;
pub mod exchange;
pub mod health;
pub mod home;
pub mod lean;
pub mod log;
