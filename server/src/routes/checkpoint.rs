//! Checkpoint: `GET /v1/checkpoint` and `GET /log/checkpoint`, the log's size and root, signed, for a person who wants to keep one.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use crate::app_state::AppState;
use crate::peer::Caller;
use crate::problem::Problem;

/// `GET /v1/checkpoint` and `GET /log/checkpoint`: a C2SP `tlog-checkpoint`.
pub async fn show(State(app): State<Arc<AppState>>, caller: Caller) -> Result<impl IntoResponse, Problem> {
    let (note, _turn) = app
        .for_public(caller.home, |app| {
            let view = app.view();
            Ok(view.hub.checkpoint(&*view.rows, view.seq)?)
        })
        .await?;
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, note))
}
