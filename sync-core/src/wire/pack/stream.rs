//! Stream: the numbers of a pack's streams. Beside like stands like, so that a compressor finds the repetition.

macro_rules! streams {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        #[expect(non_camel_case_types, clippy::upper_case_acronyms, reason = "numbers the constants below")]
        enum Number { $($name),*, END }
        $($(#[$doc])* pub(super) const $name: usize = Number::$name as usize;)*
        /// How many streams a pack has.
        pub(super) const COUNT: usize = Number::END as usize;
        /// Their names, for tables in tests.
        #[cfg(test)]
        pub(super) const NAMES: [&str; COUNT] = [$(stringify!($name)),*];
    };
}

streams! {
    /// Table of anchors: sizes.
    ANCHOR_SIZES,
    /// Table of records: 0 for a full id, else one more than the signed step from the last number.
    RECORDS,
    /// Table of records: one more than the index of the home device, or 0.
    HOMES,
    /// Table of names: lengths.
    NAME_LENGTHS,
    /// Table of names: the bytes.
    NAME_BYTES,
    /// Texts that are said once.
    TEXTS,
    /// Table of shapes.
    SHAPES,
    /// An item: what of it does not follow from the items before.
    FLAGS,
    /// An item: index of its device.
    ITEM_DEVICES,
    /// An item: its record.
    ITEM_RECORDS,
    /// An item: chain sequence number, difference.
    SEQS,
    /// An item: which of the next four it names.
    WHO,
    /// An item: person, index.
    PERSONS,
    /// An item: boot, index.
    ITEM_BOOTS,
    /// An item: anchor, index.
    ITEM_ANCHORS,
    /// An item: municipality.
    MUNICIPALITIES,
    /// An item: claimed time, difference, all but its low 16 bits.
    CLAIMED_HIGH,
    /// An item: monotonic time, difference from what the claimed time predicts.
    MONOTONIC,
    /// A change: index of its shape.
    USES,
    /// A change: how many dependencies.
    DEP_COUNTS,
    /// A dependency: how it is named.
    DEP_KINDS,
    /// A dependency: items back.
    DEP_BACKS,
    /// A dependency: index of its author.
    DEP_DEVICES,
    /// A change: counter of its first operation.
    START_OPS,
    /// A change: sequence number, difference.
    CHANGE_SEQS,
    /// A change: index of its actor.
    ACTORS,
    /// The slots of all shapes, slot by slot.
    VALUES,
    /// A receipt: ledger number, difference.
    LEDGER_SEQS,
    /// A receipt: time of arrival, difference.
    RECEIVED,
    /// A receipt: one more than the index of the carrier, or 0.
    CARRIERS,
    /// A receipt: length of the reason.
    REASON_LENGTHS,
    /// A receipt: reason.
    REASONS,
    /// An act: its length.
    ACT_LENGTHS,
    /// An act: its bytes.
    ACTS,
    /// A signature: its algorithm.
    ALGS,
    /// A dependency: its author's sequence number, difference.
    DEP_SEQS,
    /// An item: claimed time, difference, its low 16 bits: nearly random, so kept away from the rest.
    CLAIMED_LOW,
    /// Table of devices, 16 bytes each.
    DEVICES,
    /// Table of persons, 16 bytes each.
    PERSON_IDS,
    /// Table of boots, 8 bytes each.
    BOOTS,
    /// Full record ids, 16 bytes each.
    RECORD_IDS,
    /// Table of anchors: roots, 32 bytes each.
    ROOTS,
    /// A dependency: its hash.
    DEP_HASHES,
    /// A signature: its bytes.
    SIGNATURES,
}
