//! Hostile bytes: one function for each parser that outside bytes reach. If a signature or a checksum would
//! stop them, they are signed here again, because an enrolled device may be hostile too.
//!
//! A target finds a fault when it panics, takes more memory or time than its runner grants, or when what was
//! read does not come out the same. Two runners share these functions: the fuzzer in `fuzz/`, whose compiler
//! counts what is reached, and the program of this crate, which gives them the kept corpora again and some
//! mutations by seed.

mod again;
#[path = "../../../sync-core/tests/protocol/flows.rs"]
#[expect(clippy::unwrap_used, reason = "shared with the core's own tests")]
#[cfg_attr(not(test), expect(dead_code, unused_imports, reason = "the core's own tests need the rest"))]
mod flows;
#[path = "../../../sync-core/tests/protocol/harness.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "shared with the core's own tests, of which this needs a part"
)]
mod harness;
mod parsers;
pub mod seeds;
mod signed;
mod tiles;
mod values;
mod world;

pub use parsers::{act, bundle, change, checkpoint, entry, frame, import, ledger, link, pack, proof, rule};
pub use signed::{enrolment, reply, request, segment, work, work_is_taken};
pub use tiles::tiles;
pub use values::values;

/// One way for bytes to come in.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name; its corpus is `fuzz/corpus/NAME`.
    pub name: &'static str,
    /// What is done with the bytes.
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: [Target; 19] = [
    Target { name: "frame", run: frame },
    Target { name: "request", run: request },
    Target { name: "segment", run: segment },
    Target { name: "work", run: work },
    Target { name: "reply", run: reply },
    Target { name: "pack", run: pack },
    Target { name: "entry", run: entry },
    Target { name: "change", run: change },
    Target { name: "act", run: act },
    Target { name: "bundle", run: bundle },
    Target { name: "checkpoint", run: checkpoint },
    Target { name: "proof", run: proof },
    Target { name: "tiles", run: tiles },
    Target { name: "link", run: link },
    Target { name: "rule", run: rule },
    Target { name: "import", run: import },
    Target { name: "enrolment", run: enrolment },
    Target { name: "ledger", run: ledger },
    Target { name: "values", run: values },
];
