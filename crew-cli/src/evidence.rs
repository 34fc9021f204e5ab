//! Evidence: photos and signatures on this device. A picture is made small and bare before it is kept, and kept before an
//! entry names it.

mod files;
mod picture;

pub use files::BlobFiles;
pub use picture::{Picture, PictureTrouble, prepare};
