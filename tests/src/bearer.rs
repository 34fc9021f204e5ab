//! Bearer: a device's tickets in the hands of a test, as any client of tus would show them, and the requests that show them.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::time::Duration;

use crew_cli::context::Context;
use crew_cli::exchange::blob_tickets;
use crew_cli::home::Home;
use crew_cli::output::Screen;
use crew_cli::when::When;
use sha2::{Digest as _, Sha256};
use sync_core::id::Hash;
use sync_core::replica::sync::driver::BlobWants;
use sync_core::replica::sync::reply::BlobTicket;
use words::Lang;

/// Returns the run of a command in a device's folder.
///
/// # Panics
/// If there is no such folder.
pub fn device(home: &Path) -> Context {
    let home = Home::locate(Some(home), &|_| None).expect("a device's folder");
    let screen = Screen::plain(Lang::En);
    Context { screen, home, when: When::utc(0, Lang::En), pin_file: None }
}

/// Asks the office, as the device does, for tickets for all that it has to bring, and for what it wants to read.
///
/// # Panics
/// If the exchange fails.
pub fn tickets(home: &Path, reads: &[Hash]) -> Vec<BlobTicket> {
    let wants = BlobWants { photos: true, reads: reads.to_vec(), ..BlobWants::default() };
    blob_tickets(&device(home), wants).expect("an exchange")
}

/// Returns the content address of bytes.
pub fn name_of(bytes: &[u8]) -> Hash {
    Hash(Sha256::digest(bytes).into())
}

/// An answer over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers, in small letters, in order.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Returns a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns how far an upload came.
    pub fn offset(&self) -> Option<u64> {
        self.header("upload-offset")?.parse().ok()
    }
}

/// Sends the head of a request and as much of its body as `sent`, of which `announced` bytes are promised.
///
/// # Panics
/// If there is no connection.
pub fn begin(port: u16, request: &str, headers: &[(&str, &str)], announced: usize, sent: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a socket");
    let mut head = format!(
        "{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTus-Resumable: 1.0.0\r\nContent-Length: {announced}\r\n"
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).expect("a connection");
    // The other side may have answered before it read all.
    let _ = stream.write_all(sent);
    stream
}

/// Sends a request and reads its answer.
///
/// # Panics
/// If there is none.
pub fn ask(port: u16, request: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut stream = begin(port, request, headers, body.len(), body);
    let mut answer = Vec::new();
    // A connection that is reset after the answer has still been answered.
    let _ = stream.read_to_end(&mut answer);
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head");
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let pair = |line: &str| {
        let (name, value) = line.split_once(": ")?;
        Some((name.to_ascii_lowercase(), value.to_owned()))
    };
    Answer { status, headers: head.lines().filter_map(pair).collect(), body: answer[end + 4..].to_vec() }
}

/// Sends part of a piece, then breaks the connection.
///
/// # Panics
/// If there is no connection.
pub fn break_off(port: u16, request: &str, headers: &[(&str, &str)], announced: usize, sent: &[u8]) {
    let stream = begin(port, request, headers, announced, sent);
    let _ = stream.shutdown(Shutdown::Both);
}
