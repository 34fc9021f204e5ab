//! The case file as one page: black on white, A4 or letter, Spanish with English beside it, nothing loaded from
//! anywhere.

mod proof;
mod story;

use sync_core::rules::Rules;

use super::html::Html;
use crate::labels;
use crate::seen::Seen;
use crate::text::Lang;
use crate::when::When;

/// The page's style. No colour carries meaning: it is printed.
const STYLE: &str = include_str!("case.css");

/// A page being written.
struct Page<'p> {
    html: Html,
    when: &'p When,
    rules: &'p Rules,
    case: Seen<'p>,
}

/// The whole page.
pub fn render(when: &When, rules: &Rules, case: Seen<'_>) -> String {
    let mut page = Page { html: Html::default(), when, rules, case };
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
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
        );
        let title = format!("Expediente {}", self.case.text("folio"));
        self.html.element("title", "", &title);
        self.html.open("style", "").fixed(STYLE).close("style").fixed("</head>\n");
    }

    /// Spanish, and English beside it where it differs.
    fn both(&mut self, es: &str, en: &str) {
        self.html.text(es);
        if !en.is_empty() && en != es {
            self.html.text(" ").element("span", "en", en);
        }
    }

    fn section(&mut self, es: &'static str, en: &'static str) {
        self.html.open("h2", "");
        self.both(es, en);
        self.html.close("h2");
    }

    fn headings(&mut self, columns: &[(&'static str, &'static str)]) {
        self.html.fixed("<table>\n<thead><tr>");
        for (es, en) in columns {
            self.html.open("th", "");
            self.both(es, en);
            self.html.close("th");
        }
        self.html.fixed("</tr></thead>\n<tbody>\n");
    }

    fn end_table(&mut self) {
        self.html.fixed("</tbody>\n</table>\n");
    }

    fn sentence(&mut self, sentence: Seen<'_>) {
        self.both(sentence.text("es"), sentence.text("en"));
    }

    /// A time in the zone that the page names.
    fn time(&self, rfc3339: &str) -> String {
        if rfc3339.is_empty() { "—".into() } else { self.when.second_of(rfc3339) }
    }

    fn heading(&mut self) {
        let case = self.case;
        let key = case.get("municipality_key").shown();
        self.html.open("header", "");
        self.html.element("div", "town", &format!("{} · {key}", case.text("municipality")));
        self.html.open("p", "kicker");
        self.both("Expediente de orden de trabajo", "Case file of a work order");
        self.html.close("p").element("h1", "", case.text("folio"));
        let title = case.get("order").first(&["title"]);
        if !title.is_empty() {
            self.html.element("p", "title", &title);
        }
        self.html.close("header");
        for limit in case.list("limits") {
            self.html.open("div", "box");
            self.sentence(limit);
            self.html.close("div");
        }
    }

    fn term(&mut self, es: &'static str, en: &'static str, value: &str) {
        if value.is_empty() {
            return;
        }
        self.html.open("dt", "");
        self.both(es, en);
        self.html.close("dt").element("dd", "", value);
    }

    fn summary(&mut self) {
        let (case, order) = (self.case, self.case.get("order"));
        self.html.open("dl", "");
        if order.0.is_object() {
            let label = case.get("status_label");
            self.html.open("dt", "");
            self.both("Estado", "Status");
            self.html.close("dt").open("dd", "").element("span", "state", label.text("es"));
            self.html.text(" ").element("span", "en", label.text("en")).close("dd");
        }
        let kind = order.get("kind_label");
        let kind = [kind.text("es"), kind.text("en")].join(" · ");
        self.term("Tipo de trabajo", "Kind", if order.0.is_object() { &kind } else { "" });
        for (es, en, key) in [
            ("Localidad", "Locality", "locality"),
            ("Cuadrilla", "Crew", "crew"),
            ("Activo", "Asset", "asset"),
            ("Prioridad", "Priority", "priority"),
            ("Fecha límite", "Due", "due"),
            ("Programa", "Plan", "plan"),
        ] {
            self.term(es, en, &order.get(key).shown());
        }
        let made = format!("{} · {}", self.time(case.text("made_at")), case.text("made_by"));
        self.term("Elaborado", "Made", &made);
        self.term("Registro hasta", "Ledger up to", &format!("n.º {}", case.get("server_seq").shown()));
        let zone = self.when.zone_of(case.text("made_at"));
        self.term("Horas en", "Times in", &zone);
        self.term("Registro interno", "Record", case.text("record"));
        self.html.close("dl");
    }

    /// What was written into the order, as it stands.
    fn work(&mut self) {
        let order = self.case.get("order");
        if !order.0.is_object() {
            return;
        }
        let description = order.text("description");
        if !description.is_empty() {
            self.section("Descripción", "Description");
            self.html.element("p", "pre", description);
        }
        self.fields(order);
        self.readings(order);
        self.materials(order);
        self.notes(order);
    }

    fn fields(&mut self, order: Seen<'_>) {
        let kind = order.text("kind");
        let ticked = order.get("checklist");
        if order.get("fields").members().chain(ticked.members()).next().is_none() {
            return;
        }
        self.section("Datos", "Fields");
        self.headings(&[("Dato", "Field"), ("Valor", "Value")]);
        for (key, value) in order.get("fields").members() {
            let name = |lang| labels::field(self.rules, lang, kind, key);
            let shown = |lang| labels::value(self.rules, lang, kind, key, &value.shown());
            let ((es, en), (es_value, en_value)) =
                ((name(Lang::Es), name(Lang::En)), (shown(Lang::Es), shown(Lang::En)));
            self.pair(&es, &en, &es_value, &en_value);
        }
        let checks = self.rules.kinds.get(kind).map(|kind| kind.checklist.as_slice()).unwrap_or_default();
        for (key, value) in ticked.members() {
            let found = checks.iter().find(|check| check.key == key).map(|check| &check.labels);
            let (es, en) = found.map_or((key, key), |labels| (&*labels.es, &*labels.en));
            let is_done = value.0.as_bool().unwrap_or(false);
            let (es_value, en_value) = if is_done { ("☑ sí", "yes") } else { ("☐ no", "no") };
            self.pair(es, en, es_value, en_value);
        }
        self.end_table();
    }

    fn pair(&mut self, es: &str, en: &str, es_value: &str, en_value: &str) {
        self.html.fixed("<tr><td>");
        self.both(es, en);
        self.html.fixed("</td><td>");
        self.both(es_value, en_value);
        self.html.fixed("</td></tr>\n");
    }

    fn readings(&mut self, order: Seen<'_>) {
        if order.count("measurements") == 0 {
            return;
        }
        self.section("Mediciones", "Measurements");
        self.headings(&[
            ("Qué", "What"),
            ("Valor", "Value"),
            ("Dónde", "Where"),
            ("Quién", "Who"),
            ("Hora dicha", "Claimed"),
        ]);
        for reading in order.list("measurements") {
            let what = reading.text("what");
            let (es, en) =
                (labels::measure(self.rules, Lang::Es, what), labels::measure(self.rules, Lang::En, what));
            self.html.fixed("<tr><td>");
            self.both(es, en);
            let amount = format!("{} {}", reading.get("value").shown(), reading.text("unit"));
            self.html.fixed("</td>").open("td", "num").text(&amount);
            let flag = reading.text("flag");
            if !flag.is_empty() {
                self.html.fixed("<br>").open("span", "mark").text("⚠ ");
                self.both(labels::flag(flag, Lang::Es), labels::flag(flag, Lang::En));
                self.html.close("span");
            }
            self.html.close("td").element("td", "", &reading.first(&["where", "place"]));
            self.who_when(reading);
        }
        self.end_table();
    }

    fn materials(&mut self, order: Seen<'_>) {
        if order.count("materials") == 0 {
            return;
        }
        self.section("Material", "Materials");
        self.headings(&[
            ("Material", ""),
            ("Cantidad", "Quantity"),
            ("Quién", "Who"),
            ("Hora dicha", "Claimed"),
        ]);
        for material in order.list("materials") {
            self.html.fixed("<tr>").element("td", "", &material.first(&["name", "sku"]));
            let mut amount = format!("{} {}", material.get("qty").shown(), material.text("unit"));
            let flag = labels::flag(material.text("flag"), Lang::Es);
            if !flag.is_empty() {
                amount.push_str(&format!(" ⚠ {flag}"));
            }
            self.html.element("td", "num", &amount);
            self.who_when(material);
        }
        self.end_table();
    }

    fn notes(&mut self, order: Seen<'_>) {
        if order.count("notes") == 0 {
            return;
        }
        self.section("Notas", "Notes");
        self.headings(&[("Nota", "Note"), ("Quién", "Who"), ("Hora dicha", "Claimed")]);
        for note in order.list("notes") {
            self.html.fixed("<tr>").element("td", "pre", note.text("text"));
            self.who_when(note);
        }
        self.end_table();
    }

    fn who_when(&mut self, part: Seen<'_>) {
        let at = self.time(part.text("claimed_at"));
        self.html.element("td", "who", part.text("person")).element("td", "time", &at).fixed("</tr>\n");
    }

    fn foot(&mut self) {
        let case = self.case;
        let made = self.time(case.text("made_at"));
        let (by, on, seq) = (case.text("made_by"), case.text("made_on"), case.get("server_seq").shown());
        self.html.open("footer", "");
        self.both(
            &format!("Elaborado el {made} por {by} en el equipo {on}, con el registro hasta el n.º {seq}."),
            &format!("Made {made} by {by} on device {on}, with the ledger up to no. {seq}."),
        );
        self.html.close("footer");
    }
}

#[cfg(test)]
mod tests;
