//! tmp
pub mod clock;
pub mod error;
pub mod files;
pub mod home;
pub mod http;
pub mod labels;
pub mod output;
pub mod style;
pub mod table;
pub mod text;
pub mod when;
