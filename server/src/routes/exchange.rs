//! Exchange: the one round trip of a device. Check in parallel, wait for the writer, answer in parallel.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use sync_core::hub::{Admitted, Checked, Durable, RequestError};
use sync_core::id::DeviceId;
use sync_core::state::authority::enrol::EnrolError;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::oneshot;

use crate::app_state::AppState;
use crate::body::{self, Coding};
use crate::clock::now_ms;
use crate::peer::{self, Peer};
use crate::problem::Problem;
use crate::router::Notes;
use crate::throttle::Effort;
use crate::writer::{Job, Work};

/// Which of the two messages a frame is.
#[derive(Debug, Clone, Copy)]
enum Message {
    Sync,
    Enrol,
}

/// `POST /v1/sync`: push and pull.
pub async fn sync(State(app): State<Arc<AppState>>, headers: HeaderMap, body: Body) -> Response {
    answer(app, Message::Sync, headers, body).await
}

/// `POST /v1/enrol`: a new device introduces itself.
pub async fn enrol(
    State(app): State<Arc<AppState>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let peer = peer::address(peer.map(|Extension(peer)| peer), &headers, &app.config.peer_header);
    if let Err(problem) = app.throttle.try_code(peer) {
        return problem.into_response();
    }
    let response = answer(Arc::clone(&app), Message::Enrol, headers, body).await;
    if response.status().is_success() {
        app.throttle.good_code(peer);
    }
    response
}

/// `POST /v1/preview`: what an invitation gives. Who asks for one that there is not has guessed, as who enrols by it.
pub async fn preview(
    State(app): State<Arc<AppState>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let peer = peer::address(peer.map(|Extension(peer)| peer), &headers, &app.config.peer_header);
    if let Err(problem) = app.throttle.try_code(peer) {
        return problem.into_response();
    }
    let done = show_invitation(&app, &headers, body).await;
    if done.is_ok() {
        app.throttle.good_code(peer);
    }
    done.unwrap_or_else(Problem::into_response)
}

async fn show_invitation(app: &Arc<AppState>, headers: &HeaderMap, body: Body) -> Result<Response, Problem> {
    body::check_type(headers)?;
    let coding = Coding::of_request(headers)?;
    let bytes = body::read(headers, body, Duration::from_millis(app.config.body_timeout_ms)).await?;
    let wanted = Coding::for_answer(headers);
    let answer = app.on_core(move |app| {
        let frame = body::decode(coding, bytes)?;
        let (rows, hub) = app.handles();
        Ok(body::encode(wanted, hub.preview(&*rows, &frame, now_ms())?))
    });
    Ok(packed(answer.await?))
}

fn packed((used, bytes): (Coding, Vec<u8>)) -> Response {
    let mut response = ([(header::CONTENT_TYPE, body::CONTENT_TYPE)], bytes).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(name) = used.name() {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    response
}

async fn answer(app: Arc<AppState>, message: Message, headers: HeaderMap, body: Body) -> Response {
    let mut notes = Notes::default();
    let done = exchange(&app, message, &headers, body, &mut notes).await;
    let mut response = done.unwrap_or_else(Problem::into_response);
    response.extensions_mut().insert(notes);
    response
}

async fn exchange(
    app: &Arc<AppState>,
    message: Message,
    headers: &HeaderMap,
    body: Body,
    notes: &mut Notes,
) -> Result<Response, Problem> {
    body::check_type(headers)?;
    let coding = Coding::of_request(headers)?;
    let bytes = body::read(headers, body, Duration::from_millis(app.config.body_timeout_ms)).await?;
    notes.bytes_up = bytes.len();
    let started = Instant::now();
    // A device that is refused is named in the log too, once it is known to be itself.
    let (device, checked) = app.on_core(move |app| Ok(check(app, message, coding, bytes))).await?;
    notes.device = device.map(|device| device.to_string()).unwrap_or_default();
    let (checked, frame_bytes) = checked.inspect_err(|problem| notes.refused = problem.code)?;
    let admitted = at_writer(app, checked, frame_bytes).await?;
    notes.accepted = admitted.stats.accepted;
    notes.quarantined = admitted.stats.quarantined;
    notes.duplicates = admitted.stats.duplicates;
    if matches!(message, Message::Sync) {
        app.throttle.charge(admitted.device, Effort::took(&admitted));
    }
    let wanted = Coding::for_answer(headers);
    let answer = app.on_core(move |app| reply(app, message, &admitted, wanted)).await?;
    app.metrics.ack(started.elapsed());
    notes.bytes_down = answer.1.len();
    Ok(packed(answer))
}

/// Stage one: who it is, and whether it holds together. Answers who it is even if it does not.
fn check(
    app: &AppState,
    message: Message,
    coding: Coding,
    bytes: Bytes,
) -> (Option<DeviceId>, Result<(Checked, usize), Problem>) {
    let mut device = None;
    let checked = check_frame(app, message, coding, bytes, &mut device);
    (device, checked)
}

fn check_frame(
    app: &AppState,
    message: Message,
    coding: Coding,
    bytes: Bytes,
    who: &mut Option<DeviceId>,
) -> Result<(Checked, usize), Problem> {
    let frame = body::decode(coding, bytes)?;
    let (rows, hub) = app.handles();
    let checked = match message {
        Message::Sync => {
            let authentic = hub.authenticate(&*rows, &frame)?;
            let device = authentic.device;
            *who = Some(device);
            app.throttle.let_device_in(device)?;
            app.throttle.charge(device, Effort::asked(frame.len()));
            let checked = hub.check_entries(&*rows, authentic).inspect_err(|error| {
                if matches!(error.code(), "bad_chain") {
                    app.throttle.charge(device, Effort::FORGED);
                }
            })?;
            app.throttle.charge(device, Effort::brought(&checked));
            checked
        }
        Message::Enrol => {
            let checked = hub.check_enrol(&*rows, &frame, now_ms())?;
            *who = Some(checked.device);
            checked
        }
    };
    Ok((checked, frame.len()))
}

/// Stage two: waits in the bounded queue until the entries are durable.
async fn at_writer(app: &AppState, checked: Checked, bytes: usize) -> Result<Durable<Admitted>, Problem> {
    let (answer, outcome) = oneshot::channel();
    app.metrics.queue.inc();
    app.work.try_send(Work::Request(Box::new(Job { checked, bytes, answer }))).map_err(|error| {
        app.metrics.queue.dec();
        match error {
            TrySendError::Full(_) => Problem::busy(),
            TrySendError::Closed(_) => Problem::stopping(),
        }
    })?;
    outcome.await.map_err(|_| Problem::stopping())?
}

/// Stage three: what is new for the device, from rows that hold still.
fn reply(
    app: &AppState,
    message: Message,
    admitted: &Durable<Admitted>,
    wanted: Coding,
) -> Result<(Coding, Vec<u8>), Problem> {
    let stats = &admitted.stats;
    if matches!(message, Message::Enrol) && stats.accepted + stats.quarantined + stats.duplicates == 0 {
        // Two came with one code at the same time; the other one was first at the writer.
        return Err(RequestError::Enrol(EnrolError::UsedCode).into());
    }
    let view = app.view();
    let frame = view.hub.reply(&*view.rows, &*view.lines, view.seq, now_ms(), admitted)?;
    drop(view);
    if matches!(message, Message::Sync) {
        app.throttle.charge(admitted.device, Effort { bytes: frame.len(), ..Effort::default() });
    }
    Ok(body::encode(wanted, frame))
}
