//! Picture: JPEGs of noise, each of a seed: nothing makes them small, and no two are the same.

use image::{DynamicImage, ImageFormat, RgbImage};

use crate::random::Random;

/// Returns a JPEG of so many pixels across and down.
///
/// # Panics
/// If it cannot be made.
pub fn noise(width: u32, height: u32, seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    let pixels = (0..width * height * 3).map(|_| random.byte()).collect();
    let picture = RgbImage::from_raw(width, height, pixels).expect("as many bytes as pixels");
    let mut bytes = Vec::new();
    let mut out = std::io::Cursor::new(&mut bytes);
    DynamicImage::ImageRgb8(picture).write_to(&mut out, ImageFormat::Jpeg).expect("a JPEG");
    bytes
}
