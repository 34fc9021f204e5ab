//! The door: throttles and TLS.

use std::net::Ipv4Addr;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::*;
use crate::peer::Peer;
use crate::tls::Tls;

fn from(peer: [u8; 4], mut request: Request<Body>) -> Request<Body> {
    request.extensions_mut().insert(Peer(Ipv4Addr::from(peer).into()));
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_are_throttled_by_address_and_good_codes_do_not_count() {
    let (service, code) = start(Config { enrol_tries_max: 2, enrol_tries_per_min: 1, ..Config::default() });
    let mut good = Device::new(1);
    for _ in 0..5 {
        let again = send(&service, from([10, 0, 0, 1], message("/v1/enrol", good.enrol(&code)))).await;
        assert_eq!(again.status(), StatusCode::OK, "the same device may repeat its enrolment");
        good = Device::new(1);
    }
    for _ in 0..2 {
        let guess = message("/v1/enrol", Device::new(7).enrol(&opening("nobody")));
        let refused = send(&service, from([10, 0, 0, 1], guess)).await;
        assert_eq!(code_of(refused).await, (StatusCode::FORBIDDEN, "code_unknown".into()));
    }
    let guess = || message("/v1/enrol", Device::new(7).enrol(&opening("nobody")));
    let refused = send(&service, from([10, 0, 0, 1], guess())).await;
    let wait: u32 = refused.headers()[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((30..=70).contains(&wait), "{wait}");
    assert_eq!(code_of(refused).await, (StatusCode::TOO_MANY_REQUESTS, "too_many".into()));
    let other = send(&service, from([10, 0, 0, 2], guess())).await;
    assert_eq!(code_of(other).await, (StatusCode::FORBIDDEN, "code_unknown".into()));
    service.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn all_addresses_together_are_bounded_too() {
    let (service, _) = start(Config { enrol_all_tries_max: 3, ..Config::default() });
    for number in 1..=4 {
        let guess = message("/v1/enrol", Device::new(7).enrol(&opening("nobody")));
        let refused = code_of(send(&service, from([10, 0, 0, number], guess)).await).await;
        assert_eq!(refused.1, if number <= 3 { "code_unknown" } else { "too_many" });
    }
    service.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_over_its_budget_is_told_when_to_come_back_and_others_are_not_concerned() {
    let config = Config { device_units_max: 4, device_units_per_s: 20, ..Config::default() };
    let (service, code) = start(config);
    let mut device = enrolled(&service, &code).await;
    let pushed = send(&service, message("/v1/sync", device.sync(&[invitation("A"), invitation("B")]))).await;
    assert_eq!(pushed.status(), StatusCode::OK, "a full bucket lets a whole request in");
    let refused = send(&service, message("/v1/sync", device.sync(&[invitation("C")]))).await;
    let wait: u64 = refused.headers()[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert_eq!(code_of(refused).await, (StatusCode::TOO_MANY_REQUESTS, "budget".into()));
    // What was refused is not lost: under a new attempt it gets in once it may.
    tokio::time::sleep(Duration::from_secs(wait)).await;
    assert_eq!(send(&service, message("/v1/sync", device.again())).await.status(), StatusCode::OK);
    let stranger = send(&service, message("/v1/sync", Device::new(2).sync(&[]))).await;
    assert_eq!(code_of(stranger).await.1, "unknown_device");
    service.finish().await.unwrap();
}

/// A certificate for `localhost` in two files, and a client that trusts it and nothing else.
fn certified(folder: &std::path::Path) -> (Config, TlsConnector) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let [cert, key] = ["tls.crt", "tls.key"].map(|name| folder.join(name).display().to_string());
    std::fs::write(&cert, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&cert).unwrap()).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (Config { tls_cert: cert, tls_key: key, ..Config::default() }, TlsConnector::from(Arc::new(client)))
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_and_listeners_work_over_tls_and_plain_words_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let (config, connector) = certified(folder.path());
    let tls = Tls::from_config(&config).unwrap().map(Arc::new);
    assert!(Tls::from_config(&Config { tls_key: String::new(), ..config.clone() }).is_err());
    let (service, code) = start(config);
    let device = enrolled(&service, &code).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(crate::listen::serve(listener, Arc::clone(&service.app), tls));
    let ask = async |path: String| {
        let plain = TcpStream::connect(address).await.unwrap();
        let mut stream = connector.connect(ServerName::try_from("localhost").unwrap(), plain).await.unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    };
    let mut whole = String::new();
    ask("/readyz".into()).await.read_to_string(&mut whole).await.unwrap();
    assert!(whole.starts_with("HTTP/1.1 200 ") && whole.contains("\"ready\""), "{whole}");
    let mut refused = String::new();
    ask("/v1/events?ticket=00".into()).await.read_to_string(&mut refused).await.unwrap();
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
    let mut stream = ask(stream_of(&service, &device)).await;
    let mut heard = Vec::new();
    while !heard.ends_with(b": cuadrilla\n\n") {
        assert_ne!(stream.read_buf(&mut heard).await.unwrap(), 0);
    }
    service.app.news.tell([sync_core::scope::Scope::Municipality]);
    while !heard.ends_with(b"event: news\ndata:\n\n") {
        assert_ne!(stream.read_buf(&mut heard).await.unwrap(), 0);
    }
    let mut plain = TcpStream::connect(address).await.unwrap();
    plain.write_all(b"GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    // Whether it ends with an alert or a reset: no page is served.
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP/"), "{answer:?}");
    service.begin_stop();
    assert_eq!(stream.read_buf(&mut heard).await.unwrap(), 0, "the stream ends with the server");
    assert_eq!(serving.await.unwrap(), 0);
    service.finish().await.unwrap();
}
