//! `crew sync`: one exchange with the server; `--watch` stays and exchanges whenever the server has news.

use std::io::{BufRead as _, BufReader, Read as _};
use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;
use sync_core::replica::sync::driver::Outcome;
use sync_core::view::own::RefusedEntry;
use words::{Text, say};

use crate::commands::audit::cosign;
use crate::context::Context;
use crate::error::{CliError, exit};
use crate::exchange::{self, Photos, PhotosWhen};
use crate::http::{HttpError, Patience, Server, TlsTrouble};
use crate::labels;
use crate::output::Report;
use crate::parting;
use crate::table::{clean, pad};

/// Width of the column of labels.
const LABEL_COLUMNS: usize = 22;
/// Without a word from the server for this long, the line is taken for dead.
const SILENCE_MAX: Duration = Duration::from_secs(90);
/// First and longest wait before another try, in seconds.
const RETRY_FIRST_S: u64 = 2;
const RETRY_MAX_S: u64 = 60;
/// Longest line of the event stream, in bytes.
const EVENT_LINE_BYTES_MAX: u64 = 4_096;

/// Arguments of `sync`.
#[derive(Debug, Args)]
pub struct SyncArgs {
    /// Small messages from the start, for a bad connection
    #[arg(long)]
    pub poor_link: bool,
    /// When photos go: now, later or ask; otherwise now, and later on a bad connection
    #[arg(long, value_name = "WHEN", value_parser = PossibleValuesParser::new(["now", "later", "ask"]))]
    pub photos: Option<String>,
    /// Stay, and exchange whenever the server has news
    #[arg(long, conflicts_with = "json")]
    pub watch: bool,
}

/// Exchanges.
///
/// # Errors
/// Connection, integrity, or what the store answers.
pub fn run(cx: &Context, args: &SyncArgs) -> Result<Report, CliError> {
    if args.watch {
        return watch(cx, args.poor_link, when(cx, args)?);
    }
    let (totals, photos) = exchange::run(cx, Patience::ordinary(), args.poor_link, when(cx, args)?)?;
    if let Some(parted) = &totals.split {
        if !cx.screen.json {
            cx.screen.out(&told(cx, &totals))?;
        }
        return Err(parting::found(cx, parted));
    }
    let mut report = Report::new(&totals, told(cx, &totals) + &told_photos(cx, &photos))?;
    report.json["photos"] = serde_json::json!(photos);
    match cosign::by_device(cx) {
        Ok(None) => {}
        Ok(Some(path)) => {
            report.text.push_str(&format!("{}\n", say!("sync-cosigned", path = &path).of(cx.screen.lang)));
            report.json["cosigned"] = path.display().to_string().into();
        }
        // The exchange is done; what a witness could not confirm is said all the same.
        Err(error) => {
            cx.screen.warn(&error.message);
            cx.screen.warn(&error.hint);
        }
    }
    Ok(report)
}

/// When the photos go.
fn when(cx: &Context, args: &SyncArgs) -> Result<PhotosWhen, CliError> {
    match args.photos.as_deref() {
        Some("now") => Ok(PhotosWhen::Now),
        Some("later") => Ok(PhotosWhen::Later),
        None => Ok(if args.poor_link { PhotosWhen::Later } else { PhotosWhen::Now }),
        Some(_) => {
            let waiting = cx.read(|replica| Ok(replica.to_bring(true)?))?;
            let (count, bytes) = (waiting.len() as u64, waiting.iter().map(|blob| blob.bytes).sum::<u64>());
            let question = say!("sync-photos-ask", count, kb = bytes.div_ceil(1_000));
            let is_yes =
                count > 0 && cx.screen.agrees(&format!("{} ", question.of(cx.screen.lang)), false)?;
            Ok(if is_yes { PhotosWhen::Now } else { PhotosWhen::Later })
        }
    }
}

/// What was brought of photos, and what waits.
fn told_photos(cx: &Context, photos: &Photos) -> String {
    let (lang, style) = (cx.screen.lang, cx.screen.style);
    let mut text = String::new();
    if photos.sent > 0 {
        let said = say!("sync-photos-sent", count = photos.sent, kb = photos.bytes.div_ceil(1_000));
        text.push_str(&format!("{}\n", style.good(&said.of(lang))));
    }
    for (sha256, code) in &photos.refused {
        let said = say!("sync-photo-refused", name = sha256.short(), why = labels::blob_code(code));
        text.push_str(&format!("{}\n", style.alert(&said.of(lang))));
    }
    if photos.left > 0 {
        let said = say!("sync-photos-left", count = photos.left);
        text.push_str(&format!("{}\n", style.pending(&said.of(lang))));
    }
    text
}

/// How an exchange ended: what was sent and what of it counts, what came, and what a person should look at.
pub(crate) fn told(cx: &Context, outcome: &Outcome) -> String {
    let (lang, style) = (cx.screen.lang, cx.screen.style);
    let in_review = outcome.quarantined.len() as u64;
    let confirmed = outcome.accepted + in_review;
    let mut lines = vec![
        (say!("sync-saved"), outcome.pushed.to_string()),
        (say!("sync-sent"), say!("sync-sent-of", confirmed, counts = outcome.accepted, in_review).of(lang)),
        (say!("sync-received"), outcome.pulled.to_string()),
        (say!("status-server-seq"), say!("ledger-number", seq = outcome.server_seq).of(lang)),
    ];
    if outcome.recovered > 0 {
        lines.push((say!("sync-handed-back"), outcome.recovered.to_string()));
    }
    let line = |(word, value): (Text, String)| format!("{}  {value}\n", pad(&word.of(lang), LABEL_COLUMNS));
    let mut text: String = lines.into_iter().map(line).collect();
    for refused in &outcome.quarantined {
        let folio = labels::record(refused.folio.as_deref().unwrap_or("—")).of(lang);
        let state = style.alert(&say!("state-in-review").of(lang));
        text.push_str(&format!("{state} {}: {}\n", clean(&folio), clean(&because(refused).of(lang))));
    }
    if outcome.freed > 0 {
        text.push_str(&format!("{}\n", say!("sync-freed", count = outcome.freed).of(lang)));
    }
    for decided in &outcome.decided {
        let folio = clean(decided.folio.as_deref().unwrap_or("—"));
        let words = labels::decision(decided.released).of(lang);
        let state = if decided.released { style.good(&words) } else { style.alert(&words) };
        let reason = labels::by_program(&decided.reason).of(lang);
        text.push_str(&format!("{state} {folio}: {}\n", clean(&reason)));
    }
    for refused in &outcome.carried_refused {
        let what =
            style.alert(&say!("sync-not-handed-over", device = refused.device.short().to_string()).of(lang));
        text.push_str(&format!("{what}: {}\n", clean(&labels::carried_code(&refused.code).of(lang))));
    }
    if outcome.over_quota {
        text.push_str(&format!("{}\n", style.alert(&say!("sync-over-quota").of(lang))));
    }
    if !outcome.differs.is_empty() {
        let scopes: Vec<String> = outcome.differs.iter().map(ToString::to_string).collect();
        let what = style.alert(&say!("sync-differs").of(lang));
        text.push_str(&format!("{what}: {}\n", clean(&scopes.join(", "))));
    }
    let trips = say!("count-round-trips", count = outcome.round_trips).of(lang);
    let bytes = format!("{trips}, ↑ {} B, ↓ {} B", outcome.bytes_up, outcome.bytes_down);
    text.push_str(&format!("{}\n", style.dim(&bytes)));
    text
}

fn because(refused: &RefusedEntry) -> Text {
    labels::reason_with(&refused.reason, refused.detail_text.as_ref())
}

fn watch(cx: &Context, is_poor: bool, photos: PhotosWhen) -> Result<Report, CliError> {
    let url = cx.read(|replica| Ok(replica.identity()?.url.clone()))?;
    let seed = cx.seed()?;
    let mut wait_s = RETRY_FIRST_S;
    loop {
        match exchange::run_with(cx, &seed, Patience::ordinary(), is_poor, photos) {
            Ok((totals, brought)) => {
                wait_s = RETRY_FIRST_S;
                if totals.pushed + totals.pulled > 0 {
                    cx.screen.out(&(told(cx, &totals) + &told_photos(cx, &brought)))?;
                }
                exchange::warn_of_parting(cx, &totals);
                // A revoked device is given no ticket: it asks again now and then.
                let path = totals.ticket.map(|ticket| format!("/v1/events?ticket={ticket}"));
                if path.is_some_and(|path| wait_for_news(cx, &url, &path).is_ok()) {
                    continue;
                }
            }
            Err(error) if error.exit == exit::CONNECTION => cx.screen.warn(&error.message),
            Err(error) => return Err(error),
        }
        std::thread::sleep(Duration::from_secs(wait_s));
        wait_s = (wait_s * 2).min(RETRY_MAX_S);
    }
}

/// Returns at the first news, or once the stream ends.
fn wait_for_news(cx: &Context, url: &str, path: &str) -> Result<(), HttpError> {
    let roots = cx.home.roots().map_err(|_| HttpError::Tls(TlsTrouble::NoAuthority))?;
    let events = Server::trusting(url, Patience::ordinary(), roots)?.events(path, SILENCE_MAX)?;
    let mut events = BufReader::new(events);
    loop {
        let mut line = Vec::new();
        let read = events.by_ref().take(EVENT_LINE_BYTES_MAX).read_until(b'\n', &mut line);
        match read {
            Ok(0) => return Err(HttpError::Cut),
            Ok(_) if line.starts_with(b"event: news") => return Ok(()),
            Ok(_) => {}
            Err(_) => return Err(HttpError::Cut),
        }
    }
}
