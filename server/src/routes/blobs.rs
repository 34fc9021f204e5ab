//! Blobs: photos and signatures by tus 1.0 (core, creation, checksum, expiration), under their content address. A ticket
//! from an exchange, in a header, is all that opens one: any tus client that can send a header will do. Whoever shows no
//! ticket that counts gets one and the same answer, from which nothing follows about what there is.

mod piece;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blobs::{Partial, SpoolError, StoreError};
use sync_core::hub::{BlobGrant, BlobStanding};
use sync_core::id::Hash;
use sync_core::limits::BLOB_BYTES_MAX;
use sync_core::media;
use sync_core::rows::read;
use sync_core::state::authority::DeviceRow;
use sync_core::state::keyspace;
use sync_core::wire::message::BlobUse;

use crate::app_state::AppState;
use crate::clock::now_ms;
use crate::config::BLOB_TICKET_S;
use crate::evidence::{Evidence, NotKept};
use crate::peer::Caller;
use crate::problem::Problem;
use crate::router::Notes;
use piece::{Sum, receive};

const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const VERSION: &str = "1.0.0";
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const PIECE_TYPE: &str = "application/offset+octet-stream";
/// tus: a piece, or here the whole, is not what its sum says.
const MISMATCH: u16 = 460;

/// The one answer to who may not, or asks for what is not there.
fn no_blob() -> Problem {
    Problem::refused(
        StatusCode::NOT_FOUND,
        "no_such_blob",
        "there is nothing here for you",
        "Sync first: a ticket for each photo that you may bring or read comes with the reply.",
    )
}

fn tus(response: impl axum::response::IntoResponse) -> Response {
    let mut response = response.into_response();
    response.headers_mut().insert(RESUMABLE, HeaderValue::from_static(VERSION));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// `OPTIONS /v1/blobs`, `OPTIONS /v1/blobs/{sha256}`: what of tus there is.
pub async fn options() -> Response {
    let size = HeaderValue::from(BLOB_BYTES_MAX);
    let headers = [
        (HeaderName::from_static("tus-version"), HeaderValue::from_static(VERSION)),
        (HeaderName::from_static("tus-extension"), HeaderValue::from_static("creation,checksum,expiration")),
        (HeaderName::from_static("tus-checksum-algorithm"), HeaderValue::from_static("sha1,sha256")),
        (HeaderName::from_static("tus-max-size"), size),
    ];
    tus((StatusCode::NO_CONTENT, headers))
}

/// `POST /v1/blobs`: begins to bring a blob, or finds how far it came.
pub async fn create(State(app): State<Arc<AppState>>, caller: Caller, headers: HeaderMap) -> Response {
    answered(create_for(&app, &caller, &headers).await)
}

/// `HEAD /v1/blobs/{sha256}`: how far it came.
pub async fn head(
    State(app): State<Arc<AppState>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    answered(head_for(&app, &name, &headers).await)
}

/// `PATCH /v1/blobs/{sha256}`: brings a piece. What arrives of one that is cut is kept.
pub async fn patch(
    State(app): State<Arc<AppState>>,
    Path(name): Path<String>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Response {
    answered(patch_for(&app, &name, &caller, &headers, body).await)
}

/// `GET /v1/blobs/{sha256}`: the bytes.
pub async fn get(State(app): State<Arc<AppState>>, Path(name): Path<String>, headers: HeaderMap) -> Response {
    answered(get_for(&app, &name, &headers).await)
}

fn answered(done: Result<(Response, Option<BlobGrant>), Problem>) -> Response {
    match done {
        Ok((mut response, grant)) => {
            let device = grant.map(|grant| grant.device.to_string()).unwrap_or_default();
            response.extensions_mut().insert(Notes { device, ..Notes::default() });
            response
        }
        Err(problem) => {
            let notes = Notes { refused: problem.code, ..Notes::default() };
            let mut response = tus(problem);
            response.extensions_mut().insert(notes);
            response
        }
    }
}

/// What a request may do with the blob of that name. Everything that does not count is one answer.
fn granted(
    app: &AppState,
    name: &str,
    headers: &HeaderMap,
    r#use: BlobUse,
) -> Result<(Arc<Evidence>, BlobGrant), Problem> {
    let sha256: Option<Hash> = name.parse().ok();
    let grant = app.tickets.blob(headers, &sha256.unwrap_or_default(), r#use, now_ms());
    match (&app.evidence, grant, sha256) {
        (Some(evidence), Some(grant), Some(_)) => Ok((Arc::clone(evidence), grant)),
        _ => Err(no_blob()),
    }
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

fn check_version(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.get(RESUMABLE).is_some_and(|version| version == VERSION) {
        return Ok(());
    }
    Err(Problem::refused(
        StatusCode::PRECONDITION_FAILED,
        "tus_version",
        "this is not a request of tus 1.0.0",
        "Send Tus-Resumable: 1.0.0.",
    ))
}

/// The content address that a creation names: `sha256` and the base64 of its 64 hex digits.
fn named(headers: &HeaderMap) -> Option<String> {
    let metadata = headers.get(METADATA)?.to_str().ok()?;
    let mut pairs = metadata.split(',').map(|pair| pair.trim().split_once(' ').unwrap_or((pair.trim(), "")));
    let (_, value) = pairs.find(|(key, _)| *key == "sha256")?;
    String::from_utf8(STANDARD.decode(value).ok()?).ok()
}

async fn create_for(
    app: &Arc<AppState>,
    caller: &Caller,
    headers: &HeaderMap,
) -> Result<(Response, Option<BlobGrant>), Problem> {
    check_version(headers)?;
    let name = named(headers).unwrap_or_default();
    let (evidence, grant) = granted(app, &name, headers, BlobUse::Bring)?;
    if number(headers, &LENGTH) != Some(grant.bytes) {
        return Err(Problem::refused(
            StatusCode::BAD_REQUEST,
            "length",
            "the entry names another number of bytes",
            "Send Upload-Length with the bytes that the entry names.",
        ));
    }
    if let Some(connection) = &caller.connection {
        connection.proven(grant.device);
    }
    let _place = app.place(grant.device, caller.home)?;
    let offset = match came(app, &evidence, &grant).await? {
        Some(offset) => offset,
        None => {
            let (rows, _) = app.handles();
            let row: Option<DeviceRow> = read(&*rows, &keyspace::device(&grant.device))?;
            let is_revoked = row.is_none_or(|row| row.revoked.is_some());
            evidence.check_room(grant.bytes)?;
            evidence.charge(&*rows, &grant, is_revoked, now_ms())?;
            evidence.spool.begin(&Evidence::partial(&grant)).map_err(|error| disk(&error))?
        }
    };
    let location = format!("/v1/blobs/{name}");
    let location = HeaderValue::from_str(&location).map_err(|_| no_blob())?;
    let created = (StatusCode::CREATED, [(header::LOCATION, location), (OFFSET, HeaderValue::from(offset))]);
    Ok((expiring(created), Some(grant)))
}

/// Returns how many bytes of a blob are here: all of them, if the ledger says so; `None` if it was not begun. What arrived
/// whole and could not be kept is kept now: nobody is told that all is here while the ledger does not say it.
async fn came(app: &AppState, evidence: &Arc<Evidence>, grant: &BlobGrant) -> Result<Option<u64>, Problem> {
    if is_kept(app, grant)? {
        return Ok(Some(grant.bytes));
    }
    let partial = Evidence::partial(grant);
    let offset = evidence.spool.offset(&partial).map_err(|error| disk(&error))?;
    if offset == Some(grant.bytes) {
        let _bringing = evidence.bring(partial).ok_or_else(being_brought)?;
        keep(app, evidence, partial).await?;
    }
    Ok(offset)
}

/// Whether the ledger says that the office has a blob of that device.
///
/// # Errors
/// It was erased.
fn is_kept(app: &AppState, grant: &BlobGrant) -> Result<bool, Problem> {
    match grant.standing(&*app.handles().0)? {
        BlobStanding::Erased => Err(gone()),
        BlobStanding::Kept => Ok(true),
        BlobStanding::Lacking => Ok(false),
    }
}

async fn keep(app: &AppState, evidence: &Arc<Evidence>, partial: Partial) -> Result<(), Problem> {
    evidence.keep(app, partial).await.map_err(|error| match error {
        NotKept::OtherBytes => mismatch("the bytes are not those of that name; they are dropped"),
        NotKept::NoPicture(why) => Problem::refused(
            StatusCode::UNPROCESSABLE_ENTITY,
            "no_picture",
            &format!("this is not kept: {why}"),
            "Only JPEG, PNG and WebP pictures are kept, with nothing else in them.",
        ),
        NotKept::Erased => gone(),
        NotKept::Later(problem) => problem,
    })
}

async fn head_for(
    app: &AppState,
    name: &str,
    headers: &HeaderMap,
) -> Result<(Response, Option<BlobGrant>), Problem> {
    check_version(headers)?;
    let (evidence, grant) = granted(app, name, headers, BlobUse::Bring)?;
    let offset = came(app, &evidence, &grant).await?.ok_or_else(no_blob)?;
    let told = [(OFFSET, HeaderValue::from(offset)), (LENGTH, HeaderValue::from(grant.bytes))];
    Ok((expiring((StatusCode::OK, told)), Some(grant)))
}

/// Says until when what has arrived is kept: a ticket's life, after which a new one goes on with it.
fn expiring(response: impl axum::response::IntoResponse) -> Response {
    let mut response = tus(response);
    let until = std::time::SystemTime::now() + Duration::from_secs(BLOB_TICKET_S.unsigned_abs());
    if let Ok(until) = HeaderValue::from_str(&httpdate::fmt_http_date(until)) {
        response.headers_mut().insert(EXPIRES, until);
    }
    response
}

async fn patch_for(
    app: &Arc<AppState>,
    name: &str,
    caller: &Caller,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Response, Option<BlobGrant>), Problem> {
    check_version(headers)?;
    let (evidence, grant) = granted(app, name, headers, BlobUse::Bring)?;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if kind != Some(PIECE_TYPE) {
        return Err(Problem::refused(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "content_type",
            "this is no piece of a blob",
            "Send Content-Type: application/offset+octet-stream.",
        ));
    }
    if let Some(connection) = &caller.connection {
        connection.proven(grant.device);
    }
    let _place = app.place(grant.device, caller.home)?;
    let partial = Evidence::partial(&grant);
    let at = number(headers, &OFFSET).ok_or_else(|| conflict("there is no Upload-Offset"))?;
    let sum = headers.get(CHECKSUM).map(|sum| Sum::parse(sum.to_str().unwrap_or_default())).transpose()?;
    let end = if is_kept(app, &grant)? {
        // Its answer was lost on the way.
        if at != grant.bytes {
            return Err(conflict("all of it is here"));
        }
        at
    } else {
        let _bringing = evidence.bring(partial).ok_or_else(being_brought)?;
        evidence.check_room(grant.bytes.saturating_sub(at))?;
        let end = receive(&evidence, partial, at, sum, body).await?;
        if end == grant.bytes {
            keep(app, &evidence, partial).await?;
        }
        end
    };
    let told = (StatusCode::NO_CONTENT, [(OFFSET, HeaderValue::from(end))]);
    Ok((expiring(told), Some(grant)))
}

fn being_brought() -> Problem {
    Problem::refused(
        StatusCode::LOCKED,
        "bringing",
        "another request is bringing this blob",
        "Wait until it ends, then ask with HEAD how far it came.",
    )
}

fn gone() -> Problem {
    Problem::refused(StatusCode::GONE, "erased", "this photo was erased", "The history says when and why.")
}

fn conflict(what: &str) -> Problem {
    Problem::refused(
        StatusCode::CONFLICT,
        "offset",
        what,
        "Ask with HEAD how far it came, and go on from there.",
    )
}

fn mismatch(what: &str) -> Problem {
    let status = StatusCode::from_u16(MISMATCH).unwrap_or(StatusCode::BAD_REQUEST);
    Problem::refused(
        status,
        "checksum",
        what,
        "Create it again: the answer says how far it came. Go on from there.",
    )
}

fn problem_of(error: SpoolError) -> Problem {
    match error {
        SpoolError::Offset { .. } => conflict(&error.to_string()),
        SpoolError::TooMany(_) => Problem::refused(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            &error.to_string(),
            "Send as many bytes as the entry names.",
        ),
        SpoolError::NotBegun => no_blob(),
        SpoolError::OtherBytes => mismatch(&error.to_string()),
        SpoolError::Io(error) => disk(&error),
    }
}

fn disk(error: &std::io::Error) -> Problem {
    tracing::error!(%error, "a photo on its way could not be kept");
    Problem::later("no_room", "photos cannot be kept now; what arrived stays here")
}

async fn get_for(
    app: &Arc<AppState>,
    name: &str,
    headers: &HeaderMap,
) -> Result<(Response, Option<BlobGrant>), Problem> {
    let (evidence, grant) = granted(app, name, headers, BlobUse::Read)?;
    {
        let (rows, _) = app.handles();
        let row: Option<DeviceRow> = read(&*rows, &keyspace::device(&grant.device))?;
        // A ticket may be older than the revocation.
        if row.is_none_or(|row| row.revoked.is_some()) {
            return Err(no_blob());
        }
        if grant.standing(&*rows)? == BlobStanding::Erased {
            return Err(gone());
        }
    }
    let bytes = evidence.get(&grant.sha256).await.map_err(|error| match error {
        StoreError::Missing => no_blob(),
        error => {
            tracing::error!(%error, blob = %grant.sha256, "a photo could not be read");
            Problem::later("store", "photos cannot be read now")
        }
    })?;
    // What lies there was checked when it came; who put it there by another way is found out here.
    let media = media::check(&bytes).map_err(|_| no_blob())?;
    let file = format!("attachment; filename=\"{name}\"");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media.format.media_type())),
        (header::CONTENT_DISPOSITION, HeaderValue::from_str(&file).map_err(|_| no_blob())?),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok(((headers, bytes).into_response(), Some(grant)))
}
