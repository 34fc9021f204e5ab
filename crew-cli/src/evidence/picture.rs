//! Picture: what a camera or a signature pad made becomes what is sent: upright, at most 1,600 pixels on its long side, and
//! nothing in it but the picture.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder as _, ImageReader, Limits};
use sync_core::limits::{BLOB_BYTES_MAX, BLOB_PIXELS_MAX, THUMB_BYTES_MAX};
use sync_core::media::{self, MediaError};

/// Long side of a photo, in pixels: a meter's digits can be read on it.
const SIDE_MAX: u32 = 1_600;
/// JPEG quality of a photo.
const QUALITY: u8 = 80;
/// Long sides of a small form, in pixels, and JPEG qualities: the first that fits counts.
const THUMBS: [(u32, u8); 4] = [(320, 70), (320, 50), (240, 50), (160, 40)];
/// Most memory that decoding may take, in bytes.
const DECODE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// A picture as it is sent.
#[derive(Debug, Clone)]
pub struct Picture {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// `image/jpeg`, or `image/png` for a signature.
    pub media_type: &'static str,
    /// Pixels across and down.
    pub size: (u32, u32),
    /// Its small form, a JPEG.
    pub thumb: Vec<u8>,
}

/// Why a file is no picture that can be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PictureTrouble {
    /// There is nothing in it.
    Empty,
    /// More bytes than are read.
    TooLarge(usize),
    /// No JPEG, PNG or WebP.
    Foreign,
    /// More pixels than are decoded.
    TooManyPixels(u32, u32),
    /// It does not decode.
    Damaged(String),
}

/// Makes a picture small, upright and bare. A signature stays a PNG, so that its lines stay sharp.
///
/// # Errors
/// See [`PictureTrouble`].
pub fn prepare(file: &[u8], is_signature: bool) -> Result<Picture, PictureTrouble> {
    match media::check(file) {
        Err(MediaError::Empty) => return Err(PictureTrouble::Empty),
        Err(MediaError::TooLarge(bytes)) => return Err(PictureTrouble::TooLarge(bytes)),
        Err(MediaError::Foreign) => return Err(PictureTrouble::Foreign),
        Err(MediaError::TooManyPixels { width, height }) => {
            return Err(PictureTrouble::TooManyPixels(width, height));
        }
        // What else is in it goes when it is made small; whether the rest is a picture, decoding says.
        Ok(_) | Err(MediaError::Extra(_) | MediaError::Damaged(_)) => {}
    }
    if is_cut_short(file) {
        return Err(PictureTrouble::Damaged("its end is missing".into()));
    }
    let upright = decode(file)?;
    let (width, height) = (upright.width(), upright.height());
    let small = if width.max(height) > SIDE_MAX {
        upright.resize(SIDE_MAX, SIDE_MAX, FilterType::Triangle)
    } else {
        upright
    };
    let (bytes, media_type) =
        if is_signature { (png(&small)?, "image/png") } else { (jpeg(&small, QUALITY)?, "image/jpeg") };
    let thumb = thumb(&small)?;
    for made in [&bytes, &thumb] {
        // What is sent is held to the server's own rule.
        media::check(made).map_err(|error| PictureTrouble::Damaged(error.to_string()))?;
    }
    Ok(Picture { bytes, media_type, size: (small.width(), small.height()), thumb })
}

/// Whether a JPEG has no end. The decoder shows such a one, grey from where it was cut; as evidence it would say that this is
/// what the camera saw.
fn is_cut_short(file: &[u8]) -> bool {
    let Some(mut rest) = file.strip_prefix(&[0xff, 0xd8]) else { return false };
    // A preview within the first segments has an end too: segments are passed over by their lengths.
    while let [0xff, marker, high, low, ..] = *rest {
        let length = 2 + usize::from(u16::from_be_bytes([high, low]));
        match (marker, rest.get(length..)) {
            (0xff, _) => rest = &rest[1..],
            (0xda, Some(scan)) => return !scan.windows(2).any(|pair| pair == [0xff, 0xd9]),
            (_, Some(next)) => rest = next,
            (_, None) => return true,
        }
    }
    // What no segment begins with is for the decoder to judge.
    false
}

fn damaged(error: &dyn std::fmt::Display) -> PictureTrouble {
    PictureTrouble::Damaged(error.to_string())
}

fn decode(file: &[u8]) -> Result<DynamicImage, PictureTrouble> {
    let reader =
        ImageReader::new(Cursor::new(file)).with_guessed_format().map_err(|error| damaged(&error))?;
    let mut decoder = reader.into_decoder().map_err(|error| damaged(&error))?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > BLOB_PIXELS_MAX {
        return Err(PictureTrouble::TooManyPixels(width, height));
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODE_BYTES_MAX);
    decoder.set_limits(limits).map_err(|error| damaged(&error))?;
    let orientation = decoder.orientation().map_err(|error| damaged(&error))?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|error| damaged(&error))?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

fn jpeg(picture: &DynamicImage, quality: u8) -> Result<Vec<u8>, PictureTrouble> {
    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
    // JPEG has no transparency: it is shown on white, as on paper.
    let on_white = over_white(picture);
    on_white.write_with_encoder(encoder).map_err(|error| damaged(&error))?;
    if bytes.len() > BLOB_BYTES_MAX { Err(PictureTrouble::TooLarge(bytes.len())) } else { Ok(bytes) }
}

fn png(picture: &DynamicImage) -> Result<Vec<u8>, PictureTrouble> {
    let mut bytes = Vec::new();
    DynamicImage::ImageRgba8(picture.to_rgba8())
        .write_with_encoder(PngEncoder::new(&mut bytes))
        .map_err(|error| damaged(&error))?;
    if bytes.len() > BLOB_BYTES_MAX { Err(PictureTrouble::TooLarge(bytes.len())) } else { Ok(bytes) }
}

fn over_white(picture: &DynamicImage) -> DynamicImage {
    if !picture.color().has_alpha() {
        return DynamicImage::ImageRgb8(picture.to_rgb8());
    }
    let mut rgba = picture.to_rgba8();
    for pixel in rgba.pixels_mut() {
        let [red, green, blue, alpha] = pixel.0;
        let blend = |value: u8| {
            let sum = u16::from(value) * u16::from(alpha) + 255 * (255 - u16::from(alpha));
            u8::try_from(sum / 255).unwrap_or(u8::MAX)
        };
        pixel.0 = [blend(red), blend(green), blend(blue), u8::MAX];
    }
    DynamicImage::ImageRgb8(DynamicImage::ImageRgba8(rgba).to_rgb8())
}

fn thumb(picture: &DynamicImage) -> Result<Vec<u8>, PictureTrouble> {
    for (side, quality) in THUMBS {
        let bytes = jpeg(&picture.thumbnail(side, side), quality)?;
        if bytes.len() <= THUMB_BYTES_MAX {
            return Ok(bytes);
        }
    }
    Err(PictureTrouble::Damaged("its small form does not get small enough".into()))
}

#[cfg(test)]
mod tests {
    use super::{PictureTrouble, THUMB_BYTES_MAX, prepare};
    use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};
    use std::io::Cursor;
    use sync_core::media;

    fn noise(width: u32, height: u32) -> DynamicImage {
        let mut state = 7_u32;
        DynamicImage::ImageRgba8(RgbaImage::from_fn(width, height, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [a, b, c, _] = state.to_be_bytes();
            Rgba([a, b, c, 255])
        }))
    }

    fn file(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Vec::new();
        let plain = DynamicImage::ImageRgb8(picture.to_rgb8());
        plain.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
        bytes
    }

    /// A JPEG whose camera was held on its side and wrote where it was.
    fn with_exif(jpeg: &[u8]) -> Vec<u8> {
        let tiff = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
        let exif = [b"Exif\0\0".to_vec(), tiff].concat();
        let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
        [&jpeg[..2], &[0xff, 0xe1], &length, &exif, &jpeg[2..], b"PK behind the end"].concat()
    }

    #[test]
    fn a_photo_is_made_small_upright_and_bare() {
        let camera = with_exif(&file(&noise(2_400, 1_800), ImageFormat::Jpeg));
        let made = prepare(&camera, false).unwrap();
        assert_eq!(made.size, (1_200, 1_600), "turned upright, its long side 1,600");
        assert_eq!(media::check(&made.bytes).unwrap().format.media_type(), made.media_type);
        assert!(made.thumb.len() <= THUMB_BYTES_MAX, "even of noise: {}", made.thumb.len());
        assert!(!made.bytes.windows(4).any(|part| part == b"Exif"));
        let small = prepare(&file(&noise(64, 48), ImageFormat::WebP), false).unwrap();
        assert_eq!(small.size, (64, 48), "nothing is made larger");
    }

    #[test]
    fn a_signature_stays_sharp() {
        let made = prepare(&file(&noise(300, 100), ImageFormat::Png), true).unwrap();
        assert_eq!((made.media_type, made.size), ("image/png", (300, 100)));
    }

    #[test]
    fn what_is_no_picture_is_told_apart() {
        let trouble = |file: &[u8]| prepare(file, false).unwrap_err();
        assert_eq!(trouble(b""), PictureTrouble::Empty);
        assert_eq!(trouble(b"<svg onload=alert(1)>"), PictureTrouble::Foreign);
        assert_eq!(trouble(&vec![0xff; 9 * 1024 * 1024]), PictureTrouble::TooLarge(9 * 1024 * 1024));
        let size = [&30_000_u32.to_be_bytes()[..], &30_000_u32.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
        let bomb = [b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", &size[..], &[0; 4], b"\0\0\0\0IEND\0\0\0\0"].concat();
        assert_eq!(trouble(&bomb), PictureTrouble::TooManyPixels(30_000, 30_000));
        let whole = with_exif(&file(&noise(64, 48), ImageFormat::Jpeg));
        assert!(prepare(&whole, false).is_ok());
        for end in [200, 700, 1_000, 2_000] {
            assert!(matches!(trouble(&whole[..end]), PictureTrouble::Damaged(_)), "cut at {end}");
        }
    }
}
