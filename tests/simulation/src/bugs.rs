//! Bugs: known mistakes that can be planted, to see whether the simulator sees. Each is done where the
//! simulation's shells stand for the programs', or by changing rows, lines and bytes between the core's stages as such a
//! mistake would.

macro_rules! bugs {
    ($($name:ident $word:literal $about:literal,)*) => {
        /// A mistake that can be planted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Bug {
            $(#[doc = $about] $name,)*
        }

        /// All of them.
        pub const BUGS: &[Bug] = &[$(Bug::$name),*];

        impl Bug {
            /// Its name on the command line.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// What the mistake is.
            pub fn about(self) -> &'static str {
                match self { $(Self::$name => $about,)* }
            }
        }
    };
}

bugs! {
    AckBeforeSync "ack-before-sync" "The server answers without waiting for the ledger's fsync.",
    SavedBeforeSync "saved-before-sync" "A phone says \"saved\" without waiting for its journal's fsync.",
    ApplyBeforeAppend "apply-before-append" "The server applies a batch's rows before its lines are appended.",
    AckWithoutAppend "ack-without-append" "The server answers although the append failed.",
    TailCutTooFar "tail-cut-too-far" "Opening after a torn append cuts one whole record more.",
    TailKept "tail-kept" "Opening takes a torn tail for good: checksums are not looked at.",
    FlipUnseen "flip-unseen" "Checksums of the ledger's frames are not looked at: a changed byte passes.",
    WatermarkUnchecked "watermark-unchecked" "An index is taken as it is, whatever ledger it was built from.",
    NoCatchUp "no-catch-up" "Opening does not fold what the index lacks.",
    FreshForgotten "fresh-forgotten" "Readers get the index alone while a batch is still being applied to it.",
    FailedShown "failed-shown" "Rows of a batch whose append failed are shown to readers.",
    SecondLost "second-lost" "The lines of a batch's second request are not appended, and it is answered.",
    LinesReversed "lines-reversed" "The log appends a batch's lines in another order.",
    BatchForgotten "batch-forgotten" "The index takes a batch's watermark, and not its rows.",
    AttemptsDropped "attempts-dropped" "The attempt number of a request that brought nothing is not kept.",
    ReplyBeforeApply "reply-before-apply" "Replies are read from the rows as they were before the batch.",
    AttemptNotKept "attempt-not-kept" "A phone does not keep its attempt number before it sends.",
    AttemptUnchecked "attempt-unchecked" "The server takes a recorded request again.",
    SkipForgotten "skip-forgotten" "A restored phone does not go past the attempts it forgot.",
    ForkUnchecked "fork-unchecked" "A branch of a forked chain is taken for its continuation.",
    RevokedAccepted "revoked-accepted" "What a revoked device sends is accepted.",
    DuplicateTwice "duplicate-twice" "What the ledger has is taken once more.",
    EntryEventLost "entry-event-lost" "A record that comes back into a scope is not announced, nor compared later.",
    HeldDropped "held-dropped" "An entry whose ground is held is not put into quarantine.",
    WaitingForgotten "waiting-forgotten" "Who waits for a held change is not told when it arrives.",
    ElementForgotten "element-forgotten" "The server's index does not keep what a list holds, so that no correction counts.",
    ConflictHidden "conflict-hidden" "A register shows the winner only: `get` in the place of `get_all`.",
    ReceiptShifted "receipt-shifted" "A receipt names the ledger number after the entry's.",
    FromTooNew "from-too-new" "A reply names a state of the log to go on from that the log does not extend.",
    RefillSkips "refill-skips" "A new generation of the mirror is filled from the middle of the journal on.",
    GroundLost "ground-lost" "What own work builds on is not kept when the ledger lost it.",
    BundleUnchecked "bundle-unchecked" "A bundle's checksum is not looked at.",
    KeptUnkept "kept-unkept" "A phone's shell says that something is durable although the append failed.",
    OldSignature "old-signature" "A phone's shell hands back the signature before.",
    FirstKey "first-key" "A phone that goes on under a new name signs with the key of its first.",
    ReceiptDropped "receipt-dropped" "A receipt for what a phone carried is shown and not kept.",
    DoneUnsent "done-unsent" "An exchange ends although entries wait to be sent.",
    NeverWoke "never-woke" "An exchange that waits after a lost answer waits for ever.",
    QuotaForgotten "quota-forgotten" "The server forgets how much of the ledger a device has filled.",
    RulesOfNow "rules-of-now" "Work is judged by the rules of now, whatever its device could know.",
    StepSettles "step-settles" "A step goes out of a state in conflict, and ends it: nobody looks at all states.",
    ValueSettles "value-settles" "A value ends a conflict without a decision: nobody looks at all values.",
    CorrectionByPosition "correction-by-position" "A correction names its element by its place in the list.",
    CorrectionAdds "correction-adds" "A corrected reading is noted beside the first, and both count.",
    JoinForgets "join-forgets" "A phone takes an order that another one made first for joined, and leaves its work behind.",
    JoinDoubles "join-doubles" "A phone forgets what it wrote again, and writes it once more.",
    PaceForgotten "pace-forgotten" "A phone does not spell hashes out for a server that lost what they name.",
    ReceiptBeforeBytes "receipt-before-bytes" "The ledger says that a photo is kept before its bytes are durable.",
    HeldUnnamed "held-unnamed" "The sweeper forgets what quarantined entries name.",
    FreedEarly "freed-early" "A phone lets go of photos that the office does not have yet.",
    ErasedOnce "erased-once" "A server that was restored does not erase again what was erased.",
    ErasedStays "erased-stays" "A phone keeps its copy of what was erased.",
    PartialWhole "partial-whole" "What has come of a photo counts as the whole.",
    NeverCompared "never-compared" "A server that was restored does not look whether it has what its ledger says.",
    EntryBeforeBytes "entry-before-bytes" "A phone names a photo before its bytes are durable.",
}

impl Bug {
    /// Whether rows hide a conflict by it: that nothing shows it is no finding.
    pub fn hides_conflicts(self) -> bool {
        matches!(self, Self::StepSettles | Self::ValueSettles)
    }

    /// Whether rows differ from rebuilt ones by it: that they do is no finding.
    pub fn is_of_rows(self) -> bool {
        self.hides_conflicts() || matches!(self, Self::JoinForgets | Self::JoinDoubles)
    }
}

impl std::str::FromStr for Bug {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let named = BUGS.iter().find(|bug| bug.name() == word);
        named.copied().ok_or_else(|| format!("there is no bug {word:?}; --bugs lists them"))
    }
}
