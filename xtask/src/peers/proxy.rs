//! Proxy: the one line between a device and a server. It counts what passes and delays every piece by the
//! same time, without limiting how much is on the way. A new connection costs a round trip first, as TCP's
//! handshake does.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;

/// Pieces on the way in one direction of one connection, and the size of one, in bytes: 64 MiB at most.
const PIECES_MAX: usize = 4_096;
const PIECE_BYTES: usize = 16 * 1024;
/// A shorter piece is a sign of life, such as a WebSocket's ping, and does not break the quiet.
const SIGN_OF_LIFE_BYTES: u64 = 16;

/// What passed.
#[derive(Debug, Clone, Copy)]
pub struct Counts {
    /// From the device to the server, in bytes.
    pub up_bytes: u64,
    /// From the server to the device, in bytes.
    pub down_bytes: u64,
    /// How often an answer followed something sent: the direction turned from up to down.
    pub round_trips: u64,
    /// Connections that were opened.
    pub connections: u64,
    /// When the first connection was opened.
    pub first: Option<Instant>,
    /// When the last piece came in that was more than a sign of life.
    pub last: Option<Instant>,
    /// Whether what passed last went up.
    is_up: bool,
}

const NOTHING: Counts = Counts {
    up_bytes: 0,
    down_bytes: 0,
    round_trips: 0,
    connections: 0,
    first: None,
    last: None,
    is_up: false,
};

/// What all connections share.
struct Shared {
    counts: Mutex<Counts>,
    /// The server's port, and how long a piece is delayed in one direction.
    line: Mutex<(u16, Duration)>,
    ended: AtomicBool,
}

/// A proxy that listens until it is dropped.
pub struct Proxy {
    /// Where the device connects to.
    pub port: u16,
    shared: Arc<Shared>,
    listener: Option<thread::JoinHandle<()>>,
}

impl Proxy {
    /// Listens on a port of this machine; 0 is any that is free.
    pub fn open(port: u16) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .with_context(|| format!("the proxy cannot listen on port {port}"))?;
        let port = listener.local_addr()?.port();
        let line = Mutex::new((0, Duration::ZERO));
        let shared = Arc::new(Shared { counts: Mutex::new(NOTHING), line, ended: AtomicBool::new(false) });
        let listened = Arc::clone(&shared);
        let listener = thread::spawn(move || accept(&listener, &listened));
        Ok(Self { port, shared, listener: Some(listener) })
    }

    /// Sets, from now on, the port to lead to and the delay of each piece; sets the counts to zero.
    pub fn lead(&self, to_port: u16, each_way: Duration) {
        *held(&self.shared.line) = (to_port, each_way);
        *held(&self.shared.counts) = NOTHING;
    }

    /// Returns the server's port.
    pub fn server_port(&self) -> u16 {
        held(&self.shared.line).0
    }

    /// Returns the counts since [`Self::lead`].
    pub fn counts(&self) -> Counts {
        *held(&self.shared.counts)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        // Wakes the listener, which looks whether it has ended.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    while let Ok((device, _)) = listener.accept() {
        if shared.ended.load(Ordering::Relaxed) {
            return;
        }
        let mut counts = held(&shared.counts);
        counts.connections += 1;
        counts.first.get_or_insert_with(Instant::now);
        drop(counts);
        let shared = Arc::clone(shared);
        thread::spawn(move || join(&device, &shared));
    }
}

/// Leads one connection until both directions have ended.
fn join(device: &TcpStream, shared: &Arc<Shared>) {
    let (to_port, each_way) = *held(&shared.line);
    // Closing the device's side is all a device sees of a server that is not there.
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, to_port)) else { return };
    let mut threads = Vec::new();
    for (from, to, is_up) in [(device, &server, true), (&server, device, false)] {
        let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) else { return };
        let _ = to.set_nodelay(true);
        let (sender, receiver) = sync_channel(PIECES_MAX);
        let shared = Arc::clone(shared);
        let handshake = if is_up { each_way * 2 } else { Duration::ZERO };
        let opened = Instant::now() + handshake;
        threads.push(thread::spawn(move || read(from, &shared, is_up, opened, each_way, &sender)));
        threads.push(thread::spawn(move || write(to, &receiver)));
    }
    for thread in threads {
        let _ = thread.join();
    }
}

/// Counts what comes and says when each piece may go on.
fn read(
    mut from: TcpStream,
    shared: &Shared,
    is_up: bool,
    opened: Instant,
    each_way: Duration,
    sender: &SyncSender<(Instant, Vec<u8>)>,
) {
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let bytes = from.read(&mut piece).unwrap_or(0);
        let now = Instant::now();
        if bytes > 0 {
            held(&shared.counts).add(is_up, bytes as u64, now);
        }
        let due = now.max(opened) + each_way;
        // An empty piece says that nothing follows, and is delayed like the others.
        if sender.send((due, piece[..bytes].to_vec())).is_err() || bytes == 0 {
            return;
        }
    }
}

fn write(mut to: TcpStream, receiver: &Receiver<(Instant, Vec<u8>)>) {
    while let Ok((due, piece)) = receiver.recv() {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if piece.is_empty() || to.write_all(&piece).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

impl Counts {
    fn add(&mut self, is_up: bool, bytes: u64, now: Instant) {
        if is_up {
            self.up_bytes += bytes;
        } else {
            self.down_bytes += bytes;
            self.round_trips += u64::from(self.is_up);
        }
        self.is_up = is_up;
        if bytes >= SIGN_OF_LIFE_BYTES {
            self.last = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Serves as an echo that answers four bytes with eight, until the other side has sent all.
    fn echo(listener: &TcpListener) {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = [0; 4];
        while stream.read_exact(&mut asked).is_ok() {
            stream.write_all(&[asked, asked].concat()).unwrap();
        }
    }

    fn talk(each_way: Duration, turns: u32) -> (Duration, Counts) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || echo(&listener));
        let proxy = Proxy::open(0).unwrap();
        proxy.lead(port, each_way);
        let begun = Instant::now();
        let mut device = TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port)).unwrap();
        let mut answer = [0; 8];
        for _ in 0..turns {
            device.write_all(b"ping").unwrap();
            device.read_exact(&mut answer).unwrap();
            assert_eq!(&answer, b"pingping");
        }
        let took = begun.elapsed();
        device.shutdown(Shutdown::Write).unwrap();
        // The end of what is said arrives on the other side, and comes back.
        assert_eq!(device.read(&mut answer).unwrap(), 0);
        server.join().unwrap();
        (took, proxy.counts())
    }

    #[test]
    fn bytes_and_turns_are_counted_and_nothing_is_held_back() {
        let (_, counts) = talk(Duration::ZERO, 5);
        assert_eq!((counts.up_bytes, counts.down_bytes), (20, 40));
        assert_eq!((counts.round_trips, counts.connections), (5, 1));
    }

    #[test]
    fn every_turn_and_the_first_connection_cost_the_delay() {
        let (took, counts) = talk(Duration::from_millis(20), 3);
        assert_eq!(counts.round_trips, 3);
        // Three turns and the handshake, there and back; how much longer is the machine's business.
        assert!(took >= Duration::from_millis(4 * 2 * 20), "{took:?}");
    }
}
