//! Tests of the whole service over HTTP, in process, on a store in memory.

mod app;
mod blobs;
mod bodies;
mod callers;
mod crowd;
mod door;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use store::FaultyMemory;
use sync_core::invitation::Opening;
use sync_core::log::act::Act;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;

use super::{Foundations, Service};
use crate::body::{self, CONTENT_TYPE, Coding};
use crate::clock::now_ms;
use crate::config::Config;
use crate::testing::{Device, SEED, founded, invitation, opener, opening};

/// A service and the first administrator's code.
fn start(config: Config) -> (Service, Opening) {
    let (medium, code) = founded();
    (start_on(&medium, config), code)
}

fn start_on(medium: &FaultyMemory, config: Config) -> Service {
    let mut open = opener(medium);
    let foundations = Foundations {
        opened: open().unwrap(),
        open,
        seed: SEED,
        config,
        data: None,
        free_bytes: Box::new(|| None),
        reserve_bytes: 0,
        rules: Box::new(|| None),
        web: None,
    };
    Service::start(foundations).unwrap()
}

fn message(path: &str, frame: Vec<u8>) -> Request<Body> {
    let (coding, packed) = body::encode(Coding::Zstd, frame);
    let mut request = Request::post(path)
        .header(header::CONTENT_TYPE, CONTENT_TYPE)
        .header(header::ACCEPT_ENCODING, "zstd");
    if let Some(name) = coding.name() {
        request = request.header(header::CONTENT_ENCODING, name);
    }
    request.body(Body::from(packed)).unwrap()
}

async fn send(service: &Service, request: Request<Body>) -> Response<Body> {
    service.router().oneshot(request).await.unwrap()
}

async fn code_of(response: Response<Body>) -> (StatusCode, String) {
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert!(json["error"]["hint"].as_str().is_some_and(|hint| !hint.is_empty()));
    (status, json["error"]["code"].as_str().unwrap_or_default().to_owned())
}

/// The path of a device's event stream, with a ticket of now.
fn stream_of(service: &Service, device: &Device) -> String {
    format!("/v1/events?ticket={}", service.app.tickets.make(device.id, now_ms()))
}

/// Lets a service listen on a free port of loopback.
async fn listening(service: &Service) -> (SocketAddr, tokio::task::JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (address, tokio::spawn(crate::listen::serve(listener, Arc::clone(&service.app), None)))
}

async fn enrolled(service: &Service, code: &Opening) -> Device {
    let mut device = Device::new(1);
    let response = send(service, message("/v1/enrol", device.enrol(code))).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[header::CONTENT_TYPE], CONTENT_TYPE);
    device
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_enrols_and_syncs_and_a_recorded_request_is_worth_nothing() {
    let (service, code) = start(Config::default());
    let mut device = enrolled(&service, &code).await;
    let frame = device.sync(&[invitation("A")]);
    let response = send(&service, message("/v1/sync", frame.clone())).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[header::CONTENT_ENCODING], "zstd");
    let again = send(&service, message("/v1/sync", frame)).await;
    assert_eq!(code_of(again).await, (StatusCode::CONFLICT, "replayed".into()));
    let stranger = send(&service, message("/v1/sync", Device::new(2).sync(&[]))).await;
    assert_eq!(code_of(stranger).await, (StatusCode::UNAUTHORIZED, "unknown_device".into()));
    let used = send(&service, message("/v1/enrol", Device::new(3).enrol(&code))).await;
    assert_eq!(code_of(used).await, (StatusCode::FORBIDDEN, "code_used".into()));
    let text = service.app.metrics.to_text();
    assert!(text.contains("cuadrilla_entries_total{verdict=\"accepted\"} 2"), "{text}");
    service.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_are_remembered_over_a_restart_and_the_error_says_the_last_one() {
    let (medium, code) = founded();
    let service = start_on(&medium, Config::default());
    let mut device = enrolled(&service, &code).await;
    // One that brings something and one that brings nothing.
    let frames = [device.sync(&[invitation("A")]), device.sync(&[])];
    for frame in &frames {
        assert_eq!(send(&service, message("/v1/sync", frame.clone())).await.status(), StatusCode::OK);
    }
    service.finish().await.unwrap();
    let service = start_on(&medium, Config::default());
    for frame in frames {
        let response = send(&service, message("/v1/sync", frame)).await;
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(
            (&json["error"]["code"], &json["error"]["last_attempt"]),
            (&serde_json::json!("replayed"), &serde_json::json!(2))
        );
    }
    service.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_body_is_not_decoded() {
    let (service, code) = start(Config::default());
    let device = enrolled(&service, &code).await;
    // Begins as a request of this device does; what follows would not decode.
    let mut frame = b"CQA1\x9b\x02\xcd\x36\xed\xc4\x10".to_vec();
    frame.extend(device.id.0);
    frame.extend([0xc1; 100]);
    let refused = send(&service, message("/v1/sync", frame)).await;
    assert_eq!(code_of(refused).await, (StatusCode::UNAUTHORIZED, "bad_signature".into()));
    let long = [b"CQA1".to_vec(), vec![0x92; 4_000]].concat();
    let refused = send(&service, message("/v1/enrol", long)).await;
    assert_eq!(code_of(refused).await, (StatusCode::PAYLOAD_TOO_LARGE, "too_large".into()));
    service.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_devices_with_one_code_at_once_are_told_apart() {
    let (service, code) = start(Config::default());
    let (mut one, mut two) = (Device::new(1), Device::new(2));
    let (first, second) = tokio::join!(
        send(&service, message("/v1/enrol", one.enrol(&code))),
        send(&service, message("/v1/enrol", two.enrol(&code))),
    );
    let mut statuses = [first.status().as_u16(), second.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403]);
    service.finish().await.unwrap();
}

#[tokio::test]
async fn what_is_too_large_or_foreign_is_refused_before_it_is_read() {
    let (service, _) = start(Config::default());
    let huge = Request::post("/v1/sync")
        .header(header::CONTENT_TYPE, CONTENT_TYPE)
        .header(header::CONTENT_LENGTH, "99999999")
        .body(Body::empty())
        .unwrap();
    assert_eq!(
        code_of(send(&service, huge).await).await,
        (StatusCode::PAYLOAD_TOO_LARGE, "too_large".into())
    );
    let page = message("/v1/sync", b"<html>Acepte los terminos</html>".to_vec());
    assert_eq!(code_of(send(&service, page).await).await, (StatusCode::BAD_REQUEST, "malformed".into()));
    let nowhere = Request::get("/v2/sync").body(Body::empty()).unwrap();
    assert_eq!(code_of(send(&service, nowhere).await).await, (StatusCode::NOT_FOUND, "no_such_path".into()));
    service.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_its_bound_it_sheds_load_and_still_says_that_it_lives() {
    let (service, code) = start(Config { requests_max: 1, ..Config::default() });
    let mut device = enrolled(&service, &code).await;
    let held = service.app.devices.enter(sync_core::id::DeviceId([9; 16])).unwrap();
    let shed = send(&service, message("/v1/sync", device.sync(&[]))).await;
    assert!(shed.headers().contains_key(header::RETRY_AFTER));
    assert_eq!(code_of(shed).await, (StatusCode::SERVICE_UNAVAILABLE, "busy".into()));
    for path in ["/healthz", "/readyz", "/metrics", "/", "/openapi.json"] {
        let answer = send(&service, Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
    }
    drop(held);
    assert_eq!(send(&service, message("/v1/sync", device.sync(&[]))).await.status(), StatusCode::OK);
    service.begin_stop();
    let ready = send(&service, Request::get("/readyz").body(Body::empty()).unwrap()).await;
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_hears_that_there_is_news_and_the_stream_ends_with_the_server() {
    let (service, code) = start(Config::default());
    let device = enrolled(&service, &code).await;
    let path = stream_of(&service, &device);
    let stream = send(&service, Request::get(&path).body(Body::empty()).unwrap()).await;
    assert_eq!(stream.status(), StatusCode::OK);
    let mut body = stream.into_body();
    let greeting = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(greeting.starts_with(b"retry: 5000\n"), "{greeting:?}");
    service.app.news.tell([sync_core::scope::Scope::Crew("C-07".into())]);
    service.app.news.tell([sync_core::scope::Scope::Municipality]);
    let news = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(news.starts_with(b"event: news\n"), "{news:?}");
    service.finish().await.unwrap();
    assert!(body.frame().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crew_hears_that_its_rights_changed_and_asks_anew_whether_it_may_listen() {
    let (service, code) = start(Config::default());
    let mut admin = enrolled(&service, &code).await;
    let invited = send(&service, message("/v1/sync", admin.sync(&[invitation("CREW-CODE-0001")]))).await;
    assert_eq!(invited.status(), StatusCode::OK);
    let mut crew = Device::new(2);
    let enrolled = send(&service, message("/v1/enrol", crew.enrol(&opening("CREW-CODE-0001")))).await;
    assert_eq!(enrolled.status(), StatusCode::OK);
    let path = stream_of(&service, &crew);
    let mut body = send(&service, Request::get(&path).body(Body::empty()).unwrap()).await.into_body();
    body.frame().await.unwrap().unwrap();
    let revoke = Act::Revoke { device: crew.id, fate: None, reason: "se extravió".into() };
    let revoked = send(&service, message("/v1/sync", admin.sync(&[revoke]))).await;
    assert_eq!(revoked.status(), StatusCode::OK);
    let mut heard = Vec::new();
    while let Some(frame) = body.frame().await {
        heard.extend_from_slice(&frame.unwrap().into_data().unwrap());
    }
    assert_eq!(heard, b"event: news\ndata:\n\n", "it is told once, and the stream ends");
    let again = send(&service, Request::get(&path).body(Body::empty()).unwrap()).await;
    assert_eq!(code_of(again).await, (StatusCode::FORBIDDEN, "revoked".into()));
    service.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_dawdles_over_its_headers_is_closed() {
    let config = Config { header_timeout_ms: 100, grace_ms: 1_000, ..Config::default() };
    let (service, _) = start(config);
    let (address, serving) = listening(&service).await;
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(b"GET /healthz HTTP/1.1\r\nHos").await.unwrap();
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(5), slow.read_to_end(&mut rest)).await;
    assert!(closed.is_ok(), "it was closed");
    service.begin_stop();
    assert_eq!(serving.await.unwrap(), 0);
    service.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_on_a_connection_of_its_own_hears_the_same() {
    let (service, code) = start(Config::default());
    let device = enrolled(&service, &code).await;
    let (address, serving) = listening(&service).await;
    let ask = async |path: &str| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    };
    let mut stranger = ask("/v1/events?ticket=00").await;
    let mut refused = String::new();
    stranger.read_to_string(&mut refused).await.unwrap();
    assert!(refused.starts_with("HTTP/1.1 401 ") && refused.contains("hint"), "{refused}");
    let mut stream = ask(&stream_of(&service, &device)).await;
    let mut heard = Vec::new();
    while !heard.ends_with(b": cuadrilla\n\n") {
        stream.read_buf(&mut heard).await.unwrap();
    }
    service.app.news.tell([sync_core::scope::Scope::Municipality]);
    while !heard.ends_with(b"event: news\ndata:\n\n") {
        stream.read_buf(&mut heard).await.unwrap();
    }
    service.begin_stop();
    assert_eq!(stream.read_buf(&mut heard).await.unwrap(), 0, "the stream ends with the server");
    assert_eq!(serving.await.unwrap(), 0);
    service.finish().await.unwrap();
}
