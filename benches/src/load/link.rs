//! Link: a connection to the server, as it is or as a poor link makes it: slow, late, and dead after so many bytes.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Bytes that a poor link takes in before it lets its end wait.
const BUFFER_BYTES: usize = 512;
/// Bytes that travel together.
const CHUNK_BYTES: usize = 128;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// A connection.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Duplex for S {}

/// What is wrong with a link.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Poor {
    /// Bytes a second, each way.
    pub(crate) bytes_per_s: u64,
    /// How long a burst takes to arrive, each way: half a round trip.
    pub(crate) delay: Duration,
    /// After how many bytes towards the server it dies.
    pub(crate) dies_up: Option<usize>,
    /// After how many bytes from the server it dies.
    pub(crate) dies_down: Option<usize>,
}

/// Connects.
pub(crate) async fn connect(address: SocketAddr, poor: Option<Poor>) -> io::Result<Box<dyn Duplex>> {
    let connected = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await;
    let stream = connected.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    stream.set_nodelay(true)?;
    let Some(poor) = poor else { return Ok(Box::new(stream)) };
    let (near, far) = tokio::io::duplex(BUFFER_BYTES);
    tokio::spawn(async move {
        let (from_server, to_server) = stream.into_split();
        let (from_device, to_device) = tokio::io::split(far);
        // Whatever ends first ends both ways: the socket is dropped with what is still in it.
        tokio::select! {
            _ = pump(from_device, to_server, poor, poor.dies_up) => {}
            _ = pump(from_server, to_device, poor, poor.dies_down) => {}
        }
    });
    Ok(Box::new(near))
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    poor: Poor,
    mut life_bytes: Option<usize>,
) -> io::Result<()> {
    let mut chunk = [0; CHUNK_BYTES];
    let mut said_at: Option<Instant> = None;
    loop {
        let count = from.read(&mut chunk).await?;
        if count == 0 {
            return Ok(());
        }
        // A burst pays the delay once; what follows it closely travels behind it.
        if said_at.is_none_or(|at| at.elapsed() > poor.delay) {
            tokio::time::sleep(poor.delay).await;
        }
        tokio::time::sleep(Duration::from_millis(count as u64 * 1_000 / poor.bytes_per_s.max(1))).await;
        said_at = Some(Instant::now());
        let sent = life_bytes.map_or(count, |left| left.min(count));
        to.write_all(&chunk[..sent]).await?;
        to.flush().await?;
        if let Some(left) = &mut life_bytes {
            *left -= sent;
            if *left == 0 {
                return Ok(());
            }
        }
    }
}
