//! Events: `GET /v1/events?device=ID`, a stream that says `news` when a device should sync, and nothing else.
//!
//! The device id is not a secret, and a stream carries no content: whoever listens learns when there is work in a
//! device's scopes, not which. Each listener costs a receiver of the one broadcast, its scopes and two timers.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::sse::{Event, Sse};
use futures_util::stream::{Stream, unfold};
use serde::Deserialize;
use sync_core::authority::DeviceRow;
use sync_core::id::DeviceId;
use sync_core::keys;
use sync_core::rows::read;
use sync_core::scope::Scope;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::metrics::Metrics;
use crate::news::{Scopes, concerns};
use crate::problem::Problem;
use crate::site::Site;

/// A stream ends after this long and the device opens another: a revoked one is then refused.
const LIFE: Duration = Duration::from_secs(3600);
/// How long a device waits before it opens another stream.
const RETRY: Duration = Duration::from_secs(5);

/// Who listens.
#[derive(Debug, Deserialize)]
pub struct Asked {
    device: Option<String>,
}

struct Listener {
    news: Receiver<Scopes>,
    scopes: Box<[Scope]>,
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

/// `GET /v1/events`.
pub async fn listen(
    State(site): State<Arc<Site>>,
    Query(asked): Query<Asked>,
) -> Result<impl IntoResponse, Problem> {
    let device = asked.device.and_then(|text| text.parse::<DeviceId>().ok()).ok_or_else(|| {
        Problem::refused(
            StatusCode::BAD_REQUEST,
            "device",
            "no device id was given",
            "GET /v1/events?device=<32 hex digits>",
        )
    })?;
    let permit = Arc::clone(&site.listeners).try_acquire_owned().map_err(|_| Problem::busy())?;
    let news = site.news.listen();
    let scopes = site.on_core(move |site| scopes_of(site, device)).await?;
    let listener = Listener {
        news,
        scopes,
        stop: site.stop.clone(),
        keep_alive: Duration::from_millis(site.config.keep_alive_ms),
        ends_at: Instant::now() + LIFE,
        greeted: false,
        _counted: Counted::new(&site.metrics),
        _permit: permit,
    };
    Ok(Sse::new(events(listener)))
}

fn scopes_of(site: &Site, device: DeviceId) -> Result<Box<[Scope]>, Problem> {
    let (rows, _) = site.handles();
    match read::<DeviceRow>(&*rows, &keys::device(&device))? {
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

fn events(listener: Listener) -> impl Stream<Item = Result<Event, Infallible>> {
    unfold(listener, |mut listener| async {
        let event = listener.next().await?;
        Some((Ok(event), listener))
    })
}

impl Listener {
    /// The next thing to say; `None` ends the stream.
    async fn next(&mut self) -> Option<Event> {
        if !std::mem::replace(&mut self.greeted, true) {
            return Some(Event::default().retry(RETRY).comment("cuadrilla"));
        }
        let quiet = tokio::time::sleep(self.keep_alive);
        tokio::pin!(quiet);
        loop {
            tokio::select! {
                heard = self.news.recv() => match heard {
                    Ok(news) if concerns(&self.scopes, &news) => break,
                    Ok(_) => {}
                    // Too much to keep for a slow listener: there is something, and it may be for this one.
                    Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => return None,
                },
                () = &mut quiet => {
                    return (Instant::now() < self.ends_at).then(|| Event::default().comment("sigue"));
                }
                _ = self.stop.wait_for(|stop| *stop) => return None,
            }
        }
        // One notice stands for all there is by now.
        self.news = self.news.resubscribe();
        Some(Event::default().event("news").data(""))
    }
}
