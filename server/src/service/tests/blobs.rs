//! Blobs: what a refusal looks at.

use std::sync::mpsc::channel;

use sync_core::hub::BlobGrant;
use sync_core::id::{DeviceId, Hash, RecordId};
use sync_core::wire::message::BlobUse;

use super::*;
use crate::config::BLOB_TICKET_S;
use crate::ticket::BLOB_HEADER;

const BLOB: Hash = Hash([7; 32]);
const BYTES: u64 = 100;

fn grant(sha256: Hash, r#use: BlobUse) -> BlobGrant {
    let device = DeviceId([3; 16]);
    let record = RecordId::from_slice(&[5; 16]).unwrap();
    BlobGrant { device, of: device, record, sha256, bytes: BYTES, r#use }
}

/// A request about [`BLOB`], to bring it or to read it.
fn request(method: &str, ticket: Option<&str>) -> Request<Body> {
    let path = if method == "POST" { "/v1/blobs".to_owned() } else { format!("/v1/blobs/{BLOB}") };
    let name = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, BLOB.to_string());
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("tus-resumable", "1.0.0")
        .header("upload-length", BYTES)
        .header("upload-offset", 0)
        .header("upload-metadata", format!("sha256 {name}"))
        .header(header::CONTENT_TYPE, "application/offset+octet-stream");
    if let Some(ticket) = ticket {
        request = request.header(BLOB_HEADER, ticket);
    }
    request.body(Body::from("x")).unwrap()
}

/// While the test holds the view and the folders of photos are gone, every look-up would wait or answer otherwise.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_refusal_looks_up_nothing_whatever_is_wrong_with_the_ticket() {
    let (medium, _) = founded();
    let data = tempfile::tempdir().unwrap();
    let mut open = opener(&medium);
    let service = Service::start(Foundations {
        opened: open().unwrap(),
        open,
        seed: SEED,
        config: Config::default(),
        data: Some(data.path().to_owned()),
        free_bytes: Box::new(|| None),
        reserve_bytes: 0,
        rules: Box::new(|| None),
        web: None,
    })
    .unwrap();
    let app = Arc::clone(&service.app);
    let (now, past) = (now_ms(), now_ms() - 2 * 1_000 * BLOB_TICKET_S);
    let ticket = |sha256, r#use, at| app.tickets.for_blob(&grant(sha256, r#use), at);
    let mut wrong = ticket(BLOB, BlobUse::Bring, now);
    let last = if wrong.pop() == Some('0') { '1' } else { '0' };
    wrong.push(last);

    let (held, holding) = channel::<()>();
    let (release, released) = channel::<()>();
    let keeper = Arc::clone(&app);
    let keeper = std::thread::spawn(move || {
        keeper.change_view(|_| {
            held.send(()).unwrap();
            released.recv().unwrap();
        });
    });
    holding.recv().unwrap();
    for folder in ["blobs", "spool"] {
        let _ = std::fs::remove_dir_all(data.path().join(folder));
    }
    let mut answers = Vec::new();
    for (method, other) in
        [("POST", BlobUse::Read), ("HEAD", BlobUse::Read), ("PATCH", BlobUse::Read), ("GET", BlobUse::Bring)]
    {
        let r#use = if method == "GET" { BlobUse::Read } else { BlobUse::Bring };
        for ticket in [
            None,
            Some("x".repeat(300)),
            Some(wrong.clone()),
            Some(ticket(BLOB, r#use, past)),
            Some(ticket(Hash([8; 32]), r#use, now)),
            Some(ticket(BLOB, other, now)),
        ] {
            let answer = send(&service, request(method, ticket.as_deref()));
            let answer = tokio::time::timeout(Duration::from_secs(20), answer);
            let answer = answer.await.expect("it waits for nothing");
            let status = answer.status();
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            answers.push((status, if method == "HEAD" { None } else { Some(body) }));
        }
    }
    let (heads, bodies): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(_, body)| body.is_none());
    assert_eq!((heads.len(), bodies.len()), (6, 18));
    assert!(heads.iter().all(|(status, _)| *status == StatusCode::NOT_FOUND));
    assert!(bodies.iter().all(|answer| *answer == bodies[0]), "{bodies:?}");

    // One that counts does look, and so waits.
    let good = ticket(BLOB, BlobUse::Read, now);
    let asked = tokio::spawn(service.router().oneshot(request("GET", Some(&good))));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!asked.is_finished(), "a ticket that counts is looked up");
    release.send(()).unwrap();
    keeper.join().unwrap();
    assert_eq!(asked.await.unwrap().unwrap().status(), StatusCode::NOT_FOUND);
}
