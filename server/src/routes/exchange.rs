//! Exchange: the one round trip of a device. Its body arrives and its signature is checked before it takes a place;
//! then its entries are checked in parallel, wait for the writer, and are answered in parallel.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use sync_core::hub::{Admitted, Authentic, Beside, Checked, Durable, RequestError};
use sync_core::id::DeviceId;
use sync_core::limits::MESSAGE_BYTES_MAX;
use sync_core::state::authority::enrol::EnrolError;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::oneshot;

use crate::alarm::Alarm;
use crate::app_state::AppState;
use crate::body::{self, Arrived, Coding, Owner};
use crate::clock::now_ms;
use crate::config::ENROL_BODY_BYTES_MAX;
use crate::peer::Caller;
use crate::places::Turn;
use crate::problem::Problem;
use crate::router::Notes;
use crate::throttle::Effort;
use crate::writer::{Job, Work};

/// Which message a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Message {
    Sync,
    Preview,
    Enrol,
}

/// `POST /v1/sync`: push and pull.
pub async fn sync(
    State(app): State<Arc<AppState>>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let device = app.tickets.for_body(&headers, now_ms());
    if let (Some(device), Some(connection)) = (device, &caller.connection) {
        connection.proven(device);
    }
    answer(app, Message::Sync, Owner { caller, device }, headers, body).await
}

/// `POST /v1/preview`: what an invitation gives. Who asks for one that there is not has guessed, as who enrols by it.
pub async fn preview(
    State(app): State<Arc<AppState>>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Response {
    guess(app, Message::Preview, caller, headers, body).await
}

/// `POST /v1/enrol`: a new device introduces itself.
pub async fn enrol(
    State(app): State<Arc<AppState>>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Response {
    guess(app, Message::Enrol, caller, headers, body).await
}

/// A message of a stranger, which counts as an attempt to enrol unless it is good.
async fn guess(
    app: Arc<AppState>,
    message: Message,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let home = caller.home;
    if let Err(problem) = app.throttle.try_code(home) {
        return problem.into_response();
    }
    let owner = Owner { caller, device: None };
    let response = answer(Arc::clone(&app), message, owner, headers, body).await;
    if response.status().is_success() {
        app.throttle.good_code(home);
    }
    response
}

async fn answer(
    app: Arc<AppState>,
    message: Message,
    owner: Owner,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let mut notes = Notes::default();
    let done = exchange(&app, message, owner, &headers, body, &mut notes).await;
    let mut response = done.unwrap_or_else(Problem::into_response);
    response.extensions_mut().insert(notes);
    response
}

async fn exchange(
    app: &Arc<AppState>,
    message: Message,
    owner: Owner,
    headers: &HeaderMap,
    body: Body,
    notes: &mut Notes,
) -> Result<Response, Problem> {
    if app.health.stopping.load(Relaxed) {
        return Err(Problem::stopping());
    }
    body::check_type(headers)?;
    let coding = Coding::of_request(headers)?;
    let bytes_max = match message {
        Message::Sync => MESSAGE_BYTES_MAX,
        Message::Preview | Message::Enrol => ENROL_BODY_BYTES_MAX,
    };
    let arrived = body::read(app, headers, body, &owner, bytes_max).await?;
    notes.bytes_up = arrived.bytes.len();
    let started = Instant::now();
    let wanted = Coding::for_answer(headers);
    let task = Task { app: Arc::clone(app), owner, notes: notes.clone() };
    // A caller that goes away ends nothing: its place is free again only when what it asked for is done.
    let work = tokio::spawn(task.run(message, coding, arrived, wanted));
    let most = Duration::from_millis(app.config.answer_timeout_ms);
    let (done, noted) = match tokio::time::timeout(most, work).await {
        Ok(Ok(done)) => done,
        Ok(Err(error)) if error.is_panic() => {
            app.metrics.panics.inc();
            return Err(Problem::internal());
        }
        Ok(Err(_)) => return Err(Problem::stopping()),
        Err(_) => return Err(Problem::later("too_slow", "the answer took too long")),
    };
    *notes = noted;
    let (used, packed) = done.inspect_err(|problem| notes.refused = problem.code)?;
    app.metrics.ack(started.elapsed());
    notes.bytes_down = packed.len();
    let mut response = ([(header::CONTENT_TYPE, body::CONTENT_TYPE)], packed).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(name) = used.name() {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    Ok(response)
}

/// A request whose body is here.
struct Task {
    app: Arc<AppState>,
    owner: Owner,
    notes: Notes,
}

impl Task {
    async fn run(
        mut self,
        message: Message,
        coding: Coding,
        arrived: Arrived,
        wanted: Coding,
    ) -> (Result<(Coding, Vec<u8>), Problem>, Notes) {
        let done = match message {
            Message::Sync => self.sync(coding, arrived, wanted).await,
            Message::Preview => self.preview(coding, arrived, wanted).await,
            Message::Enrol => self.enrol(coding, arrived, wanted).await,
        };
        (done, self.notes)
    }

    async fn sync(
        &mut self,
        coding: Coding,
        arrived: Arrived,
        wanted: Coding,
    ) -> Result<(Coding, Vec<u8>), Problem> {
        let (authentic, frame_bytes, turn) = self.authenticate(coding, arrived).await?;
        let device = authentic.device;
        self.notes.device = device.to_string();
        self.notes.ahead.devices = turn.ahead;
        if let Some(connection) = &self.owner.caller.connection {
            connection.proven(device);
        }
        let home = self.owner.caller.home;
        let checked = self
            .app
            .on_core(move |app| {
                app.throttle
                    .let_device_in(device)
                    .inspect_err(|_| app.metrics.alarms.raise(Alarm::DeviceBudget, Some(home)))?;
                check_entries(app, authentic, frame_bytes)
            })
            .await?;
        let admitted = self.at_writer(checked, frame_bytes).await?;
        self.notes.row_bytes = admitted.row_bytes;
        self.app.throttle.charge(device, Effort::took(&admitted));
        self.app.health.note_room();
        if let (Some(evidence), [_, ..]) = (&self.app.evidence, admitted.erased()) {
            // In a task of its own: it goes on if the device that asked does not wait for the answer.
            let (evidence, erased) = (Arc::clone(evidence), admitted.erased().to_vec());
            let _ = tokio::spawn(async move { evidence.erase(&erased).await }).await;
        }
        self.app.on_core(move |app| reply(app, Message::Sync, &admitted, wanted)).await
    }

    /// Stage one: who it is. A device that showed its ticket has its place first, and its signature is checked beside
    /// those of other devices; a stranger's is checked in the strangers' lane, and then it has its place.
    async fn authenticate(
        &mut self,
        coding: Coding,
        arrived: Arrived,
    ) -> Result<(Authentic, usize, Turn<DeviceId>), Problem> {
        let home = self.owner.caller.home;
        let authenticate = move |app: &AppState| {
            let frame = body::decode(coding, arrived.bytes.clone())?;
            let (rows, hub) = app.handles();
            Ok::<_, Problem>((hub.authenticate(&*rows, &frame)?, frame.len()))
        };
        let named = self.owner.device;
        if let Some((named, turn)) =
            named.and_then(|named| Some((named, self.app.devices.enter(named).ok()?)))
        {
            let (authentic, bytes) = self.app.on_core(authenticate).await?;
            // Under a new name a device still shows the ticket of the old one.
            let turn =
                if authentic.device == named { turn } else { self.app.place(authentic.device, home)? };
            return Ok((authentic, bytes, turn));
        }
        let (done, ahead) = self.app.for_stranger(home, authenticate).await?;
        self.notes.ahead.strangers = ahead;
        let (authentic, bytes) = done?;
        let turn = self.app.place(authentic.device, home)?;
        Ok((authentic, bytes, turn))
    }

    /// Reads, and spends nothing: all of it is done in the strangers' lane.
    async fn preview(
        &mut self,
        coding: Coding,
        arrived: Arrived,
        wanted: Coding,
    ) -> Result<(Coding, Vec<u8>), Problem> {
        let show = move |app: &AppState| {
            let frame = body::decode(coding, arrived.bytes.clone())?;
            let (rows, hub) = app.handles();
            Ok::<_, Problem>(body::encode(wanted, hub.preview(&*rows, &frame, now_ms())?))
        };
        let (done, ahead) = self.app.for_stranger(self.owner.caller.home, show).await?;
        self.notes.ahead.strangers = ahead;
        done
    }

    /// An enrolment is a stranger's until it is written.
    async fn enrol(
        &mut self,
        coding: Coding,
        arrived: Arrived,
        wanted: Coding,
    ) -> Result<(Coding, Vec<u8>), Problem> {
        let home = self.owner.caller.home;
        let check = move |app: &AppState| {
            let frame = body::decode(coding, arrived.bytes.clone())?;
            let (rows, hub) = app.handles();
            Ok::<_, Problem>((hub.check_enrol(&*rows, &frame, now_ms())?, frame.len()))
        };
        let (done, ahead) = self.app.for_stranger(home, check).await?;
        self.notes.ahead.strangers = ahead;
        let (checked, frame_bytes) = done?;
        self.notes.device = checked.device.to_string();
        let app = Arc::clone(&self.app);
        let Ok(_place) = app.enrolments.try_acquire() else {
            app.metrics.alarms.raise(Alarm::StrangersFull, Some(home));
            return Err(Problem::busy());
        };
        let admitted = self.at_writer(checked, frame_bytes).await?;
        let done = app.for_stranger(home, move |app| reply(app, Message::Enrol, &admitted, wanted)).await?;
        done.0
    }

    /// Stage two: waits in the bounded queue until the entries are durable.
    async fn at_writer(&mut self, checked: Checked, bytes: usize) -> Result<Durable<Admitted>, Problem> {
        let (app, home) = (&self.app, self.owner.caller.home);
        let (answer, outcome) = oneshot::channel();
        let ahead = app.metrics.queue.inc();
        self.notes.ahead.writer = usize::try_from(ahead).unwrap_or(0);
        app.work.try_send(Work::Request(Box::new(Job { checked, bytes, answer }))).map_err(|error| {
            app.metrics.queue.dec();
            match error {
                TrySendError::Full(_) => app.turn_device_away(home),
                TrySendError::Closed(_) => Problem::stopping(),
            }
        })?;
        let admitted = outcome.await.map_err(|_| Problem::stopping())??;
        let notes = &mut self.notes;
        notes.accepted = admitted.stats.accepted;
        notes.quarantined = admitted.stats.quarantined;
        notes.duplicates = admitted.stats.duplicates;
        Ok(admitted)
    }
}

/// What an authentic request brings, and what that costs its device.
fn check_entries(app: &AppState, authentic: Authentic, frame_bytes: usize) -> Result<Checked, Problem> {
    let device = authentic.device;
    app.throttle.charge(device, Effort::asked(frame_bytes));
    let (rows, hub) = app.handles();
    let checked = hub.check_entries(&*rows, authentic).inspect_err(|error| {
        if matches!(error.code(), "bad_chain") {
            app.throttle.charge(device, Effort::FORGED);
        }
    })?;
    app.throttle.charge(device, Effort::brought(&checked));
    Ok(checked)
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
    let ticket = app.tickets.make(admitted.device, now_ms());
    let people = app.people.exchange(admitted);
    let view = app.view();
    let grants = view.hub.blob_grants(&*view.rows, admitted)?;
    let blobs = grants.iter().map(|grant| Some(app.tickets.for_blob(grant.as_ref()?, now_ms()))).collect();
    let beside = Beside { ticket, people, blobs };
    let frame = view.hub.reply(&*view.rows, &*view.lines, view.seq, now_ms(), admitted, beside)?;
    drop(view);
    if matches!(message, Message::Sync) {
        app.throttle.charge(admitted.device, Effort { bytes: frame.len(), ..Effort::default() });
    }
    Ok(body::encode(wanted, frame))
}
