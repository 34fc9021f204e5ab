//! `crew sync`: one exchange with the server; `--watch` stays and exchanges whenever the server has news.

use std::io::{BufRead as _, BufReader, Read as _};
use std::time::Duration;

use clap::Args;
use sync_core::replica::sync::driver::Outcome;
use sync_core::view::own::RefusedEntry;

use crate::context::Context;
use crate::error::{CliError, exit};
use crate::exchange;
use crate::http::{HttpError, Patience, Server};
use crate::labels;
use crate::output::Report;
use crate::parting;
use crate::table::clean;
use crate::text::Word as _;
use words::{Lang, say};

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
        return watch(cx, args.poor_link);
    }
    let totals = exchange::run(cx, Patience::ordinary(), args.poor_link)?;
    if let Some(parted) = &totals.split {
        if !cx.screen.json {
            cx.screen.out(&told(cx, &totals));
        }
        return Err(parting::found(cx, parted));
    }
    Report::new(&totals, told(cx, &totals))
}

fn told(cx: &Context, totals: &Outcome) -> String {
    let style = cx.screen.style;
    let Outcome { pushed, pulled, accepted, round_trips, bytes_up, bytes_down, server_seq, .. } = totals;
    let held = totals.quarantined.len();
    let confirmed = accepted + held as u64;
    let mut text = match cx.screen.lang {
        Lang::Es => format!(
            "enviados               {pushed}\n\
             confirmados            {confirmed}  (aceptados {accepted}, retenidos {held})\n\
             recibidos              {pulled}\n\
             servidor al día hasta  {server_seq}\n"
        ),
        Lang::En => format!(
            "sent          {pushed}\n\
             confirmed     {confirmed}  (accepted {accepted}, held back {held})\n\
             received      {pulled}\n\
             server is at  {server_seq}\n"
        ),
    };
    for refused in &totals.quarantined {
        let folio = refused.folio.as_deref().unwrap_or("—");
        let reason = held_because(cx, refused);
        let word = cx.screen.lang.word("retenido", "held back");
        text.push_str(&format!("{} {}: {}\n", style.alert(word), clean(folio), clean(&reason)));
    }
    for decided in &totals.decided {
        let folio = clean(decided.folio.as_deref().unwrap_or("—"));
        let word = match decided.released {
            true => style.good(cx.screen.lang.word("liberado", "released")),
            false => style.alert(cx.screen.lang.word("desechado", "dismissed")),
        };
        text.push_str(&format!("{word} {folio}: {}\n", clean(&decided.reason)));
    }
    if totals.recovered > 0 {
        let word = cx.screen.lang.word("devueltos al servidor", "handed back to the server");
        text.push_str(&format!("{word}  {}\n", totals.recovered));
    }
    for refused in &totals.carried_refused {
        let word = cx.screen.lang.word("sin entregar, de", "not handed over, of");
        let reason = labels::carried_code(&refused.code).of(cx.screen.lang);
        text.push_str(&format!("{} {}: {}\n", style.alert(word), refused.device.short(), clean(&reason)));
    }
    if !totals.differs.is_empty() {
        let scopes: Vec<String> = totals.differs.iter().map(ToString::to_string).collect();
        let word = cx.screen.lang.word(
            "este equipo y el servidor no muestran lo mismo; no se perdió nada, avise a quien administra",
            "this device and the server do not show the same; nothing is lost, tell the administrator",
        );
        text.push_str(&format!("{}: {}\n", style.alert(word), clean(&scopes.join(", "))));
    }
    let trips = say!("count-round-trips", count = round_trips).of(cx.screen.lang);
    text.push_str(&style.dim(&format!("{trips}, ↑ {bytes_up} B, ↓ {bytes_down} B")));
    text.push('\n');
    text
}

fn held_because(cx: &Context, refused: &RefusedEntry) -> String {
    let reason = labels::reason_code(&refused.reason).of(cx.screen.lang);
    match &refused.detail {
        Some(detail) => format!("{reason} ({detail})"),
        None => reason,
    }
}

fn watch(cx: &Context, is_poor: bool) -> Result<Report, CliError> {
    let (url, device) = cx.read(|replica| {
        let identity = replica.identity()?;
        Ok((identity.url.clone(), identity.device))
    })?;
    let path = format!("/v1/events?device={device}");
    let seed = cx.seed()?;
    let mut wait_s = RETRY_FIRST_S;
    loop {
        match exchange::run_with(cx, &seed, Patience::ordinary(), is_poor) {
            Ok(totals) => {
                wait_s = RETRY_FIRST_S;
                if totals.pushed + totals.pulled > 0 {
                    cx.screen.out(&told(cx, &totals));
                }
                exchange::warn_of_parting(cx, &totals);
                if wait_for_news(cx, &url, &path).is_ok() {
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
    let roots = cx.home.roots().map_err(|error| HttpError::Tls(error.message.of(Lang::En)))?;
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
