//! The case file as one page: black on white, A4 or letter, Spanish with English beside it, nothing loaded from
//! anywhere.

mod photos;
mod proof;
mod story;

use std::collections::BTreeMap;

use sync_core::rules::Rules;
use sync_core::view::case::CaseFile;
use sync_core::view::order::OrderView;
use sync_core::view::words::Sentence;
use words::{Lang, Text, say};

use super::html::Html;
use crate::commands::order::{Added, Correction, Material, Note, Reading, Voided, items, shown};
use crate::labels;
use crate::when::When;

/// The page's style. No colour carries meaning: it is printed.
const STYLE: &str = include_str!("case.css");

/// A page being written.
struct Page<'p> {
    html: Html,
    when: &'p When,
    rules: &'p Rules,
    case: &'p CaseFile,
    pictures: &'p Pictures,
}

/// Bytes of photos, by their names.
pub type Pictures = BTreeMap<String, Vec<u8>>;

/// The whole page.
pub fn render(when: &When, rules: &Rules, case: &CaseFile, pictures: &Pictures) -> String {
    let mut page = Page { html: Html::default(), when, rules, case, pictures };
    page.head();
    page.html.fixed("<body>\n");
    page.heading();
    page.summary();
    page.work();
    page.history();
    page.differences();
    page.devices();
    page.proof();
    page.not_provable();
    page.foot();
    page.html.fixed("</body>\n</html>\n");
    page.html.finish()
}

impl Page<'_> {
    fn head(&mut self) {
        // Nothing may be loaded and nothing may run, whatever a text holds.
        self.html.fixed(
            "<!DOCTYPE html>\n<html lang=\"es-MX\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
        );
        let title = say!("case-title", folio = &self.case.folio);
        self.brief("title", "", &title);
        self.html.open("style", "").fixed(STYLE).close("style").fixed("</head>\n");
    }

    /// Spanish, and English beside it where it differs.
    fn both(&mut self, text: &Text) {
        let (es, en) = (text.of(Lang::Es), text.of(Lang::En));
        self.html.text(&es);
        if !en.is_empty() && en != es {
            self.html.text(" ").element("span", "en", &en);
        }
    }

    /// An element whose text is said in Spanish alone: a narrow column has no room for two languages.
    fn brief(&mut self, tag: &'static str, class: &'static str, text: &Text) {
        self.html.element(tag, class, &text.of(Lang::Es));
    }

    fn section(&mut self, heading: &Text) {
        self.html.open("h2", "");
        self.both(heading);
        self.html.close("h2");
    }

    fn headings(&mut self, columns: &[Text]) {
        self.html.fixed("<table>\n<thead><tr>");
        for column in columns {
            self.html.open("th", "");
            self.both(column);
            self.html.close("th");
        }
        self.html.fixed("</tr></thead>\n<tbody>\n");
    }

    fn end_table(&mut self) {
        self.html.fixed("</tbody>\n</table>\n");
    }

    fn sentence(&mut self, sentence: &Sentence) {
        self.both(&Text::both(sentence.es.as_str(), sentence.en.as_str()));
    }

    /// A time in the zone that the page names; a dash where none is known.
    fn time(&self, rfc3339: Option<&str>) -> String {
        match rfc3339 {
            None | Some("") => "—".into(),
            Some(at) => self.when.second_of(at),
        }
    }

    fn heading(&mut self) {
        let case = self.case;
        let key = case.municipality_key;
        self.html.open("header", "");
        self.html.element("div", "town", &format!("{} · {key}", case.municipality));
        self.html.open("p", "kicker");
        self.both(&say!("case-kicker"));
        self.html.close("p").element("h1", "", &case.folio);
        if let Some(title) = case.order.as_ref().and_then(|order| order.title.as_deref()) {
            self.html.element("p", "title", title);
        }
        self.html.close("header");
        for limit in &case.limits {
            self.html.open("div", "box");
            self.sentence(limit);
            self.html.close("div");
        }
    }

    fn term(&mut self, term: &Text, value: &str) {
        if value.is_empty() {
            return;
        }
        self.html.open("dt", "");
        self.both(term);
        self.html.close("dt").element("dd", "", value);
    }

    fn summary(&mut self) {
        let case = self.case;
        self.html.open("dl", "");
        if let Some(order) = &case.order {
            self.html.open("dt", "");
            self.both(&say!("case-status"));
            self.html.close("dt").open("dd", "").element("span", "state", &case.status_label.es);
            self.html.text(" ").element("span", "en", &case.status_label.en).close("dd");
            let kind = format!("{} · {}", order.kind_label.es, order.kind_label.en);
            self.term(&say!("case-kind"), &kind);
            for (term, value) in [
                (say!("case-locality"), &order.locality),
                (say!("case-crew"), &order.crew),
                (say!("case-asset"), &order.asset),
                (say!("case-due"), &order.due),
                (say!("case-plan"), &order.plan),
            ] {
                self.term(&term, value.as_deref().unwrap_or_default());
            }
            if let Some(priority) = &order.priority {
                self.html.open("dt", "");
                self.both(&say!("case-priority"));
                self.html.close("dt").open("dd", "");
                self.both(&labels::priority(priority));
                self.html.close("dd");
            }
        }
        let made = format!("{} · {}", self.time(Some(&case.made_at)), case.made_by);
        self.term(&say!("case-made"), &made);
        self.term(&say!("case-up-to"), &format!("n.º {}", case.server_seq));
        self.term(&say!("case-zone"), &self.when.zone_of(&case.made_at));
        self.term(&say!("case-record"), &case.record);
        self.html.close("dl");
    }

    /// What was written into the order, as it stands.
    fn work(&mut self) {
        let case = self.case;
        let Some(order) = &case.order else { return };
        if !order.description.is_empty() {
            self.section(&say!("case-description"));
            self.html.element("p", "pre", &order.description);
        }
        self.fields(order);
        self.readings(&items(&order.measurements));
        self.materials(&items(&order.materials));
        self.notes(&items(&order.notes));
        self.photos(&items(&order.photos));
        self.voided(&items(&order.voided));
    }

    fn fields(&mut self, order: &OrderView) {
        let kind = order.kind.as_str();
        if order.fields.is_empty() && order.checklist.is_empty() {
            return;
        }
        self.section(&say!("sheet-fields"));
        self.headings(&[say!("case-field"), say!("case-value")]);
        for (key, value) in &order.fields {
            let name = |lang| labels::field(self.rules, lang, kind, key);
            let shown = |lang| labels::value(self.rules, lang, kind, key, &shown(value));
            let (name, value) =
                (Text::both(name(Lang::Es), name(Lang::En)), Text::both(shown(Lang::Es), shown(Lang::En)));
            self.pair(&name, &value);
        }
        let checks = self.rules.kinds.get(kind).map(|kind| kind.checklist.as_slice()).unwrap_or_default();
        for (key, value) in &order.checklist {
            let found = checks.iter().find(|check| check.key == *key).map(|check| &check.labels);
            let name = found.map_or_else(
                || Text::same(key.as_str()),
                |labels| Text::both(labels.es.as_str(), labels.en.as_str()),
            );
            let is_done = value.as_bool() == Some(true);
            self.pair(&name, &if is_done { say!("case-ticked") } else { say!("case-not-ticked") });
        }
        self.end_table();
    }

    fn pair(&mut self, name: &Text, value: &Text) {
        self.html.fixed("<tr><td>");
        self.both(name);
        self.html.fixed("</td><td>");
        self.both(value);
        self.html.fixed("</td></tr>\n");
    }

    fn readings(&mut self, readings: &[Reading]) {
        if readings.is_empty() {
            return;
        }
        self.section(&say!("sheet-measurements"));
        self.headings(&[
            say!("case-what"),
            say!("case-value"),
            say!("case-where"),
            say!("case-who"),
            say!("case-claimed"),
        ]);
        for reading in readings {
            let name = |lang| labels::measure(self.rules, lang, &reading.what);
            let name = Text::both(name(Lang::Es), name(Lang::En));
            self.html.fixed("<tr><td>");
            self.both(&name);
            let amount = format!("{} {}", reading.value, reading.unit);
            self.html.fixed("</td>").open("td", "num").text(&amount);
            self.flag(&reading.flag);
            self.corrected(reading.corrected.as_ref());
            self.html.close("td").element("td", "", &reading.place);
            self.who_when(&reading.by);
        }
        self.end_table();
    }

    fn flag(&mut self, flag: &str) {
        if !flag.is_empty() {
            let words = Text::both(labels::flag(flag, Lang::Es), labels::flag(flag, Lang::En));
            self.html.fixed("<br>").open("span", "mark").text("⚠ ");
            self.both(&words);
            self.html.close("span");
        }
    }

    fn materials(&mut self, materials: &[Material]) {
        if materials.is_empty() {
            return;
        }
        self.section(&say!("sheet-materials"));
        self.headings(&[
            say!("case-material"),
            say!("case-quantity"),
            say!("case-who"),
            say!("case-claimed"),
        ]);
        for material in materials {
            self.html.fixed("<tr>").element("td", "", &material.sku);
            self.html.open("td", "num").text(&format!("{} {}", material.qty, material.unit));
            self.flag(&material.flag);
            self.corrected(material.corrected.as_ref());
            self.html.close("td");
            self.who_when(&material.by);
        }
        self.end_table();
    }

    fn notes(&mut self, notes: &[Note]) {
        if notes.is_empty() {
            return;
        }
        self.section(&say!("sheet-notes"));
        self.headings(&[say!("case-note"), say!("case-who"), say!("case-claimed")]);
        for note in notes {
            self.html.fixed("<tr>").open("td", "pre").text(&note.text);
            self.corrected(note.corrected.as_ref());
            self.html.close("td");
            self.who_when(&note.by);
        }
        self.end_table();
    }

    /// What was written before a correction, who corrected it and why.
    fn corrected(&mut self, correction: Option<&Correction>) {
        let Some(correction) = correction else { return };
        let said = say!("sheet-corrected", from = correction.was(), reason = correction.reason.as_str());
        let at = self.time(Some(&correction.by.claimed_at));
        self.html.fixed("<br>").open("span", "mark");
        self.both(&said);
        self.html.text(" — ");
        self.person(&correction.by);
        self.html.text(&format!(" · {at}")).close("span");
    }

    fn voided(&mut self, voided: &[Voided]) {
        if voided.is_empty() {
            return;
        }
        self.section(&say!("sheet-voided"));
        self.headings(&[say!("case-what"), say!("word-why"), say!("case-who"), say!("case-claimed")]);
        for one in voided {
            self.html.fixed("<tr>").element("td", "pre", &one.what()).element("td", "", &one.voided.reason);
            self.who_when(&one.voided.by);
        }
        self.end_table();
    }

    fn who_when(&mut self, by: &Added) {
        let at = self.time(Some(&by.claimed_at));
        self.html.open("td", "who");
        self.person(by);
        self.html.close("td").element("td", "time", &at).fixed("</tr>\n");
    }

    /// The person, and that only the device says so where nothing proves it.
    fn person(&mut self, by: &Added) {
        if by.claim {
            self.both(&say!("word-as-claimed", who = by.person.as_str()));
        } else {
            self.html.text(&by.person);
        }
    }

    fn foot(&mut self) {
        let case = self.case;
        let at = self.time(Some(&case.made_at));
        self.html.open("footer", "");
        let (by, device, seq) = (&case.made_by, &case.made_on, case.server_seq);
        self.both(&say!("case-foot", at, by, device, seq));
        self.html.close("footer");
    }
}

#[cfg(test)]
mod tests;
