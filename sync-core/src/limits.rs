//! Limits: the sizes, counts and times that several modules must agree on, with the unit last in the name. A limit
//! that a single module knows stands at the top of that module. PROTOCOL.md, section 4, has those of one message.
//!
//! Bytes from outside are checked against them before memory is allocated for them.

/// Longest wire message, in bytes, before decompression and after it. No more of a larger body is read.
pub const MESSAGE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Longest enrolment request, in bytes. It holds one act with a code, a key and a name, and comes from
/// strangers; this bounds what they can make a server unpack.
pub const ENROL_BYTES_MAX: usize = 2 * 1024;
/// Longest question about an invitation, in bytes.
pub const PREVIEW_BYTES_MAX: usize = 256;
/// How far one answer of a server may move a device's attempt number. An error is not signed, and must not
/// use the numbers up.
pub const ATTEMPT_JUMP_MAX: u64 = 1 << 32;
/// Longest ticket that a reply hands out, in characters: what a header and an address carry without trouble.
pub const TICKET_CHARS_MAX: usize = 200;
/// Size that one message aims at on an ordinary link, in bytes before compression.
pub const MESSAGE_BYTES_AIM: usize = 256 * 1024;
/// Size that one message aims at on a poor link, in bytes before compression.
pub const MESSAGE_BYTES_AIM_POOR: usize = 16 * 1024;
/// Most round trips one exchange makes before it reports that there is more.
pub const ROUND_TRIPS_MAX: u32 = 10_000;
/// How often the smallest message is tried in a row, if nothing else is asked for.
pub const TRIES_MAX: u32 = 2;
/// How long one exchange waits in all, in milliseconds, if nothing else is asked for.
pub const WAIT_MS_MAX: u64 = 120_000;
/// First wait after a message that did not get through, in milliseconds; each further one is twice as long.
pub const BACKOFF_MS: u64 = 1_000;
/// Longest such wait, in milliseconds.
pub const BACKOFF_MS_MAX: u64 = 30_000;
/// Most replies in a row that say there is more and move nothing. A restored server may cost a device six that only say
/// what to ask next: a split, two resets, a scope that differs, a copy somewhere, and where it begins.
pub const IDLE_REPLIES_MAX: u32 = 8;

/// Most entries in one segment.
pub const SEGMENT_ENTRIES_MAX: usize = 4_096;
/// Most segments of other devices that one request carries, beside the device's own; and most segments of a bundle.
pub const SEGMENTS_MAX: usize = 256;
/// Most entries one pack may hold.
pub const PACK_ENTRIES_MAX: usize = 65_536;

/// Most Automerge operations in one change.
pub const CHANGE_OPS_MAX: usize = 20_000;
/// Most predecessors of one operation.
pub const OP_PREDS_MAX: usize = 256;
/// Most dependencies of one change.
pub const CHANGE_DEPS_MAX: usize = 256;
/// Longest raw change chunk, in bytes.
pub const CHANGE_BYTES_MAX: usize = 256 * 1024;
/// Longest act (enrolment, invitation, rule, …), in bytes.
pub const ACT_BYTES_MAX: usize = 128 * 1024;
/// Most changes one record may gather.
pub const RECORD_CHANGES_MAX: u32 = 20_000;

/// Most values that one register may hold: as many people may write it at the same time.
pub const REGISTER_VALUES_MAX: usize = 64;
/// Most branches that a record may have: changes on which no other builds. One change can name twice as many, so that a
/// device always brings them together.
pub const RECORD_HEADS_MAX: usize = 128;

/// Longest person name, in bytes of UTF-8.
pub const PERSON_BYTES_MAX: usize = 200;
/// Names of persons that an office keeps.
pub const PEOPLE_MAX: usize = 20_000;
/// Names that one device may bring: those of the largest import, and those who share it.
pub const DEVICE_PEOPLE_MAX: usize = 5_200;
/// Names in one message: at their longest they take a quarter of a megabyte.
pub const PEOPLE_AT_ONCE_MAX: usize = 1_000;
/// Longest version that a program says it has, in bytes of UTF-8.
pub const PROGRAM_BYTES_MAX: usize = 64;
/// Longest device name, in bytes of UTF-8.
pub const DEVICE_NAME_BYTES_MAX: usize = 200;
/// Longest register key, in bytes.
pub const KEY_BYTES_MAX: usize = 120;
/// Longest register value, in characters, if the schema sets no lower limit.
pub const TEXT_CHARS_MAX: usize = 10_000;
/// Most bytes, names and values together, of a record's registers that this version does not know: a newer
/// version's few words fit, a file in pieces does not.
pub const UNKNOWN_BYTES_MAX: usize = 4_096;
/// Most decimal digits of a quantity, both sides of the point together.
pub const DECIMAL_DIGITS_MAX: usize = 15;
/// Most localities one device may be invited for.
pub const DEVICE_LOCALITIES_MAX: usize = 64;

/// What a crew's device may bring in one day of the server's clock, in bytes: five times what it writes in forty days
/// without signal.
pub const CREW_DAY_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// What any other device may bring in one day, in bytes: twice the largest import.
pub const OFFICE_DAY_BYTES_MAX: u64 = 128 * 1024 * 1024;
/// What is taken of a device in all after it was revoked, in bytes: forty days of a crew's work, which may have been
/// done before.
pub const REVOKED_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Bytes of index rows that judging one request may read and write. The rest of the request waits for the next one, so
/// that no request holds the single writer for longer.
pub const REQUEST_ROW_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How far a device's clock may move against the server's before the office writes a sample of it to the
/// ledger, in milliseconds.
pub const CLOCK_SKEW_MS: i64 = 30_000;
/// Most entries that one act says to be rewritten.
pub const AGAIN_PAIRS_MAX: usize = 1_000;
/// Bytes that the hub reads to hold the pairs of one act against what they repeat; then it refuses the act. A device
/// splits its pairs into acts that need half of it. One pair may always be told: no message is larger than 8 MiB.
pub const AGAIN_COST_MAX: usize = 16 * 1024 * 1024;
/// Most successors in one line of devices.
pub const SUCCESSORS_MAX: u32 = 16;

/// Largest photo or signature, in bytes.
pub const BLOB_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Most pixels of one: what a small phone can show without running out of memory.
pub const BLOB_PIXELS_MAX: u64 = 25_000_000;
/// Largest thumbnail, in bytes: thirty of them pass a 2G link in two minutes.
pub const THUMB_BYTES_MAX: usize = 20 * 1024;
/// Blobs that one request asks tickets for.
pub const BLOB_ASKS_MAX: usize = 64;
/// Longest ticket for a blob, in characters.
pub const BLOB_TICKET_CHARS_MAX: usize = 200;
/// Blobs that one act says to be kept.
pub const BLOBS_STORED_MAX: usize = 500;

/// Characters of an enrolment code without its hyphens: 12 of 32 symbols are 60 bits.
pub const CODE_CHARS: usize = 12;
/// How long an enrolment code lives, in milliseconds.
pub const CODE_LIFE_MS: i64 = 7 * 24 * 3_600_000;
/// How long an enrolment code may last at most, if the administrator names a day.
pub const CODE_LIFE_LONGEST_MS: i64 = 366 * 24 * 3_600_000;

/// Largest import file, in bytes.
pub const IMPORT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most items in one import file: all lists of its schema, each at its limit.
pub const IMPORT_ITEMS_MAX: usize = 121_500;
/// Most values in one file of YAML or JSON, its aliases followed: every item of the largest import has twenty.
pub const SOURCE_NODES_MAX: usize = 2_500_000;
/// How deep values of such a file may lie in each other; those of an import lie five deep.
pub const SOURCE_DEPTH_MAX: usize = 32;
/// Largest bundle file, in bytes.
pub const BUNDLE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Largest rule file (a kind of work, the steps, the measures), in bytes.
pub const RULE_BYTES_MAX: usize = 64 * 1024;
/// Most rule files in force.
pub const RULES_MAX: usize = 512;

/// Most entries of a log for which proofs are made or checked: far beyond any ledger, far below where numbers
/// overflow.
pub const LOG_ENTRIES_MAX: u64 = 1 << 48;
/// Most hashes in one proof about a log: two for each level that [`LOG_ENTRIES_MAX`] allows.
pub const PROOF_HASHES_MAX: usize = 96;
/// Most tiles fetched of one log, 8 KiB each: the leaves of 4 million entries.
pub const LOG_TILES_MAX: usize = 16_384;
/// Longest checkpoint, in bytes: the log's signature and some 60 cosignatures fit.
pub const CHECKPOINT_BYTES_MAX: usize = 8 * 1024;
/// Largest proof file of one record, in bytes.
pub const PROOF_FILE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most operations and predecessors of all changes of one pack together.
pub const PACK_OPS_MAX: usize = 1_000_000;
/// Most states of the log that a device keeps, and names in a request: their distances double.
pub const KEPT_ANCHORS_MAX: usize = 40;
/// Lines of the journal that are folded into a new generation before the rows are kept.
pub const REFILL_LINES: u64 = 2_000;
/// Rows of an old generation that are deleted with one write.
pub const SWEEP_ROWS: usize = 5_000;
