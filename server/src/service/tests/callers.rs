//! Callers: what each kind of caller gets at each route. A route without a row fails here.

use std::collections::BTreeSet;

use sync_core::log::act::Act;

use super::*;
use crate::router::ROUTES;
use crate::ticket::{BLOB_HEADER, Tickets};
use sync_core::wire::message::{PreviewRequest, VERSION, frame_preview};

/// Who calls. `Elsewhere` is enrolled in another municipality only; `Claims` is enrolled here and says it were there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    Anonymous,
    Crew,
    Revoked,
    Elsewhere,
    Claims,
}

const CALLERS: [Caller; 5] =
    [Caller::Anonymous, Caller::Crew, Caller::Revoked, Caller::Elsewhere, Caller::Claims];

/// Status and error code; no code where it is no error.
type Answer = (u16, &'static str);

const OPEN: [Answer; 5] = [(200, ""); 5];
const NO_BLOB: [Answer; 5] = [(404, "no_such_blob"); 5];

/// What each of [`CALLERS`] gets, in their order.
const ROWS: [(&str, &str, [Answer; 5]); 21] = [
    // What says nothing of records, and is meant for everybody.
    ("get", "/", OPEN),
    ("get", "/about", OPEN),
    // A file that the app does not have, whether or not this program holds the app.
    ("get", "/{file}", [(404, "no_such_path"); 5]),
    ("get", "/healthz", OPEN),
    // The log is for whoever audits: leaves and hashes, no content of an entry.
    ("get", "/log/checkpoint", OPEN),
    ("get", "/log/cosigned", [(404, "no_cosigned_checkpoint"); 5]),
    ("get", "/log/tile/{path}", OPEN),
    ("get", "/metrics", OPEN),
    ("get", "/openapi.json", OPEN),
    ("get", "/readyz", OPEN),
    ("get", "/v1/checkpoint", OPEN),
    // What of tus there is; all else of a photo is one answer for who has no ticket, whoever it is.
    ("options", "/v1/blobs", [(204, ""); 5]),
    ("options", "/v1/blobs/{sha256}", [(204, ""); 5]),
    ("post", "/v1/blobs", NO_BLOB),
    ("head", "/v1/blobs/{sha256}", NO_BLOB),
    ("get", "/v1/blobs/{sha256}", NO_BLOB),
    ("patch", "/v1/blobs/{sha256}", NO_BLOB),
    // An enrolment is let in by its code. A device that repeats its own gets the same answer; no other does.
    (
        "post",
        "/v1/enrol",
        [(400, "malformed"), (200, ""), (200, ""), (403, "code_unknown"), (403, "code_used")],
    ),
    // Who has the lock of an invitation may read what it gives, spent or not.
    ("post", "/v1/preview", [(400, "malformed"), (200, ""), (200, ""), (403, "code_unknown"), (200, "")]),
    ("get", "/v1/events", [(401, "ticket"), (200, ""), (403, "revoked"), (401, "ticket"), (200, "")]),
    // A revoked device's work is taken and quarantined: see the writer's tests.
    (
        "post",
        "/v1/sync",
        [(400, "malformed"), (200, ""), (200, ""), (401, "unknown_device"), (409, "other_municipality")],
    ),
];

struct Town {
    service: Service,
    crew: (Device, String),
    revoked: (Device, String),
    elsewhere: (Device, String),
    claims: Device,
}

impl Town {
    async fn new() -> Self {
        let (service, code) = start(Config::default());
        let mut admin = enrolled(&service, &code).await;
        let mut enrol = async |number: u8| {
            let code = format!("AAAA-AAAA-AAA{number}");
            let invited = send(&service, message("/v1/sync", admin.sync(&[invitation(&code)]))).await;
            assert_eq!(invited.status(), StatusCode::OK);
            let mut device = Device::new(number);
            let answer = send(&service, message("/v1/enrol", device.enrol(&opening(&code)))).await;
            assert_eq!(answer.status(), StatusCode::OK);
            (device, code)
        };
        let (crew, revoked, claims) = (enrol(2).await, enrol(3).await, enrol(4).await);
        let act = Act::Revoke { device: revoked.0.id, fate: None, reason: "lost".into() };
        assert_eq!(send(&service, message("/v1/sync", admin.sync(&[act]))).await.status(), StatusCode::OK);
        let mut claims = claims.0;
        claims.municipality = 14_062;
        let elsewhere = (Device::new(99), "BBBB-BBBB-BBBB".to_owned());
        Self { service, crew, revoked, elsewhere, claims }
    }

    /// The request that a caller makes at a route: its own frame, or its id where a route asks for that.
    fn request(&mut self, method: &str, path: &str, caller: Caller) -> Request<Body> {
        let used = self.crew.1.clone();
        let (device, code) = match caller {
            Caller::Anonymous => return bare(method, path),
            Caller::Crew => (&mut self.crew.0, &self.crew.1),
            Caller::Revoked => (&mut self.revoked.0, &self.revoked.1),
            Caller::Elsewhere => (&mut self.elsewhere.0, &self.elsewhere.1),
            Caller::Claims => (&mut self.claims, &used),
        };
        match path {
            "/v1/enrol" => {
                let mut first = Device::new(device.number);
                if caller == Caller::Claims {
                    first = Device::new(77);
                }
                message(path, first.enrol(&opening(code)))
            }
            "/v1/preview" => {
                let lock = Some(opening(code).lock());
                message(path, frame_preview(&PreviewRequest { version: VERSION, nonce: [7; 16], lock }))
            }
            "/v1/sync" => message(path, device.sync(&[])),
            // A ticket of the other municipality's server.
            "/v1/events" if caller == Caller::Elsewhere => {
                let ticket = Tickets::new(&[0; 32]).make(device.id, now_ms());
                bare(method, &format!("{path}?ticket={ticket}"))
            }
            "/v1/events" => bare(method, &stream_of(&self.service, device)),
            path if path.starts_with("/v1/blobs") => {
                let mut request = bare(method, path);
                // Another ticket of the device opens nothing here.
                let ticket = Tickets::new(&[1; 32]).make(device.id, now_ms());
                request.headers_mut().insert(BLOB_HEADER, ticket.parse().unwrap());
                request
            }
            _ => bare(method, path),
        }
    }
}

fn bare(method: &str, path: &str) -> Request<Body> {
    if method == "post" && path != "/v1/blobs" {
        return message(path, vec![0; 100]);
    }
    let path = path.replace("{path}", "0/000.p/1").replace("{sha256}", &"ab".repeat(32));
    let request = Request::builder().method(method.to_uppercase().as_str()).uri(path);
    request.header("tus-resumable", "1.0.0").body(Body::empty()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_caller_gets_at_every_route_exactly_what_it_should() {
    let mut town = Town::new().await;
    for (method, path, expected) in ROWS {
        for (caller, (status, code)) in CALLERS.into_iter().zip(expected) {
            let request = town.request(method, path, caller);
            let response = send(&town.service, request).await;
            let found = if response.status().is_success() {
                (response.status(), String::new())
            } else {
                // The answer to HEAD has no body: it is the one that GET gives.
                if method == "head" { (response.status(), code.to_owned()) } else { code_of(response).await }
            };
            assert_eq!((found.0.as_u16(), found.1.as_str()), (status, code), "{caller:?} at {method} {path}");
        }
    }
    town.service.finish().await.unwrap();
}

#[test]
fn every_route_has_a_row() {
    let rows: BTreeSet<_> = ROWS.into_iter().map(|(method, path, _)| (method, path)).collect();
    assert_eq!(rows, ROUTES.into_iter().collect(), "rows here and the router's list");
    // The list is kept by hand; the routes themselves are in the same file.
    let source = include_str!("../../router.rs");
    let routed: BTreeSet<(&str, String)> = source
        .split(".route(\"")
        .skip(1)
        .map(|rest| {
            let (path, rest) = rest.split_once("\", ").unwrap();
            // A path of many parts is written with a star in the router, and without one for people.
            (rest.split_once('(').unwrap().0, path.replace("{*", "{"))
        })
        .collect();
    let rows: BTreeSet<_> = rows.into_iter().map(|(method, path)| (method, path.to_owned())).collect();
    assert_eq!(routed, rows, "the routes themselves");
}
