//! Today: a crew's work as its screen shows it, ordered and judged: what is in hand, what is to be begun, what is done.

use std::collections::BTreeSet;

use serde::Serialize;

use super::lists::{Filter, OrderSummary};
use super::words::{Sentence, kind_label};
use super::{View, ViewError};
use crate::rules::fold_word;
use crate::time::TimeMs;

const DAY_MS: TimeMs = 86_400_000;
/// Most rows that a screen is given at once; the total says how many there are.
pub const ROWS_MAX: usize = 20_000;

/// How far something a person did has come: no more is said than is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tick {
    /// On this device.
    Saved,
    /// The office acknowledged it; its verdict is not known here.
    Sent,
    /// The office accepted it.
    Counts,
    /// The office has it, and it does not count yet.
    Review,
    /// Nobody answered.
    Unknown,
}

/// How the foot of every screen looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mood {
    /// All is well, as far as is known.
    Calm,
    /// Something is unsent, or doubtful.
    Mind,
    /// A person must decide.
    Decide,
}

/// What stands on every screen: what is unsent, and since when the office was last heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StateLine {
    /// Entries that no server has.
    pub unsent: u64,
    /// Photos and small forms that the office lacks and this device is to bring.
    pub photos_unsent: u64,
    /// When the office was last heard, by this device's clock, in milliseconds; `None` if never.
    pub heard_at_ms: Option<TimeMs>,
    /// Own entries in review.
    pub quarantined: u64,
    /// Values in conflict on the orders here.
    pub conflicts: u64,
    /// Why this device may no longer write, if so.
    pub revoked: Option<String>,
    /// Whether the server showed a history that contradicts one it had signed.
    pub split: bool,
    /// How it looks.
    pub mood: Mood,
    /// How far the least advanced of this device's work has come.
    pub tick: Tick,
    /// The municipality's hours: minutes east of UTC.
    pub utc_offset_min: i16,
}

/// One order in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its folio.
    pub folio: String,
    /// The folio without the municipality and the year.
    pub short: String,
    /// Its kind of work.
    pub kind: String,
    /// Which picture it has: its kind.
    pub glyph: String,
    /// The kind in words.
    pub title: Sentence,
    /// What its title says beside kind and place, if anything.
    pub about: Option<String>,
    /// The locality's name.
    pub place: Option<String>,
    /// Its state.
    pub status: String,
    /// How far the work on it has come: review before all, else the least advanced.
    pub tick: Tick,
    /// Whether it holds work that no server has, as a count.
    pub unsent: u64,
    /// Values in conflict.
    pub conflicts: u32,
    /// The day by which it is to be done.
    pub due: Option<String>,
    /// How many days ago that was, by this device's date in the municipality's zone; negative if it is still to come.
    pub days_late: Option<i64>,
    /// Whether it is ended.
    pub is_done: bool,
    /// Whether it is in hand.
    pub is_on: bool,
}

/// Rows that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// `in_progress`, `open` or `done`; `found`, where something was looked for.
    pub key: &'static str,
    /// Its rows, the most urgent first.
    pub rows: Vec<Row>,
}

/// A crew's day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Today {
    /// This device's date, in the municipality's zone.
    pub date: String,
    /// The device's name.
    pub name: String,
    /// Its crew.
    pub crew: Option<String>,
    /// The orders, by group; empty groups are left out.
    pub groups: Vec<Group>,
    /// Localities of the orders, by name, whatever the filter.
    pub places: Vec<String>,
    /// How many orders fit the filter.
    pub total: u64,
    /// What stands at the foot.
    pub state: StateLine,
}

/// What a person looks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
pub struct Looking {
    /// Part of a folio, a place or a kind, without regard to accents and capitals.
    #[serde(default)]
    pub query: Option<String>,
    /// `unsent`: only those with work that no server has; else the name of a locality.
    #[serde(default)]
    pub filter: Option<String>,
}

impl View<'_> {
    /// Returns the day of a crew's screen.
    ///
    /// # Errors
    /// Not enrolled, or the index does not read.
    pub fn today(&self, looking: &Looking) -> Result<Today, ViewError> {
        let identity = self.identity()?;
        let date = identity.utc_offset.day(self.now_ms());
        let orders = self.order_list(&Filter::default())?;
        let places: BTreeSet<String> = orders.iter().filter_map(|order| order.locality.clone()).collect();
        let conflicts = orders.iter().map(|order| u64::from(order.conflicts)).sum();
        let query = looking.query.as_deref().map(fold_word).filter(|query| !query.is_empty());
        let rows: Vec<Row> = orders
            .into_iter()
            .filter(|order| match looking.filter.as_deref() {
                None => true,
                Some("unsent") => order.unsent,
                Some(place) => order.locality.as_deref() == Some(place),
            })
            .map(|order| self.row_of(order, &date))
            .filter(|row| query.as_ref().is_none_or(|query| row.answers_to(query)))
            .collect();
        let total = rows.len() as u64;
        Ok(Today {
            date,
            name: identity.name.clone(),
            crew: identity.crew.clone(),
            groups: if query.is_some() { found(rows) } else { grouped(rows) },
            places: places.into_iter().collect(),
            total,
            state: self.state_line(conflicts)?,
        })
    }

    /// Returns an order's row, as of that date.
    pub(super) fn row_of(&self, order: OrderSummary, date: &str) -> Row {
        let title = kind_label(self.rules(), &order.kind);
        let usual = match &order.locality {
            Some(place) => format!("{} — {place}", title.es),
            None => title.es.clone(),
        };
        let is_done = ["done", "approved", "cancelled"].contains(&order.status.as_str());
        let tick = match (order.held_back, order.unsent) {
            (true, _) => Tick::Review,
            (false, true) => Tick::Saved,
            (false, false) => Tick::Counts,
        };
        Row {
            short: short(&order.folio),
            about: Some(order.title).filter(|about| *about != usual && !about.is_empty()),
            days_late: order.due.as_deref().filter(|_| !is_done).and_then(|due| days_between(due, date)),
            is_on: order.status == "in_progress",
            folio: order.folio,
            glyph: order.kind.clone(),
            kind: order.kind,
            unsent: u64::from(order.unsent),
            title,
            place: order.locality,
            status: order.status,
            tick,
            conflicts: order.conflicts,
            due: order.due,
            is_done,
        }
    }

    /// Returns the line at the foot of every screen.
    ///
    /// # Errors
    /// The index does not read.
    pub fn state_line(&self, conflicts: u64) -> Result<StateLine, ViewError> {
        let status = self.status()?;
        let heard_at_ms = Some(self.contact()?.at_ms).filter(|at| *at > 0);
        let split = !status.partings.is_empty();
        let must_decide = split || status.revoked.is_some() || status.quarantined + conflicts > 0;
        Ok(StateLine {
            mood: match (must_decide, status.unsent > 0 || heard_at_ms.is_none()) {
                (true, _) => Mood::Decide,
                (false, true) => Mood::Mind,
                (false, false) => Mood::Calm,
            },
            tick: match (status.quarantined > 0, status.unsent > 0, heard_at_ms) {
                (true, _, _) => Tick::Review,
                (false, true, _) => Tick::Saved,
                (false, false, None) => Tick::Unknown,
                (false, false, Some(_)) => Tick::Counts,
            },
            unsent: status.unsent,
            photos_unsent: 0,
            heard_at_ms,
            quarantined: status.quarantined,
            conflicts,
            revoked: status.revoked,
            split,
            utc_offset_min: self.identity()?.utc_offset.minutes(),
        })
    }
}

impl Row {
    fn answers_to(&self, query: &str) -> bool {
        let place = self.place.as_deref().unwrap_or_default();
        let about = self.about.as_deref().unwrap_or_default();
        let texts = [self.folio.as_str(), &self.title.es, &self.title.en, place, about];
        texts.iter().any(|text| fold_word(text).contains(query))
    }
}

fn found(rows: Vec<Row>) -> Vec<Group> {
    vec![Group { key: "found", rows: rows.into_iter().take(ROWS_MAX).collect() }]
}

fn grouped(rows: Vec<Row>) -> Vec<Group> {
    let mut groups = [("in_progress", Vec::new()), ("open", Vec::new()), ("done", Vec::new())]
        .map(|(key, rows)| Group { key, rows });
    for row in rows.into_iter().take(ROWS_MAX) {
        let group = if row.is_done { 2 } else { usize::from(!row.is_on) };
        groups[group].rows.push(row);
    }
    groups[0].rows.sort_by_key(|row| std::cmp::Reverse(row.days_late));
    groups[1].rows.sort_by_key(|row| (row.days_late.is_none(), std::cmp::Reverse(row.days_late)));
    groups[2].rows.reverse();
    groups.into_iter().filter(|group| !group.rows.is_empty()).collect()
}

/// Returns a folio without the municipality's letters and the year: `A4-0007`.
pub(super) fn short(folio: &str) -> String {
    match folio.splitn(3, '-').collect::<Vec<_>>()[..] {
        [_, year, rest] if year.len() == 2 => rest.to_owned(),
        _ => folio.to_owned(),
    }
}

/// Returns the days from one day to another, both `YYYY-MM-DD`.
fn days_between(from: &str, to: &str) -> Option<i64> {
    let at = |day: &str| crate::time::parse_rfc3339(&format!("{day}T00:00:00Z"));
    Some((at(to)? - at(from)?) / DAY_MS)
}

#[cfg(test)]
mod tests {
    use super::{days_between, short};

    #[test]
    fn a_folio_is_short_in_lists() {
        for (folio, said) in [("MZQ-26-A4-0007", "A4-0007"), ("A4-0007", "A4-0007"), ("x", "x"), ("", "")] {
            assert_eq!(short(folio), said);
        }
    }

    #[test]
    fn days_are_counted_over_months_and_years() {
        assert_eq!(days_between("2026-11-28", "2026-12-01"), Some(3));
        assert_eq!(days_between("2027-01-01", "2026-12-31"), Some(-1));
        assert_eq!(days_between("pronto", "2026-12-31"), None);
    }
}
