//! Again: folds and proves ledgers and journals a second time, from where they stood when the world was made:
//! what comes before is the same for every input.

use std::collections::BTreeMap;

use sync_core::log::line::Line;
use sync_core::log::verify::Verifier;
use sync_core::rows::{MemoryRows, Overlay, RowsError};
use sync_core::rules::Rules;
use sync_core::{hub, replica};

use crate::harness::{MemoryLines, Phone, Server};

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// What the first lines of a ledger or a journal fold to.
#[derive(Clone, Default)]
struct Folded {
    rows: MemoryRows,
    rules: Rules,
    lines: usize,
}

impl Folded {
    fn go_on(
        &mut self,
        lines: &MemoryLines,
        fold: impl Fn(&mut Rules, &mut Overlay<'_>, u64, &[u8]) -> Result<(), RowsError>,
    ) {
        for (number, line) in (1..).zip(&lines.0).skip(self.lines) {
            let mut overlay = Overlay::new(&self.rows);
            fold(&mut self.rules, &mut overlay, number, line).expect("what was written folds");
            let batch = overlay.batch;
            self.rows.apply(batch);
        }
        self.lines = lines.0.len();
    }
}

/// A ledger as an auditor and a new index see it.
#[derive(Clone, Default)]
pub struct Ledger {
    folded: Folded,
    verifier: Verifier,
}

impl Ledger {
    /// Returns the state of the server as it is now.
    pub fn of(server: &Server) -> Self {
        let mut ledger = Self::default();
        ledger.go_on(server);
        ledger
    }

    fn go_on(&mut self, server: &Server) {
        for (seq, line) in (1..).zip(&server.lines.0).skip(self.folded.lines) {
            self.verifier.take(seq, line).expect("what the office took in can be proven");
            let read = Line::from_bytes(line).expect("the ledger reads what it keeps");
            assert_eq!(read.to_bytes(), *line, "a line of the ledger is canonical");
        }
        self.folded.go_on(&server.lines, |rules, overlay, number, line| {
            hub::fold_line(rules, overlay, number, line).map_err(|error| RowsError(error.to_string()))
        });
    }

    /// Checks that the ledger holds to its last signature, and folds again to what the office has.
    pub fn proves(&self, server: &Server) {
        let mut again = self.clone();
        again.go_on(server);
        again.verifier.finish().expect("a signature covers all");
        let mut kept = server.rows.rows.clone();
        kept.retain(|key, _| !sync_core::state::local::is_in_no_line(key));
        assert_same(&again.folded.rows.rows, &kept, "the ledger folds to other rows than the office has");
    }
}

/// A device's journal, as a new index sees it.
#[derive(Clone, Default)]
pub struct Journal(Folded);

impl Journal {
    /// Returns the state of the device as it is now.
    pub fn of(phone: &Phone) -> Self {
        let mut journal = Self::default();
        journal.go_on(phone);
        journal
    }

    fn go_on(&mut self, phone: &Phone) {
        self.0.go_on(&phone.lines, |rules, overlay, number, line| {
            replica::fold_line(rules, overlay, &phone.lines, number, line)
                .map_err(|error| RowsError(error.to_string()))
        });
    }

    /// Checks that the journal folds to the same rows.
    pub fn proves(&self, phone: &Phone) {
        let mut again = self.clone();
        again.go_on(phone);
        let mut kept = phone.rows.rows.clone();
        let mut folded = again.0.rows.rows;
        for rows in [&mut folded, &mut kept] {
            rows.retain(|key, _| !sync_core::state::local::is_in_no_line(key));
        }
        assert_same(&folded, &kept, "the journal folds to other rows than the device has");
    }
}

/// Names the first row that differs.
fn assert_same(folded: &Map, kept: &Map, what: &str) {
    if folded == kept {
        return;
    }
    let differs = |key: &&Vec<u8>| folded.get(*key) != kept.get(*key);
    let key = folded.keys().chain(kept.keys()).find(differs).expect("they differ");
    let shown = |map: &Map| map.get(key).map(|value| value.escape_ascii().to_string());
    panic!("{what}: {} is {:?}, not {:?}", key.escape_ascii(), shown(folded), shown(kept));
}
