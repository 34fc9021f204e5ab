//! Listen: accepts connections within bounds, and lets what was accepted finish when the server is to stop.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tower::{ServiceExt as _, service_fn};

use crate::app_state::AppState;
use crate::peer::Peer;
use crate::prefixed::Prefixed;
use crate::router::router;
use crate::routes::lean::{self, Duplex};
use crate::tls::Tls;

/// What a connection may hold of a request's head, in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Headers of one request.
const HEADERS_MAX: usize = 64;
/// How long to wait when the system has no more sockets.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until the app is to stop; then at most `grace_ms` longer. Answers how many connections were cut off.
pub async fn serve(listener: TcpListener, app: Arc<AppState>, tls: Option<Arc<Tls>>) -> usize {
    let config = &app.config;
    let router = router(Arc::clone(&app));
    let mut stop = app.stop.clone();
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
        let (stream, peer, permit) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let talk = Talk {
            app: Arc::clone(&app),
            http: http.clone(),
            router: router.clone(),
            watcher: graceful.watcher(),
            peer,
        };
        let acceptor = tls.as_ref().map(|tls| tls.acceptor());
        tokio::spawn(async move {
            // A peer that goes away or is too slow is its own affair.
            let _ = connection(stream, acceptor, talk).await;
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

/// What one connection needs.
struct Talk {
    app: Arc<AppState>,
    http: http1::Builder,
    router: Router,
    watcher: Watcher,
    peer: Peer,
}

/// One connection, from its first byte to its end.
async fn connection(mut stream: TcpStream, acceptor: Option<TlsAcceptor>, talk: Talk) -> io::Result<()> {
    let timeout = Duration::from_millis(talk.app.config.header_timeout_ms);
    let mut stop = talk.app.stop.clone();
    let Some(acceptor) = acceptor else {
        let head = tokio::select! {
            head = lean::take_head(&mut stream, timeout) => head?,
            // It has asked for nothing yet.
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
        };
        return talk.go_on(stream, head).await;
    };
    let begin = async {
        // Boxed on its own: a handshake needs more room than the talk that follows.
        let mut stream = Box::pin(tokio::time::timeout(timeout, acceptor.accept(stream))).await??;
        let (head, read) = lean::read_head(&mut stream, timeout).await?;
        io::Result::Ok((head, Prefixed::new(read, stream)))
    };
    let (head, stream) = tokio::select! {
        begun = begin => begun?,
        _ = stop.wait_for(|stop| *stop) => return Ok(()),
    };
    talk.go_on(stream, head).await
}

impl Talk {
    /// Goes on once it is known whether the peer is a listener, and of which device.
    async fn go_on<S: Duplex + 'static>(self, stream: S, listener: Option<String>) -> io::Result<()> {
        let Self { app, http, router, watcher, peer } = self;
        if let Some(device) = listener {
            drop((http, router));
            // Boxed on their own, so that a listener does not keep the room that the library would need.
            return Box::pin(lean::serve(stream, app, &device)).await;
        }
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            router.clone().oneshot(request)
        });
        let connection = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        Box::pin(watcher.watch(connection)).await.map_err(io::Error::other)
    }
}

/// The next connection, once there is room for one.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> io::Result<(TcpStream, Peer, OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, address) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, Peer(address.ip()), permit))
}
