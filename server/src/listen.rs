//! Listen: accepts connections within bounds, and lets what was accepted finish when the server is to stop.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::router::router;
use crate::routes::lean;
use crate::site::Site;

/// What a connection may hold of a request's head, in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Headers of one request.
const HEADERS_MAX: usize = 64;
/// How long to wait when the system has no more sockets.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until the site is to stop; then at most `grace_ms` longer. Answers how many connections were cut off.
pub async fn serve(listener: TcpListener, site: Arc<Site>) -> usize {
    let config = &site.config;
    let router = router(Arc::clone(&site));
    let mut stop = site.stop.clone();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(config.header_timeout_ms))
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX);
    let graceful = GracefulShutdown::new();
    let permits = Arc::new(Semaphore::new(config.connections_max));
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &permits) => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (stream, permit) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (http, router, site) = (http.clone(), router.clone(), Arc::clone(&site));
        let watcher = graceful.watcher();
        tokio::spawn(async move {
            // A peer that goes away or is too slow is its own affair.
            let _ = connection(stream, site, http, router, watcher).await;
            drop(permit);
        });
    }
    drop(listener);
    let open = permits.available_permits();
    tokio::select! {
        () = graceful.shutdown() => 0,
        () = tokio::time::sleep(Duration::from_millis(config.grace_ms)) => {
            config.connections_max.saturating_sub(permits.available_permits().max(open))
        }
    }
}

/// One connection, from its first byte to its end.
async fn connection(
    mut stream: TcpStream,
    site: Arc<Site>,
    http: http1::Builder,
    router: Router,
    watcher: Watcher,
) -> io::Result<()> {
    let timeout = Duration::from_millis(site.config.header_timeout_ms);
    let mut stop = site.stop.clone();
    let head = tokio::select! {
        head = lean::take_head(&mut stream, timeout) => head?,
        // It has asked for nothing yet.
        _ = stop.wait_for(|stop| *stop) => return Ok(()),
    };
    if let Some(device) = head {
        drop((http, router));
        // Boxed on their own, so that a listener does not keep the room that the library would need.
        return Box::pin(lean::serve(stream, site, &device)).await;
    }
    let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    Box::pin(watcher.watch(connection)).await.map_err(io::Error::other)
}

/// The next connection, once there is room for one.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, permit))
}
