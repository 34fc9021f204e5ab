//! A crowd at the door: more connections than there is room for, and what a crew gets in spite of them.

use std::time::Instant;

use tokio::net::TcpSocket;

use super::*;
use crate::alarm::Alarm;

async fn say(address: SocketAddr, words: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(words).await.unwrap();
    stream
}

/// A sync over a connection of its own; answers the status line.
async fn sync_over(address: SocketAddr, frame: &[u8]) -> String {
    let head = format!(
        "POST /v1/sync HTTP/1.1\r\nhost: x\r\ncontent-type: {CONTENT_TYPE}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        frame.len()
    );
    let mut stream = say(address, &[head.as_bytes(), frame].concat()).await;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..answer.len().min(15)]).into_owned()
}

/// Waits until something holds, for a few seconds at most.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(10), "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Reads until the other end closes.
async fn closed(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    // It ends with a reset where there is something unread.
    tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crew_gets_in_from_the_very_address_that_holds_every_connection() {
    let config = Config { connections_max: 20, events_max: 4, ..Config::default() };
    let (service, code) = start(config);
    let mut device = enrolled(&service, &code).await;
    let (address, serving) = listening(&service).await;
    let half = b"POST /v1/sync HTTP/1.1\r\nhost: x\r\ncontent-type: application/vnd.cuadrilla.v1\r\ncontent-length: 8388608\r\n\r\nab";
    let mut crowd = Vec::new();
    for number in 0..60 {
        // Some say nothing, some half a head, some half a body.
        let words: &[u8] = [&b""[..], b"POST /v1/sync HTTP/1.1\r\nho", half][number % 3];
        crowd.push(say(address, words).await);
    }
    until("the door is full", || service.app.connections.count() == 20).await;
    for _ in 0..10 {
        assert_eq!(sync_over(address, &device.sync(&[])).await, "HTTP/1.1 200 OK");
        let mut ready = say(address, b"GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
        let mut answer = String::new();
        ready.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        crowd.push(say(address, b"").await);
    }
    assert!(service.app.metrics.alarms.count(Alarm::Evicted) >= 40);
    drop(crowd);
    service.begin_stop();
    assert_eq!(serving.await.unwrap(), 0);
    service.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_pipelines_and_never_reads_is_cut_off() {
    let (service, _) = start(Config { write_timeout_ms: 300, ..Config::default() });
    let (address, serving) = listening(&service).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut greedy = socket.connect(address).await.unwrap();
    let asked = b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(100);
    let app = Arc::clone(&service.app);
    let asking = tokio::spawn(async move {
        // It ends when the server closes.
        while greedy.write_all(&asked).await.is_ok() {}
    });
    until("it is cut off", || app.metrics.alarms.count(Alarm::NeverReads) == 1).await;
    until("nothing is left of it", || app.connections.count() == 0).await;
    tokio::time::timeout(Duration::from_secs(10), asking).await.unwrap().unwrap();
    service.begin_stop();
    assert_eq!(serving.await.unwrap(), 0);
    service.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_ends_when_it_idles_between_requests_and_when_its_life_is_over() {
    let (service, _) =
        start(Config { header_timeout_ms: 200, connection_life_ms: 1_000, ..Config::default() });
    let (address, serving) = listening(&service).await;
    let request = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut idle = say(address, request).await;
    assert!(closed(&mut idle).await, "it asked once and then nothing");
    assert_eq!(service.app.metrics.alarms.count(Alarm::OldConnection), 0);
    let mut busy = say(address, request).await;
    let begun = Instant::now();
    while busy.write_all(request).await.is_ok() && begun.elapsed() < Duration::from_secs(10) {
        let mut some = [0; 1_024];
        if busy.read(&mut some).await.unwrap_or(0) == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!((900..5_000).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
    assert_eq!(service.app.metrics.alarms.count(Alarm::OldConnection), 1);
    service.begin_stop();
    assert_eq!(serving.await.unwrap(), 0);
    service.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_ticket_opens_two_streams_of_its_device_and_no_others() {
    let (service, code) = start(Config::default());
    let device = enrolled(&service, &code).await;
    let (address, serving) = listening(&service).await;
    let path = stream_of(&service, &device);
    let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
    let mut streams = Vec::new();
    let mut refused = 0;
    for _ in 0..40 {
        let mut stream = say(address, head.as_bytes()).await;
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.unwrap();
        match &status {
            b"HTTP/1.1 200" => streams.push(stream),
            b"HTTP/1.1 429" => refused += 1,
            other => panic!("{}", String::from_utf8_lossy(other)),
        }
    }
    assert_eq!((streams.len(), refused), (12, 28));
    let app = &service.app;
    until("two are open", || app.metrics.events.get() == 2).await;
    for old in &mut streams[..10] {
        assert!(closed(old).await, "the oldest are closed");
    }
    assert_eq!(app.metrics.alarms.count(Alarm::Streams), 28 + 10);
    // The device's public name opens nothing, nor does a ticket that was changed.
    let named = format!("/v1/events?ticket={}", device.id);
    let changed = path.replace("ticket=0", "ticket=1");
    for path in [&named, &changed, "/v1/events"] {
        let refused = send(&service, Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!(code_of(refused).await, (StatusCode::UNAUTHORIZED, "ticket".into()), "{path}");
    }
    assert_eq!(app.metrics.alarms.count(Alarm::Ticket), 3);
    drop(streams);
    service.begin_stop();
    assert_eq!(serving.await.unwrap(), 0);
    service.finish().await.unwrap();
}
