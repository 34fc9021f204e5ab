//! The part of the page that says what it can be checked against, and what nobody can prove.

use words::{Text, say};

use super::Page;

impl Page<'_> {
    pub(super) fn proof(&mut self) {
        let case = self.case;
        self.section(&say!("case-proof"));
        self.small(&say!("case-proof-how"));
        self.headings(&[say!("word-number"), say!("case-device-number"), say!("case-hash")]);
        for one in &case.happenings {
            let number = one.device_seq.map(|seq| seq.to_string()).unwrap_or_default();
            let place = format!("{} #{number}", one.by.device.chars().take(8).collect::<String>());
            let seq = one.seq.map_or_else(|| "—".to_owned(), |seq| seq.to_string());
            self.html.fixed("<tr>").element("td", "num", &seq).element("td", "hash", &place);
            let hash = one.entry_hash.as_deref().unwrap_or("—");
            self.html.element("td", "hash", hash).fixed("</tr>\n");
        }
        self.end_table();
        self.small(&say!("case-log-key"));
        self.html.element("pre", "", &case.proof.log_verifier);
        match case.proof.checkpoint.as_deref() {
            None | Some("") => self.small(&say!("case-no-checkpoint")),
            Some(checkpoint) => {
                self.small(&say!("case-checkpoint"));
                self.html.element("pre", "", checkpoint);
            }
        }
    }

    fn small(&mut self, text: &Text) {
        self.html.open("p", "small");
        self.both(text);
        self.html.close("p");
    }

    pub(super) fn not_provable(&mut self) {
        let case = self.case;
        self.section(&say!("case-not-provable"));
        self.html.open("ul", "");
        for one in &case.not_provable {
            self.html.open("li", "");
            self.sentence(one);
            self.html.close("li");
        }
        self.html.close("ul");
    }
}
