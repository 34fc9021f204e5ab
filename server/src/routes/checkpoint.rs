//! Checkpoint: `GET /v1/checkpoint` and `GET /log/checkpoint`, the log's size and root, signed, for a person who wants to
//! keep one; `GET /log/cosigned`, the newest one that the witness cosigned.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::IntoResponse;

use crate::app_state::AppState;
use crate::peer::Caller;
use crate::problem::Problem;
use crate::witness::Witness;

/// A checkpoint is text, and replaced soon.
const HEADERS: [(HeaderName, &str); 2] =
    [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];

/// `GET /v1/checkpoint` and `GET /log/checkpoint`: a C2SP `tlog-checkpoint`.
pub async fn show(State(app): State<Arc<AppState>>, caller: Caller) -> Result<impl IntoResponse, Problem> {
    let (note, _turn) = app
        .for_public(caller.home, |app| {
            let view = app.view();
            Ok(view.hub.checkpoint(&*view.rows, view.seq)?)
        })
        .await?;
    Ok((HEADERS, note))
}

/// `GET /log/cosigned`: a checkpoint with the line of the witness that the settings name.
pub async fn cosigned(
    State(app): State<Arc<AppState>>,
    caller: Caller,
) -> Result<impl IntoResponse, Problem> {
    let (note, _turn) = app
        .for_public(caller.home, |app| {
            let newest = app.witness.as_ref().and_then(Witness::newest);
            newest.map(|cosigned| cosigned.note.to_string()).ok_or_else(absent)
        })
        .await?;
    Ok((HEADERS, note))
}

fn absent() -> Problem {
    Problem::refused(
        StatusCode::NOT_FOUND,
        "no_cosigned_checkpoint",
        "no witness has cosigned a checkpoint of this log",
        "The operator names a witness with the setting witness; GET /log/checkpoint has the newest checkpoint.",
    )
}
