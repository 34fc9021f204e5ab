//! Proxy: a poor link. It lets so many bytes up through each connection, then breaks it, and every answer comes late. What it
//! read of the client is counted, and is what it passes on.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// What went over the link.
#[derive(Debug, Default)]
pub struct Counts {
    /// Bytes from the client, heads of requests included.
    pub up_bytes: AtomicU64,
    /// Connections that were broken.
    pub cuts: AtomicU64,
    /// Connections.
    pub connections: AtomicU64,
}

/// The link's faults.
#[derive(Debug, Clone, Copy)]
pub struct Faults {
    /// Bytes up after which a connection breaks.
    pub cut_after: usize,
    /// How late answers are.
    pub late: Duration,
    /// Bytes a second, in each direction; `None` for as many as there are.
    pub bytes_per_s: Option<u32>,
}

impl Faults {
    /// Waits as long as the link needs for so many bytes.
    fn carry(&self, bytes: usize) {
        if let Some(each) = self.bytes_per_s {
            std::thread::sleep(Duration::from_secs_f64(bytes as f64 / f64::from(each.max(1))));
        }
    }
}

/// Opens a link to a server on this machine. Returns its port.
///
/// # Errors
/// There is no port.
pub fn open(server: u16, faults: Faults, counts: Arc<Counts>) -> std::io::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let counts = Arc::clone(&counts);
            std::thread::spawn(move || {
                counts.connections.fetch_add(1, Relaxed);
                // A link that breaks is what this is for.
                let _ = pass(client, server, faults, &counts);
            });
        }
    });
    Ok(port)
}

fn pass(mut client: TcpStream, server: u16, faults: Faults, counts: &Counts) -> std::io::Result<()> {
    let mut upstream = TcpStream::connect(("127.0.0.1", server))?;
    let (mut answers, mut back) = (upstream.try_clone()?, client.try_clone()?);
    let down = std::thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(count @ 1..) = answers.read(&mut buffer) {
            std::thread::sleep(faults.late);
            faults.carry(count);
            if back.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = back.shutdown(Shutdown::Both);
    });
    let (mut passed, mut buffer) = (0, [0; 1024]);
    loop {
        let room = (faults.cut_after - passed).min(buffer.len());
        if room == 0 {
            counts.cuts.fetch_add(1, Relaxed);
            break;
        }
        let count = match client.read(&mut buffer[..room]) {
            Ok(count @ 1..) => count,
            _ => break,
        };
        counts.up_bytes.fetch_add(count as u64, Relaxed);
        passed += count;
        faults.carry(count);
        upstream.write_all(&buffer[..count])?;
    }
    if passed >= faults.cut_after {
        client.shutdown(Shutdown::Both)?;
    }
    upstream.shutdown(Shutdown::Write)?;
    let _ = down.join();
    Ok(())
}
