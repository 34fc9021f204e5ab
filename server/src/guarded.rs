//! Guarded: a stream that ends if its peer does not read what is sent to it.

use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use crate::alarm::{Alarm, Alarms};
use crate::config::WRITE_BYTES_MIN;

/// A stream whose peer must read some of what waits for it within each window of time.
#[derive(Debug)]
pub struct Guarded<S> {
    stream: S,
    window: Duration,
    /// Runs while something waits to be read by the peer.
    running: Option<Pin<Box<Sleep>>>,
    /// Bytes that the peer made room for in this window.
    moved: usize,
    alarms: Arc<Alarms>,
    peer: IpAddr,
}

impl<S> Guarded<S> {
    /// Guards `stream`.
    pub fn new(stream: S, window: Duration, alarms: Arc<Alarms>, peer: IpAddr) -> Self {
        Self { stream, window, running: None, moved: 0, alarms, peer }
    }

    /// Judges one write of `offered` bytes.
    fn judge(
        &mut self,
        cx: &mut Context<'_>,
        offered: usize,
        wrote: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(count)) = &wrote {
            self.moved += *count;
            if *count == offered {
                // All of it is on its way: the peer keeps up.
                self.running = None;
            }
        }
        if wrote.is_ready() {
            return wrote;
        }
        let window = self.window;
        let running = self.running.get_or_insert_with(|| {
            self.moved = 0;
            Box::pin(sleep(window))
        });
        while running.as_mut().poll(cx).is_ready() {
            if self.moved < WRITE_BYTES_MIN {
                self.alarms.raise(Alarm::NeverReads, Some(self.peer));
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.moved = 0;
            running.as_mut().reset(Instant::now() + window);
        }
        Poll::Pending
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, out)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.judge(cx, bytes.len(), wrote)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.judge(cx, slices.iter().map(|slice| slice.len()).sum(), wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::{Alarm, Alarms, Guarded};
    use std::io::ErrorKind;
    use std::net::Ipv4Addr;
    use std::sync::Arc;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
    use tokio::time::{Instant, sleep};

    const WINDOW: Duration = Duration::from_secs(30);

    fn guarded() -> (Guarded<DuplexStream>, DuplexStream, Arc<Alarms>) {
        let (near, far) = duplex(2_048);
        let alarms = Arc::new(Alarms::default());
        (Guarded::new(near, WINDOW, Arc::clone(&alarms), Ipv4Addr::LOCALHOST.into()), far, alarms)
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_never_reads_is_cut_off_after_one_window() {
        let (mut stream, _far, alarms) = guarded();
        let begun = Instant::now();
        let cut = stream.write_all(&[7; 10_000]).await.unwrap_err();
        assert_eq!((cut.kind(), alarms.count(Alarm::NeverReads)), (ErrorKind::TimedOut, 1));
        assert!(begun.elapsed() >= WINDOW && begun.elapsed() < 2 * WINDOW);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_reads_a_few_bytes_at_a_time_is_cut_off_too() {
        let (mut stream, mut far, alarms) = guarded();
        tokio::spawn(async move {
            let mut byte = [0; 8];
            loop {
                sleep(Duration::from_secs(1)).await;
                far.read_exact(&mut byte).await.unwrap();
            }
        });
        assert!(stream.write_all(&[7; 100_000]).await.is_err());
        assert_eq!(alarms.count(Alarm::NeverReads), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_poor_link_and_a_silent_pause_are_no_reason_to_cut() {
        let (mut stream, mut far, _) = guarded();
        let reading = tokio::spawn(async move {
            let mut some = [0; 500];
            for _ in 0..200 {
                sleep(Duration::from_millis(500)).await;
                far.read_exact(&mut some).await.unwrap();
            }
            far
        });
        stream.write_all(&[7; 100_000]).await.unwrap();
        let mut far = reading.await.unwrap();
        sleep(10 * WINDOW).await;
        // What was sent long ago does not count against a new answer.
        stream.write_all(&[7; 2_048]).await.unwrap();
        let (sent, read) = tokio::join!(stream.write_all(&[7; 1]), async {
            sleep(WINDOW / 2).await;
            far.read_exact(&mut [0; 2_049]).await
        });
        assert!(sent.is_ok() && read.is_ok());
    }
}
