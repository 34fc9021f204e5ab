//! Health: whether the process lives, whether it takes work, and what it has done.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde_json::{Map, Value, json};

use crate::app_state::AppState;

const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /healthz`: the process lives.
pub async fn alive() -> impl IntoResponse {
    Json(json!({"status": "ok"}))
}

/// `GET /readyz`: whether new work is taken, and if not why. It waits for nothing.
pub async fn ready(State(app): State<Arc<AppState>>) -> impl IntoResponse {
    let conditions = app.health.conditions();
    let is_ready = conditions.iter().all(|(_, wrong)| wrong.is_none());
    let checks: Map<String, Value> = conditions
        .into_iter()
        .map(|(name, wrong)| (name.to_owned(), wrong.map_or_else(|| json!("ok"), Value::from)))
        .collect();
    let mut checks = checks;
    // Work goes on without photos: it is said, and is no reason to take the server out.
    if let Some(evidence) = &app.evidence {
        let trouble = evidence.trouble();
        checks.insert("photos".into(), trouble.map_or_else(|| json!("ok"), Value::from));
    }
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let word = if is_ready { "ready" } else { "not_ready" };
    (status, Json(json!({"status": word, "checks": checks})))
}

/// `GET /metrics`.
pub async fn metrics(State(app): State<Arc<AppState>>) -> impl IntoResponse {
    let metrics = &app.metrics;
    metrics.now("connections", app.connections.count());
    metrics.now("connections_unproven", app.connections.count_unproven());
    metrics.now("device_requests", app.devices.count());
    metrics.now("stranger_requests", app.strangers.count());
    metrics.now("public_answers", app.public.count());
    metrics.now("stranger_body_bytes", app.stranger_room.bytes());
    metrics.now("device_body_bytes", app.device_room.bytes());
    ([(header::CONTENT_TYPE, METRICS_TYPE)], app.metrics.to_text())
}
