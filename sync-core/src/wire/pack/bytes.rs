//! Bytes: the numbers and the streams a pack is made of, written without loss and read without trust.

use super::PackError;
use super::stream;

/// Returns a signed number as an unsigned one that is small where the signed one is near zero.
pub(super) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// Returns the inverse of [`zigzag`].
pub(super) fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

/// Appends a varint: seven bits a byte, low bits first, the top bit set on all bytes but the last.
pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}

/// Reads one stream from its front.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Returns a reader of all of `bytes`.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Returns how many bytes are left.
    pub(super) fn left(&self) -> usize {
        self.bytes.len()
    }

    /// Returns the next `count` bytes.
    pub(super) fn take(&mut self, count: u64) -> Result<&'a [u8], PackError> {
        let count = usize::try_from(count).map_err(|_| PackError::Malformed("a stream is too short"))?;
        let (taken, rest) =
            self.bytes.split_at_checked(count).ok_or(PackError::Malformed("a stream is too short"))?;
        self.bytes = rest;
        Ok(taken)
    }

    /// Returns the next `N` bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], PackError> {
        let (taken, rest) =
            self.bytes.split_first_chunk().ok_or(PackError::Malformed("a stream is too short"))?;
        self.bytes = rest;
        Ok(*taken)
    }

    /// Returns the next byte.
    pub(super) fn byte(&mut self) -> Result<u8, PackError> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Returns the next varint. One with needless bytes or beyond 64 bits is refused, so that a number has
    /// one form.
    pub(super) fn varint(&mut self) -> Result<u64, PackError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(PackError::Malformed("a number beyond 64 bits"));
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    return Err(PackError::Malformed("a number with needless bytes"));
                }
                return Ok(value);
            }
        }
        Err(PackError::Malformed("a number beyond 64 bits"))
    }

    /// Returns the next varint as a signed number.
    pub(super) fn signed(&mut self) -> Result<i64, PackError> {
        self.varint().map(unzigzag)
    }
}

/// The streams of a pack being written.
pub(super) struct StreamsOut {
    streams: Vec<Vec<u8>>,
}

impl StreamsOut {
    /// Returns all streams, empty.
    pub(super) fn new() -> Self {
        Self { streams: vec![Vec::new(); stream::COUNT] }
    }

    /// Appends a varint to a stream.
    pub(super) fn put(&mut self, stream: usize, value: u64) {
        put_varint(&mut self.streams[stream], value);
    }

    /// Appends a signed number to a stream.
    pub(super) fn put_signed(&mut self, stream: usize, value: i64) {
        self.put(stream, zigzag(value));
    }

    /// Appends a signed number, its low 16 bits to a second stream.
    pub(super) fn put_split(&mut self, high: usize, low: usize, value: i64) {
        let value = zigzag(value);
        let [first, second, ..] = value.to_le_bytes();
        self.put(high, value >> 16);
        self.extend(low, &[first, second]);
    }

    /// Appends bytes to a stream.
    pub(super) fn extend(&mut self, stream: usize, bytes: &[u8]) {
        self.streams[stream].extend_from_slice(bytes);
    }

    /// Returns the pack: the version, then each stream after its length.
    pub(super) fn finish(self) -> Vec<u8> {
        let mut out = vec![super::VERSION];
        for stream in self.streams {
            put_varint(&mut out, stream.len() as u64);
            out.extend(stream);
        }
        out
    }
}

/// The streams of a pack being read.
pub(super) struct StreamsIn<'a> {
    streams: Vec<Reader<'a>>,
}

impl<'a> StreamsIn<'a> {
    /// Cuts a pack into its streams.
    pub(super) fn split(bytes: &'a [u8]) -> Result<Self, PackError> {
        let mut reader = Reader::new(bytes);
        if reader.byte()? != super::VERSION {
            return Err(PackError::Malformed("a format this version does not know"));
        }
        let mut streams = Vec::with_capacity(stream::COUNT);
        for _ in 0..stream::COUNT {
            let length = reader.varint()?;
            streams.push(Reader::new(reader.take(length)?));
        }
        if reader.left() > 0 {
            return Err(PackError::Malformed("bytes after the last stream"));
        }
        Ok(Self { streams })
    }

    /// Returns one of the streams.
    pub(super) fn of(&mut self, stream: usize) -> &mut Reader<'a> {
        &mut self.streams[stream]
    }

    /// Reads what [`StreamsOut::put_split`] wrote.
    pub(super) fn split_signed(&mut self, high: usize, low: usize) -> Result<i64, PackError> {
        let high = self.of(high).varint()?;
        let low = u16::from_le_bytes(self.of(low).array()?);
        if high >> 48 != 0 {
            return Err(PackError::Malformed("a number beyond 64 bits"));
        }
        Ok(unzigzag(high << 16 | u64::from(low)))
    }

    /// Returns a reader of a whole stream, and takes the stream from this reader.
    pub(super) fn whole(&mut self, stream: usize) -> Reader<'a> {
        std::mem::take(&mut self.streams[stream])
    }

    /// Refuses streams that hold more than the items asked for.
    pub(super) fn finish(&self) -> Result<(), PackError> {
        let all_read = self.streams.iter().all(|stream| stream.left() == 0);
        if all_read { Ok(()) } else { Err(PackError::Malformed("a stream is too long")) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Reader, put_varint, unzigzag, zigzag};

    #[test]
    fn numbers_have_one_form() {
        for value in [0, 1, 127, 128, 16_383, 16_384, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, value);
            let mut reader = Reader::new(&bytes);
            assert_eq!(reader.varint(), Ok(value));
            assert_eq!(reader.left(), 0);
            assert!(Reader::new(&bytes[..bytes.len() - 1]).varint().is_err(), "cut short");
        }
        for value in [0, -1, 1, i64::MIN, i64::MAX] {
            assert_eq!(unzigzag(zigzag(value)), value);
        }
        let overlong: [&[u8]; 4] = [&[0x80, 0], &[0xff, 0x80, 0], &[0xff; 11], &[0xff; 10]];
        for bytes in overlong {
            assert!(Reader::new(bytes).varint().is_err(), "{bytes:?}");
        }
        let beyond = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        assert!(Reader::new(&beyond).varint().is_err());
    }
}
