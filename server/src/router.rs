//! Router: which path does what, and what every request goes through. `openapi.json` says the same for people.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, head, options, patch, post};
use tower_http::catch_panic::CatchPanicLayer;

use crate::app_state::AppState;
use crate::browser;
use crate::problem::Problem;
use crate::routes::log as log_route;
use crate::routes::{app as app_route, blobs, checkpoint, events, exchange, health, home};

/// Every route, for the test that compares them with `openapi.json`.
pub const ROUTES: [(&str, &str); 21] = [
    ("get", "/"),
    ("get", "/about"),
    ("get", "/{file}"),
    ("get", "/healthz"),
    ("get", "/log/checkpoint"),
    ("get", "/log/cosigned"),
    ("get", "/log/tile/{path}"),
    ("get", "/metrics"),
    ("get", "/openapi.json"),
    ("get", "/readyz"),
    ("options", "/v1/blobs"),
    ("post", "/v1/blobs"),
    ("options", "/v1/blobs/{sha256}"),
    ("head", "/v1/blobs/{sha256}"),
    ("get", "/v1/blobs/{sha256}"),
    ("patch", "/v1/blobs/{sha256}"),
    ("get", "/v1/checkpoint"),
    ("post", "/v1/preview"),
    ("post", "/v1/enrol"),
    ("get", "/v1/events"),
    ("post", "/v1/sync"),
];

/// What a handler adds to the one line logged for its request. Never a secret, never a body.
#[derive(Debug, Clone, Default)]
pub struct Notes {
    /// The device, once it is known for certain.
    pub device: String,
    /// Why it was refused, as a stable word; empty if it was not.
    pub refused: &'static str,
    /// Bytes of the request as it travelled.
    pub bytes_up: usize,
    /// Bytes of the answer as it travels.
    pub bytes_down: usize,
    /// Entries accepted.
    pub accepted: u64,
    /// Entries quarantined.
    pub quarantined: u64,
    /// Entries that were there before.
    pub duplicates: u64,
    /// Requests that were ahead of it when it came.
    pub ahead: Ahead,
    /// Bytes of index rows that judging it read and wrote.
    pub row_bytes: u64,
}

/// How many requests were ahead of one, where it had to wait. Each count is bounded by a setting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ahead {
    /// In the strangers' lane, if it showed no ticket.
    pub strangers: usize,
    /// Of devices, in progress.
    pub devices: usize,
    /// At the writer.
    pub writer: usize,
}

/// All routes over a app.
pub fn router(app: Arc<AppState>) -> Router {
    Router::new()
        .route("/v1/sync", post(exchange::sync))
        .route("/v1/preview", post(exchange::preview))
        .route("/v1/enrol", post(exchange::enrol))
        .route("/v1/blobs", options(blobs::options))
        .route("/v1/blobs", post(blobs::create))
        .route("/v1/blobs/{sha256}", options(blobs::options))
        .route("/v1/blobs/{sha256}", head(blobs::head))
        .route("/v1/blobs/{sha256}", get(blobs::get))
        .route("/v1/blobs/{sha256}", patch(blobs::patch))
        .route("/v1/checkpoint", get(checkpoint::show))
        .route("/log/checkpoint", get(checkpoint::show))
        .route("/log/cosigned", get(checkpoint::cosigned))
        .route("/log/tile/{*path}", get(log_route::show))
        .route("/v1/events", get(events::listen))
        .route("/", get(app_route::page))
        .route("/about", get(app_route::about))
        // Beside the paths above; whatever is done there but reading is done nowhere.
        .route("/{*file}", get(app_route::file).fallback(not_found))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/openapi.json", get(home::openapi))
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(CatchPanicLayer::custom(|_| Problem::internal().into_response()))
        .layer(map_response(guard_bare))
        .layer(from_fn_with_state(Arc::clone(&app), log))
        .with_state(app)
}

/// What a path is answered at which there is nothing.
pub async fn not_found() -> Problem {
    Problem::refused(
        StatusCode::NOT_FOUND,
        "no_such_path",
        "there is nothing at this path",
        "GET /openapi.json lists what there is.",
    )
}

async fn guard_bare(mut response: Response) -> Response {
    browser::guard_bare(response.headers_mut());
    response
}

async fn wrong_method(method: Method) -> Problem {
    Problem::refused(
        StatusCode::METHOD_NOT_ALLOWED,
        "method",
        &format!("{method} is not done at this path"),
        "GET /openapi.json lists what there is.",
    )
}

/// One line and one count for each request.
async fn log(State(app): State<Arc<AppState>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let mut response = next.run(request).await;
    let took = started.elapsed();
    let status = response.status().as_u16();
    app.metrics.request(&route, status);
    let Notes { device, refused, bytes_up, bytes_down, accepted, quarantined, duplicates, ahead, row_bytes } =
        response.extensions_mut().remove().unwrap_or_default();
    let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    // Strangers must not fill the disk with lines: what they do is counted, and logged for a person who asks for it.
    let is_guess = route == "/v1/enrol" && status != StatusCode::TOO_MANY_REQUESTS.as_u16();
    if device.is_empty() && !is_guess {
        tracing::debug!(%method, route, status, refused, took_ms, "request");
    } else {
        tracing::info!(
            %method, route, status, device, refused, bytes_up, bytes_down, accepted, quarantined, duplicates,
            ahead_strangers = ahead.strangers, ahead_devices = ahead.devices, ahead_writer = ahead.writer, row_bytes, took_ms,
            "request"
        );
    }
    response
}
