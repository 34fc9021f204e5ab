//! The part of the page that tells what happened: the history, the differences, who had a part in it.

use super::Page;
use crate::labels;
use crate::seen::Seen;
use crate::text::Lang;

impl Page<'_> {
    pub(super) fn history(&mut self) {
        self.section("Historia", "History");
        let legend = [labels::time_legend(Lang::Es), labels::time_legend(Lang::En)];
        self.html.open("p", "small");
        self.both(legend[0], legend[1]);
        self.html.close("p");
        self.headings(&[
            ("N.º", "No."),
            ("Qué", "What"),
            ("Quién", "Who"),
            ("Cuándo, por cada reloj", "When, by each clock"),
        ]);
        for one in self.case.list("happenings") {
            let seq = match one.get("seq").shown() {
                seq if seq.is_empty() => "—".to_owned(),
                seq => seq,
            };
            self.html.fixed("<tr>").element("td", "num", &seq).open("td", "what");
            self.what(one);
            self.html.close("td").open("td", "who").element("div", "", one.text("person"));
            self.doer(one);
            self.html.close("td").open("td", "clocks");
            self.clocks(one);
            self.html.close("td").fixed("</tr>\n");
        }
        self.end_table();
    }

    fn what(&mut self, one: Seen<'_>) {
        let is_out = !one.is("counts") && !one.get("seq").0.is_null();
        self.html.open("div", if is_out { "out" } else { "" });
        self.sentence(one.get("text"));
        self.html.close("div");
        for consequence in one.list("consequences") {
            self.html.open("div", "small").text("→ ");
            self.sentence(consequence);
            self.html.close("div");
        }
        if one.text("verdict") == "unsent" {
            self.html.open("div", "small");
            self.both("Sin enviar: solo está en este equipo.", "Not sent: it is on this device alone.");
            self.html.close("div");
        }
        if one.get("reason_text").0.is_object() {
            self.held(one);
        }
    }

    /// Why the server held it back, and what a person decided.
    fn held(&mut self, one: Seen<'_>) {
        self.html.open("div", "box held");
        self.html.element("strong", "", "Retenido: ");
        self.sentence(one.get("reason_text"));
        self.html.fixed("<br>");
        let decided = one.get("decided");
        if decided.0.is_object() {
            let (es, en) =
                if decided.is("releases") { ("Liberado", "Released") } else { ("Desechado", "Dismissed") };
            self.html.open("strong", "");
            self.both(es, en);
            self.html.close("strong");
            let by = decided.get("by");
            let role = labels::role_key(by.text("role"), Lang::Es);
            let (seq, at) = (decided.get("seq").shown(), self.time(decided.text("at")));
            self.html.text(&format!(" · {} ({role}) · n.º {seq} · {at} · ", by.text("person")));
            self.html.text(&format!("«{}»", decided.text("reason")));
        } else {
            self.both("Nadie ha decidido todavía.", "Nobody has decided yet.");
        }
        self.html.close("div");
    }

    fn doer(&mut self, one: Seen<'_>) {
        let role = labels::role_key(one.text("role"), Lang::Es);
        let short: String = one.text("device").chars().take(8).collect();
        let number = match one.get("device_seq").shown() {
            number if number.is_empty() => String::new(),
            number => format!(" #{number}"),
        };
        // The device is called like its person where nobody chose another name.
        let name =
            Some(one.text("device_name")).filter(|name| *name != one.text("person")).unwrap_or_default();
        let words: Vec<&str> = [role, name].into_iter().filter(|word| !word.is_empty()).collect();
        self.html.element("div", "small", &words.join(" · "));
        self.html.element("div", "hash", &format!("{short}{number}"));
        if one.get("carrier").0.is_object() {
            let carrier = one.get("carrier").first(&["device_name", "device"]);
            self.html.open("div", "small");
            self.both(&format!("lo trajo {carrier}"), &format!("brought by {carrier}"));
            self.html.close("div");
        }
    }

    fn clocks(&mut self, one: Seen<'_>) {
        let mark = labels::time_mark(one.text("time"), !one.get("clock_jump_ms").0.is_null());
        for (label, key) in [
            ("dicho", "claimed_at"),
            ("no antes", "not_before"),
            ("llevado", "carried_at"),
            ("recibido", "received_at"),
        ] {
            let at = one.text(key);
            if at.is_empty() {
                continue;
            }
            let at = self.time(at);
            self.html.open("div", "").element("span", "k", label).text(&at);
            if key == "claimed_at" && !mark.is_empty() {
                self.html.text(" ").element("span", "mark", &mark);
            }
            self.html.close("div");
        }
        if one.is("boot_changed") {
            self.html.element("div", "", "equipo reiniciado");
        }
        if let Some(jump_ms) = one.get("clock_jump_ms").0.as_i64() {
            let way = if jump_ms < 0 { "−" } else { "+" };
            let amount = sync_core::view::clock::amount(jump_ms);
            self.html.element("div", "mark", &format!("el reloj saltó {way}{amount}"));
        }
        if let Some(skew_ms) = one.get("skew_ms").0.as_i64() {
            self.html.element("div", "", &format!("desfase {} s", skew_ms / 1_000));
        }
        if matches!(one.text("time"), "before_bracket" | "after_bracket") {
            self.html.element("div", "mark", labels::time_verdict(one.text("time"), Lang::Es));
        }
    }

    pub(super) fn differences(&mut self) {
        if self.case.count("differences") == 0 {
            return;
        }
        self.section("Diferencias y decisiones", "Conflicts and decisions");
        for difference in self.case.list("differences") {
            self.html.open("div", "box");
            self.html.open("strong", "");
            self.sentence(difference.get("label"));
            self.html.close("strong");
            let (seq, at) = (difference.get("opened_seq").shown(), self.time(difference.text("opened_at")));
            self.html.text(&format!(" · n.º {seq} · {at}"));
            self.headings(&[
                ("Valor", "Value"),
                ("Quién", "Who"),
                ("Dicho", "Claimed"),
                ("Recibido", "Received"),
                ("N.º", "No."),
            ]);
            for value in difference.list("values") {
                self.html.fixed("<tr><td>");
                self.sentence(value.get("shown"));
                let by = value.get("by");
                self.html.fixed("</td>").element("td", "", &by.first(&["person", "device"]));
                let (claimed, received) =
                    (self.time(value.text("claimed_at")), self.time(value.text("received_at")));
                self.html.element("td", "time", &claimed).element("td", "time", &received);
                self.html.element("td", "num", &value.get("seq").shown()).fixed("</tr>\n");
            }
            self.end_table();
            self.settled(difference.get("settled"));
            self.html.close("div");
        }
    }

    fn settled(&mut self, settled: Seen<'_>) {
        if !settled.0.is_object() {
            self.html.open("strong", "");
            self.both("Sin resolver", "Not settled");
            self.html.close("strong");
            return;
        }
        let (by, value) = (settled.get("by"), settled.get("value"));
        let (at, seq) = (self.time(settled.text("at")), settled.get("seq").shown());
        self.html.open("strong", "");
        self.both(&format!("Queda «{}»", value.text("es")), &format!("“{}” stands", value.text("en")));
        self.html.close("strong");
        self.html.text(&format!(" · {} · n.º {seq} · {at}", by.text("person")));
        let reason = settled.text("reason");
        if !reason.is_empty() {
            self.html.text(&format!(" · «{reason}»"));
        }
    }

    pub(super) fn devices(&mut self) {
        self.section("Personas y equipos", "People and devices");
        self.headings(&[
            ("Equipo", "Device"),
            ("Papel", "Role"),
            ("Personas", "People"),
            ("Hechos", "Entries"),
            ("Alta", "Enrolled"),
            ("Baja", "Revoked"),
        ]);
        for device in self.case.list("devices") {
            self.html.fixed("<tr>").open("td", "").element("div", "", device.text("name"));
            self.html.element("div", "hash", device.text("device")).close("td").open("td", "");
            self.both(
                labels::role_key(device.text("role"), Lang::Es),
                labels::role_key(device.text("role"), Lang::En),
            );
            let crew = device.get("crew").shown();
            if !crew.is_empty() {
                self.html.text(&format!(" · {crew}"));
            }
            self.html.close("td").open("td", "").text(&device.get("persons").shown());
            let carried = device.get("carried").shown();
            if device.get("carried").0.as_u64().is_some_and(|carried| carried > 0) {
                self.html.open("div", "small");
                self.both(&format!("llevó {carried}"), &format!("carried {carried}"));
                self.html.close("div");
            }
            self.html.close("td");
            self.html.element("td", "num", &device.get("entries").shown());
            let enrolled = match device.get("enrolled_seq").shown() {
                seq if seq.is_empty() => "—".to_owned(),
                seq => format!("n.º {seq}"),
            };
            self.html.element("td", "num", &enrolled);
            let revoked = device.get("revoked");
            let words = if revoked.0.is_object() {
                let (seq, at) = (revoked.get("seq").shown(), self.time(revoked.text("at")));
                format!("n.º {seq} · {at} · {}", revoked.text("reason"))
            } else {
                "—".to_owned()
            };
            self.html.element("td", "", &words).fixed("</tr>\n");
        }
        self.end_table();
    }
}
