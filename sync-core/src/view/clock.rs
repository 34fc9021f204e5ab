//! Clock: what is known of when an entry was made. A device's clock is a claim. The log gives a bracket
//! around it: not before the newest checkpoint that the entry embeds, not after another party held the entry.
//!
//! Nothing here orders, refuses or loses an entry.

use serde::Serialize;

use super::entries::Arrivals;
use super::words::Sentence;
use crate::id::{BootId, DeviceId};
use crate::log::entry::Header;
use crate::log::verdict::Receipt;
use crate::rows::{Rows, RowsError, decode, read};
use crate::state::authority::CarriedHead;
use crate::state::fold::EntryRow;
use crate::state::keyspace;
use crate::time::{TimeMs, rfc3339};

pub use crate::time::TOLERANCE_MS;
/// How far wall clock and monotonic clock may part between two entries of one start before it is reported, in
/// milliseconds. One minute: networks correct phones by seconds, people by minutes and hours.
pub const JUMP_MS: i64 = 60_000;

/// How a claim stands to its bracket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Plausible {
    /// Inside the bracket, or within the tolerance of it.
    Consistent,
    /// Earlier than the entry can have been made.
    BeforeBracket,
    /// Later than the time at which another party held it already.
    AfterBracket,
    /// The entry embeds no checkpoint: there is no lower bound.
    NoAnchor,
}

impl Plausible {
    /// Returns the stable name.
    pub fn code(self) -> &'static str {
        match self {
            Self::Consistent => "consistent",
            Self::BeforeBracket => "before_bracket",
            Self::AfterBracket => "after_bracket",
            Self::NoAnchor => "no_anchor",
        }
    }
}

/// The bounds of the time at which an entry was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bracket {
    /// Arrival of the newest entry in the checkpoint it embeds.
    pub not_before_ms: Option<TimeMs>,
    /// Time at which a carrier vouched for it.
    pub carried_ms: Option<TimeMs>,
    /// Time of arrival at the server.
    pub received_ms: Option<TimeMs>,
}

impl Bracket {
    /// Returns the earliest moment at which another party held the entry. A carrier's claim counts if the
    /// carrier's clock was inside the bracket: a carrier with a wrong clock accuses no device.
    pub fn not_after_ms(&self) -> Option<TimeMs> {
        let is_late = |ms: TimeMs| self.received_ms.is_some_and(|end| ms > end.saturating_add(TOLERANCE_MS));
        let is_early =
            |ms: TimeMs| self.not_before_ms.is_none_or(|start| ms < start.saturating_sub(TOLERANCE_MS));
        let carried = self.carried_ms.filter(|ms| !is_late(*ms) && !is_early(*ms));
        carried.into_iter().chain(self.received_ms).min()
    }

    /// Returns the relation of a claim to the bracket.
    pub fn judge(&self, claimed_ms: TimeMs) -> Plausible {
        let is_late = |end: TimeMs| claimed_ms > end.saturating_add(TOLERANCE_MS);
        match self.not_before_ms {
            _ if self.not_after_ms().is_some_and(is_late) => Plausible::AfterBracket,
            None => Plausible::NoAnchor,
            Some(start) if claimed_ms < start.saturating_sub(TOLERANCE_MS) => Plausible::BeforeBracket,
            Some(_) => Plausible::Consistent,
        }
    }
}

/// Returns how far the wall clock moved beside the monotonic one since the device's previous entry, in
/// milliseconds, where that is over [`JUMP_MS`]. Between two starts of the system nothing can be said, nor
/// where the system names none.
pub fn jump_ms(previous: &Header, this: &Header) -> Option<i64> {
    if previous.boot != this.boot || this.boot == BootId::ZERO {
        return None;
    }
    let clamped = |monotonic_ms: u64| i64::try_from(monotonic_ms).unwrap_or(i64::MAX);
    let monotonic = clamped(this.monotonic_ms).saturating_sub(clamped(previous.monotonic_ms));
    let apart = this.claimed_at_ms.saturating_sub(previous.claimed_at_ms).saturating_sub(monotonic);
    (apart.unsigned_abs() > JUMP_MS.unsigned_abs()).then_some(apart)
}

/// Returns the carrier's claim for an entry of a device; `None` if there is none. A claim about a head that
/// is not on the chain counts for nothing.
pub fn carried_at(rows: &dyn Rows, device: &DeviceId, seq: u64) -> Result<Option<CarriedHead>, RowsError> {
    let prefix = keyspace::carried_heads(device);
    let mut heads: Vec<(u64, Result<Vec<CarriedHead>, RowsError>)> = Vec::new();
    rows.scan(&prefix, &keyspace::carried_head(device, seq), &mut |key, value| {
        if let Ok(at) = key[prefix.len()..].try_into().map(u64::from_be_bytes) {
            heads.push((at, decode(value)));
        }
        true
    })?;
    for (at, words) in heads {
        let row: Option<EntryRow> = read(rows, &keyspace::entry(device, at))?;
        let hash = row.and_then(|row| row.hash);
        if let Some(word) = words?.into_iter().find(|word| hash == Some(word.head)) {
            return Ok(Some(word));
        }
    }
    Ok(None)
}

/// Returns the device's clock less the server's when an entry arrived, in milliseconds: the newest sample at
/// or before that ledger number; of an entry that is not sent, the newest. `None` where the two were never
/// seen to differ.
pub fn skew_ms(rows: &dyn Rows, device: &DeviceId, arrived: Option<u64>) -> Result<Option<i64>, RowsError> {
    let prefix = keyspace::clocks(device);
    let end = keyspace::clock(device, arrived.unwrap_or(u64::MAX));
    let mut nearest = None;
    rows.scan(&prefix, &prefix, &mut |key, value| {
        let is_before = key <= end.as_slice();
        if is_before {
            nearest = Some(decode::<i64>(value));
        }
        is_before
    })?;
    nearest.transpose()
}

/// When something was done, by every clock there is, and what that is worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntryTime {
    /// The device's claim; `None` if only the arrival of the entry is known here.
    pub claimed_at: Option<String>,
    /// Not before this, by the checkpoint it embeds.
    pub not_before: Option<String>,
    /// A carrier cosigned for it then.
    pub carried_at: Option<String>,
    /// The server had it then.
    pub received_at: Option<String>,
    /// How the claim stands to that.
    pub time: Plausible,
    /// How far the wall clock jumped since the device's previous entry.
    pub clock_jump_ms: Option<i64>,
    /// Whether the device was restarted since its previous entry.
    pub boot_changed: bool,
    /// The device's clock less the server's at its nearest contact.
    pub skew_ms: Option<i64>,
    /// What that means, and what cannot be proven.
    pub time_note: Sentence,
}

/// Returns the time of an entry by every clock, and what that is worth. `previous` is the device's entry
/// before it, if this device has that.
pub fn entry_time(
    rows: &dyn Rows,
    arrivals: &Arrivals,
    header: &Header,
    receipt: Option<&Receipt>,
    previous: Option<&Header>,
) -> Result<EntryTime, RowsError> {
    // A checkpoint that holds the entry itself, or more, was not there yet when the entry was made.
    let size = header.anchor.size;
    let is_possible = size > 0 && receipt.is_none_or(|receipt| size < receipt.seq);
    let carried = carried_at(rows, &header.device, header.seq)?;
    let bracket = Bracket {
        not_before_ms: if is_possible { arrivals.not_before(size) } else { None },
        carried_ms: carried.map(|head| head.claimed_at_ms),
        received_ms: receipt.map(|receipt| receipt.received_at_ms),
    };
    let time = bracket.judge(header.claimed_at_ms);
    let is_other = |previous: &Header| previous.boot != header.boot;
    let clock_jump_ms = previous.and_then(|previous| jump_ms(previous, header));
    let is_named = |header: &Header| header.boot != BootId::ZERO;
    let boot_changed =
        previous.filter(|previous| is_named(previous) && is_named(header)).is_some_and(is_other);
    Ok(EntryTime {
        claimed_at: Some(rfc3339(header.claimed_at_ms)),
        not_before: bracket.not_before_ms.map(rfc3339),
        carried_at: bracket.carried_ms.map(rfc3339),
        received_at: bracket.received_ms.map(rfc3339),
        time,
        clock_jump_ms,
        boot_changed,
        skew_ms: skew_ms(rows, &header.device, receipt.map(|receipt| receipt.seq))?,
        time_note: note(&bracket, time, clock_jump_ms, boot_changed),
    })
}

fn note(bracket: &Bracket, time: Plausible, jump: Option<i64>, boot_changed: bool) -> Sentence {
    let mut es = vec![told(bracket, time, true)];
    let mut en = vec![told(bracket, time, false)];
    if let Some(jump) = jump {
        let (es_way, en_way) = if jump < 0 { ("atrasó", "back") } else { ("adelantó", "forward") };
        let amount = amount(jump);
        es.push(format!("El reloj del equipo se {es_way} {amount} desde su hecho anterior."));
        en.push(format!("The device's clock was set {en_way} {amount} since its entry before."));
    }
    if boot_changed {
        es.push("El equipo se reinició desde su hecho anterior: un salto entre ambos no se ve.".into());
        en.push(
            "The device was restarted since its entry before: a jump between the two is not seen.".into(),
        );
    }
    Sentence::new(es.join(" "), en.join(" "))
}

fn told(bracket: &Bracket, time: Plausible, is_es: bool) -> String {
    let start = bracket.not_before_ms.map(rfc3339);
    let end = bracket.not_after_ms().map(rfc3339);
    let text = |es: String, en: String| if is_es { es } else { en };
    let span = match (&start, &end) {
        (Some(start), Some(end)) => text(
            format!(
                "Se hizo entre {start} y {end}; el momento exacto dentro de ese lapso es palabra del equipo y no se puede probar."
            ),
            format!(
                "It was made between {start} and {end}; the exact moment inside is the device's word and cannot be proven."
            ),
        ),
        (None, Some(end)) => text(
            format!(
                "Se hizo antes de {end}; no trae sello anterior, así que desde cuándo no se puede probar."
            ),
            format!(
                "It was made before {end}; it embeds no earlier checkpoint, so since when cannot be proven."
            ),
        ),
        (Some(start), None) => text(
            format!(
                "Se hizo después de {start}; el servidor aún no lo tiene, así que hasta cuándo no se puede probar."
            ),
            format!(
                "It was made after {start}; the server does not have it yet, so until when cannot be proven."
            ),
        ),
        (None, None) => text(
            "La hora es solo palabra del equipo: nada de ella se puede probar.".into(),
            "The time is the device's word alone: none of it can be proven.".into(),
        ),
    };
    let outside = match time {
        Plausible::BeforeBracket => text(
            "La hora dicha es anterior a lo posible. ".into(),
            "The claimed time is earlier than possible. ".into(),
        ),
        Plausible::AfterBracket => text(
            "La hora dicha es posterior a lo posible. ".into(),
            "The claimed time is later than possible. ".into(),
        ),
        Plausible::Consistent | Plausible::NoAnchor => String::new(),
    };
    format!("{outside}{span}")
}

/// Returns a duration for people, `2 h 5 min`, without its sign.
pub fn amount(ms: i64) -> String {
    let minutes = ms.unsigned_abs() / 60_000;
    let (days, hours, rest) = (minutes / 1_440, minutes / 60 % 24, minutes % 60);
    match (days, hours) {
        (0, 0) => format!("{rest} min"),
        (0, _) => format!("{hours} h {rest} min"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests;
