//! Broken: the named properties, and what a run says when one does not hold.

use std::fmt;

/// Every property that a run checks, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Property {
    /// What a person was told is saved on a phone is there after any stop of the phone.
    SavedSurvives,
    /// What the server acknowledged is in its ledger after any stop of the server.
    AcknowledgedSurvives,
    /// A device is told "confirmed", and where, only about what the ledger holds there.
    ConfirmedIsThere,
    /// In the end every saved word is in the ledger, or written again there, or still on its phone where nothing can
    /// take it.
    NothingLost,
    /// No entry stands twice in a ledger, and no change counts twice in a record.
    NothingTwice,
    /// Who has the same accepted entries shows the same orders, byte for byte.
    SameState,
    /// Replay at the last number is the live view.
    ReplayIsLive,
    /// What is held back is nowhere in the views of others.
    HeldDoesNotLeak,
    /// What is held back stays listed until somebody decides.
    HeldIsListed,
    /// Every conflict is shown until it is resolved.
    ConflictsShown,
    /// What a revoked device sends does not count.
    RevokedDoesNotCount,
    /// The outbox drains when the network works.
    OutboxDrains,
    /// Every queue, message and exchange stays within its limit.
    WithinLimits,
    /// A changed byte is noticed: in a message, in a bundle, in a file.
    FlipsNoticed,
    /// Every ledger verifies: chains, signatures, the Merkle root.
    LedgerVerifies,
    /// An index rebuilt from its lines is the live one.
    IndexRebuilds,
    /// No attempt number is used for two requests, and no recorded request counts twice.
    AttemptsRise,
    /// No honest phone's work is quarantined by a rule that the phone could not know.
    FairRules,
    /// A conflict ends by a decision with its reason, and by no step and no value.
    ConflictsDecided,
    /// What a device made on an order that another device had made first ends up there, whole.
    JoinedWhole,
    /// No device writes an entry again twice.
    WrittenOnce,
    /// A correction speaks of the element that its person meant, and takes its place.
    CorrectionsMeant,
    /// What the ledger says is with the office, and was not erased, is there, whole.
    ReceiptMeansBytes,
    /// What an entry names, a quarantined one too, is swept by nobody.
    NamedUnswept,
    /// A photo that was said to be saved is on its phone, or at the office under a receipt, or was erased.
    PhotoSurvives,
    /// Erased bytes are gone from the office, also from one that was restored, and from phones after their next contact.
    ErasedGone,
    /// In the end each photo that an accepted entry names is at the office, and the ledger says so.
    PhotosArrive,
    /// Nothing fails that has no reason to: no panic, no index that cannot be read, no refusal of what is whole.
    NothingBreaks,
}

/// All of them.
pub const PROPERTIES: [Property; 28] = [
    Property::SavedSurvives,
    Property::AcknowledgedSurvives,
    Property::ConfirmedIsThere,
    Property::NothingLost,
    Property::NothingTwice,
    Property::SameState,
    Property::ReplayIsLive,
    Property::HeldDoesNotLeak,
    Property::HeldIsListed,
    Property::ConflictsShown,
    Property::RevokedDoesNotCount,
    Property::OutboxDrains,
    Property::WithinLimits,
    Property::FlipsNoticed,
    Property::LedgerVerifies,
    Property::IndexRebuilds,
    Property::AttemptsRise,
    Property::FairRules,
    Property::ConflictsDecided,
    Property::JoinedWhole,
    Property::WrittenOnce,
    Property::CorrectionsMeant,
    Property::ReceiptMeansBytes,
    Property::NamedUnswept,
    Property::PhotoSurvives,
    Property::ErasedGone,
    Property::PhotosArrive,
    Property::NothingBreaks,
];

impl Property {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::SavedSurvives => "saved-survives",
            Self::AcknowledgedSurvives => "acknowledged-survives",
            Self::ConfirmedIsThere => "confirmed-is-there",
            Self::NothingLost => "nothing-lost",
            Self::NothingTwice => "nothing-twice",
            Self::SameState => "same-state",
            Self::ReplayIsLive => "replay-is-live",
            Self::HeldDoesNotLeak => "held-does-not-leak",
            Self::HeldIsListed => "held-is-listed",
            Self::ConflictsShown => "conflicts-shown",
            Self::RevokedDoesNotCount => "revoked-does-not-count",
            Self::OutboxDrains => "outbox-drains",
            Self::WithinLimits => "within-limits",
            Self::FlipsNoticed => "flips-noticed",
            Self::LedgerVerifies => "ledger-verifies",
            Self::IndexRebuilds => "index-rebuilds",
            Self::AttemptsRise => "attempts-rise",
            Self::FairRules => "fair-rules",
            Self::ConflictsDecided => "conflicts-decided",
            Self::JoinedWhole => "joined-whole",
            Self::WrittenOnce => "written-once",
            Self::CorrectionsMeant => "corrections-meant",
            Self::ReceiptMeansBytes => "receipt-means-bytes",
            Self::NamedUnswept => "named-unswept",
            Self::PhotoSurvives => "photo-survives",
            Self::ErasedGone => "erased-gone",
            Self::PhotosArrive => "photos-arrive",
            Self::NothingBreaks => "nothing-breaks",
        }
    }

    /// That it does not hold, and how.
    pub fn broken(self, how: impl Into<String>) -> Broken {
        Broken { property: self, how: how.into() }
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A property that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Which.
    pub property: Property,
    /// How it was seen.
    pub how: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.property, self.how)
    }
}

impl std::error::Error for Broken {}
