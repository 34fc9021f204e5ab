//! Makes a picture of noise of a size, names it on an order of a device, and asks for the ticket to bring it: for clients of
//! tus that are not this project's. `offer-photo HOME FOLIO BYTES SEED`; prints content address, ticket and file.
#![expect(clippy::print_stdout, reason = "it is what the program is for")]

use std::path::Path;

use crew_cli::evidence::BlobFiles;
use cuadrilla_tests::bearer::{device, tickets};
use cuadrilla_tests::picture::noise;
use sync_core::replica::evidence::NewPhoto;

const WIDTH: u32 = 2_000;
/// Rows by which the size of one is measured.
const SAMPLE_ROWS: u32 = 160;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [home, folio, bytes, seed] = args.as_slice() else { panic!("offer-photo HOME FOLIO BYTES SEED") };
    let (wanted, seed): (usize, u64) = (bytes.parse().expect("bytes"), seed.parse().expect("a seed"));
    let sample = noise(WIDTH, SAMPLE_ROWS, seed).len();
    let rows = u32::try_from(wanted * SAMPLE_ROWS as usize / sample + 1).expect("rows");
    let bytes = noise(WIDTH, rows, seed);
    let cx = device(Path::new(home));
    let kept = BlobFiles::of(cx.home.folder());
    let photo = NewPhoto {
        what: "after".into(),
        sha256: kept.keep(&bytes).expect("the photo is kept"),
        bytes: bytes.len() as u64,
        media_type: "image/jpeg".into(),
        size: (WIDTH, rows),
        thumb: None,
        original: None,
        taken_at_ms: 1_795_232_207_000,
        place: None,
        caption: None,
        post: None,
    };
    cx.write(|replica| Ok(replica.add_photo(folio, &photo)?)).expect("the order takes it");
    let ticket = tickets(Path::new(home), &[]).into_iter().find(|one| one.sha256 == photo.sha256);
    let file = cx.home.folder().join("photos").join(photo.sha256.to_string());
    println!("{} {} {}", photo.sha256, ticket.expect("a ticket").ticket, file.display());
}
