//! Bombs: a few bytes that would become gigabytes. Each is refused, within 50 MB, which the allocator counts, and 50 ms.
#![expect(clippy::print_stdout, reason = "what each bomb cost is worth reading")]
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::io::Read as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use peak_alloc::PeakAlloc;
use sha2::{Digest as _, Sha256};
use sync_core::id::Hash;
use sync_core::limits::CHANGE_BYTES_MAX;
use sync_core::log::act::Act;
use sync_core::log::entry::ChainedEntry;
use sync_core::log::line::Line;
use sync_core::log::proof_file::ProofFile;
use sync_core::msgpack;
use sync_core::record::change::Change;
use sync_core::replica::bundle;
use sync_core::wire::message::{SyncReply, SyncRequest};
use sync_core::wire::pack::unpack;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// What refusing may take, in bytes.
const REFUSAL_BYTES_MAX: usize = 50_000_000;
/// How long it may take, in the slowest build there is.
const REFUSAL_TIME_MAX: Duration = Duration::from_millis(50);
/// Tries to be that fast: the machine may have been busy with something else.
const TRIES: usize = 10;

/// One at a time: the allocator counts for the whole process.
static ALONE: Mutex<()> = Mutex::new(());

/// Runs `refuse` on `bytes`; it must refuse, within bounds.
fn defuse<T>(name: &str, bytes: &[u8], refuse: impl Fn(&[u8]) -> Option<T>) {
    let before = ALLOCATED.current_usage();
    ALLOCATED.reset_peak_usage();
    let time = || {
        let begun = Instant::now();
        assert!(refuse(bytes).is_none(), "{name} was taken");
        begun.elapsed()
    };
    let tries: Vec<Duration> = std::iter::repeat_with(time).take(TRIES).collect();
    let took = ALLOCATED.peak_usage().saturating_sub(before);
    let fastest = tries.into_iter().min().unwrap();
    println!("{name}: {} bytes, refused with {took} bytes in {fastest:?}", bytes.len());
    assert!(took < REFUSAL_BYTES_MAX, "{name}: {} bytes took {took} bytes", bytes.len());
    assert!(fastest < REFUSAL_TIME_MAX, "{name}: {} bytes took {fastest:?}", bytes.len());
}

fn alone() -> std::sync::MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn uleb(mut number: u64, into: &mut Vec<u8>) {
    loop {
        let byte = u8::try_from(number & 0x7f).unwrap();
        number >>= 7;
        into.push(if number == 0 { byte } else { byte | 0x80 });
        if number == 0 {
            return;
        }
    }
}

/// A run of one value, as a column holds it.
fn run(count: u64, value: &[u8]) -> Vec<u8> {
    let mut column = Vec::new();
    // A signed number: the top bit of its last byte must be clear.
    let mut number = count;
    loop {
        let byte = u8::try_from(number & 0x7f).unwrap();
        number >>= 7;
        let is_last = number == 0 && byte & 0x40 == 0;
        column.push(if is_last { byte } else { byte | 0x80 });
        if is_last {
            break;
        }
    }
    column.extend_from_slice(value);
    column
}

fn chunk(kind: u8, body: &[u8], checked: &[u8]) -> Vec<u8> {
    let mut covered = vec![1];
    uleb(checked.len() as u64, &mut covered);
    covered.extend_from_slice(checked);
    let mut bytes = vec![0x85, 0x6f, 0x4a, 0x83];
    bytes.extend_from_slice(&Sha256::digest(&covered)[..4]);
    bytes.push(kind);
    uleb(body.len() as u64, &mut bytes);
    bytes.extend_from_slice(body);
    bytes
}

/// The body of a change that claims so many operations, each of them `a = null`.
fn claiming(operations: u64) -> Vec<u8> {
    let mut insert = Vec::new();
    uleb(operations, &mut insert);
    body(&[
        (0x15, run(operations, &[1, b'a'])),
        (0x34, insert),
        (0x42, run(operations, &[1])),
        (0x56, run(operations, &[0])),
        (0x70, run(operations, &[0])),
    ])
}

/// The body of a change of one actor, with these columns.
fn body(columns: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut body = vec![0, 16];
    body.extend_from_slice(&[3; 16]);
    // Sequence number, first operation, time, no message, no other actors.
    body.extend_from_slice(&[1, 1, 0, 0, 0]);
    body.push(u8::try_from(columns.len()).unwrap());
    for (spec, data) in columns {
        body.push(*spec);
        uleb(data.len() as u64, &mut body);
    }
    columns.iter().for_each(|(_, data)| body.extend_from_slice(data));
    body
}

#[test]
fn a_change_that_names_an_actor_that_is_not_there() {
    let _alone = alone();
    let naming = |actor: u8| {
        let body = body(&[
            (0x15, run(1, &[1, b'a'])),
            (0x34, vec![1]),
            (0x42, run(1, &[1])),
            (0x56, run(1, &[0])),
            (0x70, run(1, &[1])),
            (0x71, run(1, &[actor])),
            (0x73, run(1, &[1])),
        ]);
        chunk(1, &body, &body)
    };
    assert_eq!(Change::read(&naming(0)).unwrap().ops[0].preds.len(), 1);
    defuse("an actor that is not there", &naming(9), |bytes| Change::read(bytes).ok());
}

#[test]
fn a_small_change_of_the_same_make_is_read() {
    let body = claiming(3);
    assert_eq!(Change::read(&chunk(1, &body, &body)).unwrap().ops.len(), 3);
}

#[test]
fn a_hundred_bytes_that_claim_five_million_operations() {
    let _alone = alone();
    let body = claiming(5_000_001);
    let bomb = chunk(1, &body, &body);
    assert!(bomb.len() < 113, "{}", bomb.len());
    defuse("five million operations", &bomb, |bytes| Change::read(bytes).ok());
    defuse("five million operations, as raw", &bomb, |bytes| Change::from_raw(bytes).ok());
}

/// So many MiB of zeros as one deflate stream: a piece that ends at a byte, again and again.
fn deflated(mib: usize) -> Vec<u8> {
    let mut packer = flate2::Compress::new(flate2::Compression::best(), false);
    let zeros = vec![0; 1 << 20];
    let mut pieces = [Vec::with_capacity(4096), Vec::with_capacity(4096)];
    for piece in &mut pieces {
        packer.compress_vec(&zeros, piece, flate2::FlushCompress::Full).unwrap();
    }
    let [first, more] = pieces;
    let mut stream = [first, more.repeat(mib - 1)].concat();
    // An empty last block.
    stream.extend_from_slice(&[3, 0]);
    stream
}

#[test]
fn what_the_bombs_are_made_of_inflates() {
    let mut inflated = Vec::new();
    flate2::read::DeflateDecoder::new(deflated(3).as_slice()).read_to_end(&mut inflated).unwrap();
    assert_eq!(inflated, vec![0; 3 << 20]);
}

#[test]
fn a_deflated_megabyte() {
    let _alone = alone();
    let megabyte = deflated(1000);
    assert!((1_000_000..1_100_000).contains(&megabyte.len()), "{}", megabyte.len());
    for (name, body) in [("of a gigabyte", megabyte), ("of three gigabytes", deflated(3000))] {
        defuse(name, &chunk(2, &body, &body), |bytes| Change::read(bytes).ok());
        defuse(name, &chunk(2, &body, &body), |bytes| Change::from_raw(bytes).ok());
    }
    // As long as a change may be.
    let body = deflated(100);
    assert!(body.len() < CHANGE_BYTES_MAX, "{}", body.len());
    defuse("a deflated chunk", &chunk(2, &body, &body), |bytes| Change::read(bytes).ok());
    // A column of a change may be deflated too: bit 3 of its number.
    let mut change = vec![0, 16];
    change.extend_from_slice(&[3; 16]);
    change.extend_from_slice(&[1, 1, 0, 0, 0, 1, 0x15 | 0x08]);
    uleb(body.len() as u64, &mut change);
    change.extend_from_slice(&body);
    defuse("a deflated column", &chunk(1, &change, &change), |bytes| Change::read(bytes).ok());
}

#[test]
fn deep_and_wide_message_pack() {
    let _alone = alone();
    for (name, bomb) in [
        ("arrays in arrays", vec![0x91; 1 << 20]),
        ("maps in maps", [0x81, 0xa1, b'a'].repeat(1 << 18)),
        ("an array that claims four billion", [vec![0x9d, 0x01], vec![0xdd; 5], vec![0xff; 4]].concat()),
        ("an array of 32 bits", [vec![0xdd], vec![0xff; 4], vec![0; 64]].concat()),
        ("bytes that claim four billion", [vec![0xc6], vec![0xff; 4], vec![0; 64]].concat()),
        ("a text that claims four billion", [vec![0xdb], vec![0xff; 4], vec![b'a'; 64]].concat()),
    ] {
        defuse(name, &bomb, |bytes| msgpack::from_slice::<SyncRequest>(bytes).ok());
        defuse(name, &bomb, |bytes| msgpack::from_slice::<SyncReply>(bytes).ok());
        defuse(name, &bomb, |bytes| Act::from_bytes(bytes).ok());
        defuse(name, &bomb, |bytes| ChainedEntry::from_bytes(bytes).ok());
        defuse(name, &[&[1], bomb.as_slice()].concat(), |bytes| Line::from_bytes(bytes).ok());
        defuse(name, &[&[2], bomb.as_slice()].concat(), |bytes| Line::from_bytes(bytes).ok());
        let mut sealed = b"CUADRB01".to_vec();
        sealed.extend_from_slice(&Hash::tagged("cuadrilla/bundle/v1", &[&bomb]).0);
        sealed.extend_from_slice(&bomb);
        defuse(name, &sealed, |bytes| bundle::inspect(bytes).ok());
    }
    // A request whose list of cursors claims more than there is.
    let mut request = vec![0x9d, 1, 0xcd, 0x36, 0xed, 0xc4, 16];
    request.extend_from_slice(&[3; 16]);
    request.extend_from_slice(&[1, 0xc4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0xdd, 0xff, 0xff, 0xff, 0xff]);
    defuse("cursors without end", &request, |bytes| msgpack::from_slice::<SyncRequest>(bytes).ok());
}

#[test]
fn packs_and_bundles_that_lie_about_their_sizes() {
    let _alone = alone();
    let rows = sync_core::rows::MemoryRows::default();
    let refs = sync_core::state::refs::receiver(&rows);
    for (name, bomb) in [
        ("a stream that claims everything", [vec![1], vec![0xff; 9], vec![1]].concat()),
        ("tables without end", [vec![1], [0xfe, 0xff, 0x7f].repeat(43)].concat()),
        ("a pack of zeros", vec![0; 8 << 20]),
        ("a pack of ones", vec![1; 8 << 20]),
    ] {
        defuse(name, &bomb, |bytes| unpack(bytes, &refs).ok());
    }
    let deep = br#"{"format":"#.iter().copied().chain(b"[".repeat(1 << 20)).collect::<Vec<_>>();
    defuse("a proof file of brackets", &deep, |bytes| ProofFile::from_bytes(bytes).ok());
}
