//! The app for browsers: what each of its paths answers, and the headers that bound it.

use super::*;
use crate::browser::{APP_POLICY, BARE_POLICY, HTTPS_ONLY, PERMISSIONS};
use crate::router::ROUTES;

const SCRIPT: &str = "/assets/main-1a2b.js";

async fn get(service: &Service, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(service, request.body(Body::empty()).unwrap()).await
}

fn header<'r>(response: &'r Response<Body>, name: &str) -> &'r str {
    response.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

/// Asserts that a browser is told all that bounds a page.
fn assert_guarded(response: &Response<Body>, path: &str) {
    for (name, value) in [
        ("content-security-policy", APP_POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", PERMISSIONS),
    ] {
        assert_eq!(header(response, name), value, "{name} at {path}");
    }
}

#[test]
fn the_policy_is_the_one_that_was_designed() {
    let policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; manifest-src 'self'; \
        connect-src 'self'; img-src 'self' blob:; style-src 'self'; base-uri 'none'; form-action 'none'; \
        frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types cuadrilla svelte-trusted-html";
    assert_eq!(APP_POLICY, policy);
}

#[tokio::test]
async fn every_file_has_its_type_its_cache_and_all_headers() {
    let (service, _) = start(Config::default());
    for (path, kind, cache) in [
        ("/", "text/html; charset=utf-8", "no-cache"),
        ("/index.html", "text/html; charset=utf-8", "no-cache"),
        ("/sw.js", "text/javascript; charset=utf-8", "no-cache"),
        ("/assets.json", "application/json", "no-cache"),
        ("/manifest.webmanifest", "application/manifest+json", "no-cache"),
        ("/icons/app.png", "image/png", "no-cache"),
        ("/wasm/core.js", "text/javascript; charset=utf-8", "no-cache"),
        ("/wasm/core_bg.wasm", "application/wasm", "no-cache"),
        (SCRIPT, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
    ] {
        let response = get(&service, path, &[]).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(
            (header(&response, "content-type"), header(&response, "cache-control")),
            (kind, cache),
            "{path}"
        );
        assert_guarded(&response, path);
        // Plain http: nothing is promised for https.
        assert!(!response.headers().contains_key(header::STRICT_TRANSPORT_SECURITY));
        // What the browser has already is not sent again.
        let tag = header(&response, "etag").to_owned();
        assert!(tag.len() == 34, "{tag}");
        let weak = format!("\"x\", W/{tag}");
        for known in [tag.as_str(), weak.as_str()] {
            let same = get(&service, path, &[("if-none-match", known)]).await;
            assert_eq!(
                (same.status(), header(&same, "etag")),
                (StatusCode::NOT_MODIFIED, tag.as_str()),
                "{path}"
            );
            assert_guarded(&same, path);
            assert_eq!(text(same).await, "");
        }
        assert_eq!(get(&service, path, &[("if-none-match", "\"x\"")]).await.status(), StatusCode::OK);
    }
    assert!(text(get(&service, "/", &[]).await).await.contains("<title>app</title>"));
    service.finish().await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_not_there_is_never_the_page() {
    let (service, _) = start(Config::default());
    for path in
        ["/assets/main-0000.js", "/orden/MZQ-1", "/assets/", "/assets/../index.html", "/%2e%2e/key", "//"]
    {
        let response = get(&service, path, &[]).await;
        assert_guarded(&response, path);
        assert_eq!(header(&response, "cache-control"), "no-store", "{path}");
        assert_eq!(code_of(response).await, (StatusCode::NOT_FOUND, "no_such_path".into()), "{path}");
    }
    // Nothing but reading is done there, and the paths of devices are as they were.
    let post = Request::post(SCRIPT).body(Body::empty()).unwrap();
    assert_eq!(code_of(send(&service, post).await).await, (StatusCode::NOT_FOUND, "no_such_path".into()));
    let wrong = get(&service, "/v1/sync", &[]).await;
    assert_eq!(code_of(wrong).await, (StatusCode::METHOD_NOT_ALLOWED, "method".into()));
    service.finish().await.unwrap();
}

#[tokio::test]
async fn a_file_travels_compressed_and_whole() {
    let (service, _) = start(Config::default());
    let packed = get(&service, SCRIPT, &[("accept-encoding", "gzip, br")]).await;
    assert_eq!(
        (header(&packed, "content-encoding"), header(&packed, "content-length"), header(&packed, "vary")),
        ("br", "2", "accept-encoding")
    );
    let plain_tag = header(&get(&service, SCRIPT, &[]).await, "etag").to_owned();
    assert_ne!(header(&packed, "etag"), plain_tag);
    assert_eq!(text(packed).await, "br");
    // More than one piece; and no body for who asks about it only.
    let core = get(&service, "/wasm/core_bg.wasm", &[]).await;
    assert_eq!(header(&core, "content-length"), "40000");
    assert_eq!(core.into_body().collect().await.unwrap().to_bytes().len(), 40_000);
    let asked = Request::head("/wasm/core_bg.wasm").body(Body::empty()).unwrap();
    let answer = send(&service, asked).await;
    assert_eq!((answer.status(), header(&answer, "content-length")), (StatusCode::OK, "40000"));
    assert_eq!(text(answer).await, "");
    service.finish().await.unwrap();
}

#[tokio::test]
async fn with_tls_the_browser_is_told_to_come_by_https_only() {
    let config = Config { tls_cert: "fullchain.pem".into(), tls_key: "key.pem".into(), ..Config::default() };
    let (service, _) = start(config);
    for path in ["/", SCRIPT, "/nothing"] {
        let response = get(&service, path, &[]).await;
        assert_eq!(header(&response, "strict-transport-security"), HTTPS_ONLY, "{path}");
    }
    service.finish().await.unwrap();
}

#[tokio::test]
async fn every_other_answer_is_no_page() {
    let (service, _) = start(Config::default());
    for (method, path) in ROUTES {
        if ["/", "/about", "/{file}"].contains(&path) {
            continue;
        }
        let path = path.replace("{path}", "0/000").replace("{sha256}", &"ab".repeat(32));
        let request = Request::builder().method(method.to_uppercase().as_str()).uri(&path);
        let response = send(&service, request.body(Body::empty()).unwrap()).await;
        assert_eq!(header(&response, "x-content-type-options"), "nosniff", "{method} {path}");
        assert_eq!(header(&response, "content-security-policy"), BARE_POLICY, "{method} {path}");
    }
    service.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_takes_the_place_of_the_app_that_the_program_holds() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("index.html"), "one").unwrap();
    std::fs::write(folder.path().join("new.js"), "two").unwrap();
    let (service, _) = start(Config { web: folder.path().display().to_string(), ..Config::default() });
    for (path, says) in [("/", "one"), ("/new.js", "two")] {
        let response = get(&service, path, &[("accept-encoding", "br")]).await;
        assert_guarded(&response, path);
        assert_eq!(text(response).await, says);
    }
    assert_eq!(get(&service, SCRIPT, &[]).await.status(), StatusCode::NOT_FOUND);
    // It is read at each request.
    std::fs::write(folder.path().join("new.js"), "three").unwrap();
    assert_eq!(text(get(&service, "/new.js", &[]).await).await, "three");
    service.finish().await.unwrap();
}

#[tokio::test]
async fn without_an_app_the_page_says_so_and_keeps_the_rules() {
    let (service, _) = start(Config::default());
    let ask = |lang: &'static str| HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, lang.parse().unwrap())]);
    let page = text(crate::routes::home::page(&service.app, &ask("en"), false)).await;
    assert!(page.contains("cargo xtask web") && page.contains("does not hold the app"), "{page}");
    assert!(!page.contains("style"), "its policy allows no inline style: {page}");
    let about = get(&service, "/about", &[]).await;
    assert_guarded(&about, "/about");
    let about = text(about).await;
    assert!(about.contains("cuadrilla.invalid/log/") && !about.contains("cargo xtask web"), "{about}");
    let spanish = text(crate::routes::home::page(&service.app, &ask("es-MX"), false)).await;
    assert!(spanish.contains("lang=\"es\"") && spanish.contains("no trae la aplicación"), "{spanish}");
    service.finish().await.unwrap();
}

#[tokio::test]
async fn an_address_that_reads_without_end_has_to_wait() {
    let config = Config { public_reads_max: 2, public_reads_per_min: 1, ..Config::default() };
    let (service, _) = start(config);
    let statuses =
        [get(&service, "/", &[]).await, get(&service, SCRIPT, &[]).await, get(&service, "/", &[]).await];
    assert_guarded(&statuses[2], "/");
    assert_eq!(statuses.map(|response| response.status().as_u16()), [200, 200, 429]);
    service.finish().await.unwrap();
}
