//! Events: `GET /v1/events?ticket=…`, a stream that says `news` when a device should sync, and nothing else.
//!
//! The ticket of a device's newest reply opens its stream, and no other's. A stream carries no content: a listener
//! learns when there is work in a device's scopes, not which. Each listener costs a receiver of the one broadcast, its
//! scopes and two timers.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use futures_util::stream::unfold;
use serde::Deserialize;
use sync_core::id::DeviceId;
use sync_core::rows::read;
use sync_core::scope::Scope;
use sync_core::state::authority::DeviceRow;
use sync_core::state::keyspace;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::alarm::Alarm;
use crate::app_state::AppState;
use crate::clock::now_ms;
use crate::config::STREAM_LIFE;
use crate::metrics::Metrics;
use crate::news::{Scopes, concerns};
use crate::peer::Caller;
use crate::problem::Problem;

/// The first words: a device waits five seconds before it opens another stream.
const HELLO: &[u8] = b"retry: 5000\n: cuadrilla\n\n";
const NEWS: &[u8] = b"event: news\ndata:\n\n";
const ALIVE: &[u8] = b": sigue\n\n";

/// By what a listener is known.
#[derive(Debug, Deserialize)]
pub struct Asked {
    ticket: Option<String>,
}

/// A device that listens.
pub struct Listener {
    news: Receiver<Scopes>,
    scopes: Box<[Scope]>,
    /// What concerns this device alone: its rights may have changed, and the stream ends after that.
    own: Scope,
    stop: watch::Receiver<bool>,
    keep_alive: Duration,
    ends_at: Instant,
    greeted: bool,
    _counted: Counted,
    _permit: OwnedSemaphorePermit,
}

/// Counts a listener for as long as it is there.
struct Counted(Arc<Metrics>);

impl Counted {
    fn new(metrics: &Arc<Metrics>) -> Self {
        metrics.events.inc();
        Self(Arc::clone(metrics))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.events.dec();
    }
}

/// `GET /v1/events`, where `lean` did not get hold of the connection first.
pub async fn listen(
    State(app): State<Arc<AppState>>,
    Query(asked): Query<Asked>,
    caller: Caller,
) -> Result<impl IntoResponse, Problem> {
    let listener = Listener::new(&app, asked.ticket.as_deref(), &caller).await?;
    let words = unfold(listener, |mut listener| async {
        let said = listener.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from_static(said)), listener))
    });
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(words)))
}

fn scopes_of(app: &AppState, device: DeviceId) -> Result<Box<[Scope]>, Problem> {
    let (rows, _) = app.handles();
    match read::<DeviceRow>(&*rows, &keyspace::device(&device))? {
        None => Err(Problem::refused(
            StatusCode::UNAUTHORIZED,
            "unknown_device",
            "this device is not enrolled here",
            "enrol the device again with a new code",
        )),
        Some(row) if row.revoked.is_some() => Err(Problem::refused(
            StatusCode::FORBIDDEN,
            "revoked",
            "this device was revoked",
            "ask the administrator",
        )),
        Some(row) => Ok(row.scopes().into_iter().collect()),
    }
}

impl Listener {
    /// Returns a listener for the device of that ticket, if it may listen and there is room. Its oldest stream is closed
    /// beyond its share.
    ///
    /// # Errors
    /// `ticket`, `streams`, `unknown_device`, `revoked`, `device_busy`, `busy`.
    pub async fn new(app: &Arc<AppState>, ticket: Option<&str>, caller: &Caller) -> Result<Self, Problem> {
        let (alarms, home) = (&app.metrics.alarms, Some(caller.home));
        let device =
            app.tickets.for_stream(ticket, now_ms()).inspect_err(|_| alarms.raise(Alarm::Ticket, home))?;
        app.throttle.open_stream(device).inspect_err(|_| alarms.raise(Alarm::Streams, home))?;
        let permit = Arc::clone(&app.listeners).try_acquire_owned().map_err(|_| {
            alarms.raise(Alarm::Streams, home);
            Problem::busy()
        })?;
        let turn = app.place(device, caller.home)?;
        let news = app.news.listen();
        let scopes = app.on_core(move |app| scopes_of(app, device)).await?;
        drop(turn);
        if let Some(connection) = &caller.connection {
            connection.listens(device);
        }
        Ok(Self {
            news,
            scopes,
            own: Scope::Device(device),
            stop: app.stop.clone(),
            keep_alive: Duration::from_millis(app.config.keep_alive_ms),
            ends_at: Instant::now() + STREAM_LIFE,
            greeted: false,
            _counted: Counted::new(&app.metrics),
            _permit: permit,
        })
    }

    /// Returns the device that listens.
    pub fn device(&self) -> String {
        let Scope::Device(device) = &self.own else { return String::new() };
        device.to_string()
    }

    /// The next words to send; `None` ends the stream.
    pub async fn next(&mut self) -> Option<&'static [u8]> {
        if !std::mem::replace(&mut self.greeted, true) {
            return Some(HELLO);
        }
        if Instant::now() >= self.ends_at {
            return None;
        }
        let quiet = tokio::time::sleep(self.keep_alive);
        tokio::pin!(quiet);
        loop {
            tokio::select! {
                heard = self.news.recv() => match heard {
                    Ok(news) if news.contains(&self.own) => {
                        self.ends_at = Instant::now();
                        return Some(NEWS);
                    }
                    Ok(news) if concerns(&self.scopes, &news) => break,
                    Ok(_) => {}
                    // Too much to keep for a slow listener: there is something, and it may be for this one.
                    Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => return None,
                },
                () = &mut quiet => return Some(ALIVE),
                _ = self.stop.wait_for(|stop| *stop) => return None,
            }
        }
        // One notice stands for all there is by now.
        self.news = self.news.resubscribe();
        Some(NEWS)
    }
}
