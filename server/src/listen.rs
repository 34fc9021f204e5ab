//! Listen: accepts connections, closes those for which there is no room or no more time, and lets what was accepted
//! finish when the server is to stop.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{Method, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until};
use tokio_rustls::TlsAcceptor;
use tower::{ServiceExt as _, service_fn};

use crate::alarm::Alarm;
use crate::app_state::AppState;
use crate::config::{ACCEPT_PAUSE, HEAD_BYTES_MAX, HEADERS_MAX};
use crate::connections::Handle;
use crate::guarded::Guarded;
use crate::peer::{Caller, Peer, home_of};
use crate::prefixed::Prefixed;
use crate::router::router;
use crate::routes::lean::{self, Duplex};
use crate::tls::Tls;

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
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (stream, peer) = match accepted {
            Ok((stream, address)) => (stream, Peer(address.ip())),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                // There may be no more handles: then one that has not proven itself makes room.
                app.connections.make_room();
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Without it answers are a little later; the peer may be gone by now, too.
        let _ = stream.set_nodelay(true);
        let Some((place, cut)) = app.connections.enter(home_of(peer.0)) else { continue };
        let talk = Talk {
            app: Arc::clone(&app),
            http: http.clone(),
            router: router.clone(),
            peer,
            handle: place.handle(),
        };
        let acceptor = tls.as_ref().map(|tls| tls.acceptor());
        tokio::spawn(async move {
            tokio::select! {
                // A peer that goes away or is too slow is its own affair.
                _ = connection(stream, acceptor, talk) => {}
                // There was no room for it: the other end of this is dropped, and never says anything.
                _ = cut => {}
            }
            drop(place);
        });
    }
    drop(listener);
    tokio::select! {
        () = app.connections.wait_empty() => 0,
        () = tokio::time::sleep(Duration::from_millis(config.grace_ms)) => app.connections.count(),
    }
}

/// What one connection needs.
struct Talk {
    app: Arc<AppState>,
    http: http1::Builder,
    router: Router,
    peer: Peer,
    handle: Handle,
}

/// What a connection turned out to be, until its end. Boxed: an idle listener keeps only its own room, not what a
/// handshake, the first look at it or the HTTP library would need.
type Rest = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

/// One connection, from its first byte to its end.
async fn connection(stream: TcpStream, acceptor: Option<TlsAcceptor>, talk: Talk) -> io::Result<()> {
    let rest = Box::pin(begin(stream, acceptor, talk)).await?;
    rest.await
}

/// Reads as much as tells what the peer wants.
async fn begin(mut stream: TcpStream, acceptor: Option<TlsAcceptor>, talk: Talk) -> io::Result<Rest> {
    let timeout = Duration::from_millis(talk.app.config.header_timeout_ms);
    let mut stop = talk.app.stop.clone();
    // It has asked for nothing yet.
    let nothing: io::Result<Rest> = Ok(Box::pin(async { Ok(()) }));
    let Some(acceptor) = acceptor else {
        let head = tokio::select! {
            head = lean::take_head(&mut stream, timeout) => head?,
            _ = stop.wait_for(|stop| *stop) => return nothing,
        };
        return Ok(match head {
            Some(ticket) => talk.listen(stream, ticket).await,
            None => {
                let guarded = talk.guard(stream);
                Box::pin(talk.speak_http(guarded))
            }
        });
    };
    let guarded = talk.guard(stream);
    let secure = async {
        let mut stream = tokio::time::timeout(timeout, acceptor.accept(guarded)).await??;
        let (head, read) = lean::read_head(&mut stream, timeout).await?;
        io::Result::Ok((head, Prefixed::new(read, stream)))
    };
    let (head, stream) = tokio::select! {
        begun = secure => begun?,
        _ = stop.wait_for(|stop| *stop) => return nothing,
    };
    Ok(match head {
        Some(ticket) => talk.listen(stream, ticket).await,
        None => Box::pin(talk.speak_http(stream)),
    })
}

impl Talk {
    fn guard(&self, stream: TcpStream) -> Guarded<TcpStream> {
        let window = Duration::from_millis(self.app.config.write_timeout_ms);
        Guarded::new(stream, window, Arc::clone(&self.app.metrics.alarms), self.peer.0)
    }

    /// Lets in a listener, or tells it why not.
    async fn listen<S: Duplex + 'static>(self, stream: S, ticket: String) -> Rest {
        let Self { app, peer, handle, .. } = self;
        let caller = Caller { home: home_of(peer.0), connection: Some(handle) };
        match lean::admit(&app, &ticket, &caller).await {
            Ok(listener) => Box::pin(lean::speak(stream, listener, app, caller.home)),
            Err(problem) => Box::pin(lean::refuse(stream, problem, app)),
        }
    }

    /// Serves requests until the peer goes, the connection's life is over or the server stops. A request under way is
    /// answered first, within the time that its body and its answer may take.
    async fn speak_http<S: Duplex + 'static>(self, stream: S) -> io::Result<()> {
        let Self { app, http, router, peer, handle } = self;
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            request.extensions_mut().insert(handle.clone());
            let (handle, router) = (handle.clone(), router.clone());
            async move {
                // Without a body its request is whole; that of another is once its body is read.
                if request.method() == Method::GET {
                    handle.waits(true);
                }
                let answer = router.oneshot(request).await;
                handle.waits(false);
                answer
            }
        });
        let config = &app.config;
        let life_ends = Instant::now() + Duration::from_millis(config.connection_life_ms);
        let last = config.body_timeout_ms.saturating_add(config.answer_timeout_ms);
        let cut_at = life_ends + Duration::from_millis(last);
        let mut stop = app.stop.clone();
        let talk = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
        tokio::pin!(talk);
        tokio::select! {
            done = talk.as_mut() => return done.map_err(io::Error::other),
            () = sleep_until(life_ends) => app.metrics.alarms.raise(Alarm::OldConnection, Some(peer.0)),
            _ = stop.wait_for(|stop| *stop) => {}
        }
        talk.as_mut().graceful_shutdown();
        tokio::select! {
            done = talk.as_mut() => done.map_err(io::Error::other),
            () = sleep_until(cut_at) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}
