//! State: what hub and replica share: the index rows and how an entry becomes rows.
pub mod applied;
pub mod authority;
pub mod decide;
pub mod document;
pub mod elements;
pub mod evidence;
pub mod fold;
pub mod held;
pub mod interpret;
pub mod keyspace;
pub mod layers;
pub mod local;
pub mod membership;
pub mod refs;
pub mod repeated;
pub mod summary;
