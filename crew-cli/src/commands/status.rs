//! `crew status`: what is proven about this device, offline too. It never says more than that.

use sync_core::view::lists::DeviceStatus;
use words::{Text, say};

use crate::context::Context;
use crate::error::CliError;
use crate::labels;
use crate::output::Report;
use crate::table::pad;

/// Width of the column of labels.
const LABEL_COLUMNS: usize = 22;

/// Shows the state of this device.
///
/// # Errors
/// Not enrolled, or what the store answers.
pub fn run(cx: &Context) -> Result<Report, CliError> {
    let status = cx.read(|replica| Ok(replica.view().status()?))?;
    Report::new(&status, told(cx, &status))
}

/// The state, a line a fact.
pub(crate) fn told(cx: &Context, status: &DeviceStatus) -> String {
    let line = |(word, value): &(Text, String)| {
        format!("{}  {value}\n", pad(&word.of(cx.screen.lang), LABEL_COLUMNS))
    };
    lines(cx, status).iter().map(line).collect()
}

fn lines(cx: &Context, status: &DeviceStatus) -> Vec<(Text, String)> {
    let (lang, style) = (cx.screen.lang, cx.screen.style);
    let sent = match status.unsent {
        0 => style.good(&say!("status-all-sent").of(lang)),
        count => style.pending(&say!("status-unsent", count).of(lang)),
    };
    let in_review = match status.quarantined {
        0 => say!("status-nothing").of(lang),
        count => style.alert(&format!("{count} (crew quarantine list)")),
    };
    let answer = match &status.last_contact {
        Some(at) => cx.when.both_of(at),
        None => say!("state-not-known").of(lang),
    };
    let mut lines = vec![
        (say!("word-device"), device(cx, status)),
        (say!("status-work"), sent),
        (say!("state-in-review"), in_review),
        (say!("status-last-answer"), answer),
        (say!("status-signed-since"), signed_since(cx, status)),
        (say!("status-server-seq"), say!("ledger-number", seq = status.server_seq).of(lang)),
        (say!("status-records"), status.records.to_string()),
    ];
    if status.carried > 0 {
        lines.push((say!("status-carried"), status.carried.to_string()));
    }
    if status.dismissed > 0 {
        let how = format!("{} (crew quarantine list --dismissed)", status.dismissed);
        lines.push((say!("status-dismissed"), how));
    }
    if let Some(reason) = &status.revoked {
        lines.push((say!("state-revoked"), style.alert(reason)));
    }
    if let Some(at) = status.partings.last() {
        let words = say!("status-split", at = cx.when.both_of(at)).of(lang);
        lines.push((say!("status-warning"), style.alert(&words)));
    }
    lines
}

/// Since when the office signed nothing new; after a week of contacts that brought nothing, with what to do.
fn signed_since(cx: &Context, status: &DeviceStatus) -> String {
    let lang = cx.screen.lang;
    match &status.signed_since {
        None => say!("state-not-known").of(lang),
        Some(at) if status.is_signed_long_ago => {
            let at = cx.when.both_of(at);
            cx.screen.style.alert(&say!("status-signed-long-ago", at).of(lang))
        }
        Some(at) => cx.when.both_of(at),
    }
}

fn device(cx: &Context, status: &DeviceStatus) -> String {
    let DeviceStatus { name, municipality, device, role, .. } = status;
    let role = labels::role_key(role, cx.screen.lang);
    format!("{name} · {role} · {municipality} ({})", device.chars().take(8).collect::<String>())
}
