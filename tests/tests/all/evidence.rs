//! Evidence: photos and signatures through the programs, from a camera's file to the office, to those whom they concern and
//! to nobody else; and devices that send what they should not.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cuadrilla_tests::Town;
use cuadrilla_tests::bearer::{Answer, ask, break_off, device, name_of, tickets};
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Rgb, RgbImage};
use serde_json::Value;
use sync_core::id::Hash;
use sync_core::limits::BLOB_BYTES_MAX;
use sync_core::media;
use sync_core::replica::evidence::NewPhoto;
use sync_core::wire::message::BlobUse;

const TICKET: &str = "Cuadrilla-Blob-Ticket";
const PIECE: (&str, &str) = ("Content-Type", "application/offset+octet-stream");

/// A picture that no other seed makes.
fn picture(seed: u32, width: u32, height: u32) -> DynamicImage {
    let mut state = seed;
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [a, b, c, _] = state.to_be_bytes();
        Rgb([a, b, c])
    }))
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture.write_to(&mut std::io::Cursor::new(&mut bytes), format).unwrap();
    bytes
}

/// What a camera that was held on its side makes: with where it was, with a note of a program, and with something behind its
/// end.
fn camera(seed: u32) -> Vec<u8> {
    let jpeg = encoded(&picture(seed, 320, 240), ImageFormat::Jpeg);
    let tiff = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
    let exif = [b"Exif\0\0".to_vec(), tiff].concat();
    let length = |part: &[u8]| u16::try_from(part.len() + 2).unwrap().to_be_bytes();
    let xmp = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>";
    [
        &jpeg[..2],
        &[0xff, 0xe1],
        &length(&exif),
        &exif,
        &[0xff, 0xe1],
        &length(xmp),
        xmp,
        &jpeg[2..],
        b"PK behind the end",
    ]
    .concat()
}

/// A PNG of 30,000 by 30,000 pixels in a few bytes.
fn bomb() -> Vec<u8> {
    let size = [&30_000_u32.to_be_bytes()[..], &30_000_u32.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    [b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", &size[..], &[0; 4], b"\0\0\0\0IDAT\0\0\0\0\0\0\0\0IEND\0\0\0\0"]
        .concat()
}

fn file(town: &Town, name: &str, bytes: &[u8]) -> String {
    let path = town.path(name);
    std::fs::write(&path, bytes).unwrap();
    path.display().to_string()
}

/// Takes a photo on a device. Returns its content address.
fn take(town: &Town, device: &str, folio: &str, seed: u32) -> Hash {
    let path = file(town, &format!("camera-{seed}.jpg"), &camera(seed));
    hash(&town.crew(device, &["order", "photo", folio, &path])["sha256"])
}

fn hash(value: &Value) -> Hash {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no hash: {value}"))
}

/// What a person reads of an order, in Spanish.
fn sheet(town: &Town, device: &str, folio: &str) -> String {
    let mut command = std::process::Command::new(cuadrilla_tests::program("crew"));
    command.args(["--lang", "es", "--home"]).arg(town.path(device)).args(["order", "show", folio]);
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

/// Gets a photo with a device. Returns its bytes.
fn got(town: &Town, device: &str, photo: &Hash) -> Vec<u8> {
    let path = town.path("got");
    town.crew(device, &["blob", "get", &photo.to_string(), &path.display().to_string()]);
    std::fs::read(path).unwrap()
}

/// All files below a folder whose names begin with a blob's.
fn traces(folder: &Path, blob: &Hash) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(entry.path()),
                false if entry.file_name().to_string_lossy().contains(&blob.to_string()) => {
                    found.push(entry.path());
                }
                false => {}
            }
        }
    }
    found
}

fn ready(town: &Town) -> Value {
    let answer = ask(town.port, "GET /readyz", &[], &[]);
    assert_eq!(answer.status, 200, "photos are no reason to take the server out");
    serde_json::from_slice(&answer.body).unwrap()
}

/// The office as one device sees it: the requests of tus with one ticket.
struct Tus {
    port: u16,
    blob: Hash,
    ticket: String,
    bytes: usize,
}

impl Tus {
    /// What a device may bring.
    fn bring(town: &Town, device: &str, blob: Hash, bytes: usize) -> Self {
        let tickets = tickets(&town.path(device), &[]);
        let ticket = tickets.into_iter().find(|one| one.sha256 == blob && one.r#use == BlobUse::Bring);
        Self { port: town.port, blob, ticket: ticket.expect("a ticket").ticket, bytes }
    }

    fn create(&self) -> Answer {
        use base64::Engine as _;
        let name = base64::engine::general_purpose::STANDARD.encode(self.blob.to_string());
        let (length, metadata) = (self.bytes.to_string(), format!("sha256 {name}"));
        let headers = [(TICKET, &*self.ticket), ("Upload-Length", &length), ("Upload-Metadata", &metadata)];
        ask(self.port, "POST /v1/blobs", &headers, &[])
    }

    fn request(&self, method: &str) -> String {
        format!("{method} /v1/blobs/{}", self.blob)
    }

    fn look(&self) -> Answer {
        ask(self.port, &self.request("HEAD"), &[(TICKET, &*self.ticket)], &[])
    }

    fn piece(&self, at: usize, piece: &[u8], more: &[(&str, &str)]) -> Answer {
        let at = at.to_string();
        let headers = [&[(TICKET, &*self.ticket), PIECE, ("Upload-Offset", &at)], more].concat();
        ask(self.port, &self.request("PATCH"), &headers, piece)
    }
}

#[test]
fn a_photo_reaches_the_office_and_those_whom_it_concerns_and_can_be_erased() {
    let mut town = Town::peopled();
    town.enrol("boss", &["supervisor"]);
    let folio = town.folio("one", "pump_replacement");
    let photos: Vec<Hash> = (1..=3).map(|seed| take(&town, "one", &folio, seed)).collect();
    assert!(
        sheet(&town, "one", &folio).contains("0 de 3 fotos en la oficina, 3 sólo en este equipo, 0 en otro")
    );
    let sent = town.crew("one", &["sync"]);
    assert_eq!((&sent["photos"]["sent"], &sent["photos"]["left"]), (&6.into(), &0.into()), "{sent}");
    assert!(sent["round_trips"].as_u64() <= Some(3), "entries, tickets and receipts: {sent}");

    // One waits on this device, one on another.
    take(&town, "one", &folio, 4);
    let waits = town.crew("one", &["sync", "--photos", "later"]);
    assert_eq!((&waits["photos"]["sent"], &waits["photos"]["left"]), (&1.into(), &1.into()), "{waits}");
    town.crew("two", &["sync"]);
    take(&town, "two", &folio, 5);
    town.crew("two", &["sync", "--photos", "later"]);
    town.crew("one", &["sync", "--photos", "later"]);
    let told = sheet(&town, "one", &folio);
    assert!(told.contains("3 de 5 fotos en la oficina, 1 sólo en este equipo, 1 en otro"), "{told}");
    let status = town.crew("one", &["blob", "status"]);
    assert_eq!(
        (&status["here"], &status["to_send"], &status["at_office"]),
        (&8.into(), &1.into(), &7.into())
    );

    // Colleague and office see what was taken; another crew does not, and learns nothing.
    let taken = std::fs::read(town.path("one/photos").join(photos[0].to_string())).unwrap();
    for reader in ["two", "office"] {
        town.crew(reader, &["sync", "--photos", "later"]);
        assert_eq!(got(&town, reader, &photos[0]), taken, "{reader}");
    }
    assert_eq!(media::check(&taken).unwrap().width, 240, "it was turned upright");
    let mut independent =
        ImageReader::with_format(std::io::Cursor::new(&taken), ImageFormat::Jpeg).into_decoder().unwrap();
    assert!(independent.exif_metadata().unwrap().is_none() && independent.xmp_metadata().unwrap().is_none());
    assert!(taken.ends_with(&[0xff, 0xd9]), "nothing is behind its end");
    let nowhere = town.path("nowhere").display().to_string();
    for name in [photos[0], Hash([9; 32])] {
        let (status, error) = town.refused("three", &["blob", "get", &name.to_string(), &nowhere]);
        assert_eq!((status, &error["code"]), (1, &"no_such_blob".into()), "there, or not: the same");
    }

    // Copies here may go when the office has them, and only those.
    let freed = town.crew("one", &["blob", "free"]);
    assert_eq!(freed["freed"], 7, "{freed}");
    assert_eq!(town.crew("one", &["blob", "status"])["here"], 1);
    assert_eq!(got(&town, "one", &photos[0]), taken, "the office has it");

    // Erased for good: the office, its spool, devices; and for those who had a ticket before.
    town.crew("boss", &["sync"]);
    let (read, erased) = (tickets(&town.path("two"), &photos[..1]), photos[0]);
    let read =
        read.into_iter().find(|one| one.sha256 == erased && one.r#use == BlobUse::Read).unwrap().ticket;
    let get = |town: &Town| ask(town.port, &format!("GET /v1/blobs/{erased}"), &[(TICKET, &*read)], &[]);
    let before = get(&town);
    assert_eq!((before.status, &before.body), (200, &taken));
    for (name, value) in [
        ("content-type", "image/jpeg"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        ("content-security-policy", "sandbox; default-src 'none'"),
    ] {
        assert_eq!(before.header(name), Some(value));
    }
    assert!(before.header("content-disposition").unwrap().starts_with("attachment"));
    let older = town.path("older-blobs");
    copy(&town.path("server/blobs"), &older);
    let shown = town.crew("boss", &["order", "show", &folio]);
    let item =
        shown["photos"].as_array().unwrap().iter().find(|one| one["sha256"] == erased.to_string()).unwrap();
    let number = item["number"].as_str().unwrap().to_owned();
    let (status, error) = town.refused("one", &["blob", "erase", &folio, &number, "--reason", "bystander"]);
    assert_eq!(status, 3, "a crew does not erase: {error}");
    let told = town.crew("boss", &["blob", "erase", &folio, &number, "--reason", "bystander"]);
    assert_eq!(told["erased"].as_array().map(Vec::len), Some(2), "with its small form: {told}");
    town.crew("boss", &["sync"]);
    let gone = get(&town);
    assert_eq!(gone.status, 410, "{}", String::from_utf8_lossy(&gone.body));
    assert!(traces(&town.path("server"), &erased).is_empty());
    town.crew("two", &["sync", "--photos", "later"]);
    assert!(traces(&town.path("two"), &erased).is_empty());
    let told = sheet(&town, "two", &folio);
    assert!(told.contains("borrada por el n.º"), "{told}");
    assert!(told.contains("2 de 4 fotos en la oficina"), "{told}");

    // A restored older copy has it once more, and is not believed.
    town.kill();
    std::fs::remove_dir_all(town.path("server/blobs")).unwrap();
    copy(&older, &town.path("server/blobs"));
    assert!(!traces(&town.path("server"), &erased).is_empty());
    town.serve();
    assert_eq!(get(&town).status, 410, "from the first request on");
    let begun = Instant::now();
    while !traces(&town.path("server"), &erased).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it is still there");
        std::thread::sleep(Duration::from_millis(50));
    }
    for reader in ["one", "two", "one"] {
        town.crew(reader, &["sync"]);
    }
    assert!(sheet(&town, "one", &folio).contains("4 de 4 fotos en la oficina"));
    assert!(town.server_run("verify", &[]).status.success());
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn what_was_being_brought_when_it_was_erased_does_not_come_back() {
    let town = Town::peopled();
    town.enrol("boss", &["supervisor"]);
    let folio = town.folio("one", "pump_replacement");
    let path = file(&town, "camera.jpg", &camera(1));
    let photo = hash(&town.crew("one", &["order", "photo", &folio, &path, "--keep-original"])["sha256"]);
    town.crew("one", &["sync", "--photos", "later"]);
    let bytes = std::fs::read(town.path("one/photos").join(photo.to_string())).unwrap();
    let tus = Tus::bring(&town, "one", photo, bytes.len());
    tus.create();
    assert_eq!(tus.piece(0, &bytes[..500], &[]).status, 204);
    town.crew("boss", &["sync"]);
    let shown = town.crew("boss", &["order", "show", &folio]);
    let number = shown["photos"][0]["number"].as_str().unwrap().to_owned();
    town.crew("boss", &["blob", "erase", &folio, &number, "--reason", "asked"]);
    town.crew("boss", &["sync"]);
    assert!(traces(&town.path("server"), &photo).is_empty(), "the spool forgot it");
    let answers = [tus.piece(500, &bytes[500..], &[]), tus.create(), tus.look()];
    assert_eq!(answers.map(|answer| answer.status), [410; 3]);
    assert_eq!(
        traces(&town.path("one"), &photo).len(),
        2,
        "the device has not heard: photo and camera's file"
    );
    let synced = town.crew("one", &["sync"]);
    assert_eq!(synced["photos"]["sent"], 0, "{synced}");
    assert!(traces(&town.path("one"), &photo).is_empty() && traces(&town.path("server"), &photo).is_empty());
}

#[test]
fn photos_travel_by_hand_and_their_carrier_hears_that_they_arrived() {
    let town = Town::peopled();
    let folio = town.folio("one", "pump_replacement");
    let photo = take(&town, "one", &folio, 1);
    let bundle = town.path("usb.bundle").display().to_string();
    let exported = town.crew("one", &["bundle", "export", "--photos", &bundle]);
    assert_eq!(exported["photos"], 2, "{exported}");
    // The carrier is of another crew.
    town.crew("three", &["bundle", "import", &bundle]);
    let again = town.crew("three", &["bundle", "import", &bundle]);
    assert_eq!(town.crew("three", &["blob", "status"])["to_send"], 2, "{again}");
    let sent = town.crew("three", &["sync"]);
    assert_eq!((&sent["photos"]["sent"], &sent["photos"]["left"]), (&2.into(), &0.into()), "{sent}");
    let status = town.crew("three", &["blob", "status"]);
    assert_eq!(
        (&status["to_send"], &status["here"]),
        (&0.into(), &0.into()),
        "what is delivered goes: {status}"
    );
    let nowhere = town.path("nowhere").display().to_string();
    let (_, error) = town.refused("three", &["blob", "get", &photo.to_string(), &nowhere]);
    assert_eq!(error["code"], "no_such_blob", "who carries does not read");
    let home = town.crew("one", &["sync"]);
    assert_eq!((&home["photos"]["sent"], &home["photos"]["left"]), (&0.into(), &0.into()), "{home}");
    assert!(sheet(&town, "one", &folio).contains("1 de 1 fotos en la oficina"));
    town.crew("office", &["sync"]);
    assert!(!got(&town, "office", &photo).is_empty());
}

/// A command that was killed between the bytes and the entry leaves bytes that nothing names: nobody would ever erase them.
#[test]
fn what_no_entry_came_to_name_goes_from_the_device_with_a_later_exchange() {
    let town = Town::peopled();
    let folio = town.folio("one", "pump_replacement");
    let photo = take(&town, "one", &folio, 4);
    let photos = town.path("one").join("photos");
    let put = |name: u8, days: u64| {
        let path = photos.join(Hash([name; 32]).to_string());
        std::fs::write(&path, b"begun").unwrap();
        age(&path, days);
        path
    };
    let (now, before) = (put(1, 0), put(2, 2));
    age(&photos.join(photo.to_string()), 30);
    town.crew("one", &["sync", "--photos", "later"]);
    assert!(now.exists(), "another command may be about to write the entry");
    assert!(!before.exists());
    assert!(photos.join(photo.to_string()).exists(), "the office does not have it yet");
}

#[test]
fn what_is_no_photo_is_refused_in_words_on_the_device() {
    let town = Town::peopled();
    let folio = town.folio("one", "pump_replacement");
    let files: [(&str, Vec<u8>, &str); 6] = [
        (
            "drawing.svg",
            b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec(),
            "is no picture",
        ),
        ("page.jpg", b"<!doctype html><script>alert(1)</script>".to_vec(), "is no picture"),
        ("bomb.png", bomb(), "30000 × 30000"),
        ("nothing.jpg", Vec::new(), "is empty"),
        ("large.jpg", vec![0xff; 9 * 1024 * 1024], "more than 8 MiB"),
        ("cut.jpg", camera(1)[..900].to_vec(), "read"),
    ];
    for (name, bytes, words) in files {
        let path = file(&town, name, &bytes);
        let (status, error) = town.refused("one", &["order", "photo", &folio, &path]);
        assert_eq!((status, &error["code"]), (2, &"no_picture".into()), "{name}: {error}");
        assert!(error["message"].as_str().unwrap().contains(words), "{name}: {error}");
    }
    assert_eq!(town.crew("one", &["blob", "status"])["here"], 0);
    assert!(town.crew("one", &["order", "show", &folio])["photos"].as_array().unwrap().is_empty());
}

/// Names bytes on an order as a photo, whatever they are, as a device does that was made to.
fn name_them(town: &Town, who: &str, folio: &str, bytes: &[u8]) -> Hash {
    let cx = device(&town.path(who));
    let kept = crew_cli::evidence::BlobFiles::of(cx.home.folder());
    let photo = NewPhoto {
        what: "after".into(),
        sha256: kept.keep(bytes).unwrap(),
        bytes: bytes.len().clamp(1, BLOB_BYTES_MAX) as u64,
        media_type: "image/jpeg".into(),
        size: (320, 240),
        thumb: None,
        original: None,
        taken_at_ms: 1_795_232_207_000,
        place: None,
        caption: None,
        post: None,
    };
    cx.write(|replica| Ok(replica.add_photo(folio, &photo)?)).unwrap();
    photo.sha256
}

#[test]
fn what_is_no_photo_is_refused_by_the_office_for_a_device_that_sends_it_all_the_same() {
    let town = Town::peopled();
    let folio = town.folio("one", "pump_replacement");
    let plain = encoded(&picture(8, 40, 30), ImageFormat::Jpeg);
    let bad: [&[u8]; 5] = [
        b"<svg onload='alert(1)'/>",
        b"<!doctype html><script>",
        &bomb(),
        &camera(3),
        &[&plain[..], b"PK"].concat(),
    ];
    let named: Vec<Hash> = bad.iter().map(|bytes| name_them(&town, "one", &folio, bytes)).collect();
    let sent = town.crew("one", &["sync"]);
    let refused = sent["photos"]["refused"].as_array().unwrap();
    assert_eq!((&sent["photos"]["sent"], refused.len()), (&0.into(), bad.len()), "{sent}");
    assert!(refused.iter().all(|one| one[1] == "no_picture"), "{sent}");
    for blob in &named {
        assert!(traces(&town.path("server"), blob).is_empty(), "nothing of it is kept");
        // The whole in one piece, with a ticket of its own: the same.
        let bytes = std::fs::read(town.path("one/photos").join(blob.to_string())).unwrap();
        let tus = Tus::bring(&town, "one", *blob, bytes.len());
        assert_eq!(tus.create().offset(), Some(0));
        let answer = tus.piece(0, &bytes, &[]);
        assert_eq!(answer.status, 422);
        assert!(String::from_utf8_lossy(&answer.body).contains("no_picture"));
        assert!(traces(&town.path("server"), blob).is_empty());
    }
    // Too large, or nothing, under a size that an entry may name: no more is taken than that, and less is not the whole.
    let large = vec![0xff; 9 * 1024 * 1024];
    let blob = name_them(&town, "one", &folio, &large);
    town.crew("one", &["sync", "--photos", "later"]);
    let tus = Tus::bring(&town, "one", blob, BLOB_BYTES_MAX);
    assert_eq!((tus.create().status, tus.piece(0, &large, &[]).status), (201, 413));
    let blob = name_them(&town, "one", &folio, b"");
    town.crew("one", &["sync", "--photos", "later"]);
    let tus = Tus::bring(&town, "one", blob, 1);
    assert_eq!((tus.create().status, tus.piece(0, b"", &[]).offset()), (201, Some(0)));
    assert_eq!(tus.piece(0, b"x", &[]).status, 460);
    // Others are not touched by it.
    town.crew("two", &["sync"]);
    take(&town, "two", &folio, 9);
    assert_eq!(town.crew("two", &["sync"])["photos"]["sent"], 2);
}

#[test]
fn without_a_ticket_that_counts_every_answer_is_the_same() {
    let town = Town::peopled();
    let folio = town.folio("one", "pump_replacement");
    let (here, other) = (take(&town, "one", &folio, 1), take(&town, "one", &folio, 2));
    town.crew("one", &["sync", "--photos", "later"]);
    let all = tickets(&town.path("one"), &[]);
    let of = |blob: Hash| all.iter().find(|one| one.sha256 == blob).unwrap().ticket.clone();
    let good = of(here);
    let mut wrong = good.clone().into_bytes();
    let last = wrong.len() - 1;
    wrong[last] = if wrong[last] == b'0' { b'1' } else { b'0' };
    let wrong = String::from_utf8(wrong).unwrap();
    let shown = [
        ("nobody's", None),
        ("wrong", Some(wrong)),
        ("another blob's", Some(of(other))),
        ("one that ran out", Some(ran_out(&town, here, &good))),
        ("no ticket at all", Some("x".repeat(300))),
    ];
    let bytes = std::fs::read(town.path("one/photos").join(here.to_string())).unwrap();
    for method in ["POST", "HEAD", "PATCH", "GET"] {
        let mut answers = Vec::new();
        for (what, ticket) in &shown {
            for blob in [here, Hash([9; 32])] {
                let tus = Tus {
                    port: town.port,
                    blob,
                    ticket: ticket.clone().unwrap_or_default(),
                    bytes: bytes.len(),
                };
                let answer = match method {
                    "POST" => tus.create(),
                    "HEAD" => tus.look(),
                    "PATCH" => tus.piece(0, &bytes[..100], &[]),
                    _ => ask(town.port, &tus.request("GET"), &[(TICKET, &tus.ticket)], &[]),
                };
                assert_eq!(answer.status, 404, "{method} {what}");
                let told: Vec<(String, String)> =
                    answer.headers.into_iter().filter(|(name, _)| name != "date").collect();
                answers.push((told, answer.body));
            }
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{method}: {answers:?}");
    }
    // The good one opens what it is for, and nothing else.
    let get = ask(town.port, &format!("GET /v1/blobs/{here}"), &[(TICKET, &*good)], &[]);
    assert_eq!(get.status, 404, "a ticket to bring does not read");
    let tus = Tus { port: town.port, blob: here, ticket: good, bytes: bytes.len() };
    assert_eq!(
        tus.piece(0, &bytes, &[]).status,
        404,
        "what was not created takes no piece, whose share was not asked"
    );
    assert_eq!((tus.create().status, tus.piece(0, &bytes, &[]).status), (201, 204));
    // A revoked device reads nothing, with a ticket of before either.
    let read = tickets(&town.path("two"), &[here]);
    let read = read.into_iter().find(|one| one.r#use == BlobUse::Read).map(|one| one.ticket);
    let read = read.expect("a colleague may read");
    let get = || ask(town.port, &format!("GET /v1/blobs/{here}"), &[(TICKET, &*read)], &[]).status;
    assert_eq!(get(), 200);
    let two = town.crew("two", &["status"])["device"].as_str().unwrap().to_owned();
    town.crew("admin", &["sync"]);
    town.crew("admin", &["device", "revoke", &two, "--fate", "lost", "--reason", "robado"]);
    town.crew("admin", &["sync"]);
    assert_eq!(get(), 404);
}

/// The same ticket as the server would have made it eight days ago: with its time in it, under its key.
fn ran_out(town: &Town, blob: Hash, ticket: &str) -> String {
    let seed = hex::decode(std::fs::read_to_string(town.path("server/log.key")).unwrap().trim()).unwrap();
    let key = Hash::tagged("cuadrilla/ticket-key/v1", &[&seed]);
    let mut bytes = hex::decode(ticket).unwrap();
    let head = bytes.len() - 16;
    let sign =
        |bytes: &[u8]| Hash::tagged("cuadrilla/blob-ticket/v1", &[&key.0, &blob.0, bytes]).0[..16].to_vec();
    assert_eq!(sign(&bytes[..head]), bytes[head..], "this is how a ticket is made");
    let until = u64::from_be_bytes(bytes[..8].try_into().unwrap()) - 8 * 24 * 3_600;
    bytes[..8].copy_from_slice(&until.to_be_bytes());
    let signed = sign(&bytes[..head]);
    bytes[head..].copy_from_slice(&signed);
    hex::encode(bytes)
}

#[test]
fn a_piece_that_is_cut_goes_on_at_its_byte_and_wrong_bytes_begin_again() {
    use base64::Engine as _;
    let town = Town::peopled();
    let folio = town.folio("one", "pump_replacement");
    let blob = take(&town, "one", &folio, 1);
    town.crew("one", &["sync", "--photos", "later"]);
    let bytes = std::fs::read(town.path("one/photos").join(blob.to_string())).unwrap();
    let tus = Tus::bring(&town, "one", blob, bytes.len());
    assert_eq!(tus.look().status, 404, "nothing was begun");
    let created = tus.create();
    let location = format!("/v1/blobs/{blob}");
    assert_eq!(
        (created.status, created.offset(), created.header("location")),
        (201, Some(0), Some(location.as_str()))
    );
    assert!(created.header("upload-expires").is_some());

    // Cut in the middle.
    let cut = 1_234;
    let headers = [(TICKET, &*tus.ticket), PIECE, ("Upload-Offset", "0")];
    break_off(town.port, &tus.request("PATCH"), &headers, bytes.len(), &bytes[..cut]);
    let begun = Instant::now();
    while tus.look().offset() != Some(cut as u64) {
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", tus.look());
        std::thread::sleep(Duration::from_millis(20));
    }
    // The server may not have noticed yet that the other one is gone.
    let mut refused = tus.piece(0, &bytes, &[]).status;
    while refused == 423 && begun.elapsed() < Duration::from_secs(40) {
        std::thread::sleep(Duration::from_millis(50));
        refused = tus.piece(0, &bytes, &[]).status;
    }
    assert_eq!(refused, 409, "it does not begin where it should");
    assert_eq!(tus.create().offset(), Some(cut as u64), "created twice is created once");

    // A checksum is held to; a wrong one leaves nothing.
    let sum = |bytes: &[u8]| {
        format!("sha256 {}", base64::engine::general_purpose::STANDARD.encode(name_of(bytes).0))
    };
    let part = &bytes[cut..cut + 1_000];
    assert_eq!(tus.piece(cut, part, &[("Upload-Checksum", &sum(b"another"))]).status, 460);
    assert_eq!(tus.piece(cut, part, &[("Upload-Checksum", "crc32 AAAA")]).status, 400);
    assert_eq!(tus.look().offset(), Some(cut as u64));
    let taken = tus.piece(cut, part, &[("Upload-Checksum", &sum(part))]);
    assert_eq!((taken.status, taken.offset()), (204, Some(cut as u64 + 1_000)));

    // More than was announced is not taken; the whole with a wrong byte is dropped.
    let mut rest = bytes[cut + 1_000..].to_vec();
    assert_eq!(tus.piece(cut + 1_000, &[&rest[..], b"x"].concat(), &[]).status, 413);
    let at = usize::try_from(tus.look().offset().unwrap()).unwrap();
    rest = bytes[at..].to_vec();
    match rest.first_mut() {
        Some(byte) => *byte ^= 1,
        None => panic!("all of it was taken"),
    }
    assert_eq!(tus.piece(at, &rest, &[]).status, 460);
    assert_eq!(tus.look().status, 404, "begin again");
    assert!(traces(&town.path("server"), &blob).is_empty());
    assert_eq!((tus.create().offset(), tus.piece(0, &bytes, &[]).status), (Some(0), 204));

    // Its answer may be lost: who asks again hears that all is there, and sends nothing twice.
    let all = Some(bytes.len() as u64);
    assert_eq!((tus.look().offset(), tus.create().offset()), (all, all));
    assert_eq!((tus.piece(0, &bytes, &[]).status, tus.piece(bytes.len(), &[], &[]).status), (409, 204));
    let synced = town.crew("one", &["sync"]);
    assert_eq!(synced["photos"]["left"], 0, "{synced}");
    assert!(town.server_run("verify", &[]).status.success());
}

#[test]
fn while_photos_cannot_be_kept_entries_go_on_and_readiness_says_so() {
    let town = Town::peopled();
    let folio = town.folio("one", "pump_replacement");
    assert_eq!(ready(&town)["checks"]["photos"], "ok");
    let blobs = town.path("server/blobs");
    std::fs::remove_dir_all(&blobs).unwrap();
    std::fs::write(&blobs, b"not a folder").unwrap();
    let photo = take(&town, "one", &folio, 1);
    let synced = town.crew("one", &["sync"]);
    assert_eq!((&synced["accepted"], &synced["photos"]["left"]), (&1.into(), &2.into()), "{synced}");
    let said = ready(&town);
    assert_eq!(said["status"], "ready");
    assert!(said["checks"]["photos"].as_str().unwrap().contains("they wait"), "{said}");
    // What arrived whole is no receipt: nobody may let go of it.
    assert_eq!(town.crew("one", &["blob", "free"])["freed"], 0);
    let again = town.crew("one", &["sync"]);
    assert_eq!((&again["photos"]["sent"], &again["photos"]["left"]), (&0.into(), &2.into()), "{again}");

    std::fs::remove_file(&blobs).unwrap();
    let back = town.crew("one", &["sync"]);
    assert_eq!(
        (&back["photos"]["left"], &back["photos"]["refused"]),
        (&0.into(), &Value::Array(vec![])),
        "{back}"
    );
    assert_eq!(ready(&town)["checks"]["photos"], "ok");
    town.crew("office", &["sync"]);
    assert!(!got(&town, "office", &photo).is_empty());
}

/// Makes a file, or all of a folder, as old as so many days.
fn age(path: &Path, days: u64) {
    let then = std::time::SystemTime::now() - Duration::from_secs(days * 24 * 3_600);
    if path.is_dir() {
        std::fs::read_dir(path).unwrap().flatten().for_each(|entry| age(&entry.path(), days));
    } else {
        std::fs::File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
    }
}

#[test]
fn a_sweep_takes_what_does_not_grow_and_nothing_that_an_entry_names_or_may_name_again() {
    let mut town = Town::peopled();
    let folio = town.folio("one", "pump_replacement");
    let counts = take(&town, "one", &folio, 1);
    town.crew("one", &["sync"]);
    // An entry that is held names another: it was written before its author was revoked.
    let held = take(&town, "two", &folio, 2);
    town.crew("admin", &["sync"]);
    town.crew("admin", &["device", "revoke", "two", "--reason", "robado"]);
    town.crew("two", &["sync"]);
    assert!(!traces(&town.path("server"), &held).is_empty(), "its quarantined entry names it");
    let waiting = take(&town, "one", &folio, 3);
    town.crew("one", &["sync", "--photos", "later"]);
    let bytes = std::fs::read(town.path("one/photos").join(waiting.to_string())).unwrap();
    let tus = Tus::bring(&town, "one", waiting, bytes.len());
    tus.create();
    tus.piece(0, &bytes[..700], &[]);
    let lay = |bytes: &[u8]| {
        let name = name_of(bytes);
        let folder = town.path("server/blobs").join(&name.to_string()[..2]).join(&name.to_string()[2..4]);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name.to_string()), bytes).unwrap();
        name
    };
    // The ledger knows nothing of it, and has not gone on for long since: a restored one may hear of it.
    let old = lay(b"nobody names this, yet");
    let busy = town.server_run("sweep-photos", &[]);
    assert!(!busy.status.success(), "the server has the folder: {busy:?}");
    town.kill();

    age(&town.path("server/blobs"), 400);
    age(&town.path("server/spool"), 29);
    let sweep = |more: &[&str]| cuadrilla_tests::json(&town.server_run("sweep-photos", more));
    let rehearsal = sweep(&[]);
    assert_eq!((&rehearsal["orphans"], &rehearsal["partials"]), (&0.into(), &0.into()), "{rehearsal}");
    age(&town.path("server/spool"), 31);
    let swept = sweep(&["--delete"]);
    assert_eq!(
        (&swept["orphans"], &swept["partials"], &swept["deleted"]),
        (&0.into(), &1.into(), &true.into())
    );
    for (gone, is_gone) in [(old, false), (waiting, true), (counts, false), (held, false)] {
        assert_eq!(traces(&town.path("server"), &gone).is_empty(), is_gone, "{gone}");
    }
    // What was swept on its way begins again.
    town.serve();
    let synced = town.crew("one", &["sync"]);
    assert_eq!((&synced["photos"]["sent"], &synced["photos"]["left"]), (&1.into(), &0.into()), "{synced}");
}
