//! The sheet of one order, as a person reads it: what it is, what differs, what was noted, and who did it when.

use sync_core::rules::Rules;

use crate::labels;
use crate::output::Screen;
use crate::seen::Seen;
use crate::table::{Table, clean, pad};
use crate::when::When;

/// Width of the column of labels.
const LABEL_COLUMNS: usize = 22;
/// Members of the view that have a section of their own, or are said in the heading.
const NOT_PLAIN: [&str; 18] = [
    "folio",
    "status",
    "kind",
    "title",
    "fields",
    "checklist",
    "notes",
    "measurements",
    "materials",
    "photos",
    "conflicts",
    "history",
    "unsent",
    "id",
    "description",
    "held_back",
    "kept",
    "locality_key",
];

struct Sheet<'s> {
    screen: Screen,
    when: &'s When,
    rules: &'s Rules,
    text: String,
}

/// The whole sheet.
pub(crate) fn render(screen: Screen, when: &When, rules: &Rules, order: Seen<'_>) -> String {
    let mut sheet = Sheet { screen, when, rules, text: String::new() };
    sheet.heading(order);
    sheet.conflicts(order);
    sheet.plain(order);
    sheet.fields(order);
    sheet.checklist(order);
    sheet.measurements(order);
    sheet.materials(order);
    sheet.notes(order);
    sheet.decisions(order);
    sheet.history(order);
    sheet.text
}

impl Sheet<'_> {
    fn word(&self, es: &'static str, en: &'static str) -> &'static str {
        self.screen.lang.word(es, en)
    }

    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn section(&mut self, es: &'static str, en: &'static str) {
        let heading = self.screen.style.bold(self.word(es, en));
        self.line("");
        self.line(&heading);
    }

    fn labelled(&mut self, label: &str, value: &str) {
        self.line(&format!("  {}  {}", pad(&clean(label), LABEL_COLUMNS), clean(value)));
    }

    fn heading(&mut self, order: Seen<'_>) {
        let lang = self.screen.lang;
        let folio = self.screen.style.bold(order.text("folio"));
        let state = labels::state(self.rules, lang, order.text("status")).to_owned();
        let kind = labels::kind(self.rules, lang, order.text("kind")).to_owned();
        self.line(&format!("{folio}  {kind} · {state}"));
        let title = clean(&order.first(&["title"]));
        if !title.is_empty() {
            self.line(&title);
        }
        let sent = if order.is("held_back") {
            self.screen
                .style
                .alert(self.word("algo está retenido por el servidor", "the server holds something back"))
        } else if order.is("unsent") {
            self.screen
                .style
                .pending(self.word("guardado en el teléfono, sin enviar", "saved on the phone, not sent"))
        } else if order.is("kept") {
            self.screen.style.pending(self.word(
                "como se vio antes: el servidor perdió una parte y se vuelve a leer",
                "as it was seen before: the server lost a part and is being read again",
            ))
        } else {
            self.screen.style.good(self.word("enviado y confirmado", "sent and confirmed"))
        };
        self.line(&sent);
        for line in order.text("description").lines() {
            self.line(&format!("  {}", clean(line)));
        }
    }

    fn conflicts(&mut self, order: Seen<'_>) {
        for conflict in order.list("conflicts") {
            let label = clean(conflict.get("label").text(self.word("es", "en")));
            let heading = format!("⚠ {}: {label}", self.word("hay valores distintos", "values differ"));
            let heading = self.screen.style.alert(&heading);
            self.line("");
            self.line(&heading);
            for line in conflict_lines(self.screen, self.when, order.text("folio"), conflict) {
                self.line(&format!("  {line}"));
            }
        }
    }

    /// Locality, crew, asset, due date and whatever else stands directly in the view.
    fn plain(&mut self, order: Seen<'_>) {
        self.line("");
        for (key, value) in order.members() {
            let shown = value.shown();
            let is_plain = !NOT_PLAIN.contains(&key) && !value.0.is_object() && !value.0.is_array();
            if is_plain && !shown.is_empty() {
                let label = labels::field(self.rules, self.screen.lang, "", key);
                let shown = if key.ends_with("_at") { self.when.both_of(&shown) } else { shown };
                self.labelled(&label, &shown);
            }
        }
    }

    fn fields(&mut self, order: Seen<'_>) {
        let fields = order.get("fields");
        if fields.members().next().is_none() {
            return;
        }
        self.section("Datos", "Fields");
        for (key, value) in fields.members() {
            let label = labels::field(self.rules, self.screen.lang, order.text("kind"), key);
            let shown = labels::value(self.rules, self.screen.lang, order.text("kind"), key, &value.shown());
            self.labelled(&label, &shown);
        }
    }

    /// Every line of the kind's checklist, ticked or not.
    fn checklist(&mut self, order: Seen<'_>) {
        let ticked = order.get("checklist");
        let kind = self.rules.kinds.get(order.text("kind"));
        let lines: Vec<String> = kind
            .map(|kind| kind.checklist.as_slice())
            .unwrap_or_default()
            .iter()
            .map(|check| {
                let mark = if is_ticked(ticked, &check.key) { "☑" } else { "☐" };
                format!("  {mark} {}", labels::label(&check.labels, self.screen.lang))
            })
            .collect();
        if lines.is_empty() {
            return;
        }
        self.section("Lista de verificación", "Checklist");
        for line in lines {
            self.line(&line);
        }
    }

    fn measurements(&mut self, order: Seen<'_>) {
        if order.count("measurements") == 0 {
            return;
        }
        self.section("Mediciones", "Measurements");
        for reading in order.list("measurements") {
            let what = labels::measure(self.rules, self.screen.lang, reading.text("what")).to_owned();
            let mut value = format!("{} {}", reading.get("value").shown(), reading.text("unit"));
            let place = reading.first(&["where", "place"]);
            if !place.is_empty() {
                value.push_str(&format!(" · {place}"));
            }
            let flag = labels::flag(reading.text("flag"), self.screen.lang).to_owned();
            let mark = if flag.is_empty() { String::new() } else { format!("  ⚠ {flag}") };
            let line = format!("  {}  {}", pad(&clean(&what), LABEL_COLUMNS), clean(&value));
            let mark = self.screen.style.alert(&mark);
            let who = self.who_when(reading);
            self.line(&format!("{line}{mark}{who}"));
        }
    }

    fn materials(&mut self, order: Seen<'_>) {
        if order.count("materials") == 0 {
            return;
        }
        self.section("Material", "Materials");
        for material in order.list("materials") {
            let mut amount = format!("{} {}", material.get("qty").shown(), material.text("unit"));
            let flag = labels::flag(material.text("flag"), self.screen.lang);
            if !flag.is_empty() {
                amount.push_str(&format!("  ⚠ {flag}"));
            }
            self.labelled(&material.first(&["name", "sku"]), &amount);
        }
    }

    fn notes(&mut self, order: Seen<'_>) {
        if order.count("notes") == 0 {
            return;
        }
        self.section("Notas", "Notes");
        for note in order.list("notes") {
            let text = if note.0.is_string() { note.shown() } else { note.first(&["text", "note"]) };
            let who = self.who_when(note);
            for (index, line) in text.lines().enumerate() {
                let tail = if index == 0 { who.as_str() } else { "" };
                self.line(&format!("  {}{tail}", clean(line)));
            }
        }
    }

    /// What dispatch settled, and why.
    fn decisions(&mut self, order: Seen<'_>) {
        if order.count("decisions") == 0 {
            return;
        }
        self.section("Decisiones", "Decisions");
        for decision in order.list("decisions") {
            let label =
                labels::field(self.rules, self.screen.lang, order.text("kind"), decision.text("field"));
            let value = decision.get("value").shown();
            let line = format!("  {}: {} ({})", clean(&label), clean(&value), clean(decision.text("reason")));
            let who = self.who_when(decision);
            self.line(&format!("{line}{who}"));
        }
    }

    fn history(&mut self, order: Seen<'_>) {
        if order.count("history") == 0 {
            return;
        }
        self.section("Historia", "History");
        let mut table = Table::new(&[
            self.word("cuándo (según quien lo hizo)", "when (as claimed)"),
            self.word("quién", "who"),
            self.word("qué", "what"),
            "",
        ]);
        for event in order.list("history") {
            let lang = self.screen.lang;
            let words = event.get("text").first(&[lang.word("es", "en"), "es"]);
            let words =
                if words.is_empty() { labels::action(self.rules, lang, event.text("action")) } else { words };
            let unconfirmed = match (event.get("seq").0.is_null(), order.is("kept")) {
                (false, _) => "",
                (true, true) => lang.word("sin confirmar", "unconfirmed"),
                (true, false) => lang.word("sin enviar", "unsent"),
            };
            table.row(vec![
                self.when.both_of(event.text("claimed_at")),
                event.first(&["person", "device"]),
                words,
                unconfirmed.to_owned(),
            ]);
        }
        let text = table.render(self.screen.width, self.screen.style);
        self.text.push_str(&text);
    }

    /// ` — Ana · hace 2 h · 2026-11-21 03:36`, dimmed.
    fn who_when(&self, part: Seen<'_>) -> String {
        let who = clean(&part.first(&["person", "by"]));
        let at = match part.first(&["claimed_at", "at"]) {
            at if at.is_empty() => String::new(),
            at => self.when.both_of(&at),
        };
        let words: Vec<&str> =
            [who.as_str(), at.as_str()].into_iter().filter(|word| !word.is_empty()).collect();
        if words.is_empty() {
            String::new()
        } else {
            self.screen.style.dim(&format!("  — {}", words.join(" · ")))
        }
    }
}

fn is_ticked(ticked: Seen<'_>, key: &str) -> bool {
    match ticked.get(key).0.as_bool() {
        Some(done) => done,
        None => {
            ticked.elements().any(|line| line.text("key") == key && (line.is("done") || line.is("checked")))
        }
    }
}

/// The values of a difference, numbered as `--take` wants them, and the command that settles it.
pub(crate) fn conflict_lines(screen: Screen, when: &When, folio: &str, conflict: Seen<'_>) -> Vec<String> {
    let field = clean(conflict.text("field"));
    let mut lines: Vec<String> = conflict
        .list("values")
        .zip(1..)
        .map(|(value, number)| {
            let who = clean(&value.first(&["person", "device"]));
            let at = when.both_of(value.text("claimed_at"));
            let shown = value.get("shown").text(screen.lang.word("es", "en"));
            format!("{number}. {}  — {who} · {at}", clean(shown))
        })
        .collect();
    let reason = screen.lang.word("MOTIVO", "REASON");
    lines.push(format!("→ crew conflict resolve {folio} {field} --take N --reason {reason}"));
    lines
}
