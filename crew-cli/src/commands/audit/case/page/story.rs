//! The part of the page that tells what happened: the history, the differences, who had a part in it.

use sync_core::view::case::Involved;
use sync_core::view::clock::{Plausible, amount};
use sync_core::view::story::{Difference, Doer, Happening, Settled};
use words::{Lang, Text, say};

use super::Page;
use crate::labels;

impl Page<'_> {
    pub(super) fn history(&mut self) {
        let case = self.case;
        self.section(&say!("sheet-history"));
        self.html.open("p", "small");
        self.both(&labels::time_legend());
        self.html.close("p");
        self.headings(&[say!("word-number"), say!("case-what"), say!("case-who"), say!("case-when")]);
        for one in &case.happenings {
            let seq = one.seq.map_or_else(|| "—".to_owned(), |seq| seq.to_string());
            self.html.fixed("<tr>").element("td", "num", &seq).open("td", "what");
            self.what(one);
            self.html.close("td").open("td", "who").element("div", "", &one.by.person);
            self.doer(one);
            self.html.close("td").open("td", "clocks");
            self.clocks(one);
            self.html.close("td").fixed("</tr>\n");
        }
        self.end_table();
    }

    fn what(&mut self, one: &Happening) {
        let is_out = !one.counts && one.seq.is_some();
        self.html.open("div", if is_out { "out" } else { "" });
        self.sentence(&one.text);
        self.html.close("div");
        for consequence in &one.consequences {
            self.html.open("div", "small").text("→ ");
            self.sentence(consequence);
            self.html.close("div");
        }
        if one.verdict == "unsent" {
            self.html.open("div", "small");
            self.both(&say!("case-saved"));
            self.html.close("div");
        }
        if one.reason_text.is_some() {
            self.in_review(one);
        }
    }

    /// Why it came into review, and what a person decided.
    fn in_review(&mut self, one: &Happening) {
        self.html.open("div", "box held");
        self.brief("strong", "", &say!("case-in-review"));
        self.html.text(" ");
        if let Some(reason) = &one.reason_text {
            self.sentence(reason);
        }
        self.html.fixed("<br>");
        match &one.decided {
            None => self.both(&say!("history-undecided")),
            Some(decided) => {
                self.html.open("strong", "");
                let what = if decided.releases { say!("case-released") } else { say!("case-dismissed") };
                self.both(&what);
                self.html.close("strong");
                let role = labels::role_key(&decided.by.role, Lang::Es);
                let (seq, at) = (decided.seq, self.time(Some(&decided.at)));
                self.html.text(&format!(" · {} ({role}) · n.º {seq} · {at} · ", decided.by.person));
                self.html.text(&format!("«{}»", decided.reason));
            }
        }
        self.html.close("div");
    }

    fn doer(&mut self, one: &Happening) {
        let role = labels::role_key(&one.by.role, Lang::Es);
        let short: String = one.by.device.chars().take(8).collect();
        let number = one.device_seq.map(|number| format!(" #{number}")).unwrap_or_default();
        // The device is called like its person where nobody chose another name.
        let name = if one.by.device_name == one.by.person { "" } else { one.by.device_name.as_str() };
        let words: Vec<&str> = [role.as_str(), name].into_iter().filter(|word| !word.is_empty()).collect();
        self.html.element("div", "small", &words.join(" · "));
        self.html.element("div", "hash", &format!("{short}{number}"));
        if let Some(carrier) = &one.carrier {
            self.html.open("div", "small");
            self.both(&say!("history-brought-by", device = device_name(carrier)));
            self.html.close("div");
        }
    }

    fn clocks(&mut self, one: &Happening) {
        let time = &one.time;
        let mark = labels::time_mark(time);
        for (label, at, is_claim) in [
            (say!("word-claimed"), &time.claimed_at, true),
            (say!("word-not-before"), &time.not_before, false),
            (say!("word-carried"), &time.carried_at, false),
            (say!("word-received"), &time.received_at, false),
        ] {
            let Some(at) = at.as_deref().filter(|at| !at.is_empty()) else { continue };
            let at = self.time(Some(at));
            self.html.open("div", "");
            self.brief("span", "k", &label);
            self.html.text(&at);
            if is_claim && !mark.is_empty() {
                self.html.text(" ").element("span", "mark", &mark);
            }
            self.html.close("div");
        }
        if time.boot_changed {
            self.brief("div", "", &say!("case-restarted"));
        }
        if let Some(jump_ms) = time.clock_jump_ms {
            let way = if jump_ms < 0 { "−" } else { "+" };
            self.brief("div", "mark", &say!("case-clock-jumped", by = format!("{way}{}", amount(jump_ms))));
        }
        if let Some(skew_ms) = time.skew_ms {
            self.brief("div", "", &say!("case-skew", seconds = skew_ms / 1_000));
        }
        if matches!(time.time, Plausible::BeforeBracket | Plausible::AfterBracket) {
            self.brief("div", "mark", &labels::time_verdict(time.time));
        }
    }

    pub(super) fn differences(&mut self) {
        let case = self.case;
        if case.differences.is_empty() {
            return;
        }
        self.section(&say!("case-differences"));
        for difference in &case.differences {
            self.difference(difference);
        }
    }

    fn difference(&mut self, difference: &Difference) {
        self.html.open("div", "box");
        self.html.open("strong", "");
        self.sentence(&difference.label);
        self.html.close("strong");
        let (seq, at) = (number(difference.opened_seq), self.time(difference.opened_at.as_deref()));
        self.html.text(&format!(" · n.º {seq} · {at}"));
        self.headings(&[
            say!("case-value"),
            say!("case-who"),
            say!("case-claimed"),
            say!("case-received"),
            say!("word-number"),
        ]);
        for value in &difference.values {
            self.html.fixed("<tr><td>");
            self.sentence(&value.shown);
            self.html.fixed("</td>").element("td", "", person(&value.by));
            let (claimed, received) =
                (self.time(value.claimed_at.as_deref()), self.time(value.received_at.as_deref()));
            self.html.element("td", "time", &claimed).element("td", "time", &received);
            self.html.element("td", "num", &number(value.seq)).fixed("</tr>\n");
        }
        self.end_table();
        self.settled(difference.settled.as_ref());
        self.html.close("div");
    }

    fn settled(&mut self, settled: Option<&Settled>) {
        self.html.open("strong", "");
        let Some(settled) = settled else {
            self.both(&say!("case-not-settled"));
            self.html.close("strong");
            return;
        };
        let value = Text::both(settled.value.es.as_str(), settled.value.en.as_str());
        self.both(&say!("case-stands", value));
        self.html.close("strong");
        let (at, seq) = (self.time(settled.at.as_deref()), number(settled.seq));
        self.html.text(&format!(" · {} · n.º {seq} · {at}", settled.by.person));
        if let Some(reason) = settled.reason.as_deref().filter(|reason| !reason.is_empty()) {
            self.html.text(&format!(" · «{reason}»"));
        }
    }

    pub(super) fn devices(&mut self) {
        let case = self.case;
        self.section(&say!("case-devices"));
        self.headings(&[
            say!("case-device"),
            say!("case-role"),
            say!("case-people"),
            say!("case-entries"),
            say!("case-enrolled"),
            say!("case-revoked"),
        ]);
        for device in &case.devices {
            self.device(device);
        }
        self.end_table();
    }

    fn device(&mut self, device: &Involved) {
        self.html.fixed("<tr>").open("td", "").element("div", "", &device.name);
        self.html.element("div", "hash", &device.device).close("td").open("td", "");
        let role =
            Text::both(labels::role_key(&device.role, Lang::Es), labels::role_key(&device.role, Lang::En));
        self.both(&role);
        if let Some(crew) = device.crew.as_deref().filter(|crew| !crew.is_empty()) {
            self.html.text(&format!(" · {crew}"));
        }
        self.html.close("td").open("td", "").text(&device.persons.join(", "));
        if device.carried > 0 {
            self.html.open("div", "small");
            self.both(&say!("case-carried", count = device.carried));
            self.html.close("div");
        }
        self.html.close("td");
        self.html.element("td", "num", &device.entries.to_string());
        let enrolled = device.enrolled_seq.map_or_else(|| "—".to_owned(), |seq| format!("n.º {seq}"));
        self.html.element("td", "num", &enrolled);
        let revoked = match &device.revoked {
            Some(revoked) => {
                format!("n.º {} · {} · {}", revoked.seq, self.time(revoked.at.as_deref()), revoked.reason)
            }
            None => "—".to_owned(),
        };
        self.html.element("td", "", &revoked).fixed("</tr>\n");
    }
}

fn number(seq: Option<u64>) -> String {
    seq.map(|seq| seq.to_string()).unwrap_or_default()
}

/// The person, or the device where no person is named.
fn person(doer: &Doer) -> &str {
    if doer.person.is_empty() { &doer.device } else { &doer.person }
}

/// The device's name, or its id where it has none.
fn device_name(doer: &Doer) -> &str {
    if doer.device_name.is_empty() { &doer.device } else { &doer.device_name }
}
