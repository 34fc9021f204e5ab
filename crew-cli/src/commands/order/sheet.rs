//! The sheet of one order, as a person reads it: what it is, what differs, what was noted, and who did it when.

use std::collections::BTreeSet;

use sync_core::rules::Rules;
use sync_core::view::conflicts::Conflict;
use sync_core::view::order::{Event, OrderView};
use words::{Lang, Text, say};

use super::items::{Added, Correction, Decided, Material, Note, Photo, Reading, Voided, items, shown};
use crate::labels;
use crate::output::Screen;
use crate::table::{Table, clean, pad};
use crate::when::When;

/// Width of the column of labels.
const LABEL_COLUMNS: usize = 22;

struct Sheet<'s> {
    screen: Screen,
    when: &'s When,
    rules: &'s Rules,
    text: String,
}

/// The whole sheet. `here` are the photos whose bytes are on this device.
pub(crate) fn render(
    screen: Screen,
    when: &When,
    rules: &Rules,
    order: &OrderView,
    here: &BTreeSet<String>,
) -> String {
    let mut sheet = Sheet { screen, when, rules, text: String::new() };
    sheet.heading(order);
    sheet.conflicts(order);
    sheet.plain(order);
    sheet.fields(order);
    sheet.checklist(order);
    sheet.measurements(&items(&order.measurements));
    sheet.materials(&items(&order.materials));
    sheet.notes(&items(&order.notes));
    sheet.photos(&items(&order.photos), here);
    sheet.voided(&items(&order.voided));
    sheet.decisions(order, &items(&order.decisions));
    sheet.history(order);
    sheet.text
}

impl Sheet<'_> {
    fn lang(&self) -> Lang {
        self.screen.lang
    }

    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn section(&mut self, heading: &Text) {
        let heading = self.screen.style.bold(&heading.of(self.lang()));
        self.line("");
        self.line(&heading);
    }

    fn labelled(&mut self, label: &str, value: &str) {
        self.line(&format!("  {}  {}", pad(&clean(label), LABEL_COLUMNS), clean(value)));
    }

    /// As [`Self::labelled`], marked where the field has several values: none of them stands.
    fn labelled_in(&mut self, order: &OrderView, key: &str, label: &str, value: &str) {
        let is_open = order.conflicts.iter().any(|conflict| conflict.field == key);
        if is_open {
            let mark = self.screen.style.alert(&format!("⚠ {}", say!("sheet-not-settled").of(self.lang())));
            self.line(&format!("  {}  {}  {mark}", pad(&clean(label), LABEL_COLUMNS), clean(value)));
        } else {
            self.labelled(label, value);
        }
    }

    fn heading(&mut self, order: &OrderView) {
        let folio = self.screen.style.bold(&order.folio);
        let state = labels::state(self.rules, self.lang(), &order.status).to_owned();
        let kind = labels::kind(self.rules, self.lang(), &order.kind).to_owned();
        let mark = |key: &str| match order.conflicts.iter().any(|conflict| conflict.field == key) {
            true => self.screen.style.alert(" ⚠"),
            false => String::new(),
        };
        let (of_kind, of_state, of_title) = (mark("kind"), mark("status"), mark("title"));
        self.line(&format!("{folio}  {kind}{of_kind} · {state}{of_state}"));
        let title = clean(order.title.as_deref().unwrap_or_default());
        if !title.is_empty() {
            self.line(&format!("{title}{of_title}"));
        }
        let place = self.place(order);
        self.line(&place);
        for line in order.description.lines() {
            self.line(&format!("  {}", clean(line)));
        }
    }

    /// What is proven of where the order's work is: on this device, with the office, or in between.
    fn place(&self, order: &OrderView) -> String {
        let style = self.screen.style;
        if order.held_back {
            style.alert(&say!("sheet-in-review").of(self.lang()))
        } else if order.unsent {
            style.pending(&say!("sheet-saved").of(self.lang()))
        } else if order.kept {
            style.pending(&say!("sheet-kept").of(self.lang()))
        } else {
            style.good(&say!("sheet-counts").of(self.lang()))
        }
    }

    fn conflicts(&mut self, order: &OrderView) {
        for conflict in &order.conflicts {
            let field = clean(labels::sentence(&conflict.label, self.lang()));
            let heading = format!("⚠ {}", say!("sheet-two-values", field).of(self.lang()));
            let heading = self.screen.style.alert(&heading);
            self.line("");
            self.line(&heading);
            for line in conflict_lines(self.screen, self.when, &order.folio, conflict) {
                self.line(&format!("  {line}"));
            }
        }
    }

    /// What every order may have: where it is, whose, and by when.
    fn plain(&mut self, order: &OrderView) {
        self.line("");
        if !order.folios.is_empty() {
            let label = say!("sheet-folios").of(self.lang());
            self.labelled(&label, &order.folios.join(", "));
        }
        for (key, value) in [
            ("locality", &order.locality),
            ("asset", &order.asset),
            ("crew", &order.crew),
            ("priority", &order.priority),
            ("due", &order.due),
            ("plan", &order.plan),
        ] {
            if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
                let label = labels::field(self.rules, self.lang(), "", key);
                let is_priority = key == "priority";
                let value =
                    if is_priority { labels::priority(value).of(self.lang()) } else { value.to_owned() };
                self.labelled_in(order, key, &label, &value);
            }
        }
    }

    fn fields(&mut self, order: &OrderView) {
        if order.fields.is_empty() {
            return;
        }
        self.section(&say!("sheet-fields"));
        for (key, value) in &order.fields {
            let label = labels::field(self.rules, self.lang(), &order.kind, key);
            let value = labels::value(self.rules, self.lang(), &order.kind, key, &shown(value));
            self.labelled_in(order, key, &label, &value);
        }
    }

    /// Every line of the kind's checklist, ticked or not.
    fn checklist(&mut self, order: &OrderView) {
        let kind = self.rules.kinds.get(&order.kind);
        let lines: Vec<String> = kind
            .map(|kind| kind.checklist.as_slice())
            .unwrap_or_default()
            .iter()
            .map(|check| {
                let is_done =
                    order.checklist.get(&check.key).is_some_and(|value| value.as_bool() == Some(true));
                let mark = if is_done { "☑" } else { "☐" };
                let name = format!("checklist.{}", check.key);
                let is_open = order.conflicts.iter().any(|conflict| conflict.field == name);
                let open = if is_open { self.screen.style.alert(" ⚠") } else { String::new() };
                format!("  {mark} {}{open}", labels::label(&check.labels, self.lang()))
            })
            .collect();
        if lines.is_empty() {
            return;
        }
        self.section(&say!("sheet-checklist"));
        for line in lines {
            self.line(&line);
        }
    }

    fn measurements(&mut self, readings: &[Reading]) {
        if readings.is_empty() {
            return;
        }
        self.section(&say!("sheet-measurements"));
        for reading in readings {
            let what = labels::measure(self.rules, self.lang(), &reading.what).to_owned();
            let mut value = format!("{} {}", reading.value, reading.unit);
            if !reading.place.is_empty() {
                value.push_str(&format!(" · {}", reading.place));
            }
            let line = format!("  {}  {}", pad(&clean(&what), LABEL_COLUMNS), clean(&value));
            let mark = self.screen.style.alert(&self.flag(&reading.flag));
            let (number, who) = (self.number(&reading.number), self.who_when(&reading.by));
            self.line(&format!("{line}{mark}{number}{who}"));
            self.corrected(reading.corrected.as_ref());
        }
    }

    fn flag(&self, flag: &str) -> String {
        let words = labels::flag(flag, self.lang());
        if words.is_empty() { String::new() } else { format!("  ⚠ {}", clean(&words)) }
    }

    fn materials(&mut self, materials: &[Material]) {
        if materials.is_empty() {
            return;
        }
        self.section(&say!("sheet-materials"));
        for material in materials {
            let amount = format!("{} {}{}", material.qty, material.unit, self.flag(&material.flag));
            let line = format!("  {}  {}", pad(&clean(&material.sku), LABEL_COLUMNS), clean(&amount));
            let number = self.number(&material.number);
            self.line(&format!("{line}{number}"));
            self.corrected(material.corrected.as_ref());
        }
    }

    fn notes(&mut self, notes: &[Note]) {
        if notes.is_empty() {
            return;
        }
        self.section(&say!("sheet-notes"));
        for note in notes {
            let who = format!("{}{}", self.number(&note.number), self.who_when(&note.by));
            for (index, line) in note.text.lines().enumerate() {
                let tail = if index == 0 { who.as_str() } else { "" };
                self.line(&format!("  {}{tail}", clean(line)));
            }
            self.corrected(note.corrected.as_ref());
        }
    }

    fn photos(&mut self, photos: &[Photo], here: &BTreeSet<String>) {
        if photos.is_empty() {
            return;
        }
        let is_here = |photo: &&Photo| here.contains(&photo.sha256);
        let left: Vec<&Photo> = photos.iter().filter(|photo| photo.erased.is_none()).collect();
        let office = left.iter().filter(|photo| photo.at_office).count() as u64;
        let only_here =
            left.iter().filter(|photo| !photo.at_office).filter(|photo| is_here(photo)).count() as u64;
        let (all, elsewhere) = (left.len() as u64, left.len() as u64 - office - only_here);
        self.section(&say!("sheet-photos"));
        let said = say!("sheet-photos-where", all, office, here = only_here, elsewhere).of(self.lang());
        self.line(&format!("  {}", self.screen.style.dim(&said)));
        for photo in photos {
            let lang = self.lang();
            let what = labels::photo(&photo.what).of(lang);
            let words = [photo.caption.as_str(), photo.post.as_str()];
            let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).map(clean).collect();
            let place = match &photo.erased {
                Some(erased) => self.screen.style.alert(
                    &say!("sheet-photo-erased", seq = erased.seq, why = labels::erasure(&erased.reason))
                        .of(lang),
                ),
                None if photo.at_office => self.screen.style.good(&say!("sheet-photo-office").of(lang)),
                None if is_here(&photo) => self.screen.style.pending(&say!("sheet-photo-here").of(lang)),
                None => self.screen.style.pending(&say!("sheet-photo-elsewhere").of(lang)),
            };
            let (number, who) = (self.number(&photo.number), self.who_when(&photo.by));
            let line = format!("  {}  {}", pad(&what, LABEL_COLUMNS), words.join(" · "));
            self.line(&format!("{}  {place}{number}{who}", line.trim_end()));
        }
    }

    /// The number by which an element is corrected, dimmed.
    fn number(&self, number: &str) -> String {
        if number.is_empty() {
            String::new()
        } else {
            self.screen.style.dim(&format!("  [{}]", clean(number)))
        }
    }

    /// What was written before a correction, and why it counts no more.
    fn corrected(&mut self, correction: Option<&Correction>) {
        let Some(correction) = correction else { return };
        let said = say!("sheet-corrected", from = correction.was(), reason = correction.reason.as_str());
        let said = clean(&said.of(self.lang()));
        let who = self.who_when(&correction.by);
        self.line(&format!("    ↳ {said}{who}"));
    }

    /// What counts no more, and why.
    fn voided(&mut self, voided: &[Voided]) {
        if voided.is_empty() {
            return;
        }
        self.section(&say!("sheet-voided"));
        for one in voided {
            let (number, who) = (self.number(&one.number()), self.who_when(&one.voided.by));
            let line = format!("  {}: {}", clean(&one.what()), clean(&one.voided.reason));
            self.line(&format!("{line}{number}{who}"));
        }
    }

    /// What dispatch settled, and why.
    fn decisions(&mut self, order: &OrderView, decisions: &[Decided]) {
        if decisions.is_empty() {
            return;
        }
        self.section(&say!("sheet-decisions"));
        for decision in decisions {
            let label = labels::field(self.rules, self.lang(), &order.kind, &decision.field);
            let line =
                format!("  {}: {} ({})", clean(&label), clean(&decision.value), clean(&decision.reason));
            let who = self.who_when(&decision.by);
            self.line(&format!("{line}{who}"));
        }
    }

    fn history(&mut self, order: &OrderView) {
        if order.history.is_empty() {
            return;
        }
        self.section(&say!("sheet-history"));
        let headings = [say!("sheet-when-claimed"), say!("word-who"), say!("word-what"), Text::same("")];
        let mut table = Table::new(self.lang(), headings).below(&[2]);
        for event in &order.history {
            table.row([
                self.when.both_of(&event.by.claimed_at),
                self.as_known(who(event).to_owned(), event.by.claim),
                labels::sentence(&event.text, self.lang()).to_owned(),
                self.unconfirmed(order, event),
            ]);
        }
        let text = table.render(self.screen.width, self.screen.style);
        self.text.push_str(&text);
    }

    /// What is said of an event without a place in the ledger: of one of this device's own, that it is saved here; of
    /// another's, which the office once had, that nobody knows.
    fn unconfirmed(&self, order: &OrderView, event: &Event) -> String {
        match (event.seq, order.kept) {
            (Some(_), _) => String::new(),
            (None, true) => say!("state-not-known").of(self.lang()),
            (None, false) => say!("state-saved").of(self.lang()),
        }
    }

    /// The person, and that only the device says so where nothing proves it.
    fn as_known(&self, who: String, is_claim: bool) -> String {
        as_known(self.lang(), who, is_claim)
    }

    /// ` — C-07 · hace 2 h · 2026-11-21 03:36`, dimmed.
    fn who_when(&self, by: &Added) -> String {
        let at = match by.claimed_at.as_str() {
            "" => String::new(),
            at => self.when.both_of(at),
        };
        let who = self.as_known(clean(&by.person), by.claim);
        let words: Vec<String> = [who, at].into_iter().filter(|word| !word.is_empty()).collect();
        if words.is_empty() {
            String::new()
        } else {
            self.screen.style.dim(&format!("  — {}", words.join(" · ")))
        }
    }
}

fn as_known(lang: Lang, who: String, is_claim: bool) -> String {
    if is_claim { say!("word-as-claimed", who).of(lang) } else { who }
}

/// The person, or the device where no person is named.
fn who(event: &Event) -> &str {
    if event.by.person.is_empty() { &event.by.device } else { &event.by.person }
}

/// The values of a conflict, numbered as `--take` wants them, and the command that settles it.
pub(crate) fn conflict_lines(screen: Screen, when: &When, folio: &str, conflict: &Conflict) -> Vec<String> {
    let mut lines: Vec<String> = conflict
        .values
        .iter()
        .zip(1..)
        .map(|(value, number)| {
            let by = &value.by;
            let who = clean(if by.person.is_empty() { &by.device } else { &by.person });
            let who = as_known(screen.lang, who, by.claim);
            let at = when.both_of(&by.claimed_at);
            format!("{number}. {}  — {who} · {at}", clean(labels::sentence(&value.shown, screen.lang)))
        })
        .collect();
    let settle = say!("conflict-how-to-settle", folio, field = clean(&conflict.field));
    lines.push(format!("→ {}", settle.of(screen.lang)));
    lines
}
