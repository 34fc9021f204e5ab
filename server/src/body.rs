//! Body: the bytes of a request, bounded in size and time, and their content coding both ways.

use std::cell::RefCell;
use std::io::Read;
use std::net::IpAddr;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt as _;
use sync_core::id::DeviceId;
use sync_core::limits::MESSAGE_BYTES_MAX;
use zstd::bulk::Compressor;
use zstd::zstd_safe::DCtx;

use crate::alarm::Alarm;
use crate::app_state::AppState;
use crate::config::{Config, ZSTD_WINDOW_LOG_MAX};
use crate::peer::Caller;
use crate::problem::Problem;
use crate::room::{NoRoom, Share};

/// Longest message after decompression, in bytes: the core reads no longer frames.
pub const FRAME_BYTES_MAX: usize = MESSAGE_BYTES_MAX;
/// Room that a body takes at first, in bytes.
const ROOM_BYTES_MIN: usize = 4 * 1024;
/// Answers shorter than this are not worth compressing.
const COMPRESS_BYTES_MIN: usize = 128;
const ZSTD_LEVEL: i32 = 3;

thread_local! {
    /// What zstd works with, kept by each thread: to make it again takes longer than a small message.
    static UNPACKER: RefCell<Option<DCtx<'static>>> = const { RefCell::new(None) };
    static PACKER: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
}

/// What a message travels as.
pub const CONTENT_TYPE: &str = "application/vnd.cuadrilla.v1";

/// A content coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// As it is.
    Identity,
    /// zstd.
    Zstd,
    /// gzip, for browsers.
    Gzip,
}

impl Coding {
    /// What the body came in.
    pub fn of_request(headers: &HeaderMap) -> Result<Self, Problem> {
        match text(headers, header::CONTENT_ENCODING).unwrap_or("identity") {
            "identity" | "" => Ok(Self::Identity),
            "zstd" => Ok(Self::Zstd),
            "gzip" => Ok(Self::Gzip),
            other => Err(Problem::refused(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "content_encoding",
                &format!("content encoding {other:?} is not known here"),
                "Use zstd, gzip or identity.",
            )),
        }
    }

    /// The best of what the asker reads.
    pub fn for_answer(headers: &HeaderMap) -> Self {
        let accepted = text(headers, header::ACCEPT_ENCODING).unwrap_or_default();
        let has = |name: &str| {
            accepted.split(',').any(|one| {
                let (coding, weight) = one.split_once(';').unwrap_or((one, ""));
                coding.trim() == name && weight.trim() != "q=0"
            })
        };
        match (has("zstd"), has("gzip")) {
            (true, _) => Self::Zstd,
            (false, true) => Self::Gzip,
            (false, false) => Self::Identity,
        }
    }

    /// Its name in headers, none for identity.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Zstd => Some("zstd"),
            Self::Gzip => Some("gzip"),
        }
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Insists on the content type of a message.
pub fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    // Parameters, as a `charset` that some library adds, change nothing.
    let named = text(headers, header::CONTENT_TYPE).and_then(|kind| kind.split(';').next());
    match named {
        Some(kind) if kind.trim().eq_ignore_ascii_case(CONTENT_TYPE) => Ok(()),
        _ => Err(Problem::refused(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "content_type",
            "this is not a Cuadrilla message",
            "Send Content-Type: application/vnd.cuadrilla.v1.",
        )),
    }
}

/// Whose a body is, as far as is known while it arrives.
#[derive(Debug, Clone)]
pub struct Owner {
    /// Who sends it.
    pub caller: Caller,
    /// The device whose ticket came with it.
    pub device: Option<DeviceId>,
}

/// A body that is all here. Its room is free again when this is dropped.
#[derive(Debug)]
pub struct Arrived {
    /// Its bytes.
    pub bytes: Bytes,
    _room: AnyShare,
}

/// Room among strangers' bodies, or in the device's own share.
#[derive(Debug)]
enum AnyShare {
    Stranger(Share<IpAddr>),
    Device(Share<DeviceId>),
}

impl AnyShare {
    fn take(&self, more: usize) -> Result<usize, NoRoom> {
        match self {
            Self::Stranger(share) => share.take(more),
            Self::Device(share) => share.take(more),
        }
    }
}

/// Reads all of a body of at most `bytes_max` bytes. It takes up no place of those who are served; it has a time, a
/// least speed and so much room, and is cut off where it exceeds one of them.
///
/// # Errors
/// `too_large`, `too_slow`, `cut_off`, `no_room`.
pub async fn read(
    app: &AppState,
    headers: &HeaderMap,
    body: Body,
    owner: &Owner,
    bytes_max: usize,
) -> Result<Arrived, Problem> {
    let announced = text(headers, header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    if announced.is_some_and(|bytes| bytes > bytes_max) {
        return Err(Problem::too_large(bytes_max));
    }
    let (room, cut) = match owner.device {
        None => {
            let (share, cut) = app.stranger_room.begin(owner.caller.home);
            (AnyShare::Stranger(share), cut)
        }
        Some(device) => {
            let (share, cut) = app.device_room.begin(device);
            (AnyShare::Device(share), cut)
        }
    };
    let read = gather(app, body, owner, bytes_max, &room);
    let bytes = tokio::select! {
        read = read => read?,
        // Its sender is dropped, never used.
        _ = cut => return Err(no_room()),
    };
    Ok(Arrived { bytes, _room: room })
}

async fn gather(
    app: &AppState,
    mut body: Body,
    owner: &Owner,
    bytes_max: usize,
    room: &AnyShare,
) -> Result<Bytes, Problem> {
    let alarms = &app.metrics.alarms;
    let begun = tokio::time::Instant::now();
    let mut bytes: Vec<u8> = Vec::new();
    loop {
        let due = begun + time_for(&app.config, bytes.len());
        let frame = match tokio::time::timeout_at(due, body.frame()).await {
            Ok(None) => {
                if let Some(connection) = &owner.caller.connection {
                    connection.waits(true);
                }
                return Ok(bytes.into());
            }
            Ok(Some(frame)) => frame.map_err(|_| cut_off())?,
            Err(_) => {
                alarms.raise(Alarm::SlowBody, Some(owner.caller.home));
                return Err(too_slow());
            }
        };
        let Ok(data) = frame.into_data() else { continue };
        let whole = bytes.len() + data.len();
        if whole > bytes_max {
            return Err(Problem::too_large(bytes_max));
        }
        if whole > bytes.capacity() {
            // What is held is what is counted. Pieces are copied: one of a byte may keep a large buffer alive.
            let capacity = whole.next_power_of_two().clamp(ROOM_BYTES_MIN, MESSAGE_BYTES_MAX);
            let taken = room.take(capacity - bytes.capacity());
            for _ in 0..*taken.as_ref().unwrap_or(&1) {
                alarms.raise(Alarm::BodyRoom, Some(owner.caller.home));
            }
            taken.map_err(|_| no_room())?;
            bytes.reserve_exact(capacity - bytes.len());
        }
        bytes.extend_from_slice(&data);
        if let Some(connection) = &owner.caller.connection {
            connection.received(bytes.len());
        }
    }
}

/// How long a body may have taken of which so many bytes are here.
fn time_for(config: &Config, bytes: usize) -> Duration {
    let at_least_ms = (bytes as u64).saturating_mul(1_000) / config.body_bytes_per_s;
    Duration::from_millis(config.body_grace_ms.saturating_add(at_least_ms).min(config.body_timeout_ms))
}

fn cut_off() -> Problem {
    Problem::refused(StatusCode::BAD_REQUEST, "cut_off", "the message did not arrive whole", "Send it again.")
}

fn too_slow() -> Problem {
    Problem::refused(
        StatusCode::REQUEST_TIMEOUT,
        "too_slow",
        "the message took too long to arrive",
        "Send it in smaller messages.",
    )
}

fn no_room() -> Problem {
    Problem::later("no_room", "there is no room for this message while it arrives: others take it")
}

/// Undoes the coding; at most [`FRAME_BYTES_MAX`] bytes come out, whatever goes in.
pub fn decode(coding: Coding, bytes: Bytes) -> Result<Bytes, Problem> {
    match coding {
        Coding::Identity => Ok(bytes),
        Coding::Zstd => UNPACKER.with_borrow_mut(|kept| {
            let context = kept.get_or_insert_with(DCtx::create);
            let mut decoder = zstd::stream::read::Decoder::with_context(&*bytes, context);
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(|_| undecodable())?;
            read_bounded(decoder)
        }),
        Coding::Gzip => read_bounded(flate2::read::GzDecoder::new(&*bytes)),
    }
}

fn read_bounded(decoder: impl Read) -> Result<Bytes, Problem> {
    let mut frame = Vec::new();
    decoder.take(FRAME_BYTES_MAX as u64 + 1).read_to_end(&mut frame).map_err(|_| undecodable())?;
    if frame.len() > FRAME_BYTES_MAX { Err(Problem::too_large(FRAME_BYTES_MAX)) } else { Ok(frame.into()) }
}

fn undecodable() -> Problem {
    Problem::refused(
        StatusCode::BAD_REQUEST,
        "content_encoding",
        "the message cannot be decompressed",
        "Send it again; if it fails again, update the program.",
    )
}

/// Applies the coding where it pays; answers the coding used.
pub fn encode(coding: Coding, bytes: Vec<u8>) -> (Coding, Vec<u8>) {
    if bytes.len() < COMPRESS_BYTES_MIN {
        return (Coding::Identity, bytes);
    }
    let packed = match coding {
        Coding::Identity => return (Coding::Identity, bytes),
        Coding::Zstd => PACKER.with_borrow_mut(|kept| {
            let packer = match kept {
                Some(packer) => packer,
                None => kept.insert(Compressor::new(ZSTD_LEVEL)?),
            };
            packer.compress(&bytes)
        }),
        Coding::Gzip => {
            let mut packed = Vec::new();
            flate2::read::GzEncoder::new(&*bytes, flate2::Compression::default())
                .read_to_end(&mut packed)
                .map(|_| packed)
        }
    };
    match packed {
        Ok(packed) if packed.len() < bytes.len() => (coding, packed),
        _ => (Coding::Identity, bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::{Coding, FRAME_BYTES_MAX, decode, encode};
    use axum::body::Bytes;
    use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

    #[test]
    fn both_codings_come_back() {
        let frame = b"cuadrilla ".repeat(1000);
        for coding in [Coding::Zstd, Coding::Gzip, Coding::Identity] {
            let (used, packed) = encode(coding, frame.clone());
            assert_eq!(used, coding);
            assert_eq!(decode(coding, packed.into()).unwrap(), frame);
        }
        assert_eq!(encode(Coding::Zstd, vec![1; 8]).0, Coding::Identity);
    }

    #[test]
    fn a_bomb_is_refused_without_being_unpacked() {
        // 1 GiB of zeros in about 32 KiB; only FRAME_BYTES_MAX of it may ever exist.
        let mut bomb = Vec::new();
        let mut encoder = zstd::stream::write::Encoder::new(&mut bomb, 1).unwrap();
        let zeros = vec![0; 1 << 20];
        for _ in 0..1024 {
            std::io::Write::write_all(&mut encoder, &zeros).unwrap();
        }
        encoder.finish().unwrap();
        assert!(bomb.len() < 1 << 18);
        let bomb = Bytes::from(bomb);
        let refuse = || {
            let begun = std::time::Instant::now();
            (decode(Coding::Zstd, bomb.clone()).unwrap_err(), begun.elapsed())
        };
        // The machine may be busy with something else; not ten times.
        let (problem, took) = std::iter::repeat_with(refuse).take(10).min_by_key(|(_, took)| *took).unwrap();
        assert!(took.as_millis() < 50, "{took:?}");
        assert_eq!(problem.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert!(problem.message.contains(&FRAME_BYTES_MAX.to_string()));
    }

    #[test]
    fn garbage_and_huge_windows_are_refused() {
        for bytes in [&b"nonsense"[..], &[0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xf8, 1, 2, 3]] {
            let problem = decode(Coding::Zstd, Bytes::copy_from_slice(bytes)).unwrap_err();
            assert_eq!(problem.status, StatusCode::BAD_REQUEST);
        }
    }

    #[test]
    fn the_asker_chooses_the_coding() {
        for (accepted, coding) in [
            ("gzip, zstd", Coding::Zstd),
            ("gzip;q=0.8", Coding::Gzip),
            ("zstd;q=0, br", Coding::Identity),
            ("", Coding::Identity),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(accepted));
            assert_eq!(Coding::for_answer(&headers), coding, "{accepted}");
        }
    }
}
