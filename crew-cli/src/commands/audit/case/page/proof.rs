//! The part of the page that says what it can be checked against, and what nobody can prove.

use super::Page;

impl Page<'_> {
    pub(super) fn proof(&mut self) {
        let (case, proof) = (self.case, self.case.get("proof"));
        self.section("Prueba", "Proof");
        self.html.open("p", "small");
        self.both(
            "Cada hecho tiene una huella que depende de su contenido y del hecho anterior del mismo equipo. El registro \
             de la oficina las reúne en un árbol cuya raíz va firmada en el sello. Quien tenga un sello puede comprobar \
             que nada se quitó, se movió ni se cambió: crew audit verify y docs/AUDIT.md, o cualquier programa que lea \
             sellos C2SP (tlog-checkpoint).",
            "Each entry has a hash that depends on its content and on the same device's entry before it. The office's \
             ledger gathers them in a tree whose root is signed in the checkpoint. Whoever holds a checkpoint can verify \
             that nothing was dropped, moved or altered: crew audit verify and docs/AUDIT.md, or any program that reads \
             C2SP checkpoints.",
        );
        self.html.close("p");
        self.headings(&[("N.º", "No."), ("Equipo y su número", "Device and its number"), ("Huella", "Hash")]);
        for one in case.list("happenings") {
            let short: String = one.text("device").chars().take(8).collect();
            let place = format!("{short} #{}", one.get("device_seq").shown());
            let hash = match one.text("entry_hash") {
                "" => "—",
                hash => hash,
            };
            let seq = match one.get("seq").shown() {
                seq if seq.is_empty() => "—".to_owned(),
                seq => seq,
            };
            self.html.fixed("<tr>").element("td", "num", &seq).element("td", "hash", &place);
            self.html.element("td", "hash", hash).fixed("</tr>\n");
        }
        self.end_table();
        self.html.open("p", "small");
        self.both("Llave del registro", "Log key");
        self.html.close("p").element("pre", "", proof.text("log_verifier"));
        let checkpoint = proof.text("checkpoint");
        self.html.open("p", "small");
        if checkpoint.is_empty() {
            self.both("Este equipo todavía no tiene un sello.", "This device has no checkpoint yet.");
        } else {
            self.both(
                "El sello más nuevo que tiene este equipo",
                "The newest checkpoint that this device holds",
            );
        }
        self.html.close("p");
        if !checkpoint.is_empty() {
            self.html.element("pre", "", checkpoint);
        }
    }

    pub(super) fn not_provable(&mut self) {
        self.section("Lo que no se puede probar", "What cannot be proven");
        self.html.open("ul", "");
        for one in self.case.list("not_provable") {
            self.html.open("li", "");
            self.sentence(one);
            self.html.close("li");
        }
        self.html.close("ul");
    }
}
