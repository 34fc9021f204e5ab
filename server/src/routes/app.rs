//! App: the files of the app, for browsers. A file that is not there is 404: a page in its place would be kept as it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};

use super::home;
use crate::alarm::Alarm;
use crate::app_state::AppState;
use crate::browser;
use crate::peer::Caller;
use crate::pieces::Pieces;
use crate::problem::Problem;
use crate::router::not_found;
use crate::web::{self, File, INDEX, Web};

/// A file that is named by its bytes never changes.
const CACHE_NAMED: &str = "public, max-age=31536000, immutable";
/// Any other is asked for again, and answered by 304 while it is the same.
const CACHE_ASKED: &str = "no-cache";

/// `GET /`: the app; without one, a page that says so.
pub async fn page(State(app): State<Arc<AppState>>, caller: Caller, headers: HeaderMap) -> Response {
    let response = match find(&app, INDEX, &caller, &headers).await {
        Ok(Some(response)) => response,
        Ok(None) => home::page(&app, &headers, false),
        Err(problem) => problem.into_response(),
    };
    guarded(&app, response)
}

/// `GET /about`: which municipality this is, and the key of its log; the app shows neither.
pub async fn about(State(app): State<Arc<AppState>>, headers: HeaderMap) -> Response {
    let response = home::page(&app, &headers, true);
    guarded(&app, response)
}

/// `GET /{file}`: a file of the app.
pub async fn file(
    State(app): State<Arc<AppState>>,
    uri: Uri,
    caller: Caller,
    headers: HeaderMap,
) -> Response {
    // The app's names need no escapes, so none is undone here: what has one is no such file.
    let name = uri.path().strip_prefix('/').unwrap_or_default();
    let response = match find(&app, name, &caller, &headers).await {
        Ok(Some(response)) => response,
        Ok(None) => ([(header::CACHE_CONTROL, "no-store")], not_found().await).into_response(),
        Err(problem) => problem.into_response(),
    };
    guarded(&app, response)
}

fn guarded(app: &AppState, mut response: Response) -> Response {
    browser::guard(response.headers_mut(), !app.config.tls_cert.is_empty());
    response
}

/// Returns the answer for the file of that name, if there is one.
async fn find(
    app: &Arc<AppState>,
    name: &str,
    caller: &Caller,
    headers: &HeaderMap,
) -> Result<Option<Response>, Problem> {
    match &app.web {
        Web::Built => {
            let alarms = &app.metrics.alarms;
            app.throttle
                .read_public(caller.home)
                .inspect_err(|_| alarms.raise(Alarm::PublicPeer, Some(caller.home)))?;
            Ok(web::built(name).map(|file| answer(file, headers, Pieces::of_program)))
        }
        Web::Folder(folder) => {
            let (folder, name) = (folder.clone(), name.to_owned());
            let (file, turn) = app.for_public(caller.home, move |_| web::read(&folder, &name)).await?;
            Ok(file.map(|file| answer(&file, headers, |bytes| Pieces::body(bytes, turn))))
        }
    }
}

fn answer(
    file: &File,
    headers: &HeaderMap,
    body: impl FnOnce(axum::body::Bytes) -> axum::body::Body,
) -> Response {
    let form = file.form(headers);
    let is_known = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|tag| tag.trim().trim_start_matches("W/") == form.tag);
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Response::new(body(form.bytes));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(file.kind));
        if let Some(coding) = form.coding {
            response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        response
    };
    let cache = if file.is_named_by_content { CACHE_NAMED } else { CACHE_ASKED };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.extend(HeaderValue::try_from(form.tag).ok().map(|tag| (header::ETAG, tag)));
    if file.has_forms() {
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    response
}
