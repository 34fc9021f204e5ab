//! Exchange: requests and replies until neither side has more. The store is free while the network is slow, so that
//! work can be noted meanwhile; a lock of its own keeps a second exchange out.

use std::time::Duration;

use serde::Serialize;
use sync_core::crypto::SecretKey;
use sync_core::id::DeviceId;
use sync_core::limits::{MESSAGE_BYTES_AIM, MESSAGE_BYTES_AIM_POOR, ROUND_TRIPS_MAX};
use sync_core::replica::sync::request::Shape;
use sync_core::replica::{DecidedEntry, Exchanged, PartedPast, Replica, ReplicaError, Request, Succeeded};
use sync_core::scope::Scope;
use sync_core::view::own::RefusedEntry;

use crate::context::Context;
use crate::error::{CliError, exit};
use crate::http::{HttpError, Patience, Reply, Server};
use crate::parting;
use crate::succession;
use crate::text;
use crate::text::Text;

/// Where the server takes exchanges.
const PATH: &str = "/v1/sync";
/// How often the smallest message is tried again after a cut or a time-out.
const TRIES_AT_SMALLEST: u32 = 2;
/// Replies in a row that say there is more and move nothing.
const IDLE_REPLIES_MAX: u32 = 4;
/// The server's words for changes it does not know, or knows otherwise, by their short names.
const SPELL_OUT: [&str; 2] = ["unknown_reference", "bad_chain"];

/// How much longer to wait for a server that asks for it.
#[derive(Debug)]
pub struct Waiting {
    left: Duration,
}

impl Waiting {
    /// As long as the patience for one request is.
    pub fn new(patience: Patience) -> Self {
        Self { left: patience.total }
    }

    /// Waits if that is what the server asked for and there is patience left; `true` if to ask again.
    pub fn as_told(&mut self, cx: &Context, error: &HttpError) -> bool {
        let HttpError::Refused { status: 429, retry_after_s: Some(seconds), .. } = error else {
            return false;
        };
        let wait = Duration::from_secs(*seconds);
        let Some(left) = self.left.checked_sub(wait) else { return false };
        self.left = left;
        cx.screen.warn(&text!(
            "el servidor pide esperar {seconds} s; se espera y se sigue, no se pierde nada",
            "the server asks to wait {seconds} s; waiting and going on, nothing is lost"
        ));
        std::thread::sleep(wait);
        true
    }
}

/// What an exchange came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Entries sent.
    pub pushed: u64,
    /// Entries received.
    pub pulled: u64,
    /// Own entries the server accepted.
    pub accepted: u64,
    /// Own entries the server holds back.
    pub quarantined: Vec<RefusedEntry>,
    /// Requests answered or not.
    pub round_trips: u64,
    /// Bytes sent: bodies as on the wire, without headers.
    pub bytes_up: u64,
    /// Bytes received: bodies as on the wire, without headers.
    pub bytes_down: u64,
    /// How far the server's ledger was.
    pub server_seq: u64,
    /// Own entries that were held back and that somebody has decided about.
    pub decided: Vec<DecidedEntry>,
    /// The server showed a past that is not the one this device kept.
    pub parted: Option<PartedPast>,
    /// Entries of others that the server had lost and this device handed over again.
    pub recovered: u64,
    /// This folder was a copy, and goes on under a new name.
    pub renamed: Option<Succeeded>,
    /// What the server did not take of what this device carries for others. It stays here.
    pub carried_refused: Vec<CarriedRefused>,
    /// Scopes in which this device and the server differ although both compared record by record, and nothing own is
    /// held back that would explain it.
    pub differs: Vec<Scope>,
}

/// A segment of another device that the server did not take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CarriedRefused {
    /// Whose it is.
    pub device: DeviceId,
    /// The server's word for why.
    pub code: String,
}

/// How large messages are, how they name changes, and how often to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pace {
    aim_bytes: usize,
    tries_left: u32,
    /// Every change by its whole hash: for a server that lost some of what this device knows.
    spell_out: bool,
    idle_replies: u32,
    /// Whether the attempt number was moved once already.
    has_jumped: bool,
}

impl Pace {
    fn new(is_poor: bool) -> Self {
        let aim_bytes = if is_poor { MESSAGE_BYTES_AIM_POOR } else { MESSAGE_BYTES_AIM };
        Self {
            aim_bytes,
            tries_left: TRIES_AT_SMALLEST,
            spell_out: false,
            idle_replies: 0,
            has_jumped: false,
        }
    }

    /// Whether, and how, to ask again after a request that failed.
    fn adapt(&mut self, error: &HttpError) -> bool {
        match error {
            // A chain that does not hold over there may be one that short names led astray.
            HttpError::Refused { code, .. } if SPELL_OUT.contains(&code.as_str()) && !self.spell_out => {
                self.spell_out = true;
                true
            }
            error if error.is_poor_link() => self.slow_down(),
            _ => false,
        }
    }

    /// Smaller messages after one that did not get through; `false` if there is nothing left to try.
    fn slow_down(&mut self) -> bool {
        if self.aim_bytes > MESSAGE_BYTES_AIM_POOR {
            self.aim_bytes = (self.aim_bytes / 2).max(MESSAGE_BYTES_AIM_POOR);
            return true;
        }
        self.tries_left = self.tries_left.saturating_sub(1);
        self.tries_left > 0
    }

    /// Counts replies that moved nothing; `false` once there were too many in a row.
    fn goes_on(&mut self, exchanged: &Exchanged) -> bool {
        let moved = exchanged.pulled + exchanged.accepted + exchanged.quarantined.len() as u64;
        self.idle_replies = if moved > 0 { 0 } else { self.idle_replies + 1 };
        self.idle_replies < IDLE_REPLIES_MAX
    }
}

/// Exchanges with the server until neither side has more.
///
/// # Errors
/// Connection, with how much stays unsent; integrity, if the reply is not the server's; what the store answers.
pub fn run(cx: &Context, patience: Patience, is_poor: bool) -> Result<Totals, CliError> {
    run_with(cx, &cx.seed()?, patience, is_poor)
}

/// As [`run`], with a seed that was opened before: `--watch` asks for the PIN once.
///
/// # Errors
/// As [`run`].
pub fn run_with(
    cx: &Context,
    seed: &[u8; 32],
    patience: Patience,
    is_poor: bool,
) -> Result<Totals, CliError> {
    let _lock = cx.home.lock_exchange()?;
    let mut begun = begin(cx, seed, is_poor)?;
    let server =
        Server::trusting(&begun.url, patience, cx.home.roots()?).map_err(|error| failed(cx, error))?;
    let mut totals = Totals::default();
    let talk = Talk { cx, server: &server, patience, is_poor };
    // It may have been told before, and cut off.
    if begun.is_copy {
        totals.renamed = succession::run(cx, &server, seed)?;
        begun = begin(cx, seed, is_poor)?;
    }
    let is_copy = talk.exchange(begun, &mut totals)?;
    // A copy of another device goes on under a name of its own, at once: nothing of either is lost.
    if is_copy && let Some(renamed) = succession::run(cx, &server, seed)? {
        totals.renamed = Some(renamed);
        talk.exchange(begin(cx, seed, is_poor)?, &mut totals)?;
    }
    cx.screen.progress_done();
    // What own work builds on stays in view while that work is held back.
    if !totals.differs.is_empty() && cx.read(|replica| Ok(replica.view().status()?.quarantined > 0))? {
        totals.differs.clear();
    }
    Ok(totals)
}

/// Says aloud that the server showed another past, where a command does not end with that.
pub fn warn_of_parting(cx: &Context, totals: &Totals) {
    if let Some(parted) = &totals.parted {
        let alarm = parting::found(cx, parted);
        cx.screen.warn(&alarm.message);
        cx.screen.warn(&alarm.hint);
    }
}

/// What an exchange needs of the store, taken out in one opening: it is most of what a short exchange takes.
struct Begun {
    url: String,
    /// Whether this folder has to go on under another name first; then there is no request yet.
    is_copy: bool,
    key: SecretKey,
    request: Option<Request>,
}

fn begin(cx: &Context, seed: &[u8; 32], is_poor: bool) -> Result<Begun, CliError> {
    let Pace { aim_bytes, spell_out, .. } = Pace::new(is_poor);
    cx.write(|replica| {
        let (url, is_copy, key) = (replica.identity()?.url.clone(), replica.is_copy()?, replica.key(seed));
        let request = match is_copy {
            true => None,
            false => Some(request(replica, &key, aim_bytes, spell_out)?),
        };
        Ok(Begun { url, is_copy, key, request })
    })
}

/// The next request, signed.
fn request(
    replica: &mut Replica<'_>,
    key: &SecretKey,
    aim_bytes: usize,
    spell_out: bool,
) -> Result<Request, ReplicaError> {
    let shape = Shape { aim_bytes, spell_out };
    let own = replica.own_entries(shape)?.map(|own| own.by(key));
    Ok(replica.request(own, shape)?.by(key).into_request())
}

/// One quick try to tell the server. Whether it knows; if not, the person is told why, and nothing is lost.
pub fn try_quickly(cx: &Context) -> bool {
    match run(cx, Patience::quick(), false) {
        Ok(totals) => {
            warn_of_parting(cx, &totals);
            true
        }
        Err(error) => {
            cx.screen.warn(&error.message);
            false
        }
    }
}

/// Who speaks to whom, and how patiently.
struct Talk<'t> {
    cx: &'t Context,
    server: &'t Server,
    patience: Patience,
    is_poor: bool,
}

impl Talk<'_> {
    /// Goes on until neither side has more; answers whether the server showed that this folder is a copy.
    fn exchange(&self, begun: Begun, totals: &mut Totals) -> Result<bool, CliError> {
        let cx = self.cx;
        let Begun { key, request: mut first, mut is_copy, .. } = begun;
        let mut pace = Pace::new(self.is_poor);
        let mut waiting = Waiting::new(self.patience);
        while totals.round_trips < u64::from(ROUND_TRIPS_MAX) {
            let request = match first.take() {
                Some(request) => request,
                None => cx.write(|replica| Ok(request(replica, &key, pace.aim_bytes, pace.spell_out)?))?,
            };
            totals.round_trips += 1;
            let reply = match self.server.post(PATH, &request.frame) {
                Ok(reply) => reply,
                Err(error)
                    if pace.adapt(&error) || waiting.as_told(cx, &error) || skips(cx, &mut pace, &error)? =>
                {
                    continue;
                }
                Err(error) => return Err(failed(cx, error)),
            };
            let exchanged;
            (exchanged, is_copy) =
                cx.write(|replica| Ok((replica.on_reply(&request, &reply.frame)?, replica.is_copy()?)))?;
            let goes_on = pace.goes_on(&exchanged);
            let more = exchanged.more;
            totals.add(&reply, exchanged);
            if !more {
                break;
            }
            if !goes_on {
                return Err(stuck(cx));
            }
            tell(cx, totals);
        }
        Ok(is_copy)
    }
}

/// Moves the attempt number past the server's, once: this folder was restored from a copy and counts from then.
fn skips(cx: &Context, pace: &mut Pace, error: &HttpError) -> Result<bool, CliError> {
    match error {
        HttpError::Refused { last_attempt: Some(last), .. } if !pace.has_jumped => {
            pace.has_jumped = true;
            cx.write(|replica| Ok(replica.skip_attempts(*last)?))
        }
        _ => Ok(false),
    }
}

impl Totals {
    fn add(&mut self, reply: &Reply, exchanged: Exchanged) {
        self.bytes_up += reply.bytes_up;
        self.bytes_down += reply.bytes_down;
        self.pushed += exchanged.pushed;
        self.pulled += exchanged.pulled;
        self.accepted += exchanged.accepted;
        self.quarantined.extend(exchanged.quarantined);
        self.server_seq = exchanged.server_seq;
        self.decided.extend(exchanged.decided);
        self.parted = self.parted.or(exchanged.parted);
        self.recovered += exchanged.recovered;
        for (device, code) in exchanged.carried_refused {
            self.carried_refused.retain(|refused| refused.device != device);
            self.carried_refused.push(CarriedRefused { device, code });
        }
        // While there is more, the two sides are still comparing.
        self.differs = if exchanged.more { Vec::new() } else { exchanged.differs };
    }
}

/// Both sides say there is more, and nothing moves.
fn stuck(cx: &Context) -> CliError {
    let Text { es, en } = kept(cx);
    CliError::new(
        exit::OTHER,
        "stuck",
        text!(
            "el intercambio no avanza: el servidor no toma lo que falta",
            "the exchange does not get on: the server does not take what is left"
        ),
        text!("avise a quien administra; {es}", "tell the administrator; {en}"),
    )
}

fn tell(cx: &Context, totals: &Totals) {
    let (up, down) = (totals.pushed, totals.pulled);
    cx.screen.progress(&text!("enviados {up}, recibidos {down}…", "sent {up}, received {down}…"));
}

/// The error for a person, with what is safe.
pub(crate) fn failed(cx: &Context, error: HttpError) -> CliError {
    cx.screen.progress_done();
    error.into_cli(&kept(cx))
}

/// `nothing lost: 3 unsent stay`.
fn kept(cx: &Context) -> Text {
    match cx.read(|replica| Ok(replica.view().status()?.unsent)) {
        Ok(0) => {
            text!("no se perdió nada: no hay nada pendiente de enviar", "nothing lost: nothing is unsent")
        }
        Ok(1) => text!("no se perdió nada: queda 1 sin enviar", "nothing lost: 1 unsent stays"),
        Ok(unsent) => {
            text!("no se perdió nada: quedan {unsent} sin enviar", "nothing lost: {unsent} unsent stay")
        }
        Err(_) => text!("no se perdió nada", "nothing lost"),
    }
}

#[cfg(test)]
mod tests {
    use super::Pace;
    use crate::http::HttpError;

    #[test]
    fn messages_halve_down_to_the_smallest_and_then_it_ends() {
        let mut pace = Pace::new(false);
        let mut aims = vec![pace.aim_bytes / 1024];
        while pace.slow_down() {
            aims.push(pace.aim_bytes / 1024);
        }
        assert_eq!(aims, [256, 128, 64, 32, 16, 16]);
        let mut poor = Pace::new(true);
        assert_eq!(poor.aim_bytes, 16 * 1024);
        assert!(poor.slow_down() && !poor.slow_down());
    }

    #[test]
    fn a_server_that_lost_something_is_told_in_full_once() {
        let mut pace = Pace::new(false);
        let refused = |code: &str| HttpError::Refused {
            status: 409,
            code: code.into(),
            message: String::new(),
            hint: String::new(),
            retry_after_s: None,
            last_attempt: None,
        };
        assert!(!pace.adapt(&refused("gap")));
        assert!(pace.adapt(&refused("unknown_reference")) && pace.spell_out);
        assert!(!pace.adapt(&refused("unknown_reference")));
        assert!(!pace.adapt(&HttpError::Portal { status: 200 }));
    }
}
