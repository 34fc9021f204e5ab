//! Pictures pass by their headers; whatever else a file may carry is found.

use super::{Format, Media, MediaError, check};
use crate::limits::BLOB_BYTES_MAX;

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker][..], &length, content].concat()
}

fn frame(width: u16, height: u16) -> Vec<u8> {
    let [h1, h0] = height.to_be_bytes();
    let [w1, w0] = width.to_be_bytes();
    segment(0xc0, &[8, h1, h0, w1, w0, 1, 1, 0x11, 0])
}

fn jpeg(extra: &[Vec<u8>], behind: &[u8], width: u16, height: u16) -> Vec<u8> {
    let jfif = segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    let scan = [&segment(0xda, &[1, 1, 0, 0, 63, 0])[..], &[0x12, 0xff, 0x00, 0xff, 0xd0, 0x34]].concat();
    let parts = [vec![0xff, 0xd8], jfif, extra.concat(), segment(0xdb, &[0; 65]), frame(width, height), scan]
        .concat();
    [&parts[..], &[0xff, 0xd9], behind].concat()
}

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    [&u32::try_from(data.len()).unwrap().to_be_bytes()[..], name, data, &[0; 4]].concat()
}

fn png(width: u32, height: u32, extra: &[Vec<u8>], behind: &[u8]) -> Vec<u8> {
    let size = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let parts = [chunk(b"IHDR", &size), extra.concat(), chunk(b"IDAT", &[1, 2, 3]), chunk(b"IEND", &[])];
    [b"\x89PNG\r\n\x1a\n", &parts.concat()[..], behind].concat()
}

fn riff(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut body = b"WEBP".to_vec();
    for (name, data) in chunks {
        body.extend_from_slice(*name);
        body.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        body.extend_from_slice(data);
        body.extend(vec![0; data.len() % 2]);
    }
    [b"RIFF", &u32::try_from(body.len()).unwrap().to_le_bytes()[..], &body].concat()
}

const VP8: &[u8] = &[0, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00];

fn extra_of(bytes: &[u8]) -> String {
    match check(bytes) {
        Err(MediaError::Extra(what)) => what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn pictures_of_each_format_say_their_size() {
    let is = |format, width, height| Ok(Media { format, width, height });
    assert_eq!(check(&jpeg(&[], b"", 1600, 1200)), is(Format::Jpeg, 1600, 1200));
    assert_eq!(check(&png(640, 480, &[chunk(b"gAMA", &[0; 4])], b"")), is(Format::Png, 640, 480));
    assert_eq!(check(&riff(&[(b"VP8 ", VP8)])), is(Format::Webp, 320, 240));
    let lossless = [0x2f, 0x3f, 0xc1, 0x3b, 0x00];
    assert_eq!(check(&riff(&[(b"VP8L", &lossless)])), is(Format::Webp, 320, 240));
    let header = [0x10, 0, 0, 0, 0x3f, 0x01, 0x00, 0xef, 0x00, 0x00];
    let shown = riff(&[(b"VP8X", &header), (b"ALPH", &[1]), (b"VP8 ", VP8)]);
    assert_eq!(check(&shown), is(Format::Webp, 320, 240));
}

#[test]
fn what_is_not_needed_to_show_a_picture_is_found() {
    let with = |segment| extra_of(&jpeg(&[segment], b"", 8, 8));
    assert_eq!(with(segment(0xe1, b"Exif\0\0MM")), "EXIF");
    assert_eq!(with(segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0<x/>")), "XMP");
    assert_eq!(with(segment(0xfe, b"casa de Ana")), "a comment");
    assert_eq!(with(segment(0xe2, b"ICC_PROFILE\0")), "application data 2");
    assert_eq!(with(segment(0xe0, b"JFXX\0\x10")), "application data 0");
    assert_eq!(with(frame(8, 8)), "a second picture");
    assert_eq!(extra_of(&jpeg(&[], b"PK\x03\x04", 8, 8)), "bytes behind the end");
    assert_eq!(extra_of(&png(8, 8, &[chunk(b"tEXt", b"Author\0Ana")], b"")), "a PNG chunk tEXt");
    assert_eq!(extra_of(&png(8, 8, &[chunk(b"eXIf", b"MM")], b"")), "EXIF");
    assert_eq!(extra_of(&png(8, 8, &[chunk(b"sBIT", &[0; 300])], b"")), "a PNG chunk sBIT");
    assert_eq!(extra_of(&png(8, 8, &[], b"x")), "bytes behind the end");
    let header = |flags| [flags, 0, 0, 0, 0x3f, 0x01, 0x00, 0xef, 0x00, 0x00];
    assert!(extra_of(&riff(&[(b"VP8X", &header(0b1000)), (b"VP8 ", VP8)])).starts_with("EXIF"));
    assert_eq!(extra_of(&riff(&[(b"VP8 ", VP8), (b"EXIF", b"MM")])), "EXIF");
    assert_eq!(extra_of(&riff(&[(b"VP8 ", VP8), (b"VP8 ", VP8)])), "a second picture");
    assert_eq!(extra_of(&[&riff(&[(b"VP8 ", VP8)])[..], b"PK"].concat()), "bytes behind the end");
}

#[test]
fn what_is_no_picture_or_too_large_is_refused() {
    assert_eq!(check(b""), Err(MediaError::Empty));
    for foreign in [&b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..], b"<html>", b"GIF89a", b"%PDF-1.7"] {
        assert_eq!(check(foreign), Err(MediaError::Foreign));
    }
    assert_eq!(check(&vec![0; BLOB_BYTES_MAX + 1]), Err(MediaError::TooLarge(BLOB_BYTES_MAX + 1)));
    let bomb = MediaError::TooManyPixels { width: 30_000, height: 30_000 };
    assert_eq!(check(&png(30_000, 30_000, &[], b"")), Err(bomb.clone()));
    assert_eq!(check(&jpeg(&[], b"", 30_000, 30_000)), Err(bomb));
    assert!(matches!(check(&png(0, 9, &[], b"")), Err(MediaError::Damaged(_))));
}

#[test]
fn every_cut_and_every_changed_byte_is_answered_without_panic() {
    for whole in [jpeg(&[], b"", 8, 8), png(8, 8, &[], b""), riff(&[(b"VP8 ", VP8)])] {
        for end in 0..whole.len() {
            assert!(check(&whole[..end]).is_err(), "cut at {end}");
        }
        for place in 0..whole.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut changed = whole.clone();
                changed[place] = value;
                let _ = check(&changed);
            }
        }
    }
}
