//! What can answer instead of a server, played by a tiny one on the loopback interface.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

use sync_core::replica::sync::driver::Answer;

use super::{CONTENT_TYPE, HttpError, Patience, Reply, Server, decompress};
use words::{Lang, Text};

fn patience() -> Patience {
    let wait = Duration::from_millis(1_500);
    Patience { connect: wait, first_byte: wait, total: Duration::from_secs(10) }
}

/// Reads a request whole: closing with bytes unread would reset the connection.
fn read_request(stream: &mut TcpStream) {
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    let is_whole = |seen: &[u8]| {
        let text = String::from_utf8_lossy(seen);
        let Some((head, _)) = text.split_once("\r\n\r\n") else { return false };
        let length =
            head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        seen.len() >= head.len() + 4 + length.unwrap_or(0)
    };
    while !is_whole(&seen) {
        match stream.read(&mut buffer) {
            Ok(count) if count > 0 => seen.extend_from_slice(&buffer[..count]),
            _ => break,
        }
    }
}

/// Answers one request with `bytes`, whatever it is, and closes.
fn answering(bytes: Vec<u8>) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let handle = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        read_request(&mut stream);
        let _ = stream.write_all(&bytes);
    });
    (url, handle)
}

fn post_to(head: &str, body: &[u8]) -> Result<Reply, HttpError> {
    let mut bytes = head.replace('\n', "\r\n").into_bytes();
    bytes.extend_from_slice(b"\r\n\r\n");
    bytes.extend_from_slice(body);
    let (url, handle) = answering(bytes);
    let result = Server::new(&url, patience()).unwrap().post("/v1/sync", b"hola", None);
    handle.join().unwrap();
    result
}

fn ok_head(coding: &str, length: usize) -> String {
    format!(
        "HTTP/1.1 200 OK\nContent-Type: {CONTENT_TYPE}\nContent-Encoding: {coding}\nContent-Length: {length}"
    )
}

#[test]
fn a_genuine_reply_is_read_and_counted_as_on_the_wire() {
    let body = zstd::bulk::compress(&[7; 5_000], 3).unwrap();
    let reply = post_to(&ok_head("zstd", body.len()), &body).unwrap();
    assert_eq!(reply.frame, vec![7; 5_000]);
    assert_eq!(reply.bytes_down, body.len() as u64);
    assert!(reply.bytes_up > 0);
}

#[test]
fn a_proxy_that_lets_only_gzip_through_is_understood() {
    let mut coder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    coder.write_all(&[7; 5_000]).unwrap();
    let body = coder.finish().unwrap();
    for coding in ["gzip", "GZIP", "x-gzip"] {
        assert_eq!(post_to(&ok_head(coding, body.len()), &body).unwrap().frame, vec![7; 5_000], "{coding}");
    }
    assert_eq!(post_to(&ok_head("identity", 3), b"abc").unwrap().frame, b"abc");
    assert!(matches!(post_to(&ok_head("br", 3), b"abc"), Err(HttpError::Garbled(_))));
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    bomb.write_all(&vec![0; 64 * 1024 * 1024]).unwrap();
    let bomb = bomb.finish().unwrap();
    assert_eq!(post_to(&ok_head("gzip", bomb.len()), &bomb), Err(HttpError::TooLarge));
}

#[test]
fn a_captive_portal_is_no_reply() {
    let page = b"<html>Bienvenido</html>";
    let head = "HTTP/1.1 200 OK\nContent-Type: text/html; charset=utf-8\nContent-Length: 23";
    assert_eq!(post_to(head, page), Err(HttpError::Portal { status: 200 }));
    // A proxy whose server is away, and one that takes no message so large, say so with a page.
    let away = "HTTP/1.1 502 Bad Gateway\nContent-Type: text/html\nContent-Length: 23";
    assert_eq!(post_to(away, page), Err(HttpError::Unavailable { status: 502 }));
    let small = "HTTP/1.1 413 Content Too Large\nContent-Type: text/html\nContent-Length: 23";
    assert_eq!(post_to(small, page), Err(HttpError::NotPassed));
    let said = HttpError::NotPassed.into_cli(&Text::same("")).hint.of(Lang::Es);
    assert!(said.contains("8 MiB") && said.contains("proxy"), "{said}");
    assert_eq!(HttpError::NotPassed.to_answer(), Answer::TooLarge, "a smaller message may get through");
    // The server's own word stays its own.
    let json = br#"{"error":{"code":"too_large","message":"m","hint":"h"}}"#;
    let own = format!(
        "HTTP/1.1 413 Content Too Large\nContent-Type: application/json\nContent-Length: {}",
        json.len()
    );
    assert!(matches!(post_to(&own, json), Err(HttpError::Refused { status: 413, .. })));
    // A site's own way elsewhere on itself is no portal's.
    let own = "HTTP/1.1 301 Moved Permanently\nLocation: /v2/sync\nContent-Length: 0";
    assert_eq!(post_to(own, b""), Err(HttpError::Moved("/v2/sync".into())));
    let busy = "HTTP/1.1 429 Too Many Requests\nContent-Type: text/html\nContent-Length: 23";
    assert_eq!(post_to(busy, page), Err(HttpError::Unavailable { status: 429 }));
    let redirect = "HTTP/1.1 302 Found\nLocation: http://login.example/\nContent-Length: 0";
    assert_eq!(post_to(redirect, b""), Err(HttpError::Portal { status: 302 }));
}

#[test]
fn a_cut_reply_is_no_reply() {
    assert_eq!(post_to(&ok_head("identity", 100), b"only this"), Err(HttpError::Cut));
    let chunked = format!("HTTP/1.1 200 OK\nContent-Type: {CONTENT_TYPE}\nTransfer-Encoding: chunked");
    assert_eq!(post_to(&chunked, b"5\r\nhal"), Err(HttpError::Cut));
    let body = zstd::bulk::compress(&[7; 5_000], 3).unwrap();
    let half = &body[..body.len() / 2];
    assert!(matches!(post_to(&ok_head("zstd", half.len()), half), Err(HttpError::Garbled(_))));
}

#[test]
fn a_huge_reply_is_not_read_to_its_end() {
    let body = vec![0; 9 * 1024 * 1024];
    assert_eq!(post_to(&ok_head("identity", body.len()), &body), Err(HttpError::TooLarge));
}

#[test]
fn a_zstd_bomb_is_not_inflated_to_its_end() {
    let bomb = zstd::bulk::compress(&vec![0; 64 * 1024 * 1024], 3).unwrap();
    assert!(bomb.len() < 100_000);
    assert_eq!(decompress(&bomb), Err(HttpError::TooLarge));
    assert_eq!(post_to(&ok_head("zstd", bomb.len()), &bomb), Err(HttpError::TooLarge));
}

#[test]
fn another_server_is_told_from_a_refusal() {
    let plain = "HTTP/1.1 404 Not Found\nContent-Type: text/plain\nContent-Length: 2";
    assert_eq!(post_to(plain, b"no"), Err(HttpError::NotCuadrilla));
    let gateway = "HTTP/1.1 502 Bad Gateway\nContent-Type: text/plain\nContent-Length: 2";
    assert_eq!(post_to(gateway, b"no"), Err(HttpError::Unavailable { status: 502 }));
    let json = br#"{"error":{"code":"revoked","message":"the device is revoked","hint":"ask the office"}}"#;
    let head =
        format!("HTTP/1.1 403 Forbidden\nContent-Type: application/json\nContent-Length: {}", json.len());
    let error = post_to(&head, json).unwrap_err();
    let HttpError::Refused { status: 403, code, .. } = &error else { panic!("{error:?}") };
    assert_eq!(code, "revoked");
    let error = error.into_cli(&Text::same("nothing lost: 3 unsent stay"));
    assert_eq!(error.exit, 3);
    assert!(error.hint.of(Lang::En).ends_with("nothing lost: 3 unsent stay"));
}

#[test]
fn silence_ends() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let wait = Duration::from_millis(200);
    let server = Server::new(&url, Patience { connect: wait, first_byte: wait, total: wait }).unwrap();
    assert_eq!(server.post("/v1/sync", b"hola", None), Err(HttpError::TimedOut));
}

#[test]
fn nobody_listening_is_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = Server::new(&url, patience()).unwrap().post("/v1/sync", b"hola", None).unwrap_err();
    assert!(matches!(error, HttpError::Link(_)), "{error:?}");
    assert_eq!(error.into_cli(&Text::same("")).exit, 4);
}

#[test]
fn an_address_needs_a_scheme_and_a_host() {
    for url in [
        "",
        "cuadrilla.example",
        "ftp://x",
        "http://",
        "https:///x",
        "http://a b",
        "http://u:p@x",
        "http://x?y",
        "http://x:99999",
        "https://cuadrilla.example:0/",
        "http://x:port",
    ] {
        assert_eq!(Server::new(url, patience()).err(), Some(HttpError::Url(url.into())), "{url}");
    }
    for url in [
        "https://cuadrilla.example:8443/",
        "Http://127.0.0.1:8061",
        "HTTPS://x",
        "http://[::1]:8061",
        "http://[::1]",
    ] {
        Server::new(url, patience()).unwrap();
    }
}

/// A code, and each note, could be read by everybody on the way.
#[test]
fn messages_go_to_no_address_where_everybody_on_the_way_reads_them() {
    for url in ["http://10.0.0.7:8061", "http://server.example"] {
        let server = Server::new(url, patience()).unwrap();
        assert_eq!(server.post("/v1/sync", b"x", None), Err(HttpError::Readable(url.into())));
        assert!(server.events("/v1/events?ticket=x", Duration::from_secs(1)).is_err());
        let error = HttpError::Readable(url.into()).into_cli(&Text::same("nothing"));
        assert_eq!((error.exit, error.code.as_str()), (2, "usage"));
    }
    assert_eq!(Server::new("http://127.0.0.1:1", patience()).unwrap().check_private(), Ok(()));
}
