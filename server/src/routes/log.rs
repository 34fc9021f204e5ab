//! Log: the transparency log as C2SP `tlog-tiles` lays it out, so that a copy of these answers on any static host is as
//! good. What is served here is derived; `log-export` writes the same bytes as files.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sync_core::log::merkle::leaf_of_line;
use sync_core::log::merkle::tile::{Level, Place, TILE_WIDTH, bundle, tile};
use sync_core::rows::RowsError;

use crate::app_state::AppState;
use crate::body::{Coding, encode};
use crate::peer::Caller;
use crate::pieces::Pieces;
use crate::problem::Problem;

/// A full tile never changes.
const CACHE_FULL: &str = "public, max-age=31536000, immutable";
/// A partial one is asked for by a reader that has just read its checkpoint, and soon replaced.
const CACHE_PARTIAL: &str = "public, max-age=60";

/// `GET /log/tile/<L>/<N>[.p/<W>]` and `GET /log/tile/entries/<N>[.p/<W>]`.
pub async fn show(
    State(app): State<Arc<AppState>>,
    Path(path): Path<String>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let place = Place::from_path(&format!("tile/{path}")).ok_or_else(absent)?;
    let coding = Coding::for_answer(&headers);
    let ((coding, bytes), turn) = app
        .for_public(caller.home, move |app| {
            let bytes = read(app, &place)?;
            // Hashes do not shrink; entries do.
            Ok(if place.level == Level::Entries { encode(coding, bytes) } else { (Coding::Identity, bytes) })
        })
        .await?;
    let cache = if place.is_full() { CACHE_FULL } else { CACHE_PARTIAL };
    let mut response = ([(header::CACHE_CONTROL, cache)], Pieces::body(bytes, turn)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(name) = coding.name() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    Ok(response)
}

/// A tile or bundle of the log as it is now. Lines and hashes that are there never change, so nothing is held still.
fn read(app: &AppState, place: &Place) -> Result<Vec<u8>, Problem> {
    let (rows, lines, size) = {
        let view = app.view();
        (Arc::clone(&view.rows), Arc::clone(&view.lines), view.seq)
    };
    if !place.is_in(size) {
        return Err(absent());
    }
    if place.level != Level::Entries {
        return Ok(tile(&*rows, place)?);
    }
    let first = place.n * u64::from(TILE_WIDTH) + 1;
    let mut leaves = Vec::new();
    let mut failure: Option<RowsError> = None;
    lines
        .each(first, first + u64::from(place.width), &mut |_, line| match leaf_of_line(line) {
            Ok(leaf) => {
                leaves.push(leaf);
                true
            }
            Err(error) => {
                failure = Some(error);
                false
            }
        })
        .map_err(|error| Problem::logged("the ledger could not be read for the log", &error))?;
    match failure {
        Some(error) => Err(Problem::logged("a line of the ledger is no entry", &error)),
        None => bundle(&leaves).map_err(|error| Problem::logged("a leaf does not fit", &error)),
    }
}

fn absent() -> Problem {
    Problem::refused(
        StatusCode::NOT_FOUND,
        "no_such_tile",
        "the log has no such tile",
        "Read /log/checkpoint first: its size says which tiles there are.",
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{CACHE_FULL, CACHE_PARTIAL};
    use crate::app_state::AppState;
    use crate::router;
    use crate::testing::{founded, writer};
    use axum::body::Body;
    use axum::http::{Request, StatusCode, header};
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    async fn get(app: &Arc<AppState>, path: &str) -> (StatusCode, String, String, Vec<u8>) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router(Arc::clone(app)).oneshot(request).await.unwrap();
        let text = |name| {
            response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
        };
        let (kind, cache) = (text(header::CONTENT_TYPE), text(header::CACHE_CONTROL));
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes().to_vec();
        (status, kind, cache, body)
    }

    #[tokio::test]
    async fn the_log_of_a_founded_ledger_is_served_and_nothing_beyond_it() {
        let (medium, _) = founded();
        let (_writer, app, _work) = writer(&medium);
        let (status, kind, cache, note) = get(&app, "/log/checkpoint").await;
        assert_eq!(
            (status, kind.as_str(), cache.as_str()),
            (StatusCode::OK, "text/plain; charset=utf-8", "no-store")
        );
        assert_eq!(note, get(&app, "/v1/checkpoint").await.3);
        let (status, kind, cache, tile) = get(&app, "/log/tile/0/000.p/3").await;
        assert_eq!(
            (status, kind.as_str(), cache.as_str()),
            (StatusCode::OK, "application/octet-stream", CACHE_PARTIAL)
        );
        let (_, _, _, entries) = get(&app, "/log/tile/entries/000.p/3").await;
        let mut left = entries.as_slice();
        let mut hashes = Vec::new();
        while let Some((length, rest)) = left.split_first_chunk::<2>() {
            let (leaf, rest) = rest.split_at(usize::from(u16::from_be_bytes(*length)));
            hashes.extend(tlog_hash(leaf));
            left = rest;
        }
        assert_eq!((tile.len(), hashes), (96, tile));
        for beyond in [
            "0/000",
            "0/000.p/4",
            "0/001.p/1",
            "1/000.p/1",
            "entries/000",
            "entries/000.p/4",
            "9/9",
            "0/000.p/0",
            "0/../x",
        ] {
            let (status, _, _, body) = get(&app, &format!("/log/tile/{beyond}")).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{beyond}");
            assert!(String::from_utf8_lossy(&body).contains("no_such_tile"), "{beyond}");
        }
        assert_ne!(CACHE_FULL, CACHE_PARTIAL);
    }

    /// RFC 6962 once more, so that the test trusts nothing it tests.
    fn tlog_hash(leaf: &[u8]) -> Vec<u8> {
        use sha2::{Digest as _, Sha256};
        Sha256::new().chain_update([0]).chain_update(leaf).finalize().to_vec()
    }
}
