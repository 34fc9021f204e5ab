//! Bodies that do not arrive, and who has a place while they do not.

use futures_util::StreamExt as _;
use sync_core::id::DeviceId;

use super::*;
use crate::alarm::Alarm;

/// A message of which two bytes arrive and then nothing.
fn half_sent(path: &str) -> Request<Body> {
    let two = futures_util::stream::iter([Ok::<_, std::io::Error>(vec![0, 1])]);
    Request::post(path)
        .header(header::CONTENT_TYPE, CONTENT_TYPE)
        .header(header::CONTENT_LENGTH, "8388608")
        .body(Body::from_stream(two.chain(futures_util::stream::pending())))
        .unwrap()
}

/// The same request with the ticket of its device.
fn with_ticket(service: &Service, device: DeviceId, mut request: Request<Body>) -> Request<Body> {
    let ticket = service.app.tickets.make(device, now_ms()).parse().unwrap();
    request.headers_mut().insert(crate::ticket::HEADER, ticket);
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_do_not_arrive_take_no_place_and_are_cut_off_when_they_are_too_slow() {
    let config = Config { requests_max: 2, body_grace_ms: 1_500, ..Config::default() };
    let (service, code) = start(config);
    let mut device = enrolled(&service, &code).await;
    let half: Vec<_> =
        (0..300).map(|_| tokio::spawn(service.router().oneshot(half_sent("/v1/sync")))).collect();
    while service.app.stranger_room.bytes() < 300 * 4_096 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for _ in 0..5 {
        let answer = send(&service, message("/v1/sync", device.sync(&[invitation("A")]))).await;
        assert_eq!(answer.status(), StatusCode::OK);
    }
    for half in half {
        let cut = half.await.unwrap().unwrap();
        assert_eq!(code_of(cut).await, (StatusCode::REQUEST_TIMEOUT, "too_slow".into()));
    }
    let app = &service.app;
    assert_eq!((app.metrics.alarms.count(Alarm::SlowBody), app.stranger_room.bytes()), (300, 0));
    service.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_bodies_fill_their_own_room_and_a_device_with_a_ticket_has_another() {
    let (service, code) = start(Config::default());
    let mut device = enrolled(&service, &code).await;
    let app = &service.app;
    let home = std::net::IpAddr::from([0, 0, 0, 0]);
    // All that one address may hold; what arrives next cuts the largest off.
    let (held, _cut) = app.stranger_room.begin(home);
    held.take(app.config.peer_bytes_max).unwrap();
    let named = with_ticket(&service, device.id, message("/v1/sync", device.sync(&[])));
    assert_eq!(send(&service, named).await.status(), StatusCode::OK);
    assert!(held.take(0).is_ok(), "the device's body did not touch it");
    let unnamed = message("/v1/sync", device.sync(&[]));
    assert_eq!(
        send(&service, unnamed).await.status(),
        StatusCode::OK,
        "a device without a ticket gets in too"
    );
    assert!(held.take(0).is_err(), "it was cut off");
    assert_eq!(app.metrics.alarms.count(Alarm::BodyRoom), 1);
    service.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enrolments_body_is_short() {
    let (service, _) = start(Config::default());
    let long = code_of(send(&service, message("/v1/enrol", noise(8_000))).await).await;
    assert_eq!(long, (StatusCode::PAYLOAD_TOO_LARGE, "too_large".into()));
    service.finish().await.unwrap();
}

/// Bytes that no coding shortens.
fn noise(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| sync_core::id::Hash::tagged("noise", &[&at.to_be_bytes()]).0[0]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_device_has_its_share_of_places_and_keeps_them_until_its_work_is_done() {
    let (service, code) = start(Config { device_requests_max: 2, ..Config::default() });
    let mut admin = enrolled(&service, &code).await;
    let invited = send(&service, message("/v1/sync", admin.sync(&[invitation("CREW-CODE-0001")]))).await;
    assert_eq!(invited.status(), StatusCode::OK);
    let mut crew = Device::new(2);
    let enrolled = send(&service, message("/v1/enrol", crew.enrol(&opening("CREW-CODE-0001")))).await;
    assert_eq!(enrolled.status(), StatusCode::OK);
    let app = &service.app;
    // No core is free: requests wait with their places.
    let busy = app.cores.acquire_many(u32::try_from(app.cores.available_permits()).unwrap()).await.unwrap();
    for request in [admin.sync(&[]), admin.sync(&[])] {
        let named = with_ticket(&service, admin.id, message("/v1/sync", request));
        let gone = tokio::time::timeout(Duration::from_millis(100), send(&service, named)).await;
        assert!(gone.is_err(), "its caller went away");
    }
    assert_eq!(app.devices.count(), 2, "and its places are still taken");
    let third = send(&service, message("/v1/sync", admin.sync(&[]))).await;
    assert_eq!(code_of(third).await, (StatusCode::TOO_MANY_REQUESTS, "device_busy".into()));
    let other = with_ticket(&service, crew.id, message("/v1/sync", crew.sync(&[])));
    let other = tokio::spawn(service.router().oneshot(other));
    while app.devices.count() < 3 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(busy);
    assert_eq!(other.await.unwrap().unwrap().status(), StatusCode::OK);
    while app.devices.count() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    service.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_readers_of_the_public_log_fill_their_own_lanes_and_devices_are_served() {
    let (service, code) = start(Config { strangers_max: 4, public_max: 4, ..Config::default() });
    let mut device = enrolled(&service, &code).await;
    let app = &service.app;
    let home = |last: u8| std::net::IpAddr::from([127, 0, 0, last]);
    let strangers: Vec<_> = (1..=4).map(|last| app.strangers.enter(home(last)).unwrap()).collect();
    let public: Vec<_> = (1..=4).map(|last| app.public.enter(home(last)).unwrap()).collect();
    for path in ["/log/tile/0/000.p/1", "/log/checkpoint", "/v1/checkpoint"] {
        let refused = send(&service, Request::get(path).body(Body::empty()).unwrap()).await;
        assert!(refused.headers().contains_key(header::RETRY_AFTER));
        assert_eq!(code_of(refused).await, (StatusCode::SERVICE_UNAVAILABLE, "busy".into()), "{path}");
    }
    let stranger = send(&service, message("/v1/sync", Device::new(7).sync(&[]))).await;
    assert_eq!(code_of(stranger).await, (StatusCode::SERVICE_UNAVAILABLE, "busy".into()));
    let named = with_ticket(&service, device.id, message("/v1/sync", device.sync(&[invitation("A")])));
    assert_eq!(send(&service, named).await.status(), StatusCode::OK);
    let stream =
        send(&service, Request::get(stream_of(&service, &device)).body(Body::empty()).unwrap()).await;
    assert_eq!(stream.status(), StatusCode::OK);
    for path in ["/healthz", "/readyz", "/metrics", "/"] {
        let answer = send(&service, Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
    }
    let alarms = &app.metrics.alarms;
    assert_eq!((alarms.count(Alarm::PublicFull), alarms.count(Alarm::StrangersFull)), (3, 1));
    drop((strangers, public, stream));
    let tile = Request::get("/log/tile/0/000.p/1").body(Body::empty()).unwrap();
    assert_eq!(send(&service, tile).await.status(), StatusCode::OK);
    service.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_of_another_device_proves_nothing_and_costs_nobody_a_place() {
    let (service, code) = start(Config { device_requests_max: 1, ..Config::default() });
    let mut device = enrolled(&service, &code).await;
    let other = Device::new(7);
    let _held = service.app.devices.enter(other.id).unwrap();
    let named = with_ticket(&service, other.id, message("/v1/sync", device.sync(&[])));
    assert_eq!(send(&service, named).await.status(), StatusCode::OK, "as one without a ticket");
    drop(_held);
    let named = with_ticket(&service, other.id, message("/v1/sync", device.sync(&[])));
    assert_eq!(send(&service, named).await.status(), StatusCode::OK, "as after a change of name");
    let forged = with_ticket(&service, device.id, message("/v1/sync", Device::new(7).sync(&[])));
    assert_eq!(
        code_of(send(&service, forged).await).await,
        (StatusCode::UNAUTHORIZED, "unknown_device".into())
    );
    let _places: Vec<_> =
        (0..200).map(|last| service.app.devices.enter(DeviceId([last; 16])).unwrap()).collect();
    service.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_tells_that_the_writer_is_gone() {
    let (service, _) = start(Config::default());
    let ready = async || {
        let answer = send(&service, Request::get("/readyz").body(Body::empty()).unwrap()).await;
        let status = answer.status();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    };
    assert_eq!(ready().await.0, StatusCode::OK);
    // As if it had ended by itself.
    service.app.work.send(crate::writer::Work::Stop).await.unwrap();
    while !service.app.work.is_closed() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    let (status, told) = ready().await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(told.contains("the writer has ended"), "{told}");
}
