//! Views: what people and scripts read. Each is computed from rows and lines and is the same wherever they are the same.
pub mod audit;
pub mod case;
pub mod clock;
pub mod diff;
pub mod entries;
pub mod held;
pub mod lists;
pub mod order;
pub mod replay;
pub mod story;
pub mod words;
