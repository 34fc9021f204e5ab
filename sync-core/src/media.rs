//! Media: whether bytes are a picture that may be kept as evidence. Only headers are read, no picture is ever decoded; what
//! is not needed to show it may not be in it.
//!
//! A picture says where its crew lives (EXIF), who edited it (XMP, comments), and carries whatever stands behind its end.
//! So the parts that a file may have are listed here, and a file with any other part is refused, on the device that made
//! it and on the server that takes it. Sources: ITU T.81 (JPEG), the PNG specification's chunk table, and the WebP
//! container specification.

use crate::limits::{BLOB_BYTES_MAX, BLOB_PIXELS_MAX};

/// What a picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Media {
    /// Its format.
    pub format: Format,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

/// A picture's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
}

impl Format {
    /// Returns its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
        }
    }
}

/// Why bytes are no picture that may be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// There is nothing.
    #[error("it is empty")]
    Empty,
    /// More bytes than [`BLOB_BYTES_MAX`].
    #[error("it has {0} bytes, at most {BLOB_BYTES_MAX} are allowed")]
    TooLarge(usize),
    /// None of the formats.
    #[error("it is no JPEG, PNG or WebP picture")]
    Foreign,
    /// It starts as a picture and is none.
    #[error("it is cut short or damaged: {0}")]
    Damaged(&'static str),
    /// More pixels than [`BLOB_PIXELS_MAX`].
    #[error("it has {width} x {height} pixels, at most {BLOB_PIXELS_MAX} are allowed")]
    TooManyPixels {
        /// Across.
        width: u32,
        /// Down.
        height: u32,
    },
    /// It holds more than the picture: EXIF, XMP, a comment, something behind its end.
    #[error("it holds more than the picture: {0}")]
    Extra(String),
}

/// Reads what a picture is, and checks that nothing else is in it.
///
/// # Errors
/// See [`MediaError`].
///
/// ```
/// use sync_core::media::{MediaError, check};
///
/// assert_eq!(check(b"<svg onload='alert(1)'/>"), Err(MediaError::Foreign));
/// ```
pub fn check(bytes: &[u8]) -> Result<Media, MediaError> {
    if bytes.is_empty() {
        return Err(MediaError::Empty);
    }
    if bytes.len() > BLOB_BYTES_MAX {
        return Err(MediaError::TooLarge(bytes.len()));
    }
    let (format, (width, height)) = match bytes {
        [0xff, 0xd8, rest @ ..] => (Format::Jpeg, jpeg(rest)?),
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, rest @ ..] => (Format::Png, png(rest)?),
        [b'R', b'I', b'F', b'F', a, b, c, d, b'W', b'E', b'B', b'P', rest @ ..] => {
            (Format::Webp, webp(u32::from_le_bytes([*a, *b, *c, *d]), rest)?)
        }
        _ => return Err(MediaError::Foreign),
    };
    if width == 0 || height == 0 {
        return Err(MediaError::Damaged("it has no size"));
    }
    if u64::from(width) * u64::from(height) > BLOB_PIXELS_MAX {
        return Err(MediaError::TooManyPixels { width, height });
    }
    Ok(Media { format, width, height })
}

const CUT: MediaError = MediaError::Damaged("a part is cut short");

fn extra(what: impl Into<String>) -> MediaError {
    MediaError::Extra(what.into())
}

/// Splits off a number of bytes.
fn take<'b>(rest: &mut &'b [u8], count: usize) -> Result<&'b [u8], MediaError> {
    let (taken, left) = rest.split_at_checked(count).ok_or(CUT)?;
    *rest = left;
    Ok(taken)
}

fn take_array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], MediaError> {
    take(rest, N)?.try_into().map_err(|_| CUT)
}

/// The segments after the start of the picture.
fn jpeg(mut rest: &[u8]) -> Result<(u32, u32), MediaError> {
    let mut size = None;
    loop {
        let [marker_start, mut marker] = take_array(&mut rest)?;
        if marker_start != 0xff {
            return Err(MediaError::Damaged("a JPEG marker is missing"));
        }
        while marker == 0xff {
            [marker] = take_array(&mut rest)?;
        }
        if marker == 0xd9 {
            return match (rest, size) {
                ([], Some(size)) => Ok(size),
                ([], None) => Err(MediaError::Damaged("there is no picture in it")),
                _ => Err(extra("bytes behind the end")),
            };
        }
        let length = usize::from(u16::from_be_bytes(take_array(&mut rest)?));
        let mut segment = take(&mut rest, length.checked_sub(2).ok_or(CUT)?)?;
        match marker {
            // Baseline, extended and progressive frames.
            0xc0..=0xc2 => {
                let [_bits, high, low, wide, narrow] = take_array(&mut segment)?;
                let frame =
                    (u16::from_be_bytes([wide, narrow]).into(), u16::from_be_bytes([high, low]).into());
                if size.replace(frame).is_some() {
                    return Err(extra("a second picture"));
                }
            }
            // Tables of Huffman codes and of quantisation, and how often the decoder starts over.
            0xc4 | 0xdb | 0xdd => {}
            // Adobe's twelve bytes say which colours the components are.
            0xee if segment.len() == 12 && segment.starts_with(b"Adobe") => {}
            // The size of a pixel; its own preview would come behind these fourteen bytes.
            0xe0 if segment.len() == 14 && segment.starts_with(b"JFIF\0") => {}
            0xda => skip_scan(&mut rest)?,
            0xe1 => return Err(extra(if segment.starts_with(b"Exif") { "EXIF" } else { "XMP" })),
            0xfe => return Err(extra("a comment")),
            0xe0..=0xef => return Err(extra(format!("application data {}", marker - 0xe0))),
            _ => return Err(extra(format!("a JPEG segment {marker:#04x}"))),
        }
    }
}

/// Moves on to the marker that ends a scan's data.
fn skip_scan(rest: &mut &[u8]) -> Result<(), MediaError> {
    let is_end = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xff | 0xd0..=0xd7);
    let end = rest.windows(2).position(is_end).ok_or(CUT)?;
    *rest = &rest[end..];
    Ok(())
}

/// Longest chunk of a PNG beside its palette and its pixels, in bytes: none of those that are allowed needs more.
const PNG_SMALL_BYTES_MAX: usize = 256;

/// The chunks after the signature.
fn png(mut rest: &[u8]) -> Result<(u32, u32), MediaError> {
    let mut size = None;
    loop {
        let length = u32::from_be_bytes(take_array(&mut rest)?);
        let name: [u8; 4] = take_array(&mut rest)?;
        let mut data = take(&mut rest, usize::try_from(length).map_err(|_| CUT)?)?;
        let _checksum: [u8; 4] = take_array(&mut rest)?;
        match &name {
            b"IHDR" if size.is_none() && length == 13 => {
                let width = u32::from_be_bytes(take_array(&mut data)?);
                size = Some((width, u32::from_be_bytes(take_array(&mut data)?)));
            }
            _ if size.is_none() => return Err(MediaError::Damaged("it does not begin with its size")),
            b"IDAT" => {}
            b"PLTE" if length <= 768 => {}
            b"tRNS" | b"gAMA" | b"cHRM" | b"sRGB" | b"pHYs" | b"sBIT" | b"bKGD"
                if data.len() <= PNG_SMALL_BYTES_MAX => {}
            b"IEND" if length == 0 => {
                return if rest.is_empty() { size.ok_or(CUT) } else { Err(extra("bytes behind the end")) };
            }
            b"eXIf" => return Err(extra("EXIF")),
            other => return Err(extra(format!("a PNG chunk {}", String::from_utf8_lossy(other)))),
        }
    }
}

/// Bits of a WebP header that say what else is in the file: all but transparency.
const WEBP_ALPHA: u8 = 0b0001_0000;

/// The chunks after the file's name.
fn webp(length: u32, mut rest: &[u8]) -> Result<(u32, u32), MediaError> {
    // The length counts the four letters `WEBP` as well.
    match usize::try_from(length).ok().and_then(|length| length.checked_sub(4)) {
        Some(length) if length > rest.len() => return Err(CUT),
        Some(length) if length < rest.len() => return Err(extra("bytes behind the end")),
        Some(_) => {}
        None => return Err(CUT),
    }
    let (mut size, mut has_picture) = (None, false);
    while !rest.is_empty() {
        let name: [u8; 4] = take_array(&mut rest)?;
        let length = usize::try_from(u32::from_le_bytes(take_array(&mut rest)?)).map_err(|_| CUT)?;
        let mut data = take(&mut rest, length)?;
        if length % 2 == 1 && take_array(&mut rest)? != [0] {
            return Err(extra("a byte between two parts"));
        }
        let found = match &name {
            b"VP8X" if size.is_none() && length == 10 => {
                let [flags, _, _, _, w0, w1, w2, h0, h1, h2] = take_array(&mut data)?;
                if flags & !WEBP_ALPHA != 0 {
                    return Err(extra("EXIF, XMP, a colour profile or a second picture"));
                }
                let three = |bytes: [u8; 3]| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]) + 1;
                (three([w0, w1, w2]), three([h0, h1, h2]))
            }
            b"ALPH" => continue,
            b"VP8 " | b"VP8L" if has_picture => return Err(extra("a second picture")),
            b"VP8 " => {
                has_picture = true;
                let [_, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1] = take_array(&mut data)? else {
                    return Err(MediaError::Damaged("there is no picture in it"));
                };
                let side = |bytes| u32::from(u16::from_le_bytes(bytes) & 0x3fff);
                (side([w0, w1]), side([h0, h1]))
            }
            b"VP8L" => {
                has_picture = true;
                let [0x2f, bits @ ..] = take_array::<5>(&mut data)? else {
                    return Err(MediaError::Damaged("there is no picture in it"));
                };
                let bits = u32::from_le_bytes(bits);
                ((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1)
            }
            b"EXIF" => return Err(extra("EXIF")),
            b"XMP " => return Err(extra("XMP")),
            other => return Err(extra(format!("a WebP part {}", String::from_utf8_lossy(other)))),
        };
        // The frame's own size is the one that a decoder allocates.
        let (width, height) = size.unwrap_or((0, 0));
        size = Some((found.0.max(width), found.1.max(height)));
    }
    size.filter(|_| has_picture).ok_or(MediaError::Damaged("there is no picture in it"))
}

#[cfg(test)]
mod tests;
