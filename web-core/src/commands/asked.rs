//! Asked: what a page may ask for.

use serde::Deserialize;
use sync_core::time::TimeMs;
use sync_core::view::today::Looking;

/// What a page may ask for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "name", content = "args", rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "each is the command of the same name of the command line")]
pub enum Command {
    Status {},
    Today(Looking),
    Sheet {
        folio: String,
    },
    Judge {
        folio: String,
        line: String,
        value: String,
    },
    Sends {},
    Choices {},
    OrderList {
        #[serde(default)]
        status: Option<String>,
        #[serde(default)]
        crew: Option<String>,
        #[serde(default)]
        locality: Option<String>,
    },
    OrderShow {
        folio: String,
    },
    OrderNew(Box<New>),
    OrderStep {
        folio: String,
        step: String,
        #[serde(default)]
        reason: Option<String>,
    },
    OrderSet {
        folio: String,
        field: String,
        value: String,
    },
    OrderMeasure {
        folio: String,
        what: String,
        value: String,
        unit: String,
        #[serde(default)]
        r#where: Option<String>,
        #[serde(default)]
        instrument: Option<String>,
    },
    OrderNote {
        folio: String,
        text: String,
    },
    OrderMaterial {
        folio: String,
        what: String,
        quantity: String,
        unit: String,
    },
    OrderCheck {
        folio: String,
        item: String,
        done: bool,
    },
    OrderCorrect {
        folio: String,
        item: String,
        #[serde(default)]
        value: Option<String>,
        #[serde(default)]
        unit: Option<String>,
        reason: String,
    },
    OrderPhoto(Box<Photo>),
    ConflictList {},
    ConflictResolve {
        folio: String,
        field: String,
        #[serde(default)]
        take: Option<usize>,
        #[serde(default)]
        value: Option<String>,
        reason: String,
    },
    QuarantineList {
        #[serde(default)]
        dismissed: bool,
    },
    BlobStatus {},
    BlobFree {},
    BlobErase {
        folio: String,
        item: String,
        reason: String,
    },
}

/// A new order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "as the arguments of `crew order new`")]
pub struct New {
    pub kind: String,
    pub locality: Option<String>,
    pub asset: Option<String>,
    pub crew: Option<String>,
    pub title: Option<String>,
    pub description: Option<String>,
    pub fields: Vec<(String, String)>,
    pub due: Option<String>,
    pub priority: Option<String>,
    pub plan: Option<String>,
    /// Made when the form opens: a second tap makes no second order.
    pub id: Option<String>,
}

/// A picture that is kept already.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "as the members of an order's photo")]
pub struct Photo {
    pub folio: String,
    pub what: String,
    pub sha256: String,
    pub bytes: u64,
    pub media_type: String,
    pub width: u32,
    pub height: u32,
    #[serde(default)]
    pub thumb_sha256: Option<String>,
    #[serde(default)]
    pub thumb_bytes: Option<u64>,
    pub taken_at_ms: TimeMs,
    #[serde(default)]
    pub lat: Option<String>,
    #[serde(default)]
    pub lng: Option<String>,
    #[serde(default)]
    pub accuracy_m: Option<u32>,
    #[serde(default)]
    pub caption: Option<String>,
    #[serde(default)]
    pub post: Option<String>,
}
